/** Keeps one canvas woven: fetches a job's bins when its counts have moved, paints them, and lets new stitches settle in. */
import type { JobView } from '../../wire/views.ts';
import type { Stitch } from '../../volunteer/store.ts';
import { dyeOf } from '../ornament.ts';
import { binAt, binOf, binsMax, layOut, middleOf, motifOf } from './layout.ts';
import { paintAll, paintBin, paletteOf } from './paint.ts';
import type { Cloth } from './paint.ts';

/** The bins are asked for no more often than this, and while the page is held still than that. */
const paceMs = 2_000;
const stillMs = 30_000;

export class Weaver {
  #canvas: HTMLCanvasElement | null = null;
  #job: JobView | null = null;
  #shares = new Uint8Array(0);
  #cloth: Cloth | null = null;
  readonly #mine = new Map<string, Set<number>>();
  readonly #mineChunks = new Map<string, Set<number>>();
  #seen = 0;
  #counts = '';
  #timer: ReturnType<typeof setTimeout> | null = null;
  #askedAt = 0;

  /** Takes a canvas; returns how to let go of it. */
  attach(canvas: HTMLCanvasElement): () => void {
    this.#canvas = canvas;
    const again = (): void => this.#paint();
    const size = new ResizeObserver(again);
    size.observe(canvas);
    const queries = [
      '(prefers-color-scheme: dark)',
      '(forced-colors: active)',
      '(prefers-contrast: more)',
    ].map((query) => matchMedia(query));
    for (const query of queries) query.addEventListener('change', again);
    return () => {
      size.disconnect();
      for (const query of queries) query.removeEventListener('change', again);
      if (this.#timer !== null) clearTimeout(this.#timer);
      this.#canvas = null;
    };
  }

  /** Follows a job; resolves to whether its cloth is drawn. */
  async show(job: JobView | null, still: boolean): Promise<boolean> {
    const changed = job?.job !== this.#job?.job;
    this.#job = job;
    if (changed) {
      this.#shares = new Uint8Array(0);
      this.#counts = '';
      // Chunks of this job that were verified while another one was on the loom.
      if (job !== null)
        for (const chunk of this.computedHere(job.job)) this.#mineOf(job.job).add(binOf(chunk, job.chunks));
      this.#paint();
    }
    if (job === null) return false;
    const counts = [job.job, job.leased, job.committed, job.accepted, job.final].join(' ');
    if (counts === this.#counts) return this.#shares.length > 0;
    const waitMs = changed ? 0 : this.#askedAt + (still ? stillMs : paceMs) - Date.now();
    if (waitMs > 0) {
      this.#timer ??= setTimeout(() => {
        this.#timer = null;
        void this.show(this.#job, still);
      }, waitMs);
      return this.#shares.length > 0;
    }
    this.#askedAt = Date.now();
    this.#counts = counts;
    await this.#ask(job);
    return this.#shares.length > 0;
  }

  /** The whole cloth as last told: three bytes a bin. */
  get shares(): Uint8Array {
    return this.#shares;
  }

  /** The chunks of a job that were computed here, this session, and are verified. */
  computedHere(job: string): ReadonlySet<number> {
    return setOf(this.#mineChunks, job);
  }

  /** The first chunk that is not verified, about: where the work is going on. */
  edge(): number {
    const bins = this.#shares.length / 3;
    let bin = 0;
    while (bin < bins && this.#shares[bin * 3 + 2] === 255) bin++;
    return this.#job === null || bin === bins ? 0 : Math.floor((bin * this.#job.chunks) / bins);
  }

  /** Where the canvas stands in the window. */
  box(): { readonly left: number; readonly top: number } {
    return this.#canvas?.getBoundingClientRect() ?? { left: 0, top: 0 };
  }

  /** The chunk under a point of the canvas: the first of its bin. */
  chunkAt(x: number, y: number): number {
    if (this.#cloth === null || this.#job === null) return 0;
    const { layout } = this.#cloth;
    return Math.floor((binAt(layout, x, y) * this.#job.chunks) / Math.max(1, layout.bins));
  }

  /** Hears of my own stitches: those that are final shine, new ones travel here from my machine. */
  stitches(stitches: readonly Stitch[]): void {
    const fresh = stitches.filter(({ at }) => at > this.#seen);
    const shining: number[] = [];
    for (const { job, chunk, state, at } of fresh) {
      this.#seen = Math.max(this.#seen, at);
      if (state !== 'final') continue;
      setOf(this.#mineChunks, job).add(chunk);
      if (this.#job === null || this.#job.job !== job) continue;
      const bin = binOf(chunk, this.#job.chunks);
      if (this.#mineOf(job).has(bin)) continue;
      this.#mineOf(job).add(bin);
      shining.push(bin);
    }
    this.#repaint(shining);
    const latest = fresh.findLast(({ job, state }) => job === this.#job?.job && state !== 'lost');
    if (latest !== undefined && this.#canvas !== null && this.#cloth !== null && this.#job !== null) {
      const bin = binOf(latest.chunk, this.#job.chunks);
      const at = middleOf(this.#cloth.layout, bin);
      const canvas = this.#canvas;
      void import('./travel.ts').then(({ travel }) => travel(canvas, at, latest));
    }
  }

  /** Hands the cloth out as a PNG file. */
  async keep(name: string): Promise<void> {
    const canvas = this.#canvas;
    if (canvas === null) return;
    const blob = await new Promise<Blob | null>((resolve) => {
      canvas.toBlob(resolve, 'image/png');
    });
    if (blob === null) return;
    const link = document.createElement('a');
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1_000);
  }

  async #ask(job: JobView): Promise<void> {
    const bins = Math.min(job.chunks, binsMax);
    try {
      const response = await fetch(`/api/jobs/${job.job}/cloth?bins=${bins}`);
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (!response.ok || bytes.length !== 3 * bins || this.#job?.job !== job.job) return;
      const before = this.#shares;
      this.#shares = bytes;
      if (before.length === bytes.length) void this.#settle(before);
      else this.#paint();
    } catch {
      // The counts are asked for again with the next pulse; the cloth of a moment ago is still true of then.
      this.#counts = '';
    }
  }

  /** Lets the bins that changed come in gently. */
  async #settle(before: Uint8Array): Promise<void> {
    const changed = [];
    for (let bin = 0; bin < this.#shares.length / 3; bin++) {
      if ([0, 1, 2].some((i) => before[bin * 3 + i] !== this.#shares[bin * 3 + i])) changed.push(bin);
    }
    const ink = this.#canvas?.getContext('2d') ?? null;
    if (changed.length === 0 || ink === null || this.#cloth === null || this.#canvas === null) return;
    this.#cloth = { ...this.#cloth, shares: this.#shares };
    const { settle } = await import('./travel.ts');
    settle(ink, this.#cloth, paletteOf(this.#canvas, this.#dye()), changed);
  }

  #mineOf(job: string): Set<number> {
    return setOf(this.#mine, job);
  }

  #repaint(bins: readonly number[]): void {
    const ink = this.#canvas?.getContext('2d') ?? null;
    if (bins.length === 0 || ink === null || this.#cloth === null || this.#canvas === null) return;
    const palette = paletteOf(this.#canvas, this.#dye());
    for (const bin of bins) paintBin(ink, this.#cloth, palette, bin, 1);
  }

  #dye(): string {
    return this.#job === null ? 'walnut' : dyeOf(this.#job.kernel);
  }

  #paint(): void {
    const canvas = this.#canvas;
    const ink = canvas?.getContext('2d') ?? null;
    if (canvas === null || ink === null) return;
    const { clientWidth: width, clientHeight: height } = canvas;
    if (width === 0 || height === 0) return;
    const scale = Math.min(3, window.devicePixelRatio);
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    ink.scale(scale, scale);
    const bins = this.#shares.length / 3;
    const job = this.#job?.job ?? '';
    this.#cloth = {
      layout: layOut(bins, width, height),
      shares: this.#shares,
      mine: this.#mineOf(job),
      motif: motifOf(job),
    };
    paintAll(ink, this.#cloth, paletteOf(canvas, this.#dye()));
  }
}

function setOf(sets: Map<string, Set<number>>, job: string): Set<number> {
  const found = sets.get(job) ?? new Set();
  sets.set(job, found);
  return found;
}
