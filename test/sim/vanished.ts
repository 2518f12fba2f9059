/**
 * Follows the chunks that were held by those who vanish within one second, for `fleet.ts`: when each of them is settled, beside
 * the deadline of its own lease and the time that a lease takes.
 */
import type { Event, State } from '../../src/core/state.ts';

/** Within so many ms all of them are gone. */
export const vanishMs = 1_000;

export interface VanishedFigures {
  /** Chunks that they held without an answer. */
  readonly chunks: number;
  /** What was left of the longest of their leases, in ms. */
  readonly leftMs: number;
  /** The latest that one of these chunks was settled after its lease's deadline, in ms; Infinity = one never was. */
  readonly latestMs: number;
  /** The same by the time that its lease takes, or the one by which it was given out again where that takes longer. */
  readonly latestShare: number;
}

interface Held {
  readonly deadline: number;
  /** The time of its lease, or of a longer one by which it was given out again. */
  takesMs: number;
  settledAt: number;
}

const keyOf = (job: string, chunk: number): string => `${job}/${chunk}`;

export class Vanished {
  readonly #fromMs: number;
  readonly #grantedAt = new Map<number, number>();
  readonly #held = new Map<string, Held>();
  #leftMs = 0;

  /** Those are meant who go within a second after `fromMs`; null: nobody. */
  constructor(fromMs: number | null) {
    this.#fromMs = fromMs ?? Infinity;
  }

  /** Somebody has gone without a word. */
  gone({ leases, jobs }: State, device: string, at: number): void {
    if (at <= this.#fromMs || at > this.#fromMs + vanishMs) return;
    for (const { id, job, chunk: first, count, deadline, ...lease } of leases.values()) {
      if (lease.device !== device || lease.left === 0) continue;
      this.#leftMs = Math.max(this.#leftMs, deadline - at);
      for (let i = 0; i < count; i++) {
        const replicas = jobs.get(job)?.chunks.get(first + i)?.replicas;
        if (replicas?.find((one) => one.id === id + i)?.phase.is !== 'leased') continue;
        const key = keyOf(job, first + i);
        // Two who vanish may have held one chunk.
        if ((this.#held.get(key)?.deadline ?? 0) >= deadline) continue;
        const takesMs = deadline - (this.#grantedAt.get(id) ?? at);
        this.#held.set(key, { deadline, takesMs, settledAt: Infinity });
      }
    }
  }

  saw(event: Event, at: number): void {
    if (event.e === 'leased') {
      this.#grantedAt.set(event.lease, at);
      for (let i = 0; i < event.count && this.#held.size > 0; i++) {
        const held = this.#held.get(keyOf(event.job, event.chunk + i));
        if (held !== undefined) held.takesMs = Math.max(held.takesMs, event.deadline - at);
      }
    } else if (event.e === 'accepted') {
      const held = this.#held.get(keyOf(event.job, event.chunk));
      if (held !== undefined) held.settledAt = at;
    }
  }

  figures(): VanishedFigures {
    let [latestMs, latestShare] = [0, 0];
    for (const { deadline, takesMs, settledAt } of this.#held.values()) {
      latestMs = Math.max(latestMs, settledAt - deadline);
      latestShare = Math.max(latestShare, (settledAt - deadline) / takesMs);
    }
    return { chunks: this.#held.size, leftMs: this.#leftMs, latestMs, latestShare };
  }
}
