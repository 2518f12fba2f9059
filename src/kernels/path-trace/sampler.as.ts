/**
 * Gives each (seed, pixel, sample, dimension) its two random numbers: pure functions, no state to carry over.
 *
 * The first dimensions are a Sobol' (0,2)-sequence, shuffled and Owen-scrambled per pixel and dimension by
 * hashing (B. Burley, "Practical Hash-based Owen Scrambling", JCGT 9(4), 2020), so that a pixel's samples are
 * spread evenly over all batches. The later ones are plain hashes.
 */

/** Dimensions below this one are stratified. */
const STRATIFIED: u32 = 10;

/** The last pair drawn by `pair`, each in [0, 1) and a multiple of 2^-24. */
export let u0: f32 = 0;
export let u1: f32 = 0;

let key: u32 = 0;
let index: u32 = 0;
let indexReversed: u32 = 0;

/** Chooses whose numbers `pair` gives from now on. */
export function choose(seed: u32, pixel: u32, sample: u32): void {
  key = mix(mix(pixel + 0x9e3779b9) ^ seed);
  index = sample;
  indexReversed = reverse(sample);
}

/** Draws the pair of dimension `dim` into `u0`, `u1`. */
export function pair(dim: u32): void {
  const k = mix(key + dim * 0x9e3779b9);
  if (dim < STRATIFIED) {
    const shuffled = reverse(scramble(indexReversed, k));
    u0 = unit(reverse(scramble(shuffled, mix(k ^ 0x68bc21eb))));
    u1 = unit(reverse(scramble(pascal(shuffled), mix(k ^ 0x02e5be93))));
  } else {
    const a = mix(k ^ mix(index));
    u0 = unit(a);
    u1 = unit(mix(a + 0x9e3779b9));
  }
}

/** A 32-bit integer hash ("lowbias32" of C. Wellons' hash prospector). */
// @ts-ignore: decorator
@inline
export function mix(h: u32): u32 {
  let x = h;
  x ^= x >> 16;
  x *= 0x7feb352d;
  x ^= x >> 15;
  x *= 0x846ca68b;
  x ^= x >> 16;
  return x;
}

/** Owen scrambling of a bit-reversed number (Laine and Karras' hash with Burley's constants). */
// @ts-ignore: decorator
@inline
function scramble(v: u32, seed: u32): u32 {
  let x = v + seed;
  x ^= x * 0x6c50b47c;
  x ^= x * 0xb82f1e52;
  x ^= x * 0xc7afe638;
  x ^= x * 0x8d22f6e6;
  return x;
}

/** The second Sobol' dimension of `s`, bit-reversed: Pascal's triangle modulo 2, in five steps. */
// @ts-ignore: decorator
@inline
function pascal(s: u32): u32 {
  let x = s;
  x ^= (x & 0xaaaaaaaa) >> 1;
  x ^= (x & 0xcccccccc) >> 2;
  x ^= (x & 0xf0f0f0f0) >> 4;
  x ^= (x & 0xff00ff00) >> 8;
  x ^= (x & 0xffff0000) >> 16;
  return x;
}

// @ts-ignore: decorator
@inline
function reverse(v: u32): u32 {
  let x = v;
  x = ((x >> 1) & 0x55555555) | ((x & 0x55555555) << 1);
  x = ((x >> 2) & 0x33333333) | ((x & 0x33333333) << 2);
  x = ((x >> 4) & 0x0f0f0f0f) | ((x & 0x0f0f0f0f) << 4);
  x = ((x >> 8) & 0x00ff00ff) | ((x & 0x00ff00ff) << 8);
  return (x >> 16) | (x << 16);
}

// @ts-ignore: decorator
@inline
function unit(x: u32): f32 {
  return <f32>(<i32>(x >> 8)) * <f32>5.9604644775390625e-8;
}
