/**
 * Checks what the coordinator claims about itself: that its log only grows, and that a receipt's path ends under a
 * head that it signed. Loaded when there is something to check, since it brings a hash of its own along.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import * as v from 'valibot';
import { treeHash, verifyConsistency, verifyInclusion } from '../core/merkle.ts';
import { receiptText } from '../wire/receipt.ts';
import type { Payee, ReceiptForm, Rows } from '../wire/receipt.ts';
import { check, isMalformed } from '../wire/schema.ts';
import type { ReceiptWord, TreeHead } from '../wire/volunteer.ts';
import { bytesOfBase64url, bytesOfHex, hexOf, tagged, u64, verify } from './crypto.ts';

const hash = treeHash(sha256);
const proof = v.object({ path: v.array(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))) });

/** Whether a proof shows that the log `to` begins with the log `from`; null when it is no proof at all. */
export function logExtends(from: TreeHead, to: TreeHead, answer: unknown): boolean | null {
  const read = check(proof, answer);
  if (isMalformed(read)) return null;
  return verifyConsistency(
    hash,
    from.size,
    to.size,
    bytesOfHex(from.root),
    bytesOfHex(to.root),
    read.path.map(bytesOfHex),
  );
}

/** What a coordinator signed about its log after a tick; `receipts`: root of the tick's receipts, '' when there were none. */
export interface SignedTick {
  readonly tick: number;
  readonly at: number;
  readonly size: number;
  readonly root: string;
  readonly receipts: string;
  readonly signature: string;
}

/** Whether the coordinator's key signed this head [LO6]. */
export function isSigned(
  { tick, at, size, root, receipts, signature }: SignedTick,
  coordinator: string,
): Promise<boolean> {
  const receiptsRoot = receipts === '' ? new Uint8Array(32) : bytesOfHex(receipts);
  const words = tagged('talka/head/1', u64(tick), u64(at), u64(size), bytesOfHex(root), receiptsRoot);
  return verify(bytesOfBase64url(coordinator), words, bytesOfBase64url(signature));
}

/** What a receipt's leaf comes to in the tree of its tick, as hex. */
export function leafHashOf(leaf: string): string {
  return hexOf(hash.leaf(new TextEncoder().encode(leaf)));
}

/** Whether a receipt's leaf lies at its place under the tick's root (RFC 9162, 2.1.3.2). */
export function isInTree(
  leaf: string,
  {
    receipts,
    index,
    count,
    path,
  }: { receipts: string; index: number; count: number; path: readonly string[] },
): boolean {
  const bytes = new TextEncoder().encode(leaf);
  return verifyInclusion(hash, hash.leaf(bytes), index, count, path.map(bytesOfHex), bytesOfHex(receipts));
}

/** What a receipt says of our credit, as it was told. */
export function rowsOf({ settled, vested, voided, audits }: ReceiptWord): Rows {
  return { accepted: settled, vested, voided, audits };
}

/**
 * The leaf of a receipt as it was told, if it lies under the tick's root, and the tick's head is signed by the coordinator;
 * null where it does not. What was signed before there were lists of what vests is told in the form of then.
 */
export async function leafOf(receipt: ReceiptWord, to: Payee): Promise<string | null> {
  const { tick } = receipt;
  if (tick === null) return null;
  const rows = rowsOf(receipt);
  const isOlder = rows.vested === undefined && rows.voided === undefined && rows.audits === undefined;
  const forms: readonly ReceiptForm[] = isOlder ? [3, 2] : [3];
  const leaf = forms
    .map((form) => receiptText({ ...to, at: tick.at }, rows, form))
    .find((text) => isInTree(text, tick));
  return leaf !== undefined && (await isSigned(tick, to.coordinator)) ? leaf : null;
}
