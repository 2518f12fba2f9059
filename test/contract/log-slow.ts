/** A log that is slow and sometimes fails, around any other: what a tired disk is like. Deterministic by its seed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreFault } from '../../src/coordinator/log.ts';
import type { Log, StoreReason, TickBatch } from '../../src/coordinator/log.ts';

export interface Trouble {
  readonly delayMs: number;
  /** Of so many writes, one fails (and nothing of it is stored); 0 = none. */
  readonly failOneIn: number;
  readonly seed: number;
}

/** Wraps a log. `mood` may be changed while it runs. */
export function troubled(inner: Log, mood: { trouble: Trouble; down: StoreReason | null }): Log {
  let dice = mood.trouble.seed;
  const write = async <T>(work: () => Promise<T>): Promise<T> => {
    if (mood.trouble.delayMs > 0) await sleep(mood.trouble.delayMs);
    if (mood.down !== null) throw new StoreFault(mood.down, 'the store is down');
    // Numerical Recipes' generator; its low bits cycle quickly, so the high ones are asked.
    dice = (Math.imul(dice, 1664525) + 1013904223) >>> 0;
    if (mood.trouble.failOneIn > 0 && (dice >>> 16) % mood.trouble.failOneIn === 0)
      throw new StoreFault('io', 'a bad moment');
    return work();
  };
  return {
    append: (batch: TickBatch) => write(() => inner.append(batch)),
    saveSnapshot: (snapshot) => write(() => inner.saveSnapshot(snapshot)),
    probe: () => write(() => inner.probe()),
    size: () => inner.size(),
    read: (after, max) => inner.read(after, max),
    nodes: (places) => inner.nodes(places),
    latestSnapshot: () => inner.latestSnapshot(),
    answer: (replica) => inner.answer(replica),
    settled: (job, chunk) => inner.settled(job, chunk),
    results: (job, from, max) => inner.results(job, from, max),
    concluded: () => inner.concluded(),
    creditedIn: (account, from, max) => inner.creditedIn(account, from, max),
    backup: (file) => inner.backup(file),
    close: () => inner.close(),
  };
}
