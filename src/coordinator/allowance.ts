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

  /** What was taken and turned out to cost nobody anything may be taken again. */
  giveBack(amount: number): void {
    this.#left = Math.min(this.#most, this.#left + amount);
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

/**
 * One allowance for all, of which each one may have a part: whoever asks on and on keeps nobody else from asking. Who was not
 * heard of for longest is forgotten when there are too many, and has all of their part again.
 */
export class SharedAllowance {
  readonly #all: Allowance;
  readonly #part: readonly [most: number, perSecond: number];
  readonly #parts = new Map<string, Allowance>();

  /** At most so much at once, and so much more each second: together, and each. */
  constructor(together: readonly [number, number], each: readonly [number, number]) {
    this.#all = new Allowance(...together);
    this.#part = each;
  }

  /** As `Allowance.take`, for one of them. */
  take(whose: string, amount: number, at: number): boolean {
    const part = this.#parts.get(whose) ?? new Allowance(...this.#part);
    this.#parts.delete(whose);
    this.#parts.set(whose, part);
    for (const oldest of this.#parts.keys()) {
      if (this.#parts.size <= partsMax) break;
      this.#parts.delete(oldest);
    }
    return part.take(amount, at) && this.#all.take(amount, at);
  }
}

const partsMax = 4_096;
