/** Loads the small WebAssembly module that hashes four short messages side by side (`sha256x4.as.ts`), with a memory for each of its users. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** What it exports: addresses are of its memory, whose free part begins at `room()`. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  room(): number;
  outputMax(prefixBytes: number): number;
  firstWrong(
    prefix: number,
    prefixBytes: number,
    unitHigh: number,
    unitLow: number,
    count: number,
    lengths: number,
    outputs: number,
    digests: number,
    width: number,
  ): number;
  digests(count: number, lengths: number, at: number, out: number): void;
  levels(count: number, at: number): number;
  hex(bytes: number, count: number, out: number): void;
}

/** An instance of the module, its memory as bytes and as little-endian words, and where the free part of that begins. */
export interface FourAtOnce {
  readonly wasm: Exports;
  readonly bytes: Buffer<ArrayBuffer>;
  readonly words: Uint32Array<ArrayBuffer>;
  readonly room: number;
}

const file = join(resolve(import.meta.dirname, '../..'), 'build/coordinator/sha256x4.wasm');
let compiled: WebAssembly.Module | null | undefined;

/** One more instance; null where the module is not built: then the platform hashes. */
export function fourAtOnce(): FourAtOnce | null {
  if (compiled === undefined) {
    const bytes = builtModule();
    compiled = bytes === null ? null : new WebAssembly.Module(bytes);
  }
  return compiled === null ? null : instanceOf(compiled);
}

function instanceOf(module: WebAssembly.Module): FourAtOnce {
  const wasm = new WebAssembly.Instance(module).exports as unknown as Exports;
  const memory = wasm.memory.buffer;
  return { wasm, bytes: Buffer.from(memory), words: new Uint32Array(memory), room: wasm.room() };
}

function builtModule(): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(readFileSync(file));
  } catch {
    return null;
  }
}
