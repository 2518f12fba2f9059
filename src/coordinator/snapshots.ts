/** Decides when the state is written down whole, so that a restart reads a snapshot and a short tail of the log. */
import { freeze } from '../core/snapshot.ts';
import type { State } from '../core/state.ts';
import { StoreFault } from './log.ts';
import type { Log } from './log.ts';

/** A snapshot is due after so many events, or four times as many as the state holds things, whichever is more. */
const eventsMin = 50_000;

export class Snapshots {
  readonly #log: Log;
  readonly #onNote: (note: string, about: Readonly<Record<string, unknown>>) => void;
  /** Events that no snapshot holds yet. */
  #events = 0;

  constructor(log: Log, onNote: (note: string, about: Readonly<Record<string, unknown>>) => void) {
    this.#log = log;
    this.#onNote = onNote;
  }

  /** The state was folded anew, and so many events were not in the snapshot. */
  reset(events: number): void {
    this.#events = events;
  }

  /** So many more events are in the log. */
  add(events: number): void {
    this.#events += events;
  }

  async saveIfDue(tick: number, state: State): Promise<void> {
    const { devices, replicas, accounts } = state;
    if (this.#events > Math.max(eventsMin, 4 * (devices.size + replicas.size + accounts.size)))
      await this.save(tick, state);
  }

  /** Saves what is not saved yet. A store that fails costs nothing but time at the next start: the log is whole. */
  async save(tick: number, state: State): Promise<void> {
    if (this.#events === 0) return;
    try {
      await this.#log.saveSnapshot({ tick, text: freeze(state) });
      this.#events = 0;
      this.#onNote('snapshot saved', { tick });
    } catch (error) {
      if (!(error instanceof StoreFault)) throw error;
      this.#events = Math.floor(eventsMin / 2);
      this.#onNote('snapshot not saved', { tick, fault: error.message });
    }
  }
}
