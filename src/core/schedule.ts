/**
 * Picks which chunks a slot computes next: the open job that has had least, in it first what waits
 * for another person, then what nobody holds; a run as long as the slot's speed allows and as short
 * as the job's end demands (guided self-scheduling, Polychronopoulos and Kuck 1987, weighted by speed).
 */
import { besideMost, isNewcomer } from './beside.ts';
import { committedCount, helps, mayJoin, replicasMax, standsAlone, wanted } from './chunk.ts';
import { firstRun } from './intervals.ts';
import { mayStandBeside } from './placement.ts';
import { knownRateMilli } from './speed.ts';
import { chunkCostMicro, chunksOf, identityKey, slotKey } from './state.ts';
import type {
  Backend,
  Chunk,
  Device,
  Job,
  LiveNetworks,
  LivePeople,
  RefusalReason,
  Shown,
  Slot,
  State,
} from './state.ts';

/** A lease aims at this much work for the slot: little is lost with it, and asking is rare beside computing. */
export const leaseTargetMs = 15_000;
/** No lease is longer, however fast its slot claims to be: its deadline, its events and its giving back stay small. */
export const leaseChunksMax = 4_096;
/** A slot computes one lease and has one ahead. What was lost on its way to it is told again when it comes back: nothing else waits for a deadline. */
export const leasesPerSlotMax = 2;
/** A device may hold this many leases over all its slots, and twice as many more as it has committed chunks: a new key cannot hoard. */
export const leasesPerNewDeviceMax = 8;
/** Who gave back so often, and twice as often more as it has committed chunks, is given nothing for so long after: nobody picks the cheap chunks out. */
export const returnsMax = 32;
export const returnPauseMs = 60_000;
/** While there is plenty of other work, a lease is left alone for this many times its expected time, and for this long at least. */
export const deadlineFactor = 4;
export const deadlineMsMin = 30_000;
/** Where the job would be done sooner than that, it waits for this many times the expected time, and this long at least. */
export const deadlineFactorAtEnd = 2;
export const deadlineMsMinAtEnd = 10_000;
/** Nobody keeps a chunk from others for longer; nor does who has never committed one for longer than this. */
export const deadlineMsMax = 1_800_000;
export const deadlineMsMaxUnproven = 300_000;
/** A slot is slow for a job's end when the others are this many times as fast on average… */
export const slowFactor = 2;
/** …and everybody together would take less than this many times as long for all that is left as it takes for one chunk. */
export const tailFactor = 2;
/** It then leaves a chunk to others until nobody wanted it for this share of the time it would itself take. */
export const tailPatience = 0.5;
/** A chunk that waited this long for a second person is the anchor's, if nobody who is connected may take it… */
export const anchorAfterMs = 30_000;
/** …and so long, even so: who is connected may want no more. It is counted from the chunk's opening once a lease of it ran out. */
export const anchorAnywayMs = 300_000;
/** A chunk goes back to somebody whose lease of it ran out only when nobody else took it for this long. */
export const retakeAfterMs = 60_000;
const backends: readonly Backend[] = ['wasm', 'webgpu'];
/** How many candidates are looked at before the next kind is tried; and how many that one person alone has touched. */
const lookMax = 64;
const lookPerAuthorMax = 8;
/** Of a `tolerance` job, at most this many chunks may wait for their WASM replica. */
export const waitingForReferenceMax = 512;

/** What to lease: chunks [chunk, chunk + count) of a job. */
export interface Pick {
  readonly job: Job;
  readonly chunk: number;
  readonly count: number;
  /** When the lease is no longer protected, in ms since 1970. */
  readonly deadline: number;
  /** Whether a second person must compute them too [TR1]. */
  readonly beside: boolean;
}

/** Who else could take work now, and their networks as far as they are known. */
export interface Others {
  readonly live: LivePeople;
  readonly networks: LiveNetworks | undefined;
}

/** Picks for one slot of a device that has joined, or says why there is nothing. */
export function pick(
  state: State,
  id: string,
  slot: Slot,
  { live, networks }: Others,
  at: number,
): Pick | RefusalReason {
  if (state.jobs.size === 0) return 'no-job-open';
  const own = state.busy.get(slotKey(id, slot.slot));
  if (own !== undefined && own.leases >= leasesPerSlotMax) return 'holding-enough';
  const device = state.devices.get(id) as Device;
  if (device.leases >= leasesPerNewDeviceMax + 2 * device.committed) return 'holding-enough';
  if (device.returned > returnsMax + 2 * device.committed && at - device.returnedAt < returnPauseMs)
    return 'holding-enough';
  const others = state.busy.size - (own === undefined ? 0 : 1);
  const asker: Asker = {
    device,
    key: identityKey(id, slot.backend),
    slot,
    shown: state.accounts.get(device.account)?.[slot.backend],
    heldMicro: own?.heldMicro ?? 0,
    others,
    othersMilli: state.busyRateMilli - (own?.rateMilli ?? 0),
    live,
    networks,
    at,
  };
  let reason: RefusalReason = 'no-job-open';
  for (const job of jobsByService(state)) {
    if (job.closingAt !== null) continue;
    if (reason === 'no-job-open') reason = 'nothing-for-this-device';
    const rateMilli = slot.rates[job.spec.kernel];
    if (rateMilli === undefined || rateMilli <= 0) continue;
    if (state.pausedKernels.has(job.spec.kernel)) {
      reason = 'kernel-paused';
      continue;
    }
    const found = pickInJob(state, job, asker, rateMilli);
    if (found !== null) return found;
    reason = 'waiting-for-others';
  }
  return reason;
}

/** Who asks, and what the choice depends on. */
interface Asker extends Others {
  readonly device: Device;
  /** Of its identity. */
  readonly key: string;
  readonly slot: Slot;
  /** What its account has shown with such slots: as what a claimed speed counts. */
  readonly shown: Shown | undefined;
  /** What the slot still has to compute, in microcredits. */
  readonly heldMicro: number;
  /** How many other slots hold a lease now, and their speed together, in thousandths of the reference core. */
  readonly others: number;
  readonly othersMilli: number;
  readonly at: number;
}

/** Open jobs, the one that has had least of the house's work first. */
function jobsByService(state: State): Iterable<Job> {
  if (state.jobs.size === 1) return state.jobs.values();
  return [...state.jobs.values()].sort(
    (a, b) => a.servedMicro - b.servedMicro || a.submittedAt - b.submittedAt || (a.id < b.id ? -1 : 1),
  );
}

function pickInJob(state: State, job: Job, asker: Asker, rateMilli: number): Pick | null {
  const { device, slot, at } = asker;
  const max = runLength(job, asker, rateMilli);
  const tailMs = leaveToOthersMs(job, asker, rateMilli);
  // Under audits nothing waits for a second person.
  const waiting = job.wanting.size === 0 ? null : firstWaiting(state, job, asker, max, tailMs);
  const isNew = isNewcomer(state, job, device, asker.key, at);
  // A newcomer is somebody's second person as one: where the two differ neither is believed for that.
  if (waiting !== null) return pickOf(job, waiting, rateMilli, asker, isNew);
  // An anchor never opens new chunks: without a volunteer there is nobody to stand in for.
  if (device.role === 'anchor') return null;
  if (at - job.leasedAt < tailMs) return null;
  if (slot.backend === 'webgpu' && job.spec.agreement === 'tolerance' && !mayOpenForReference(job))
    return null;
  const most = isNew ? besideMost(state, job, asker.key, at) : 0;
  const free = firstRun(job.free, most > 0 ? Math.min(max, most) : max);
  return free === null ? null : pickOf(job, free, rateMilli, asker, most > 0);
}

function pickOf(
  job: Job,
  [from, to]: readonly [number, number],
  rateMilli: number,
  asker: Asker,
  beside: boolean,
): Pick {
  const count = to - from;
  const deadline = asker.at + patienceMs(job, from, count, rateMilli, asker);
  return { job, chunk: from, count, deadline, beside };
}

/** A GPU opens chunks of a `tolerance` job only where its answer stands alone, or will be one of the quorum and not too many wait for their reference. */
function mayOpenForReference(job: Job): boolean {
  if (standsAlone(job.spec)) return true;
  return job.spec.policy.quorum > 1 && job.chunks.size < waitingForReferenceMax;
}

/** A run of chunks that want one more replica, of one other author or contested. */
function firstWaiting(
  state: State,
  job: Job,
  asker: Asker,
  max: number,
  tailMs: number,
): [number, number] | null {
  const { device, slot, at } = asker;
  const wish = device.network === '' ? '' : `${slot.backend} ${job.spec.kernel}`;
  const eligible = (chunk: Chunk): boolean =>
    at - chunk.since >= tailMs &&
    mayTake(chunk, device.account, device.group, at) &&
    mayStandBeside(state, chunk, device.network, wish, asker) &&
    helps(chunk, job.spec, slot.backend) &&
    (device.role === 'anchor' ? isAnchors(state, chunk, job, asker) : takesMore(state, chunk));
  let looked = 0;
  for (const [author, chunks] of job.wanting) {
    if (author === device.account) continue;
    // What one author's first few chunks say (same network, wrong backend) goes for the rest of theirs.
    let left = author === '' ? lookMax : lookPerAuthorMax;
    for (const first of chunks) {
      if (left-- === 0) break;
      if (looked++ >= lookMax) return null;
      if (!eligible(job.chunks.get(first) as Chunk)) continue;
      let last = first + 1;
      while (last - first < max && chunks.has(last) && eligible(job.chunks.get(last) as Chunk)) last++;
      return [first, last];
    }
  }
  return null;
}

/** Whether a person may be given a replica. One whose lease of it ran out gets it again only when nobody else took it. */
function mayTake(chunk: Chunk, account: string, group: string, at: number): boolean {
  if (!mayJoin(chunk, account, group)) return false;
  if (at - chunk.since >= retakeAfterMs) return true;
  return !chunk.replicas.some(
    (r) => r.account === account && r.phase.is === 'closed' && r.phase.why === 'expired',
  );
}

/**
 * Whether volunteers may add an answer: up to a number of different ones, and again once the operator's anchor has
 * given its own, so that whoever agrees with it can settle what eight liars had filled.
 */
function takesMore(state: State, chunk: Chunk): boolean {
  if (committedCount(chunk) < replicasMax) return true;
  return chunk.replicas.some(
    (r) => r.phase.is === 'committed' && state.devices.get(r.device)?.role === 'anchor',
  );
}

/** Whether somebody was given the chunk and let it be. */
function ranOut({ replicas }: Chunk): boolean {
  return replicas.some(({ phase }) => phase.is === 'closed' && phase.why === 'expired');
}

/**
 * Whether a chunk is the anchor's: it waited and nobody who is connected could take it; or those who could have left
 * it lying for very long, or took it and let it run out. While people take and answer, the anchor stands aside.
 */
function isAnchors(state: State, chunk: Chunk, job: Job, { live, networks, at }: Asker): boolean {
  const waitedMs = at - chunk.since;
  if (wanted(chunk, job.spec) === 0) return false;
  if (waitedMs >= anchorAnywayMs) return true;
  // From its opening, not since it last wanted: people who come, take a place and let it run out cannot hold the anchor off.
  if (at - chunk.openedAt >= anchorAnywayMs && ranOut(chunk)) return true;
  if (waitedMs < anchorAfterMs) return false;
  if (committedCount(chunk) >= replicasMax) return true;
  // Who cannot compute this kernel, or has only a backend that would not help here, is not waited for.
  const { spec } = job;
  const helpers = backends.filter((one) => helps(chunk, spec, one)).map((one) => `${one} ${spec.kernel}`);
  for (const [account, groups] of live) {
    for (const [group, able] of groups) {
      const wishes = helpers.filter((one) => able.has(one));
      if (wishes.length === 0 || !mayTake(chunk, account, group, chunk.since)) continue;
      const network = networks?.ofGroup.get(group) ?? '';
      if (wishes.some((one) => mayStandBeside(state, chunk, network, one, { networks, at }))) return false;
    }
  }
  return true;
}

/** How many chunks a slot gets at once. */
function runLength(job: Job, asker: Asker, rateMilli: number): number {
  const bySpeed = Math.floor(leaseTargetMs / expectedMs(job, 0, 1, rateMilli));
  const byRecord = asker.device.committed === 0 ? 1 : 2 * asker.device.committed;
  const knownMilli = knownRateMilli(asker.shown, rateMilli, asker.at);
  const share = knownMilli / (asker.othersMilli + knownMilli);
  const byEnd = Math.ceil((openReplicas(job) * share) / 2);
  return Math.max(1, Math.min(bySpeed, byRecord, byEnd, leaseChunksMax));
}

/** Replicas of the job that are still to be handed out. */
function openReplicas(job: Job): number {
  const free = chunksOf(job.spec) - job.acceptedChunks - job.finalChunks - job.chunks.size;
  return free * job.spec.policy.quorum + job.wantingKey.size;
}

/** How long slots of this speed together would take for all that is still to be handed out. */
function openMs(job: Job, rateMilli: number): number {
  return (openReplicas(job) * chunkCostMicro(job.spec, 0)) / rateMilli;
}

/**
 * How long a chunk must have been left lying before this slot takes it; 0 until the job's last moments. A slow
 * device that takes the last chunk makes everybody wait; one that waits for others in vain takes it after all.
 */
function leaveToOthersMs(job: Job, { others, othersMilli, device }: Asker, rateMilli: number): number {
  if (slowFactor * rateMilli * others >= othersMilli || device.role === 'anchor') return 0;
  const chunkMs = expectedMs(job, 0, 1, rateMilli);
  return openMs(job, othersMilli + rateMilli) < tailFactor * chunkMs ? tailPatience * chunkMs : 0;
}

/** How long a slot of this speed takes for a run of chunks, in milliseconds. */
export function expectedMs(job: Job, chunk: number, chunks: number, rateMilli: number): number {
  const last = Math.min(chunksOf(job.spec), chunk + chunks) - 1;
  const costMicro = (chunks - 1) * chunkCostMicro(job.spec, chunk) + chunkCostMicro(job.spec, last);
  return costMicro / rateMilli;
}

/**
 * How long a lease given now is left alone. While other work abounds, a lease that is lost costs nothing but
 * its own work, and patience spares slow and sleeping devices; at the end, everybody waits for the last leases.
 */
function patienceMs(
  job: Job,
  chunk: number,
  chunks: number,
  rateMilli: number,
  { device, heldMicro, othersMilli }: Asker,
): number {
  // A lease ahead begins when the one before it is done.
  const expected = heldMicro / rateMilli + expectedMs(job, chunk, chunks, rateMilli);
  const leftMs = openMs(job, othersMilli + rateMilli);
  const patient = Math.max(deadlineMsMin, deadlineFactor * expected);
  // Who has not committed anything yet may have guessed its speed.
  if (device.committed === 0) return Math.ceil(Math.min(deadlineMsMaxUnproven, patient));
  const hurried = Math.max(deadlineMsMinAtEnd, deadlineFactorAtEnd * expected);
  return Math.ceil(Math.min(deadlineMsMax, patient, Math.max(hurried, leftMs)));
}
