/**
 * The state as JSON text and back, so that a restart costs a snapshot and a tail and not the whole log. Rows without
 * names, and nothing that the rest implies: what is in flight is most of it, and is read before the first lease.
 */
import { putLease } from './beside.ts';
import { nothingShown } from './records.ts';
import { identitiesRow, putIdentities } from './snapshot-identities.ts';
import type { Identities } from './snapshot-identities.ts';
import { emptyState } from './state.ts';
import type {
  AccountRecord,
  Audit,
  BusySlot,
  Shown,
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
export const snapshotSchema = 21;

type DeviceRow = [
  string,
  string,
  string | null,
  string,
  string,
  Device['role'],
  number,
  number,
  number,
  number,
  number,
];
/** What an account has shown with a backend; 0: nothing, as of most with one of the two. */
type ShownRow = [number, number, number, number] | 0;
type AccountRow = [string, number, number, number, number, number, number, ShownRow, ShownRow];
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
  0 | 1,
];
/**
 * All chunks of a job in one row, one after the other, since reading many small rows takes longer than reading what is in
 * them: number, how long ago it was opened, how long after that it began to want, replicas; and of each replica its place in
 * the lease, the lease, how it stands, and what its standing brings. Small numbers need no memory of their own. Most chunks are just
 * leased and follow one another: of so many of the same leases stands their number, negative, before how many replicas each has, and then
 * the place of the first and the lease of each of these.
 */
type Chunks = (number | string | null)[];
/** How a replica stands. A commitment brings its root, how many it agrees with, and these. */
const leased = 0;
const expired = 1;
const returned = 2;
const bound = 3;
const boundAndStored = 4;
/** Added to it where the device has moved since: then comes the site and the group it came from. */
const moved = 8;
type Derived = 'chunks' | 'wanting' | 'wantingKey' | 'authors';
type JobRow = Omit<Job, Derived> & {
  chunks: Chunks;
  wanting: [string, number[]][];
  authors: [number, number][];
};

interface Frozen extends Pick<
  State,
  'at' | 'nextReplica' | 'nextJob' | 'nextAudit' | 'checks' | 'busyRateMilli' | 'restored'
> {
  /** Absent in snapshots from before there were epochs, whose logs hold none. */
  epochs?: State['epochs'];
  /** Absent likewise: no site had brought anything. */
  sites?: [string, string][];
  schema: number;
  devices: DeviceRow[];
  accounts: AccountRow[];
  leases: LeaseRow[];
  jobs: JobRow[];
  identities: Identities;
  audits: Audit[];
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
      d.network,
      d.role,
      d.committed,
      d.leases,
      d.returned,
      d.returnedAt,
      d.misdeeds,
    ]),
    accounts: Array.from(state.accounts, ([id, a]) => [
      id,
      a.firstAt,
      a.devices,
      a.chunks,
      a.units,
      a.earnedMicro,
      a.lastAt,
      shownRow(a.wasm),
      shownRow(a.webgpu),
    ]),
    leases: Array.from(state.leases.values(), leaseRow),
    jobs: Array.from(state.jobs.values(), (job) => {
      // What they imply is left out.
      const { chunks, wanting, wantingKey: _, authors, ...rest } = job;
      return {
        ...rest,
        authors: [...authors],
        chunks: chunksRow(state, chunks.values()),
        wanting: Array.from(wanting, ([key, numbers]) => [key, [...numbers]]),
      };
    }),
    nextAudit: state.nextAudit,
    identities: identitiesRow(state),
    audits: [...state.audits.values()],
    checks: state.checks,
    balances: Array.from(state.balances, ([account, balance]) => [account, balance.toString()]),
    pausedKernels: [...state.pausedKernels],
    restored: state.restored,
    epochs: state.epochs,
    sites: Array.from(state.sites, ([site, micro]) => [site, micro.toString()]),
    busy: [...state.busy],
    busyRateMilli: state.busyRateMilli,
  };
  return JSON.stringify(frozen);
}

function shownRow({ busy, at, busyMs, micro }: Shown): ShownRow {
  return at === 0 && busy === 0 && busyMs === 0 && micro === 0 ? 0 : [busy, at, busyMs, micro];
}

function leaseRow(lease: Lease): LeaseRow {
  const { id, job, chunk, count, device, slot, backend, rateMilli, deadline, left, open, beside } = lease;
  return [id, job, chunk, count, device, slot, backend, rateMilli, deadline, left, open, beside ? 1 : 0];
}

function chunksRow(state: State, chunks: Iterable<Chunk>): Chunks {
  const row: Chunks = [];
  // Where the number of the last run stands, and its last chunk.
  let run = -1;
  let last: Chunk | null = null;
  for (const chunk of chunks) {
    const { index, openedAt, since, replicas } = chunk;
    if (isJustLeased(state, replicas)) {
      if (last !== null && follows(chunk, last)) (row[run] as number)--;
      else {
        run = row.push(index, state.at - openedAt, since - openedAt, -1, replicas.length) - 2;
        for (const { id, lease } of replicas) row.push(id - lease, lease);
      }
      last = chunk;
      continue;
    }
    last = null;
    row.push(index, state.at - openedAt, since - openedAt, replicas.length);
    for (const replica of replicas) {
      const { id, lease, site, group, phase } = replica;
      const away = isAway(state, replica);
      row.push(id - lease, lease, standingOf(phase) + (away ? moved : 0));
      if (away) row.push(site, group);
      if (phase.is === 'committed') row.push(phase.root, phase.agrees.length, ...phase.agrees);
    }
  }
  return row;
}

/** Whether all replicas of a chunk are leased, to devices that have not moved since. */
function isJustLeased(state: State, replicas: readonly Replica[]): boolean {
  return replicas.length > 0 && replicas.every((one) => one.phase.is === 'leased' && !isAway(state, one));
}

/** Whether a chunk goes on with the leases of the last one. */
function follows({ index, openedAt, since, replicas }: Chunk, last: Chunk): boolean {
  if (index !== last.index + 1 || openedAt !== last.openedAt || since !== last.since) return false;
  if (replicas.length !== last.replicas.length) return false;
  return replicas.every(({ id, lease }, i) => {
    const before = last.replicas[i] as Replica;
    return lease === before.lease && id === before.id + 1;
  });
}

/** Whether the device has moved since. */
function isAway(state: State, { device, site, group }: Replica): boolean {
  const now = state.devices.get(device);
  return now === undefined || now.site !== site || now.group !== group;
}

function standingOf(phase: ReplicaPhase): number {
  switch (phase.is) {
    case 'leased':
      return leased;
    case 'closed':
      return phase.why === 'expired' ? expired : returned;
    case 'committed':
      return phase.stored ? boundAndStored : bound;
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
    nextAudit: frozen.nextAudit,
    checks: frozen.checks,
    balances: new Map(frozen.balances.map(([account, balance]) => [account, BigInt(balance)])),
    pausedKernels: new Map(frozen.pausedKernels),
    restored: frozen.restored,
    epochs: frozen.epochs ?? [],
    sites: new Map((frozen.sites ?? []).map(([site, micro]) => [site, BigInt(micro)])),
    busy: new Map(frozen.busy),
    busyRateMilli: frozen.busyRateMilli,
  };
  for (const row of frozen.devices) state.devices.set(row[0], deviceOf(row));
  // Devices stand in the order in which they joined.
  for (const [id, { role, committed }] of state.devices)
    if (role === 'volunteer' && committed === 0) state.newcomers.add(id);
  for (const row of frozen.accounts) state.accounts.set(row[0], accountOf(row));
  putIdentities(state, frozen.identities);
  for (const audit of frozen.audits) state.audits.set(audit.id, audit);
  for (const row of frozen.leases) putLease(state, leaseOf(row));
  for (const row of frozen.jobs) state.jobs.set(row.id, jobOf(state, row));
  return state;
}

// All rows are read by position and without destructuring: this runs once, cold, while somebody waits for the first lease.

function deviceOf(row: DeviceRow): Device {
  return {
    account: row[1],
    site: row[2],
    group: row[3],
    network: row[4],
    role: row[5],
    committed: row[6],
    leases: row[7],
    returned: row[8],
    returnedAt: row[9],
    misdeeds: row[10],
  };
}

function accountOf(row: AccountRow): AccountRecord {
  return {
    firstAt: row[1],
    devices: row[2],
    chunks: row[3],
    units: row[4],
    earnedMicro: row[5],
    lastAt: row[6],
    wasm: shownOf(row[7]),
    webgpu: shownOf(row[8]),
  };
}

function shownOf(row: ShownRow): Shown {
  if (row === 0) return nothingShown;
  return { busy: row[0], at: row[1], busyMs: row[2], micro: row[3] };
}

function leaseOf(row: LeaseRow): Lease {
  return {
    id: row[0],
    job: row[1],
    chunk: row[2],
    count: row[3],
    device: row[4],
    slot: row[5],
    backend: row[6],
    rateMilli: row[7],
    deadline: row[8],
    left: row[9],
    open: row[10],
    beside: row[11] === 1,
  };
}

/** A job with its chunks and indices; its replicas become known to the state. */
function jobOf(state: State, row: JobRow): Job {
  const chunks = chunksOf(state, row.chunks);
  const job: Job = {
    ...row,
    chunks,
    wanting: new Map(),
    wantingKey: new Map(),
    authors: new Map(row.authors),
  };
  for (const [key, numbers] of row.wanting) {
    job.wanting.set(key, new Set(numbers));
    for (const index of numbers) job.wantingKey.set(index, key);
  }
  return job;
}

function chunksOf(state: State, row: Chunks): Map<number, Chunk> {
  const chunks = new Map<number, Chunk>();
  for (let at = 0; at < row.length;) {
    const index = row[at++] as number;
    const openedAt = state.at - (row[at++] as number);
    const since = openedAt + (row[at++] as number);
    const replicas: Replica[] = [];
    let left = row[at++] as number;
    if (left < 0) {
      const each = row[at++] as number;
      runOf(state, chunks, { index, openedAt, since }, -left, row.slice(at, at + 2 * each) as number[]);
      at += 2 * each;
      continue;
    }
    for (; left > 0; left--) {
      const place = row[at++] as number;
      const lease = row[at++] as number;
      const id = lease + place;
      const standing = row[at++] as number;
      const { device, backend, beside, deadline } = state.leases.get(lease) as Lease;
      const now = state.devices.get(device) as Device;
      const away = standing >= moved;
      const site = away ? (row[at++] as string | null) : now.site;
      const group = away ? (row[at++] as string) : now.group;
      const brings = standing % moved >= bound ? 2 + (row[at + 1] as number) : 0;
      const phase = phaseOf(standing % moved, deadline, row, at);
      at += brings;
      replicas.push({ id, lease, device, account: now.account, site, group, backend, beside, phase });
      state.replicas.set(id, lease);
    }
    chunks.set(index, { index, openedAt, since, replicas });
  }
  return chunks;
}

/** So many chunks that are just leased, one after the other, from `first` on; `of`: place of the first and lease, of each of their replicas. */
function runOf(
  state: State,
  chunks: Map<number, Chunk>,
  first: Omit<Chunk, 'replicas'>,
  count: number,
  of: readonly number[],
): void {
  const { index: from, openedAt, since } = first;
  const run: (Omit<Chunk, 'replicas'> & { readonly replicas: Replica[] })[] = [];
  for (let i = 0; i < count; i++) run.push({ index: from + i, openedAt, since, replicas: [] });
  for (let at = 0; at < of.length; at += 2) {
    const lease = of[at + 1] as number;
    const { device, backend, beside, deadline } = state.leases.get(lease) as Lease;
    const { account, site, group } = state.devices.get(device) as Device;
    const phase = { is: 'leased', deadline } as const;
    for (let i = 0; i < count; i++) {
      const id = lease + (of[at] as number) + i;
      const replica: Replica = { id, lease, device, account, site, group, backend, beside, phase };
      run[i]?.replicas.push(replica);
      state.replicas.set(id, lease);
    }
  }
  for (const chunk of run) chunks.set(chunk.index, chunk);
}

/** `at`: where what the standing brings lies. A replica is leased for as long as its lease. */
function phaseOf(standing: number, deadline: number, row: Chunks, at: number): ReplicaPhase {
  if (standing === leased) return { is: 'leased', deadline };
  if (standing < bound) return { is: 'closed', why: standing === expired ? 'expired' : 'returned' };
  const agrees = row.slice(at + 2, at + 2 + (row[at + 1] as number)) as number[];
  return { is: 'committed', root: row[at] as string, stored: standing === boundAndStored, agrees };
}
