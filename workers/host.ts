/**
 * The engine's inside, in the worker: keeps the open jobs, computes runs one after another without a pause
 * between, digests what comes out, and stays reachable while it works.
 *
 * The page's calls wait in the thread's message queue while a kernel runs, so the host goes back to the
 * event loop every 50 ms, on a busy machine every 200 (`breath.ts`): that is how soon a cancellation or a new share takes effect.
 */

import type {
  Backend,
  Beat,
  Capability,
  ChunkResult,
  ChunkRun,
  EngineHost,
  Failure,
  JobData,
  KernelCode,
  Outcome,
  SelfTest,
} from '../src/volunteer/engine.ts';
import type { Kernel } from '../src/kernels/kernel.ts';
import { Fault } from './backend.ts';
import type { ComputeBackend, OpenJob, Span } from './backend.ts';
import { Breath, hop } from './breath.ts';
import { Gathered } from './gathered.ts';
import { selfTest, silentSpan } from './self-test.ts';

/** What the host is given by its surroundings, browser or Node. */
export interface Surroundings {
  /** Makes the backend, or null where there is none. `lost` may be called once, when a device goes away. */
  open(backend: Backend, lost: (detail: string) => void): Promise<ComputeBackend | null>;
  /** The catalogue's kernel of that id, or null. */
  kernelOf(id: string): Promise<Kernel | null>;
  /** Posts a plain message to the page. */
  tell(beat: Beat): void;
  /** Hands buffers over with an answer instead of copying them. */
  transfer<T extends object>(answer: T, buffers: ArrayBuffer[]): T;
}

interface LoadedJob {
  readonly data: JobData;
  readonly kernel: Kernel | null;
  readonly open: OpenJob;
}

/** How often a run says that it goes forward, in ms. */
const progressMs = 100;
/** `measure` looks at so many windows of at least this many ms: some browsers' clocks tick only every ms. */
const measureWindows = 4;
const measureWindowMs = 40;

export class ComputeHost implements EngineHost {
  readonly #surroundings: Surroundings;
  readonly #breath: Breath;
  readonly #jobs = new Map<string, Promise<LoadedJob>>();
  readonly #running = new Map<string, Running>();
  #backend: ComputeBackend | null = null;
  /** Resolves when the run before has nothing more to start. */
  #turn: Promise<void> = Promise.resolve();

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
    this.#breath = new Breath(surroundings.tell);
  }

  start(backend: Backend): Promise<Outcome<Capability>> {
    return outcomeOf(async () => {
      const tell = (detail: string): void =>
        this.#surroundings.tell({ beat: 'lost', reason: 'device-lost', detail });
      const opened = await this.#surroundings.open(backend, tell);
      if (opened === null) throw new Fault({ reason: 'unavailable', detail: `no ${backend} here` });
      const capability = await opened.start();
      this.#backend = opened;
      return capability;
    });
  }

  load(data: JobData): Promise<Outcome<null>> {
    return outcomeOf(async () => {
      const loading = this.#jobs.get(data.job) ?? this.#open(data);
      this.#jobs.set(data.job, loading);
      try {
        await loading;
      } catch (error) {
        if (this.#jobs.get(data.job) === loading) this.#jobs.delete(data.job);
        throw error;
      }
      return null;
    });
  }

  unload(job: string): void {
    const loading = this.#jobs.get(job);
    this.#jobs.delete(job);
    const ended = [];
    for (const running of this.#running.values()) {
      if (running.run.job !== job) continue;
      this.cancel(running.run.replica);
      ended.push(running.ended);
    }
    // A backend may still be reading its buffers until the cancelled runs have noticed.
    void Promise.all([loading, ...ended]).then(
      ([loaded]) => loaded?.open.close(),
      () => {},
    );
  }

  selfTest(code: KernelCode): Promise<Outcome<SelfTest>> {
    return outcomeOf(() =>
      this.#inTurn(async (backend) => {
        const kernel = await this.#surroundings.kernelOf(code.id);
        return selfTest(backend, code, kernel, () =>
          this.#surroundings.tell({ beat: 'progress', replica: null, unitsDone: 0 }),
        );
      }),
    );
  }

  measure(job: string, unit: number): Promise<Outcome<{ unitMs: number }>> {
    return outcomeOf(() =>
      this.#inTurn(async () => {
        const { open, kernel, data } = await this.#loaded(job);
        const units = kernel?.units(data.input) ?? unit + 1;
        const count = (): number => Math.max(1, Math.min(open.batchUnits, units - unit));
        let bestMs = Number.POSITIVE_INFINITY;
        // The first windows hold the engine's compiling and the GPU's finding its pace; the best one is the truth.
        for (let window = 0; window < measureWindows; window++) {
          const startMs = performance.now();
          let computed = 0;
          let tookMs = 0;
          for (; tookMs < measureWindowMs; tookMs = performance.now() - startMs) {
            const more = count();
            await open.compute(silentSpan(unit, unit + more));
            computed += more;
          }
          bestMs = Math.min(bestMs, tookMs / computed);
          await hop();
        }
        return { unitMs: bestMs };
      }),
    );
  }

  async run(run: ChunkRun): Promise<Outcome<ChunkResult>> {
    const outcome = await outcomeOf(() => this.#run(run));
    // The answer as a whole is marked: that is where Comlink looks.
    return outcome.ok ? this.#surroundings.transfer(outcome, buffersOf(outcome.value)) : outcome;
  }

  cancel(replica: string): void {
    this.#running.get(replica)?.cancel();
  }

  setShare(share: number): void {
    this.#breath.setShare(share);
  }

  async #run(run: ChunkRun): Promise<ChunkResult> {
    if (this.#running.has(run.replica))
      throw new Fault({ reason: 'job', detail: `replica ${run.replica} is already running` });
    const running = new Running(run, this.#breath, this.#surroundings.tell);
    this.#running.set(run.replica, running);
    const before = this.#turn;
    this.#turn = running.whenIssued;
    try {
      // A run that waits for its turn is cancelled at once.
      await running.orCancelled(before);
      const { open, data, kernel } = await running.orCancelled(this.#loaded(run.job));
      return await running.compute(open, data, kernel);
    } finally {
      // Those behind it must still wait for those before it.
      void before.then(() => running.end());
      this.#running.delete(run.replica);
    }
  }

  async #open(data: JobData): Promise<LoadedJob> {
    const backend = this.#backend;
    if (backend === null) throw new Fault({ reason: 'unavailable', detail: 'the engine was not started' });
    const kernel = await this.#surroundings.kernelOf(data.code.id);
    const open = await backend.open(data.code, kernel, data.input);
    return { data, kernel, open };
  }

  async #loaded(job: string): Promise<LoadedJob> {
    const loaded = this.#jobs.get(job);
    if (loaded === undefined) throw new Fault({ reason: 'job', detail: `job ${job} is not loaded` });
    return loaded;
  }

  /** Does something with the backend to itself, between runs. */
  async #inTurn<T>(act: (backend: ComputeBackend) => Promise<T>): Promise<T> {
    const backend = this.#backend;
    if (backend === null) throw new Fault({ reason: 'unavailable', detail: 'the engine was not started' });
    const done = this.#turn.then(() => act(backend));
    this.#turn = done.then(
      () => {},
      () => {},
    );
    return done;
  }
}

/** One run from being asked for to its answer. */
class Running implements Span {
  readonly run: ChunkRun;
  readonly unitFrom: number;
  readonly unitTo: number;
  readonly whenIssued: Promise<void>;
  readonly ended: Promise<void>;
  readonly #breath: Breath;
  readonly #tell: (beat: Beat) => void;
  readonly #cancelled: Promise<never>;
  #issue: () => void = () => {};
  #finish: () => void = () => {};
  #giveUp: (fault: Fault) => void = () => {};
  #fault: Fault | null = null;
  #gathered: Gathered | null = null;
  #kernelMs = 0;
  #unitsDone = 0;
  #toldMs = 0;

  constructor(run: ChunkRun, breath: Breath, tell: (beat: Beat) => void) {
    this.run = run;
    this.unitFrom = run.unitFrom;
    this.unitTo = run.unitTo;
    this.#breath = breath;
    this.#tell = tell;
    this.whenIssued = new Promise((resolve) => (this.#issue = resolve));
    this.ended = new Promise((resolve) => (this.#finish = resolve));
    this.#cancelled = new Promise((_, reject) => (this.#giveUp = reject));
    this.#cancelled.catch(() => {});
  }

  orCancelled<T>(wait: Promise<T>): Promise<T> {
    return Promise.race([wait, this.#cancelled]);
  }

  cancel(): void {
    this.#fault = new Fault({ reason: 'cancelled', detail: `replica ${this.run.replica} was given up` });
    this.#giveUp(this.#fault);
  }

  async compute(open: OpenJob, data: JobData, kernel: Kernel | null): Promise<ChunkResult> {
    this.#gathered = new Gathered(data, kernel, this.unitFrom, this.unitTo);
    const startMs = performance.now();
    this.#toldMs = startMs;
    this.#breath.begin();
    try {
      await this.pause();
      await open.compute(this);
    } finally {
      this.#breath.end();
    }
    const parts = this.#gathered.finish();
    return {
      replica: this.run.replica,
      ...parts,
      kernelMs: this.#kernelMs,
      wallMs: performance.now() - startMs,
    };
  }

  pause(): Promise<void> | null {
    if (this.#fault !== null) throw this.#fault;
    const rest = this.#breath.due();
    return rest === null ? null : this.orCancelled(rest);
  }

  take(unit: number, output: Uint8Array): void {
    this.#gathered?.add(unit, output);
    this.#unitsDone++;
    this.#show();
  }

  spent(ms: number): void {
    this.#kernelMs += ms;
    this.#show();
  }

  issued(): void {
    this.#issue();
  }

  end(): void {
    this.#issue();
    this.#finish();
  }

  /** Says how far the run is: a few times a second, and after the last unit. */
  #show(): void {
    const nowMs = performance.now();
    if (nowMs - this.#toldMs < progressMs && this.#unitsDone < this.unitTo - this.unitFrom) return;
    this.#toldMs = nowMs;
    this.#tell({ beat: 'progress', replica: this.run.replica, unitsDone: this.#unitsDone });
  }
}

function buffersOf(result: ChunkResult): ArrayBuffer[] {
  return [result.digests, result.root, result.bytes, result.lengths].map(({ buffer }) => {
    if (!(buffer instanceof ArrayBuffer)) throw new TypeError('a result lies in memory of its own');
    return buffer;
  });
}

/** Runs something that may fail and gives the failure back as a value. */
async function outcomeOf<T>(act: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await act() };
  } catch (error) {
    return { ok: false, failure: failureOf(error) };
  }
}

function failureOf(error: unknown): Failure {
  if (error instanceof Fault) return error.failure;
  return { reason: 'environment', detail: String(error) };
}
