/** Runs the built WebAssembly reference of `path-trace@1` through its ABI, for tests and the benchmark. */
import { readFileSync } from 'node:fs';
import { encodeInput } from '../../src/kernels/path-trace/index.ts';
import type { Scene } from '../../src/kernels/path-trace/index.ts';

/** What the ABI (src/kernels/kernel.ts) exports. */
export interface AbiExports {
  readonly memory: WebAssembly.Memory;
  abi(): number;
  input(length: number): number;
  prepare(): number;
  run(unit: bigint): number;
  output(): number;
}

const wasmFile = new URL('../../build/kernels/path-trace@1/reference.wasm', import.meta.url);

let compiled: WebAssembly.Module | undefined;

/** A fresh instance of the module that `node scripts/build-kernels.mjs` built. */
export function freshExports(): AbiExports {
  compiled ??= new WebAssembly.Module(readFileSync(wasmFile));
  // The one decoding edge: what the module exports is checked by scripts/build-kernels.mjs.
  return new WebAssembly.Instance(compiled).exports as unknown as AbiExports;
}

/** The code that `prepare` gives for this input; 0 = ready, -1 = no room was reserved. */
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

/** The same for a scene. */
export function openScene(scene: Scene): { readonly input: Uint8Array; run(unit: number): Uint8Array } {
  const input = encodeInput(scene);
  return { input, run: openReference(input).run };
}
