/** Folds the log into the state: the latest snapshot, and the ticks after it. */
import { evolve } from '../core/evolve.ts';
import { peakPlaces, rootOfFrontier } from '../core/merkle.ts';
import type { Frontier } from '../core/merkle.ts';
import { thaw } from '../core/snapshot.ts';
import { emptyState } from '../core/state.ts';
import type { State } from '../core/state.ts';
import { tree } from './digests.ts';
import type { Log } from './log.ts';
import { readRecord } from './record.ts';

/** Ticks that are read at once. */
const pageTicks = 500;

export interface Folded {
  readonly state: State;
  readonly frontier: Frontier;
  /** The last tick; null while the log is empty. */
  readonly last: {
    readonly tick: number;
    readonly at: number;
    readonly root: Uint8Array;
    readonly receipts: string;
  } | null;
  /** Events that no snapshot holds yet. */
  readonly eventsSinceSnapshot: number;
}

/** Throws StoreFault when the log cannot be read now, and another Error when it contradicts itself. */
export async function fold(log: Log): Promise<Folded> {
  const size = await log.size();
  const snapshot = await log.latestSnapshot();
  const thawed = snapshot === null ? null : thaw(snapshot.text);
  const state = thawed ?? emptyState();
  let folded = thawed === null ? 0 : (snapshot?.tick ?? 0);
  let events = 0;
  while (folded < size) {
    for (const { tick, record } of await log.read(folded, pageTicks)) {
      const word = readRecord(record);
      for (const event of word.events) evolve(state, event, word.at);
      events += word.events.length;
      folded = tick;
    }
  }
  const frontier: Frontier = { size, peaks: await log.nodes(peakPlaces(size)) };
  const [last] = size === 0 ? [] : await log.read(size - 1, 1);
  if (last === undefined) return { state, frontier, last: null, eventsSinceSnapshot: events };
  if (!Buffer.from(rootOfFrontier(tree, frontier)).equals(last.root))
    throw new Error('the log contradicts its own tree: restore a backup');
  const { at, receipts } = readRecord(last.record);
  return {
    state,
    frontier,
    last: { tick: last.tick, at, root: last.root, receipts },
    eventsSinceSnapshot: events,
  };
}
