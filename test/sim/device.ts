/**
 * One device of the simulator: the real volunteer's loop with a modelled platform around it: engines that take their
 * time, an outbox that survives a reload, a socket of the world's network. Its manner decides what it computes and says.
 */
import { createLoop, isLive, step, wakeAt } from '../../src/volunteer/loop.ts';
import type { Loop, LoopEffect, LoopEvent } from '../../src/volunteer/loop.ts';
import type { LeaseRecord, Remembered, ResultName } from '../../src/volunteer/loop/words.ts';
import type { FromCoordinator, JobDescriptor, TreeHead } from '../../src/wire/volunteer.ts';
import { ModelledEngines } from './device-engines.ts';
import type { EngineSpec } from './device-engines.ts';
import type { UpMessage } from './messages.ts';

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

export interface DeviceSpec extends EngineSpec {
  readonly name: string;
  readonly account: string;
  readonly group: string;
  readonly cores: number;
  readonly webgpu: boolean;
  /** Its clock is off by this much. */
  readonly clockOffMs: number;
}

/** What a reload does not lose. */
interface Outbox {
  coordinator: string | null;
  head: TreeHead | null;
  told: TreeHead | null;
  readonly results: Map<number, ResultName>;
  readonly leases: Map<number, LeaseRecord>;
  /** Whether a root was kept for a replica before `keepResult` came. */
  readonly roots: Map<number, string>;
  /** Programs on which its cores have proven themselves. */
  readonly proven: Set<string>;
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
    told: null,
    results: new Map(),
    leases: new Map(),
    roots: new Map(),
    proven: new Set(),
  };
  readonly #engines: ModelledEngines;
  /** Of audits that were recomputed and not answered yet. */
  readonly #answers = new Map<number, readonly (string | null)[]>();
  #loop: Loop | null = null;
  /** Which life of the tab this is: what an earlier one planned is void. */
  #life = 0;
  #wakePlanned = Infinity;
  #sleeping: (() => void)[] = [];

  constructor(spec: DeviceSpec, world: Surroundings) {
    this.spec = spec;
    this.#world = world;
    this.#engines = new ModelledEngines(spec, {
      job: (id) => this.#loop?.jobs.get(id),
      later: (ms, then) => this.#later(ms, then),
      happen: (event) => this.happen(event),
      keepRoot: (replica, root) => this.#outbox.roots.set(replica, root),
      keepAnswer: (audit, answers) => this.#answers.set(audit, answers),
    });
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
    this.happen({ on: 'start', proven: [...this.#outbox.proven] });
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

  /** An engine dies under its work. */
  killEngine(): void {
    this.#engines.kill();
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
    if ('engine' in effect) return this.#engines.do(effect);
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
      case 'answerAudit': {
        const answers = this.#answers.get(effect.audit) ?? [];
        this.#answers.delete(effect.audit);
        return this.#send(effect.socket, { t: 'auditAnswer', audit: effect.audit, answers });
      }
      case 'dropAnswer':
        this.#answers.delete(effect.audit);
        return;
      case 'fetchBlob': {
        const { digest } = effect;
        return this.#later(40 + this.spec.dice.below(100), () =>
          this.happen({ on: 'blob', digest, fault: this.#world.fetchBlob(this) ? null : 'offline' }),
        );
      }
      case 'keepResult':
      case 'keepDurable':
      case 'dropResults':
        return this.#keepResults(effect);
      case 'keepProof':
        this.#outbox.proven.add(effect.program);
        return;
      case 'dropProofs':
        return this.#outbox.proven.clear();
      case 'keepLease':
        this.#outbox.leases.set(effect.lease.lease, effect.lease);
        return;
      case 'dropLeases':
        for (const lease of effect.leases) this.#outbox.leases.delete(lease);
        return;
      case 'keepHead':
        this.#outbox.coordinator = effect.coordinator;
        this.#outbox.head = effect.head;
        this.#outbox.told = effect.told ?? null;
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
      default:
        effect satisfies never;
    }
  }

  #keepResults(effect: Extract<LoopEffect, { do: 'keepResult' | 'keepDurable' | 'dropResults' }>): void {
    const { results, roots } = this.#outbox;
    if (effect.do === 'keepResult') results.set(effect.result.replica, effect.result);
    else
      for (const replica of effect.replicas) {
        const known = results.get(replica);
        if (effect.do === 'dropResults') {
          results.delete(replica);
          roots.delete(replica);
        } else if (known !== undefined) results.set(replica, { ...known, bytes: false, durable: true });
      }
  }

  #send(socket: number, message: UpMessage): void {
    for (const word of this.spec.manner.outgoing(message)) this.#world.send(this, socket, word);
  }

  #remembered(): Remembered {
    const { coordinator, head, told, results, leases } = this.#outbox;
    const { name: device, account } = this.spec;
    return {
      device,
      account,
      coordinator,
      head,
      told,
      results: [...results.values()],
      leases: [...leases.values()],
    };
  }
}
