/** What the loop is given, and what it tells: a durable tick, as those who send and show see it. */
import type { Event, LiveNetworks, LivePeople, State } from '../core/state.ts';
import type { Batch } from './batch.ts';
import type { Measure } from './comparing.ts';
import type { SigningKey } from './keys.ts';
import type { Head, ReceiptTree } from './receipts.ts';
import type { SnapshotParts } from './snapshots.ts';

/** A durable tick, as those who send and show see it. */
export interface Tick {
  readonly at: number;
  readonly head: Head;
  readonly batch: Batch;
  readonly receipts: ReceiptTree;
  /** The head as receipts quote it. */
  readonly word: string;
}

export interface RuntimeParts extends SnapshotParts {
  readonly key: SigningKey;
  /** Milliseconds since 1970; may go back. */
  now(): number;
  /** Accounts that are connected and want work now. */
  readonly live: LivePeople;
  /** Their networks; absent where none are known. */
  readonly networks?: LiveNetworks;
  /** Whether a device is connected: who is not is told nothing, and can ask for its receipts later. Absent: all are. */
  isHere?(device: string): boolean;
  /** How answers of a `tolerance` job are compared; null when its kernel or input is not here. */
  measureOf(job: string): Measure | null;
  lastView(state: State, event: Extract<Event, { e: 'finished' | 'cancelled' }>, at: number): string;
}
