/**
 * One thread of the operator's anchor: computes units with a kernel's WebAssembly reference and rests in between,
 * so that it never takes more than its share of a core. It speaks only to `anchor.ts`, which started it.
 */
import { parentPort } from 'node:worker_threads';
import { setTimeout as sleep } from 'node:timers/promises';

/** What the thread is asked to compute. */
export interface AnchorWork {
  readonly kernel: string;
  readonly wasm: Uint8Array;
  readonly input: Uint8Array;
  /** Digest of the input: the same kernel and input need not be prepared again. */
  readonly inputDigest: string;
  /** Numbers of units in the job. */
  readonly units: readonly number[];
  /** Share of a core, 0 … 1. */
  readonly share: number;
}

/** What came of it. Time spent computing the units, and on getting kernel and input ready before; rests not counted. */
export type AnchorAnswer =
  | { readonly outputs: Uint8Array[]; readonly busyMs: number; readonly prepareMs: number }
  | { readonly failed: string };

/** The ABI of src/kernels/kernel.ts. */
interface KernelExports {
  readonly memory: WebAssembly.Memory;
  input(length: number): number;
  prepare(): number;
  run(unit: bigint): number;
  output(): number;
}

let ready: { key: string; exports: KernelExports } | null = null;

function prepared({ kernel, wasm, input, inputDigest }: AnchorWork): KernelExports {
  const key = `${kernel} ${inputDigest}`;
  if (ready?.key === key) return ready.exports;
  const instance = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(wasm)), {});
  // The catalogue's modules were checked when they were built; their exports are what the ABI says.
  const exports = instance.exports as unknown as KernelExports;
  const at = exports.input(input.length);
  if (at === 0) throw new Error('the input is too long for the kernel');
  new Uint8Array(exports.memory.buffer).set(input, at);
  const code = exports.prepare();
  if (code !== 0) throw new Error(`the kernel refuses the input with code ${code}`);
  ready = { key, exports };
  return exports;
}

async function compute(work: AnchorWork): Promise<AnchorAnswer> {
  const rest = (workedMs: number): Promise<void> => sleep(workedMs * (1 / work.share - 1));
  const outputs: Uint8Array[] = [];
  let busyMs = 0;
  const start = performance.now();
  const exports = prepared(work);
  const prepareMs = performance.now() - start;
  await rest(prepareMs);
  for (const unit of work.units) {
    const began = performance.now();
    const length = exports.run(BigInt(unit));
    if (length < 0) throw new Error(`unit ${unit} traps with code ${length}`);
    const at = exports.output();
    outputs.push(new Uint8Array(exports.memory.buffer).slice(at, at + length));
    const took = performance.now() - began;
    busyMs += took;
    await rest(took);
  }
  return { outputs, busyMs, prepareMs };
}

parentPort?.on('message', (work: AnchorWork) => {
  compute(work).then(
    (answer) => parentPort?.postMessage(answer),
    (error: unknown) => {
      ready = null;
      parentPort?.postMessage({ failed: String(error) } satisfies AnchorAnswer);
    },
  );
});
