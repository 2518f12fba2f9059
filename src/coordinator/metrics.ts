/** Counts what happens, for Prometheus, whose client is loaded a moment after the start: nobody who waits for a first lease needs it. */
import type { MetricsBoard, MetricsParts } from './metrics-board.ts';

/** What happens before then is kept, and counted afterwards. */
const loadedMs = 1_000;

export class Metrics {
  readonly #parts: MetricsParts;
  #board: MetricsBoard | null = null;
  #loading: Promise<MetricsBoard> | null = null;
  #before: ((board: MetricsBoard) => void)[] = [];

  /** `onFatal`: it could not be loaded, which is our own fault. */
  constructor(parts: MetricsParts, onFatal: (error: unknown) => void) {
    this.#parts = parts;
    parts.runtime.listeners.add(({ batch }) => this.#count((board) => board.tick(batch.events)));
    setTimeout(() => void this.#load().catch(onFatal), loadedMs).unref();
  }

  refused(reason: string): void {
    this.#count((board) => board.refused(reason));
  }

  async text(): Promise<string> {
    return (await this.#load()).text();
  }

  #count(what: (board: MetricsBoard) => void): void {
    if (this.#board === null) this.#before.push(what);
    else what(this.#board);
  }

  #load(): Promise<MetricsBoard> {
    this.#loading ??= import('./metrics-board.ts').then(({ MetricsBoard: Board }) => {
      const board = new Board(this.#parts);
      for (const count of this.#before.splice(0)) count(board);
      this.#board = board;
      return board;
    });
    return this.#loading;
  }
}
