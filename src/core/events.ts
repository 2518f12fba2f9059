/**
 * The closed lists of the house: what somebody may want (Command), and what happened (Event); why not is in `refusals.ts`. An event
 * kind never changes its meaning: the log is read for ever.
 */
import type { JobSpec } from './job.ts';
import type { Refusal } from './refusals.ts';
import type { Consequence } from './trust.ts';

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
      /** By the operator's table of networks; absent where that is not known. */
      readonly network?: string;
    }
  | { readonly c: 'fund'; readonly account: string; readonly amountMicro: number }
  | { readonly c: 'submit'; readonly requester: string; readonly spec: JobSpec }
  | {
      readonly c: 'ask';
      readonly device: string;
      readonly slot: Slot;
      readonly live: LivePeople;
      /** Absent: no networks are known. */
      readonly networks?: LiveNetworks;
    }
  | {
      readonly c: 'commit';
      readonly device: string;
      readonly replica: number;
      readonly root: string;
      readonly digests: string;
      readonly stored: boolean;
      readonly agrees: readonly number[];
      /** Randomness for drawing units [AU1]: `wordsForAny` of them, thrown by the shell for this commitment. */
      readonly words?: ArrayLike<number>;
    }
  /** The units of an audit were recomputed, by an anchor or by a volunteer who may [AU7]: `wrong` are those whose claim was not right. */
  | {
      readonly c: 'audit';
      readonly audit: number;
      readonly device: string;
      readonly wrong: readonly number[];
      /** What the wrong ones should have been: their digests in hex, in the same order. */
      readonly right: readonly string[];
      /** Of its units those that were recomputed, where an anchor found some of them wrong and went no further [AU2]. Absent: all. */
      readonly units?: readonly number[];
      /** A volunteer whose answer agreed with the claim where both are wrong: an anchor found it out [AU8]. */
      readonly vouched?: { readonly device: string; readonly wrong: readonly number[] };
      /** The anchor that found the same as the volunteer, whose answer was a canary [AU8]: the operator pays for that [LG7]. */
      readonly canary?: string;
    }
  /** Two engines of the operator's recomputed units of an audit, in an anchor's name, since its answer and the claim differ [AU6]. */
  | {
      readonly c: 'recheck';
      readonly audit: number;
      readonly device: string;
      readonly units: readonly number[];
    }
  /** Two engines found that not the claim but the volunteer who recomputed it was wrong, in these units [AU7]. */
  | {
      readonly c: 'refute';
      readonly audit: number;
      readonly device: string;
      readonly wrong: readonly number[];
      readonly right: readonly string[];
      /** The digests that it answered with for those units: they stand nowhere else. */
      readonly claimed?: readonly string[];
    }
  /** An identity has left, or a job has nothing left to give out: units of its newest open batch there are drawn [AU4]. */
  | {
      readonly c: 'close';
      readonly job: string;
      readonly device: string;
      readonly backend: Backend;
      /** One word of randomness for each unit of the batch. */
      readonly words: ArrayLike<number>;
    }
  /** Work of an identity may have become final. */
  | { readonly c: 'vest'; readonly job: string; readonly device: string; readonly backend: Backend }
  /** The next batch of somebody who was disproved is void. */
  | { readonly c: 'void'; readonly device: string; readonly backend: Backend }
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
  /** The operator looked at what was found of an identity, and lets it in again [TR8]. */
  | { readonly c: 'readmit'; readonly device: string; readonly backend: Backend; readonly reason: string }
  | { readonly c: 'restore'; readonly kept: number; readonly root: string }
  | (EpochSeal & { readonly c: 'seal' });

/** What the log says of a sealed epoch [EP3]: all that its files must agree with. */
export interface EpochSeal {
  /** 1, 2, … */
  readonly number: number;
  /** The ticks [from, to) whose entries it shares out. */
  readonly from: number;
  readonly to: number;
  /** When the period began and ended, ms since 1970: for people, the ticks decide. */
  readonly fromAt: number;
  readonly toAt: number;
  /** Root of the log's tree over all records before `to`, in hex. */
  readonly log: string;
  /** Root of the epoch's tree, `0x` and hex. */
  readonly root: string;
  /** How many rows there are. */
  readonly accounts: number;
  /** All credit of the period, and what is shared out, in microcredits: decimal, since they may be beyond 2^53. */
  readonly totalMicro: string;
  readonly budgetMicro: string;
}

/** Accounts of volunteers connected now, by placement group: what each computes there, as `backend kernel`. The shell knows; the log need not. */
export type LivePeople = ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>;

/** The networks of those people, as far as they are known. */
export interface LiveNetworks {
  /** By what is asked for (`backend kernel`): how many ask for it from each network, an account once for each of its groups. */
  readonly wanting: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** The network of a placement group: all of a prefix are in one. */
  readonly ofGroup: ReadonlyMap<string, string>;
}

/** Whose work an event is about. */
export interface Author {
  readonly device: string;
  readonly backend: Backend;
  readonly account: string;
  readonly site: string | null;
}

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
      /** Absent = not known. */
      readonly network?: string;
    }
  | {
      readonly e: 'moved';
      readonly device: string;
      readonly account: string;
      readonly site: string | null;
      readonly group: string;
      /** Absent = not known. */
      readonly network?: string;
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
      /** Absent = false. */
      readonly beside?: true;
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
      /** Units of it that will be recomputed, by their numbers in the job. Absent = none. */
      readonly drawn?: readonly number[];
      /** So many audits share them in turn; absent: one. */
      readonly auditors?: number;
      readonly entries: readonly Entry[];
    }
  | {
      readonly e: 'audited';
      readonly audit: number;
      readonly job: string;
      readonly chunk: number;
      readonly units: readonly number[];
      readonly wrong: readonly number[];
      /** Who recomputed them, and is paid for it. */
      readonly device: string;
      readonly account: string;
      /** Of a volunteer, who gets a receipt for it; absent of an anchor. */
      readonly site?: string | null;
      readonly entries: readonly Entry[];
    }
  /** Units of an audit were recomputed beside it, at the operator's cost [LG7]: by an anchor (a canary), or by two engines (a dispute). */
  | {
      readonly e: 'rechecked';
      readonly audit: number;
      readonly job: string;
      readonly chunk: number;
      readonly units: readonly number[];
      readonly why: 'canary' | 'dispute';
      /** The anchor in whose name it was, and whose account is paid. */
      readonly device: string;
      readonly account: string;
      readonly entries: readonly Entry[];
    }
  /** Further units of a batch are drawn, by chunk: its author has left, or the job is all given out. */
  | (Author & {
      readonly e: 'drawn';
      readonly job: string;
      /** The batch is the one that holds this chunk. */
      readonly chunk: number;
      readonly drawn: readonly (readonly [chunk: number, units: readonly number[]])[];
      /** Only anchors make these audits, and those of the batch that still wait [AU5]. Absent = false. */
      readonly anchored?: true;
    })
  /** A batch is final; its chunks as half-open runs. */
  | (Author & {
      readonly e: 'vested';
      readonly job: string;
      readonly chunks: readonly number[];
      readonly entries: readonly Entry[];
    })
  /** A batch is void; those of its chunks that nobody else answers for are free again. */
  | (Author & {
      readonly e: 'voided';
      readonly job: string;
      readonly chunks: readonly number[];
      readonly reopened: readonly number[];
      readonly entries: readonly Entry[];
    })
  | (Author & {
      readonly e: 'disproved';
      readonly job: string;
      readonly chunk: number;
      readonly wrong: readonly number[];
      /** The right digests of those units, in hex: what was claimed stands in the commitment. */
      readonly right: readonly string[];
      readonly consequence: Consequence;
      /** How long it is kept away, of who is suspended. Absent in older records: an hour. */
      readonly awayMs?: number;
      /** What was wrong is its answer to this audit, as an auditor [AU7] [AU8]. Absent: its answer to the chunk. */
      readonly audit?: number;
      /** The digests of its wrong answers to that audit, in hex. Absent of an author, whose commitment has them, and in older records. */
      readonly claimed?: readonly string[];
    })
  | (Author & { readonly e: 'readmitted'; readonly reason: string })
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
  /** A job is cancelled, and what is pending of it is still to be checked: nothing more of it is given out. */
  | { readonly e: 'closing'; readonly job: string; readonly entries: readonly Entry[] }
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
    }
  | (EpochSeal & { readonly e: 'epochSealed' });

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

export type Decision = readonly Event[] | Refusal;

/** Whether a decision is a refusal. */
export function isRefusal(decision: Decision): decision is Refusal {
  return !Array.isArray(decision);
}
