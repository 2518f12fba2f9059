/** One open glass: what is looked at, which chunk is chosen, what is known of both; gestures and keys move it. */
import { chunkAt, closer, layOf, moved, showing, wholeOf } from './glance.ts';
import type { Glance } from './glance.ts';
import { listen } from './gestures.ts';
import { Looker } from './looker.ts';
import { Pages } from './pages.ts';

/** Where a chunk stands, as far as a coordinator tells it: docs/SPEC.md, section 2. */
export type State = 'free' | 'leased' | 'committed' | 'final';

/** What is seen, for words and tables. A new one whenever anything of it may be another. */
export interface Look {
  /** The chunks in view, [from, to), and how many of them one stitch is. */
  readonly from: number;
  readonly to: number;
  readonly each: number;
  readonly chosen: number;
  /** Where the chosen chunk stands; null until it is known. */
  readonly state: State | null;
  /** It was computed here. */
  readonly here: boolean;
  /** The chunks in view at the end of the last move: what a screen reader is told. */
  readonly told: readonly [number, number] | null;
  readonly unanswered: boolean;
  stateOf(chunk: number): State | null;
  sharesOf(from: number, to: number): Readonly<Record<State, number>> | null;
}

export interface GlassParts {
  readonly job: string;
  readonly chunks: number;
  readonly dye: string;
  readonly mine: ReadonlySet<number>;
  readonly overview: () => Uint8Array;
  readonly whole: (count: number) => string;
}

export interface Glass {
  readonly chosen: number;
  /** Looks closer (2) or from further away (½), around the chosen chunk. */
  step(factor: number): void;
  choose(chunk: number): void;
  /** What a key does; false where it does nothing. In the field for a number only + and − do. */
  key(key: string, inNumber: boolean): boolean;
  /** The job's counts have moved. */
  jobMoved(still: boolean): void;
  close(): void;
}

const paceMs = 2_000;
const stillMs = 30_000;
const toldMs = 700;
/** The first look from close by shows about so many chunks. */
const spanFirst = 600;

export function openGlass(
  canvas: HTMLCanvasElement,
  parts: GlassParts,
  chunk: number,
  see: (look: Look) => void,
): Glass {
  const ink = canvas.getContext('2d');
  if (ink === null) throw new Error('this canvas cannot be drawn on');
  return new Opened(canvas, ink, parts, chunk, see);
}

class Opened implements Glass {
  readonly #parts: GlassParts;
  readonly #pages: Pages;
  readonly #looker: Looker;
  readonly #see: (look: Look) => void;
  readonly #leave: () => void;
  #glance: Glance;
  #chosen: number;
  /** The state of the chosen chunk where stitches stand for several: asked for by itself. */
  #single: { readonly chunk: number; readonly state: State } | null = null;
  #told: readonly [number, number] | null = null;
  #telling: ReturnType<typeof setTimeout> | null = null;
  #outdating: ReturnType<typeof setTimeout> | null = null;
  #outdatedAt = 0;
  #seeing = false;

  constructor(
    canvas: HTMLCanvasElement,
    ink: CanvasRenderingContext2D,
    parts: GlassParts,
    chunk: number,
    see: (look: Look) => void,
  ) {
    this.#parts = parts;
    this.#see = see;
    this.#chosen = chunk;
    this.#glance = wholeOf(parts.chunks);
    this.#pages = new Pages(
      parts.chunks,
      (from, to, bins) => this.#ask(from, to, bins),
      parts.overview,
      () => {
        this.#looker.draw();
        this.#say();
      },
    );
    this.#looker = new Looker(canvas, ink, { ...parts, pages: this.#pages }, this.#glance);
    const { frame } = this.#looker;
    const factor = Math.max(2, parts.chunks / spanFirst);
    this.#turn(showing(closer(this.#glance, factor, frame, chunk), chunk, frame), true);
    const size = new ResizeObserver(() => this.#looker.fit());
    size.observe(canvas);
    const themes = ['(prefers-color-scheme: dark)', '(forced-colors: active)'].map((query) =>
      matchMedia(query),
    );
    const fit = (): void => this.#looker.fit();
    for (const theme of themes) theme.addEventListener('change', fit);
    const deaf = listen(canvas, {
      drag: (pixels) => {
        const { frame: now, lay } = this.#looker;
        this.#turn(moved(this.#glance, -pixels / lay.height, now), false);
      },
      scale: (by, x, y) => this.#scale(by, chunkAt(this.#looker.lay, x, y), false),
      point: (x, y) => this.choose(chunkAt(this.#looker.lay, x, y)),
      enter: (x, y) => void this.#scale(4, chunkAt(this.#looker.lay, x, y), true),
    });
    this.#leave = () => {
      deaf();
      size.disconnect();
      for (const theme of themes) theme.removeEventListener('change', fit);
    };
  }

  get chosen(): number {
    return this.#chosen;
  }

  readonly close = (): void => {
    this.#leave();
    this.#looker.close();
    for (const timer of [this.#telling, this.#outdating]) if (timer !== null) clearTimeout(timer);
  };

  step(factor: number): void {
    this.#scale(factor, this.#chosen, true);
  }

  choose(chunk: number): void {
    this.#chosen = Math.max(0, Math.min(this.#parts.chunks - 1, chunk));
    this.#turn(showing(this.#glance, this.#chosen, this.#looker.frame), false);
  }

  key(key: string, inNumber: boolean): boolean {
    if (key === '+' || key === '=') this.step(2);
    else if (key === '-' || key === '−') this.step(0.5);
    else {
      const by = inNumber ? null : this.#strideOf(key);
      if (by === null) return false;
      this.choose(this.#chosen + by);
    }
    return true;
  }

  /** How many chunks a key goes: one stitch, one row, or all that is in view. */
  #strideOf(key: string): number | null {
    const { each, columns, rows } = this.#looker.lay;
    const row = each * columns;
    const strides: Readonly<Record<string, number>> = {
      ArrowLeft: -each,
      ArrowRight: each,
      ArrowUp: -row,
      ArrowDown: row,
      PageUp: -row * rows,
      PageDown: row * rows,
      Home: -this.#parts.chunks,
      End: this.#parts.chunks,
    };
    return strides[key] ?? null;
  }

  jobMoved(still: boolean): void {
    const waitMs = this.#outdatedAt + (still ? stillMs : paceMs) - Date.now();
    this.#outdating ??= setTimeout(
      () => {
        this.#outdating = null;
        this.#outdatedAt = Date.now();
        this.#single = null;
        this.#pages.outdate();
        void this.#lookUp();
      },
      Math.max(0, waitMs),
    );
  }

  #scale(factor: number, chunk: number, gently: boolean): boolean {
    const next = closer(this.#glance, factor, this.#looker.frame, chunk);
    if (next.span === this.#glance.span) return false;
    this.#turn(next, gently);
    return true;
  }

  #turn(glance: Glance, gently: boolean): void {
    this.#glance = glance;
    this.#looker.show(glance, this.#chosen, gently);
    const { each, from, to } = this.#looker.lay;
    this.#pages.want(each, from, to);
    if (this.#telling !== null) clearTimeout(this.#telling);
    this.#telling = setTimeout(() => {
      this.#told = [from, to];
      this.#say();
    }, toldMs);
    void this.#lookUp();
    this.#say();
  }

  /** Where stitches stand for several chunks, the chosen one is asked for by itself. */
  async #lookUp(): Promise<void> {
    const chunk = this.#chosen;
    if (this.#pages.knows(chunk) || this.#single?.chunk === chunk) return;
    // Not for every chunk that a slider passes over.
    await new Promise((later) => setTimeout(later, 150));
    if (chunk !== this.#chosen) return;
    try {
      const bytes = await this.#ask(chunk, chunk + 1, 1);
      if (chunk !== this.#chosen) return;
      this.#single = { chunk, state: stateOf(bytes[0] ?? 0, bytes[1] ?? 0, bytes[2] ?? 0) };
      this.#say();
    } catch {
      // The words go on saying that it is being looked up; the job's next step asks again.
    }
  }

  async #ask(from: number, to: number, bins: number): Promise<Uint8Array> {
    const response = await fetch(`/api/jobs/${this.#parts.job}/cloth?bins=${bins}&from=${from}&to=${to}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (!response.ok || bytes.length !== bins * 3) throw new Error('no cloth came');
    return bytes;
  }

  /** Tells the page once a frame at most. */
  #say(): void {
    if (this.#seeing) return;
    this.#seeing = true;
    requestAnimationFrame(() => {
      this.#seeing = false;
      const { each, from, to } = layOf(this.#glance, this.#looker.frame);
      this.#see({
        from,
        to,
        each,
        chosen: this.#chosen,
        state: this.#stateOf(this.#chosen),
        here: this.#parts.mine.has(this.#chosen),
        told: this.#told,
        unanswered: this.#pages.failed,
        stateOf: (chunk) => this.#stateOf(chunk),
        sharesOf: (first, end) => this.#sharesOf(first, end, each),
      });
    });
  }

  #stateOf(chunk: number): State | null {
    if (this.#pages.knows(chunk)) {
      const { leased, committed, final } = this.#pages.standing(1, chunk) ?? {
        leased: 0,
        committed: 0,
        final: 0,
      };
      return stateOf(leased, committed, final);
    }
    return this.#single?.chunk === chunk ? this.#single.state : null;
  }

  #sharesOf(from: number, to: number, each: number): Readonly<Record<State, number>> | null {
    const sums = { free: 0, leased: 0, committed: 0, final: 0 };
    let count = 0;
    for (let chunk = Math.floor(from / each) * each; chunk < to; chunk += each) {
      const standing = this.#pages.standing(each, chunk);
      if (standing === null) return null;
      sums.leased += standing.leased;
      sums.committed += standing.committed;
      sums.final += standing.final;
      count++;
    }
    const share = (sum: number): number => sum / Math.max(1, count);
    const [leased, committed, final] = [share(sums.leased), share(sums.committed), share(sums.final)];
    return { free: Math.max(0, 1 - leased - committed - final), leased, committed, final };
  }
}

function stateOf(leased: number, committed: number, final: number): State {
  if (final > 0) return 'final';
  if (committed > 0) return 'committed';
  return leased > 0 ? 'leased' : 'free';
}
