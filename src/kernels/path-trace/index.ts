/**
 * The kernel path-trace@1: a physically based picture of a scene, one tile of 8 × 8 pixels and one batch of
 * samples a unit. See docs/kernels/path-trace.md.
 */
import type { Kernel } from '../kernel.ts';
import { agree } from './agree.ts';
import {
  OUTPUT_BYTES,
  RADIANCE_MAX,
  FIXED_ONE,
  TILE,
  checkInput,
  decodeHead,
  decodeOutput,
} from './codec.ts';
import { gpuProgram } from './gpu.ts';
import { vectors } from './vectors.ts';

export { decodeHead, decodeOutput, encodeInput, place, FIXED_ONE, OUTPUT_BYTES, TILE } from './codec.ts';
export type { Head, Material, Scene, Vec3 } from './codec.ts';
export { TOLERANCE } from './agree.ts';
export { develop, emptyPicture, mergeTile } from './image.ts';
export type { Development, Picture } from './image.ts';

/**
 * Microcredits for a sample of one pixel: measured on the demo scene with the reference core (bench/kernel-path-trace.ts
 * prints it). A bounce more or less is the requester's luck: the price is fixed before anybody computes.
 */
const microPerSample = 0.7;

export const pathTrace: Kernel = {
  id: 'path-trace@1',
  agreement: 'tolerance',
  checkInput,
  units: (input) => {
    const head = decodeHead(input);
    return (head.width / TILE) * (head.height / TILE) * head.batches;
  },
  unitCostMicro: (input) =>
    Math.max(1, Math.ceil(decodeHead(input).samplesPerUnit * TILE * TILE * microPerSample)),
  outputBytesMax: () => OUTPUT_BYTES,
  checkOutput: (input, _unit, output) => {
    if (output.length !== OUTPUT_BYTES) return `a tile has ${OUTPUT_BYTES} bytes, not ${output.length}`;
    const most = decodeHead(input).samplesPerUnit * RADIANCE_MAX * FIXED_ONE;
    return decodeOutput(output).some((sum) => sum > most)
      ? 'a sum is larger than its samples can add up to'
      : null;
  },
  agree,
  gpu: gpuProgram,
  vectors,
};
