/**
 * A small world for the volunteer's loop: the real rules (`core`) as coordinator, real loops as volunteers,
 * and between them engines that fail, sockets that break, double and reorder, people who pause, and reloads.
 * Everything follows from one seed.
 */
import { decide } from '../../src/core/machine.ts';
import { evolve } from '../../src/core/evolve.ts';
import { assertInvariants } from '../../src/core/invariants.ts';
import { emptyState, isRefusal, unitsOf } from '../../src/core/state.ts';
import type { Command, Event, JobSpec, State } from '../../src/core/state.ts';
import { createLoop, step, wakeAt } from '../../src/volunteer/loop.ts';
import type { Loop, LoopEffect, LoopEvent } from '../../src/volunteer/loop.ts';
import type { LeaseRecord, ResultName } from '../../src/volunteer/loop/words.ts';
import type {
  FromCoordinator,
  GiveBack,
  JobDescriptor,
  SlotWord,
  TreeHead,
} from '../../src/wire/volunteer.ts';

/** How bad the weather is: chances per occasion. */
export interface Weather {
  readonly breakSocket: number;
  readonly double: number;
  readonly reorder: number;
  readonly loseWorker: number;
  readonly trap: number;
  readonly environment: number;
  readonly storeFull: number;
  /** Chance per second of a whim: pause, resume, finish, settings, reload, offline. */
  readonly whim: number;
}

export const calm: Weather = {
  breakSocket: 0,
  double: 0,
  reorder: 0,
  loseWorker: 0,
  trap: 0,
  environment: 0,
  storeFull: 0,
  whim: 0,
};

/** mulberry32. */
export function dice(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Some root for some text. */
function hex(text: string): string {
  let sum = 7;
  for (let i = 0; i < text.length; i++) sum = (sum * 31 + text.charCodeAt(i)) % 0xffffffff;
  return sum.toString(16).padStart(64, '0');
}

const head: TreeHead = { size: 0, root: '0'.repeat(64) };

/** What a browser profile keeps over a reload, and what the test watches. */
interface Profile {
  readonly name: string;
  readonly account: string;
  loop: Loop;
  /** Raised by a reload: what was under way for the page before is nobody's. */
  visit: number;
  socket: number | null;
  wake: number | null;
  readonly results: Map<number, ResultName>;
  readonly leases: Map<number, LeaseRecord>;
  coordinator: string | null;
  /** Everything that was ever said about a replica to this device, and by it. */
  readonly taken: Map<number, string>;
  readonly computed: Map<number, string>;
  /** Replicas that the coordinator closed in a word that arrived. */
  readonly closedBy: Set<number>;
  readonly returned: Set<number>;
  listed: number[];
  readonly engines: Map<number, { engine: number; up: boolean; share: number; runs: number[] }>;
}

export class World {
  readonly state: State = emptyState();
  readonly profiles: Profile[] = [];
  readonly faults: string[] = [];
  weather: Weather;
  at = 1_700_000_000_000;
  steps = 0;
  readonly #random: () => number;
  readonly #queue: { at: number; order: number; act: () => void }[] = [];
  #order = 0;
  readonly #sockets = new Map<
    string,
    { profile: Profile; open: boolean; welcomed: boolean; downAt: number; upAt: number }
  >();
  #finished = 0;
  readonly #fast: boolean;

  constructor(seed: number, weather: Weather, fast = false) {
    this.#random = dice(seed);
    this.weather = weather;
    this.#fast = fast;
  }

  chance(p: number): boolean {
    return p > 0 && this.#random() < p;
  }

  between(from: number, to: number): number {
    return from + Math.floor(this.#random() * (to - from));
  }

  after(ms: number, act: () => void): void {
    this.#queue.push({ at: this.at + ms, order: this.#order++, act });
  }

  /** Runs until nothing is left to happen or the time is over. */
  run(forMs: number): void {
    const until = this.at + forMs;
    for (;;) {
      let next = -1;
      for (let i = 0; i < this.#queue.length; i++) {
        const a = this.#queue[i];
        const b = this.#queue[next];
        if (a !== undefined && (b === undefined || a.at < b.at || (a.at === b.at && a.order < b.order)))
          next = i;
      }
      const due = this.#queue[next];
      if (due === undefined || due.at > until) break;
      this.#queue.splice(next, 1);
      this.at = Math.max(this.at, due.at);
      due.act();
    }
    this.at = until;
  }

  // ---- the coordinator -------------------------------------------------------------------------------------

  decide(command: Command): readonly Event[] | string {
    const decision = decide(this.state, command, this.at);
    if (isRefusal(decision)) return decision.refused;
    for (const event of decision) {
      evolve(this.state, event, this.at);
      if (event.e === 'finished') this.#finished += 1;
      if (event.e === 'leased')
        this.after(event.deadline - this.at + 1, () => void this.decide({ c: 'expire', lease: event.lease }));
      if (event.e === 'accepted') {
        for (const winner of event.winners) {
          const settled = {
            replica: winner.replica,
            amountMicro: event.entries[0]?.amountMicro ?? 0,
            withAnchor: false,
            final: event.final,
            leaf: '',
            index: 0,
            path: [],
          };
          this.#tell(winner.device, { t: 'receipt', acks: [], settled: [settled], lost: [], tick: null });
        }
      }
    }
    assertInvariants(this.state);
    return decision;
  }

  submit(spec: JobSpec): void {
    this.decide({ c: 'fund', account: 'r', amountMicro: 1e12 });
    const decision = this.decide({ c: 'submit', requester: 'r', spec });
    if (typeof decision === 'string') throw new Error(decision);
    for (const { name } of this.profiles) this.#tell(name, { t: 'news', jobs: this.#jobs() });
  }

  get finished(): number {
    return this.#finished;
  }

  #jobs(): JobDescriptor[] {
    return [...this.state.jobs.values()].map(({ id, spec }) => {
      const { kernel, wasm, wgsl, input, agreement, units, unitsPerChunk, unitCostMicro } = spec;
      return { job: id, kernel, wasm, wgsl, input, agreement, units, unitsPerChunk, unitCostMicro };
    });
  }

  /** A word down, after a while; in order unless the weather says otherwise. */
  #tell(device: string, word: FromCoordinator): void {
    const profile = this.profiles.find(({ name }) => name === device);
    if (profile === undefined || profile.socket === null) return;
    const socket = profile.socket;
    const line = this.#sockets.get(`${device} ${profile.visit} ${socket}`);
    if (line === undefined || !line.open) return;
    const visit = profile.visit;
    const times = this.chance(this.weather.double) ? 2 : 1;
    for (let i = 0; i < times; i++) {
      const at = this.chance(this.weather.reorder)
        ? this.at + this.between(1, 400)
        : Math.max(line.downAt, this.at + this.between(1, 60));
      if (at > line.downAt) line.downAt = at;
      this.after(at - this.at, () => {
        if (!line.open || profile.visit !== visit) return;
        this.#heard(profile, word);
        this.step(profile, { on: 'word', socket, word });
      });
    }
  }

  /** Notes what a delivered word means for the ends of replicas. */
  #heard(profile: Profile, word: FromCoordinator): void {
    if (word.t === 'lease' && profile.loop.link.is === 'open') {
      for (let i = 0; i < word.count; i++) profile.taken.set(word.lease + i, `${word.job}/${word.chunk + i}`);
    }
    if (word.t === 'receipt')
      for (const id of [...word.acks, ...word.lost, ...word.settled.map((s) => s.replica)])
        profile.closedBy.add(id);
    if (
      word.t === 'refusal' &&
      word.replica !== undefined &&
      word.reason !== 'no-bytes' &&
      word.reason !== 'store'
    )
      profile.closedBy.add(word.replica);
    if (word.t === 'welcome')
      for (const id of profile.listed) if (!word.holding.includes(id)) profile.closedBy.add(id);
  }

  #live(): Map<string, Set<string>> {
    return new Map(
      this.profiles.filter((p) => p.socket !== null).map((p) => [p.account, new Set([p.account])]),
    );
  }

  #welcome(profile: Profile, holding: readonly number[]): void {
    const { name, account } = profile;
    this.decide({ c: 'join', device: name, account, site: null, group: account, role: 'volunteer' });
    const still = holding.filter((id) => {
      const lease = this.state.leases.get(this.state.replicas.get(id) ?? -1);
      return lease !== undefined && lease.device === name;
    });
    this.#tell(name, {
      t: 'welcome',
      device: name,
      account,
      jobs: this.#jobs(),
      holding: still,
      creditMicro: { pending: 0, vested: 0 },
    });
  }

  #ask(profile: Profile, slots: readonly SlotWord[]): void {
    for (const slot of slots) {
      const decision = this.decide({ c: 'ask', device: profile.name, slot, live: this.#live() });
      if (typeof decision === 'string') {
        this.#tell(profile.name, { t: 'refusal', about: 'ask', slot: slot.slot, reason: decision });
        continue;
      }
      for (const event of decision) {
        if (event.e !== 'leased') continue;
        const { lease, job, chunk, count, deadline } = event;
        this.#tell(profile.name, {
          t: 'lease',
          slot: slot.slot,
          lease,
          job,
          chunk,
          count,
          deadlineMs: deadline - this.at,
          bytes: this.chance(0.5),
        });
      }
    }
  }

  #commit(profile: Profile, replica: number, root: string, stored: boolean): void {
    if (this.chance(this.weather.storeFull)) {
      this.#tell(profile.name, {
        t: 'refusal',
        about: 'commit',
        replica,
        reason: 'store',
        retryMs: 500,
      });
      return;
    }
    const decision = this.decide({
      c: 'commit',
      device: profile.name,
      replica,
      root,
      digests: '',
      stored,
      agrees: [],
    });
    if (typeof decision === 'string' && decision !== 'same-commitment')
      this.#tell(profile.name, { t: 'refusal', about: 'commit', replica, reason: decision });
    else this.#tell(profile.name, { t: 'receipt', acks: [replica], settled: [], lost: [], tick: null });
  }

  #giveBack(profile: Profile, replicas: readonly number[], why: GiveBack['why']): void {
    this.decide({ c: 'giveBack', device: profile.name, replicas, why });
  }

  // ---- a volunteer -----------------------------------------------------------------------------------------

  add(name: string, cores = 2): Profile {
    const profile: Profile = {
      name,
      account: `${name}-account`.slice(0, 16).padEnd(16, '_'),
      loop: this.#freshLoop(cores),
      visit: 0,
      socket: null,
      wake: null,
      results: new Map(),
      leases: new Map(),
      coordinator: null,
      taken: new Map(),
      computed: new Map(),
      closedBy: new Set(),
      returned: new Set(),
      listed: [],
      engines: new Map(),
    };
    this.profiles.push(profile);
    this.step(profile, { on: 'start' });
    return profile;
  }

  #freshLoop(cores: number): Loop {
    const loop = createLoop({ coresMax: 4, secure: true, webgpu: this.chance(0.5), gpuUse: 'auto' });
    step(loop, { on: 'configure', settings: { cores } }, this.at, 0);
    return loop;
  }

  /** The page goes and comes back: only what was stored is left. */
  reload(profile: Profile, politely: boolean): void {
    if (politely) this.step(profile, { on: 'closing' });
    this.hangUp(profile);
    profile.visit += 1;
    profile.engines.clear();
    profile.loop = this.#freshLoop(profile.loop.settings.cores);
    this.step(profile, { on: 'start' });
  }

  hangUp(profile: Profile): void {
    const line = this.#sockets.get(`${profile.name} ${profile.visit} ${profile.socket}`);
    if (line !== undefined) line.open = false;
    profile.socket = null;
  }

  step(profile: Profile, event: LoopEvent): void {
    this.steps += 1;
    const effects = step(profile.loop, event, this.at, this.#random());
    for (const effect of effects) this.#do(profile, effect);
    this.#check(profile, effects);
    const due = wakeAt(profile.loop);
    if (due !== null && (profile.wake === null || due < profile.wake || profile.wake <= this.at)) {
      profile.wake = due;
      const visit = profile.visit;
      this.after(due - this.at, () => {
        if (profile.visit === visit && profile.wake === due) {
          profile.wake = null;
          this.step(profile, { on: 'wake' });
        }
      });
    }
  }

  /** Rules that hold after every single step. */
  #check(profile: Profile, effects: readonly LoopEffect[]): void {
    const { loop } = profile;
    const asks = effects.some(
      (e) => (e.do === 'send' && e.word.t === 'ask') || (e.do === 'commit' && e.slots.length > 0),
    );
    if (asks && (loop.phase === 'paused' || loop.phase === 'finishing' || loop.closing))
      this.faults.push(`asked while ${loop.phase}`);
    for (const [id, held] of loop.held) {
      if (loop.unsent.has(id)) this.faults.push(`${id} is held and computed`);
      const slot = loop.slots.get(held.slot);
      if (slot !== undefined && !slot.queue.includes(id)) this.faults.push(`${id} is in no queue`);
      if (!loop.leases.has(held.lease)) this.faults.push(`${id} has no lease`);
    }
    for (const slot of loop.slots.values()) {
      for (const id of slot.queue) if (!loop.held.has(id)) this.faults.push(`${id} is queued and not held`);
      const leases = new Set(slot.queue.map((id) => loop.held.get(id)?.lease));
      if (profile.leases.size < 3 && leases.size > 2)
        this.faults.push(`slot ${slot.slot} hoards ${leases.size} leases`);
    }
  }

  #do(profile: Profile, effect: LoopEffect): void {
    const later = (ms: number, event: () => LoopEvent | null): void => {
      const { visit } = profile;
      this.after(ms, () => {
        const happened = profile.visit === visit ? event() : null;
        if (happened !== null) this.step(profile, happened);
      });
    };
    const ofEngine = (slot: number, engine: number, ms: number, event: LoopEvent): void =>
      later(ms, () =>
        profile.engines.get(slot)?.engine === engine && profile.engines.get(slot)?.up === true ? event : null,
      );
    switch (effect.do) {
      case 'prepare': {
        const results = [...profile.results.values()];
        const leases = [...profile.leases.values()];
        return later(this.between(1, 30), () => ({
          on: 'prepared',
          remembered: {
            device: profile.name,
            account: profile.account,
            coordinator: profile.coordinator,
            head: null,
            results,
            leases,
          },
        }));
      }
      case 'fetchJobs':
        return later(this.between(5, 80), () => ({ on: 'jobs', jobs: this.#jobs() }));
      case 'connect':
        return this.#connect(profile, effect.socket);
      case 'disconnect':
        if (profile.socket === effect.socket) this.hangUp(profile);
        return;
      case 'signChain':
        return;
      case 'hello':
        profile.listed = [...effect.holding];
        return this.#up(profile, effect.socket, () => this.#welcome(profile, effect.holding));
      case 'send': {
        const { word } = effect;
        if (word.t === 'giveBack') for (const id of word.replicas) profile.returned.add(id);
        return this.#up(profile, effect.socket, () =>
          word.t === 'ask'
            ? this.#ask(profile, word.slots)
            : this.#giveBack(profile, word.replicas, word.why),
        );
      }
      case 'commit': {
        const items = effect.items.map((item) => ({
          ...item,
          root: profile.results.get(item.replica)?.root ?? '',
        }));
        if (items.some(({ root }) => root === '')) this.faults.push('commits what the outbox does not hold');
        return this.#up(profile, effect.socket, () => {
          for (const { replica, root, bytes } of items) this.#commit(profile, replica, root, bytes);
          this.#ask(profile, effect.slots);
        });
      }
      case 'fetchBlob': {
        const fault = this.chance(this.weather.breakSocket * 5) ? 'unreachable' : null;
        return later(this.between(5, 100), () => ({ on: 'blob', digest: effect.digest, fault }));
      }
      case 'startEngine': {
        profile.engines.set(effect.slot, { engine: effect.engine, up: true, share: 1, runs: [] });
        const started: LoopEvent = this.chance(this.weather.loseWorker * 3)
          ? { on: 'lost', slot: effect.slot, engine: effect.engine, loss: 'died', detail: 'weather' }
          : { on: 'engineStarted', slot: effect.slot, engine: effect.engine, software: false, name: 'gpu' };
        return ofEngine(effect.slot, effect.engine, this.between(5, 60), started);
      }
      case 'endEngine': {
        const engine = profile.engines.get(effect.slot);
        if (engine?.engine === effect.engine) engine.up = false;
        return;
      }
      case 'load':
        return ofEngine(effect.slot, effect.engine, this.between(1, 20), {
          on: 'loaded',
          slot: effect.slot,
          engine: effect.engine,
          job: effect.job.job,
        });
      case 'selfTest':
        return ofEngine(effect.slot, effect.engine, this.between(5, 50), {
          on: 'tested',
          slot: effect.slot,
          engine: effect.engine,
          code: effect.code,
          fault: null,
        });
      case 'measure':
        return ofEngine(effect.slot, effect.engine, 150, {
          on: 'measured',
          slot: effect.slot,
          engine: effect.engine,
          job: effect.job,
          unitMs: this.#random() * 40,
        });
      case 'share': {
        const engine = profile.engines.get(effect.slot);
        if (engine?.engine === effect.engine) engine.share = effect.share;
        if (engine !== undefined && effect.share > 0) this.#compute(profile, effect.slot, engine.engine);
        return;
      }
      case 'cancel': {
        const engine = profile.engines.get(effect.slot);
        if (engine?.engine !== effect.engine) return;
        if (engine.runs.includes(effect.replica)) {
          engine.runs = engine.runs.filter((id) => id !== effect.replica);
          ofEngine(effect.slot, effect.engine, 1, {
            on: 'failed',
            slot: effect.slot,
            engine: effect.engine,
            what: { call: 'run', replica: effect.replica },
            fault: 'cancelled',
            detail: '',
          });
        }
        return;
      }
      case 'run': {
        if (profile.computed.has(effect.replica) && profile.results.has(effect.replica))
          this.faults.push(`computes ${effect.replica} again`);
        if (profile.closedBy.has(effect.replica)) {
          // Only a word that came while the run was on its way may excuse this; a closed replica is never begun.
          this.faults.push(`begins ${effect.replica}, which is over`);
        }
        const engine = profile.engines.get(effect.slot);
        if (engine?.engine !== effect.engine || !engine.up) {
          this.faults.push('runs on an engine that is gone');
          return;
        }
        if (engine.runs.includes(effect.replica)) this.faults.push(`runs ${effect.replica} twice`);
        engine.runs.push(effect.replica);
        if (engine.runs.length === 1) this.#compute(profile, effect.slot, effect.engine);
        return;
      }
      case 'keepResult':
        if (profile.computed.has(effect.result.replica))
          this.faults.push(`two results for ${effect.result.replica}`);
        profile.computed.set(effect.result.replica, effect.result.root);
        profile.results.set(effect.result.replica, effect.result);
        return;
      case 'dropResults':
        for (const id of effect.replicas) {
          if (profile.results.delete(id) && !profile.closedBy.has(id))
            this.faults.push(`the outbox lost ${id}`);
        }
        return;
      case 'keepLease':
        profile.leases.set(effect.lease.lease, effect.lease);
        return;
      case 'dropLeases':
        for (const id of effect.leases) profile.leases.delete(id);
        return;
      case 'keepHead':
        profile.coordinator = effect.coordinator;
        return;
      case 'unload':
      case 'dropBlob':
      case 'checkLog':
      case 'keepReceipt':
        return;
      default:
        effect satisfies never;
    }
  }

  /** The engine computes the first of its runs, or something happens to it. */
  #compute(profile: Profile, slot: number, serial: number): void {
    const { visit } = profile;
    const engine = profile.engines.get(slot);
    const replica = engine?.runs[0];
    if (engine === undefined || replica === undefined || engine.share === 0) return;
    const ms = this.#fast ? 1 : this.between(20, slot > 100 ? 60 : 900);
    this.after(ms, () => {
      if (
        profile.visit !== visit ||
        profile.engines.get(slot) !== engine ||
        engine.engine !== serial ||
        !engine.up
      )
        return;
      if (engine.runs[0] !== replica || engine.share === 0) return this.#compute(profile, slot, serial);
      const of = { slot, engine: serial };
      if (this.chance(this.weather.loseWorker)) {
        engine.up = false;
        return this.step(profile, {
          on: 'lost',
          ...of,
          loss: slot > 100 ? 'device-lost' : 'stuck',
          detail: 'weather',
        });
      }
      engine.runs.shift();
      const fault = this.chance(this.weather.trap)
        ? 'trap'
        : this.chance(this.weather.environment)
          ? 'environment'
          : null;
      if (fault !== null)
        this.step(profile, { on: 'failed', ...of, what: { call: 'run', replica }, fault, detail: 'weather' });
      else {
        const held = profile.loop.held.get(replica);
        const spec = this.state.jobs.get(held?.job ?? '')?.spec;
        const [from, to] = held === undefined || spec === undefined ? [0, 1] : unitsOf(spec, held.chunk);
        // The same chunk has the same answer everywhere.
        const root = hex(held === undefined ? `${replica}` : `${held.job}/${held.chunk}`);
        this.step(profile, { on: 'progress', ...of, replica, unitsDone: 1 });
        this.step(profile, {
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
      this.#compute(profile, slot, serial);
    });
  }

  // ---- the network -----------------------------------------------------------------------------------------

  #connect(profile: Profile, socket: number): void {
    const { visit, name } = profile;
    this.hangUp(profile);
    this.after(this.between(5, 100), () => {
      if (profile.visit !== visit) return;
      if (this.chance(this.weather.breakSocket * 4))
        return this.step(profile, { on: 'socketClosed', socket, detail: 'refused' });
      profile.socket = socket;
      this.#sockets.set(`${name} ${visit} ${socket}`, {
        profile,
        open: true,
        welcomed: false,
        downAt: this.at,
        upAt: this.at,
      });
      this.#tell(name, {
        t: 'challenge',
        protocol: 1,
        nonce: 'A'.repeat(22),
        coordinator: 'C'.repeat(43),
        head,
      });
    });
  }

  /** A word up: it arrives in order, or the socket breaks under it. */
  #up(profile: Profile, socket: number, arrive: () => void): void {
    const { visit } = profile;
    const line = this.#sockets.get(`${profile.name} ${visit} ${socket}`);
    if (line === undefined || !line.open) return;
    const breaks = this.chance(this.weather.breakSocket);
    const before = this.chance(0.5);
    line.upAt = Math.max(line.upAt, this.at + this.between(1, 60));
    this.after(line.upAt - this.at, () => {
      // What was sent on a socket may still arrive after the page is gone.
      if (!line.open && this.chance(0.5)) return;
      if (!breaks || !before) arrive();
      if (!breaks || !line.open) return;
      line.open = false;
      if (profile.visit !== visit || profile.socket !== socket) return;
      profile.socket = null;
      this.after(this.between(0, 200), () => {
        if (profile.visit === visit) this.step(profile, { on: 'socketClosed', socket, detail: 'weather' });
      });
    });
  }

  /** What people do. */
  whims(profile: Profile): void {
    this.after(1000, () => {
      if (this.chance(this.weather.whim)) this.#whim(profile);
      this.whims(profile);
    });
  }

  #whim(profile: Profile): void {
    const which = this.between(0, 10);
    if (which === 0) this.step(profile, { on: 'pause' });
    else if (which === 1) this.step(profile, { on: 'resume' });
    else if (which === 2) this.step(profile, { on: 'finish' });
    else if (which === 3) this.step(profile, { on: 'start' });
    else if (which === 4) this.reload(profile, this.chance(0.5));
    else if (which === 5)
      this.step(profile, { on: 'configure', settings: { cores: this.between(1, 5), gpu: this.chance(0.5) } });
    else if (which === 6) {
      this.hangUp(profile);
      this.step(profile, { on: 'online', online: false });
    } else if (which === 7) this.step(profile, { on: 'online', online: true });
    else if (which === 8) this.step(profile, { on: 'closing' });
    else this.step(profile, { on: 'shown' });
  }

  /** Good weather, everybody back at work. */
  calmDown(): void {
    this.weather = calm;
    for (const profile of this.profiles) {
      this.step(profile, { on: 'shown' });
      this.step(profile, { on: 'online', online: true });
      this.step(profile, { on: 'resume' });
      this.step(profile, { on: 'start' });
    }
  }
}
