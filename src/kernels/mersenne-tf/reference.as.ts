/**
 * The meaning of `mersenne-tf@1`: sieves one block of k (sieve.as.ts), computes 2^p mod (2kp + 1) for
 * every candidate that is left (montgomery.as.ts), and adds up what it saw.
 *
 * docs/kernels/mersenne-tf.md defines input, output and checksum.
 */
import { canonical, M28, openVector, r0, r1, r2, square, squareTwice, startByDivision, startByDoubling, STRIDE, WIDE_BITS } from './montgomery.as';
import { collect, crossOut, findPrimes, findRoots, isPrimeExponent, mendStart, openClass, SEGMENT } from './sieve.as';

const INPUT_BYTES: i32 = 24;
const FACTORS_MAX: i32 = 64;
/** Vectors of four candidates computed side by side, to hide the latency of each. */
const GROUP: usize = 8;
const BATCH: i32 = 32;

const inputAt: usize = memory.data(INPUT_BYTES, 16);
const outputAt: usize = memory.data(16 + FACTORS_MAX * 8, 16);
const list: usize = memory.data((65536 + 32) * 4, 16); // u32: k − first k of the unit
const state: usize = memory.data(8 * 21 * 16, 16); // GROUP vectors
const digits: usize = memory.data(3 * 16, 16); // four q on their way into a vector

let exponent: u32 = 0;
let twoP: u64 = 0;
let kPerUnit: u32 = 0;
let kFrom: u64 = 0;
let units: u32 = 0;
let class1: u32 = 0; // k ≡ 0 or class1 (mod 4)
let ready: bool = false;

// The unit at hand.
let kUnit: u64 = 0; // first k
let qLow: u64 = 0; // low 56 bits of 2·kUnit·p + 1
let qHigh: u32 = 0; // the rest
let startExponent: i32 = 0; // 2^startExponent mod q starts the ladder
let byDivision: bool = false; // whether one f64 quotient reaches it
let firstPower: i32 = 0; // else it is doubled from 2^firstPower, below every q of the unit
let ladderBits: i32 = 0; // squarings that follow, one for each low bit of p − 84

let wide: bool = false; // whether q may reach 2^78

let survivors: u32 = 0;
let sum0: v128 = i32x4.splat(0);
let sum1: v128 = i32x4.splat(0);
let factorCount: u32 = 0;

export function abi(): i32 {
  return 1;
}

export function input(len: i32): i32 {
  ready = false;
  return len == INPUT_BYTES ? <i32>inputAt : 0;
}

/** 0 = ready; 1 = the exponent, 2 = the block, 3 = the range is bad, as `decodeInput` in input.ts explains. */
export function prepare(): i32 {
  exponent = load<u32>(inputAt);
  kPerUnit = load<u32>(inputAt, 4);
  kFrom = load<u64>(inputAt, 8);
  units = load<u32>(inputAt, 16);
  if (load<u32>(inputAt, 20) != 0) return 3;
  if (exponent < 3 || exponent >= 0x80000000 || exponent % 2 == 0) return 1;
  findPrimes(exponent);
  if (!isPrimeExponent(exponent)) return 1;
  if (kPerUnit < 256 || kPerUnit > 1 << 22 || kPerUnit % 256 != 0) return 2;
  const kEndMax = <u64>1 << 63;
  if (units == 0 || kFrom % 4 != 0 || kFrom >= kEndMax) return 3;
  const kEnd = kFrom + <u64>units * <u64>kPerUnit; // below 2^63 + 2^54
  twoP = <u64>exponent * 2;
  if (kEnd > kEndMax || highOf(kEnd) >= 1 << 24) return 3; // q < 2^80
  class1 = (exponent * 3) & 3;
  findRoots(twoP, kFrom, kPerUnit, class1);
  ready = true;
  return 0;
}

/** Bits 56 and up of 2kp + 1. */
function highOf(k: u64): u64 {
  const low = (k & 0xffffffff) * twoP + 1;
  return ((k >> 32) * twoP + (low >> 32)) >> 24;
}

export function output(): i32 {
  return <i32>outputAt;
}

/** Length of the output; −1 when there is no such unit, −2 before `prepare`. */
export function run(unit: i64): i32 {
  if (!ready) return -2;
  if (<u64>unit >= <u64>units) return -1;
  openUnit(<u32>unit);
  const indices = <i32>(kPerUnit >> 2);
  let listed = 0;
  for (let which = 0; which < 2; which++) {
    const offset: u32 = which == 0 ? 0 : class1;
    openClass(which, <u32>unit, <u32>indices);
    for (let from = 0; from < indices; from += SEGMENT) {
      const length = min(SEGMENT, indices - from);
      crossOut(which, length);
      if (from == 0 && qHigh == 0 && qLow < 65536) mendStart(qLow, twoP, offset, length);
      listed = computeListed(collect(list, listed, length, <u32>from * 4 + offset));
    }
  }
  if (listed > 0) flush(listed);
  return closeUnit();
}

function openUnit(unit: u32): void {
  kUnit = kFrom + <u64>unit * <u64>kPerUnit;
  const low = (kUnit & 0xffffffff) * twoP + 1;
  const high = (kUnit >> 32) * twoP + (low >> 32);
  qLow = ((high & 0xffffff) << 32) | (low & 0xffffffff);
  qHigh = <u32>(high >> 24);
  survivors = 0;
  factorCount = 0;
  sum0 = i32x4.splat(0);
  sum1 = i32x4.splat(0);
  planLadder();
  wide = highOf(kUnit + <u64>kPerUnit) >= <u64>1 << (WIDE_BITS - 56);
}

/**
 * Squaring in Montgomery form takes 2^(84+d) to 2^(84+2d), so a ladder over the bits of
 * p − 84 ends at 2^p itself, and needs 2^(84 + leading bits) mod q to start from.
 */
function planLadder(): void {
  if (kUnit == 0) firstPower = 1; // k = 0 is left out; the next q is at least 7
  else firstPower = qHigh > 0 ? 87 - <i32>clz<u32>(qHigh) : 63 - <i32>clz<u64>(qLow);
  const rest = <i32>exponent - 84;
  if (rest < 8) {
    startExponent = <i32>exponent;
    ladderBits = 0;
    byDivision = false;
  } else {
    const reach = firstPower + 50 - 84; // one quotient stays below 2^50
    byDivision = reach >= 7;
    const top = byDivision ? reach : 7;
    ladderBits = 0;
    while (rest >> ladderBits > top) ladderBits++;
    startExponent = 84 + (rest >> ladderBits);
  }
  if (startExponent < firstPower) firstPower = startExponent;
}

/** Computes whole batches; what remains (fewer than a batch) moves to the front. */
function computeListed(listed: i32): i32 {
  let at = 0;
  for (; listed - at >= BATCH; at += BATCH) {
    computeBatch(list + (<usize>at << 2), BATCH);
  }
  memory.copy(list, list + (<usize>at << 2), (listed - at) << 2);
  return listed - at;
}

function flush(listed: i32): void {
  for (let i = listed; i < BATCH; i++) store<u32>(list + (<usize>i << 2), load<u32>(list));
  computeBatch(list, listed);
}

function computeBatch(from: usize, count: i32): void {
  survivors += count;
  const end = state + GROUP * STRIDE;
  const rest = <i32>exponent - 84;
  let offsets = from;
  for (let at = state; at < end; at += STRIDE) {
    loadCandidates(at, offsets);
    offsets += 16;
  }
  for (let bit = ladderBits - 1; bit >= 0; bit--) {
    if ((rest >> bit) & 1) squareTwice(state, end, wide);
    else square(state, end, wide);
  }
  offsets = from;
  for (let at = state; at < end; at += STRIDE) {
    account(at, offsets, count);
    count -= 4;
    offsets += 16;
  }
}

/** Puts q = qUnit + 2p·offset of four candidates in a vector and starts their ladder. */
function loadCandidates(at: usize, offsets: usize): void {
  for (let lane: usize = 0; lane < 16; lane += 4) {
    const low = qLow + twoP * <u64>load<u32>(offsets + lane); // below 2^56 + 2^54
    store<u32>(digits + lane, <u32>low & M28);
    store<u32>(digits + lane, <u32>(low >> 28) & M28, 16);
    store<u32>(digits + lane, <u32>(low >> 56) + qHigh, 32);
  }
  openVector(at, digits);
  if (byDivision) startByDivision(at, startExponent);
  else startByDoubling(at, firstPower, startExponent - firstPower);
}

/** Adds four residues to the unit's sums; only the first `count` lanes are real. */
function account(at: usize, offsets: usize, count: i32): void {
  if (count <= 0) return;
  canonical(at);
  const w0 = v128.or(r0, i32x4.shl(r1, 28));
  const w1 = v128.or(i32x4.shr_u(r1, 4), i32x4.shl(r2, 24));
  const w2 = i32x4.shr_u(r2, 8);
  const real = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count));
  addMix(w0, w1, w2, i32x4.add(v128.load(offsets), i32x4.splat(<i32>kUnit)), real);
  const isOne = v128.and(real, i32x4.eq(v128.or(v128.or(i32x4.sub(w0, i32x4.splat(1)), w1), w2), i32x4.splat(0)));
  if (!v128.any_true(isOne)) return;
  const found = i32x4.bitmask(isOne);
  for (let lane = 0; lane < 4; lane++) if ((found >> lane) & 1) keepFactor(kUnit + <u64>load<u32>(offsets + (<usize>lane << 2)));
}

/** The checksum's mix, described in docs/kernels/mersenne-tf.md. */
// @ts-ignore: decorator
@inline
function addMix(w0: v128, w1: v128, w2: v128, k: v128, real: v128): void {
  let a = i32x4.add(w0, i32x4.mul(k, i32x4.splat(<i32>0x9e3779b1)));
  a = i32x4.mul(v128.xor(a, i32x4.shr_u(a, 15)), i32x4.splat(<i32>0x85ebca77));
  a = i32x4.add(v128.xor(a, i32x4.shr_u(a, 13)), w1);
  a = i32x4.mul(a, i32x4.splat(<i32>0xc2b2ae3d));
  a = i32x4.add(v128.xor(a, i32x4.shr_u(a, 16)), w2);
  a = i32x4.mul(a, i32x4.splat(0x27d4eb2f));
  a = v128.xor(a, i32x4.shr_u(a, 15));
  let b = i32x4.add(i32x4.mul(v128.xor(a, w1), i32x4.splat(0x165667b1)), w0);
  b = i32x4.mul(v128.xor(b, i32x4.shr_u(b, 16)), i32x4.splat(<i32>0x9e3779b1));
  b = v128.xor(b, i32x4.shr_u(b, 13));
  sum0 = i32x4.add(sum0, v128.and(a, real));
  sum1 = i32x4.add(sum1, v128.and(b, real));
}

/** Keeps the smallest FACTORS_MAX in ascending order, counts all. */
function keepFactor(k: u64): void {
  let at: i32 = min(factorCount, <u32>FACTORS_MAX);
  factorCount++;
  const kept = outputAt + 16;
  if (at == FACTORS_MAX) {
    if (load<u64>(kept + (<usize>(at - 1) << 3)) < k) return;
    at--;
  }
  for (; at > 0 && load<u64>(kept + (<usize>(at - 1) << 3)) > k; at--) {
    store<u64>(kept + (<usize>at << 3), load<u64>(kept + (<usize>(at - 1) << 3)));
  }
  store<u64>(kept + (<usize>at << 3), k);
}

function closeUnit(): i32 {
  store<u32>(outputAt, factorCount);
  store<u32>(outputAt, survivors, 4);
  store<i32>(outputAt, lanesSum(sum0), 8);
  store<i32>(outputAt, lanesSum(sum1), 12);
  return 16 + 8 * <i32>min(factorCount, <u32>FACTORS_MAX);
}

function lanesSum(sum: v128): i32 {
  return i32x4.extract_lane(sum, 0) + i32x4.extract_lane(sum, 1) + i32x4.extract_lane(sum, 2) + i32x4.extract_lane(sum, 3);
}
