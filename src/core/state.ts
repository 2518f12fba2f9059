/**
 * What the coordinator knows (State). What somebody may want, what happened and why not are in `events.ts` and `refusals.ts`. The words
 * are those of docs/SPEC.md.
 *
 * Money is in microcredits: 1 credit = 1 second of the reference core running the WASM reference.
 * Times are milliseconds since 1970 in UTC, as the coordinator's clock told them.
 */
import type { Intervals } from './intervals.ts';
import type { JobSpec } from './job.ts';
import type { Backend, EpochSeal, LedgerAccount } from './events.ts';
import type { Standing } from './trust.ts';
import type { UnitText } from './unit-text.ts';
export { isRefusal } from './events.ts';
export type * from './events.ts';
export type * from './refusals.ts';
export type { AuditedPolicy, AuditPolicy, JobSpec, Policy } from './job.ts';

/** A device key as the rules see it. */
export interface Device {
  readonly account: string;
  /** The partner site that brought it, or null. */
  readonly site: string | null;
  /** Placement group (network prefix by number); '' = exempt (loopback, where the operator says so). */
  readonly group: string;
  /** The network (autonomous system) that its group is in, by number; '' = not known. */
  readonly network: string;
  /** Anchors belong to the operator and only step in where people are missing. */
  readonly role: 'volunteer' | 'anchor';
  /** Chunks committed so far: a lease grows with it. */
  committed: number;
  /** Leases it holds now, over all its slots. */
  leases: number;
  /** How often it gave chunks of a lease back, and when it last did. */
  returned: number;
  returnedAt: number;
  /** Forged, contradictory or impossible messages counted against it. */
  misdeeds: number;
}

/** One device's attempt at one chunk. Its id is never used again: it is the fencing token. */
export interface Replica {
  readonly id: number;
  readonly lease: number;
  readonly device: string;
  readonly account: string;
  readonly site: string | null;
  readonly group: string;
  readonly backend: Backend;
  /** Of a newcomer: two people must agree on the chunk [TR1]. */
  readonly beside: boolean;
  readonly phase: ReplicaPhase;
}

export type ReplicaPhase =
  | { readonly is: 'leased'; readonly deadline: number }
  | {
      readonly is: 'committed';
      readonly root: string;
      readonly stored: boolean;
      readonly agrees: readonly number[];
    }
  | { readonly is: 'closed'; readonly why: 'expired' | 'returned' };

/** A chunk that is neither free nor final: it contains its replicas. */
export interface Chunk {
  readonly index: number;
  /** When it was first leased. */
  readonly openedAt: number;
  /** When it last began to want a further replica that nobody held; the anchor waits from here. */
  readonly since: number;
  readonly replicas: readonly Replica[];
}

/** A run of consecutive chunks held by one device until a deadline. Its id is its first replica's. */
export interface Lease {
  readonly id: number;
  readonly job: string;
  readonly chunk: number;
  readonly count: number;
  readonly device: string;
  readonly slot: number;
  readonly backend: Backend;
  /** Speed the slot claims for this kernel, in thousandths of the reference core. */
  readonly rateMilli: number;
  readonly deadline: number;
  /** Of a newcomer: two people must agree on its chunks [TR1]. */
  readonly beside: boolean;
  /** Replicas of it that are still `leased`: while there are any, its slot is busy. */
  left: number;
  /** Replicas of it whose chunks are still open: while there are any, a late commitment may come. */
  open: number;
}

export interface Job {
  readonly id: string;
  readonly spec: JobSpec;
  readonly requester: string;
  readonly submittedAt: number;
  /** When somebody was last given chunks of it. */
  leasedAt: number;
  /** Chunks that nobody holds. */
  readonly free: Intervals;
  /** Chunks whose result is provisional. */
  readonly accepted: Intervals;
  readonly final: Intervals;
  /** Chunks in between, by number. The table is another from time to time (`renewing.ts`): never keep it. */
  chunks: Map<number, Chunk>;
  /** Work handed out so far ÷ weight, in microcredits: the fair queue's virtual time. */
  servedMicro: number;
  acceptedChunks: number;
  finalChunks: number;
  /** When it was cancelled, while what is pending of it is still checked; null before. And what went back to its requester then. */
  closingAt: number | null;
  returnedMicro: number;
  /** What the escrow must still pay for work, in microcredits: the rest of it is for audits and second copies [LG5]. */
  owedMicro: number;
  /** Batches of unvested work in it, over all identities. */
  batches: number;
  /** Of provisional chunks that several identities answer for: how many. */
  readonly authors: Map<number, number>;
  /** Provisional chunks of which another's answer is void: it said the same, and its people must not be asked about it. */
  readonly disowned: Intervals;
  /** Chunks settled (provisional ones counted) without an anchor, and with one. */
  settledByPeople: number;
  settledWithAnchor: number;
  disputes: number;
  /** Derived: chunks that want a replica, by the one account that touched them ('' = none or several). */
  wanting: Map<string, Set<number>>;
  /** Derived: the key under which a chunk stands in `wanting`. */
  wantingKey: Map<number, string>;
}

/** How fast the slots of an account are that compute with one backend. */
export interface Shown {
  /** How many of them hold a lease with something left to compute, and since when so many… */
  busy: number;
  at: number;
  /** …how long they have done so until then, all of them together, and what for, in microcredits. */
  busyMs: number;
  micro: number;
}

export interface AccountRecord {
  readonly firstAt: number;
  /** Its devices that are remembered. */
  devices: number;
  chunks: number;
  units: number;
  /** Sum of what was ever credited, for the leaderboard. */
  earnedMicro: number;
  lastAt: number;
  /** One for all who have shown nothing: replaced, never written to (`records.ts`). */
  wasm: Shown;
  webgpu: Shown;
}

/**
 * What an identity has committed in one job and is not final yet: a run of its commitments. Its window is counted from
 * the last of them [AU3].
 */
export interface Batch {
  /** Which chunks: runs, or the same as text where that is not '' (`batch-chunks.ts`). */
  chunks: Intervals;
  packed: UnitText;
  units: number;
  /**
   * Units that are recomputed: how many, and which, by their numbers in the job ('' where they were forgotten when it was joined to others:
   * `isForgotten`); and how many of them were found right.
   */
  drawn: number;
  drawnUnits: UnitText;
  passed: number;
  /** Of those found right: by volunteers alone. Where anchors make all audits they are drawn once more [AU5] [TR5]. */
  vouched: UnitText;
  /** The identity's `auditedUnits` when the last chunk was added, once all that was drawn until then is found right. */
  auditedBefore: number;
  /** Chunks of it that an audit found wrong: they will be void. */
  readonly wrong: Intervals;
  /** What it is paid when it vests, by who pays; and for which chunks the operator does. */
  escrowMicro: number;
  operatorMicro: number;
  readonly byOperator: Intervals;
  /** The draws for those who leave or are suspended were made [AU4] [TR5]: nothing is added any more. */
  closed: boolean;
}

/** A device key together with what it computes with: whose record it is [TR3]. */
export interface Identity extends Standing {
  readonly device: string;
  readonly backend: Backend;
  readonly account: string;
  /** When it last committed. */
  lastAt: number;
  /** Its unvested work, by job. */
  readonly open: Map<string, Batch[]>;
}

/** Units of one chunk that shall be recomputed by somebody who does not see the claim [AU2]. */
export interface Audit {
  readonly id: number;
  readonly job: string;
  readonly chunk: number;
  /** Numbers in the job, ascending. */
  readonly units: readonly number[];
  /** The identities that answered so, as `identityKey` names them. */
  readonly authors: readonly string[];
  readonly at: number;
  /** Only anchors make it [AU5]. Absent = false. */
  readonly anchored?: true;
}

/** What checking came to since the log began. */
export interface Checks {
  audits: number;
  units: number;
  mismatches: number;
  /** Of the audits: made by volunteers. And answers of volunteers to audits that were wrong. */
  byPeople: number;
  auditorsWrong: number;
  /** Chunks computed by a further person. */
  secondCopies: number;
  voidedChunks: number;
  suspended: number;
  banned: number;
  /** Paid for work, for second copies, for audits, and by the operator for canaries and disputes, in microcredits. */
  workMicro: number;
  secondMicro: number;
  auditMicro: number;
  recheckMicro: number;
}

/** The operator's word that the log goes on from a backup [RS1]. */
export interface Restored {
  /** Ticks that were kept, and the root of the tree over them. */
  readonly kept: number;
  readonly root: string;
  readonly at: number;
}

/** A sealed epoch, as the log tells of it. */
export interface Epoch extends EpochSeal {
  readonly sealedAt: number;
}

/** All that the rules know. Changed by `evolve` alone. */
export interface State {
  at: number;
  nextReplica: number;
  nextJob: number;
  readonly devices: Map<string, Device>;
  /** Derived: volunteers' devices that have never committed anything, in the order in which they joined. */
  readonly newcomers: Set<string>;
  readonly accounts: Map<string, AccountRecord>;
  /** Open jobs only: a concluded one lives in the views. */
  readonly jobs: Map<string, Job>;
  /** Lease id by replica id, while its chunk is open; this table, `leases` and `busy` are others from time to time (`renewing.ts`): never keep them. */
  replicas: Map<number, number>;
  leases: Map<number, Lease>;
  /** Derived: leases of newcomers, by identity [TR1]. */
  readonly besides: Map<string, Set<number>>;
  readonly balances: Map<LedgerAccount, bigint>;
  nextAudit: number;
  readonly identities: Map<string, Identity>;
  /** Derived: those of them that have unvested work. */
  readonly owing: Set<string>;
  /** Audits that are still to be made, oldest first. */
  readonly audits: Map<number, Audit>;
  readonly checks: Checks;
  /** Kernels that the operator switched off, with the reason. */
  readonly pausedKernels: Map<string, string>;
  /** The last restore of this log; null when there was none. */
  restored: Restored | null;
  /** Epochs that were sealed, in order. */
  readonly epochs: Epoch[];
  /** What became final of what each partner's site brought, in microcredits. */
  readonly sites: Map<string, bigint>;
  /** Derived: the slots that hold a lease, by `device/slot`. */
  busy: Map<string, BusySlot>;
  /** Derived: the sum of those rates. */
  busyRateMilli: number;
}

/** What a slot holds now. */
export interface BusySlot {
  /** What it computed with when it began. */
  readonly backend: Backend;
  /** Speed it claims, in thousandths of the reference core. */
  rateMilli: number;
  leases: number;
  /** What it still has to compute, in microcredits; a job's last chunk counts as a whole one. */
  heldMicro: number;
}

export { identityKey, slotKey } from './keys.ts';

/** The state before anything happened. */
export function emptyState(): State {
  return {
    at: 0,
    nextReplica: 1,
    nextJob: 1,
    devices: new Map(),
    newcomers: new Set(),
    accounts: new Map(),
    jobs: new Map(),
    replicas: new Map(),
    leases: new Map(),
    besides: new Map(),
    balances: new Map(),
    nextAudit: 1,
    identities: new Map(),
    owing: new Set(),
    audits: new Map(),
    checks: noChecks(),
    pausedKernels: new Map(),
    restored: null,
    epochs: [],
    sites: new Map(),
    busy: new Map(),
    busyRateMilli: 0,
  };
}

function noChecks(): Checks {
  return {
    audits: 0,
    units: 0,
    mismatches: 0,
    byPeople: 0,
    auditorsWrong: 0,
    secondCopies: 0,
    voidedChunks: 0,
    suspended: 0,
    banned: 0,
    workMicro: 0,
    secondMicro: 0,
    auditMicro: 0,
    recheckMicro: 0,
  };
}

/** Chunks in the job: the last one may be shorter. */
export function chunksOf(spec: JobSpec): number {
  return Math.ceil(spec.units / spec.unitsPerChunk);
}

/** The units [from, to) of a chunk. */
export function unitsOf(spec: JobSpec, chunk: number): [number, number] {
  const from = chunk * spec.unitsPerChunk;
  return [from, Math.min(spec.units, from + spec.unitsPerChunk)];
}

/** What one person is paid for a chunk, in microcredits. */
export function chunkCostMicro(spec: JobSpec, chunk: number): number {
  const [from, to] = unitsOf(spec, chunk);
  return (to - from) * spec.unitCostMicro;
}
