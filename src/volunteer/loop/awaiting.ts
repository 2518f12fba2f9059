/**
 * Results that are durable and of which no verdict was heard. A line can die unnoticed, and what was said over it is in nobody's
 * hands: so each new line is asked for those of before, a few at a time, by committing once more to what was committed to
 * [WR5]. Whoever waits still is told so; whoever was paid gets the receipt as it was.
 */
import type { RefusalWord } from '../../wire/volunteer.ts';
import { stitch } from './state.ts';
import type { Loop } from './state.ts';

/** Asked about at once: one receipt tells all that its tick paid, so that the next need not be asked about any more. */
const askedMax = 4;
/** Remembered at most: whoever waits for more has no second person near, and learns of the oldest from the log. */
const awaitedMax = 20_000;
const retryMs = 5_000;
/** What is new goes first, and after a restart not everybody asks at once. */
const doubtsWaitMs = 2_000;

/** Remembers a durable replica until its verdict comes. */
export function awaitVerdict(loop: Loop, replica: number, job: string, chunk: number): void {
  loop.awaited.set(replica, { job, chunk });
  for (const oldest of loop.awaited.keys()) {
    if (loop.awaited.size <= awaitedMax) return;
    endAwaiting(loop, [oldest]);
  }
}

/** These are over, and nothing proves anything of them that is not kept already. */
export function endAwaiting(loop: Loop, replicas: readonly number[]): void {
  for (const replica of replicas) {
    loop.awaited.delete(replica);
    loop.doubts.asked.delete(replica);
  }
  if (replicas.length > 0) loop.out.push({ do: 'dropResults', replicas });
}

/** A new line is open: what was said over the one before may never have been heard. */
export function doubtAll(loop: Loop): void {
  const after = loop.at + Math.floor(doubtsWaitMs * loop.entropy);
  loop.doubts = { next: [...loop.awaited.keys()], asked: new Map(), after };
}

/** Asks about a few of those that are in doubt. */
export function tendDoubts(loop: Loop): void {
  const { link, doubts } = loop;
  if (link.is !== 'open' || loop.closing || loop.at < doubts.after) return;
  const items: { replica: number; bytes: false }[] = [];
  while (doubts.asked.size < askedMax) {
    const replica = doubts.next.shift();
    if (replica === undefined) break;
    if (!loop.awaited.has(replica)) continue;
    doubts.asked.set(replica, loop.at);
    items.push({ replica, bytes: false });
  }
  if (items.length === 0) return;
  loop.unsigned += items.length;
  loop.out.push({ do: 'commit', socket: link.socket, items, slots: [] });
}

/** What was asked about is not told. */
export function doubtRefused(
  loop: Loop,
  replica: number,
  { reason, retryMs: waitMs = retryMs }: RefusalWord,
): void {
  const known = loop.awaited.get(replica);
  if (!loop.doubts.asked.delete(replica) || known === undefined) return;
  switch (reason) {
    case 'store':
    case 'busy':
    case 'stopping':
    case 'internal':
      loop.doubts.next.push(replica);
      loop.doubts.after = loop.at + waitMs;
      return;
    // It stands as it stood: this device is not heard just now.
    case 'suspended':
    case 'banned':
      return;
    default:
      // Not known there: a log that a restore did not keep.
      endAwaiting(loop, [replica]);
      loop.counts.lost += 1;
      stitch(loop, known.job, known.chunk, 'lost');
  }
}
