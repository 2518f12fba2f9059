/**
 * The coordinator's own randomness, for drawing which units are recomputed [AU1]: from the system, thrown in handfuls. It is
 * durable with the commitment it came with, as the units that were drawn, or not at all.
 */
import { randomFillSync } from 'node:crypto';
import { wordsForAny, wordsToClose } from '../core/audit.ts';
import type { Upkeep } from '../core/checking.ts';
import { isAudited } from '../core/job.ts';
import type { Command, State } from '../core/state.ts';

const poolWords = 16_384;
/** More than this are not copied. */
const fewMax = 64;

export class Drawing {
  readonly #pool = new Uint32Array(poolWords);
  #at = poolWords;
  /** For the few words of a commitment: a view of the pool for each would cost more than copying them. */
  #few = new Uint32Array(0);

  /** A commitment gets, in place, the randomness that it may be drawn from: it was made for this one decision. Every other command stays as it is. */
  withWords(state: State, command: Command): Command {
    if (command.c !== 'commit') return command;
    const lease = state.leases.get(state.replicas.get(command.replica) ?? -1);
    const spec = lease === undefined ? undefined : state.jobs.get(lease.job)?.spec;
    if (spec !== undefined && isAudited(spec))
      (command as { words?: ArrayLike<number> }).words = this.#fewWords(wordsForAny(spec.unitsPerChunk));
    return command;
  }

  /** As `#words`, always in the same place. */
  #fewWords(count: number): Uint32Array {
    if (count > fewMax) return this.#words(count);
    if (this.#few.length !== count) this.#few = new Uint32Array(count);
    const from = this.#next(count);
    for (let i = 0; i < count; i++) this.#few[i] = this.#pool[from + i] as number;
    return this.#few;
  }

  /** What is due, as a command. */
  commandOf(due: Upkeep): Command {
    return due.c === 'close' ? { ...due, words: this.#words(wordsToClose(due.units)) } : due;
  }

  /** So many uniform 32-bit words that nobody has seen. Valid until the next call. */
  #words(count: number): Uint32Array {
    if (count > poolWords) return randomFillSync(new Uint32Array(count));
    const from = this.#next(count);
    return this.#pool.subarray(from, from + count);
  }

  /** Where the next words of the pool begin, which nobody gets again. */
  #next(count: number): number {
    if (this.#at + count > poolWords) {
      randomFillSync(this.#pool);
      this.#at = 0;
    }
    const from = this.#at;
    this.#at += count;
    return from;
  }
}
