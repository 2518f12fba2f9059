/**
 * Writes what happened into the state. Only writes: it decides nothing, refuses nothing and
 * cannot fail on an event that `decide` produced. State = fold of this over the log.
 */
import {
  audited,
  auditsOver,
  disproved,
  drawnForLeaver,
  identitiesAccepted,
  readmitted,
  vested,
  voided,
} from './evolve-checks.ts';
import { isAudited, workMicro } from './job.ts';
import { withClosed, withCommitment, withReplica } from './chunk.ts';
import { add, range, remove } from './intervals.ts';
import { post } from './ledger.ts';
import { creditSites } from './sites.ts';
import { newAccount, newDevice, shownOf } from './records.ts';
import { knownRateMilli } from './speed.ts';
import { chunkCostMicro, chunksOf, slotKey, unitsOf } from './state.ts';
import type {
  AccountRecord,
  Backend,
  BusySlot,
  Chunk,
  Device,
  Entry,
  Event,
  Job,
  Lease,
  Replica,
  State,
  Winner,
} from './state.ts';
import { dropLease, putLease } from './beside.ts';
import { openChunk, putChunk, reindex, wantingKeyOf } from './wanting.ts';

/** Applies one event that happened at `at`. */
export function evolve(state: State, event: Event, at: number): void {
  state.at = Math.max(state.at, at);
  if ('entries' in event) moved(state, event);
  switch (event.e) {
    case 'joined':
      return joined(state, event, at);
    case 'moved':
      return elsewhere(state, event);
    case 'funded':
      return;
    case 'submitted':
      return submitted(state, event, at);
    case 'leased':
      return leased(state, event, at);
    case 'committed':
      return committed(state, event, at);
    case 'accepted':
      return accepted(state, event, at);
    case 'audited':
      return audited(state, event);
    case 'rechecked':
      for (const { amountMicro } of event.entries) state.checks.recheckMicro += amountMicro;
      return;
    case 'drawn':
      return drawnForLeaver(state, event, at);
    case 'vested':
      return vested(state, event);
    case 'voided':
      return voided(state, event);
    case 'disproved':
      return disproved(state, event, at);
    case 'readmitted':
      return readmitted(state, event, at);
    case 'returned':
      return closed(state, event, 'returned', at);
    case 'expired':
      return closed(state, event, 'expired', at);
    case 'misdeed':
      return misdeed(state, event);
    case 'closing':
      return closing(state, event, at);
    case 'finished':
    case 'cancelled':
      return concluded(state, event.job);
    case 'kernelPaused':
      state.pausedKernels.set(event.kernel, event.reason);
      return;
    case 'kernelResumed':
      state.pausedKernels.delete(event.kernel);
      return;
    case 'forgotten':
      return forgotten(state, event);
    case 'restored':
      return restored(state, event, at);
    case 'epochSealed':
      return epochSealed(state, event, at);
    default:
      event satisfies never;
  }
}

/** Credits move, and what became final counts for the sites that brought it. */
function moved(state: State, event: Extract<Event, { entries: readonly Entry[] }>): void {
  post(state.balances, event.entries);
  creditSites(state, event);
}

type EventOf<K extends Event['e']> = Extract<Event, { e: K }>;

/** The device of an event: `decide` never speaks of one that has not joined. */
function deviceOf(state: State, device: string): Device {
  return state.devices.get(device) as Device;
}

function joined(state: State, event: EventOf<'joined'>, at: number): void {
  const { account, site, group, network = '', role } = event;
  state.devices.set(event.device, newDevice(account, site, group, network, role));
  if (role === 'volunteer') state.newcomers.add(event.device);
  const record = state.accounts.get(account);
  if (record !== undefined) record.devices++;
  else state.accounts.set(account, newAccount(at));
}

function elsewhere(state: State, event: EventOf<'moved'>): void {
  const { device, group, network = '', site } = event;
  state.devices.set(device, { ...deviceOf(state, device), group, network, site });
}

/** A device that held nothing is known no more; nor is an account that was never paid and has no other. */
function forgotten(state: State, { device, account }: EventOf<'forgotten'>): void {
  state.devices.delete(device);
  state.newcomers.delete(device);
  const record = state.accounts.get(account) as AccountRecord;
  record.devices--;
  if (record.devices === 0 && record.chunks === 0) state.accounts.delete(account);
}

/** The numbers jump: what the lost part of the log gave out is never given out again. */
function restored(state: State, event: EventOf<'restored'>, at: number): void {
  state.restored = { kept: event.kept, root: event.root, at };
  state.nextReplica = event.nextReplica;
  state.nextJob = event.nextJob;
}

function epochSealed({ epochs }: State, event: EventOf<'epochSealed'>, at: number): void {
  const { number, from, to, fromAt, toAt, log, root, accounts, totalMicro, budgetMicro } = event;
  epochs.push({
    ...{ number, from, to, fromAt, toAt, log, root, accounts, totalMicro, budgetMicro },
    sealedAt: at,
  });
}

function misdeed(state: State, event: EventOf<'misdeed'>): void {
  deviceOf(state, event.device).misdeeds++;
}

function submitted(state: State, event: EventOf<'submitted'>, at: number): void {
  state.nextJob++;
  state.jobs.set(event.job, {
    id: event.job,
    spec: event.spec,
    requester: event.requester,
    submittedAt: at,
    leasedAt: at,
    free: range(0, chunksOf(event.spec)),
    accepted: [],
    final: [],
    chunks: new Map(),
    servedMicro: event.servedMicro,
    acceptedChunks: 0,
    finalChunks: 0,
    owedMicro: workMicro(event.spec),
    batches: 0,
    authors: new Map(),
    settledByPeople: 0,
    settledWithAnchor: 0,
    disputes: 0,
    closingAt: null,
    returnedMicro: 0,
    disowned: [],
    wanting: new Map(),
    wantingKey: new Map(),
  });
}

function leased(state: State, event: EventOf<'leased'>, at: number): void {
  const job = state.jobs.get(event.job) as Job;
  const device = deviceOf(state, event.device);
  const { chunk, count, slot, backend, rateMilli, deadline } = event;
  const beside = event.beside === true;
  putLease(state, {
    id: event.lease,
    job: job.id,
    chunk,
    count,
    device: event.device,
    slot,
    backend,
    rateMilli,
    deadline,
    beside,
    left: count,
    open: count,
  });
  state.nextReplica = event.lease + count;
  remove(job.free, chunk, chunk + count);
  // One for all of the lease: it is never changed, only replaced.
  const phase = { is: 'leased', deadline } as const;
  // Of all that it opens the same is true: each has one replica, and that is of this lease.
  let key: string | null | undefined = null;
  for (let i = 0; i < count; i++) {
    const replica: Replica = {
      id: event.lease + i,
      lease: event.lease,
      device: event.device,
      account: event.account,
      site: event.site,
      group: device.group,
      backend,
      beside,
      phase,
    };
    state.replicas.set(replica.id, event.lease);
    const before = job.chunks.get(chunk + i);
    if (before === undefined) {
      const opened: Chunk = { index: chunk + i, openedAt: at, since: at, replicas: [replica] };
      if (key === null) key = wantingKeyOf(job, opened);
      openChunk(job, opened, key);
    } else putChunk(job, withReplica(before, replica), at);
  }
  job.leasedAt = at;
  job.servedMicro += (count * chunkCostMicro(job.spec, chunk)) / job.spec.weight;
  occupy(state, event, count * chunkCostMicro(job.spec, 0));
  device.leases++;
}

function committed(state: State, event: EventOf<'committed'>, at: number): void {
  state.newcomers.delete(event.device);
  const job = state.jobs.get(event.job) as Job;
  const before = job.chunks.get(event.chunk) as Chunk;
  const { root, stored, agrees } = event;
  const wasLeased = before.replicas.some((r) => r.id === event.replica && r.phase.is === 'leased');
  putChunk(job, withCommitment(before, event.replica, root, stored, agrees), at);
  if (wasLeased) leaveLease(state, state.replicas.get(event.replica) as number, 1);
  deviceOf(state, event.device).committed++;
}

function accepted(state: State, event: EventOf<'accepted'>, at: number): void {
  const job = state.jobs.get(event.job) as Job;
  const chunk = job.chunks.get(event.chunk) as Chunk;
  const [from, to] = unitsOf(job.spec, event.chunk);
  let withAnchor = false;
  for (let i = 0; i < event.winners.length; i++) {
    const { account, device, replica } = event.winners[i] as Winner;
    const record = state.accounts.get(account) as AccountRecord;
    record.chunks++;
    record.units += to - from;
    record.lastAt = at;
    // The entries are the winners' payments, in their order.
    const { amountMicro } = event.entries[i] as Entry;
    record.earnedMicro += amountMicro;
    for (const { id, backend } of chunk.replicas)
      if (id === replica) shownOf(record, backend).micro += amountMicro;
    if (deviceOf(state, device).role === 'anchor') withAnchor = true;
  }
  if (isAudited(job.spec)) identitiesAccepted(state, job, chunk, event, at);
  dropChunk(state, job, chunk);
  if (event.final) {
    add(job.final, event.chunk, event.chunk + 1);
    job.finalChunks++;
  } else {
    add(job.accepted, event.chunk, event.chunk + 1);
    job.acceptedChunks++;
  }
  job.owedMicro -= chunkCostMicro(job.spec, event.chunk) * job.spec.policy.quorum;
  if (withAnchor) job.settledWithAnchor++;
  else job.settledByPeople++;
  if (event.losers.length > 0) job.disputes++;
}

/** Ends replicas of one lease. A chunk that only ever had returned ones is free again. */
function closed(
  state: State,
  event: EventOf<'returned' | 'expired'>,
  why: 'returned' | 'expired',
  at: number,
): void {
  const job = state.jobs.get(event.job) as Job;
  const lease = state.leases.get(event.lease) as Lease;
  leaveLease(state, lease.id, event.replicas.length);
  if (why === 'returned') {
    const device = deviceOf(state, event.device);
    device.returned++;
    device.returnedAt = at;
  }
  for (const replica of event.replicas) {
    const index = lease.chunk + (replica - lease.id);
    const chunk = withClosed(job.chunks.get(index) as Chunk, replica, why);
    job.servedMicro -= chunkCostMicro(job.spec, index) / job.spec.weight;
    if (chunk.replicas.every((r) => r.phase.is === 'closed' && r.phase.why === 'returned')) {
      dropChunk(state, job, chunk);
      add(job.free, index, index + 1);
    } else putChunk(job, chunk, at);
  }
}

/** Nobody computes anything more of a job: what is in work is forgotten, and stands free for nobody. */
function closing(state: State, event: EventOf<'closing'>, at: number): void {
  const job = state.jobs.get(event.job) as Job;
  job.closingAt = at;
  for (const { amountMicro } of event.entries) job.returnedMicro += amountMicro;
  for (const chunk of job.chunks.values()) {
    dropChunk(state, job, chunk);
    add(job.free, chunk.index, chunk.index + 1);
  }
  job.owedMicro = 0;
}

function concluded(state: State, id: string): void {
  const job = state.jobs.get(id) as Job;
  for (const chunk of job.chunks.values()) dropChunk(state, job, chunk);
  if (isAudited(job.spec)) auditsOver(state, id);
  state.jobs.delete(id);
}

/** Forgets a chunk's record and its replicas; a lease without open replicas is forgotten too. */
function dropChunk(state: State, job: Job, chunk: Chunk): void {
  for (const replica of chunk.replicas) {
    if (replica.phase.is === 'leased') leaveLease(state, replica.lease, 1);
    state.replicas.delete(replica.id);
    const lease = state.leases.get(replica.lease) as Lease;
    if (--lease.open > 0) continue;
    dropLease(state, lease);
  }
  reindex(job, chunk.index, job.wantingKey.get(chunk.index), undefined);
  job.chunks.delete(chunk.index);
}

/** Counts replicas of a lease that are no longer `leased`; a slot without leases is no longer busy. */
function leaveLease(state: State, id: number, replicas: number): void {
  const lease = state.leases.get(id) as Lease;
  const job = state.jobs.get(lease.job) as Job;
  const left = (lease.left -= replicas);
  if (left === 0) deviceOf(state, lease.device).leases--;
  const slot = slotKey(lease.device, lease.slot);
  const busy = state.busy.get(slot) as BusySlot;
  if (left === 0 && busy.leases === 1) {
    state.busy.delete(slot);
    state.busyRateMilli -= busy.rateMilli;
    countBusy(state, deviceOf(state, lease.device).account, busy.backend, -1);
    return;
  }
  busy.heldMicro -= replicas * chunkCostMicro(job.spec, 0);
  if (left === 0) busy.leases--;
}

function occupy(
  state: State,
  { device, account, slot, backend, rateMilli: claimedMilli }: EventOf<'leased'>,
  costMicro: number,
): void {
  const key = slotKey(device, slot);
  const rateMilli = knownRateMilli(state.accounts.get(account)?.[backend], claimedMilli, state.at);
  let busy = state.busy.get(key);
  if (busy === undefined) {
    state.busy.set(key, (busy = { backend, rateMilli: 0, leases: 0, heldMicro: 0 }));
    countBusy(state, account, backend, 1);
  }
  state.busyRateMilli += rateMilli - busy.rateMilli;
  busy.rateMilli = rateMilli;
  busy.leases++;
  busy.heldMicro += costMicro;
}

/** One slot of an account more is busy, or one less. */
function countBusy(state: State, account: string, backend: Backend, by: 1 | -1): void {
  const shown = shownOf(state.accounts.get(account) as AccountRecord, backend);
  shown.busyMs += shown.busy * (state.at - shown.at);
  shown.at = state.at;
  shown.busy += by;
}
