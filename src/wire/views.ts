/** What pages, SDK and coordinator say to each other over HTTP: read models, for people to look at. Types only. */
import type { JobDescriptor, RestoredWord, TreeHead } from './volunteer.ts';

/** A job as people see it. */
export interface JobView extends JobDescriptor {
  readonly title: string;
  readonly cause: string;
  /** Title and cause in further languages, by tag (`zh`); absent where there are none. */
  readonly texts?: Readonly<Record<string, { readonly title: string; readonly cause: string }>>;
  readonly demonstration: boolean;
  readonly requester: string;
  readonly quorum: number;
  readonly state: 'open' | 'finished' | 'cancelled' | 'paused';
  readonly submittedAt: number;
  readonly endedAt: number | null;
  readonly chunks: number;
  /** Chunks nobody holds; with a live lease and no answer; with an answer but no quorum; final. They sum to `chunks`. */
  readonly free: number;
  readonly leased: number;
  readonly committed: number;
  readonly final: number;
  readonly settledByPeople: number;
  readonly settledWithAnchor: number;
  readonly disputes: number;
  readonly priceMicro: number;
  readonly paidMicro: number;
  /** Estimate from the last minutes' rate; null until there is one. */
  readonly etaMs: number | null;
  /** How long its input is; absent once the job is over. */
  readonly inputBytes?: number;
  readonly result: { readonly picture: boolean; readonly report: boolean; readonly preview: boolean };
}

/** Who is here now. */
export interface LiveView {
  readonly people: number;
  readonly devices: number;
  readonly cores: number;
  readonly gpus: number;
  /** Reference seconds per second now promised by slots that hold a lease, in thousandths. */
  readonly rateMilli: number;
}

export interface StatusView {
  readonly name: string;
  readonly version: string;
  readonly protocol: number;
  readonly at: number;
  /** The coordinator's public key, base64url. */
  readonly coordinator: string;
  readonly settings: {
    readonly loopbackExempt: boolean;
    readonly anchorAfterMs: number;
    readonly anchorShare: number;
  };
  readonly live: LiveView;
  readonly head: TreeHead;
  /** Witnesses heard of in the last hour [LO8]: different keys, which cost nothing; and when one was last. */
  readonly witnesses: { readonly count: number; readonly lastAt: number | null };
  /** The operator's word that the log goes on from a backup [RS2]; null where it was never restored. */
  readonly restored: RestoredWord | null;
  /** null when the store takes writes; else why not. */
  readonly storeFault: string | null;
  readonly pausedKernels: readonly { readonly kernel: string; readonly reason: string }[];
  /** Kernels of the catalogue that this coordinator serves. */
  readonly kernels: readonly {
    readonly id: string;
    readonly wasm: string;
    readonly wasmBytes: number;
    readonly wgsl: string | null;
  }[];
}

/** One server-sent `pulse`. */
export interface PulseView {
  readonly at: number;
  readonly live: LiveView;
  readonly storeFault: string | null;
  readonly jobs: readonly JobView[];
}

export interface LeaderboardRow {
  readonly rank: number;
  readonly account: string;
  /** Chosen by the account, or null: shown by its ornament and the start of its id. */
  readonly name: string | null;
  readonly creditMicro: number;
  readonly chunks: number;
  readonly units: number;
  readonly lastAt: number;
}

export interface LeaderboardView {
  readonly at: number;
  readonly accounts: number;
  readonly rows: readonly LeaderboardRow[];
}

export interface AccountView {
  readonly account: string;
  readonly name: string | null;
  readonly rank: number | null;
  readonly pendingMicro: number;
  readonly vestedMicro: number;
  readonly chunks: number;
  readonly units: number;
  readonly firstAt: number;
}

/** A head as the coordinator signed it [LO6]. */
export interface SignedHeadView extends TreeHead {
  readonly tick: number;
  readonly at: number;
  /** Root of the tick's receipts; '' when there were none. */
  readonly receipts: string;
  readonly signature: string;
}

/** A witness's countersignature [LO7], as it is sent to the coordinator and shown by it; whose log it is stands beside. */
export interface CosignatureView {
  /** The witness's public key, base64url. */
  readonly witness: string;
  readonly seenAt: number;
  readonly cosignature: string;
  readonly head: SignedHeadView;
}

/** What `GET /api/log/cosignatures` says [LO8]. */
export interface CosignaturesView {
  readonly at: number;
  /** The coordinator's public key, base64url. */
  readonly coordinator: string;
  /** The latest head; null while the log is empty. */
  readonly head: SignedHeadView | null;
  readonly witnesses: StatusView['witnesses'];
  /** Each witness's latest, the one heard of last first. */
  readonly cosignatures: readonly CosignatureView[];
}

/** Body of every HTTP refusal. */
export interface RefusalView {
  readonly refused: string;
  readonly detail?: string;
}
