/**
 * The meaning of `mersenne-tf@1`: sieves one block of k and computes 2^p mod (2kp + 1) for
 * every candidate that is left, four at a time.
 *
 * Residues are in Montgomery form with R = 2^84, six limbs of 14 bits, because
 * `i32x4.dot_i16x8_s` multiplies eight such limbs in one instruction and sums of twelve
 * products still fit 32 bits. Values stay below 4q < 2^82 and are made canonical at the end.
 */

const INPUT_BYTES: i32 = 24;
const SEGMENT: i32 = 65536; // sieve bytes at a time: fits L2, and no sieving prime is larger
const PATTERN: i32 = 15015; // 3·5·7·11·13
const PRIMES_MAX: i32 = 6541; // odd primes below 2^16
const FACTORS_MAX: i32 = 64;
const GROUP: usize = 8; // vectors of 4 candidates computed side by side, to hide latency
const BATCH: i32 = 32;
const M28: i32 = 0x0fffffff;

const inputAt: usize = memory.data(INPUT_BYTES, 16);
const outputAt: usize = memory.data(16 + FACTORS_MAX * 8, 16);
const primes: usize = memory.data(PRIMES_MAX * 2, 16); // u16: r
const roots0: usize = memory.data(PRIMES_MAX * 2, 16); // u16: first index of class 0 that r divides, unit 0
const roots1: usize = memory.data(PRIMES_MAX * 2, 16); // the same for class 1
const steps: usize = memory.data(PRIMES_MAX * 2, 16); // u16: indices per unit mod r
const cursors: usize = memory.data(PRIMES_MAX * 4, 16); // u32: next index that r crosses out
const pattern0: usize = memory.data(PATTERN, 16);
const pattern1: usize = memory.data(PATTERN, 16);
const isPrime: usize = memory.data(65536, 16); // bytes: 1 for odd primes
const sieve: usize = memory.data(SEGMENT, 16);
const list: usize = memory.data((SEGMENT + BATCH) * 4, 16); // u32: k − first k of the unit
const lanes: usize = memory.data(8 * 4 * 16, 16); // q's three digits of 28 bits and klo, by vector

// One vector of four candidates in `state`: where each 16-byte part lies.
const STRIDE: usize = 15 * 16;
const X: usize = 0; // 3 parts: limbs (0,1) (2,3) (4,5), 16 bits apart
const NEGINV: usize = 48; // −1/q mod 2^28
const N: usize = 64; // 7 parts: (n0,0) (n1,n0) … (n5,n4) (0,n5)
const DIGITS: usize = 176; // 3 parts: q in digits of 28 bits
const KLO: usize = 224; // k mod 2^32
const state: usize = memory.data(8 * 15 * 16, 16);

let exponent: u32 = 0;
let twoP: u64 = 0;
let kPerUnit: u32 = 0;
let kFrom: u64 = 0;
let units: u32 = 0;
let primeCount: i32 = 0;
let class1: u32 = 0; // k ≡ 0 or class1 (mod 4)
let ready: bool = false;

// The unit at hand.
let kUnit: u64 = 0; // first k
let qLow: u64 = 0; // low 56 bits of 2·kUnit·p + 1
let qHigh: u32 = 0; // the rest
let startExponent: i32 = 0; // 2^startExponent mod q starts the ladder
let byDivision: bool = false; // whether one f64 quotient reaches it
let doublings: i32 = 0; // else: how many doublings from firstPower
let firstPower: i32 = 0; // 2^firstPower ≤ every q of the unit
let ladderBits: i32 = 0; // squarings that follow, one for each low bit of p − 84

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

/** 0 = ready; 1 = exponent, 2 = block, 3 = range, as `checkInput` in index.ts explains. */
export function prepare(): i32 {
  exponent = load<u32>(inputAt);
  kPerUnit = load<u32>(inputAt, 4);
  kFrom = load<u64>(inputAt, 8);
  units = load<u32>(inputAt, 16);
  if (load<u32>(inputAt, 20) != 0) return 3;
  if (kPerUnit < 256 || kPerUnit > 1 << 22 || kPerUnit % 256 != 0) return 2;
  if (units == 0 || kFrom % 4 != 0 || kFrom >= 1 << 62) return 3;
  if (exponent < 3 || exponent >= 0x80000000 || exponent % 2 == 0) return 1;
  findPrimes();
  if (!isPrimeExponent()) return 1;
  const kEnd: u64 = kFrom + <u64>units * <u64>kPerUnit;
  twoP = <u64>exponent * 2;
  if (highOf(kEnd) >= 1 << 24) return 3; // q < 2^80
  class1 = (exponent * 3) & 3;
  findRoots();
  drawPattern(pattern0, roots0);
  drawPattern(pattern1, roots1);
  ready = true;
  return 0;
}

/** Bits 56 and up of 2kp + 1, saturated to 32 bits. */
function highOf(k: u64): u64 {
  const low = (k & 0xffffffff) * twoP + 1;
  const high = (k >> 32) * twoP + (low >> 32); // 2^32 is worth 1 here
  return high >> 24;
}

function findPrimes(): void {
  memory.fill(isPrime, 1, 65536);
  for (let r = 3; r < 256; r += 2) {
    if (load<u8>(isPrime + r)) for (let m = r * r; m < 65536; m += r) store<u8>(isPrime + m, 0);
  }
  primeCount = 0;
  for (let r = 3; r < 65536; r += 2) {
    if (!load<u8>(isPrime + r)) continue;
    if (<u32>r == exponent) continue; // 2kp + 1 is never a multiple of p
    store<u16>(primes + (<usize>primeCount << 1), <u16>r);
    primeCount++;
  }
  for (let r = 0; r < 65536; r += 2) store<u8>(isPrime + r, 0);
  store<u8>(isPrime + 1, 0);
}

function isPrimeExponent(): bool {
  for (let i = 0; i < primeCount; i++) {
    const r = <u32>load<u16>(primes + (<usize>i << 1));
    if (r * r > exponent) return true;
    if (exponent % r == 0) return false;
  }
  return true;
}

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
function findRoots(): void {
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
}

/** Multiples of the five smallest primes repeat every 15015 indices. */
function drawPattern(at: usize, roots: usize): void {
  memory.fill(at, 0, PATTERN);
  for (let i = 0; i < primeCount; i++) {
    const r = <i32>load<u16>(primes + (<usize>i << 1));
    if (r > 13) return;
    for (let m = <i32>load<u16>(roots + (<usize>i << 1)); m < PATTERN; m += r) store<u8>(at + m, 1);
  }
}

export function output(): i32 {
  return <i32>outputAt;
}

/** Length of the output, or −1 when there is no such unit, −2 before `prepare`. */
export function run(unit: i64): i32 {
  if (!ready) return -2;
  if (<u64>unit >= <u64>units) return -1;
  openUnit(<u32>unit);
  let listed = 0;
  for (let c = 0; c < 2; c++) {
    const roots = c == 0 ? roots0 : roots1;
    const offset: u32 = c == 0 ? 0 : class1;
    placeCursors(roots, <u32>unit);
    let phase = <i32>((unit * <i64>(kPerUnit >> 2)) % PATTERN);
    for (let from: i32 = 0; from < <i32>(kPerUnit >> 2); from += SEGMENT) {
      const length = min(SEGMENT, <i32>(kPerUnit >> 2) - from);
      phase = crossOut(c == 0 ? pattern0 : pattern1, phase, length);
      if (from == 0) mendStart(offset, length);
      listed = collect(listed, length, <u32>from * 4 + offset);
      listed = computeListed(listed);
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
}

/**
 * Squaring in Montgomery form takes 2^(84+d) to 2^(84+2d), so a ladder over the bits of
 * p − 84 ends at 2^p itself, and needs 2^(84 + leading bits) mod q to start from.
 */
function planLadder(): void {
  let bits = 0; // of the smallest q in the unit
  if (qHigh > 0) bits = 88 - clz<u32>(qHigh);
  else bits = 64 - <i32>clz<u64>(qLow);
  firstPower = max(bits - 1, 0);
  if (kUnit == 0) firstPower = 1; // q = 1 is left out; the next is at least 7
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
  doublings = startExponent - firstPower;
}

function placeCursors(roots: usize, unit: u32): void {
  for (let i = 0; i < primeCount; i++) {
    const at = <usize>i << 1;
    const r = <u32>load<u16>(primes + at);
    const gone = ((unit % r) * <u32>load<u16>(steps + at)) % r;
    const root = <u32>load<u16>(roots + at);
    store<u32>(cursors + (<usize>i << 2), root >= gone ? root - gone : root + r - gone);
  }
}

/** Fills `sieve[0 … length)`: 0 where no sieving prime divides q. Returns the pattern's next phase. */
function crossOut(pattern: usize, phase: i32, length: i32): i32 {
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
    if (r <= 13) continue;
    const cursor = cursors + (<usize>i << 2);
    let at = sieve + <usize>load<u32>(cursor);
    while (at < end) {
      store<u8>(at, 1);
      at += r;
    }
    store<u32>(cursor, <u32>(at - end));
  }
  return phase;
}

/** A prime q below 2^16 is no multiple of another, and k = 0 is no candidate. */
function mendStart(offset: u32, length: i32): void {
  if (qHigh > 0 || qLow >= 65536) return;
  for (let i = 0; i < length; i++) {
    const q = qLow + twoP * <u64>(<u32>i * 4 + offset);
    if (q >= 65536) return;
    store<u8>(sieve + i, load<u8>(isPrime + <usize>q) ? 0 : load<u8>(sieve + i));
    if (q == 1) store<u8>(sieve + i, 1);
  }
}

/** Appends the offsets of what is left to `list`. */
function collect(listed: i32, length: i32, first: u32): i32 {
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
  loadCandidates(from);
  for (let j: usize = 0; j < GROUP; j++) openVector(state + j * STRIDE, lanes + (j << 6));
  if (byDivision) startByDivision();
  else for (let j: usize = 0; j < GROUP; j++) startByDoubling(state + j * STRIDE);
  const rest = <i32>exponent - 84;
  for (let bit = ladderBits - 1; bit >= 0; bit--) {
    const twice = (rest >> bit) & 1;
    for (let j: usize = 0; j < GROUP; j++) square(state + j * STRIDE);
    if (twice) for (let j: usize = 0; j < GROUP; j++) double(state + j * STRIDE);
  }
  for (let j = 0; j < <i32>GROUP; j++) closeVector(state + <usize>j * STRIDE, from + (<usize>j << 4), count - j * 4);
}

/** q = qUnit + 2p·offset in three digits of 28 bits, lane by lane. */
function loadCandidates(from: usize): void {
  for (let i: usize = 0; i < <usize>BATCH; i++) {
    const offset = load<u32>(from + (i << 2));
    const low = qLow + twoP * <u64>offset; // below 2^56 + 2^54
    const at = lanes + ((i >> 2) << 6) + ((i & 3) << 2);
    store<u32>(at, <u32>low & M28);
    store<u32>(at, <u32>(low >> 28) & M28, 16);
    store<u32>(at, <u32>(low >> 56) + qHigh, 32);
    store<u32>(at, <u32>kUnit + offset, 48);
  }
}

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

// @ts-ignore: decorator
@inline
function digit(limbs: v128): v128 {
  return v128.or(v128.and(limbs, i32x4.splat(0x3fff)), v128.and(i32x4.shr_u(limbs, 2), i32x4.splat(0x0fffc000)));
}

function openVector(at: usize, from: usize): void {
  const d0 = v128.load(from), d1 = v128.load(from, 16), d2 = v128.load(from, 32);
  v128.store(at, d0, DIGITS);
  v128.store(at, d1, DIGITS + 16);
  v128.store(at, d2, DIGITS + 32);
  v128.store(at, v128.load(from, 48), KLO);
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

/**
 * x = 2^E − (⌊2^E/q⌋ − 1 or so)·q mod 2^84, where E ≥ 84. The f64 quotient is below 2^51 and
 * off by less than 1 before truncation, so that x lies in [0, 3q).
 */
function startByDivision(): void {
  const power = reinterpret<f64>(<u64>(1023 + startExponent) << 52);
  for (let i: usize = 0; i < <usize>BATCH; i++) {
    const at = state + (i >> 2) * STRIDE + ((i & 3) << 2);
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

// @ts-ignore: decorator
@inline
function pair(digit: u32): u32 {
  return (digit & 0x3fff) | ((digit << 2) & 0x3fff0000);
}

/** x = 2^startExponent mod q, by doubling 2^firstPower ≤ q. Only for small q or p. */
function startByDoubling(at: usize): void {
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

let r0: v128 = i32x4.splat(0);
let r1: v128 = i32x4.splat(0);
let r2: v128 = i32x4.splat(0);

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
function square(at: usize): void {
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
function double(at: usize): void {
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

/** Makes four residues canonical and adds them to the unit's sums; only the first `count` lanes are real. */
function closeVector(at: usize, offsets: usize, count: i32): void {
  if (count <= 0) return;
  subtractOnce(at, digit(v128.load(at, X)), digit(v128.load(at, X + 16)), digit(v128.load(at, X + 32)), 1);
  subtractOnce(at, r0, r1, r2, 0);
  const w0 = v128.or(r0, i32x4.shl(r1, 28));
  const w1 = v128.or(i32x4.shr_u(r1, 4), i32x4.shl(r2, 24));
  const w2 = i32x4.shr_u(r2, 8);
  const real = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count));
  addMix(w0, w1, w2, v128.load(at, KLO), real);
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
  const list = outputAt + 16;
  if (at == FACTORS_MAX) {
    if (load<u64>(list + (<usize>(at - 1) << 3)) < k) return;
    at--;
  }
  for (; at > 0 && load<u64>(list + (<usize>(at - 1) << 3)) > k; at--) {
    store<u64>(list + (<usize>at << 3), load<u64>(list + (<usize>(at - 1) << 3)));
  }
  store<u64>(list + (<usize>at << 3), k);
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
