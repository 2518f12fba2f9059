/** Time, weather and dice of a small world: everything follows from one seed. */

/** How bad the weather is: chances per occasion. */
export interface Weather {
  readonly breakSocket: number;
  readonly double: number;
  readonly reorder: number;
  readonly loseWorker: number;
  readonly trap: number;
  readonly environment: number;
  readonly storeFull: number;
  /** Chance per second of a whim: pause, resume, finish, settings, reload, offline. */
  readonly whim: number;
}

export const calm: Weather = {
  breakSocket: 0,
  double: 0,
  reorder: 0,
  loseWorker: 0,
  trap: 0,
  environment: 0,
  storeFull: 0,
  whim: 0,
};

/** mulberry32. */
export function dice(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A clock that jumps from one thing that happens to the next. */
export class Time {
  readonly faults: string[] = [];
  weather: Weather;
  at = 1_700_000_000_000;
  readonly random: () => number;
  readonly #queue: { at: number; order: number; act: () => void }[] = [];
  #order = 0;

  constructor(seed: number, weather: Weather) {
    this.random = dice(seed);
    this.weather = weather;
  }

  chance(p: number): boolean {
    return p > 0 && this.random() < p;
  }

  between(from: number, to: number): number {
    return from + Math.floor(this.random() * (to - from));
  }

  after(ms: number, act: () => void): void {
    this.#queue.push({ at: this.at + ms, order: this.#order++, act });
  }

  /** Runs until nothing is left to happen or the time is over. */
  run(forMs: number): void {
    const until = this.at + forMs;
    for (;;) {
      let next = -1;
      for (let i = 0; i < this.#queue.length; i++) {
        const a = this.#queue[i];
        const b = this.#queue[next];
        if (a !== undefined && (b === undefined || a.at < b.at || (a.at === b.at && a.order < b.order)))
          next = i;
      }
      const due = this.#queue[next];
      if (due === undefined || due.at > until) break;
      this.#queue.splice(next, 1);
      this.at = Math.max(this.at, due.at);
      due.act();
    }
    this.at = until;
  }
}
