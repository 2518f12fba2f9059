/** When a GPU's tile agrees with the reference's: nearly every value close, and the mean closer still. */
import type { Agreement } from '../kernel.ts';
import { FIXED_ONE, decodeHead, decodeOutput } from './codec.ts';

/** Thresholds; where they come from is said in docs/kernels/path-trace.md. */
export const TOLERANCE = {
  /** A value may differ by this share of the reference … */
  relative: 0.004,
  /** … plus this radiance for each sample (half a step of an 8-bit picture's darkest grey). */
  absolute: 0.0005,
  /** Share of values that may lie outside. */
  outliersMax: 0.15,
  /** Relative error of the tile's mean over all channels. */
  meanErrorMax: 0.004,
} as const;

/** Compares two tiles of sums. */
export function agree(input: Uint8Array, _unit: number, reference: Uint8Array, other: Uint8Array): Agreement {
  const samples = decodeHead(input).samplesPerUnit;
  const a = decodeOutput(reference);
  const b = decodeOutput(other);
  const floor = TOLERANCE.absolute * samples * FIXED_ONE;
  let outliers = 0;
  let sumA = 0;
  let sumB = 0;
  a.forEach((value, i) => {
    const given = b[i] ?? 0;
    if (Math.abs(given - value) > TOLERANCE.relative * value + floor) outliers++;
    sumA += value;
    sumB += given;
  });
  const outlierShare = outliers / a.length;
  const meanError = Math.abs(sumB - sumA) / (sumA + floor);
  const agrees = outlierShare <= TOLERANCE.outliersMax && meanError <= TOLERANCE.meanErrorMax;
  return { agree: agrees, outlierShare, meanError };
}
