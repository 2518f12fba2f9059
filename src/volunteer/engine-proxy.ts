/**
 * The page's side of an engine in a worker thread: a proxy whose every call ends, come what may.
 *
 * Comlink carries the calls. What it lacks is added here: a call ends with its answer, with the
 * worker's death, with silence that lasted too long, or with its deadline.
 */

import { wrap } from 'comlink';
import type { Remote } from 'comlink';
import { EngineError, engineLimits } from './engine.ts';
import type {
  Backend,
  Beat,
  Capability,
  ChunkResult,
  ChunkRun,
  Engine,
  EngineHost,
  EngineLimits,
  JobData,
  KernelCode,
  LostReason,
  Outcome,
  SelfTest,
  UnitsResult,
  UnitsRun,
  WorkerPort,
} from './engine.ts';

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
    try {
      return await this.#within(run.replica, run.deadlineMs, (host) => host.run(run));
    } finally {
      this.#progress.delete(run.replica);
    }
  }

  recompute(run: UnitsRun): Promise<UnitsResult> {
    return this.#within(run.name, run.deadlineMs, (host) => host.recompute(run));
  }

  /** A run that is given up when its deadline passes. */
  async #within<T>(
    name: string,
    deadlineMs: number | undefined,
    send: (host: Remote<EngineHost>) => Promise<Outcome<T>>,
  ): Promise<T> {
    let late = false;
    const giveUp = (): void => {
      late = true;
      this.cancel(name);
    };
    const timer = deadlineMs === undefined ? null : setTimeout(giveUp, deadlineMs);
    try {
      return await this.#call('run', send);
    } catch (error) {
      if (late && error instanceof EngineError && error.reason === 'cancelled')
        throw new EngineError({ reason: 'deadline', detail: `not done within ${deadlineMs} ms` });
      throw error;
    } finally {
      if (timer !== null) clearTimeout(timer);
    }
  }

  cancel(name: string): void {
    this.#tell((host) => host.cancel(name));
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
    // What a GPU had before it when the rest began still comes in: only `awake` ends a rest.
    if (beat.beat === 'resting' || beat.beat === 'awake') this.#resting = beat.beat === 'resting';
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
