/** When a GPU's tile agrees with the reference's: most values equal but for rounding, few far off, the mean right. */
import type { Agreement } from '../kernel.ts';
import { FIXED_ONE, decodeHead, decodeOutput } from './codec.ts';

/**
 * A GPU follows the same paths, so rounding alone moves a value by some 10^-5 of itself. Now and then it makes a path
 * take another turn, which moves one pixel by far more. Measured shares and margins: docs/kernels/path-trace.md.
 */
export const TOLERANCE = {
  /**
   * Steps: at most the share `missesMax` of the values may differ by more than the share `within` of the reference.
   * The first catches other random numbers, the second pixels that were left out, the third spoilt ones.
   */
  steps: [
    { within: 0.001, missesMax: 0.5 },
    { within: 0.004, missesMax: 0.2 },
    { within: 0.02, missesMax: 0.1 },
  ],
  /** Radiance of a sample below which a value is compared as if it were this bright: black is not divided by. */
  darkest: 0.1,
  /** Relative error of the tile's mean, for units of 64 samples and more; with fewer it grows as 1/√samples. */
  meanErrorMax: 0.004,
  meanSamples: 64,
} as const;

/** Compares two tiles of sums; `outlierShare` counts the values that miss the first step. */
export function agree(input: Uint8Array, _unit: number, reference: Uint8Array, other: Uint8Array): Agreement {
  const samples = decodeHead(input).samplesPerUnit;
  const a = decodeOutput(reference);
  const b = decodeOutput(other);
  const floor = TOLERANCE.darkest * samples * FIXED_ONE;
  const off = Float64Array.from(a, (value, i) => Math.abs((b[i] ?? 0) - value) / Math.max(value, floor));
  const sumA = a.reduce((sum, value) => sum + value, 0);
  const sumB = b.reduce((sum, value) => sum + value, 0);
  const meanError = Math.abs(sumB - sumA) / Math.max(sumA, floor);
  const meanErrorMax = TOLERANCE.meanErrorMax * Math.max(1, Math.sqrt(TOLERANCE.meanSamples / samples));
  const missed = (within: number): number =>
    off.reduce((count, by) => count + (by > within ? 1 : 0), 0) / off.length;
  const few = TOLERANCE.steps.every(({ within, missesMax }) => missed(within) <= missesMax);
  return {
    agree: few && meanError <= meanErrorMax,
    outlierShare: missed(TOLERANCE.steps[0].within),
    meanError,
  };
}
