/**
 * Says what an engine is (the thing that computes a chunk somewhere off this thread), and is the
 * page's side of it: a proxy whose every call ends, come what may.
 *
 * Comlink carries the calls. What it lacks is added here: a call ends with its answer, with the
 * worker's death, with silence that lasted too long, or with its deadline.
 */

import { wrap } from 'comlink';
import type { Endpoint, Remote } from 'comlink';

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
  /** Time from the chunk's first unit starting to its result being ready. */
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
  /** `cancel` was called for this replica. */
  | 'cancelled'
  /** The chunk's own deadline passed. */
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
  /** Gives one run up, at the next unit; it rejects with `cancelled`. */
  cancel(replica: string): void;
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
  cancel(replica: string): void;
  setShare(share: number): void;
}

/** What the worker says unasked, as plain messages beside Comlink's. Each one is a sign of life. */
export type Beat =
  /** Work went forward. */
  | { readonly beat: 'progress'; readonly replica: string | null; readonly unitsDone: number }
  /** Going to sleep on purpose (share below 1), so that silence means nothing until the next `progress` or `awake`. */
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

/**
 * Every live proxy, held for as long as its worker lives: Comlink 4.4.2 loses calls in flight when the
 * proxy is garbage-collected first (GoogleChromeLabs/comlink issue 692, open in November 2026).
 */
const pinned = new Map<WorkerPort, Remote<EngineHost>>();

interface Call {
  readonly reject: (error: EngineError) => void;
  /** When it must be over, on the watch's own clock; null for a run, which silence ends instead. */
  readonly endMs: number | null;
}

/** An engine in a worker thread: the watched, typed side of Comlink. */
export class WorkerEngine implements Engine {
  readonly backend: Backend;
  readonly #port: WorkerPort;
  readonly #limits: EngineLimits;
  readonly #calls = new Set<Call>();
  readonly #progress = new Map<string, (unitsDone: number) => void>();
  readonly #listeners = new Set<(reason: LostReason, detail: string) => void>();
  #lost: { reason: LostReason; detail: string } | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** Time in which this thread was awake and watching; sleep of the machine and throttled timers do not count. */
  #watchedMs = 0;
  #heardMs = 0;
  #resting = false;

  constructor(backend: Backend, port: WorkerPort, limits: Partial<EngineLimits> = {}) {
    this.backend = backend;
    this.#port = port;
    this.#limits = { ...engineLimits, ...limits };
    pinned.set(port, wrap<EngineHost>(port.endpoint));
    port.onMessage((data) => this.#hear(data));
    port.onDeath((detail) => this.#lose('died', detail));
  }

  start(): Promise<Capability> {
    return this.#call('setup', (host) => host.start(this.backend));
  }

  async load(job: JobData): Promise<void> {
    await this.#call('setup', (host) => host.load(job));
  }

  unload(job: string): void {
    this.#tell((host) => host.unload(job));
  }

  selfTest(code: KernelCode): Promise<SelfTest> {
    return this.#call('setup', (host) => host.selfTest(code));
  }

  measure(job: string, unit: number): Promise<{ unitMs: number }> {
    return this.#call('setup', (host) => host.measure(job, unit));
  }

  async run(run: ChunkRun, onProgress: (unitsDone: number) => void): Promise<ChunkResult> {
    let known = 0;
    this.#progress.set(run.replica, (unitsDone) => {
      // A sign of life may bring no news.
      if (unitsDone <= known) return;
      known = unitsDone;
      onProgress(unitsDone);
    });
    let late = false;
    const timer =
      run.deadlineMs === undefined
        ? null
        : setTimeout(() => {
            late = true;
            this.cancel(run.replica);
          }, run.deadlineMs);
    try {
      return await this.#call('run', (host) => host.run(run));
    } catch (error) {
      if (late && error instanceof EngineError && error.reason === 'cancelled') {
        throw new EngineError({ reason: 'deadline', detail: `not done within ${run.deadlineMs} ms` });
      }
      throw error;
    } finally {
      if (timer !== null) clearTimeout(timer);
      this.#progress.delete(run.replica);
    }
  }

  cancel(replica: string): void {
    this.#tell((host) => host.cancel(replica));
  }

  setShare(share: number): void {
    this.#tell((host) => host.setShare(share));
  }

  dispose(): void {
    this.#lose('stopped', 'the engine was disposed of');
  }

  onLost(callback: (reason: LostReason, detail: string) => void): () => void {
    if (this.#lost !== null) {
      const { reason, detail } = this.#lost;
      queueMicrotask(() => callback(reason, detail));
      return () => {};
    }
    this.#listeners.add(callback);
    return () => this.#listeners.delete(callback);
  }

  #call<T>(kind: 'setup' | 'run', send: (host: Remote<EngineHost>) => Promise<Outcome<T>>): Promise<T> {
    return new Promise((resolve, reject) => {
      const host = pinned.get(this.#port);
      if (this.#lost !== null || host === undefined) {
        reject(new EngineError(this.#lost ?? { reason: 'stopped', detail: 'the engine is gone' }));
        return;
      }
      if (this.#calls.size === 0) this.#heardMs = this.#watchedMs;
      const call: Call = { reject, endMs: kind === 'run' ? null : this.#watchedMs + this.#limits.setupMs };
      this.#calls.add(call);
      this.#watch();
      send(host)
        .then(
          (outcome) => (outcome.ok ? resolve(outcome.value) : reject(new EngineError(outcome.failure))),
          // The host gives its failures as values, so this is a message that could not be sent or an error nobody foresaw.
          (error: unknown) => reject(new EngineError({ reason: 'environment', detail: String(error) })),
        )
        .finally(() => this.#calls.delete(call));
    });
  }

  /** Sends a word that has no answer worth waiting for. */
  #tell(send: (host: Remote<EngineHost>) => Promise<void>): void {
    const host = pinned.get(this.#port);
    if (host !== undefined) void send(host).catch(() => {});
  }

  #hear(data: unknown): void {
    this.#heardMs = this.#watchedMs;
    const beat = beatOf(data);
    if (beat === null) return;
    this.#resting = beat.beat === 'resting';
    if (beat.beat === 'progress' && beat.replica !== null) this.#progress.get(beat.replica)?.(beat.unitsDone);
    if (beat.beat === 'lost') this.#lose(beat.reason, beat.detail);
  }

  /** Looks now and then, as long as somebody waits for an answer. */
  #watch(): void {
    if (this.#timer !== null || this.#lost !== null) return;
    const tickMs = Math.max(5, Math.min(this.#limits.silenceMs, this.#limits.setupMs) / 8);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#calls.size === 0) return;
      // One tick, however late it comes: a laptop that slept, or a page that was throttled, heard nothing
      // through no fault of the worker.
      this.#watchedMs += tickMs;
      this.#judge();
      this.#watch();
    }, tickMs);
  }

  #judge(): void {
    let runs = 0;
    let setups = 0;
    for (const call of this.#calls) {
      if (call.endMs === null) runs++;
      else setups++;
      if (call.endMs !== null && this.#watchedMs >= call.endMs) {
        this.#lose('stuck', `no answer within ${this.#limits.setupMs} ms`);
        return;
      }
    }
    const silenceMs = this.#watchedMs - this.#heardMs;
    if (runs > 0 && setups === 0 && !this.#resting && silenceMs >= this.#limits.silenceMs) {
      this.#lose('stuck', `no sign of life for ${this.#limits.silenceMs} ms`);
    }
  }

  /** The one end of an engine: the thread goes, every pending call rejects, every listener hears it once. */
  #lose(reason: LostReason, detail: string): void {
    if (this.#lost !== null) return;
    this.#lost = { reason, detail };
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#port.terminate();
    pinned.delete(this.#port);
    for (const call of this.#calls) call.reject(new EngineError({ reason, detail }));
    this.#calls.clear();
    this.#progress.clear();
    for (const listener of this.#listeners) listener(reason, detail);
    this.#listeners.clear();
  }
}

/** Reads a worker's message; null for Comlink's own and for anything else. */
function beatOf(data: unknown): Beat | null {
  if (typeof data !== 'object' || data === null || !('beat' in data)) return null;
  return data as Beat;
}
