/**
 * One device of the simulator: the real volunteer's loop with a modelled platform around it: engines that take their
 * time, an outbox that survives a reload, a socket of the world's network. Its manner decides what it computes and says.
 */
import { createLoop, isLive, step, wakeAt } from '../../src/volunteer/loop.ts';
import type { Loop, LoopEffect, LoopEvent } from '../../src/volunteer/loop.ts';
import type { LeaseRecord, Remembered, ResultName } from '../../src/volunteer/loop/words.ts';
import type { Backend } from '../../src/core/state.ts';
import type { FromCoordinator, JobDescriptor, TreeHead } from '../../src/wire/volunteer.ts';
import type { Manner } from './manner.ts';
import type { UpMessage } from './messages.ts';
import type { Dice } from './random.ts';

/** What the world does for a device. */
export interface Surroundings {
  /** The world's time, in ms. */
  now(): number;
  plan(delayMs: number, then: () => void): void;
  connect(device: Device, socket: number): void;
  disconnect(device: Device, socket: number): void;
  send(device: Device, socket: number, message: UpMessage): void;
  /** What HTTP brings at this moment; null when it brings nothing. */
  fetchJobs(device: Device): JobDescriptor[] | null;
  fetchBlob(device: Device): boolean;
  /** Whether the log of one head is the beginning of another's. */
  extends(from: TreeHead, to: TreeHead): boolean;
}

export interface DeviceSpec {
  readonly name: string;
  readonly account: string;
  readonly group: string;
  readonly cores: number;
  readonly webgpu: boolean;
  /** Speed of one core, in thousandths of the reference core. */
  readonly rateMilli: number;
  /** Its clock is off by this much. */
  readonly clockOffMs: number;
  /** How many times the average a chunk takes; even where nothing is said. */
  readonly unevenness?: (chunk: number) => number;
  readonly manner: Manner;
  readonly dice: Dice;
}

/** How many times faster than a core a modelled GPU is. */
const gpuFactor = 8;

interface Engine {
  readonly engine: number;
  readonly backend: Backend;
  paused: boolean;
  readonly runs: { readonly replica: number; readonly job: string; readonly chunk: number }[];
  busy: boolean;
}

/** What a reload does not lose. */
interface Outbox {
  coordinator: string | null;
  head: TreeHead | null;
  readonly results: Map<number, ResultName>;
  readonly leases: Map<number, LeaseRecord>;
  /** Whether a root was kept for a replica before `keepResult` came. */
  readonly roots: Map<number, string>;
}

export class Device {
  readonly spec: DeviceSpec;
  /** Sockets that are up, by the loop's serial number, so that mischief can use them. */
  socket: number | null = null;
  /** Words lie here while the machine sleeps. */
  asleep = false;
  readonly #world: Surroundings;
  readonly #outbox: Outbox = {
    coordinator: null,
    head: null,
    results: new Map(),
    leases: new Map(),
    roots: new Map(),
  };
  readonly #engines = new Map<number, Engine>();
  #loop: Loop | null = null;
  /** Which life of the tab this is: what an earlier one planned is void. */
  #life = 0;
  #wakePlanned = Infinity;
  #sleeping: (() => void)[] = [];

  constructor(spec: DeviceSpec, world: Surroundings) {
    this.spec = spec;
    this.#world = world;
  }

  /** Whether somebody could still expect work from it. */
  get isUp(): boolean {
    return this.#loop !== null && isLive(this.#loop);
  }

  /** Replicas whose results its outbox keeps. */
  readonly kept = (): number[] => [...this.#outbox.results.keys()];

  /** The tab opens, and Start is pressed. */
  start(): void {
    this.#life++;
    this.#engines.clear();
    this.#wakePlanned = Infinity;
    const { cores, webgpu } = this.spec;
    this.#loop = createLoop({ coresMax: cores, secure: true, webgpu, gpuUse: 'auto' });
    this.happen({ on: 'configure', settings: { cores } });
    this.happen({ on: 'start' });
  }

  /** The tab is gone without a word: a crash, a dead battery. What the outbox keeps stays. */
  vanish(): void {
    this.#life++;
    this.#loop = null;
    this.#engines.clear();
    if (this.socket !== null) this.#world.disconnect(this, this.socket);
    this.socket = null;
  }

  /** The machine sleeps for a while; all that happens meanwhile is noticed afterwards. */
  sleep(ms: number): void {
    if (this.asleep) return;
    this.asleep = true;
    this.#world.plan(ms, () => {
      this.asleep = false;
      for (const missed of this.#sleeping.splice(0)) missed();
    });
  }

  happen(event: LoopEvent): void {
    const life = this.#life;
    if (this.asleep) return void this.#sleeping.push(() => life === this.#life && this.happen(event));
    if (this.#loop === null) return;
    const { dice, clockOffMs } = this.spec;
    const effects = step(
      this.#loop,
      event,
      this.#world.now() + clockOffMs,
      dice.below(1_000_000) / 1_000_000,
    );
    for (const effect of effects) this.#do(effect);
    this.#planWake();
  }

  hear(socket: number, word: FromCoordinator): void {
    const { hears, says } = this.spec.manner.incoming?.(word) ?? { hears: [word], says: [] };
    for (const heard of hears) this.happen({ on: 'word', socket, word: heard });
    for (const message of says) this.#world.send(this, socket, message);
  }

  closed(socket: number): void {
    if (this.socket === socket) this.socket = null;
    this.happen({ on: 'socketClosed', socket, detail: 'closed' });
  }

  #planWake(): void {
    if (this.#loop === null) return;
    const due = wakeAt(this.#loop);
    if (due === null) return;
    const at = Math.max(this.#world.now() + 1, due - this.spec.clockOffMs);
    if (at >= this.#wakePlanned) return;
    this.#wakePlanned = at;
    this.#later(at - this.#world.now(), () => {
      if (this.#wakePlanned !== at) return;
      this.#wakePlanned = Infinity;
      this.happen({ on: 'wake' });
    });
  }

  /** Plans something in this life of the tab. */
  #later(ms: number, then: () => void): void {
    const life = this.#life;
    this.#world.plan(ms, () => life === this.#life && then());
  }

  #do(effect: LoopEffect): void {
    switch (effect.do) {
      case 'prepare':
        return this.#later(5, () => this.happen({ on: 'prepared', remembered: this.#remembered() }));
      case 'fetchJobs':
        return this.#later(60, () => {
          const jobs = this.#world.fetchJobs(this);
          if (jobs !== null) this.happen({ on: 'jobs', jobs });
        });
      case 'connect':
        return this.#world.connect(this, effect.socket);
      case 'disconnect':
        if (this.socket === effect.socket) this.socket = null;
        return this.#world.disconnect(this, effect.socket);
      case 'hello': {
        const { name: device, account, group } = this.spec;
        const { nonce, holding, socket } = effect;
        return this.#world.send(this, socket, {
          t: 'hello',
          device,
          account,
          group,
          role: 'volunteer',
          holding,
          nonce,
        });
      }
      case 'send':
        return this.#send(effect.socket, effect.word);
      case 'commit': {
        const items = effect.items.map(({ replica, bytes }) => ({
          replica,
          bytes,
          root: this.#outbox.roots.get(replica) ?? 'forgotten',
        }));
        return this.#send(effect.socket, { t: 'commit', items, slots: effect.slots });
      }
      case 'fetchBlob': {
        const { digest } = effect;
        return this.#later(40 + this.spec.dice.below(100), () =>
          this.happen({ on: 'blob', digest, fault: this.#world.fetchBlob(this) ? null : 'offline' }),
        );
      }
      case 'keepResult':
        this.#outbox.results.set(effect.result.replica, effect.result);
        return;
      case 'dropResults':
        for (const replica of effect.replicas) {
          this.#outbox.results.delete(replica);
          this.#outbox.roots.delete(replica);
        }
        return;
      case 'keepLease':
        this.#outbox.leases.set(effect.lease.lease, effect.lease);
        return;
      case 'dropLeases':
        for (const lease of effect.leases) this.#outbox.leases.delete(lease);
        return;
      case 'keepHead':
        this.#outbox.coordinator = effect.coordinator;
        this.#outbox.head = effect.head;
        return;
      case 'checkLog': {
        const { from, to } = effect;
        return this.#later(80, () =>
          this.happen({
            on: 'logChecked',
            head: to,
            verdict: this.#world.extends(from, to) ? 'extends' : 'contradicts',
          }),
        );
      }
      case 'dropBlob':
      case 'signChain':
      case 'keepReceipt':
        return;
      case 'startEngine':
      case 'endEngine':
      case 'load':
      case 'unload':
      case 'selfTest':
      case 'measure':
      case 'run':
      case 'cancel':
      case 'share':
        return this.#engineDo(effect);
      default:
        effect satisfies never;
    }
  }

  #send(socket: number, message: UpMessage): void {
    for (const word of this.spec.manner.outgoing(message)) this.#world.send(this, socket, word);
  }

  #remembered(): Remembered {
    const { coordinator, head, results, leases } = this.#outbox;
    const { name: device, account } = this.spec;
    return {
      device,
      account,
      coordinator,
      head,
      results: [...results.values()],
      leases: [...leases.values()],
    };
  }

  #engineDo(effect: EngineEffect): void {
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
        return this.#engineSays(60, { on: 'engineStarted', software: false, name: 'modelled', ...of });
      case 'endEngine':
        this.#engines.delete(slot);
        return;
      case 'load':
        return this.#engineSays(20, { on: 'loaded', job: effect.job.job, ...of });
      case 'selfTest':
        return this.#engineSays(30, { on: 'tested', code: effect.code, fault: null, ...of });
      case 'measure': {
        const job = this.#loop?.jobs.get(effect.job);
        const unitMs = job === undefined ? 1 : job.unitCostMicro / this.#rateMilli(engine);
        return this.#engineSays(unitMs, { on: 'measured', job: effect.job, unitMs, ...of });
      }
      case 'run': {
        const job = this.#loop?.jobs.get(effect.job);
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
      case 'unload':
        return;
      default:
        effect satisfies never;
    }
  }

  /** An engine's word, if that engine still lives when it comes. */
  #engineSays(ms: number, event: Extract<LoopEvent, { readonly engine: number }>): void {
    this.#later(ms, () => {
      if (this.#engines.get(event.slot)?.engine === event.engine) this.happen(event);
    });
  }

  #rateMilli(engine: Engine | undefined): number {
    return this.spec.rateMilli * (engine?.backend === 'webgpu' ? gpuFactor : 1);
  }

  /** Computes the first run of the queue; whatever was cancelled meanwhile is finished and not wanted. */
  #compute(slot: number, engine: Engine): void {
    const run = engine.runs[0];
    if (run === undefined || engine.busy || engine.paused) return;
    const job = this.#loop?.jobs.get(run.job);
    const { manner, dice } = this.spec;
    const root = job === undefined ? null : manner.answer(job, run.chunk, engine.backend);
    if (job === undefined || root === null) return;
    engine.busy = true;
    const units = Math.min(job.unitsPerChunk, job.units - run.chunk * job.unitsPerChunk);
    const slowness = manner.slowness() * (this.spec.unevenness?.(run.chunk) ?? 1);
    const ms = (units * job.unitCostMicro * slowness * dice.between(85, 115)) / 100 / this.#rateMilli(engine);
    const of = { slot, engine: engine.engine };
    this.#engineSays(ms / 2, {
      on: 'progress',
      replica: run.replica,
      unitsDone: Math.floor(units / 2),
      ...of,
    });
    this.#later(ms, () => {
      if (this.#engines.get(slot)?.engine !== engine.engine) return;
      engine.busy = false;
      engine.runs.shift();
      this.#outbox.roots.set(run.replica, root);
      const sizes = { digestBytes: units * 8, outputBytes: units * 64 };
      this.happen({ on: 'computed', replica: run.replica, root, ...sizes, kernelMs: ms, wallMs: ms, ...of });
      this.#compute(slot, engine);
    });
  }

  /** An engine dies under its work. */
  killEngine(): void {
    const [first] = this.#engines;
    if (first === undefined) return;
    const [slot, { engine, backend }] = first;
    this.#engines.delete(slot);
    this.happen({
      on: 'lost',
      slot,
      engine,
      loss: backend === 'webgpu' ? 'device-lost' : 'died',
      detail: 'the weather',
    });
  }
}

type EngineEffect = Extract<LoopEffect, { readonly engine: number }>;
