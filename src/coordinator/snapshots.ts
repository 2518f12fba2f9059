/**
 * Decides when the state is written down whole, so that a restart reads a snapshot and a short tail of the log: as often
 * as a small share of the time allows, since what a snapshot costs depends on how much is in flight.
 */
import { freeze } from '../core/snapshot.ts';
import type { State } from '../core/state.ts';
import { StoreFault } from './log.ts';
import type { Log } from './log.ts';

/** A tail below both is not worth a snapshot: it is folded in some 20 ms, by a process that has just begun. */
export const tailEventsMin = 1_000;
export const tailBytesMin = 1_000_000;
/** After a snapshot that kept the loop for so long, the next one waits so many times as long: 4 % of the loop's time, at most… */
const restFactor = 25;
/** …and of what it took until it was stored, a sixth of the time… */
const storedFactor = 5;
/** …and at least this long, and as long after a start: whoever waits for a first lease comes first. */
const restMsMin = 250;

export interface SnapshotParts {
  readonly log: Log;
  /** What an operator should know: the store failed, a snapshot was not made. */
  onNote(note: string, about: Readonly<Record<string, unknown>>): void;
  /** We are wrong: the caller ends the process. */
  onFatal(error: unknown): void;
}

export class Snapshots {
  readonly #parts: SnapshotParts;
  /** Events that no snapshot holds yet, and bytes of their records. */
  #events = 0;
  #bytes = 0;
  #restUntil = 0;
  #saving: Promise<void> | null = null;

  constructor(parts: SnapshotParts) {
    this.#parts = parts;
  }

  /** The state was folded anew, and so many events were not in the snapshot. */
  reset(events: number): void {
    this.#events = events;
    this.#bytes = 0;
    this.#restUntil = performance.now() + restMsMin;
  }

  /** So many more events are in the log, in a record of so many bytes. */
  add(events: number, bytes: number): void {
    this.#events += events;
    this.#bytes += bytes;
  }

  /** Whether the tail is long, and the last one long enough ago. */
  get isDue(): boolean {
    if (this.#events < tailEventsMin && this.#bytes < tailBytesMin) return false;
    return this.#saving === null && performance.now() >= this.#restUntil;
  }

  /** Takes down the state as it is now and has it stored while the loop goes on; `tick` is durable and the state's last. */
  saveIfDue(tick: number, state: State): void {
    if (!this.isDue) return;
    this.#saving = this.#save(tick, state)
      .catch((error: unknown) => this.#parts.onFatal(error))
      .finally(() => (this.#saving = null));
  }

  /** Saves what is not saved yet, for a start that reads no tail at all. */
  async saveLast(tick: number, state: State): Promise<void> {
    await this.#saving;
    if (this.#events > 0) await this.#save(tick, state);
  }

  /** A store that fails costs nothing but time at the next start: the log is whole. */
  async #save(tick: number, state: State): Promise<void> {
    const started = performance.now();
    const [events, bytes] = [this.#events, this.#bytes];
    const text = freeze(state);
    const frozen = performance.now();
    this.#events = 0;
    this.#bytes = 0;
    try {
      await this.#parts.log.saveSnapshot({ tick, text });
    } catch (error) {
      if (!(error instanceof StoreFault)) throw error;
      this.#events += events;
      this.#bytes += bytes;
      this.#parts.onNote('snapshot not saved', { tick, fault: error.message });
    }
    const now = performance.now();
    this.#restUntil =
      now + Math.max(restMsMin, restFactor * (frozen - started), storedFactor * (now - started));
  }
}
