/**
 * The closed lists of the house: what the coordinator knows (State), what somebody may want
 * (Command), what happened (Event) and why not (Refusal). The words are those of docs/SPEC.md.
 *
 * Money is in microcredits: 1 credit = 1 second of the reference core running the WASM reference.
 * Times are milliseconds since 1970 in UTC, as the coordinator's clock told them.
 */
import type { Intervals } from './intervals.ts';
import type { JobSpec } from './job.ts';
export type { JobSpec, Policy } from './job.ts';

/** What a device computes with. `wasm` runs the reference itself, `webgpu` its fast form. */
export type Backend = 'wasm' | 'webgpu';

/** One debit and one credit of equal amount: the only way credits move. */
export interface Entry {
  readonly from: LedgerAccount;
  readonly to: LedgerAccount;
  readonly amountMicro: number;
}

/**
 * `issue` is where credits come from (its balance is minus all that exist), `operator` pays what no
 * requester ordered, `requester:…` holds funds, `escrow:<job>` a job's price, `pending:…` and `vested:…` earnings.
 */
export type LedgerAccount =
  | 'issue'
  | 'operator'
  | `requester:${string}`
  | `escrow:${string}`
  | `pending:${string}`
  | `vested:${string}`;

/** A device key as the rules see it. */
export interface Device {
  readonly account: string;
  /** The partner site that brought it, or null. */
  readonly site: string | null;
  /** Placement group (network prefix by number); '' = exempt (loopback, where the operator says so). */
  readonly group: string;
  /** Anchors belong to the operator and only step in where people are missing. */
  readonly role: 'volunteer' | 'anchor';
  /** Chunks committed so far: a lease grows with it. */
  committed: number;
  /** Leases it holds now, over all its slots. */
  leases: number;
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
  readonly final: Intervals;
  /** Chunks in between, by number. */
  readonly chunks: Map<number, Chunk>;
  /** Work handed out so far ÷ weight, in microcredits: the fair queue's virtual time. */
  servedMicro: number;
  finalChunks: number;
  /** Chunks settled without an anchor, and with one. */
  settledByPeople: number;
  settledWithAnchor: number;
  disputes: number;
  /** Derived: chunks that want a replica, by the one account that touched them ('' = none or several). */
  readonly wanting: Map<string, Set<number>>;
  /** Derived: the key under which a chunk stands in `wanting`. */
  readonly wantingKey: Map<number, string>;
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
}

/** The operator's word that the log goes on from a backup [RS1]. */
export interface Restored {
  /** Ticks that were kept, and the root of the tree over them. */
  readonly kept: number;
  readonly root: string;
  readonly at: number;
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
  /** Lease id by replica id, while its chunk is open. */
  readonly replicas: Map<number, number>;
  readonly leases: Map<number, Lease>;
  readonly balances: Map<LedgerAccount, bigint>;
  /** Kernels that the operator switched off, with the reason. */
  readonly pausedKernels: Map<string, string>;
  /** The last restore of this log; null when there was none. */
  restored: Restored | null;
  /** Derived: the slots that hold a lease, by `device/slot`. */
  readonly busy: Map<string, BusySlot>;
  /** Derived: the sum of those rates. */
  busyRateMilli: number;
}

/** What a slot holds now. */
export interface BusySlot {
  /** Speed it claims, in thousandths of the reference core. */
  rateMilli: number;
  leases: number;
  /** What it still has to compute, in microcredits; a job's last chunk counts as a whole one. */
  heldMicro: number;
}

/** How `busy` names a slot. */
export function slotKey(device: string, slot: number): string {
  return `${device}/${slot}`;
}

/** A slot is one worker of a device that wants a lease. */
export interface Slot {
  readonly slot: number;
  readonly backend: Backend;
  /** Kernels it proved itself on, with its measured speed in thousandths of the reference core. */
  readonly rates: Readonly<Record<string, number>>;
}

export type Command =
  | {
      readonly c: 'join';
      readonly device: string;
      readonly account: string;
      readonly site: string | null;
      readonly group: string;
      readonly role: 'volunteer' | 'anchor';
    }
  | { readonly c: 'fund'; readonly account: string; readonly amountMicro: number }
  | { readonly c: 'submit'; readonly requester: string; readonly spec: JobSpec }
  | { readonly c: 'ask'; readonly device: string; readonly slot: Slot; readonly live: LivePeople }
  | {
      readonly c: 'commit';
      readonly device: string;
      readonly replica: number;
      readonly root: string;
      readonly digests: string;
      readonly stored: boolean;
      readonly agrees: readonly number[];
    }
  | {
      readonly c: 'giveBack';
      readonly device: string;
      readonly replicas: readonly number[];
      readonly why: string;
    }
  | { readonly c: 'expire'; readonly lease: number }
  | { readonly c: 'misdeed'; readonly device: string; readonly what: string; readonly replica: number | null }
  | { readonly c: 'cancel'; readonly job: string }
  | { readonly c: 'pauseKernel'; readonly kernel: string; readonly reason: string }
  | { readonly c: 'resumeKernel'; readonly kernel: string }
  | { readonly c: 'restore'; readonly kept: number; readonly root: string };

/** Accounts of volunteers connected now, by placement group: what each computes there, as `backend kernel`. The shell knows; the log need not. */
export type LivePeople = ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>;

/** A lease that ends for some of its replicas without an answer. */
interface Ended {
  readonly job: string;
  readonly lease: number;
  readonly replicas: readonly number[];
  readonly device: string;
  readonly account: string;
  readonly site: string | null;
}

export type Event =
  | {
      readonly e: 'joined';
      readonly device: string;
      readonly account: string;
      readonly site: string | null;
      readonly group: string;
      readonly role: 'volunteer' | 'anchor';
    }
  | {
      readonly e: 'moved';
      readonly device: string;
      readonly account: string;
      readonly site: string | null;
      readonly group: string;
    }
  | { readonly e: 'funded'; readonly account: string; readonly entries: readonly Entry[] }
  | {
      readonly e: 'submitted';
      readonly job: string;
      readonly requester: string;
      readonly spec: JobSpec;
      readonly servedMicro: number;
      readonly entries: readonly Entry[];
    }
  | {
      readonly e: 'leased';
      readonly lease: number;
      readonly job: string;
      readonly chunk: number;
      readonly count: number;
      readonly device: string;
      readonly account: string;
      readonly site: string | null;
      readonly slot: number;
      readonly backend: Backend;
      readonly rateMilli: number;
      readonly deadline: number;
    }
  | {
      readonly e: 'committed';
      readonly job: string;
      readonly chunk: number;
      readonly replica: number;
      readonly device: string;
      readonly account: string;
      readonly site: string | null;
      readonly root: string;
      readonly digests: string;
      readonly stored: boolean;
      readonly agrees: readonly number[];
    }
  | {
      readonly e: 'accepted';
      readonly job: string;
      readonly chunk: number;
      readonly root: string;
      readonly replica: number;
      readonly winners: readonly Winner[];
      readonly losers: readonly number[];
      readonly final: boolean;
      readonly entries: readonly Entry[];
    }
  | (Ended & { readonly e: 'returned'; readonly why: string })
  | (Ended & { readonly e: 'expired' })
  | {
      readonly e: 'misdeed';
      readonly device: string;
      readonly account: string;
      readonly site: string | null;
      readonly what: string;
      readonly replica: number | null;
    }
  | {
      readonly e: 'finished' | 'cancelled';
      readonly job: string;
      readonly summary: JobSummary;
      readonly entries: readonly Entry[];
    }
  | { readonly e: 'kernelPaused'; readonly kernel: string; readonly reason: string }
  | { readonly e: 'kernelResumed'; readonly kernel: string }
  | { readonly e: 'forgotten'; readonly device: string; readonly account: string }
  | {
      readonly e: 'restored';
      readonly kept: number;
      readonly root: string;
      readonly nextReplica: number;
      readonly nextJob: number;
    };

/** What is left of a concluded job in the log's last word on it. */
export interface JobSummary {
  readonly submittedAt: number;
  readonly finalChunks: number;
  readonly settledByPeople: number;
  readonly settledWithAnchor: number;
  readonly disputes: number;
}

/** Who is paid for a chunk. The amount is that of the entry with the same account. */
export interface Winner {
  readonly replica: number;
  readonly device: string;
  readonly account: string;
  readonly site: string | null;
}

/** Why the rules do not give what was asked for. A value, sent back; never an exception. */
export interface Refusal {
  readonly refused: RefusalReason;
  readonly detail?: string;
}

export type RefusalReason =
  | 'unknown-device'
  | 'unknown-job'
  | 'unknown-replica'
  | 'unknown-lease'
  | 'not-yours'
  | 'already-committed'
  | 'same-commitment'
  | 'no-bytes'
  | 'job-closed'
  | 'not-due'
  | 'bad-job'
  | 'insufficient-funds'
  | 'already-so'
  | 'no-work'
  | 'no-job-open'
  | 'nothing-for-this-device'
  | 'waiting-for-others'
  | 'holding-enough'
  | 'kernel-paused';

export type Decision = readonly Event[] | Refusal;

/** Whether a decision is a refusal. */
export function isRefusal(decision: Decision): decision is Refusal {
  return !Array.isArray(decision);
}

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
    balances: new Map(),
    pausedKernels: new Map(),
    restored: null,
    busy: new Map(),
    busyRateMilli: 0,
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
