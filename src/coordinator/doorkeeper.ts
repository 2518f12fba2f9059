/** Counts connections and handshakes by address, so that no single network fills the house; this machine itself may do more. */
import { isLoopback, prefixOf } from './network.ts';

const remote = { connectionsMax: 64, handshakesPerSecond: 5, burst: 40 };
const local = { connectionsMax: 20_000, handshakesPerSecond: 5_000, burst: 20_000 };
/** Prefixes that have been quiet are forgotten when there are so many. */
const prefixesMax = 50_000;

interface Tally {
  open: number;
  /** Handshakes that may come at once, as of `at`. */
  tokens: number;
  at: number;
}

export class Doorkeeper {
  readonly #tallies = new Map<string, Tally>();

  /** Whether one more connection from this address is let in; it counts until `leave`. */
  enter(address: string, now: number): boolean {
    const limit = isLoopback(address) ? local : remote;
    const key = prefixOf(address);
    const tally = this.#tallies.get(key) ?? { open: 0, tokens: limit.burst, at: now };
    tally.tokens = Math.min(
      limit.burst,
      tally.tokens + (Math.max(0, now - tally.at) / 1000) * limit.handshakesPerSecond,
    );
    tally.at = now;
    this.#tallies.set(key, tally);
    if (this.#tallies.size > prefixesMax) this.#forgetQuiet();
    if (tally.tokens < 1 || tally.open >= limit.connectionsMax) return false;
    tally.tokens--;
    tally.open++;
    return true;
  }

  leave(address: string): void {
    const tally = this.#tallies.get(prefixOf(address));
    if (tally !== undefined) tally.open--;
  }

  #forgetQuiet(): void {
    for (const [key, tally] of this.#tallies) if (tally.open === 0) this.#tallies.delete(key);
  }
}
