/** Computes some units of a finished job again, from the coordinator's public blobs, and compares them with its results. */
import { hash } from 'node:crypto';
import { exposure } from '../../src/coordinator/results.ts';
import { kernelOf } from '../../src/kernels/catalogue.ts';
import { develop, emptyPicture, mergeTile } from '../../src/kernels/path-trace/index.ts';
import type { JobView } from '../../src/wire/views.ts';

/** The ABI of src/kernels/kernel.ts. */
interface KernelExports {
  readonly memory: WebAssembly.Memory;
  input(length: number): number;
  prepare(): number;
  run(unit: bigint): number;
  output(): number;
}

/** `results.bin` of a finished job, unit by unit. Throws when it does not hold exactly the job's units. */
async function resultsOf(url: string, { job, units }: JobView): Promise<Uint8Array[]> {
  const results = outputsOf(
    new Uint8Array(await (await fetch(`${url}/api/jobs/${job}/results.bin`)).arrayBuffer()),
  );
  if (results.length !== units) throw new Error(`${job} has ${results.length} results for ${units} units`);
  return results;
}

/** The picture that a job's results come to, put together and developed here: 8-bit RGBA, row by row. */
export async function developedHere(url: string, job: JobView): Promise<Uint8ClampedArray> {
  const picture = emptyPicture(await blob(url, job.input));
  for (const [unit, output] of (await resultsOf(url, job)).entries()) mergeTile(picture, unit, output);
  return develop(picture, { exposure });
}

/** Which of the units that were tried have another result than the reference gives. */
export interface Recomputed {
  readonly units: number;
  readonly wrong: readonly number[];
}

/** Fetches a blob and holds it to its name. */
async function blob(url: string, digest: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(await (await fetch(`${url}/blobs/${digest}`)).arrayBuffer());
  if (hash('sha256', bytes) !== digest) throw new Error(`blob ${digest} has other bytes than its name says`);
  return bytes;
}

/** `results.bin`: every unit's output in order, each after its length (u32, big-endian). */
function outputsOf(results: Uint8Array): Uint8Array[] {
  const view = new DataView(results.buffer, results.byteOffset, results.byteLength);
  const outputs: Uint8Array[] = [];
  for (let at = 0; at < results.length;) {
    const length = view.getUint32(at);
    outputs.push(results.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return outputs;
}

/** Tries `count` units spread over the job. Throws when the results do not hold exactly the job's units. */
export async function recomputeSome(url: string, job: JobView, count: number): Promise<Recomputed> {
  const [wasm, input] = await Promise.all([blob(url, job.wasm), blob(url, job.input)]);
  const results = await resultsOf(url, job);
  const { instance } = await WebAssembly.instantiate(wasm, {});
  const kernel = instance.exports as unknown as KernelExports;
  new Uint8Array(kernel.memory.buffer).set(input, kernel.input(input.length));
  if (kernel.prepare() !== 0) throw new Error(`${job.kernel} refuses the input of ${job.job}`);
  // A graphics processor's answer may stand where the kernel allows it to differ a little.
  const agree = job.agreement === 'tolerance' ? kernelOf(job.kernel)?.agree : undefined;
  const agrees = (unit: number, reference: Uint8Array, result: Uint8Array): boolean =>
    Buffer.compare(reference, result) === 0 || agree?.(input, unit, reference, result).agree === true;
  const wrong: number[] = [];
  for (let i = 0; i < count; i++) {
    const unit = Math.floor(((i + 0.5) / count) * job.units);
    const length = kernel.run(BigInt(unit));
    const bytes = new Uint8Array(kernel.memory.buffer, kernel.output(), Math.max(0, length));
    if (length < 0 || !agrees(unit, bytes, results[unit] as Uint8Array)) wrong.push(unit);
  }
  return { units: count, wrong };
}
