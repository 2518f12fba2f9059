/**
 * Reads from a socket no faster than the loop decides, and no more of one socket than its share [WR10]: who sends
 * more waits in its own network buffers.
 */
import { Allowance } from './allowance.ts';

/** Orders of one socket that may wait before it is not read from any more. */
const inFlightMax = 1024;
/** So much a second one socket may say, and so much at once. A message weighs 1, each order in it and each 32 KiB 1 more. */
export const weightPerSecond = 1_000;
export const weightAtOnce = 4_000;
/**
 * A commitment that is taken weighs a quarter: whoever computes fast has been leased as much, and can say each only once. A large card
 * is through with two thousand of the demonstrations' chunks a second.
 */
const takenBack = 3 / 4;
/** What a paused socket had on its way already stays far below this; who owes more does not stop for anything. */
export const owedMax = 16_000;

/** What can be told to wait: a WebSocket. */
export interface Pausable {
  pause(): void;
  resume(): void;
}

export class Flow {
  readonly #source: Pausable;
  readonly #allowance = new Allowance(weightAtOnce, weightPerSecond);
  #inFlight = 0;
  /** Orders since the last message. */
  #orders = 0;
  #owing: NodeJS.Timeout | null = null;
  #isFull = false;

  constructor(source: Pausable) {
    this.#source = source;
  }

  /** A message of so many bytes came. False: far beyond the measure. */
  hear(bytes: number, at: number): boolean {
    const owed = this.#allowance.owe(1 + this.#orders + Math.floor(bytes / 32_768), at);
    this.#orders = 0;
    if (owed === 0) return true;
    this.#wait(this.#allowance.msFor(owed));
    return owed <= owedMax;
  }

  /** An order is on its way to the loop… */
  begin(): void {
    this.#orders++;
    if (++this.#inFlight < inFlightMax || this.#isFull) return;
    this.#isFull = true;
    this.#source.pause();
  }

  /** …and has been answered. `isTaken`: it is a commitment that is durable now. */
  end(isTaken = false): void {
    if (isTaken) this.#allowance.giveBack(takenBack);
    if (--this.#inFlight > inFlightMax / 2 || !this.#isFull) return;
    this.#isFull = false;
    if (this.#owing === null) this.#source.resume();
  }

  /** Nothing more will come. */
  close(): void {
    if (this.#owing !== null) clearTimeout(this.#owing);
  }

  #wait(ms: number): void {
    if (this.#owing === null) this.#source.pause();
    else clearTimeout(this.#owing);
    this.#owing = setTimeout(() => {
      this.#owing = null;
      if (!this.#isFull) this.#source.resume();
    }, ms);
    this.#owing.unref();
  }
}
