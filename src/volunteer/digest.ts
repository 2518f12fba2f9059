/**
 * Digests one unit's output, and binds a chunk's digests into the root that its volunteer commits to.
 *
 * unit digest = SHA-256( "talka/unit/1" ‖ 00 ‖ job ‖ 00 ‖ unit as u64 big-endian ‖ output )
 * root        = SHA-256( "talka/root/1" ‖ 00 ‖ job ‖ 00 ‖ first unit as u64 big-endian ‖ wire digests in unit order )
 *
 * The job and the unit are in the digest so that one answer never passes for another's. On the wire a
 * unit digest of an `exact` kernel is its first 8 bytes, that of a `tolerance` kernel all 32.
 * `test/vectors/digests.json` holds known answers for other implementations.
 */

import { sha256 } from '@noble/hashes/sha2.js';

const utf8 = new TextEncoder();

/** Length of one unit digest on the wire, in bytes. */
export function wireDigestBytes(agreement: 'exact' | 'tolerance'): 8 | 32 {
  return agreement === 'exact' ? 8 : 32;
}

/** Making a hasher takes longer than hashing a hundred bytes: one is kept, and one that has read nothing. */
const [fresh, scratch] = [sha256.create(), sha256.create()];

/** SHA-256 of some bytes, without a tag. */
export function plainDigest(bytes: Uint8Array): Uint8Array {
  const digest = new Uint8Array(32);
  fresh._cloneInto(scratch).update(bytes).digestInto(digest);
  return digest;
}

/**
 * Digests the units of one job. The state after the constant prefix is computed once and copied for each
 * unit, and nothing is allocated, so a digest costs little more than hashing the output.
 */
export class UnitHasher {
  readonly #prefix;
  readonly #scratch;
  readonly #unit = new Uint8Array(8);
  readonly #digest = new Uint8Array(32);

  constructor(job: string) {
    this.#prefix = sha256.create().update(prefixOf('talka/unit/1', job));
    this.#scratch = sha256.create();
  }

  /** The whole digest of one unit: 32 bytes that are valid until the next call. */
  digest(unit: number, output: Uint8Array): Uint8Array {
    putU64(this.#unit, unit);
    this.#prefix._cloneInto(this.#scratch).update(this.#unit).update(output).digestInto(this.#digest);
    return this.#digest;
  }
}

/** The digest of one unit as it goes over the wire. For many units of a job use `UnitHasher`. */
export function wireDigest(
  job: string,
  unit: number,
  output: Uint8Array,
  agreement: 'exact' | 'tolerance',
): Uint8Array {
  return new UnitHasher(job).digest(unit, output).slice(0, wireDigestBytes(agreement));
}

/** What a replica commits to: binds the job, where the chunk starts, and every wire digest in order. */
export function commitmentRoot(job: string, unitFrom: number, wireDigests: Uint8Array): Uint8Array {
  return sha256.create().update(rootPrefix(job, unitFrom)).update(wireDigests).digest();
}

/** What a root is the hash of, with room for the wire digests of so many bytes: `digests` is its tail. */
export interface RootMessage {
  readonly message: Uint8Array<ArrayBuffer>;
  readonly digests: Uint8Array<ArrayBuffer>;
}

/** For a chunk whose digests come one after another. */
export function rootMessage(job: string, unitFrom: number, digestBytes: number): RootMessage {
  const prefix = rootPrefix(job, unitFrom);
  const message = new Uint8Array(prefix.length + digestBytes);
  message.set(prefix);
  return { message, digests: message.subarray(prefix.length) };
}

/**
 * From so many bytes on the platform's SHA-256 is worth the trip to it: in Chromium it hashes 32 kB in 0.025 ms, trip and
 * all, and ours in 0.5.
 */
const manyBytes = 1_024;

/** The root, once all digests are there: `commitmentRoot`, with the platform's SHA-256 where there is one (an insecure page has none) and much to hash. */
export async function rootOf({ message }: RootMessage): Promise<Uint8Array> {
  const platform = globalThis.crypto.subtle as SubtleCrypto | undefined;
  if (platform === undefined || message.length < manyBytes) return plainDigest(message);
  return new Uint8Array(await platform.digest('SHA-256', message));
}

/** Of the job asked for last: its chunks come one after another. */
let lastRoot = { job: '', tag: new Uint8Array(0) };

function rootPrefix(job: string, unitFrom: number): Uint8Array {
  if (lastRoot.job !== job || job === '') lastRoot = { job, tag: prefixOf('talka/root/1', job) };
  const { tag } = lastRoot;
  const prefix = new Uint8Array(tag.length + 8);
  prefix.set(tag);
  putU64(prefix, unitFrom, tag.length);
  return prefix;
}

function prefixOf(tag: string, job: string): Uint8Array<ArrayBuffer> {
  if (job.includes('\0')) throw new RangeError('a job id holds no zero byte');
  return utf8.encode(`${tag}\0${job}\0`);
}

/** Units are below 2^53, so both halves are exact. */
function putU64(into: Uint8Array, value: number, at = 0): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a unit number: ${value}`);
  const view = new DataView(into.buffer, into.byteOffset + at, 8);
  view.setUint32(0, Math.floor(value / 2 ** 32));
  view.setUint32(4, value % 2 ** 32);
}
