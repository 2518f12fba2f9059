/**
 * Real trial factoring jobs to show Talka with: exponents of numbers with 100 million digits, and ranges
 * in which a factor is known to lie, so that the job ends with a find.
 */
import { specForBits } from './input.ts';
import type { MersenneSpec } from './input.ts';

/** The one factor in each demonstration's range, known for years. */
export const demoFactors = { demo: 8604892794012093487n, seed: 377447611643870659897n } as const;

/**
 * `demo`: a third of a minute of the reference core; finds 8604892794012093487 | 2^332198467 − 1.
 * `seed`: about an hour and a quarter; finds 377447611643870659897 | 2^332193149 − 1.
 */
export function demoJob(size: 'demo' | 'seed'): MersenneSpec {
  return size === 'demo' ? specForBits(332198467, 62.6, 63) : specForBits(332193149, 67, 69);
}
