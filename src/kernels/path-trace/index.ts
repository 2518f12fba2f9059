/**
 * The kernel path-trace@1: a physically based picture of a scene, one tile of 8 × 8 pixels and one batch of
 * samples a unit. See docs/kernels/path-trace.md.
 */
import type { Kernel } from '../kernel.ts';
import { agree } from './agree.ts';
import { OUTPUT_BYTES, TILE, checkInput, decodeHead, decodeOutput } from './codec.ts';
import { gpuProgram, sumMax } from './gpu.ts';
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

let known: { readonly input: Uint8Array; readonly most: number } | null = null;

/** What a sum can add up to, of a job's input that is asked about unit after unit. */
function mostOf(input: Uint8Array): number {
  if (known?.input !== input) known = { input, most: sumMax(decodeHead(input)) };
  return known.most;
}

let seen: { readonly bytes: Uint8Array; readonly words: Uint32Array } | null = null;

/** Many outputs as words, which are looked at one output after another; null where they do not lie so. */
function wordsOf(bytes: Uint8Array, from: number): Uint32Array | null {
  if (bytes.byteOffset % 4 !== 0 || from % 4 !== 0 || !isLittleEndian) return null;
  if (seen?.bytes !== bytes)
    seen = { bytes, words: new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2) };
  return seen.words;
}

const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

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
    const most = mostOf(input);
    return decodeOutput(output).some((sum) => sum > most)
      ? 'a sum is larger than its samples can add up to'
      : null;
  },
  isPlainOutput: (input, bytes, from, to) => {
    const words = to - from === OUTPUT_BYTES ? wordsOf(bytes, from) : null;
    if (words === null) return false;
    const most = mostOf(input);
    const first = from / 4;
    for (let i = first; i < first + OUTPUT_BYTES / 4; i++) if ((words[i] as number) > most) return false;
    return true;
  },
  agree,
  gpu: gpuProgram,
  vectors,
};
