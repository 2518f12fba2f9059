/** Takes leases in: each once, and what will not be computed here goes straight back. */
import type { LeaseWord } from '../../wire/volunteer.ts';
import { dropLeaseIfDone, failsMaxOfChunk, noteSeen, restartPatienceMs, returnLater } from './state.ts';
import type { Loop, Slot } from './state.ts';

export const refusalWaitMsMax = 15_000;

/** Chunks to compute. A lease that is told twice is taken once; what we will not compute goes back. */
export function onLease(loop: Loop, word: LeaseWord): void {
  const slot = loop.slots.get(word.slot);
  if (slot !== undefined) {
    slot.askedAt = null;
    // A refusal before it said how long to wait; the coordinator has found work all the same.
    slot.askAfter = 0;
    slot.refusals = 0;
    slot.reason = null;
  }
  if (loop.link.is !== 'open' || loop.seen.has(word.lease)) return;
  noteSeen(loop, word.lease);
  const { lease, job, chunk, count, bytes } = word;
  const why = whyNot(loop, slot, job);
  if (why !== null || slot === undefined) {
    for (let i = 0; i < count; i++) returnLater(loop, lease + i, why ?? 'settings');
    return;
  }
  const record = {
    lease,
    slot: slot.slot,
    job,
    chunk,
    count,
    done: 0,
    bytes,
    grantedAt: loop.at,
    deadlineAt: loop.at + word.deadlineMs,
  };
  loop.leases.set(lease, record);
  loop.out.push({ do: 'keepLease', lease: record });
  for (let i = 0; i < count; i++) take(loop, slot, record, chunk + i);
  dropLeaseIfDone(loop, lease);
}

/** Why a lease cannot be used at all; null when it can. */
function whyNot(
  loop: Loop,
  slot: Slot | undefined,
  job: string,
): 'finished' | 'closing' | 'paused' | 'settings' | 'failed' | null {
  if (loop.closing) return 'closing';
  // It was asked for before the pause, and may have been waited for long: nobody else should have to.
  if (loop.phase === 'paused') return 'paused';
  if (loop.phase === 'finishing') return 'finished';
  if (slot === undefined || slot.stage.is === 'off') return 'settings';
  if (slot.stage.is === 'lost' && slot.stage.until > loop.at + restartPatienceMs) return 'failed';
  if (loop.jobs.has(job) && !loop.broken.has(`${slot.backend} ${job}`)) return null;
  // Asking again at once would bring the same chunks.
  restFromAsking(loop, slot);
  return 'failed';
}

/** Puts one chunk of a lease into its slot's queue, unless it has failed here too often. */
function take(
  loop: Loop,
  slot: Slot,
  lease: { readonly lease: number; readonly job: string; readonly chunk: number; readonly bytes: boolean },
  chunk: number,
): void {
  const replica = lease.lease + (chunk - lease.chunk);
  if ((loop.fails.get(`${lease.job}/${chunk}`) ?? 0) >= failsMaxOfChunk) {
    restFromAsking(loop, slot);
    return returnLater(loop, replica, 'failed');
  }
  loop.held.set(replica, {
    replica,
    lease: lease.lease,
    job: lease.job,
    chunk,
    slot: slot.slot,
    bytes: lease.bytes,
    running: false,
    unitsDone: 0,
  });
  slot.queue.push(replica);
}

/** What there is has no use for this slot just now. */
function restFromAsking(loop: Loop, slot: Slot): void {
  slot.askAfter = loop.at + refusalWaitMsMax;
  slot.reason = { why: 'nothing-for-this-device' };
}
