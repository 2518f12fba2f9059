/**
 * Compares a chunk's outputs with their digests in one call of a small WebAssembly module (`sha256x4.as.ts`), which hashes
 * four units side by side. What it has no room for, or a checkout whose module is not built, goes to the platform's hash.
 */
import { firstWrongDigest } from './digests.ts';
import { fourAtOnce } from './sha256x4.ts';
import type { FourAtOnce } from './sha256x4.ts';

/** Short outputs are hashed faster side by side; long ones by the platform, which has instructions for it. */
const shortBytes = 64;
/** A prefix is a tag and a job's id: far shorter. */
const prefixRoom = 128;

export class UnitDigests {
  readonly #four: FourAtOnce | null;
  #job = '';
  #prefixBytes = 0;

  /** `four`: null: the platform hashes. */
  constructor(four: FourAtOnce | null = fourAtOnce()) {
    this.#four = four;
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
    const four = this.#four;
    const isShort = outputs.length <= shortBytes * lengths.length;
    if (four === null || !isShort || !this.#lay(four, job, lengths, outputs, digests))
      return firstWrongDigest(job, unitFrom, lengths, outputs, digests.toString('hex'), width);
    const lengthsAt = four.room + prefixRoom;
    const outputsAt = lengthsAt + 4 * lengths.length;
    const wrong = four.wasm.firstWrong(
      four.room,
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
    { wasm, bytes, words, room }: FourAtOnce,
    job: string,
    lengths: readonly number[],
    outputs: Uint8Array,
    digests: Uint8Array,
  ): boolean {
    if (job !== this.#job) {
      const prefix = Buffer.from(`talka/unit/1\0${job}\0`, 'latin1');
      if (prefix.length > prefixRoom) return false;
      bytes.set(prefix, room);
      this.#job = job;
      this.#prefixBytes = prefix.length;
    }
    const at = room + prefixRoom;
    const end = at + 4 * lengths.length + outputs.length + digests.length;
    if (end > bytes.length) return false;
    const longest = wasm.outputMax(this.#prefixBytes);
    for (let i = 0; i < lengths.length; i++) {
      const length = lengths[i] as number;
      if (length > longest) return false;
      words[at / 4 + i] = length;
    }
    bytes.set(outputs, at + 4 * lengths.length);
    bytes.set(digests, at + 4 * lengths.length + outputs.length);
    return true;
  }
}
