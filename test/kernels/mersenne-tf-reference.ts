/** Runs the built WebAssembly reference of `mersenne-tf@1` through its ABI, for tests and the benchmark. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What the ABI (src/kernels/kernel.ts) exports. */
export interface AbiExports {
  readonly memory: WebAssembly.Memory;
  abi(): number;
  input(length: number): number;
  prepare(): number;
  run(unit: bigint): number;
  output(): number;
}

const wasmFile = new URL('../../build/kernels/mersenne-tf@1/reference.wasm', import.meta.url);
const buildScript = new URL('../../scripts/build-kernels.mjs', import.meta.url).pathname;

let compiled: WebAssembly.Module | undefined;

/** The module, built from today's sources and compiled once. Throws the build's words when it differs from the lock. */
export function referenceModule(): WebAssembly.Module {
  if (compiled === undefined) {
    execFileSync(process.execPath, [buildScript, '--only', 'mersenne-tf'], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    compiled = new WebAssembly.Module(readFileSync(wasmFile));
  }
  return compiled;
}

/** A fresh instance, nothing written to it. */
export function freshExports(): AbiExports {
  // The one decoding edge: what the module exports is checked by scripts/build-kernels.mjs.
  return new WebAssembly.Instance(referenceModule()).exports as unknown as AbiExports;
}

/** The code that `prepare` gives for this input; 0 = ready. */
export function prepareCode(exports: AbiExports, input: Uint8Array): number {
  const at = exports.input(input.length);
  if (at === 0) return -1;
  new Uint8Array(exports.memory.buffer).set(input, at);
  return exports.prepare();
}

/** An instance ready for one input. Throws when the input is bad. */
export function openReference(input: Uint8Array): { run(unit: number): Uint8Array } {
  const exports = freshExports();
  const code = prepareCode(exports, input);
  if (code !== 0) throw new Error(`prepare says ${code}`);
  return {
    run(unit) {
      const length = exports.run(BigInt(unit));
      if (length < 0) throw new Error(`run says ${length}`);
      return new Uint8Array(exports.memory.buffer, exports.output(), length).slice();
    },
  };
}
