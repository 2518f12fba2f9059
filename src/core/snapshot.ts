/**
 * The state as JSON text and back, so that a restart costs a snapshot and a tail and not the whole log. Rows without
 * names, and nothing that the rest implies: what is in flight is most of it, and is read before the first lease.
 */
import { emptyState } from './state.ts';
import type {
  AccountRecord,
  BusySlot,
  Chunk,
  Device,
  Job,
  Lease,
  LedgerAccount,
  Replica,
  ReplicaPhase,
  State,
} from './state.ts';

/** Changes whenever the shape below does: a snapshot of another shape is not read, the log is folded instead. */
export const snapshotSchema = 4;

type DeviceRow = [string, string, string | null, string, Device['role'], number, number, number];
type AccountRow = [string, number, number, number, number, number];
type LeaseRow = [
  number,
  string,
  number,
  number,
  string,
  number,
  Lease['backend'],
  number,
  number,
  number,
  number,
];
/** Id and lease; then nothing while it is leased, why it was closed, or its root, whether bytes are stored, and whom it agrees with. */
type ReplicaRow =
  | [number, number]
  | [number, number, 0 | 1]
  | [number, number, string, 0 | 1, readonly number[]];
/** Site and group of a replica whose device has since moved. */
type Moved = { site: string | null; group: string };
/** Number, opened, since; each replica's row; a row followed by where it was when its device is elsewhere now. */
type ChunkRow = [number, number, number, ...(ReplicaRow | Moved)[]];
type Derived = 'chunks' | 'wanting' | 'wantingKey';
type JobRow = Omit<Job, Derived> & { chunks: ChunkRow[]; wanting: [string, number[]][] };

interface Frozen extends Pick<State, 'at' | 'nextReplica' | 'nextJob' | 'busyRateMilli'> {
  schema: number;
  devices: DeviceRow[];
  accounts: AccountRow[];
  leases: LeaseRow[];
  jobs: JobRow[];
  balances: [LedgerAccount, string][];
  pausedKernels: [string, string][];
  busy: [string, BusySlot][];
}

/** The state as text. Order within maps and sets is kept: a restored machine picks as the old one would have. */
export function freeze(state: State): string {
  const frozen: Frozen = {
    schema: snapshotSchema,
    at: state.at,
    nextReplica: state.nextReplica,
    nextJob: state.nextJob,
    devices: Array.from(state.devices, ([id, d]) => [
      id,
      d.account,
      d.site,
      d.group,
      d.role,
      d.committed,
      d.leases,
      d.misdeeds,
    ]),
    accounts: Array.from(state.accounts, ([id, a]) => [
      id,
      a.firstAt,
      a.chunks,
      a.units,
      a.earnedMicro,
      a.lastAt,
    ]),
    leases: Array.from(state.leases.values(), leaseRow),
    jobs: Array.from(state.jobs.values(), (job) => {
      // What they imply is left out.
      const { chunks, wanting, wantingKey: _, ...rest } = job;
      return {
        ...rest,
        chunks: Array.from(chunks.values(), (chunk) => chunkRow(state, chunk)),
        wanting: Array.from(wanting, ([key, numbers]) => [key, [...numbers]]),
      };
    }),
    balances: Array.from(state.balances, ([account, balance]) => [account, balance.toString()]),
    pausedKernels: [...state.pausedKernels],
    busy: [...state.busy],
    busyRateMilli: state.busyRateMilli,
  };
  return JSON.stringify(frozen);
}

function leaseRow(lease: Lease): LeaseRow {
  const { id, job, chunk, count, device, slot, backend, rateMilli, deadline, left, open } = lease;
  return [id, job, chunk, count, device, slot, backend, rateMilli, deadline, left, open];
}

function chunkRow(state: State, { index, openedAt, since, replicas }: Chunk): ChunkRow {
  const row: ChunkRow = [index, openedAt, since];
  for (const replica of replicas) {
    row.push(replicaRow(replica));
    const device = state.devices.get(replica.device);
    if (device?.site !== replica.site || device.group !== replica.group)
      row.push({ site: replica.site, group: replica.group });
  }
  return row;
}

function replicaRow({ id, lease, phase }: Replica): ReplicaRow {
  switch (phase.is) {
    case 'leased':
      return [id, lease];
    case 'closed':
      return [id, lease, phase.why === 'expired' ? 0 : 1];
    case 'committed':
      return [id, lease, phase.root, phase.stored ? 1 : 0, phase.agrees];
    default:
      return phase satisfies never;
  }
}

/** The state that `freeze` wrote; null when the text is of another schema. The text is our own: it is trusted. */
export function thaw(text: string): State | null {
  const frozen = JSON.parse(text) as Frozen;
  if (frozen.schema !== snapshotSchema) return null;
  const state: State = {
    ...emptyState(),
    at: frozen.at,
    nextReplica: frozen.nextReplica,
    nextJob: frozen.nextJob,
    balances: new Map(frozen.balances.map(([account, balance]) => [account, BigInt(balance)])),
    pausedKernels: new Map(frozen.pausedKernels),
    busy: new Map(frozen.busy),
    busyRateMilli: frozen.busyRateMilli,
  };
  for (const [id, account, site, group, role, committed, leases, misdeeds] of frozen.devices)
    state.devices.set(id, { account, site, group, role, committed, leases, misdeeds });
  for (const [id, firstAt, chunks, units, earnedMicro, lastAt] of frozen.accounts)
    state.accounts.set(id, { firstAt, chunks, units, earnedMicro, lastAt } satisfies AccountRecord);
  for (const row of frozen.leases) state.leases.set(row[0], leaseOf(row));
  for (const row of frozen.jobs) state.jobs.set(row.id, jobOf(state, row));
  return state;
}

function leaseOf(row: LeaseRow): Lease {
  const [id, job, chunk, count, device, slot, backend, rateMilli, deadline, left, open] = row;
  return { id, job, chunk, count, device, slot, backend, rateMilli, deadline, left, open };
}

/** A job with its chunks and indices; its replicas become known to the state. */
function jobOf(state: State, row: JobRow): Job {
  const job: Job = { ...row, chunks: new Map(), wanting: new Map(), wantingKey: new Map() };
  for (const chunk of row.chunks) job.chunks.set(chunk[0], chunkOf(state, chunk));
  for (const [key, numbers] of row.wanting) {
    job.wanting.set(key, new Set(numbers));
    for (const index of numbers) job.wantingKey.set(index, key);
  }
  return job;
}

function chunkOf(state: State, [index, openedAt, since, ...rows]: ChunkRow): Chunk {
  const replicas: Replica[] = [];
  for (const row of rows) {
    if (!Array.isArray(row)) {
      replicas.push({ ...(replicas.pop() as Replica), ...row });
      continue;
    }
    const [id, lease] = row;
    const { device, backend, deadline } = state.leases.get(lease) as Lease;
    const { account, site, group } = state.devices.get(device) as Device;
    replicas.push({ id, lease, device, account, site, group, backend, phase: phaseOf(row, deadline) });
    state.replicas.set(id, lease);
  }
  return { index, openedAt, since, replicas };
}

/** A replica is leased for as long as its lease. */
function phaseOf(row: ReplicaRow, deadline: number): ReplicaPhase {
  if (row.length === 2) return { is: 'leased', deadline };
  if (row.length === 3) return { is: 'closed', why: row[2] === 0 ? 'expired' : 'returned' };
  return { is: 'committed', root: row[2], stored: row[3] === 1, agrees: row[4] };
}
