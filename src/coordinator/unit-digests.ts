/**
 * Compares a chunk's outputs with their digests in one call of a small WebAssembly module (`sha256x4.as.ts`), which hashes
 * four units side by side. What it has no room for, or a checkout whose module is not built, goes to the platform's hash.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { firstWrongDigest } from './digests.ts';

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
}

const file = join(resolve(import.meta.dirname, '../..'), 'build/coordinator/sha256x4.wasm');
/** Short outputs are hashed faster side by side; long ones by the platform, which has instructions for it. */
const shortBytes = 64;
/** A prefix is a tag and a job's id: far shorter. */
const prefixRoom = 128;

export class UnitDigests {
  readonly #wasm: Exports | null;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #room: number;
  #job = '';
  #prefixBytes = 0;

  /** `wasm`: the module's bytes; null: there are none, and the platform hashes. */
  constructor(wasm: Uint8Array<ArrayBuffer> | null = builtModule()) {
    this.#wasm =
      wasm === null
        ? null
        : (new WebAssembly.Instance(new WebAssembly.Module(wasm)).exports as unknown as Exports);
    const memory = this.#wasm?.memory.buffer ?? new ArrayBuffer(0);
    this.#bytes = new Uint8Array(memory);
    this.#words = new Uint32Array(memory);
    this.#room = this.#wasm?.room() ?? 0;
  }

  /** The first unit whose output does not make its digest (`width` bytes each), or −1. */
  firstWrong(
    job: string,
    unitFrom: number,
    lengths: readonly number[],
    outputs: Uint8Array,
    digests: Buffer,
    width: number,
  ): number {
    const wasm = this.#wasm;
    const isShort = outputs.length <= shortBytes * lengths.length;
    if (wasm === null || !isShort || !this.#lay(wasm, job, lengths, outputs, digests))
      return firstWrongDigest(job, unitFrom, lengths, outputs, digests.toString('hex'), width);
    const lengthsAt = this.#room + prefixRoom;
    const outputsAt = lengthsAt + 4 * lengths.length;
    const wrong = wasm.firstWrong(
      this.#room,
      this.#prefixBytes,
      Math.floor(unitFrom / 2 ** 32),
      unitFrom % 2 ** 32,
      lengths.length,
      lengthsAt,
      outputsAt,
      outputsAt + outputs.length,
      width,
    );
    return wrong < 0 ? -1 : unitFrom + wrong;
  }

  /** Puts everything where the module finds it; false when it does not fit. */
  #lay(
    wasm: Exports,
    job: string,
    lengths: readonly number[],
    outputs: Uint8Array,
    digests: Uint8Array,
  ): boolean {
    if (job !== this.#job) {
      const prefix = Buffer.from(`talka/unit/1\0${job}\0`, 'latin1');
      if (prefix.length > prefixRoom) return false;
      this.#bytes.set(prefix, this.#room);
      this.#job = job;
      this.#prefixBytes = prefix.length;
    }
    const at = this.#room + prefixRoom;
    const end = at + 4 * lengths.length + outputs.length + digests.length;
    if (end > this.#bytes.length) return false;
    const longest = wasm.outputMax(this.#prefixBytes);
    for (let i = 0; i < lengths.length; i++) {
      const length = lengths[i] as number;
      if (length > longest) return false;
      this.#words[at / 4 + i] = length;
    }
    this.#bytes.set(outputs, at + 4 * lengths.length);
    this.#bytes.set(digests, at + 4 * lengths.length + outputs.length);
    return true;
  }
}

function builtModule(): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(readFileSync(file));
  } catch {
    return null;
  }
}
