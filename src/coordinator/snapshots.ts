/**
 * Decides when the state is written down whole, so that a restart reads a snapshot and a short tail of the log: as often
 * as a small share of the time allows, since what a snapshot costs depends on how much is in flight.
 */
import type { performance as nodePerformance } from 'node:perf_hooks';
import { freeze } from '../core/snapshot.ts';
import type { State } from '../core/state.ts';
import { StoreFault } from './log.ts';
import type { Log } from './log.ts';

/** A tail below both is not worth a snapshot: it is folded in some 5 ms, by a process that has just begun. */
export const tailEventsMin = 200;
export const tailBytesMin = 200_000;
/** What a snapshot may keep the loop for: this part of the time, at most, where all of it is needed or one takes long… */
const shareMin = 0.04;
/** …and of the time that nothing else needs this part, where one keeps nobody waiting for longer than these milliseconds. */
const idleShare = 0.25;
const shortMs = 25;
/** …and of what it took until it was stored, by another thread, a sixth of the time, or a third where this one is idle and one takes short… */
const storedFactor = { busy: 5, idle: 2 };
/** …and at least this long. */
const restMsMin = 50;
/** So long after a start there is none: whoever waits for a first lease comes first. */
const startRestMs = 250;

export interface SnapshotParts {
  readonly log: Log;
  /** What an operator should know: the store failed, a snapshot was not made. */
  onNote(note: string, about: Readonly<Record<string, unknown>>): void;
  /** We are wrong: the caller ends the process. */
  onFatal(error: unknown): void;
  /** Which part of the time this thread had something to do since it was last asked, from 0 to 1; Node is asked by default. */
  readonly busy?: () => number;
}

/** The global one is Node's, whatever the types of pages say of it. */
const { eventLoopUtilization } = performance as unknown as typeof nodePerformance;

function busyMeter(): () => number {
  let since = eventLoopUtilization();
  return () => {
    const now = eventLoopUtilization();
    const { utilization } = eventLoopUtilization(now, since);
    since = now;
    return utilization;
  };
}

export class Snapshots {
  readonly #parts: SnapshotParts;
  /** Events that no snapshot holds yet, and bytes of their records. */
  #events = 0;
  #bytes = 0;
  #restUntil = 0;
  readonly #busy: () => number;
  #saving: Promise<void> | null = null;

  constructor(parts: SnapshotParts) {
    this.#parts = parts;
    this.#busy = parts.busy ?? busyMeter();
  }

  /** The state was folded anew, and so many events were not in the snapshot. */
  reset(events: number): void {
    this.#events = events;
    this.#bytes = 0;
    this.#restUntil = performance.now() + startRestMs;
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
    const rest = this.#restMs(frozen - started, now - started);
    this.#restUntil = now + Math.max(restMsMin, rest);
  }

  /** How long to wait after one that kept the loop for so many milliseconds and was stored after so many, by what this thread did since the last one. */
  #restMs(frozenMs: number, storedMs: number): number {
    const busy = this.#busy();
    const idle = frozenMs > shortMs ? 0 : 1 - busy;
    const share = Math.max(shareMin, idleShare * idle);
    const factor = storedFactor.busy - (storedFactor.busy - storedFactor.idle) * idle;
    return Math.max(frozenMs / share, factor * storedMs);
  }
}
