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
  /** How its results are verified. */
  readonly policy: 'none' | 'certify' | 'replicate' | 'audit' | 'adaptive';
  /** Whether units of its results are computed again. Absent of `audit` and `adaptive`, of which they are, and where they are not. */
  readonly audited?: true;
  readonly state: 'open' | 'finished' | 'cancelled' | 'paused';
  readonly submittedAt: number;
  readonly endedAt: number | null;
  readonly chunks: number;
  /** Chunks nobody holds; with a live lease and no answer; with an answer but no quorum; provisional; final. They sum to `chunks`. */
  readonly free: number;
  readonly leased: number;
  readonly committed: number;
  readonly accepted: number;
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

/** One server-sent `pulse`; its jobs are those that are open. */
export interface PulseView {
  readonly at: number;
  readonly live: LiveView;
  readonly storeFault: string | null;
  readonly jobs: readonly JobView[];
}

/** What a chunk's amount follows from. */
export interface JobPriceView {
  readonly units: number;
  readonly unitsPerChunk: number;
  readonly unitCostMicro: number;
}

/** A receipt as a volunteer keeps it (SPEC, "Receipts"). */
export interface ReceiptView {
  readonly leaf: string;
  readonly index: number;
  readonly path: readonly string[];
  readonly tick: {
    readonly tick: number;
    readonly at: number;
    readonly size: number;
    readonly root: string;
    readonly receipts: string;
    readonly count: number;
    readonly signature: string;
  };
  readonly jobs: Readonly<Record<string, JobPriceView>>;
}

/** Receipts of an account [HT4]. `next`: the tick to ask from another time; beyond `size`, the log's, when there are no more now. */
export interface AccountReceipts {
  readonly account: string;
  readonly receipts: readonly ReceiptView[];
  readonly next: number;
  readonly size: number;
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

/** What partners' sites brought of all credit that has become final; the most first. */
export interface SiteShares {
  readonly ofMicro: number;
  readonly rows: readonly { readonly site: string; readonly name: string; readonly creditMicro: number }[];
}

export interface LeaderboardView {
  readonly at: number;
  readonly accounts: number;
  readonly rows: readonly LeaderboardRow[];
  /** Absent where it is not asked for. */
  readonly sites?: SiteShares;
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
  /** The partners' sites by way of which its devices came. */
  readonly sites: readonly { readonly site: string; readonly name: string }[];
}

/** A partner's site, on whose pages the widget may stand. */
export interface SiteView {
  readonly key: string;
  /** The host of its first origin, as people read it. */
  readonly name: string;
  readonly origins: readonly string[];
  readonly state: 'active' | 'suspended';
  readonly addedAt: number;
}

/** What the frame of the widget is told with its page, so that it need not ask before anybody agrees. */
export interface EmbedFacts {
  /** `ready`: this site and this page go together. */
  readonly state: 'ready' | 'unknown' | 'suspended' | 'elsewhere';
  readonly site: { readonly key: string; readonly name: string } | null;
  /** The origin of the page that shows the frame, as it was named. */
  readonly from: string | null;
  /** What would be computed: the open job that comes first, in the requester's words. */
  readonly job: EmbedJob | null;
  /** How many jobs are open besides. */
  readonly further: number;
}

export interface EmbedJob {
  readonly job: string;
  readonly kernel: string;
  readonly title: string;
  readonly cause: string;
  readonly texts?: Readonly<Record<string, { readonly title: string; readonly cause: string }>>;
  readonly unitCostMicro: number;
  readonly chunks: number;
  readonly final: number;
  /** Shares of chunks leased, committed and final in each of a few bins, 0 … 255: three numbers a bin, as in the cloth. */
  readonly band: readonly number[];
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

/** Among so many hostile ones: which share of what is accepted may be wrong. */
export interface RiskView {
  /** Share of the compute that is hostile and conspires, 0 … 1. */
  readonly hostile: number;
  readonly share: number;
}

/** How results are checked under a policy, at which price, and what may be wrong all the same. */
export interface PolicyView {
  readonly kind: 'none' | 'certify' | 'replicate' | 'audit' | 'adaptive';
  readonly quorum: number;
  /** Numbers of audits; null where there are none. */
  readonly terms: {
    readonly windowUnits: number;
    readonly leaverUnits: number;
    /** Units of an identity that are audited before work of it is final, at the least (all, where it has fewer). */
    readonly auditedMin: number;
    /** Share of the audits that the operator's own machines make: what `risks` assume. */
    readonly anchors: number;
  } | null;
  /** What is paid for each unit of work, checks included, where a volunteer gives so much reference work and goes. */
  readonly prices: readonly { readonly staySeconds: number; readonly times: number }[];
  /** Audited: at most this share of final units, whatever the liars do. Replicated: this share of chunks, where chance deals them out. Unchecked, certified: none. */
  readonly risks: readonly RiskView[];
}

/** An open job as the page about checks shows it. */
export interface CheckedJobView {
  readonly job: string;
  readonly title: string;
  readonly texts?: JobView['texts'];
  readonly units: number;
  readonly chunks: number;
  readonly provisional: number;
  readonly final: number;
  readonly policy: PolicyView;
}

/**
 * How results are checked here, and what came of it since the log began: what `GET /api/checks` says. `made`, `paid` and
 * `identities` are of audited jobs alone (`audit`, `adaptive`); `chunks` and `jobs` are of all that are open.
 */
export interface ChecksView {
  readonly at: number;
  readonly made: {
    /** Each is of some units of one chunk. */
    readonly audits: number;
    readonly units: number;
    /** Audits that found a wrong unit. */
    readonly mismatches: number;
    readonly secondCopies: number;
    /** Chunks that were computed again because their author was disproved. */
    readonly voidedChunks: number;
    /** How often an identity was suspended, and banned. */
    readonly suspended: number;
    readonly banned: number;
  };
  /** How many of `made.audits` volunteers made; the operator's own machines made the others. */
  readonly auditsByPeople: number;
  /** Whether volunteers are given audits now; false while too few different networks are here: then anchors make them all [AU7]. */
  readonly sharedWithPeople: boolean;
  /** Whether a machine of the operator audits now, here or elsewhere; false: what anchors alone may look at waits for one [AU2]. */
  readonly anchored: boolean;
  /** Audits that were drawn and not made yet, and since when the oldest of them waits. */
  readonly waiting: { readonly audits: number; readonly since: number | null };
  readonly paid: {
    readonly workMicro: number;
    readonly secondMicro: number;
    readonly auditMicro: number;
    /** By the operator, for canaries and for what two engines recompute of disputes [LG7]. */
    readonly recheckMicro: number;
    /** All four ÷ work; null before any work was paid. Work that was voided later counts as work. */
    readonly redundancy: number | null;
  };
  /** Over the open jobs. */
  readonly chunks: { readonly provisional: number; readonly final: number };
  /** Who has worked here, by how closely they are looked at; who may not work now is counted apart. */
  readonly identities: {
    readonly tiers: readonly [number, number, number];
    readonly suspended: number;
    readonly banned: number;
  };
  readonly live: NetworksView;
  readonly jobs: readonly CheckedJobView[];
  /** What a requester may choose, with the usual numbers and units of `unitMicro`. */
  readonly offers: readonly PolicyView[];
  readonly unitMicro: number;
  readonly rules: {
    /** One unit in so many is drawn, by tier. */
    readonly oneIn: readonly [number, number, number];
    readonly probationMicro: number;
    readonly tier1Micro: number;
    readonly suspendedMs: number;
    readonly faultMemoryMs: number;
    readonly leaverAfterMs: number;
    readonly anchorAfterMs: number;
  };
}

/** Who wants work now, by networks (/24 or /48): never which. */
export interface NetworksView {
  readonly people: number;
  readonly networks: number;
  /** People whom no network ties to others: on the coordinator's own machine, where its operator says so. */
  readonly exempt: number;
  /** So many of them at most could compute one and the same chunk; and so many must, for the open job that asks most. */
  readonly places: number;
  readonly needed: number;
  readonly tooFew: boolean;
  /** The largest share of people in one network; null where nobody is in one. */
  readonly largestShare: number | null;
  /** One network holds more than half, of at least eight people. */
  readonly alarm: boolean;
  /** The same people by internet providers; null where the operator gave no table of them. */
  readonly providers: ProvidersView | null;
}

/** People by internet providers (autonomous systems, the *networks* of the rules): how many, never which. */
export interface ProvidersView {
  /** Of how many people a provider is known, and how many providers those are. */
  readonly known: number;
  readonly providers: number;
  /** From so many providers on that want the same work, nobody is placed beside their own [CH2]. */
  readonly needed: number;
  readonly places: boolean;
}

/** Which chunks stand where, as half-open runs [from, to, from, to, …]. */
export interface VerdictsView {
  readonly job: string;
  readonly state: JobView['state'];
  readonly chunks: number;
  /** Usable now; it may still turn out to be void. */
  readonly provisional: readonly number[];
  /** null: the job has ended, and which of its chunks are final is not kept (all of them where it is finished). */
  readonly final: readonly number[] | null;
}

/** What a job would cost and promise. */
export interface QuoteView {
  readonly units: number;
  readonly unitsPerChunk: number;
  readonly unitCostMicro: number;
  /** What is held until it is done; what is not spent goes back. */
  readonly priceMicro: number;
  /** That price ÷ the work's own. */
  readonly times: number;
  /** What it assumes of volunteers: that each gives so much reference work and goes; null where it hangs on no stay. */
  readonly staySeconds: number | null;
  readonly policy: PolicyView;
  /** Under `certify`: in words, what the kernel's certificate vouches for, and what not. */
  readonly certified: { readonly says: string; readonly saysNot: string | null } | null;
}

/** Body of every HTTP refusal. */
export interface RefusalView {
  readonly refused: string;
  readonly detail?: string;
}
