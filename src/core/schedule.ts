/**
 * Picks which chunks a slot computes next: the open job that has had least, in it first what waits
 * for another person, then what nobody holds; a run as long as the slot's speed allows and as short
 * as the job's end demands (guided self-scheduling, Polychronopoulos and Kuck 1987, weighted by speed).
 */
import { committedCount, helps, mayJoin, replicasMax, wanted } from './chunk.ts';
import { count, firstRun } from './intervals.ts';
import { chunkCostMicro, chunksOf } from './state.ts';
import type { Chunk, Device, Job, LivePeople, RefusalReason, Slot, State } from './state.ts';

/** A lease aims at this much work for the slot. */
export const leaseTargetMs = 15_000;
/** A deadline is this many times the expected time, and never nearer or farther than the bounds below. */
export const deadlineFactor = 4;
export const deadlineMsMin = 30_000;
export const deadlineMsMax = 1_800_000;
/** A chunk that waited this long for a second person is the anchor's. */
export const anchorAfterMs = 30_000;
/** How many candidates of one kind are looked at before the next kind is tried. */
const lookMax = 64;
/** Of a `tolerance` job, at most this many chunks may wait for their WASM replica. */
export const waitingForReferenceMax = 512;

/** What to lease: chunks [chunk, chunk + count) of a job. */
export interface Pick {
  readonly job: Job;
  readonly chunk: number;
  readonly count: number;
}

/** Picks for one slot, or says why there is nothing. `live` is who else could take work now. */
export function pick(state: State, device: Device, slot: Slot, live: LivePeople, at: number): Pick | RefusalReason {
  if (state.jobs.size === 0) return 'no-job-open';
  let reason: RefusalReason = 'nothing-for-this-device';
  for (const job of jobsByService(state)) {
    const rateMilli = slot.rates[job.spec.kernel];
    if (rateMilli === undefined || rateMilli <= 0) continue;
    if (state.pausedKernels.has(job.spec.kernel)) {
      reason = 'kernel-paused';
      continue;
    }
    const found = pickInJob(state, job, device, slot, rateMilli, live, at);
    if (found !== null) return found;
    reason = 'waiting-for-others';
  }
  return reason;
}

/** Open jobs, the one that has had least of the house's work first. */
function jobsByService(state: State): Job[] {
  return [...state.jobs.values()].sort((a, b) => a.servedMicro - b.servedMicro || a.submittedAt - b.submittedAt || (a.id < b.id ? -1 : 1));
}

function pickInJob(state: State, job: Job, device: Device, slot: Slot, rateMilli: number, live: LivePeople, at: number): Pick | null {
  const eligible = (chunk: Chunk): boolean =>
    mayJoin(chunk, device.account, device.group) &&
    helps(chunk, job.spec, slot.backend) &&
    (device.role === 'anchor' ? isAnchors(chunk, job, live, at) : committedCount(chunk) < replicasMax);
  const max = runLength(state, job, device, rateMilli);
  const waiting = pickWaiting(job, device, max, eligible);
  if (waiting !== null) return waiting;
  // An anchor never opens new chunks: without a volunteer there is nobody to stand in for.
  if (device.role === 'anchor') return null;
  if (slot.backend === 'webgpu' && job.spec.agreement === 'tolerance' && job.chunks.size >= waitingForReferenceMax) return null;
  const run = firstRun(job.free, max);
  return run === null ? null : { job, chunk: run[0], count: run[1] - run[0] };
}

/** A run of chunks that want one more replica, of one other author or contested. */
function pickWaiting(job: Job, device: Device, max: number, eligible: (chunk: Chunk) => boolean): Pick | null {
  let looked = 0;
  for (const [author, chunks] of job.wanting) {
    if (author === device.account) continue;
    for (const first of chunks) {
      if (looked++ >= lookMax) return null;
      if (!eligible(job.chunks.get(first) as Chunk)) continue;
      let last = first + 1;
      while (last - first < max && chunks.has(last) && eligible(job.chunks.get(last) as Chunk)) last++;
      return { job, chunk: first, count: last - first };
    }
  }
  return null;
}

/** Whether a chunk is the anchor's: it waited long enough and nobody who is connected could take it. */
function isAnchors(chunk: Chunk, job: Job, live: LivePeople, at: number): boolean {
  if (at - chunk.since < anchorAfterMs || wanted(chunk, job.spec) === 0) return false;
  if (committedCount(chunk) >= replicasMax) return true;
  for (const [account, groups] of live) {
    for (const group of groups) if (mayJoin(chunk, account, group)) return false;
  }
  return true;
}

/** How many chunks a slot gets at once. */
function runLength(state: State, job: Job, device: Device, rateMilli: number): number {
  const chunkMs = expectedMs(job, 0, 1, rateMilli);
  const bySpeed = Math.floor(leaseTargetMs / chunkMs);
  const byRecord = device.committed === 0 ? 1 : 2 * device.committed;
  const share = rateMilli / (totalRateMilli(state) + rateMilli);
  const byEnd = Math.ceil((openReplicas(job) * share) / 2);
  return Math.max(1, Math.min(bySpeed, byRecord, byEnd));
}

/** Speed of all slots that hold a lease now, in thousandths of the reference core. */
function totalRateMilli(state: State): number {
  let total = 0;
  for (const slot of state.busy.values()) total += slot.rateMilli;
  return total;
}

/** Replicas of the job that are still to be handed out. */
function openReplicas(job: Job): number {
  return count(job.free) * job.spec.policy.quorum + job.wantingKey.size;
}

/** How long a slot of this speed takes for a run of chunks, in milliseconds. */
export function expectedMs(job: Job, chunk: number, chunks: number, rateMilli: number): number {
  const last = Math.min(chunksOf(job.spec), chunk + chunks) - 1;
  const costMicro = (chunks - 1) * chunkCostMicro(job.spec, chunk) + chunkCostMicro(job.spec, last);
  return costMicro / rateMilli;
}

/** When a lease given now is no longer protected. */
export function deadlineOf(job: Job, chunk: number, chunks: number, rateMilli: number, at: number): number {
  const wait = deadlineFactor * expectedMs(job, chunk, chunks, rateMilli);
  return at + Math.ceil(Math.min(deadlineMsMax, Math.max(deadlineMsMin, wait)));
}
