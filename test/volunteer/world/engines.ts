/** The engines of one visit in a small world: they compute after a while, and sometimes fail. */
import { unitsOf } from '../../../src/core/state.ts';
import type { Loop, LoopEffect, LoopEvent } from '../../../src/volunteer/loop.ts';
import type { Office } from './office.ts';

/** What the loop says to engines. */
export type EngineEffect = Extract<LoopEffect, { readonly engine: number }>;
type EffectOf<K extends LoopEffect['do']> = Extract<LoopEffect, { readonly do: K }>;

/** Some root for some text. */
function hex(text: string): string {
  let sum = 7;
  for (let i = 0; i < text.length; i++) sum = (sum * 31 + text.charCodeAt(i)) % 0xffffffff;
  return sum.toString(16).padStart(64, '0');
}

interface SimEngine {
  readonly engine: number;
  up: boolean;
  share: number;
  runs: number[];
  /** Audits that it is at. */
  readonly audits: Set<number>;
}

export class Engines {
  readonly #world: Office;
  readonly #loop: Loop;
  readonly #step: (event: LoopEvent) => void;
  readonly #engines = new Map<number, SimEngine>();
  /** False once the page that they belong to is gone. */
  alive = true;

  constructor(world: Office, loop: Loop, step: (event: LoopEvent) => void) {
    this.#world = world;
    this.#loop = loop;
    this.#step = (event) => {
      if (this.alive) step(event);
    };
  }

  do(effect: EngineEffect): void {
    const { slot, engine: serial } = effect;
    const of = { slot, engine: serial };
    switch (effect.do) {
      case 'startEngine':
        return this.#start(effect);
      case 'endEngine':
        return this.#end(effect);
      case 'load':
        return this.#later(effect, 20, { on: 'loaded', ...of, job: effect.job.job });
      case 'selfTest':
        return this.#later(effect, 50, { on: 'tested', ...of, code: effect.code, fault: null });
      case 'measure':
        return this.#later(effect, 150, {
          on: 'measured',
          ...of,
          job: effect.job,
          unitMs: this.#world.random() * 40,
        });
      case 'share':
        return this.#share(effect);
      case 'cancel':
        return this.#cancel(effect);
      case 'run':
        return this.#run(effect);
      case 'recompute':
        return this.#recompute(effect);
      case 'cancelAudit':
        return this.#cancelAudit(effect);
      case 'unload':
        return;
      default:
        effect satisfies never;
    }
  }

  /** Something that an engine says after a while, if it lives that long. */
  #later(
    { slot, engine }: { readonly slot: number; readonly engine: number },
    msMax: number,
    event: LoopEvent,
  ): void {
    this.#world.after(this.#world.between(1, msMax), () => {
      const now = this.#engines.get(slot);
      if (now?.engine === engine && now.up) this.#step(event);
    });
  }

  #start({ slot, engine }: EffectOf<'startEngine'>): void {
    this.#engines.set(slot, { engine, up: true, share: 1, runs: [], audits: new Set() });
    const dies = this.#world.chance(this.#world.weather.loseWorker * 3);
    this.#later(
      { slot, engine },
      60,
      dies
        ? { on: 'lost', slot, engine, loss: 'died', detail: 'weather' }
        : { on: 'engineStarted', slot, engine, software: false, name: 'gpu' },
    );
  }

  #end({ slot, engine }: EffectOf<'endEngine'>): void {
    const now = this.#engines.get(slot);
    if (now?.engine === engine) now.up = false;
  }

  #share({ slot, engine, share }: EffectOf<'share'>): void {
    const now = this.#engines.get(slot);
    if (now?.engine !== engine) return;
    now.share = share;
    if (share > 0) this.#compute(slot, engine);
  }

  #cancel({ slot, engine, replica }: EffectOf<'cancel'>): void {
    const now = this.#engines.get(slot);
    if (now?.engine !== engine || !now.runs.includes(replica)) return;
    now.runs = now.runs.filter((id) => id !== replica);
    this.#later({ slot, engine }, 2, {
      on: 'failed',
      slot,
      engine,
      what: { call: 'run', replica },
      fault: 'cancelled',
      detail: '',
    });
  }

  #run({ slot, engine, replica }: EffectOf<'run'>): void {
    const now = this.#engines.get(slot);
    if (now?.engine !== engine || !now.up) {
      this.#world.faults.push('runs on an engine that is gone');
      return;
    }
    if (now.runs.includes(replica)) this.#world.faults.push(`runs ${replica} twice`);
    now.runs.push(replica);
    if (now.runs.length === 1) this.#compute(slot, engine);
  }

  #recompute({ slot, engine, audit, job, units }: EffectOf<'recompute'>): void {
    const world = this.#world;
    const now = this.#engines.get(slot);
    if (now?.engine !== engine || !now.up) return void world.faults.push('audits on an engine that is gone');
    if (slot > 100) world.faults.push('a GPU audits');
    if (now.share === 0) world.faults.push('audits while it is paused');
    if (now.audits.has(audit)) world.faults.push(`audits ${audit} twice`);
    if (!this.#loop.jobs.has(job) || units.length === 0) world.faults.push(`audits nothing of ${job}`);
    now.audits.add(audit);
    world.after(world.between(20, 400), () => {
      if (this.#engines.get(slot) !== now || !now.up || !now.audits.delete(audit)) return;
      const of = { slot, engine };
      const fault = world.chance(world.weather.trap)
        ? 'trap'
        : world.chance(world.weather.environment)
          ? 'environment'
          : null;
      this.#step(
        fault === null
          ? { on: 'recomputed', ...of, audit, outputBytes: 16 * units.length }
          : { on: 'failed', ...of, what: { call: 'recompute', audit }, fault, detail: 'weather' },
      );
    });
  }

  #cancelAudit({ slot, engine, audit }: EffectOf<'cancelAudit'>): void {
    const now = this.#engines.get(slot);
    if (now?.engine !== engine || !now.audits.delete(audit)) return;
    this.#later({ slot, engine }, 2, {
      on: 'failed',
      slot,
      engine,
      what: { call: 'recompute', audit },
      fault: 'cancelled',
      detail: '',
    });
  }

  /** The engine computes the first of its runs, or something happens to it. */
  #compute(slot: number, serial: number): void {
    const world = this.#world;
    const engine = this.#engines.get(slot);
    const replica = engine?.runs[0];
    if (engine === undefined || replica === undefined || engine.share === 0) return;
    const ms = world.between(20, slot > 100 ? 60 : 900);
    world.after(ms, () => {
      if (this.#engines.get(slot) !== engine || engine.engine !== serial || !engine.up) return;
      if (engine.runs[0] !== replica || engine.share === 0) return this.#compute(slot, serial);
      const of = { slot, engine: serial };
      if (world.chance(world.weather.loseWorker)) {
        engine.up = false;
        return this.#step({
          on: 'lost',
          ...of,
          loss: slot > 100 ? 'device-lost' : 'stuck',
          detail: 'weather',
        });
      }
      engine.runs.shift();
      const fault = world.chance(world.weather.trap)
        ? 'trap'
        : world.chance(world.weather.environment)
          ? 'environment'
          : null;
      if (fault !== null)
        this.#step({ on: 'failed', ...of, what: { call: 'run', replica }, fault, detail: 'weather' });
      else {
        const held = this.#loop.held.get(replica);
        const spec = world.state.jobs.get(held?.job ?? '')?.spec;
        const [from, to] = held === undefined || spec === undefined ? [0, 1] : unitsOf(spec, held.chunk);
        // The same chunk has the same answer everywhere.
        const root = hex(held === undefined ? `${replica}` : `${held.job}/${held.chunk}`);
        this.#step({ on: 'progress', ...of, replica, unitsDone: 1 });
        this.#step({
          on: 'computed',
          ...of,
          replica,
          root,
          digestBytes: 8 * (to - from),
          outputBytes: 16 * (to - from),
          kernelMs: ms,
          wallMs: ms,
        });
      }
      this.#compute(slot, serial);
    });
  }
}
