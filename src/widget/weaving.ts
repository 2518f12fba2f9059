/** Keeps the band true while it works: the chunks around our own last ones, as the coordinator weaves them, ours shining. */
import type { VolunteerView } from '../volunteer/store.ts';
import type { EmbedFacts } from '../wire/views.ts';
import { columns } from './band.ts';
import type { Band } from './band.ts';

/** How often it is asked for while it is seen and works. */
const everyMs = 3_000;

export class Weaving {
  readonly #weave: Band;
  readonly #view: () => VolunteerView | null;
  /** How many chunks a job has. */
  readonly #chunks = new Map<string, number>();

  /** `view`: what is at work now; null while nothing is. */
  constructor(weave: Band, { job }: EmbedFacts, view: () => VolunteerView | null) {
    this.#weave = weave;
    this.#view = view;
    if (job !== null) this.#chunks.set(job.job, job.chunks);
  }

  begin(signal: AbortSignal): void {
    const again = setInterval(() => void this.#paint(), everyMs);
    signal.addEventListener('abort', () => clearInterval(again));
    void this.#paint();
  }

  async #paint(): Promise<void> {
    const view = this.#view();
    const last = view?.stitches.at(-1);
    if (view === null || last === undefined || document.visibilityState === 'hidden') return;
    try {
      const chunks = await this.#chunksOf(last.job);
      const bins = Math.min(columns, chunks);
      const from = Math.max(0, Math.min(chunks - bins, last.chunk - Math.floor(bins * 0.75)));
      const path = `/api/jobs/${last.job}/cloth?bins=${bins}&from=${from}&to=${from + bins}`;
      const answer = await fetch(path);
      if (!answer.ok) return;
      const mine = view.stitches.filter(
        ({ job, state }) => job === last.job && state !== 'leased' && state !== 'lost',
      );
      this.#weave.show(
        [...new Uint8Array(await answer.arrayBuffer())],
        new Set(mine.map(({ chunk }) => chunk - from)),
      );
    } catch {
      // The coordinator does not answer; the line above says so, and the band stays as it was.
    }
  }

  async #chunksOf(job: string): Promise<number> {
    const known = this.#chunks.get(job);
    if (known !== undefined) return known;
    const view: unknown = await (await fetch(`/api/jobs/${job}`)).json();
    const chunks = typeof view === 'object' && view !== null && 'chunks' in view ? Number(view.chunks) : 0;
    this.#chunks.set(job, chunks);
    return chunks;
  }
}
