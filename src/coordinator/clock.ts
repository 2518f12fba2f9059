/**
 * The rules' time: the clock's, and never back. Where the clock was put back, time goes on from where it stood at
 * the pace of the monotonic clock, so that leases still run out and nobody waits for an hour that was lived twice.
 */
export class SteadyClock {
  readonly #now: () => number;
  /** While the clock is behind what the log has seen: since when, by the monotonic clock. */
  #stood: { readonly at: number; readonly monotonic: number } | null = null;

  /** `now`: milliseconds since 1970, as the machine's clock tells them. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The time, never before `seen`: what the log has seen. */
  at(seen: number): number {
    const now = this.#now();
    const monotonic = performance.now();
    if (now >= seen) this.#stood = null;
    else this.#stood ??= { at: seen, monotonic };
    const stood = this.#stood;
    return stood === null ? now : Math.max(seen, stood.at + Math.floor(monotonic - stood.monotonic));
  }
}
