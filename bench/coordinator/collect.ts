/**
 * Collects all garbage and gives free pages back, so that what a process then holds is what it needs. Loaded ahead of a
 * program under measurement (`--import`), it does so in each of its threads. Needs `--expose-gc`.
 */
import process from 'node:process';
import { BroadcastChannel, isMainThread } from 'node:worker_threads';

const channel = new BroadcastChannel('talka-bench-collect');
channel.unref();
/** Threads have collected by then. */
const threadsMs = 400;

/** In this thread. */
export function collect(): void {
  const gc = globalThis.gc as ((how?: object) => void) | undefined;
  // The last resort also compacts, which an ordinary collection leaves for later.
  for (let i = 0; i < 2; i++) gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

if (!isMainThread) channel.onmessage = collect;

/** Rounds, at least and at most; it is over when one gives back less than so many bytes. */
const [roundsMin, roundsMax, settledBytes] = [4, 12, 512 * 1024];

/** In all threads; what one lets go of only then is garbage to the next, and on a busy machine one comes late: so it is done until nothing more comes back. */
export async function collectAll(): Promise<void> {
  for (let round = 1, before = Infinity; round <= roundsMax; round++) {
    channel.postMessage('collect');
    collect();
    await new Promise((done) => setTimeout(done, threadsMs));
    const { rss } = process.memoryUsage();
    if (round >= roundsMin && before - rss < settledBytes) return;
    before = rss;
  }
}
