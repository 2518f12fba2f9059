/**
 * Says what an engine is: the thing that computes a chunk somewhere off this thread; what goes in, what comes out, and
 * how it may fail. The page's side of one is in `engine-proxy.ts`.
 */

import type { Endpoint } from 'comlink';

export type Backend = 'wasm' | 'webgpu';

/** A kernel's artefacts. The caller has already checked the bytes against their digests. */
export interface KernelCode {
  /** `name@version`. */
  readonly id: string;
  readonly wasm: Uint8Array;
  readonly wgsl: string | null;
}

export interface JobData {
  readonly job: string;
  readonly code: KernelCode;
  readonly input: Uint8Array;
  /** The kernel's agreement: decides how long a unit's digest is on the wire (see `digest.ts`). */
  readonly agreement: 'exact' | 'tolerance';
}

/** One chunk to compute: the units `unitFrom` … `unitTo − 1` of a loaded job. */
export interface ChunkRun {
  readonly replica: string;
  readonly job: string;
  readonly unitFrom: number;
  readonly unitTo: number;
  /** Give the chunk up (reason `deadline`) when it is not done this long after `run` was called. */
  readonly deadlineMs?: number;
}

/** A computed chunk. All four arrays were transferred from the worker, not copied. */
export interface ChunkResult {
  readonly replica: string;
  /** The units' wire digests, in unit order: 8 bytes each for `exact` kernels, 32 for `tolerance`. */
  readonly digests: Uint8Array;
  /** The commitment root over the job, the first unit and `digests`: 32 bytes. */
  readonly root: Uint8Array;
  /** The units' outputs, in unit order, end to end. */
  readonly bytes: Uint8Array;
  /** How many of `bytes` belong to each unit. */
  readonly lengths: Uint32Array;
  /** Time inside the kernel (WASM `run`, or the GPU busy with this chunk). */
  readonly kernelMs: number;
  /** Time from the chunk's first unit starting, or from the chunk before being ready if that was later, to its result being ready. */
  readonly wallMs: number;
}

/** Scattered units of a loaded job that are computed with the reference, whatever they came to before. */
export interface UnitsRun {
  /** By which it is given up; no replica's. */
  readonly name: string;
  readonly job: string;
  /** Numbers in the job, ascending. */
  readonly units: readonly number[];
  /** Give it up (reason `deadline`) when it is not done this long after it was asked for. */
  readonly deadlineMs?: number;
}

/** What they came to. Both arrays were transferred from the worker, not copied. */
export interface UnitsResult {
  readonly name: string;
  /** The units' outputs, in the order of the units, end to end. */
  readonly bytes: Uint8Array;
  /** How many of `bytes` belong to each unit. */
  readonly lengths: Uint32Array;
  readonly kernelMs: number;
  /** Time from the first unit starting to the result being ready. */
  readonly wallMs: number;
}

/** What an engine found when it started. */
export interface Capability {
  readonly backend: Backend;
  /** True for a GPU that is emulated on the CPU (SwiftShader, llvmpipe, WARP): slower than WASM. */
  readonly software: boolean;
  /** What the GPU adapter says about itself; any of it may be empty. Null for WASM. */
  readonly adapter: AdapterFacts | null;
}

export interface AdapterFacts {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** Largest storage buffer that a kernel may bind, in bytes. */
  readonly storageBytesMax: number;
}

/** The answer to a self-test; `vectors` counts the known answers that were computed. */
export type SelfTest =
  | { readonly ok: true; readonly vectors: number }
  | { readonly ok: false; readonly vector: string; readonly got: string };

/** Why an engine is gone for good. After any of these a new one must be made. */
export type LostReason = 'died' | 'stuck' | 'device-lost' | 'stopped';

/** Why a call failed. All but the `LostReason`s leave the engine usable. */
export type EngineFailure =
  | LostReason
  /** The kernel trapped, or answered with a negative code: deterministic, says something about the job. */
  | 'trap'
  /** `cancel` was called for it. */
  | 'cancelled'
  /** Its own deadline passed. */
  | 'deadline'
  /** This device cannot do that: no WebGPU, no fast form of the kernel, tables too large. */
  | 'unavailable'
  /** The kernel breaks its ABI, or its shader does not compile. */
  | 'kernel'
  /** The kernel refuses the job's input; `code` is its reason. */
  | 'input'
  /** That job is not loaded here. */
  | 'job'
  /** Out of memory, stack overflow, and what else the surroundings do: never the kernel's answer, never penalised. */
  | 'environment';

/** What went wrong, as data: it crosses from the worker to the page. */
export interface Failure {
  readonly reason: EngineFailure;
  readonly detail: string;
  /** The kernel's own number, where it gave one: a trap code (< 0), or an input refusal (> 0). */
  readonly code?: number;
  /** The unit at which it happened. */
  readonly unit?: number;
}

/** What every method of an engine rejects with, and nothing else. */
export class EngineError extends Error {
  override name = 'EngineError';
  readonly reason: EngineFailure;
  readonly code: number | undefined;
  readonly unit: number | undefined;

  constructor(failure: Failure) {
    super(`${failure.reason}: ${failure.detail}`);
    this.reason = failure.reason;
    this.code = failure.code;
    this.unit = failure.unit;
  }
}

/**
 * Computes chunks on one backend, off the caller's thread. Every method that returns a promise
 * rejects with `EngineError`.
 */
export interface Engine {
  readonly backend: Backend;
  /** Must come first. Rejects with `unavailable` where the backend does not exist. */
  start(): Promise<Capability>;
  /** Compiles the job's kernel and gives it the input. Copies the bytes. Loading it again changes nothing. */
  load(job: JobData): Promise<void>;
  /** Forgets a job at once; its runs that are queued or going on are cancelled. */
  unload(job: string): void;
  /** Computes the kernel's known answers on this backend. A kernel without any passes with `vectors: 0`. */
  selfTest(code: KernelCode): Promise<SelfTest>;
  /** How long a unit takes here once warm, in ms (on a GPU: in a batch of the size that suits it). */
  measure(job: string, unit: number): Promise<{ unitMs: number }>;
  /**
   * Computes a chunk. `onProgress` hears each time that more units are done, a few times a second.
   * Several runs may be asked for: they are computed in that order without a pause between.
   */
  run(run: ChunkRun, onProgress: (unitsDone: number) => void): Promise<ChunkResult>;
  /**
   * Computes scattered units with the reference, on the `wasm` backend alone. A chunk that is under way stands aside for
   * it between two of its units. Share and pause hold for it as for a chunk.
   */
  recompute(run: UnitsRun): Promise<UnitsResult>;
  /** Gives one run or recomputation up, at the next unit; it rejects with `cancelled`. */
  cancel(name: string): void;
  /** The share of the time that may be computed, 0 … 1; 0 pauses at the next unit until it is raised again. */
  setShare(share: number): void;
  /** Ends the engine (reason `stopped`). */
  dispose(): void;
  /** Tells once when the engine is gone, at once if it already is. Returns how to stop listening. */
  onLost(callback: (reason: LostReason, detail: string) => void): () => void;
}

export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: Failure };

/** What the worker exposes through Comlink: the same words as `Engine`, failures as values. */
export interface EngineHost {
  start(backend: Backend): Promise<Outcome<Capability>>;
  load(job: JobData): Promise<Outcome<null>>;
  unload(job: string): void;
  selfTest(code: KernelCode): Promise<Outcome<SelfTest>>;
  measure(job: string, unit: number): Promise<Outcome<{ unitMs: number }>>;
  run(run: ChunkRun): Promise<Outcome<ChunkResult>>;
  recompute(run: UnitsRun): Promise<Outcome<UnitsResult>>;
  cancel(name: string): void;
  setShare(share: number): void;
}

/** What the worker says unasked, as plain messages beside Comlink's. Each one is a sign of life. */
export type Beat =
  /** Work went forward. */
  | { readonly beat: 'progress'; readonly replica: string | null; readonly unitsDone: number }
  /** Going to sleep on purpose (share below 1), so that silence means nothing until the next `awake`. */
  | { readonly beat: 'resting' }
  | { readonly beat: 'awake' }
  | { readonly beat: 'lost'; readonly reason: LostReason; readonly detail: string };

/** A worker thread, in a browser or in Node, as the proxy needs it. */
export interface WorkerPort {
  readonly endpoint: Endpoint;
  /** Hears every message, Comlink's among them. */
  onMessage(listener: (data: unknown) => void): void;
  /** Hears that the thread ended or threw, without having been told to. */
  onDeath(listener: (detail: string) => void): void;
  terminate(): void;
}

export interface EngineLimits {
  /** The longest silence while a chunk is computed, thus the longest a unit (on a GPU: a dispatch) may take. */
  readonly silenceMs: number;
  /** The longest that `start`, `load`, `selfTest` or `measure` may take as a whole. */
  readonly setupMs: number;
}

export const engineLimits: EngineLimits = { silenceMs: 10_000, setupMs: 60_000 };
