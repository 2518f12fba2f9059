/** The coordinator's own randomness, for drawing which units are recomputed [AU1]: from the system, thrown in handfuls. */
import { randomFillSync } from 'node:crypto';

const poolWords = 16_384;

export class Entropy {
  readonly #pool = new Uint32Array(poolWords);
  #at = poolWords;

  /** So many uniform 32-bit words that nobody has seen. Valid until the next call. */
  words(count: number): Uint32Array {
    if (count > poolWords) return randomFillSync(new Uint32Array(count));
    if (this.#at + count > poolWords) {
      randomFillSync(this.#pool);
      this.#at = 0;
    }
    return this.#pool.subarray(this.#at, (this.#at += count));
  }
}
