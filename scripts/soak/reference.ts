/** Node's side of a soak: computes units by a kernel's ABI alone, in a thread, and shares no code with the volunteer's engines that it is to judge. */
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

/** Units of one job. */
export interface Question {
  readonly job: string;
  readonly wasm: Uint8Array;
  readonly input: Uint8Array;
  readonly unitFrom: number;
  readonly units: number;
}

type Answer = { readonly outputs: Uint8Array[] } | { readonly failed: string };

/** The ABI of src/kernels/kernel.ts. */
interface KernelExports {
  readonly memory: WebAssembly.Memory;
  input(length: number): number;
  prepare(): number;
  run(unit: bigint): number;
  output(): number;
}

/** A thread that answers one question at a time. */
export class Reference {
  readonly #thread = new Worker(new URL(import.meta.url));

  /** Each unit's output. Rejects where the kernel gives none: then the question was wrong. */
  outputs(question: Question): Promise<Uint8Array[]> {
    return new Promise((resolve, reject) => {
      const leave = (): void => void this.#thread.off('message', hear).off('error', end);
      const end = (error: unknown): void => {
        leave();
        reject(error instanceof Error ? error : new Error(String(error)));
      };
      const hear = (answer: Answer): void => {
        if ('failed' in answer) return end(`Node computes no ${question.job}: ${answer.failed}`);
        leave();
        resolve(answer.outputs);
      };
      this.#thread.on('message', hear).on('error', end);
      this.#thread.postMessage(question);
    });
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
  }
}

let ready: { readonly job: string; readonly exports: KernelExports } | null = null;

function prepared({ job, wasm, input }: Question): KernelExports {
  if (ready?.job === job) return ready.exports;
  const module = new WebAssembly.Module(Uint8Array.from(wasm));
  // The catalogue's modules were checked when they were built; their exports are what the ABI says.
  const exports = new WebAssembly.Instance(module, {}).exports as unknown as KernelExports;
  new Uint8Array(exports.memory.buffer).set(input, exports.input(input.length));
  const code = exports.prepare();
  if (code !== 0) throw new Error(`the kernel refuses the input with code ${code}`);
  ready = { job, exports };
  return exports;
}

function answerTo(question: Question): Answer {
  try {
    const exports = prepared(question);
    const outputs = Array.from({ length: question.units }, (_, i) => {
      const length = exports.run(BigInt(question.unitFrom + i));
      if (length < 0) throw new Error(`unit ${question.unitFrom + i} traps with code ${length}`);
      return new Uint8Array(exports.memory.buffer).slice(exports.output(), exports.output() + length);
    });
    return { outputs };
  } catch (error) {
    return { failed: String(error) };
  }
}

if (!isMainThread)
  parentPort?.on('message', (question: Question) => parentPort?.postMessage(answerTo(question)));
