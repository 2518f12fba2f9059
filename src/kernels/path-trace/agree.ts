/** When a GPU's tile agrees with the reference's: most values equal but for rounding, few far off, the mean right. */
import type { Agreement } from '../kernel.ts';
import { FIXED_ONE, decodeHead, decodeOutput } from './codec.ts';

/**
 * A GPU follows the same paths, so rounding alone moves a value by some 10^-5 of itself. Now and then it makes a path
 * take another turn, which moves one pixel by far more. Measured shares and margins: docs/kernels/path-trace.md.
 */
export const TOLERANCE = {
  /** A value is close when it differs by at most this share of the reference … */
  close: 0.001,
  /** … and wild when it differs by more than this share. */
  wild: 0.02,
  /** Both grow by a tenth of the share in radiance, so that black pixels are not compared with zero. */
  darkest: 0.1,
  closeMissesMax: 0.5,
  wildMax: 0.1,
  /** Relative error of the tile's mean, for units of 64 samples and more; with fewer it grows as 1/√samples. */
  meanErrorMax: 0.004,
  meanSamples: 64,
} as const;

/** Compares two tiles of sums; `outlierShare` counts the values that are not close. */
export function agree(input: Uint8Array, _unit: number, reference: Uint8Array, other: Uint8Array): Agreement {
  const samples = decodeHead(input).samplesPerUnit;
  const a = decodeOutput(reference);
  const b = decodeOutput(other);
  const floor = TOLERANCE.darkest * samples * FIXED_ONE;
  let outliers = 0;
  let wild = 0;
  let sumA = 0;
  let sumB = 0;
  a.forEach((value, i) => {
    const given = b[i] ?? 0;
    const off = Math.abs(given - value) / (value + floor);
    if (off > TOLERANCE.close) outliers++;
    if (off > TOLERANCE.wild) wild++;
    sumA += value;
    sumB += given;
  });
  const meanError = Math.abs(sumB - sumA) / Math.max(sumA, 1);
  const meanErrorMax = TOLERANCE.meanErrorMax * Math.max(1, Math.sqrt(TOLERANCE.meanSamples / samples));
  const few = outliers <= TOLERANCE.closeMissesMax * a.length && wild <= TOLERANCE.wildMax * a.length;
  return { agree: few && meanError <= meanErrorMax, outlierShare: outliers / a.length, meanError };
}
