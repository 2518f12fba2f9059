/**
 * Computes modulo four q at a time: Montgomery form with R = 2^84, six limbs of 14 bits, because
 * `i32x4.dot_i16x8_s` multiplies eight such limbs in one instruction and sums of twelve products
 * still fit 32 bits. Values stay below 4q < 2^82 until `canonical`.
 *
 * A vector of four lanes lives in memory, so that the caller can work on several side by side and hide
 * the latency of each.
 */

// Where each 16-byte part of a vector lies.
const X: usize = 0; // 3 parts: limbs (0,1) (2,3) (4,5) of x, 16 bits apart
const NEGINV: usize = 48; // −1/q mod 2^28
const N: usize = 64; // 7 parts: q's limbs (n0,0) (n1,n0) … (n5,n4) (0,n5)
const DIGITS: usize = 176; // 3 parts: q in digits of 28 bits
/** Bytes of one vector. */
export const STRIDE: usize = 14 * 16;
export const M28: i32 = 0x0fffffff;

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

/** Two limbs of 14 bits, 16 bits apart, from a digit of 28. */
// @ts-ignore: decorator
@inline
function limbs(digit: v128): v128 {
  return v128.and(low16High16(digit, i32x4.shl(digit, 2)), i32x4.splat(0x3fff3fff));
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
  const n01 = limbs(d0), n23 = limbs(d1), n45 = limbs(d2);
  const high0 = i32x4.shl(n01, 16), high2 = i32x4.shl(n23, 16), high4 = i32x4.shl(n45, 16);
  const low1 = i32x4.shr_u(n01, 16), low3 = i32x4.shr_u(n23, 16), low5 = i32x4.shr_u(n45, 16);
  v128.store(at, v128.and(n01, i32x4.splat(0xffff)), N);
  v128.store(at, v128.or(low1, high0), N + 16);
  v128.store(at, low16High16(n23, n01), N + 32);
  v128.store(at, v128.or(low3, high2), N + 48);
  v128.store(at, low16High16(n45, n23), N + 64);
  v128.store(at, v128.or(low5, high4), N + 80);
  v128.store(at, v128.and(n45, i32x4.splat(<i32>0xffff0000)), N + 96);
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
  v128.store(at, limbs(x0), X);
  v128.store(at, limbs(x1), X + 16);
  v128.store(at, limbs(x2), X + 32);
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

/** x = x²/2^84 mod q, below 2q. */
export function square(at: usize): void {
  const x0 = v128.load(at, X), x1 = v128.load(at, X + 16), x2 = v128.load(at, X + 32);
  const d0 = i32x4.add(x0, x0), d1 = i32x4.add(x1, x1), d2 = i32x4.add(x2, x2);
  const lowMask = i32x4.splat(0xffff), highMask = i32x4.splat(<i32>0xffff0000);
  const y1 = v128.shuffle<i16>(d1, d1, 1, 0, 3, 2, 5, 4, 7, 6);
  const y2 = v128.shuffle<i16>(d2, d2, 1, 0, 3, 2, 5, 4, 7, 6);
  let t0 = i32x4.dot_i16x8_s(v128.and(x0, lowMask), x0);
  let t1 = i32x4.dot_i16x8_s(x0, i32x4.shl(d0, 16));
  let t2 = i32x4.dot_i16x8_s(x0, low16High16(d1, x0));
  let t3 = i32x4.dot_i16x8_s(x0, y1);
  let t4 = i32x4.add(i32x4.dot_i16x8_s(x0, low16High16(d2, d1)), i32x4.dot_i16x8_s(v128.and(x1, lowMask), x1));
  let t5 = i32x4.add(i32x4.dot_i16x8_s(x0, y2), i32x4.dot_i16x8_s(x1, i32x4.shl(d1, 16)));
  let t6 = i32x4.add(i32x4.dot_i16x8_s(x1, low16High16(d2, x1)), i32x4.dot_i16x8_s(v128.and(x0, highMask), d2));
  let t7 = i32x4.dot_i16x8_s(x1, y2);
  let t8 = i32x4.dot_i16x8_s(x2, low16High16(x2, d1));
  let t9 = i32x4.dot_i16x8_s(x2, i32x4.shl(d2, 16));
  let t10 = i32x4.dot_i16x8_s(v128.and(x2, highMask), x2);

  const negInv = v128.load(at, NEGINV);
  const na = v128.load(at, N), nb = v128.load(at, N + 16), nc = v128.load(at, N + 32), nd = v128.load(at, N + 48);
  const ne = v128.load(at, N + 64), nf = v128.load(at, N + 80), ng = v128.load(at, N + 96);

  let m = limbs(i32x4.mul(i32x4.add(t0, i32x4.shl(t1, 14)), negInv));
  t0 = i32x4.add(t0, i32x4.dot_i16x8_s(m, na));
  t1 = i32x4.add(i32x4.add(t1, i32x4.dot_i16x8_s(m, nb)), i32x4.shr_u(t0, 14));
  t2 = i32x4.add(i32x4.add(t2, i32x4.dot_i16x8_s(m, nc)), i32x4.shr_u(t1, 14));
  t3 = i32x4.add(t3, i32x4.dot_i16x8_s(m, nd));
  t4 = i32x4.add(t4, i32x4.dot_i16x8_s(m, ne));
  t5 = i32x4.add(t5, i32x4.dot_i16x8_s(m, nf));
  t6 = i32x4.add(t6, i32x4.dot_i16x8_s(m, ng));

  m = limbs(i32x4.mul(i32x4.add(t2, i32x4.shl(t3, 14)), negInv));
  t2 = i32x4.add(t2, i32x4.dot_i16x8_s(m, na));
  t3 = i32x4.add(i32x4.add(t3, i32x4.dot_i16x8_s(m, nb)), i32x4.shr_u(t2, 14));
  t4 = i32x4.add(i32x4.add(t4, i32x4.dot_i16x8_s(m, nc)), i32x4.shr_u(t3, 14));
  t5 = i32x4.add(t5, i32x4.dot_i16x8_s(m, nd));
  t6 = i32x4.add(t6, i32x4.dot_i16x8_s(m, ne));
  t7 = i32x4.add(t7, i32x4.dot_i16x8_s(m, nf));
  t8 = i32x4.add(t8, i32x4.dot_i16x8_s(m, ng));

  m = limbs(i32x4.mul(i32x4.add(t4, i32x4.shl(t5, 14)), negInv));
  t4 = i32x4.add(t4, i32x4.dot_i16x8_s(m, na));
  t5 = i32x4.add(i32x4.add(t5, i32x4.dot_i16x8_s(m, nb)), i32x4.shr_u(t4, 14));
  t6 = i32x4.add(i32x4.add(t6, i32x4.dot_i16x8_s(m, nc)), i32x4.shr_u(t5, 14));
  t7 = i32x4.add(t7, i32x4.dot_i16x8_s(m, nd));
  t8 = i32x4.add(t8, i32x4.dot_i16x8_s(m, ne));
  t9 = i32x4.add(t9, i32x4.dot_i16x8_s(m, nf));
  t10 = i32x4.add(t10, i32x4.dot_i16x8_s(m, ng));

  const mask = i32x4.splat(0x3fff3fff);
  t7 = i32x4.add(t7, i32x4.shr_u(t6, 14));
  v128.store(at, v128.and(low16High16(t6, i32x4.shl(t7, 16)), mask), X);
  t8 = i32x4.add(t8, i32x4.shr_u(t7, 14));
  t9 = i32x4.add(t9, i32x4.shr_u(t8, 14));
  v128.store(at, v128.and(low16High16(t8, i32x4.shl(t9, 16)), mask), X + 16);
  t10 = i32x4.add(t10, i32x4.shr_u(t9, 14));
  v128.store(at, v128.and(low16High16(t10, i32x4.shl(i32x4.shr_u(t10, 14), 16)), mask), X + 32);
}

/** x = 2x, below 4q. */
// @ts-ignore: decorator
@inline
export function double(at: usize): void {
  const x0 = v128.load(at, X), x1 = v128.load(at, X + 16), x2 = v128.load(at, X + 32);
  v128.store(at, twice(x0), X);
  v128.store(at, v128.or(twice(x1), i32x4.shr_u(x0, 29)), X + 16);
  v128.store(at, v128.or(twice(x2), i32x4.shr_u(x1, 29)), X + 32);
}

/** Doubles a pair of limbs; what leaves the upper one is dropped. */
// @ts-ignore: decorator
@inline
function twice(x: v128): v128 {
  const carry = i32x4.shl(v128.and(x, i32x4.splat(0x2000)), 3);
  return v128.or(v128.and(i32x4.shl(x, 1), i32x4.splat(0x3ffe3ffe)), carry);
}

/** Leaves x in (r0, r1, r2), in [0, q). */
// @ts-ignore: decorator
@inline
export function canonical(at: usize): void {
  subtractOnce(at, digit(v128.load(at, X)), digit(v128.load(at, X + 16)), digit(v128.load(at, X + 32)), 1);
  subtractOnce(at, r0, r1, r2, 0);
}
