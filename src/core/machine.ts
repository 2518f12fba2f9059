/**
 * The whole rule book: what a command leads to, given the state and the time. Reads only; the
 * events it gives back are written by `evolve`. Numbers in brackets are the rules of docs/SPEC.md.
 */
import { auditAnswered, recheck, refute } from './auditing.ts';
import { closeBatch, closingOf, readmit, sentAway, vest, voidBatch } from './checking.ts';
import { mayJoin, replicaIn, withCommitment } from './chunk.ts';
import { conclude } from './concluding.ts';
import { seal } from './epoch.ts';
import { faultOf, priceOf } from './offer.ts';
import { escrowAccount } from './keys.ts';
import { balanceOf, refund } from './ledger.ts';
import { pick } from './schedule.ts';
import type {
  Chunk,
  Command,
  Decision,
  Device,
  Entry,
  Event,
  Job,
  JobSpec,
  JobSummary,
  Lease,
  Refusal,
  RefusalReason,
  Replica,
  State,
} from './state.ts';

type CommandOf<K extends Command['c']> = Extract<Command, { c: K }>;

/** Devices that have never committed anything, as many as are remembered; and among how many one is looked for to forget. */
export const newcomersMax = 10_000;
const newcomersLookMax = 256;
/** More than any coordinator gives out between two backups. */
const lostReplicasMax = 1e12;
const lostJobsMax = 1e6;

/** Decides one command. `at` is never earlier than what the state has seen: a clock that goes back stands still here. */
export function decide(state: State, command: Command, at: number): Decision {
  const now = Math.max(at, state.at);
  switch (command.c) {
    case 'join':
      return join(state, command);
    case 'fund':
      return fund(command);
    case 'submit':
      return submit(state, command);
    case 'ask':
      return ask(state, command, now);
    case 'commit':
      return commit(state, command, now);
    case 'audit':
      return auditAnswered(state, command, now);
    case 'refute':
      return refute(state, command, now);
    case 'recheck':
      return recheck(state, command);
    case 'close':
      return closeBatch(state, command, now);
    case 'vest':
      return vest(state, command);
    case 'void':
      return voidBatch(state, command);
    case 'readmit':
      return readmit(state, command);
    case 'giveBack':
      return giveBack(state, command);
    case 'expire':
      return expire(state, command, now);
    case 'misdeed':
      return misdeed(state, command);
    case 'cancel':
      return cancel(state, command);
    case 'pauseKernel':
      return state.pausedKernels.has(command.kernel)
        ? refuse('already-so')
        : [{ e: 'kernelPaused', kernel: command.kernel, reason: command.reason }];
    case 'resumeKernel':
      return state.pausedKernels.has(command.kernel)
        ? [{ e: 'kernelResumed', kernel: command.kernel }]
        : refuse('already-so');
    case 'restore':
      return restore(state, command);
    case 'seal':
      return seal(state, command);
    default:
      return command satisfies never;
  }
}

function refuse(refused: RefusalReason, detail?: string): Refusal {
  return detail === undefined ? { refused } : { refused, detail };
}

/** A device signs in: new ones join, known ones may have moved to another network or site. */
function join(state: State, command: CommandOf<'join'>): Decision {
  const { device, account, site, group, role, network = '' } = command;
  const known = state.devices.get(device);
  const placed = { group, ...(network === '' ? {} : { network }) };
  if (known === undefined)
    return [{ e: 'joined', device, account, site, ...placed, role }, ...makeRoom(state)];
  if (known.account !== account) return refuse('not-yours', 'this device key belongs to another account');
  if (known.group === group && known.network === network && known.site === site) return refuse('already-so');
  return [{ e: 'moved', device, account, site, ...placed }];
}

/** Where too many devices have never committed anything, the one that joined first and holds nothing is forgotten [DV1]. */
function makeRoom(state: State): Event[] {
  if (state.newcomers.size < newcomersMax) return [];
  const holders = new Set<string>();
  for (const lease of state.leases.values()) holders.add(lease.device);
  let looked = 0;
  for (const device of state.newcomers) {
    if (looked++ === newcomersLookMax) break;
    if (!holders.has(device))
      return [{ e: 'forgotten', device, account: (state.devices.get(device) as Device).account }];
  }
  return [];
}

/** The log goes on from a backup [RS1]: ids that the lost part may have given out are left out for good. */
function restore(state: State, { kept, root }: CommandOf<'restore'>): Decision {
  const nextReplica = state.nextReplica + lostReplicasMax;
  const nextJob = state.nextJob + lostJobsMax;
  return [{ e: 'restored', kept, root, nextReplica, nextJob }];
}

/** The operator issues credits to a requester. */
function fund(command: CommandOf<'fund'>): Decision {
  if (!Number.isSafeInteger(command.amountMicro) || command.amountMicro <= 0)
    return refuse('bad-job', 'the amount must be a positive whole number of microcredits');
  const entries: Entry[] = [
    { from: 'issue', to: `requester:${command.account}`, amountMicro: command.amountMicro },
  ];
  return [{ e: 'funded', account: command.account, entries }];
}

/** A job is accepted when it is well formed and its whole price can be held. */
function submit(state: State, command: CommandOf<'submit'>): Decision {
  const { spec, requester } = command;
  const fault = faultOf(spec);
  if (fault !== null) return refuse('bad-job', fault);
  if (state.pausedKernels.has(spec.kernel))
    return refuse('kernel-paused', state.pausedKernels.get(spec.kernel));
  const priceMicro = priceOf(spec);
  if (balanceOf(state, `requester:${requester}`) < BigInt(priceMicro))
    return refuse('insufficient-funds', `the price is ${priceMicro} microcredits`);
  const job = `j${state.nextJob}`;
  const entries: Entry[] = [
    { from: `requester:${requester}`, to: escrowAccount(job), amountMicro: priceMicro },
  ];
  return [{ e: 'submitted', job, requester, spec, servedMicro: leastServed(state), entries }];
}

/** A new job enters the fair queue beside the one that has had least, not before all. */
function leastServed(state: State): number {
  let least = Infinity;
  for (const job of state.jobs.values()) if (job.closingAt === null) least = Math.min(least, job.servedMicro);
  return least === Infinity ? 0 : least;
}

/** A slot asks for work and is leased a run of chunks, or told why not. */
function ask(state: State, command: CommandOf<'ask'>, at: number): Decision {
  const device = state.devices.get(command.device);
  if (device === undefined) return refuse('unknown-device');
  const away = sentAway(state, command.device, command.slot.backend, at);
  if (away !== null) return away;
  const { live, networks } = command;
  const picked = pick(state, command.device, command.slot, { live, networks }, at);
  if (typeof picked === 'string') return refuse(picked);
  const { job, chunk, count, deadline, beside } = picked;
  const rateMilli = command.slot.rates[job.spec.kernel] as number;
  const { slot, backend } = command.slot;
  const leased = {
    e: 'leased',
    lease: state.nextReplica,
    job: job.id,
    chunk,
    count,
    device: command.device,
    account: device.account,
    site: device.site,
    slot,
    backend,
    rateMilli,
    deadline,
  } as const;
  return [beside ? { ...leased, beside } : leased];
}

/** Where a replica of this device stands, or why it has none. */
function replicaOf(
  state: State,
  device: string,
  id: number,
): { job: Job; chunk: Chunk; replica: Replica } | Refusal {
  const lease = state.leases.get(state.replicas.get(id) ?? -1);
  if (lease === undefined) return refuse('unknown-replica');
  if (lease.device !== device) return refuse('not-yours');
  const job = state.jobs.get(lease.job) as Job;
  const chunk = job.chunks.get(lease.chunk + (id - lease.id)) as Chunk;
  return { job, chunk, replica: replicaIn(chunk, id) };
}

/** A device binds itself to its answers for one chunk; the chunk is judged in the same step. */
function commit(state: State, command: CommandOf<'commit'>, at: number): Decision {
  const found = replicaOf(state, command.device, command.replica);
  if ('refused' in found) return found;
  const { job, chunk, replica } = found;
  const { root, digests, stored, agrees } = command;
  const away = sentAway(state, command.device, replica.backend, at);
  if (away !== null) return away;
  if (replica.phase.is === 'committed')
    return refuse(replica.phase.root === root ? 'same-commitment' : 'already-committed');
  if (replica.phase.is === 'closed' && !mayJoin(chunk, replica.account, replica.group))
    return refuse('unknown-replica', 'its lease is over and its place is taken');
  if (!stored && !mayOmitBytes(chunk, job.spec, root)) return refuse('no-bytes');
  const moved: Event = {
    e: 'committed',
    job: job.id,
    chunk: chunk.index,
    replica: replica.id,
    device: command.device,
    account: replica.account,
    site: replica.site,
    root,
    digests,
    stored,
    agrees,
  };
  const next = withCommitment(chunk, replica.id, root, stored, agrees);
  const after = conclude(state, job, next, command.words, at);
  switch (after.length) {
    case 0:
      return [moved];
    case 1:
      return [moved, after[0] as Event];
    default:
      return [moved, ...after];
  }
}

/**
 * A further answer to an `exact` kernel may come as digests alone once somebody's bytes are stored: if it
 * agrees they are the same bytes, and if not, the next person's bytes decide. Under `tolerance` only the same root may.
 */
function mayOmitBytes(chunk: Chunk, spec: JobSpec, root: string): boolean {
  return chunk.replicas.some(
    (r) =>
      r.phase.is === 'committed' && r.phase.stored && (spec.agreement === 'exact' || r.phase.root === root),
  );
}

/** A device gives chunks back that it will not compute: they are free at once. One event for each lease they belong to. */
function giveBack(state: State, command: CommandOf<'giveBack'>): Decision {
  const byLease = new Map<number, number[]>();
  for (const id of new Set(command.replicas)) {
    const found = replicaOf(state, command.device, id);
    if ('refused' in found) {
      if (found.refused === 'not-yours') return found;
      continue;
    }
    if (found.replica.phase.is !== 'leased') continue;
    const lease = found.replica.lease;
    byLease.set(lease, [...(byLease.get(lease) ?? []), id]);
  }
  if (byLease.size === 0) return refuse('already-so');
  return [...byLease].map(([id, replicas]): Event => {
    const lease = state.leases.get(id) as Lease;
    const { account, site } = state.devices.get(command.device) as Device;
    return {
      e: 'returned',
      job: lease.job,
      lease: id,
      replicas,
      device: command.device,
      account,
      site,
      why: command.why,
    };
  });
}

/** A lease's deadline has passed: what it still holds may be leased to others. */
function expire(state: State, command: CommandOf<'expire'>, at: number): Decision {
  const lease = state.leases.get(command.lease);
  if (lease === undefined || lease.left === 0) return refuse('unknown-lease');
  if (at < lease.deadline) return refuse('not-due');
  const job = state.jobs.get(lease.job) as Job;
  const replicas: number[] = [];
  for (let i = 0; i < lease.count; i++) {
    const replica = job.chunks.get(lease.chunk + i)?.replicas.find((r) => r.id === lease.id + i);
    if (replica?.phase.is === 'leased') replicas.push(replica.id);
  }
  const { account, site } = state.devices.get(lease.device) as Device;
  return [{ e: 'expired', job: lease.job, lease: lease.id, replicas, device: lease.device, account, site }];
}

/** Something that an honest device never sends is written down against its sender. */
function misdeed(state: State, command: CommandOf<'misdeed'>): Decision {
  const device = state.devices.get(command.device);
  if (device === undefined) return refuse('unknown-device');
  const { account, site } = device;
  return [
    { e: 'misdeed', device: command.device, account, site, what: command.what, replica: command.replica },
  ];
}

/** The job ends: at once, or when what is pending of it is checked [LG6]. What was paid stays paid, the rest goes back to the requester. */
function cancel(state: State, command: CommandOf<'cancel'>): Decision {
  const job = state.jobs.get(command.job);
  if (job === undefined) return refuse('unknown-job');
  if (job.closingAt !== null) return refuse('already-so');
  if (job.batches > 0) return [closingOf(state, job)];
  const { submittedAt, finalChunks, settledByPeople, settledWithAnchor, disputes } = job;
  const summary: JobSummary = { submittedAt, finalChunks, settledByPeople, settledWithAnchor, disputes };
  return [{ e: 'cancelled', job: job.id, summary, entries: refund(state, job.id, job.requester, 0n) }];
}
