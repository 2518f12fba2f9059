/**
 * One of the tribunal's two processes: computes the units it is sent with whichever compiler its command line left to V8,
 * answers once and ends. It computes in a thread, so that its main thread hears when the coordinator is gone and ends an endless unit with it.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** What a process is asked: these units, in this order. */
export interface TribunalWork {
  readonly wasm: Uint8Array;
  readonly input: Uint8Array;
  readonly units: readonly number[];
}

/** What a kernel has to say about one unit: its output, or how it refuses to have one. Both are its meaning and are compared. */
export type UnitAnswer = Uint8Array | { readonly trap: string };

/** `failed` is about the surroundings (memory, stack) or a module that is no kernel: never a kernel's answer. */
export type TribunalAnswer = { readonly answers: readonly UnitAnswer[] } | { readonly failed: string };

/** Together the outputs may have so many bytes: sixteen times what a volunteer may send in one frame. */
const outputBytesMax = 64 * 1024 * 1024;

/** The ABI of src/kernels/kernel.ts. */
interface KernelExports {
  readonly memory: WebAssembly.Memory;
  input(length: number): number;
  prepare(): number;
  run(unit: bigint): number;
  output(): number;
}

class Trap extends Error {
  override name = 'Trap';
}

function prepared(module: WebAssembly.Module, input: Uint8Array): KernelExports {
  // Every call of an export that is missing or no function fails with a TypeError, which is a failure and no answer.
  const exports = new WebAssembly.Instance(module, {}).exports as unknown as KernelExports;
  const at = exports.input(input.length) >>> 0;
  if (at === 0) throw new Trap('the input is too long for the kernel');
  const memory = new Uint8Array(exports.memory.buffer);
  if (at + input.length > memory.length) throw new Trap('the kernel wants its input outside its memory');
  memory.set(input, at);
  const code = exports.prepare();
  if (code !== 0) throw new Trap(`the kernel refuses the input with code ${code}`);
  return exports;
}

function outputOf(exports: KernelExports, unit: number): Uint8Array {
  const length = exports.run(BigInt(unit));
  if (length < 0) throw new Trap(`it traps with code ${length}`);
  const at = exports.output() >>> 0;
  const memory = new Uint8Array(exports.memory.buffer);
  if (at + length > memory.length) throw new Trap('its output lies outside its memory');
  return memory.slice(at, at + length);
}

/** Computes them; after a trap with a fresh instance, since the old one's insides are in no known state. */
function compute({ wasm, input, units }: TribunalWork): readonly UnitAnswer[] {
  const module = new WebAssembly.Module(Uint8Array.from(wasm));
  let exports: KernelExports | null = null;
  let bytes = 0;
  return units.map((unit) => {
    try {
      exports ??= prepared(module, input);
      const output = outputOf(exports, unit);
      bytes += output.length;
      if (bytes > outputBytesMax)
        throw new RangeError(`the outputs have more than ${outputBytesMax} bytes together`);
      return output;
    } catch (error) {
      exports = null;
      // A RangeError is the stack or the memory of this process, which two compilers use differently.
      if (error instanceof Trap || error instanceof WebAssembly.RuntimeError) return { trap: error.message };
      throw error;
    }
  });
}

function answered(work: TribunalWork): TribunalAnswer {
  try {
    return { answers: compute(work) };
  } catch (error) {
    return { failed: String(error) };
  }
}

/** The main thread: one question, one answer, and no life without the coordinator. */
function keep(): void {
  process.once('disconnect', () => process.exit(1));
  process.once('message', (work: TribunalWork) => {
    const thread = new Worker(new URL(import.meta.url), { workerData: work });
    const answer = (given: TribunalAnswer): void => void process.send?.(given);
    thread.once('message', answer);
    thread.once('error', (error) => answer({ failed: String(error) }));
  });
}

if (isMainThread) keep();
else parentPort?.postMessage(answered(workerData as TribunalWork));
