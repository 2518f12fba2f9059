/**
 * An allowance that time refills (a token bucket): how much somebody may do that costs the house more than them.
 * Time is looked at only when it seems used up, so that counting costs a subtraction; after a rest up to twice the
 * most may therefore be had at once.
 */
export class Allowance {
  readonly #most: number;
  readonly #perMs: number;
  #left: number;
  #at = 0;

  /** At most so much at once, and so much more each second. */
  constructor(most: number, perSecond: number) {
    this.#most = most;
    this.#perMs = perSecond / 1_000;
    this.#left = most;
  }

  /** Takes so much when it is there; false, and nothing taken, when it is not. `at` in milliseconds; it may go back. */
  take(amount: number, at: number): boolean {
    if (this.#left < amount) this.#refill(at);
    if (this.#left < amount) return false;
    this.#left -= amount;
    return true;
  }

  /** Takes so much in any case. Says how much is owed then; 0 when it was there. */
  owe(amount: number, at: number): number {
    this.#left -= amount;
    if (this.#left >= 0) return 0;
    this.#refill(at);
    return Math.max(0, -this.#left);
  }

  /** How long until so much that is owed is refilled. */
  msFor(amount: number): number {
    return Math.ceil(amount / this.#perMs);
  }

  #refill(at: number): void {
    this.#left = Math.min(this.#most, this.#left + Math.max(0, at - this.#at) * this.#perMs);
    this.#at = at;
  }
}
