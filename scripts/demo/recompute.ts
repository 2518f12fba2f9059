/** Computes some units of a finished job again, from the coordinator's public blobs, and compares them with its results. */
import { hash } from 'node:crypto';
import { kernelOf } from '../../src/kernels/catalogue.ts';
import type { JobView } from '../../src/wire/views.ts';

/** The ABI of src/kernels/kernel.ts. */
interface KernelExports {
  readonly memory: WebAssembly.Memory;
  input(length: number): number;
  prepare(): number;
  run(unit: bigint): number;
  output(): number;
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
  const results = outputsOf(
    new Uint8Array(await (await fetch(`${url}/api/jobs/${job.job}/results.bin`)).arrayBuffer()),
  );
  if (results.length !== job.units)
    throw new Error(`${job.job} has ${results.length} results for ${job.units} units`);
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
