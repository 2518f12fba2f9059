/**
 * Describes a trial factoring job and turns it into bytes and back: which exponent, which k,
 * how many to a unit.
 *
 * The exponent p is an odd prime below 2^31. Unit u covers the k in
 * [kFrom + u·kPerUnit, kFrom + (u + 1)·kPerUnit), k ≥ 1, and looks for divisors q = 2kp + 1 of 2^p − 1.
 */
import { KernelInputError } from '../kernel.ts';

export interface MersenneSpec {
  /** p, an odd prime below 2^31. */
  readonly exponent: number;
  /** First k, a multiple of 4 (k = 0 itself is no candidate and is passed over). */
  readonly kFrom: bigint;
  /** How many k a unit covers, a multiple of 256 from 256 to 2^22. */
  readonly kPerUnit: number;
  /** How many units, 1 … 2^32 − 1; every k of theirs lies below 2^63, every q below 2^80. */
  readonly units: number;
}

/** Length of a job's input in bytes. */
export const inputBytes = 24;
/** Every q of a job lies below 2^80. */
export const qBitsMax = 80;
/** A unit that takes the reference core about 15 ms at p ≈ 10^8, q ≈ 2^70. */
export const kPerUnitDefault = 1 << 21;

export const kPerUnitMin = 256;
export const kPerUnitMax = 1 << 22;
const kEndMax = 1n << 63n;
const exponentEnd = 2 ** 31;

/** Whether n < 2^53 is an odd prime; trial division, at most 23,170 steps for n < 2^31. */
export function isOddPrime(n: number): boolean {
  if (!Number.isSafeInteger(n) || n < 3 || n % 2 === 0) return false;
  for (let r = 3; r * r <= n; r += 2) if (n % r === 0) return false;
  return true;
}

/** q = 2kp + 1. */
export function candidate(exponent: number, k: bigint): bigint {
  return 2n * k * BigInt(exponent) + 1n;
}

/** The first k after the job's range. */
export function kEndOf(spec: MersenneSpec): bigint {
  return spec.kFrom + BigInt(spec.units) * BigInt(spec.kPerUnit);
}

/** Why a spec is no job, or null. */
function fault(spec: MersenneSpec): string | null {
  const { exponent, kFrom, kPerUnit, units } = spec;
  if (!Number.isInteger(exponent) || exponent < 3 || exponent >= exponentEnd)
    return 'the exponent must lie between 3 and 2^31';
  if (!isOddPrime(exponent)) return `the exponent ${exponent} is not prime`;
  if (
    !Number.isInteger(kPerUnit) ||
    kPerUnit % 256 !== 0 ||
    kPerUnit < kPerUnitMin ||
    kPerUnit > kPerUnitMax
  ) {
    return `kPerUnit must be a multiple of 256 from ${kPerUnitMin} to ${kPerUnitMax}`;
  }
  if (!Number.isInteger(units) || units < 1 || units > 0xffffffff)
    return 'units must lie between 1 and 2^32 - 1';
  if (kFrom < 0n || kFrom % 4n !== 0n) return 'kFrom must be a multiple of 4';
  if (kEndOf(spec) > kEndMax) return 'every k must lie below 2^63';
  // The same question as the reference asks: 2·kEnd·p + 1 itself must lie below 2^80.
  if (candidate(exponent, kEndOf(spec)) >= 1n << BigInt(qBitsMax))
    return `candidates must stay below 2^${qBitsMax}`;
  return null;
}

/** The job's input bytes: p, kPerUnit (u32), kFrom (u64), units (u32), 0 (u32), little-endian. Throws KernelInputError. */
export function encodeInput(spec: MersenneSpec): Uint8Array {
  const reason = fault(spec);
  if (reason !== null) throw new KernelInputError(reason);
  const bytes = new Uint8Array(inputBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, spec.exponent, true);
  view.setUint32(4, spec.kPerUnit, true);
  view.setBigUint64(8, spec.kFrom, true);
  view.setUint32(16, spec.units, true);
  return bytes;
}

/** The fields of input bytes that `decodeInput` has accepted before; it alone asks whether they make sense. */
export function fieldsOf(input: Uint8Array): MersenneSpec {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  return {
    exponent: view.getUint32(0, true),
    kPerUnit: view.getUint32(4, true),
    kFrom: view.getBigUint64(8, true),
    units: view.getUint32(16, true),
  };
}

/** Reads input bytes back; throws KernelInputError when they are no valid job. */
export function decodeInput(input: Uint8Array): MersenneSpec {
  if (input.length !== inputBytes) throw new KernelInputError(`the input must be ${inputBytes} bytes long`);
  if (input.subarray(20).some((byte) => byte !== 0))
    throw new KernelInputError('the last four bytes must be zero');
  const spec = fieldsOf(input);
  const reason = fault(spec);
  if (reason !== null) throw new KernelInputError(reason);
  return spec;
}

/**
 * The job that covers every q of 2^exponent − 1 from 2^bitFrom to 2^bitTo (bits may be fractions:
 * 2^bitTo is rounded up to whole units; up to 2^80, but for the last seven k at most, 2^bitFrom is rounded down instead). Throws KernelInputError when that is no job.
 */
export function specForBits(
  exponent: number,
  bitFrom: number,
  bitTo: number,
  kPerUnit = kPerUnitDefault,
): MersenneSpec {
  if (!(bitFrom >= 0 && bitFrom < bitTo && bitTo <= qBitsMax)) {
    throw new KernelInputError(`bits must rise, between 0 and ${qBitsMax}`);
  }
  if (!Number.isInteger(kPerUnit) || kPerUnit < kPerUnitMin)
    throw new KernelInputError('kPerUnit is too small');
  const twoP = 2n * BigInt(exponent);
  const kFrom = (powerOfTwo(bitFrom) / twoP / 4n) * 4n;
  const kEnd = powerOfTwo(bitTo) / twoP + 1n;
  const block = BigInt(kPerUnit);
  const units = (kEnd - kFrom + block - 1n) / block;
  // Where whole units would reach beyond what the kernel takes they end there, and begin so much earlier.
  const kLast = (((1n << BigInt(qBitsMax)) - 2n) / twoP / 4n) * 4n;
  const from = kFrom + units * block > kLast ? kLast - units * block : kFrom;
  const spec: MersenneSpec = { exponent, kFrom: from, kPerUnit, units: Number(units) };
  const reason = fault(spec);
  if (reason !== null) throw new KernelInputError(reason);
  return spec;
}

/** ⌊2^bits⌋ for fractional bits, to 20 bits after the point: enough to name a range. */
function powerOfTwo(bits: number): bigint {
  const whole = Math.floor(bits);
  if (whole === bits) return 1n << BigInt(whole);
  // Square roots only: other functions of Math differ between engines.
  let factor = 1;
  let root = Math.SQRT2;
  let rest = bits - whole;
  for (let i = 0; i < 20; i++, root = Math.sqrt(root)) {
    rest *= 2;
    if (rest < 1) continue;
    rest -= 1;
    factor *= root;
  }
  return (BigInt(Math.floor(factor * 2 ** 40)) << BigInt(whole)) >> 40n;
}
