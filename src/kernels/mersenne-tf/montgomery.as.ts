/**
 * Computes modulo four q at a time: Montgomery form with R = 2^84, six limbs of 14 bits, because
 * `i32x4.dot_i16x8_s` multiplies eight such limbs in one instruction and sums of twelve products
 * still fit 32 bits.
 *
 * A vector of four lanes lives in memory, so that the caller can work on several side by side and hide
 * the latency of each.
 *
 * One round of a Montgomery reduction adds m·q to T so that 28 bits become zero and fall away. With
 * c = −1/q mod 2^28 and h = (c·q + 1)/2^28, an integer, it may as well add m·c·q where m is T mod 2^28
 * itself: what is left is ⌊T/2^28⌋ + m·h. That needs no multiplication to find m, but adds up to 2^28·q
 * where the other adds q. So the first round is of this kind; the second too where q < 2^78; the last never:
 *
 * - q < 2^78: x' ≤ x²/2^84 + 2q, doubled perhaps: x stays below 4.7q.
 * - q < 2^80: x' ≤ x²/2^84 + (1 + 2^−27)q, doubled perhaps: x stays below 4q + 2^−20·q for 31 squarings.
 */

// Where each 16-byte part of a vector lies.
const X: usize = 0; // 3 parts: limbs (0,1) (2,3) (4,5) of x, 16 bits apart
const NEGINV: usize = 48; // −1/q mod 2^28
const N: usize = 64; // 7 parts: q's limbs (n0,0) (n1,n0) … (n5,n4) (0,n5)
const DIGITS: usize = 176; // 3 parts: q in digits of 28 bits
const H: usize = 224; // 7 parts: the limbs of h, as those of q
/** Bytes of one vector. */
export const STRIDE: usize = 21 * 16;
/** From here on q is wide: only one round may use h. */
export const WIDE_BITS: i32 = 78;
export const M28: i32 = 0x0fffffff;

/** 0x3fff3fff four times: from memory, because engines build a constant anew wherever it is used. */
const masks: usize = memory.data<u32>([0x3fff3fff, 0x3fff3fff, 0x3fff3fff, 0x3fff3fff], 16);

/** The three digits of 28 bits that `canonical` leaves. */
export let r0: v128 = i32x4.splat(0);
export let r1: v128 = i32x4.splat(0);
export let r2: v128 = i32x4.splat(0);

/** Of each lane, the lower half of one and the upper half of the other. */
// @ts-ignore: decorator
@inline
function low16High16(low: v128, high: v128): v128 {
  return v128.shuffle<i16>(low, high, 0, 9, 2, 11, 4, 13, 6, 15);
}

/** Two limbs of 14 bits, 16 bits apart, from the low 28 bits; `mask` is 0x3fff3fff in each lane. */
// @ts-ignore: decorator
@inline
function limbs(digit: v128, mask: v128): v128 {
  return v128.and(low16High16(digit, i32x4.shl(digit, 2)), mask);
}

/** The digit of 28 bits that two limbs make. */
// @ts-ignore: decorator
@inline
function digit(limbs: v128): v128 {
  return v128.or(v128.and(limbs, i32x4.splat(0x3fff)), v128.and(i32x4.shr_u(limbs, 2), i32x4.splat(0x0fffc000)));
}

/** Takes in four q from `from`: three parts of 16 bytes, a digit of 28 bits in each lane. */
export function openVector(at: usize, from: usize): void {
  const d0 = v128.load(from), d1 = v128.load(from, 16), d2 = v128.load(from, 32);
  v128.store(at, d0, DIGITS);
  v128.store(at, d1, DIGITS + 16);
  v128.store(at, d2, DIGITS + 32);
  // Newton: 3q ^ 2 inverts q mod 2^5, each step doubles the bits.
  const two = i32x4.splat(2);
  let y = v128.xor(i32x4.mul(d0, i32x4.splat(3)), two);
  y = i32x4.mul(y, i32x4.sub(two, i32x4.mul(d0, y)));
  y = i32x4.mul(y, i32x4.sub(two, i32x4.mul(d0, y)));
  y = i32x4.mul(y, i32x4.sub(two, i32x4.mul(d0, y)));
  v128.store(at, i32x4.neg(y), NEGINV);
  const mask = v128.load(masks);
  pairsInto(at + N, limbs(d0, mask), limbs(d1, mask), limbs(d2, mask));
  for (let lane = at; lane < at + 16; lane += 4) {
    const c = <u64>load<u32>(lane, NEGINV) & M28;
    const low = c * <u64>load<u32>(lane, DIGITS) + 1;
    const middle = c * <u64>load<u32>(lane, DIGITS + 16) + (low >> 28);
    const high = c * <u64>load<u32>(lane, DIGITS + 32) + (middle >> 28);
    store<u32>(lane, pair(<u32>middle), X);
    store<u32>(lane, pair(<u32>high), X + 16);
    store<u32>(lane, pair(<u32>(high >> 28)), X + 32);
  }
  pairsInto(at + H, v128.load(at, X), v128.load(at, X + 16), v128.load(at, X + 32));
}

/** From six limbs, the seven parts that one m = (m0, m1) meets in columns 0 … 6. */
function pairsInto(at: usize, n01: v128, n23: v128, n45: v128): void {
  v128.store(at, v128.and(n01, i32x4.splat(0xffff)));
  v128.store(at, v128.or(i32x4.shr_u(n01, 16), i32x4.shl(n01, 16)), 16);
  v128.store(at, low16High16(n23, n01), 32);
  v128.store(at, v128.or(i32x4.shr_u(n23, 16), i32x4.shl(n23, 16)), 48);
  v128.store(at, low16High16(n45, n23), 64);
  v128.store(at, v128.or(i32x4.shr_u(n45, 16), i32x4.shl(n45, 16)), 80);
  v128.store(at, v128.and(n45, i32x4.splat(<i32>0xffff0000)), 96);
}

/** Two limbs of 14 bits, 16 bits apart, of one lane. */
// @ts-ignore: decorator
@inline
function pair(digit: u32): u32 {
  return (digit & 0x3fff) | ((digit << 2) & 0x3fff0000);
}

/**
 * x = 2^exponent − (⌊2^exponent/q⌋ − 1 or so)·q mod 2^84, where exponent ≥ 84. The f64 quotient is below 2^51 and
 * off by less than 1 before truncation, so that x lies in [0, 3q).
 */
export function startByDivision(vector: usize, exponent: i32): void {
  const power = reinterpret<f64>(<u64>(1023 + exponent) << 52);
  for (let at = vector; at < vector + 16; at += 4) {
    const n0 = <u64>load<u32>(at, DIGITS), n1 = <u64>load<u32>(at, DIGITS + 16), n2 = <u64>load<u32>(at, DIGITS + 32);
    const real = <f64>(n0 | (n1 << 28)) + <f64>n2 * 72057594037927936.0;
    const quotient = <u64>(power / real) - 1;
    const q0 = quotient & M28, q1 = quotient >> 28;
    const t0 = q0 * n0;
    const t1 = q0 * n1 + q1 * n0 + (t0 >> 28);
    const t2 = q0 * n2 + q1 * n1 + (t1 >> 28);
    // minus that, mod 2^84
    const low = ~((t0 & M28) | (t1 << 28)) & 0x00ffffffffffffff;
    const next = low + 1;
    const high = (~<u32>t2 & M28) + <u32>(next >> 56);
    store<u32>(at, pair(<u32>next & M28), X);
    store<u32>(at, pair(<u32>(next >> 28) & M28), X + 16);
    store<u32>(at, pair(high & M28), X + 32);
  }
}

/** x = 2^(firstPower + doublings) mod q, by doubling 2^firstPower ≤ q. Only for small q or p. */
export function startByDoubling(at: usize, firstPower: i32, doublings: i32): void {
  const one: v128 = i32x4.splat(1);
  const zero: v128 = i32x4.splat(0);
  let x0 = firstPower < 28 ? i32x4.shl(one, firstPower) : zero;
  let x1 = firstPower >= 28 && firstPower < 56 ? i32x4.shl(one, firstPower - 28) : zero;
  let x2 = firstPower >= 56 ? i32x4.shl(one, firstPower - 56) : zero;
  for (let i = 0; i < doublings; i++) {
    x0 = i32x4.shl(x0, 1);
    x1 = i32x4.shl(x1, 1);
    x2 = i32x4.shl(x2, 1);
    subtractOnce(at, x0, x1, x2, 0);
    x0 = r0;
    x1 = r1;
    x2 = r2;
  }
  const mask = v128.load(masks);
  v128.store(at, limbs(x0, mask), X);
  v128.store(at, limbs(x1, mask), X + 16);
  v128.store(at, limbs(x2, mask), X + 32);
}

/** (r0, r1, r2) = x − 2^shift·q where that is not negative, else x; digits of 28 bits, those of x may have 29. */
// @ts-ignore: decorator
@inline
function subtractOnce(at: usize, x0: v128, x1: v128, x2: v128, shift: i32): void {
  const n0 = i32x4.shl(v128.load(at, DIGITS), shift);
  const n1 = i32x4.shl(v128.load(at, DIGITS + 16), shift);
  const n2 = i32x4.shl(v128.load(at, DIGITS + 32), shift);
  let z0 = i32x4.sub(x0, n0);
  let z1 = i32x4.sub(x1, n1);
  let z2 = i32x4.sub(x2, n2);
  const carried = i32x4.add(z1, i32x4.shr_s(z0, 28));
  const below = i32x4.shr_s(i32x4.add(z2, i32x4.shr_s(carried, 28)), 31);
  z0 = i32x4.add(z0, v128.and(n0, below));
  z1 = i32x4.add(z1, v128.and(n1, below));
  z2 = i32x4.add(z2, v128.and(n2, below));
  z1 = i32x4.add(z1, i32x4.shr_s(z0, 28));
  z2 = i32x4.add(z2, i32x4.shr_s(z1, 28));
  r0 = v128.and(z0, i32x4.splat(M28));
  r1 = v128.and(z1, i32x4.splat(M28));
  r2 = z2;
}

/**
 * x = x²/2^84 mod q, doubled after that if `twice`; `wide` if q may reach 2^78. Both are constants where
 * this is inlined.
 *
 * Columns are made as late as they are needed and q is loaded where it is used, so that sixteen
 * registers nearly suffice.
 */
// @ts-ignore: decorator
@inline
function squareInto(at: usize, twice: bool, wide: bool): void {
  const x0 = v128.load(at, X), x1 = v128.load(at, X + 16), x2 = v128.load(at, X + 32);
  const d1 = i32x4.add(x1, x1), d2 = i32x4.add(x2, x2);
  const low0 = i32x4.shl(x0, 16), low1 = i32x4.shl(x1, 16), high2 = i32x4.shr_u(x2, 16);
  const y2 = swapped(d2);
  const mask = v128.load(masks);
  const t0 = i32x4.dot_i16x8_s(low0, low0);
  const t1 = i32x4.add(i32x4.dot_i16x8_s(x0, i32x4.shl(x0, 17)), i32x4.shr_u(t0, 14));
  let m = v128.and(low16High16(t0, i32x4.shl(t1, 16)), mask);
  let t2 = i32x4.add(i32x4.dot_i16x8_s(x0, low16High16(d1, x0)), i32x4.shr_u(t1, 14));
  let t3 = i32x4.dot_i16x8_s(x0, swapped(d1));
  let t4 = i32x4.add(i32x4.dot_i16x8_s(x0, low16High16(d2, d1)), i32x4.dot_i16x8_s(low1, low1));
  let t5 = i32x4.add(i32x4.dot_i16x8_s(x0, y2), i32x4.dot_i16x8_s(x1, i32x4.shl(x1, 17)));
  let t6 = i32x4.add(i32x4.dot_i16x8_s(x1, low16High16(d2, x1)), i32x4.dot_i16x8_s(i32x4.shr_u(x0, 16), y2));
  let t7 = i32x4.dot_i16x8_s(x1, y2);
  let t8 = i32x4.dot_i16x8_s(x2, low16High16(x2, d1));
  t2 = times(t2, m, at, H);
  t3 = times(t3, m, at, H + 16);
  t4 = times(t4, m, at, H + 32);
  t5 = times(t5, m, at, H + 48);
  t6 = times(t6, m, at, H + 64);
  t7 = times(t7, m, at, H + 80);
  t8 = times(t8, m, at, H + 96);

  let t9 = i32x4.dot_i16x8_s(x2, i32x4.shl(x2, 17));
  let t10 = i32x4.dot_i16x8_s(high2, high2);
  if (wide) {
    m = limbs(i32x4.mul(i32x4.add(t2, i32x4.shl(t3, 14)), v128.load(at, NEGINV)), mask);
    t2 = times(t2, m, at, N);
    t3 = i32x4.add(times(t3, m, at, N + 16), i32x4.shr_u(t2, 14));
    t4 = i32x4.add(times(t4, m, at, N + 32), i32x4.shr_u(t3, 14));
    t5 = times(t5, m, at, N + 48);
    t6 = times(t6, m, at, N + 64);
    t7 = times(t7, m, at, N + 80);
    t8 = times(t8, m, at, N + 96);
  } else {
    t3 = i32x4.add(t3, i32x4.shr_u(t2, 14));
    m = v128.and(low16High16(t2, i32x4.shl(t3, 16)), mask);
    t4 = i32x4.add(times(t4, m, at, H), i32x4.shr_u(t3, 14));
    t5 = times(t5, m, at, H + 16);
    t6 = times(t6, m, at, H + 32);
    t7 = times(t7, m, at, H + 48);
    t8 = times(t8, m, at, H + 64);
    t9 = times(t9, m, at, H + 80);
    t10 = times(t10, m, at, H + 96);
  }

  m = limbs(i32x4.mul(i32x4.add(t4, i32x4.shl(t5, 14)), v128.load(at, NEGINV)), mask);
  t4 = times(t4, m, at, N);
  t5 = i32x4.add(times(t5, m, at, N + 16), i32x4.shr_u(t4, 14));
  t6 = i32x4.add(times(t6, m, at, N + 32), i32x4.shr_u(t5, 14));
  t7 = times(t7, m, at, N + 48);
  t8 = times(t8, m, at, N + 64);
  t9 = times(t9, m, at, N + 80);
  t10 = times(t10, m, at, N + 96);
  if (twice) {
    // The top limbs of q, h (10 bits) and x (12) keep columns 7 and up below 2^31. Column 6 may wrap:
    // its carry is taken before, and only its low bits are used after.
    t7 = i32x4.add(i32x4.add(t7, t7), i32x4.shr_u(t6, 13));
    t6 = i32x4.add(t6, t6);
    t8 = i32x4.add(t8, t8);
    t9 = i32x4.add(t9, t9);
    t10 = i32x4.add(t10, t10);
  } else t7 = i32x4.add(t7, i32x4.shr_u(t6, 14));

  v128.store(at, v128.and(low16High16(t6, i32x4.shl(t7, 16)), mask), X);
  t8 = i32x4.add(t8, i32x4.shr_u(t7, 14));
  t9 = i32x4.add(t9, i32x4.shr_u(t8, 14));
  v128.store(at, v128.and(low16High16(t8, i32x4.shl(t9, 16)), mask), X + 16);
  t10 = i32x4.add(t10, i32x4.shr_u(t9, 14));
  v128.store(at, v128.and(low16High16(t10, i32x4.shl(i32x4.shr_u(t10, 14), 16)), mask), X + 32);
}

/** t + m·part: one column of a round. */
// @ts-ignore: decorator
@inline
function times(t: v128, m: v128, at: usize, part: usize): v128 {
  return i32x4.add(t, i32x4.dot_i16x8_s(m, v128.load(at + part)));
}

/** Exchanges the two limbs of each lane. */
// @ts-ignore: decorator
@inline
function swapped(x: v128): v128 {
  return v128.shuffle<i16>(x, x, 1, 0, 3, 2, 5, 4, 7, 6);
}

/** x = x²/2^84 mod q for the vectors from `at` to `end`. */
export function square(at: usize, end: usize, wide: bool): void {
  if (wide) for (; at < end; at += STRIDE) squareInto(at, false, true);
  else for (; at < end; at += STRIDE) squareInto(at, false, false);
}

/** x = 2x²/2^84 mod q for the vectors from `at` to `end`. */
export function squareTwice(at: usize, end: usize, wide: bool): void {
  if (wide) for (; at < end; at += STRIDE) squareInto(at, true, true);
  else for (; at < end; at += STRIDE) squareInto(at, true, false);
}

/** Leaves x in (r0, r1, r2), in [0, q). */
// @ts-ignore: decorator
@inline
export function canonical(at: usize): void {
  subtractOnce(at, digit(v128.load(at, X)), digit(v128.load(at, X + 16)), digit(v128.load(at, X + 32)), 2);
  subtractOnce(at, r0, r1, r2, 1);
  subtractOnce(at, r0, r1, r2, 0);
}
