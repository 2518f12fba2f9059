/** All that a human may see of the volunteer: one framework-free store. Faces read it; only the volunteer writes it. */
import { createStore } from 'zustand/vanilla';
import type { StoreApi } from 'zustand/vanilla';
import type { Backend } from '../core/state.ts';
import type { ByeReason } from '../wire/version.ts';

/** What the volunteer as a whole is doing. */
export type VolunteerPhase =
  | 'idle'
  | 'starting'
  | 'running'
  | 'paused'
  | 'finishing'
  | 'finished'
  | 'stopped';

/** What this end itself finds wrong, and `ask`: any refusal of an ask that is none of the reasons below. */
export const ownRefusals = ['log-rewritten', 'receipt-forged', 'storage', 'ask'] as const;

/** Why this device and a coordinator do not go on together. */
export type RefusedCode = ByeReason | (typeof ownRefusals)[number];

/** Why nothing is being computed just now; null while something is. Pages turn it into words. */
export type Reason =
  | { readonly why: 'not-started' }
  | {
      readonly why: 'preparing';
      readonly step: 'identity' | 'connecting' | 'fetching' | 'starting' | 'testing' | 'loading' | 'asking';
    }
  | { readonly why: 'paused-by-you' }
  | { readonly why: 'finished-by-you' }
  /** Finishing: everything is computed, and the last results wait for the coordinator's word. */
  | { readonly why: 'delivering' }
  | { readonly why: 'unreachable'; readonly retryAt: number }
  | { readonly why: 'offline' }
  | { readonly why: 'no-job-open' }
  | { readonly why: 'waiting-for-others' }
  | { readonly why: 'nothing-for-this-device' }
  | { readonly why: 'kernel-paused' }
  /** An answer of this machine was recomputed and was not right: it may begin anew after a while, or never. */
  | { readonly why: 'suspended' }
  | { readonly why: 'banned' }
  | { readonly why: 'elsewhere' }
  | { readonly why: 'store-full' }
  | { readonly why: 'reload-needed' }
  /** This end refuses: the coordinator shows a log shorter than it has shown before. */
  | { readonly why: 'log-shrunk' }
  /** The coordinator states, signed, that it was restored from a backup, and what we remember is lost there. */
  | {
      readonly why: 'restored';
      readonly at: number;
      /** Entries of its log that were kept, and how many this device remembers. */
      readonly kept: number;
      readonly remembered: number;
    }
  | { readonly why: 'refused'; readonly code: RefusedCode; readonly detail: string | null }
  /** The workers that could compute ended by themselves; the first of them starts again at `retryAt`. */
  | { readonly why: 'worker-restarting'; readonly retryAt: number; readonly detail: string }
  | { readonly why: 'no-worker-works'; readonly detail: string };

/** One Web Worker with what it is at. */
export interface WorkerView {
  readonly slot: number;
  readonly backend: Backend;
  readonly state: 'loading' | 'testing' | 'waiting' | 'computing' | 'paused' | 'lost';
  readonly job: string | null;
  readonly kernel: string | null;
  readonly chunk: number | null;
  readonly unitsDone: number;
  readonly unitsTotal: number;
  /** Measured time of one unit, null until known. */
  readonly unitMs: number | null;
  /** Chunks leased to it and not yet computed, the current one included. */
  readonly queued: number;
  /** Units of others that it recomputes just now, beside its chunk. */
  readonly auditing: number;
}

/** Where the graphics processor stands. */
export type GpuView =
  | { readonly state: 'unknown' }
  | { readonly state: 'absent'; readonly why: 'no-webgpu' | 'insecure-origin' | 'no-adapter' }
  | { readonly state: 'software'; readonly name: string }
  | { readonly state: 'off' }
  | { readonly state: 'testing'; readonly name: string }
  | { readonly state: 'on'; readonly name: string }
  | { readonly state: 'failed'; readonly name: string; readonly why: string }
  | { readonly state: 'lost'; readonly name: string; readonly retryAt: number };

/** What one of my chunks came to, newest last; faces draw stitches from it. */
export interface Stitch {
  readonly job: string;
  readonly chunk: number;
  readonly state: 'leased' | 'committed' | 'accepted' | 'final' | 'lost';
  readonly at: number;
}

export interface VolunteerView {
  readonly phase: VolunteerPhase;
  readonly reason: Reason | null;
  readonly connection: 'none' | 'connecting' | 'open' | 'waiting';
  readonly account: string | null;
  readonly device: string | null;
  readonly secure: boolean;
  readonly settings: {
    readonly cores: number;
    readonly coresMax: number;
    readonly gpu: boolean;
    readonly share: number;
  };
  readonly workers: readonly WorkerView[];
  readonly gpu: GpuView;
  /** Of this session. */
  readonly units: number;
  readonly chunks: {
    readonly computed: number;
    readonly committed: number;
    /** Accepted by a verdict; of these, those whose result is still provisional were it to be asked at once. */
    readonly final: number;
    readonly provisional: number;
    readonly lost: number;
  };
  /** The last of this device's answers that was recomputed and found wrong; null where there was none. */
  readonly judged: Judgement | null;
  /** What this device checked of others in this visit, and was right about: audits, units, and what it was paid. */
  readonly checked: { readonly audits: number; readonly units: number; readonly amountMicro: number };
  readonly finalWithAnchor: number;
  /** Of the account, as the coordinator last said, plus what came since. */
  readonly credit: {
    readonly pendingMicro: number;
    readonly vestedMicro: number;
    readonly sessionMicro: number;
  };
  /** Reference seconds per second over the last minute, in thousandths; null until 10 s are measured. */
  readonly rateMilli: number | null;
  readonly outbox: number;
  readonly stitches: readonly Stitch[];
  readonly startedAt: number | null;
}

/** An answer that was recomputed and found wrong. */
export interface Judgement {
  readonly backend: 'wasm' | 'webgpu';
  readonly consequence: 'suspend' | 'ban';
  readonly job: string;
  readonly chunk: number;
  /** Units by their numbers in the job, and the digests that they should have had. */
  readonly wrong: readonly number[];
  readonly right: readonly string[];
  /** When it may begin anew, by the coordinator's clock; null = never. */
  readonly untilMs: number | null;
}

/** What a face may ask of the volunteer. */
export interface VolunteerActions {
  /** After the person agreed: makes or finds the identity, connects, computes. Nothing is stored or probed before. */
  start(consent: { readonly text: string; readonly language: string }): Promise<void>;
  /**
   * Goes on without asking when the person agreed within 30 days and left it running (and, where a text is given, to
   * that very text). Says whether it does. Nothing is read before but this origin's own note of the agreement.
   */
  resumeRemembered(text?: string): boolean;
  /** After `elsewhere`: computes here, and no longer in the other tab. */
  takeOver(): Promise<void>;
  /** After `restored`, once the person has read it: goes on with the restored log, and notes what both were. */
  acceptRestore(): Promise<void>;
  pause(): void;
  resume(): void;
  /** Completes the chunks in work, gives the rest back, then stops. */
  finish(): Promise<void>;
  /** Gives everything back that is not computed, and stops at once. */
  leave(): void;
  /** How many cores (1 … coresMax), whether the GPU, and which share of each core's time (0.1 … 1). */
  configure(settings: { readonly cores?: number; readonly gpu?: boolean; readonly share?: number }): void;
  /** Forgets the identity and all that this origin stored. Refused while running. */
  forget(): Promise<void>;
}

export type VolunteerStore = StoreApi<VolunteerView>;

/** How many stitches are remembered. */
export const stitchesMax = 400;

/** A fresh store, before anything was done or probed. */
export function createVolunteerStore(coresMax: number, secure: boolean): VolunteerStore {
  return createStore<VolunteerView>(() => ({
    phase: 'idle',
    reason: { why: 'not-started' },
    connection: 'none',
    account: null,
    device: null,
    secure,
    settings: { cores: Math.max(1, Math.floor(coresMax / 2)), coresMax, gpu: true, share: 1 },
    workers: [],
    gpu: { state: 'unknown' },
    units: 0,
    chunks: { computed: 0, committed: 0, final: 0, provisional: 0, lost: 0 },
    judged: null,
    checked: { audits: 0, units: 0, amountMicro: 0 },
    finalWithAnchor: 0,
    credit: { pendingMicro: 0, vestedMicro: 0, sessionMicro: 0 },
    rateMilli: null,
    outbox: 0,
    stitches: [],
    startedAt: null,
  }));
}
