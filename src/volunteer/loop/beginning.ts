/**
 * What a visit begins with: one job alone, so that its first chunk waits for nothing that only other jobs need.
 * Once that chunk is acknowledged, or has taken too long, everything else is fetched, proven and looked for.
 */
import type { JobDescriptor } from '../../wire/volunteer.ts';
import { codeOf, proofKey } from './code.ts';
import { leasesPerSlotMax } from './state.ts';
import type { Loop, Slot } from './state.ts';

/** The first chunk has this long to be acknowledged before the rest no longer waits for it. */
export const beginningMsMax = 5_000;

/** Chooses the job to begin with: the first that was told of, as long as it is open. */
export function chooseBeginning(loop: Loop): void {
  if (loop.begins !== null && loop.jobs.has(loop.begins)) return;
  const [first] = loop.jobs.keys();
  loop.begins = first ?? null;
}

/** The one job that is prepared now; null when every job is. */
export function beginsWith(loop: Loop): JobDescriptor | null {
  if (loop.begins === null || loop.jobs.size < 2 || beginningDue(loop) === null) return null;
  const job = loop.jobs.get(loop.begins);
  if (job === undefined || loop.broken.has(`wasm ${job.job}`)) return null;
  // What it needs does not come, its kernel is not computed right here, or there is no work in it: on to the others.
  for (const digest of [job.wasm, job.input]) if (loop.blobs.get(digest)?.is === 'failed') return null;
  const code = codeOf(job, 'wasm');
  if (code !== null && loop.proofs.get(proofKey('wasm', code))?.is === 'failed') return null;
  for (const slot of loop.slots.values())
    if (slot.refusals > 0 || isFullOfOthers(loop, slot, job)) return null;
  return job;
}

/** Whether a slot may ask for no more, and holds nothing of that job: leases that an earlier visit left. */
function isFullOfOthers(loop: Loop, slot: Slot, job: JobDescriptor): boolean {
  const held = slot.queue.map((replica) => loop.held.get(replica));
  const leases = new Set(held.map((one) => one?.lease));
  return loop.welcomed && leases.size >= leasesPerSlotMax && !held.some((one) => one?.job === job.job);
}

/** Whether a chunk that was computed in this visit has found its end. What an earlier one left in the outbox does not count. */
export function hasBegun(loop: Loop): boolean {
  return loop.counts.computed > loop.unsent.size - loop.unsent.fromBefore;
}

/** When the beginning is over at the latest; null when it is. */
export function beginningDue(loop: Loop): number | null {
  if (loop.startedAt === null || hasBegun(loop)) return null;
  const due = loop.startedAt + beginningMsMax;
  return loop.at < due ? due : null;
}
