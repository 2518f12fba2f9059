/** When a GPU's tile agrees with the reference's: most values equal but for rounding, few far off, the mean right. */
import type { Agreement } from '../kernel.ts';
import { FIXED_ONE, RADIANCE_MAX, decodeHead, decodeOutput } from './codec.ts';

/**
 * A GPU follows the same paths, so rounding alone moves a value by some 10^-5 of itself. Now and then it makes a path
 * take another turn, which moves one pixel by far more. Measured shares and margins: docs/kernels/path-trace.md.
 */
export const TOLERANCE = {
  /**
   * Steps: at most the share `missesMax` of the values may differ by more than the share `within` of the reference.
   * The first two catch other random numbers, the third pixels that were spoilt or left out.
   */
  steps: [
    { within: 0.001, missesMax: 0.6 },
    { within: 0.004, missesMax: 0.3 },
    { within: 0.02, missesMax: 0.05 },
  ],
  /** `within` holds for this many samples and more; with fewer it grows as 1/√samples, as the picture's noise does. */
  samples: 384,
  /** Radiance of a sample below which a value is compared as if it were this bright: black is not divided by. */
  darkest: 0.1,
  /** Relative error of the tile's mean, beside the light of a single path that goes elsewhere. */
  meanErrorMax: 0.004,
} as const;

/** Compares two tiles of sums; `outlierShare` counts the values that miss the first step. */
export function agree(input: Uint8Array, _unit: number, reference: Uint8Array, other: Uint8Array): Agreement {
  const samples = decodeHead(input).samplesPerUnit;
  const a = decodeOutput(reference);
  const b = decodeOutput(other);
  const darkest = TOLERANCE.darkest * samples * FIXED_ONE;
  const off = Float64Array.from(a, (value, i) => Math.abs((b[i] ?? 0) - value) / Math.max(value, darkest));
  const scale = Math.max(1, Math.sqrt(TOLERANCE.samples / samples));
  const missed = (within: number): number =>
    off.reduce((n, by) => n + (by > within * scale ? 1 : 0), 0) / off.length;
  const few = TOLERANCE.steps.every(({ within, missesMax }) => missed(within) <= missesMax);
  const sumA = a.reduce((sum, value) => sum + value, 0);
  const sumB = b.reduce((sum, value) => sum + value, 0);
  const difference = Math.abs(sumB - sumA);
  const onePath = 3 * RADIANCE_MAX * FIXED_ONE;
  return {
    agree: few && difference <= TOLERANCE.meanErrorMax * sumA + onePath,
    outlierShare: missed(TOLERANCE.steps[0].within),
    meanError: difference / Math.max(sumA, darkest),
  };
}
