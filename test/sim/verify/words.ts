/** Fast uniform words for tens of millions of chunks: the dice of the house, a word at a time. */
import { dice, sfc32 } from '../random.ts';

/** A stream of throws. */
export interface Words {
  /** `count` uniform 32-bit words; the same array each time. */
  take(count: number): ArrayLike<number>;
  /** A number in [0, 1). */
  unit(): number;
  /** A whole number in [0, below). */
  below(below: number): number;
  /** Exponentially distributed with mean 1: von Neumann's game of 1951, which needs comparisons only. */
  exponential(): number;
}

export function wordsOf(seed: number): Words {
  const seeds = dice(seed);
  const word = sfc32(seeds.below(4_294_967_296), seeds.below(4_294_967_296), seeds.below(4_294_967_296));
  const buffer = new Uint32Array(512);
  const unit = (): number => word() / 4_294_967_296;
  return {
    take(count) {
      for (let i = 0; i < count; i++) buffer[i] = word();
      return buffer;
    },
    unit,
    below: (below) => Math.floor(unit() * below),
    exponential() {
      for (let whole = 0; ; whole++) {
        const first = unit();
        let last = first;
        let runs = 1;
        for (let next = unit(); next < last; next = unit()) {
          last = next;
          runs++;
        }
        if (runs % 2 === 1) return whole + first;
      }
    },
  };
}
