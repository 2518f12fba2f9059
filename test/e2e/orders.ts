/** Jobs for stories: small and real, with chunks of a wanted length, and their answers computed here without any browser. */
import { readFileSync } from 'node:fs';
import { compileMix } from '../kernels/fixtures/compile.ts';
import { mix, mixInput } from '../kernels/fixtures/mix.ts';
import { served, shelfOf } from '../../src/coordinator/kernels.ts';
import type { Shelf } from '../../src/coordinator/kernels.ts';
import { kernelOf } from '../../src/kernels/catalogue.ts';
import { encodeInput, mersenneTf } from '../../src/kernels/mersenne-tf/index.ts';
import { demoScene } from '../../src/kernels/path-trace/demo.ts';
import { encodeInput as encodeScene, pathTrace } from '../../src/kernels/path-trace/index.ts';
import type { Order } from './house.ts';

/** 8604892794012093487 divides 2^332198467 − 1; this is its k in q = 2kp + 1. */
const exponent = 332_198_467;
const factor = 8_604_892_794_012_093_487n;
const k = (factor - 1n) / (2n * BigInt(exponent));

/** Trial factoring around a known factor: so many chunks, each of about so much time of the reference core. */
export function factoring(chunks: number, chunkMs: number, kPerUnit = 1 << 18): Order {
  const from = (k / 4n) * 4n - BigInt(kPerUnit) * 4n;
  const one = mersenneTf.unitCostMicro(encodeInput({ exponent, kFrom: from, kPerUnit, units: 1 }));
  const unitsPerChunk = Math.max(1, Math.round((chunkMs * 1000) / one));
  const input = encodeInput({ exponent, kFrom: from, kPerUnit, units: chunks * unitsPerChunk });
  return { kernel: mersenneTf.id, input, unitsPerChunk, title: 'Factors for a story' };
}

/** What the report of such a job must say. */
export const factorFound = `${factor}`;

/** A picture of the bunny, in chunks of about so much time of the reference core. */
export function picture(width: number, height: number, batches: number, chunkMs: number): Order {
  const input = encodeScene(demoScene(width, height, 128, batches));
  const unitsPerChunk = Math.max(1, Math.round((chunkMs * 1000) / pathTrace.unitCostMicro(input)));
  return { kernel: pathTrace.id, input, unitsPerChunk, title: 'A picture for a story' };
}

/** Work for the test kernel whose units from `endlessFrom` on never end. One unit makes a chunk. */
export function endless(units: number, endlessFrom: number): Order {
  const input = mixInput({ seed: units, rounds: 2_000, values: 500, mode: 'endless', modeFrom: endlessFrom });
  return { kernel: mix.id, input, unitsPerChunk: 1, title: 'A program that does not end' };
}

const kernelsDir = new URL('../../build/kernels/', import.meta.url).pathname;

/** The catalogue as built, and the test kernel beside it with so many units. */
export async function shelfWithMix(units: number): Promise<Shelf> {
  const shelf = shelfOf(kernelsDir, kernelOf);
  return new Map(shelf).set(
    mix.id,
    served({ ...mix, units: () => units, unitCostMicro: () => 2_000 }, await compileMix('mix'), null),
  );
}

/** The ABI of src/kernels/kernel.ts. */
interface KernelExports {
  readonly memory: WebAssembly.Memory;
  input(length: number): number;
  prepare(): number;
  run(unit: bigint): number;
  output(): number;
}

/** Every unit's output as this Node computes it, each after its length (u32, big-endian), as `results.bin` has them. */
export function answersOf({ kernel, input }: Order, units: number): Buffer {
  const module = new WebAssembly.Module(readFileSync(`${kernelsDir}${kernel}/reference.wasm`));
  // The catalogue's modules were checked when they were built.
  const exports = new WebAssembly.Instance(module).exports as unknown as KernelExports;
  new Uint8Array(exports.memory.buffer).set(input, exports.input(input.length));
  if (exports.prepare() !== 0) throw new Error(`${kernel} refuses its input`);
  const parts: Uint8Array[] = [];
  for (let unit = 0; unit < units; unit++) {
    const length = exports.run(BigInt(unit));
    const head = Buffer.alloc(4);
    head.writeUInt32BE(length);
    parts.push(head, new Uint8Array(exports.memory.buffer, exports.output(), length).slice());
  }
  return Buffer.concat(parts);
}
