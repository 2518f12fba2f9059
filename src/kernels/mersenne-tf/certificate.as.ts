/**
 * The certificate of `mersenne-tf@1`: whether every factor that an output names is one, checked from the input and
 * the output alone. It shares no arithmetic with the reference.
 *
 * 1 means: each k named lies in the unit, they rise, and q = 2kp + 1 is a candidate (no odd prime below 2^16 but q itself
 * divides it) that divides 2^p − 1; their number is as counted, up to 64. So what is named is never more than what the
 * reference names. It says nothing of what is *not* named: neither that there is no further factor, nor of how many there
 * are beyond 64, nor of the number of candidates and the checksum.
 */
const INPUT_BYTES: i32 = 24;
const HEAD_BYTES: i32 = 16;
const FACTORS_MAX: i32 = 64;
const OUTPUT_BYTES: i32 = HEAD_BYTES + 8 * FACTORS_MAX;
const K_END_MAX: u64 = 1 << 63;

const inputAt: usize = memory.data(INPUT_BYTES, 16);
const outputAt: usize = memory.data(OUTPUT_BYTES, 16);

let exponent: u32 = 0;
let kPerUnit: u64 = 0;
let kFrom: u64 = 0;
let units: u64 = 0;
let ready: bool = false;

// q, and a number below it: the low 64 bits and what is above.
let qLow: u64 = 0;
let qHigh: u64 = 0;
let xLow: u64 = 0;
let xHigh: u64 = 0;

export function abi(): i32 {
  return 1;
}

export function input(len: i32): i32 {
  ready = false;
  return len == INPUT_BYTES ? <i32>inputAt : 0;
}

/** 0 = ready; else the code of the reference: 1 = the exponent, 2 = the block, 3 = the range is bad. */
export function prepare(): i32 {
  exponent = load<u32>(inputAt);
  kPerUnit = load<u32>(inputAt, 4);
  kFrom = load<u64>(inputAt, 8);
  units = load<u32>(inputAt, 16);
  if (load<u32>(inputAt, 20) != 0) return 3;
  if (exponent < 3 || exponent >= 0x80000000 || exponent % 2 == 0) return 1;
  for (let r: u32 = 3; r * r <= exponent; r += 2) if (exponent % r == 0) return 1;
  if (kPerUnit < 256 || kPerUnit > 1 << 22 || kPerUnit % 256 != 0) return 2;
  if (units == 0 || kFrom % 4 != 0 || kFrom >= K_END_MAX) return 3;
  const kEnd = kFrom + units * kPerUnit; // below 2^63 + 2^54
  if (kEnd > K_END_MAX) return 3;
  openCandidate(kEnd);
  if (qHigh >> 16 != 0) return 3; // q < 2^80
  ready = true;
  return 0;
}

/** Where an output of so many bytes goes; 0 = too long. */
export function output(len: i32): i32 {
  return len >= 0 && len <= OUTPUT_BYTES ? <i32>outputAt : 0;
}

/** 1 = what the unit's output names is certified; 0 = it is not. */
export function verify(unit: i64, len: i32): i32 {
  if (!ready || <u64>unit >= units || len < HEAD_BYTES || len > OUTPUT_BYTES || (len - HEAD_BYTES) % 8 != 0) return 0;
  const listed = (len - HEAD_BYTES) / 8;
  if (<u32>listed != min<u32>(load<u32>(outputAt), FACTORS_MAX)) return 0;
  let from = kFrom + <u64>unit * kPerUnit; // the least that the next k may be
  const end = from + kPerUnit;
  if (from == 0) from = 1;
  for (let i = 0; i < listed; i++) {
    const k = load<u64>(outputAt + HEAD_BYTES + (<usize>i << 3));
    if (k < from || k >= end) return 0;
    openCandidate(k);
    if (!dividesMersenne() || hasSmallDivisor()) return 0;
    from = k + 1;
  }
  return 1;
}

/** q = 2kp + 1, for k below 2^64 and p below 2^31. */
function openCandidate(k: u64): void {
  const twoP = <u64>exponent << 1;
  const low = (k & 0xffffffff) * twoP + 1; // below 2^64
  const middle = (k >> 32) * twoP + (low >> 32);
  qLow = (middle << 32) | (low & 0xffffffff);
  qHigh = middle >> 32;
}

/** Whether 2^p ≡ 1 (mod q): from the top bit of p down, square, and double where the bit is set. */
function dividesMersenne(): bool {
  xLow = 1;
  xHigh = 0;
  for (let bit = 31 - <i32>clz<u32>(exponent); bit >= 0; bit--) {
    square();
    if ((exponent >> bit) & 1) add(xLow, xHigh);
  }
  return xLow == 1 && xHigh == 0;
}

/** x = x² mod q, bit by bit of x: slow and plain, for factors are rare. */
function square(): void {
  const low = xLow, high = xHigh;
  xLow = 0;
  xHigh = 0;
  for (let bit: i32 = 79; bit >= 0; bit--) {
    add(xLow, xHigh);
    const isSet = bit < 64 ? (low >> bit) & 1 : (high >> (bit - 64)) & 1;
    if (isSet) add(low, high);
  }
}

/** x = x + y mod q; both are below q < 2^80. */
function add(low: u64, high: u64): void {
  let sumLow = xLow + low;
  let sumHigh = xHigh + high + (sumLow < low ? 1 : 0);
  if (sumHigh > qHigh || (sumHigh == qHigh && sumLow >= qLow)) {
    sumHigh = sumHigh - qHigh - (sumLow < qLow ? 1 : 0);
    sumLow -= qLow;
  }
  xLow = sumLow;
  xHigh = sumHigh;
}

/** Whether an odd number from 3 to 2^16 other than q divides q: asked only of what divides 2^p − 1. */
function hasSmallDivisor(): bool {
  const top = (qHigh << 32) | (qLow >> 32); // below 2^48
  const low = qLow & 0xffffffff;
  for (let r: u64 = 3; r < 65536; r += 2) {
    if ((((top % r) << 32) | low) % r != 0) continue;
    return top != 0 || low != r;
  }
  return false;
}
