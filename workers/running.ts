/**
 * What a host is at: a chunk, or scattered units that are recomputed beside it. Each is one wish from being asked for to
 * its answer: it can be given up, rests when the share says so, and shows that it goes forward.
 */

import type { Beat, ChunkResult, ChunkRun, JobData, UnitsResult, UnitsRun } from '../src/volunteer/engine.ts';
import type { Kernel } from '../src/kernels/kernel.ts';
import { Fault } from './backend.ts';
import type { OpenJob, Span } from './backend.ts';
import type { Breath } from './breath.ts';
import { Gathered } from './gathered.ts';
import { chunkUnitsMax, Outputs } from './outputs.ts';

/** How often a run says that it goes forward, in ms. */
const progressMs = 100;

/** What both have in common. */
abstract class Going {
  /** By which it is given up. */
  readonly name: string;
  readonly job: string;
  readonly ended: Promise<void>;
  /** Rejects when it is given up. */
  readonly cancelled: Promise<never>;
  protected readonly breath: Breath;
  protected kernelMs = 0;
  readonly #tell: (beat: Beat) => void;
  readonly #units: number;
  #finish: () => void = () => {};
  #giveUp: (fault: Fault) => void = () => {};
  #fault: Fault | null = null;
  protected unitsDone = 0;
  #toldMs = performance.now();

  constructor(name: string, job: string, units: number, breath: Breath, tell: (beat: Beat) => void) {
    this.name = name;
    this.job = job;
    this.breath = breath;
    this.#units = units;
    this.#tell = tell;
    this.ended = new Promise((resolve) => (this.#finish = resolve));
    this.cancelled = new Promise((_, reject) => (this.#giveUp = reject));
    this.cancelled.catch(() => {});
  }

  orCancelled<T>(wait: Promise<T>): Promise<T> {
    return Promise.race([wait, this.cancelled]);
  }

  cancel(): void {
    this.#fault = new Fault({ reason: 'cancelled', detail: `${this.name} was given up` });
    this.#giveUp(this.#fault);
  }

  pause(): Promise<void> | null {
    if (this.#fault !== null) throw this.#fault;
    const rest = this.breath.due();
    return rest === null ? null : this.orCancelled(rest);
  }

  get isCancelled(): boolean {
    return this.#fault !== null;
  }

  spent(ms: number): void {
    this.kernelMs += ms;
    this.show();
  }

  end(): void {
    this.#finish();
  }

  protected counted(units: number): void {
    this.unitsDone += units;
    this.show();
  }

  /** Says how far it is: a few times a second, and after the last unit. */
  show(): void {
    const nowMs = performance.now();
    if (nowMs - this.#toldMs < progressMs && this.unitsDone < this.#units) return;
    this.#toldMs = nowMs;
    this.#tell({ beat: 'progress', replica: this.name, unitsDone: this.unitsDone });
  }
}

/** One run of a chunk. */
export class Running extends Going implements Span {
  readonly unitFrom: number;
  readonly unitTo: number;
  readonly whenIssued: Promise<void>;
  readonly #aside: () => Promise<void> | null;
  #issue: () => void = () => {};
  #gathered: Gathered | null = null;
  /** How long it stood aside. */
  #asideMs = 0;
  /** Its answer, where it is computed together with others. */
  joint: Promise<ChunkResult> | null = null;

  /** `aside` says whether something else comes first now, and resolves when that is done. */
  constructor(run: ChunkRun, breath: Breath, tell: (beat: Beat) => void, aside: () => Promise<void> | null) {
    super(run.replica, run.job, run.unitTo - run.unitFrom, breath, tell);
    this.unitFrom = run.unitFrom;
    this.unitTo = run.unitTo;
    this.#aside = aside;
    this.whenIssued = new Promise((resolve) => (this.#issue = resolve));
  }

  async compute(open: OpenJob, data: JobData, kernel: Kernel | null): Promise<ChunkResult> {
    this.gather(data, kernel);
    const startMs = performance.now();
    this.breath.begin();
    try {
      await this.pause();
      await open.compute(this);
    } finally {
      this.breath.end();
    }
    return this.result(this.kernelMs, performance.now() - startMs - this.#asideMs);
  }

  /** Gets ready to take units. Throws the `job` Fault for a chunk that the job does not have. */
  gather(data: JobData, kernel: Kernel | null): void {
    this.#gathered = new Gathered(data, kernel, this.unitFrom, this.unitTo);
    this.unitsDone = 0;
  }

  /** The chunk, once all of its units are here. */
  async result(kernelMs: number, wallMs: number): Promise<ChunkResult> {
    if (this.#gathered === null) throw new Error('nothing was gathered');
    return { replica: this.name, ...(await this.#gathered.finish()), kernelMs, wallMs };
  }

  /** After a rest new wishes may be here: what is recomputed does not wait for the end of a chunk. */
  override pause(): Promise<void> | null {
    const rest = super.pause();
    return rest === null ? null : rest.then(() => this.#standAside());
  }

  async #standAside(): Promise<void> {
    const other = this.#aside();
    if (other === null) return;
    const startMs = performance.now();
    await this.orCancelled(other);
    this.#asideMs += performance.now() - startMs;
  }

  take(unit: number, output: Uint8Array): void {
    this.#gathered?.add(unit, output);
    this.counted(1);
  }

  takeAlike(unitFrom: number, outputs: Uint8Array, bytes: number, digests: Uint8Array, seen: boolean): void {
    this.#gathered?.addAlike(unitFrom, outputs, bytes, digests, seen);
    this.counted(outputs.length / bytes);
  }

  issued(): void {
    this.#issue();
  }

  override end(): void {
    this.#issue();
    super.end();
  }
}

/** Scattered units that are recomputed with the reference: their outputs, and nothing is digested. */
export class Recomputing extends Going {
  readonly #units: readonly number[];

  constructor(run: UnitsRun, breath: Breath, tell: (beat: Beat) => void) {
    super(run.name, run.job, run.units.length, breath, tell);
    this.#units = run.units;
  }

  async compute(open: OpenJob, data: JobData, kernel: Kernel | null): Promise<UnitsResult> {
    const unitsMax = kernel?.units(data.input) ?? Number.MAX_SAFE_INTEGER;
    if (!areUnits(this.#units, unitsMax))
      throw new Fault({ reason: 'job', detail: 'these are not units of the job in ascending order' });
    const outputs = new Outputs(data, kernel, this.#units.length);
    const startMs = performance.now();
    this.breath.begin();
    try {
      await this.pause();
      for (const [unitFrom, unitTo] of rangesOf(this.#units))
        await open.compute(this.#span(unitFrom, unitTo, outputs));
    } finally {
      this.breath.end();
    }
    const wallMs = performance.now() - startMs;
    return { name: this.name, ...outputs.finish(), kernelMs: this.kernelMs, wallMs };
  }

  #span(unitFrom: number, unitTo: number, outputs: Outputs): Span {
    return {
      unitFrom,
      unitTo,
      pause: () => this.pause(),
      take: (unit, output) => {
        outputs.add(unit, output);
        this.counted(1);
      },
      spent: (ms) => this.spent(ms),
      issued: () => {},
    };
  }
}

function areUnits(units: readonly number[], unitsMax: number): boolean {
  return (
    units.length > 0 &&
    units.length <= chunkUnitsMax &&
    units.every((unit, i) => Number.isSafeInteger(unit) && unit > (units[i - 1] ?? -1) && unit < unitsMax)
  );
}

/** Ascending units as runs [from, to). */
function rangesOf(units: readonly number[]): [number, number][] {
  const ranges: [number, number][] = [];
  for (const unit of units) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === unit) last[1] = unit + 1;
    else ranges.push([unit, unit + 1]);
  }
  return ranges;
}
