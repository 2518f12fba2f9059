/**
 * Describes the fast form of `mersenne-tf@1` to a WebGPU runner: the sieve's table, the params of
 * each dispatch, and how a raw slot becomes canonical output.
 */
import type { GpuDispatch, GpuProgram } from '../kernel.ts';
import { candidate, fieldsOf } from './input.ts';
import type { MersenneSpec } from './input.ts';
import { encodeOutput, headBytes, isCandidate, kOfUnit, powerOfTwoMod, sieveBound } from './output.ts';

/** Indices of each class that one workgroup sieves; the shader's SEGMENT. */
const segment = 8192;
const paramWords = 28;
const slotWords = 68;
/** Primes up to here cross out so often that all threads share each of them. */
const smallPrimeMax = 61;
/** The unit is cut in so many parts, of which each keeps its smallest factor. */
const parts = 64;

function oddPrimesBelow(end: number): number[] {
  const composite = new Uint8Array(end);
  const primes: number[] = [];
  for (let r = 3; r < end; r += 2) {
    if (composite[r]) continue;
    primes.push(r);
    for (let m = r * r; m < end; m += 2 * r) composite[m] = 1;
  }
  return primes;
}

let primes: readonly number[] | null = null;
/** Those that sieve, found when somebody first computes on a GPU. */
const oddPrimes = (): readonly number[] => (primes ??= oddPrimesBelow(sieveBound));

/** 1/a mod r, for prime r that does not divide a. */
function inverseMod(a: number, r: number): number {
  let [x, y, u, v] = [1, 0, a % r, r];
  while (v !== 0) {
    const quotient = Math.floor(u / v);
    [u, v] = [v, u - quotient * v];
    [x, y] = [y, x - quotient * y];
  }
  return x < 0 ? x + r : x;
}

/** k ≡ 0 or this (mod 4) makes 2kp + 1 ≡ ±1 (mod 8). */
function classOne(exponent: number): number {
  return (exponent * 3) % 4;
}

/** Per prime r: r, indices per unit mod r, and where r first crosses out each class in unit 0. */
function sieveTable(spec: MersenneSpec): Uint8Array {
  // No 2kp + 1 is a multiple of p.
  const sieving = oddPrimes().filter((r) => r !== spec.exponent);
  const bytes = new Uint8Array(8 * sieving.length);
  const view = new DataView(bytes.buffer);
  sieving.forEach((r, i) => {
    const root = r - inverseMod((2 * spec.exponent) % r, r);
    const from = Number(spec.kFrom % BigInt(r));
    const quarter = inverseMod(4, r);
    const rootOf = (offset: number): number => (((((root - from - offset) % r) + r) % r) * quarter) % r;
    view.setUint16(8 * i, r, true);
    view.setUint16(8 * i + 2, (spec.kPerUnit / 4) % r, true);
    view.setUint16(8 * i + 4, rootOf(0), true);
    view.setUint16(8 * i + 6, rootOf(classOne(spec.exponent)), true);
  });
  return bytes;
}

/** How the shader reaches 2^p: a power of two below every q, doublings, then squarings. */
function ladderOf(
  spec: MersenneSpec,
  kFirst: bigint,
): { firstPower: number; doublings: number; squarings: number; rest: number } {
  const smallest = candidate(spec.exponent, kFirst > 0n ? kFirst : 1n);
  const bits = smallest.toString(2).length;
  const rest = Math.max(spec.exponent - 84, 0);
  let squarings = 0;
  let start = spec.exponent;
  if (rest >= 8) {
    while (rest >> squarings > 7) squarings++;
    start = 84 + (rest >> squarings);
  }
  const firstPower = Math.min(bits - 1, start);
  return { firstPower, doublings: start - firstPower, squarings, rest };
}

function segmentsOf(spec: MersenneSpec): number {
  return Math.ceil(spec.kPerUnit / 4 / segment);
}

const limbsOf = (n: bigint, count: number): number[] =>
  Array.from({ length: count }, (_, i) => Number((n >> BigInt(14 * i)) & 0x3fffn));

function paramsOf(spec: MersenneSpec, unit: number, firstSegment: number, slot: number): Uint8Array {
  const kFirst = kOfUnit(spec, unit);
  const base = candidate(spec.exponent, kFirst);
  const twoP = 2 * spec.exponent;
  const near = base < BigInt(sieveBound);
  const { firstPower, doublings, squarings, rest } = ladderOf(spec, kFirst);
  // The table leaves the exponent out.
  const primeCount = oddPrimes().length - (spec.exponent < sieveBound ? 1 : 0);
  const smallCount =
    oddPrimes().findIndex((r) => r > smallPrimeMax) - (spec.exponent <= smallPrimeMax ? 1 : 0);
  const words = [
    ...limbsOf(BigInt(twoP), 3),
    twoP,
    ...limbsOf(base, 6),
    Number(kFirst & 0xffffffffn),
    classOne(spec.exponent),
    unit,
    spec.kPerUnit / 4,
    firstSegment,
    slot * slotWords,
    firstPower,
    doublings,
    squarings,
    rest,
    primeCount,
    smallCount,
    spec.kPerUnit / parts,
    spec.kPerUnit,
    near ? 1 : 0,
    near ? Number(base) : 0,
    Math.floor(sieveBound / twoP),
    kFirst === 0n ? 1 : 0,
  ];
  const bytes = new Uint8Array(4 * paramWords);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => view.setUint32(4 * i, word, true));
  return bytes;
}

/** The factors the slot names, and those it could not: a part keeps one of several. */
function factorsOf(spec: MersenneSpec, unit: number, view: DataView): bigint[] {
  const count = view.getUint32(0, true);
  const from = kOfUnit(spec, unit);
  const part = spec.kPerUnit / parts;
  const found: bigint[] = [];
  const offsets = Array.from({ length: parts }, (_, i) => view.getUint32(16 + 4 * i, true))
    .filter((word) => word > 0)
    .map((word) => spec.kPerUnit - word);
  if (offsets.length === count) return offsets.map((offset) => from + BigInt(offset));
  // Two factors in one part: so rare that looking again at those parts costs nothing.
  for (const offset of offsets) {
    const end = (Math.floor(offset / part) + 1) * part;
    for (let at = offset; at < end; at++)
      if (divides(spec.exponent, from + BigInt(at))) found.push(from + BigInt(at));
  }
  return found;
}

function divides(exponent: number, k: bigint): boolean {
  const q = candidate(exponent, k);
  const class8 = q % 8n;
  return (class8 === 1n || class8 === 7n) && powerOfTwoMod(exponent, q) === 1n && isCandidate(exponent, k);
}

export const gpu: GpuProgram = {
  entryPoint: 'main',
  paramBytes: 4 * paramWords,
  tables: (input) => [sieveTable(fieldsOf(input))],
  slotBytes: () => 4 * slotWords,
  // No factor, as nearly always: the slot begins with what an output's head is.
  usual: () => ({ bytes: headBytes, zeroAt: 0 }),
  piecesMax: 128,
  dispatch(input, unit, piece, pieces, slot): GpuDispatch {
    const spec = fieldsOf(input);
    const segments = segmentsOf(spec);
    const first = Math.floor((segments * piece) / pieces);
    const end = Math.floor((segments * (piece + 1)) / pieces);
    return { params: paramsOf(spec, unit, first, slot), workgroups: [end - first, 1, 1] };
  },
  finish(input, unit, raw) {
    const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
    return encodeOutput({
      factorCount: view.getUint32(0, true),
      candidates: view.getUint32(4, true),
      checksum: view.getBigUint64(8, true),
      factors: factorsOf(fieldsOf(input), unit, view),
    });
  },
};
