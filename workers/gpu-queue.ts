/** Says when a GPU may be given more: it should always have the next submission before it, and never much beyond that. */

/** So many submissions may always be in flight: one is computed, the next is there. */
const inFlightMin = 2;
/** And up to so many while they are short, since word that one is done may take as long as it did … */
export const inFlightMax = 8;
/** … that is, while the last one was through within so many ms of being handed over. */
const tripMsMax = 40;

export class GpuQueue {
  #flying = 0;
  #tripMs = Number.POSITIVE_INFINITY;
  readonly #waiting: (() => void)[] = [];

  /** Waits for room. Whoever was given it says `done`. */
  room(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#next();
    });
  }

  /** A submission is through, `tripMs` after it was handed over; null when it came to nothing. */
  done(tripMs: number | null): void {
    this.#flying--;
    if (tripMs !== null) this.#tripMs = tripMs;
    this.#next();
  }

  #next(): void {
    const most = this.#tripMs <= tripMsMax ? inFlightMax : inFlightMin;
    while (this.#flying < most) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#flying++;
      next();
    }
  }
}
