/**
 * Hashes and byte layouts of docs/SPEC.md, sections 5 to 7, with the platform's SHA-256: unit digests,
 * roots, ids, the log's tree, and the texts that are signed. One-shot hashing into reused buffers: this is hot.
 */
import { hash } from 'node:crypto';
import { treeHash } from '../core/merkle.ts';
import type { TreeHash } from '../core/merkle.ts';
import type { Restored } from '../core/state.ts';
import type { ConsentRecord, Hello } from '../wire/volunteer.ts';

/** SHA-256 of some bytes. */
export function sha256(bytes: Uint8Array): Buffer {
  return hash('sha256', bytes, 'buffer');
}

/** SHA-256 of some bytes in lower-case hex. */
export function sha256Hex(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}

const nodeBytes = Buffer.alloc(65);
nodeBytes[0] = 1;

/** The tree of the log and of receipts. */
export const tree: TreeHash = {
  ...treeHash(sha256),
  node(left, right) {
    nodeBytes.set(left, 1);
    nodeBytes.set(right, 33);
    return sha256(nodeBytes);
  },
};

/** A node of the tree, all in hex. */
export function textNode(left: string, right: string): string {
  nodeBytes.write(left, 1, 'hex');
  nodeBytes.write(right, 33, 'hex');
  return sha256Hex(nodeBytes);
}

let scratch = Buffer.alloc(65_536);

/** The scratch buffer, at least so long; valid until the next call. */
function reserve(bytes: number): Buffer {
  if (scratch.length < bytes) scratch = Buffer.alloc(bytes * 2);
  return scratch;
}

/** Writes `tag ‖ 0x00 ‖ job ‖ 0x00 ‖ u64` and says how long it is. Tags and job ids are ASCII. */
function writePrefix(tag: string, job: string, number: number): number {
  const at = scratch.write(`${tag}\0${job}\0`, 0, 'latin1');
  scratch.writeUInt32BE(Math.floor(number / 2 ** 32), at);
  scratch.writeUInt32BE(number % 2 ** 32, at + 4);
  return at + 8;
}

/** Digest of one unit's output, whole: 32 bytes. */
export function unitDigest(job: string, unit: number, output: Uint8Array): Buffer {
  reserve(128 + output.length);
  const at = writePrefix('talka/unit/1', job, unit);
  scratch.set(output, at);
  return sha256(scratch.subarray(0, at + output.length));
}

/**
 * Compares units' outputs with the digests that came with them (`width` bytes each, in hex): the first unit whose
 * bytes do not make its digest, or −1. The same as `unitDigest` for each, but the prefix is written once, and a digest
 * as text costs a third of one as a buffer.
 */
export function firstWrongDigest(
  job: string,
  unitFrom: number,
  lengths: readonly number[],
  bytes: Uint8Array,
  digestsHex: string,
  width: number,
): number {
  reserve(128 + Math.max(0, ...lengths));
  const prefix = writePrefix('talka/unit/1', job, unitFrom);
  let from = 0;
  for (let i = 0; i < lengths.length; i++) {
    const length = lengths[i] as number;
    const unit = unitFrom + i;
    scratch.writeUInt32BE(Math.floor(unit / 2 ** 32), prefix - 8);
    scratch.writeUInt32BE(unit % 2 ** 32, prefix - 4);
    scratch.set(bytes.subarray(from, from + length), prefix);
    from += length;
    if (
      !sha256Hex(scratch.subarray(0, prefix + length)).startsWith(
        digestsHex.slice(i * width * 2, (i + 1) * width * 2),
      )
    )
      return unit;
  }
  return -1;
}

/** Root of a chunk's digests as they are on the wire, in hex. */
export function rootOfDigests(job: string, unitFrom: number, digests: Uint8Array): string {
  reserve(128 + digests.length);
  const at = writePrefix('talka/root/1', job, unitFrom);
  scratch.set(digests, at);
  return sha256Hex(scratch.subarray(0, at + digests.length));
}

function tagged(tag: string, ...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.from(`${tag}\0`), ...parts]);
}

function idOf(tag: string, publicKey: Uint8Array): string {
  // Twelve bytes are sixteen characters; a slice of a longer text would keep the whole of it.
  return sha256(tagged(tag, publicKey)).toString('base64url', 0, 12);
}

/** What the coordinator signs to say that its log goes on from a backup [RS2]. */
export function restoredBytes(coordinator: string, { kept, root, at }: Restored): Buffer {
  return tagged('talka/restored/1', Buffer.from(JSON.stringify([coordinator, kept, root, at])));
}

/** A device's id, from its Ed25519 public key (32 bytes). */
export function deviceId(publicKey: Uint8Array): string {
  return idOf('talka/device/1', publicKey);
}

/** The account that this device key founded. */
export function accountId(publicKey: Uint8Array): string {
  return idOf('talka/account/1', publicKey);
}

/** What a device signs when it signs in [WR1]. `origin` is what the socket's own handshake said. */
export function helloBytes(hello: Omit<Hello, 't' | 'signature'>, nonce: string, origin: string): Buffer {
  const { publicKey, account, site, consent, protocol } = hello;
  return tagged(
    'talka/hello/1',
    Buffer.from(
      JSON.stringify([nonce, origin, publicKey, account, site, consent.text, consent.at, protocol]),
    ),
  );
}

/** What a device signs when its person agrees [WR2]. */
export function consentBytes(consent: Omit<ConsentRecord, 'signature'>, account: string): Buffer {
  const { text, language, origin, site, at } = consent;
  return tagged('talka/consent/1', Buffer.from(JSON.stringify([text, language, origin, site, at, account])));
}

/** What stands in each leaf of an epoch [EP4]: 32 bytes. */
export function epochId(coordinator: string, number: number, from: number, to: number): Buffer {
  return sha256(tagged('talka/epoch-id/1', Buffer.from(JSON.stringify([coordinator, number, from, to]))));
}

/** What the coordinator signs of an epoch [EP5]. */
export function epochBytes(text: string): Buffer {
  return tagged('talka/epoch/1', Buffer.from(text));
}

const noReceipts = Buffer.alloc(32);

/** What the coordinator signs after each tick [LO6]. */
export function headBytes(
  tick: number,
  at: number,
  size: number,
  root: Uint8Array,
  receipts: Uint8Array | null,
): Buffer {
  const numbers = Buffer.alloc(24);
  numbers.writeBigUInt64BE(BigInt(tick), 0);
  numbers.writeBigUInt64BE(BigInt(at), 8);
  numbers.writeBigUInt64BE(BigInt(size), 16);
  return tagged('talka/head/1', numbers, root, receipts ?? noReceipts);
}

/** What a witness signs [LO7]; `coordinator` is its public key in base64url. */
export function cosignedBytes(seenAt: number, coordinator: string, size: number, root: Uint8Array): Buffer {
  const numbers = Buffer.alloc(16);
  numbers.writeBigUInt64BE(BigInt(seenAt), 0);
  numbers.writeBigUInt64BE(BigInt(size), 8);
  const key = Buffer.from(coordinator, 'base64url');
  return tagged('talka/witness/1', numbers.subarray(0, 8), key, numbers.subarray(8), root);
}

/** The start of a session's chain of commitments, in hex [WR8]. */
export function chainStart(nonce: string): string {
  return sha256Hex(tagged('talka/chain/1', Buffer.from(nonce)));
}

/** What a device signs about its chain. */
export function chainBytes(nonce: string, count: number, head: string): Buffer {
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(count));
  return tagged('talka/chain/1', Buffer.from(`${nonce}\0`), number, Buffer.from(head, 'hex'));
}
