/** Whether the store takes writes: remembers why not, and asks again by itself, ever more patiently, until it does. */
import { StoreFault } from './log.ts';
import type { Log } from './log.ts';

const probeMs = 1_000;
const probeMsMax = 15_000;

export interface HealthParts {
  readonly log: Log;
  /** It takes writes again. */
  onRecovery(): void;
  onFatal(error: unknown): void;
}

export class StoreHealth {
  /** Called whenever the health changes. */
  readonly listeners = new Set<() => void>();
  readonly #parts: HealthParts;
  #fault: StoreFault | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: HealthParts) {
    this.#parts = parts;
  }

  /** Why the store takes no writes; null when it does. */
  get fault(): StoreFault | null {
    return this.#fault;
  }

  /** A write failed. Nothing is tried before `probe`: the state must be true again first. */
  failed(fault: StoreFault): void {
    this.#fault = fault;
    for (const listener of this.listeners) listener();
  }

  /** From now on the store is asked again and again. */
  probe(waitMs = probeMs): void {
    this.#timer = setTimeout(() => {
      this.#parts.log.probe().then(
        () => this.#recovered(),
        (error: unknown) => {
          if (!(error instanceof StoreFault)) return this.#parts.onFatal(error);
          this.#fault = error;
          this.probe(Math.min(probeMsMax, waitMs * 2));
        },
      );
    }, waitMs);
    this.#timer.unref();
  }

  /** Tries something that only reads until it works. */
  async untilRead(read: () => Promise<void>): Promise<void> {
    for (let waitMs = probeMs; ; waitMs = Math.min(probeMsMax, waitMs * 2)) {
      try {
        return await read();
      } catch (error) {
        if (!(error instanceof StoreFault)) throw error;
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    }
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #recovered(): void {
    this.#fault = null;
    this.#parts.onRecovery();
    for (const listener of this.listeners) listener();
  }
}
