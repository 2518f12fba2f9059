/**
 * What had been claimed where an answer was found wrong, for whoever asks: looked up in the log once, one finding after the other,
 * and remembered, since looking may take seconds.
 */
import { limits } from '../wire/version.ts';
import { claimedOf } from './evidence.ts';
import type { Evidence } from './evidence.ts';
import type { House } from './house.ts';
import { StoreFault } from './log.ts';
import type { KeptObjection } from './side.ts';

/** People who wait for what was claimed, at once. */
export const claimsWaitingMax = 20;
/** Findings whose claims are remembered; the one that was looked up first makes room. */
const rememberedMax = 1_000;

export class Claims {
  readonly #house: Pick<House, 'log' | 'side' | 'views'>;
  readonly #known = new Map<string, Promise<readonly string[]>>();
  #last: Promise<unknown> = Promise.resolve();
  readonly #waiting = new Set<string>();

  constructor(house: Pick<House, 'log' | 'side' | 'views'>) {
    this.#house = house;
  }

  /** Answers somebody who has to wait for what was claimed; null where they wait already, or so many others do that they had better come again. */
  async among<T>(account: string, answer: () => Promise<T>): Promise<T | null> {
    if (this.#waiting.size >= claimsWaitingMax || this.#waiting.has(account)) return null;
    this.#waiting.add(account);
    try {
      return await answer();
    } finally {
      this.#waiting.delete(account);
    }
  }

  /** The digests that were claimed for the wrong units, in hex; null where the log does not say them. `kept`: the objection to it. */
  async of(evidence: Evidence, kept: KeptObjection | null): Promise<readonly string[] | null> {
    const claimed = kept?.claimed ?? (await this.#once(evidence));
    if (kept?.claimed === null) this.#keep(kept.id, claimed);
    return claimed.length === 0 ? null : claimed;
  }

  #once(evidence: Evidence): Promise<readonly string[]> {
    const { tick, found } = evidence;
    const key = [tick, found.device, found.job, found.chunk].join('/');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const looked = this.#last.then(() => this.#lookUp(evidence));
    // What could not be read is looked for again by who asks next.
    this.#last = looked.catch(() => this.#known.delete(key));
    this.#known.set(key, looked);
    const [oldest] = this.#known.keys();
    if (this.#known.size > rememberedMax && oldest !== undefined) this.#known.delete(oldest);
    return looked;
  }

  async #lookUp(evidence: Evidence): Promise<readonly string[]> {
    const { log, views } = this.#house;
    const job = views.job(evidence.found.job);
    if (job === null) return [];
    const from = evidence.found.chunk * job.unitsPerChunk;
    return claimedOf(log, evidence, from, limits.digestBytes[job.agreement]);
  }

  /** For the next start too. A full disk keeps nobody from reading. */
  #keep(id: number, claimed: readonly string[]): void {
    try {
      this.#house.side.keepClaimed(id, claimed);
    } catch (error) {
      if (!(error instanceof StoreFault)) throw error;
    }
  }
}
