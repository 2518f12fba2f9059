/** Knows how a job's chunks stand, as far as they were looked at: asks the coordinator page by page, one question at a time. */
import { stitchesMax } from './glance.ts';

/** Some consecutive bins of equal size, and what became of them. */
interface Page {
  /** Three bytes a bin: shares leased, committed, final. */
  readonly shares: Uint8Array;
  /** Bins that are not what they were before `at`. */
  readonly fresh: Uint8Array | null;
  readonly at: number;
}

/** What is known of one stitch: shares 0 … 1, and when it last changed (null: long ago). */
export interface Standing {
  readonly leased: number;
  readonly committed: number;
  readonly final: number;
  readonly changedAt: number | null;
}

/** Asks for the bins of the chunks [from, to); throws when there is no answer. */
export type Ask = (from: number, to: number, bins: number) => Promise<Uint8Array>;

const pagesMax = 64;

export class Pages {
  readonly #chunks: number;
  readonly #ask: Ask;
  readonly #changed: () => void;
  /** What the whole cloth shows, bin by bin: good enough until an exact answer has come. */
  readonly #overview: () => Uint8Array;
  readonly #pages = new Map<string, Page>();
  #stale = new Set<string>();
  #busy = false;
  #wanted: readonly [each: number, page: number][] = [];
  /** The last question had no answer. */
  failed = false;

  constructor(chunks: number, ask: Ask, overview: () => Uint8Array, changed: () => void) {
    this.#chunks = chunks;
    this.#ask = ask;
    this.#overview = overview;
    this.#changed = changed;
  }

  /** Says what is in sight: what is missing of it, or out of date, is asked for. */
  want(each: number, from: number, to: number): void {
    const size = each * stitchesMax;
    const wanted: [number, number][] = [];
    for (let page = Math.floor(from / size); page * size < to; page++) wanted.push([each, page]);
    this.#wanted = wanted;
    void this.#next();
  }

  /** The job has moved on: what is in sight is asked for again. What is shown stays until then. */
  outdate(): void {
    this.#stale = new Set(this.#pages.keys());
    void this.#next();
  }

  /** How the stitch of `each` chunks that begins with a chunk stands; null where nothing is known yet. */
  standing(each: number, chunk: number): Standing | null {
    const size = each * stitchesMax;
    const number = Math.floor(chunk / size);
    const page = this.#pages.get(`${each} ${number}`);
    if (page === undefined) return this.#roughly(chunk);
    const bin = Math.floor((chunk - number * size) / each);
    return { ...sharesAt(page.shares, bin), changedAt: page.fresh?.[bin] === 1 ? page.at : null };
  }

  /** Whether single chunks are known here, not only the shares of several. */
  knows(chunk: number): boolean {
    return this.#pages.has(`1 ${Math.floor(chunk / stitchesMax)}`);
  }

  #roughly(chunk: number): Standing | null {
    const shares = this.#overview();
    const bins = shares.length / 3;
    if (bins === 0) return null;
    return { ...sharesAt(shares, Math.floor((chunk * bins) / this.#chunks)), changedAt: null };
  }

  async #next(): Promise<void> {
    const missing = this.#wanted.find(([each, page]) => {
      const key = `${each} ${page}`;
      return this.#stale.has(key) || !this.#pages.has(key);
    });
    if (this.#busy || missing === undefined) return;
    this.#busy = true;
    const [each, number] = missing;
    const from = number * each * stitchesMax;
    const to = Math.min(this.#chunks, from + each * stitchesMax);
    try {
      const shares = await this.#ask(from, to, Math.ceil((to - from) / each));
      this.#keep(`${each} ${number}`, shares);
      this.failed = false;
    } catch {
      // Asked for again with the next look or the job's next step, so that a lost line is not hammered.
      this.failed = true;
    }
    this.#busy = false;
    this.#changed();
    if (!this.failed) await this.#next();
  }

  #keep(key: string, shares: Uint8Array): void {
    const before = this.#pages.get(key);
    const fresh = before?.shares.length === shares.length ? changesOf(before.shares, shares) : null;
    this.#stale.delete(key);
    this.#pages.delete(key);
    this.#pages.set(key, { shares, fresh, at: performance.now() });
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size <= pagesMax) break;
      this.#pages.delete(oldest);
    }
  }
}

function sharesAt(shares: Uint8Array, bin: number): { leased: number; committed: number; final: number } {
  const share = (k: number): number => (shares[bin * 3 + k] ?? 0) / 255;
  return { leased: share(0), committed: share(1), final: share(2) };
}

function changesOf(before: Uint8Array, after: Uint8Array): Uint8Array {
  const changed = new Uint8Array(after.length / 3);
  for (let i = 0; i < after.length; i++) if (before[i] !== after[i]) changed[Math.floor(i / 3)] = 1;
  return changed;
}
