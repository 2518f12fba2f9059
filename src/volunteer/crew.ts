/** The engines of a volunteer, by slot: passes the loop's orders on, and what comes of them back. */
import { hexOf } from './crypto.ts';
import { EngineError } from './engine.ts';
import type { Answers } from './answers.ts';
import type { Capability, ChunkResult, Engine, KernelCode } from './engine.ts';
import type { LoopEffect, LoopEvent } from './loop.ts';
import type { CodeName, EngineCall } from './loop/words.ts';
import type { KeptResult } from './outbox.ts';
import type { Platform } from './platform.ts';

type CrewEffect = Extract<LoopEffect, { readonly engine: number }>;
type EffectOf<K extends LoopEffect['do']> = Extract<LoopEffect, { readonly do: K }>;

export class Crew {
  readonly #platform: Platform;
  readonly #blobs: ReadonlyMap<string, Uint8Array>;
  readonly #tell: (event: LoopEvent) => void;
  readonly #keep: (result: KeptResult) => void;
  readonly #answers: Answers;
  /** By serial number, as the loop counts them. */
  readonly #engines = new Map<number, Engine>();

  /** `keep` is handed every computed chunk, and `answers` every audit's outputs, before the loop hears of it. */
  constructor(
    platform: Platform,
    blobs: ReadonlyMap<string, Uint8Array>,
    tell: (event: LoopEvent) => void,
    keep: (result: KeptResult) => void,
    answers: Answers,
  ) {
    this.#platform = platform;
    this.#blobs = blobs;
    this.#tell = tell;
    this.#keep = keep;
    this.#answers = answers;
  }

  do(effect: CrewEffect): void {
    if (effect.do === 'startEngine') return this.#start(effect);
    const engine = this.#engines.get(effect.engine);
    if (engine === undefined) return;
    switch (effect.do) {
      case 'endEngine':
        this.#engines.delete(effect.engine);
        return engine.dispose();
      case 'load':
        return this.#load(engine, effect);
      case 'unload':
        return engine.unload(effect.job);
      case 'selfTest':
        return this.#selfTest(engine, effect);
      case 'measure':
        return this.#measure(engine, effect);
      case 'run':
        return this.#run(engine, effect);
      case 'cancel':
        return engine.cancel(String(effect.replica));
      case 'recompute':
        return this.#recompute(engine, effect);
      case 'cancelAudit':
        return engine.cancel(auditName(effect.audit));
      case 'share':
        return engine.setShare(effect.share);
      default:
        effect satisfies never;
    }
  }

  #start({ slot, engine: serial, backend }: EffectOf<'startEngine'>): void {
    const engine = this.#platform.engine(backend);
    this.#engines.set(serial, engine);
    engine.onLost((loss, detail) => {
      // An engine that was ended on purpose is no loss.
      if (this.#engines.delete(serial)) this.#tell({ on: 'lost', slot, engine: serial, loss, detail });
    });
    this.#report(engine.start(), slot, serial, { call: 'start' }, (capability) => ({
      on: 'engineStarted',
      slot,
      engine: serial,
      software: capability.software,
      name: nameOf(capability),
    }));
  }

  #load(engine: Engine, { slot, engine: serial, job }: EffectOf<'load'>): void {
    const code = this.#code({
      kernel: job.kernel,
      wasm: job.wasm,
      wgsl: engine.backend === 'webgpu' ? job.wgsl : null,
    });
    const input = this.#blobs.get(job.input);
    // The loop loads what is here; a blob can only be missing once it was dropped.
    if (code === null || input === undefined) return;
    const loaded = engine.load({ job: job.job, code, input, agreement: job.agreement });
    this.#report(loaded, slot, serial, { call: 'load', job: job.job }, () => ({
      on: 'loaded',
      slot,
      engine: serial,
      job: job.job,
    }));
  }

  #selfTest(engine: Engine, { slot, engine: serial, code: name }: EffectOf<'selfTest'>): void {
    const code = this.#code(name);
    if (code === null) return;
    this.#report(engine.selfTest(code), slot, serial, { call: 'selfTest', code: name }, (test) => ({
      on: 'tested',
      slot,
      engine: serial,
      code: name,
      fault: test.ok ? null : `${test.vector}: ${test.got}`.slice(0, 200),
    }));
  }

  #measure(engine: Engine, { slot, engine: serial, job, unit }: EffectOf<'measure'>): void {
    this.#report(engine.measure(job, unit), slot, serial, { call: 'measure', job }, ({ unitMs }) => ({
      on: 'measured',
      slot,
      engine: serial,
      job,
      unitMs,
    }));
  }

  #run(engine: Engine, { slot, engine: serial, replica, job, unitFrom, unitTo }: EffectOf<'run'>): void {
    const run = engine.run({ replica: String(replica), job, unitFrom, unitTo }, (unitsDone) =>
      this.#tell({ on: 'progress', slot, engine: serial, replica, unitsDone }),
    );
    this.#report(run, slot, serial, { call: 'run', replica }, (result) =>
      this.#computed(slot, serial, replica, job, result),
    );
  }

  #recompute(engine: Engine, { slot, engine: serial, audit, job, units }: EffectOf<'recompute'>): void {
    const run = engine.recompute({ name: auditName(audit), job, units });
    this.#report(run, slot, serial, { call: 'recompute', audit }, (result) => {
      this.#answers.keep(audit, result);
      return { on: 'recomputed', slot, engine: serial, audit, outputBytes: result.bytes.length };
    });
  }

  #computed(slot: number, serial: number, replica: number, job: string, result: ChunkResult): LoopEvent {
    const { digests, bytes: outputs, lengths, kernelMs, wallMs } = result;
    const root = hexOf(result.root);
    const sizes = { root, digestBytes: digests.length, outputBytes: outputs.length };
    // The loop completes the rest when it takes the result.
    this.#keep({
      replica,
      job,
      chunk: 0,
      ...sizes,
      units: lengths.length,
      bytes: true,
      digests,
      outputs,
      lengths,
    });
    return { on: 'computed', slot, engine: serial, replica, ...sizes, kernelMs, wallMs };
  }

  /** Turns how a call ended into an event. What an engine that is gone leaves behind is told by its `lost`. */
  #report<T>(
    call: Promise<T>,
    slot: number,
    serial: number,
    what: EngineCall,
    event: (value: T) => LoopEvent,
  ): void {
    call.then(
      (value) => this.#tell(event(value)),
      (error: unknown) => {
        const fault = error instanceof EngineError ? error.reason : 'environment';
        this.#tell({
          on: 'failed',
          slot,
          engine: serial,
          what,
          fault,
          detail: error instanceof Error ? error.message : String(error),
        });
      },
    );
  }

  #code({ kernel, wasm, wgsl }: CodeName): KernelCode | null {
    const bytes = this.#blobs.get(wasm);
    const shader = wgsl === null ? null : this.#blobs.get(wgsl);
    if (bytes === undefined || shader === undefined) return null;
    return { id: kernel, wasm: bytes, wgsl: shader === null ? null : new TextDecoder().decode(shader) };
  }
}

/** How an engine knows an audit: replicas are numbers. */
const auditName = (audit: number): string => `audit ${audit}`;

/** What to call a GPU. */
function nameOf({ backend, adapter }: Capability): string {
  if (adapter === null) return backend;
  const name = [adapter.description, adapter.device, `${adapter.vendor} ${adapter.architecture}`.trim()].find(
    (part) => part !== '',
  );
  return name ?? backend;
}
