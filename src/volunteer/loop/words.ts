/**
 * The words between the volunteer's loop and its shells: what happened (events in) and what to do about it
 * (effects out). Neither holds bytes: results and blobs stay in the shells, known here by replica and digest.
 */
import type { Backend } from '../../core/state.ts';
import type {
  Ask,
  FromCoordinator,
  GiveBack,
  JobDescriptor,
  ReceiptWord,
  ReturnAudits,
  SlotWord,
  RestoredWord,
  TreeHead,
} from '../../wire/volunteer.ts';
import type { Reason } from '../store.ts';

/** Why an engine is gone for good. The same words as the engine's own `LostReason`. */
export type EngineLoss = 'died' | 'stuck' | 'device-lost' | 'stopped';

/** Why an engine did not do what it was told. The same words as the engine's own `EngineFailure`. */
export type EngineFault =
  | EngineLoss
  | 'trap'
  | 'cancelled'
  | 'deadline'
  | 'unavailable'
  | 'kernel'
  | 'input'
  | 'job'
  | 'environment';

/** A kernel's artefacts by digest. `wgsl` is null where only WebAssembly is meant. */
export interface CodeName {
  readonly kernel: string;
  readonly wasm: string;
  readonly wgsl: string | null;
}

/** What the loop knows of a computed chunk whose bytes the outbox holds. */
export interface ResultName {
  readonly replica: number;
  readonly job: string;
  readonly chunk: number;
  /** Lower-case hex. */
  readonly root: string;
  readonly digestBytes: number;
  readonly outputBytes: number;
  readonly units: number;
  /** Whether the coordinator wants the outputs, or digests are enough. */
  readonly bytes: boolean;
  /** It is durable there, and its bytes are no longer here: what is left asks for its receipt. */
  readonly durable?: true | undefined;
}

/** A lease as it is remembered over a reload. Times are of this machine's clock, in ms since 1970. */
export interface LeaseRecord {
  readonly lease: number;
  readonly slot: number;
  readonly job: string;
  readonly chunk: number;
  readonly count: number;
  /** How many of its chunks, from the first, are over: computed, returned or lost. */
  readonly done: number;
  readonly bytes: boolean;
  readonly grantedAt: number;
  readonly deadlineAt: number;
}

/** What a person may set. */
export interface Settings {
  /** 1 … coresMax. */
  readonly cores: number;
  readonly gpu: boolean;
  /** Share of each core's time, 0.1 … 1. */
  readonly share: number;
}

/** A restore that a person was shown and went on from [RS4]: what was remembered, what was kept, and what the log was then. */
export interface AcceptedRestore {
  readonly before: TreeHead;
  readonly stated: RestoredWord;
  readonly told: TreeHead;
  readonly at: number;
}

/** What is known of a coordinator's restores. */
export interface Restores {
  /** When the last one that the remembered head's log holds was stated: it explains no later loss. */
  readonly statedAt: number;
  readonly accepted: readonly AcceptedRestore[];
}

/** What was remembered from earlier visits, and who we are. */
export interface Remembered {
  readonly device: string;
  readonly account: string;
  /** The coordinator that results, leases and head belong to (its public key); null on a first visit. */
  readonly coordinator: string | null;
  readonly head: TreeHead | null;
  /** The newest head that was told, where it is newer than `head`, and was not compared yet. */
  readonly told?: TreeHead | null;
  /** Absent where none was ever stated. */
  readonly restores?: Restores | undefined;
  readonly results: readonly ResultName[];
  readonly leases: readonly LeaseRecord[];
}

/** An event of one engine: what an earlier engine of that slot still says is ignored. */
interface OfEngine {
  readonly slot: number;
  readonly engine: number;
}

/** What happened in the world. */
export type LoopEvent =
  /** `proven`: on which programs cores have proven themselves here not long ago, as `keepProof` named them. */
  | { readonly on: 'start'; readonly proven?: readonly string[] }
  | { readonly on: 'prepared'; readonly remembered: Remembered }
  | { readonly on: 'pause' | 'resume' | 'finish' | 'acceptRestore' | 'leave' | 'closing' | 'shown' | 'wake' }
  | { readonly on: 'configure'; readonly settings: Partial<Settings> }
  | { readonly on: 'stop'; readonly reason: Reason }
  | { readonly on: 'online'; readonly online: boolean }
  | { readonly on: 'jobs'; readonly jobs: readonly JobDescriptor[] }
  | { readonly on: 'word'; readonly socket: number; readonly word: FromCoordinator }
  | { readonly on: 'socketClosed'; readonly socket: number; readonly detail: string }
  | { readonly on: 'blob'; readonly digest: string; readonly fault: string | null }
  | {
      readonly on: 'logChecked';
      readonly head: TreeHead;
      readonly verdict: 'extends' | 'contradicts' | 'unknown';
    }
  | ({ readonly on: 'engineStarted'; readonly software: boolean; readonly name: string } & OfEngine)
  | ({ readonly on: 'loaded'; readonly job: string } & OfEngine)
  | ({ readonly on: 'tested'; readonly code: CodeName; readonly fault: string | null } & OfEngine)
  | ({ readonly on: 'measured'; readonly job: string; readonly unitMs: number } & OfEngine)
  | ({ readonly on: 'progress'; readonly replica: number; readonly unitsDone: number } & OfEngine)
  | ({
      readonly on: 'computed';
      readonly replica: number;
      readonly root: string;
      readonly digestBytes: number;
      readonly outputBytes: number;
      readonly kernelMs: number;
      readonly wallMs: number;
    } & OfEngine)
  | ({ readonly on: 'recomputed'; readonly audit: number; readonly outputBytes: number } & OfEngine)
  | ({
      readonly on: 'failed';
      readonly what: EngineCall;
      readonly fault: EngineFault;
      readonly detail: string;
    } & OfEngine)
  | ({ readonly on: 'lost'; readonly loss: EngineLoss; readonly detail: string } & OfEngine);

/** Which call to an engine failed. */
export type EngineCall =
  | { readonly call: 'start' }
  | { readonly call: 'load' | 'measure'; readonly job: string }
  | { readonly call: 'selfTest'; readonly code: CodeName }
  | { readonly call: 'run'; readonly replica: number }
  | { readonly call: 'recompute'; readonly audit: number };

/** One result to send, with its outputs or as digests only. */
export interface CommitWish {
  readonly replica: number;
  readonly bytes: boolean;
}

/** What the shells are to do, in this order. */
export type LoopEffect =
  /** Make or find the identity, take the turn among this person's tabs, load what is remembered: `prepared`. */
  | { readonly do: 'prepare' }
  /** Ask over HTTP which jobs are open, so that blobs travel while the socket opens: `jobs`. */
  | { readonly do: 'fetchJobs' }
  | { readonly do: 'connect' | 'disconnect' | 'signChain'; readonly socket: number }
  | {
      readonly do: 'hello';
      readonly socket: number;
      readonly nonce: string;
      readonly holding: readonly number[];
      readonly head: TreeHead | null;
      readonly cores: number;
      readonly gpu: boolean;
    }
  | { readonly do: 'send'; readonly socket: number; readonly word: Ask | GiveBack | ReturnAudits }
  | {
      readonly do: 'commit';
      readonly socket: number;
      readonly items: readonly CommitWish[];
      readonly slots: readonly SlotWord[];
    }
  /** Fetch `/blobs/:digest` and check it: `blob`. */
  | { readonly do: 'fetchBlob' | 'dropBlob'; readonly digest: string }
  | { readonly do: 'startEngine'; readonly slot: number; readonly engine: number; readonly backend: Backend }
  | { readonly do: 'endEngine'; readonly slot: number; readonly engine: number }
  | { readonly do: 'load'; readonly slot: number; readonly engine: number; readonly job: JobDescriptor }
  | { readonly do: 'unload'; readonly slot: number; readonly engine: number; readonly job: string }
  | { readonly do: 'selfTest'; readonly slot: number; readonly engine: number; readonly code: CodeName }
  | {
      readonly do: 'measure';
      readonly slot: number;
      readonly engine: number;
      readonly job: string;
      readonly unit: number;
    }
  | {
      readonly do: 'run';
      readonly slot: number;
      readonly engine: number;
      readonly replica: number;
      readonly job: string;
      readonly unitFrom: number;
      readonly unitTo: number;
    }
  /** Recompute these units of a loaded job and keep the outputs: `recomputed`. */
  | {
      readonly do: 'recompute';
      readonly slot: number;
      readonly engine: number;
      readonly audit: number;
      readonly job: string;
      readonly units: readonly number[];
    }
  | { readonly do: 'cancelAudit'; readonly slot: number; readonly engine: number; readonly audit: number }
  /** Send the outputs that were kept of an audit; or forget them. */
  | { readonly do: 'answerAudit'; readonly socket: number; readonly audit: number }
  | { readonly do: 'dropAnswer'; readonly audit: number }
  | { readonly do: 'cancel'; readonly slot: number; readonly engine: number; readonly replica: number }
  | { readonly do: 'share'; readonly slot: number; readonly engine: number; readonly share: number }
  /** Cores have proven themselves on a program; or whatever was proven here is doubted. */
  | { readonly do: 'keepProof'; readonly program: string }
  | { readonly do: 'dropProofs' }
  | { readonly do: 'keepResult'; readonly result: ResultName }
  /** These are durable: their bytes are forgotten, and what it takes to ask about them is kept until they are dropped. */
  | { readonly do: 'keepDurable'; readonly replicas: readonly number[] }
  | { readonly do: 'dropResults'; readonly replicas: readonly number[] }
  | { readonly do: 'keepLease'; readonly lease: LeaseRecord }
  | { readonly do: 'dropLeases'; readonly leases: readonly number[] }
  /** Whether the log of size `to` extends the one we remember: `logChecked`. */
  | { readonly do: 'checkLog'; readonly from: TreeHead; readonly to: TreeHead }
  | {
      readonly do: 'keepHead';
      readonly coordinator: string;
      readonly head: TreeHead;
      readonly told?: TreeHead;
      readonly restores?: Restores;
      /** A restore that its person goes on from left this much of the log. */
      readonly isCut?: true;
    }
  /** Keep it, if it holds; the results that it settles are dropped with that, and not before. */
  | { readonly do: 'keepReceipt'; readonly receipt: ReceiptWord };

/**
 * How a GPU comes to be used. For tests and benches: `measured` takes a software adapter for hardware, so that the choice
 * is made by measuring it; `always` uses that, and GPUs that are slower than a core.
 */
export type GpuUse = 'auto' | 'measured' | 'always';

/** What never changes while the volunteer lives. */
export interface LoopOptions {
  readonly coresMax: number;
  readonly secure: boolean;
  /** Whether the platform speaks WebGPU at all. */
  readonly webgpu: boolean;
  readonly gpuUse: GpuUse;
}
