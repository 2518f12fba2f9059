/**
 * Reads, writes and checks what one unit of trial factoring answers: how many candidates were
 * left after the sieve, the checksum over their residues, and every factor found.
 *
 * Layout, little-endian: factors found (u32), candidates (u32), checksum (2 × u32), then k of each
 * factor (u64), ascending, at most 64 of them.
 */
import { candidate, kEndOf } from './input.ts';
import type { MersenneSpec } from './input.ts';

/** What a unit answers. */
export interface MersenneOutput {
  /** How many candidates divide 2^p − 1; `factors` lists the smallest 64. */
  readonly factorCount: number;
  /** Candidates left by the sieve, whose residues were computed. */
  readonly candidates: number;
  /** Two sums mod 2^32 over all candidates, as one number. */
  readonly checksum: bigint;
  /** k of each factor 2kp + 1, ascending. */
  readonly factors: readonly bigint[];
}

export const headBytes = 16;
export const factorsMax = 64;
/** Candidates below this bound that a smaller odd prime divides are sieved out. */
export const sieveBound = 65536;
/** Share of all k that are candidates: ½·∏(1 − 1/r) over odd primes r < 2^16 (Mertens: e^−γ / ln 2^16). */
export const density = 0.0506;

/** 2^exponent mod q. */
export function powerOfTwoMod(exponent: number, q: bigint): bigint {
  let x = 1n;
  for (let bit = 30; bit >= 0; bit--) {
    x = (x * x) % q;
    if ((exponent >>> bit) & 1) x = (2n * x) % q;
  }
  return x;
}

/** Whether q = 2kp + 1 is a candidate: q ≡ ±1 (mod 8) and no odd prime below 2^16 other than q divides it. */
export function isCandidate(exponent: number, k: bigint): boolean {
  if (k < 1n) return false;
  const q = candidate(exponent, k);
  const class8 = q % 8n;
  if (class8 !== 1n && class8 !== 7n) return false;
  for (let r = 3; r < sieveBound; r += 2) if (q % BigInt(r) === 0n) return q === BigInt(r);
  return true;
}

/** Reads an output; returns the reason as a string when its shape is wrong. */
export function readOutput(output: Uint8Array): MersenneOutput | string {
  if (output.length < headBytes || (output.length - headBytes) % 8 !== 0)
    return 'an output is 16 bytes and 8 for each factor';
  const view = new DataView(output.buffer, output.byteOffset, output.byteLength);
  const factorCount = view.getUint32(0, true);
  const listed = (output.length - headBytes) / 8;
  if (listed !== Math.min(factorCount, factorsMax)) return 'the factor count does not match the length';
  const factors: bigint[] = [];
  for (let i = 0; i < listed; i++) factors.push(view.getBigUint64(headBytes + 8 * i, true));
  return { factorCount, candidates: view.getUint32(4, true), checksum: view.getBigUint64(8, true), factors };
}

/** Reads an output; throws when its shape is wrong (callers with foreign bytes use `readOutput`). */
export function decodeOutput(output: Uint8Array): MersenneOutput {
  const read = readOutput(output);
  if (typeof read === 'string') throw new Error(read);
  return read;
}

export function encodeOutput(answer: MersenneOutput): Uint8Array {
  const listed = answer.factors.slice(0, factorsMax);
  const bytes = new Uint8Array(headBytes + 8 * listed.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, answer.factorCount, true);
  view.setUint32(4, answer.candidates, true);
  view.setBigUint64(8, answer.checksum, true);
  listed.forEach((k, i) => view.setBigUint64(headBytes + 8 * i, k, true));
  return bytes;
}

/** A little-endian u32. */
function u32At(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}

/** First k of a unit. */
export function kOfUnit(spec: MersenneSpec, unit: number): bigint {
  return spec.kFrom + BigInt(unit) * BigInt(spec.kPerUnit);
}

/** Whether so many candidates are near what the sieve leaves of so many k. */
function isUsual(kPerUnit: number, candidates: number): boolean {
  const share = candidates / kPerUnit / density;
  return share >= 0.5 && share <= 2;
}

/** Whether there is an output without a factor, as nearly all are, and with a likely number of candidates: no large numbers are needed to see it. */
export function isPlain({ kPerUnit }: MersenneSpec, bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from !== headBytes || kPerUnit < 1 << 16 || u32At(bytes, from) !== 0) return false;
  const candidates = u32At(bytes, from + 4);
  return isUsual(kPerUnit, candidates) && candidates <= kPerUnit / 2;
}

/** The reason why `output` cannot be the answer of `unit`, or null. */
export function faultOfOutput(spec: MersenneSpec, unit: number, output: Uint8Array): string | null {
  const { kPerUnit, exponent } = spec;
  if (isPlain(spec, output, 0, output.length)) return null;
  const read = readOutput(output);
  if (typeof read === 'string') return read;
  const { candidates, factorCount, factors } = read;
  if (factorCount > candidates) return 'more factors than candidates';
  if (candidates > kPerUnit / 2) return 'more candidates than half of all k';
  const from = kOfUnit(spec, unit);
  if (kPerUnit >= 1 << 16 && !isUsual(kPerUnit, candidates) && candidate(exponent, from) > 1n << 32n)
    return 'the number of candidates is not near what the sieve leaves';
  let last = from - 1n;
  for (const k of factors) {
    if (k <= last || k < 1n) return 'factors must rise, from the first k of the unit';
    if (k >= from + BigInt(spec.kPerUnit) || k >= kEndOf(spec)) return 'a factor lies outside the unit';
    const q = candidate(spec.exponent, k);
    if (powerOfTwoMod(spec.exponent, q) !== 1n) return `${q} does not divide 2^${spec.exponent} - 1`;
    last = k;
  }
  return null;
}
