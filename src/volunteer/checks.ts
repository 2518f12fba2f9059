/**
 * Checks what the coordinator claims about itself: that its log only grows, and that a receipt's path ends under a
 * head that it signed. Loaded when there is something to check, since it brings a hash of its own along.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import * as v from 'valibot';
import { treeHash, verifyConsistency, verifyInclusion } from '../core/merkle.ts';
import { receiptText } from '../wire/receipt.ts';
import type { PaidTo } from '../wire/receipt.ts';
import { check, isMalformed } from '../wire/schema.ts';
import type { ReceiptWord, TreeHead } from '../wire/volunteer.ts';
import { bytesOfBase64url, bytesOfHex, tagged, u64, verify } from './crypto.ts';

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

/** Whether a receipt's payments lie under the tick's root, and the tick's head is signed by the coordinator [LO6]. */
export async function receiptHolds(receipt: ReceiptWord, to: Omit<PaidTo, 'at'>): Promise<boolean> {
  const { tick, settled } = receipt;
  if (tick === null) return settled.length === 0;
  const root = bytesOfHex(tick.receipts);
  const words = tagged(
    'talka/head/1',
    u64(tick.tick),
    u64(tick.at),
    u64(tick.size),
    bytesOfHex(tick.root),
    root,
  );
  const leaf = new TextEncoder().encode(receiptText({ ...to, at: tick.at }, settled));
  const { index, count, path } = tick;
  return (
    verifyInclusion(hash, hash.leaf(leaf), index, count, path.map(bytesOfHex), root) &&
    (await verify(bytesOfBase64url(to.coordinator), words, bytesOfBase64url(tick.signature)))
  );
}
