/** The modelled engines of a simulated device: they take their time, answer as its manner says, and die when they are told to. */
import type { Backend } from '../../src/core/state.ts';
import type { LoopEffect, LoopEvent } from '../../src/volunteer/loop.ts';
import type { JobDescriptor } from '../../src/wire/volunteer.ts';
import type { Manner } from './manner.ts';
import type { Dice } from './random.ts';

/** How many times faster than a core a modelled GPU is. */
const gpuFactor = 8;

interface Engine {
  readonly engine: number;
  readonly backend: Backend;
  paused: boolean;
  readonly runs: { readonly replica: number; readonly job: string; readonly chunk: number }[];
  busy: boolean;
}

type EngineEffect = Extract<LoopEffect, { readonly engine: number }>;

/** What of a device its engines need to know. */
export interface EngineSpec {
  /** Speed of one core, in thousandths of the reference core. */
  readonly rateMilli: number;
  /** How many times the average a chunk takes; even where nothing is said. */
  readonly unevenness?: (chunk: number) => number;
  readonly manner: Manner;
  readonly dice: Dice;
}

/** What a device does for its engines. */
export interface Around {
  /** An open job, as its loop knows it. */
  job(id: string): JobDescriptor | undefined;
  /** Plans something in this life of the tab. */
  later(ms: number, then: () => void): void;
  happen(event: LoopEvent): void;
  keepRoot(replica: number, root: string): void;
  keepAnswer(audit: number, answers: readonly (string | null)[]): void;
}

export class ModelledEngines {
  readonly #spec: EngineSpec;
  readonly #here: Around;
  readonly #engines = new Map<number, Engine>();

  constructor(spec: EngineSpec, here: Around) {
    this.#spec = spec;
    this.#here = here;
  }

  /** The tab is gone, and they with it. */
  clear(): void {
    this.#engines.clear();
  }

  do(effect: EngineEffect): void {
    const { slot } = effect;
    const engine = this.#engines.get(slot);
    const of = { slot, engine: effect.engine };
    if (effect.do !== 'startEngine' && engine?.engine !== effect.engine) return;
    switch (effect.do) {
      case 'startEngine':
        this.#engines.set(slot, {
          engine: effect.engine,
          backend: effect.backend,
          paused: false,
          runs: [],
          busy: false,
        });
        return this.#says(60, { on: 'engineStarted', software: false, name: 'modelled', ...of });
      case 'endEngine':
        this.#engines.delete(slot);
        return;
      case 'load':
        return this.#says(20, { on: 'loaded', job: effect.job.job, ...of });
      case 'selfTest':
        return this.#says(30, { on: 'tested', code: effect.code, fault: null, ...of });
      case 'measure': {
        const job = this.#here.job(effect.job);
        const unitMs = job === undefined ? 1 : job.unitCostMicro / this.#rateMilli(engine);
        return this.#says(unitMs, { on: 'measured', job: effect.job, unitMs, ...of });
      }
      case 'run': {
        const job = this.#here.job(effect.job);
        if (job === undefined || engine === undefined) return;
        engine.runs.push({
          replica: effect.replica,
          job: effect.job,
          chunk: Math.floor(effect.unitFrom / job.unitsPerChunk),
        });
        return this.#compute(slot, engine);
      }
      case 'cancel': {
        const index = engine?.runs.findIndex((run) => run.replica === effect.replica) ?? -1;
        if (index > 0) engine?.runs.splice(index, 1);
        return;
      }
      case 'share':
        if (engine === undefined) return;
        engine.paused = effect.share === 0;
        return this.#compute(slot, engine);
      case 'recompute':
        return this.#recompute(effect, engine);
      case 'cancelAudit':
      case 'unload':
        return;
      default:
        effect satisfies never;
    }
  }

  /** Beside its chunks, which this world lets go on meanwhile. */
  #recompute(
    { audit, job: id, units, slot, engine: serial }: Extract<LoopEffect, { do: 'recompute' }>,
    engine: Engine | undefined,
  ): void {
    const job = this.#here.job(id);
    if (job === undefined) return;
    const { manner, dice } = this.#spec;
    const ms =
      (units.length * job.unitCostMicro * manner.slowness() * dice.between(85, 115)) /
      100 /
      this.#rateMilli(engine);
    this.#here.later(ms, () => {
      if (this.#engines.get(slot)?.engine !== serial) return;
      this.#here.keepAnswer(
        audit,
        units.map((unit) => {
          const chunk = Math.floor(unit / job.unitsPerChunk);
          return manner.audit === undefined ? manner.answer(job, chunk, 'wasm') : manner.audit(job, chunk);
        }),
      );
      this.#here.happen({ on: 'recomputed', slot, engine: serial, audit, outputBytes: units.length * 64 });
    });
  }

  /** An engine's word, if that engine still lives when it comes. */
  #says(ms: number, event: Extract<LoopEvent, { readonly engine: number }>): void {
    this.#here.later(ms, () => {
      if (this.#engines.get(event.slot)?.engine === event.engine) this.#here.happen(event);
    });
  }

  #rateMilli(engine: Engine | undefined): number {
    return this.#spec.rateMilli * (engine?.backend === 'webgpu' ? gpuFactor : 1);
  }

  /** Computes the first run of the queue; whatever was cancelled meanwhile is finished and not wanted. */
  #compute(slot: number, engine: Engine): void {
    const run = engine.runs[0];
    if (run === undefined || engine.busy || engine.paused) return;
    const job = this.#here.job(run.job);
    const { manner, dice } = this.#spec;
    const root = job === undefined ? null : manner.answer(job, run.chunk, engine.backend);
    if (job === undefined || root === null) return;
    engine.busy = true;
    const units = Math.min(job.unitsPerChunk, job.units - run.chunk * job.unitsPerChunk);
    const slowness = manner.slowness() * (this.#spec.unevenness?.(run.chunk) ?? 1);
    const ms = (units * job.unitCostMicro * slowness * dice.between(85, 115)) / 100 / this.#rateMilli(engine);
    const of = { slot, engine: engine.engine };
    this.#says(ms / 2, {
      on: 'progress',
      replica: run.replica,
      unitsDone: Math.floor(units / 2),
      ...of,
    });
    this.#here.later(ms, () => {
      if (this.#engines.get(slot)?.engine !== engine.engine) return;
      engine.busy = false;
      engine.runs.shift();
      this.#here.keepRoot(run.replica, root);
      const sizes = { digestBytes: units * 8, outputBytes: units * 64 };
      this.#here.happen({
        on: 'computed',
        replica: run.replica,
        root,
        ...sizes,
        kernelMs: ms,
        wallMs: ms,
        ...of,
      });
      this.#compute(slot, engine);
    });
  }

  /** An engine dies under its work. */
  kill(): void {
    const [first] = this.#engines;
    if (first === undefined) return;
    const [slot, { engine, backend }] = first;
    this.#engines.delete(slot);
    this.#here.happen({
      on: 'lost',
      slot,
      engine,
      loss: backend === 'webgpu' ? 'device-lost' : 'died',
      detail: 'the weather',
    });
  }
}
