/**
 * Throws the dice of tests and of the simulator: the same seed gives the same throws in every engine
 * (32-bit integer arithmetic only; sfc32 of PractRand, seeded by splitmix32).
 */

/** A stream of throws. */
export interface Dice {
  /** A whole number in [0, below). */
  below(below: number): number;
  /** A whole number in [from, to]. */
  between(from: number, to: number): number;
  /** True with the given probability, in thousandths. */
  chance(perMille: number): boolean;
  /** One of a list that is not empty. */
  of<T>(list: readonly T[]): T;
  /** Another stream, which depends on this one's seed and the name only. */
  fork(name: string): Dice;
}

/** Mixes one 32-bit word (splitmix32's finaliser). */
function mix(word: number): number {
  let z = (word + 0x9e3779b9) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}

/** A 32-bit number for a text, the same everywhere. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash >>> 0);
}

/** The words of sfc32 from a state: uniform whole numbers below 2^32. */
export function sfc32(a: number, b: number, c: number): () => number {
  let counter = 1;
  return () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
}

/** A stream of throws for a seed. */
export function dice(seed: number): Dice {
  const a = mix(seed >>> 0);
  const b = mix(a ^ Math.floor(seed / 4_294_967_296));
  const word = sfc32(a, b, mix(b));
  for (let i = 0; i < 12; i++) word();
  const below = (bound: number): number => {
    if (bound <= 0x200000) return Math.floor((word() / 4_294_967_296) * bound);
    return Math.floor(((word() * 0x200000 + (word() >>> 11)) / 9_007_199_254_740_992) * bound);
  };
  return {
    below,
    between: (from, to) => from + below(to - from + 1),
    chance: (perMille) => below(1000) < perMille,
    of: <T>(list: readonly T[]): T => list[below(list.length)] as T,
    fork: (name) => dice(mix(seed ^ hashOf(name)) * 2_097_152 + (hashOf(`${name}'`) >>> 11)),
  };
}
