/**
 * Keccak-256 for epochs by a small WebAssembly module (`keccak.as.ts`), several times as fast as JavaScript’s; longer messages, and a
 * checkout whose module is not built, go to noble's.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { keccak_256 as slowly } from '@noble/hashes/sha3.js';
import type { Keccak } from '../core/epoch.ts';

interface Exports {
  readonly memory: WebAssembly.Memory;
  room(): number;
  hash(length: number): void;
}

const file = join(resolve(import.meta.dirname, '../..'), 'build/coordinator/keccak.wasm');
/** What fits into one block. */
const lengthMax = 135;

/** `wasm`: the module's bytes; null: there are none. */
export function keccakOf(wasm: Uint8Array<ArrayBuffer> | null): Keccak {
  if (wasm === null) return slowly;
  const { memory, room, hash } = new WebAssembly.Instance(new WebAssembly.Module(wasm))
    .exports as unknown as Exports;
  const at = room();
  const bytes = new Uint8Array(memory.buffer);
  return (message) => {
    if (message.length > lengthMax) return slowly(message);
    bytes.set(message, at);
    hash(message.length);
    return bytes.slice(at, at + 32);
  };
}

function builtModule(): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(readFileSync(file));
  } catch {
    return null;
  }
}

export const keccak: Keccak = keccakOf(builtModule());
