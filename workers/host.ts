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
  UnitsResult,
  UnitsRun,
} from '../src/volunteer/engine.ts';
import type { Kernel } from '../src/kernels/kernel.ts';
import { Fault } from './backend.ts';
import type { ComputeBackend, OpenJob } from './backend.ts';
import { Breath, hop } from './breath.ts';
import { following, Joint } from './joint.ts';
import { Recomputing, Running } from './running.ts';
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

/** `measure` looks at so many windows of at least this many ms: some browsers' clocks tick only every ms. */
const measureWindows = 4;
const measureWindowMs = 40;

export class ComputeHost implements EngineHost {
  readonly #surroundings: Surroundings;
  readonly #breath: Breath;
  readonly #jobs = new Map<string, Promise<LoadedJob>>();
  readonly #running = new Map<string, Running | Recomputing>();
  /** Chunks that have not begun, in the order in which they were asked for. */
  readonly #waiting = new Set<Running>();
  #backend: ComputeBackend | null = null;
  #kind: Backend | null = null;
  /** Resolves when the run before has nothing more to start. */
  #turn: Promise<void> = Promise.resolve();
  /** When the run before was ready. */
  #readyMs = 0;
  /** What is to be recomputed before a chunk goes on or begins; and what of it is going on. */
  readonly #asides: (() => Promise<void>)[] = [];
  #aside: Promise<void> | null = null;

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
      this.#kind = backend;
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
      if (running.job !== job) continue;
      running.cancel();
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
    if (!outcome.ok) return outcome;
    const { digests, root, bytes, lengths } = outcome.value;
    return this.#surroundings.transfer(outcome, buffersOf([digests, root, bytes, lengths]));
  }

  async recompute(run: UnitsRun): Promise<Outcome<UnitsResult>> {
    const outcome = await outcomeOf(() => this.#recompute(run));
    if (!outcome.ok) return outcome;
    return this.#surroundings.transfer(outcome, buffersOf([outcome.value.bytes, outcome.value.lengths]));
  }

  cancel(name: string): void {
    this.#running.get(name)?.cancel();
  }

  setShare(share: number): void {
    this.#breath.setShare(share);
  }

  async #run(run: ChunkRun): Promise<ChunkResult> {
    if (this.#running.has(run.replica))
      throw new Fault({ reason: 'job', detail: `replica ${run.replica} is already running` });
    const running = new Running(run, this.#breath, this.#surroundings.tell, () => this.#standAside());
    this.#running.set(run.replica, running);
    this.#waiting.add(running);
    const before = this.#turn;
    this.#turn = running.whenIssued;
    try {
      // A run that waits for its turn is cancelled at once.
      await running.orCancelled(before);
      const loaded = await running.orCancelled(this.#loaded(run.job));
      return await (running.joint ?? this.#begin(running, loaded));
    } finally {
      this.#waiting.delete(running);
      // Those behind it must still wait for those before it.
      void before.then(() => running.end());
      this.#running.delete(run.replica);
    }
  }

  /** Computes a chunk whose turn it is, with those that wait behind it and continue it where several go together. */
  async #begin(first: Running, { open, data, kernel }: LoadedJob): Promise<ChunkResult> {
    this.#waiting.delete(first);
    const others = following(first, this.#waiting, open.jointUnits ?? 0);
    if (others.length === 0) {
      const result = await first.compute(open, data, kernel);
      return { ...result, wallMs: this.#ownMs(result.wallMs) };
    }
    const members = [first, ...others];
    const answers = new Joint(members, this.#breath).compute(open, data, kernel, (ms) => this.#ownMs(ms));
    for (const [i, member] of members.entries()) {
      this.#waiting.delete(member);
      member.joint = answers.then((all) => valueOf(all[i]));
      // Whoever was given up before its turn listens no more.
      member.joint.catch(() => {});
    }
    return first.joint ?? Promise.reject(new Error('no answer'));
  }

  /** On a GPU the next run begins before this one is ready: what they have in common counts once. */
  #ownMs(wallMs: number): number {
    const beforeMs = this.#readyMs;
    this.#readyMs = performance.now();
    return Math.min(wallMs, this.#readyMs - beforeMs);
  }

  async #recompute(run: UnitsRun): Promise<UnitsResult> {
    if (this.#kind !== 'wasm')
      throw new Fault({ reason: 'unavailable', detail: 'only a reference recomputes' });
    if (this.#running.has(run.name))
      throw new Fault({ reason: 'job', detail: `${run.name} is already running` });
    const going = new Recomputing(run, this.#breath, this.#surroundings.tell);
    this.#running.set(run.name, going);
    const answer = new Promise<UnitsResult>((resolve, reject) =>
      this.#asides.push(async () => {
        try {
          const { open, data, kernel } = await going.orCancelled(this.#loaded(run.job));
          resolve(await going.compute(open, data, kernel));
        } catch (error) {
          reject(error);
        } finally {
          going.end();
          this.#running.delete(run.name);
        }
      }),
    );
    // Where a chunk is under way, it stands aside at its next pause; where none is, it is this one's turn.
    void this.#inTurn(async () => void (await this.#standAside()));
    return going.orCancelled(answer);
  }

  /** Recomputes what waits for it; null when nothing does. */
  #standAside(): Promise<void> | null {
    if (this.#aside === null && this.#asides.length > 0)
      this.#aside = this.#doAsides().finally(() => (this.#aside = null));
    return this.#aside;
  }

  async #doAsides(): Promise<void> {
    for (let next = this.#asides.shift(); next !== undefined; next = this.#asides.shift()) await next();
  }

  async #open(data: JobData): Promise<LoadedJob> {
    const backend = this.#backend;
    if (backend === null) throw new Fault({ reason: 'unavailable', detail: 'the engine was not started' });
    const kernel = await this.#surroundings.kernelOf(data.code.id);
    const open = await backend.open(data.code, kernel, data.input, data);
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

function buffersOf(parts: readonly (Uint8Array | Uint32Array)[]): ArrayBuffer[] {
  return parts.map(({ buffer }) => {
    if (!(buffer instanceof ArrayBuffer)) throw new TypeError('a result lies in memory of its own');
    return buffer;
  });
}

function valueOf(settled: PromiseSettledResult<ChunkResult> | undefined): ChunkResult {
  if (settled?.status === 'fulfilled') return settled.value;
  throw settled?.reason ?? new Error('no answer');
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
