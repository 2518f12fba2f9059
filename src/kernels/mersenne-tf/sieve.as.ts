/**
 * Sieves the candidates of `mersenne-tf@1`: which k of a unit give a q = 2kp + 1 that is ±1 (mod 8) and
 * that no odd prime below 2^16, other than q itself, divides.
 *
 * The k in question lie in two classes mod 4; each class is numbered by indices, k = kFrom + offset + 4i.
 */

/** Sieve bytes at a time: fits the second cache, and no sieving prime is larger. */
export const SEGMENT: i32 = 65536;
const PATTERN: i32 = 15015; // 3·5·7·11·13
const PATTERN_PRIME: i32 = 13;
const PRIMES_MAX: i32 = 6541; // odd primes below 2^16

const primes: usize = memory.data(PRIMES_MAX * 2, 16); // u16: r
const roots0: usize = memory.data(PRIMES_MAX * 2, 16); // u16: first index of class 0 that r divides, unit 0
const roots1: usize = memory.data(PRIMES_MAX * 2, 16); // the same for class 1
const steps: usize = memory.data(PRIMES_MAX * 2, 16); // u16: indices per unit mod r
const cursors: usize = memory.data(PRIMES_MAX * 4, 16); // u32: next index that r crosses out
const pattern0: usize = memory.data(PATTERN, 16);
const pattern1: usize = memory.data(PATTERN, 16);
const isPrime: usize = memory.data(65536, 16); // bytes: 1 for odd primes
const sieve: usize = memory.data(65536, 16); // bytes: 0 = a candidate

let primeCount: i32 = 0;
let phase: i32 = 0;

/** Lists the odd primes below 2^16 except the exponent, of which no 2kp + 1 is a multiple. */
export function findPrimes(exponent: u32): void {
  memory.fill(isPrime, 1, 65536);
  for (let r = 3; r < 256; r += 2) {
    if (load<u8>(isPrime + r)) for (let m = r * r; m < 65536; m += r) store<u8>(isPrime + m, 0);
  }
  primeCount = 0;
  for (let r = 3; r < 65536; r += 2) {
    if (!load<u8>(isPrime + r)) continue;
    if (<u32>r == exponent) continue;
    store<u16>(primes + (<usize>primeCount << 1), <u16>r);
    primeCount++;
  }
  for (let r = 0; r < 65536; r += 2) store<u8>(isPrime + r, 0);
  store<u8>(isPrime + 1, 0);
}

/** Whether an odd exponent is prime; `findPrimes` first. */
export function isPrimeExponent(exponent: u32): bool {
  for (let i = 0; i < primeCount; i++) {
    const r = <u32>load<u16>(primes + (<usize>i << 1));
    if (r * r > exponent) return true;
    if (exponent % r == 0) return false;
  }
  return true;
}

/** 1/a mod r, for a prime r that does not divide a. */
function inverse(a: u32, r: u32): u32 {
  let x = <i32>1, y = <i32>0, u = <i32>a, v = <i32>r;
  while (v != 0) {
    const quotient = u / v;
    let next = u - quotient * v;
    u = v;
    v = next;
    next = x - quotient * y;
    x = y;
    y = next;
  }
  return x < 0 ? <u32>(x + <i32>r) : <u32>x;
}

/** For each r, which index i of class c has r | 2(kFrom + c + 4i)p + 1. */
export function findRoots(twoP: u64, kFrom: u64, kPerUnit: u32, class1: u32): void {
  for (let i = 0; i < primeCount; i++) {
    const at = <usize>i << 1;
    const r = <u32>load<u16>(primes + at);
    const root = r - inverse(<u32>(twoP % r), r); // k ≡ root makes q ≡ 0
    const quarter = inverse(4 % r, r);
    const from = <u32>(kFrom % r);
    store<u16>(roots0 + at, <u16>(((root + r - from) % r) * quarter % r));
    store<u16>(roots1 + at, <u16>(((root + r + r - from - class1 % r) % r) * quarter % r));
    store<u16>(steps + at, <u16>((kPerUnit >> 2) % r));
  }
  drawPattern(pattern0, roots0);
  drawPattern(pattern1, roots1);
}

/** Multiples of the five smallest primes repeat every 15015 indices. */
function drawPattern(at: usize, roots: usize): void {
  memory.fill(at, 0, PATTERN);
  for (let i = 0; i < primeCount; i++) {
    const r = <i32>load<u16>(primes + (<usize>i << 1));
    if (r > PATTERN_PRIME) return;
    for (let m = <i32>load<u16>(roots + (<usize>i << 1)); m < PATTERN; m += r) store<u8>(at + m, 1);
  }
}

/** Gets ready to cross out class `which` (0 or 1) of a unit with that many indices, from its start. */
export function openClass(which: i32, unit: u32, indices: u32): void {
  const roots = which == 0 ? roots0 : roots1;
  phase = <i32>((<u64>unit * <u64>indices) % PATTERN);
  for (let i = 0; i < primeCount; i++) {
    const at = <usize>i << 1;
    const r = <u32>load<u16>(primes + at);
    const gone = ((unit % r) * <u32>load<u16>(steps + at)) % r;
    const root = <u32>load<u16>(roots + at);
    store<u32>(cursors + (<usize>i << 2), root >= gone ? root - gone : root + r - gone);
  }
}

/** Fills `sieve[0 … length)` with the next indices of class `which`: 0 where no sieving prime divides q. */
export function crossOut(which: i32, length: i32): void {
  const pattern = which == 0 ? pattern0 : pattern1;
  let done = 0;
  while (done < length) {
    const piece = min(length - done, PATTERN - phase);
    memory.copy(sieve + done, pattern + phase, piece);
    done += piece;
    phase += piece;
    if (phase == PATTERN) phase = 0;
  }
  const end = sieve + <usize>length;
  for (let i = 0; i < primeCount; i++) {
    const r = <usize>load<u16>(primes + (<usize>i << 1));
    if (<i32>r <= PATTERN_PRIME) continue;
    const cursor = cursors + (<usize>i << 2);
    let at = sieve + <usize>load<u32>(cursor);
    while (at < end) {
      store<u8>(at, 1);
      at += r;
    }
    store<u32>(cursor, <u32>(at - end));
  }
}

/** Puts right the first segment of a unit whose q begin below 2^16: a prime q below 2^16 is no multiple of another, and k = 0 is no candidate. */
export function mendStart(qFirst: u64, twoP: u64, offset: u32, length: i32): void {
  for (let i = 0; i < length; i++) {
    const q = qFirst + twoP * <u64>(<u32>i * 4 + offset);
    if (q >= 65536) return;
    store<u8>(sieve + i, load<u8>(isPrime + <usize>q) ? 0 : load<u8>(sieve + i));
    if (q == 1) store<u8>(sieve + i, 1);
  }
}

/** Appends to `list` the offsets 4i + first of what is left; returns how many it holds then. */
export function collect(list: usize, listed: i32, length: i32, first: u32): i32 {
  let to = list + (<usize>listed << 2);
  for (let i = 0; i < length; i += 16) {
    let left = i8x16.bitmask(i8x16.eq(v128.load(sieve + i), i8x16.splat(0)));
    if (length - i < 16) left &= (1 << (length - i)) - 1;
    while (left != 0) {
      store<u32>(to, first + (<u32>(i + ctz(left)) << 2));
      to += 4;
      left &= left - 1;
    }
  }
  return <i32>((to - list) >> 2);
}
