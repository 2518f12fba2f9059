/**
 * A small world for the volunteer's loop: the real rules (`core`) as coordinator, real loops as volunteers,
 * and between them engines that fail, sockets that break, double and reorder, people who pause, and reloads.
 */
import { createLoop, isLive, step, viewOf, wakeAt } from '../../../src/volunteer/loop.ts';
import type { LoopEffect, LoopEvent } from '../../../src/volunteer/loop.ts';
import type { FromCoordinator, TreeHead } from '../../../src/wire/volunteer.ts';
import type { LivePeople } from '../../../src/core/state.ts';
import { Engines } from './engines.ts';
import { Office } from './office.ts';
import { keep, rememberedBy } from './profile.ts';
import type { Profile } from './profile.ts';
import { calm } from './time.ts';

export { calm } from './time.ts';
export type { Weather } from './time.ts';

const head: TreeHead = { size: 0, root: '0'.repeat(64) };

interface Wire {
  readonly profile: Profile;
  open: boolean;
  downAt: number;
  upAt: number;
}

export class World extends Office {
  readonly profiles: Profile[] = [];
  steps = 0;
  /** Every connection there ever was, by device, visit and number. */
  readonly #sockets = new Map<string, Wire>();

  add(name: string, cores = 2): Profile {
    const loop = createLoop({ coresMax: 4, secure: true, webgpu: this.chance(0.5), gpuUse: 'auto' });
    const profile: Profile = {
      name,
      account: `${name}-account`.slice(0, 16).padEnd(16, '_'),
      loop,
      visit: 0,
      socket: null,
      wake: null,
      results: new Map(),
      leases: new Map(),
      coordinator: null,
      taken: new Map(),
      computed: new Map(),
      closedBy: new Map(),
      paid: new Set(),
      listed: [],
      engines: new Engines(this, loop, () => {}),
      answers: new Set(),
      checked: new Map(),
      proven: new Set(),
    };
    this.profiles.push(profile);
    this.#open(profile, cores);
    this.step(profile, { on: 'start' });
    return profile;
  }

  /** A page without a past, but for what its profile keeps. */
  #open(profile: Profile, cores: number): void {
    profile.loop = createLoop({ coresMax: 4, secure: true, webgpu: this.chance(0.5), gpuUse: 'auto' });
    profile.engines = new Engines(this, profile.loop, (event) => this.step(profile, event));
    step(profile.loop, { on: 'configure', settings: { cores } }, this.at, 0);
  }

  /** The page goes and comes back: only what was stored is left. */
  reload(profile: Profile, politely: boolean): void {
    if (politely) this.step(profile, { on: 'closing' });
    this.hangUp(profile);
    profile.visit += 1;
    profile.engines.alive = false;
    profile.answers.clear();
    profile.checked.clear();
    this.#open(profile, profile.loop.settings.cores);
    this.step(profile, { on: 'start', proven: [...profile.proven] });
  }

  hangUp(profile: Profile): void {
    const line = this.#sockets.get(`${profile.name} ${profile.visit} ${profile.socket}`);
    if (line !== undefined) line.open = false;
    profile.socket = null;
  }

  step(profile: Profile, event: LoopEvent): void {
    this.steps += 1;
    const effects = step(profile.loop, event, this.at, this.random());
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
    const { reason, workers } = viewOf(loop);
    const computes = loop.phase !== 'paused' && workers.some(({ state }) => state === 'computing');
    if (isLive(loop) && (reason === null) !== computes)
      this.faults.push(`${loop.phase}, ${computes ? 'computing' : 'idle'}: ${JSON.stringify(reason)}`);
    if (loop.audits.held.size > 0 && (loop.phase !== 'running' || loop.closing || loop.link.is !== 'open'))
      this.faults.push(`holds an audit while ${loop.phase}, ${loop.link.is}`);
    for (const { slot, engine, audit } of loop.audits.held.values()) {
      const core = loop.slots.get(slot);
      if (core?.backend !== 'wasm' || core.engine !== engine || core.stage.is !== 'ready')
        this.faults.push(`audit ${audit} is at no core that lives`);
    }
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
    switch (effect.do) {
      case 'connect':
      case 'disconnect':
      case 'signChain':
      case 'hello':
      case 'send':
      case 'answerAudit':
      case 'commit':
        return this.#say(profile, effect);
      case 'keepResult':
      case 'keepDurable':
      case 'dropResults':
      case 'keepLease':
      case 'dropLeases':
      case 'keepHead':
        this.faults.push(...keep(profile, effect));
        return;
      case 'prepare':
        return this.#later(profile, 30, () => ({ on: 'prepared', remembered: rememberedBy(profile) }));
      case 'fetchJobs':
        return this.#later(profile, 80, () => ({ on: 'jobs', jobs: this.jobs() }));
      case 'fetchBlob': {
        const fault = this.chance(this.weather.breakSocket * 5) ? 'unreachable' : null;
        return this.#later(profile, 100, () => ({ on: 'blob', digest: effect.digest, fault }));
      }
      case 'keepProof':
        profile.proven.add(effect.program);
        return;
      case 'dropProofs':
        return profile.proven.clear();
      case 'dropBlob':
      case 'checkLog':
      case 'keepReceipt':
        return;
      case 'run':
        this.#checkRun(profile, effect.replica);
        return profile.engines.do(effect);
      case 'recompute':
        profile.answers.add(effect.audit);
        return profile.engines.do(effect);
      case 'dropAnswer':
        profile.answers.delete(effect.audit);
        return;
      case 'startEngine':
      case 'endEngine':
      case 'load':
      case 'unload':
      case 'selfTest':
      case 'measure':
      case 'cancelAudit':
      case 'cancel':
      case 'share':
        return profile.engines.do(effect);
      default:
        effect satisfies never;
    }
  }

  /** What a page hears after a while, if it is still there. */
  #later(profile: Profile, msMax: number, event: () => LoopEvent): void {
    const { visit } = profile;
    this.after(this.between(1, msMax), () => {
      if (profile.visit === visit) this.step(profile, event());
    });
  }

  /** Only what is still ours is begun, and nothing that is done already. */
  #checkRun(profile: Profile, replica: number): void {
    if (profile.results.has(replica)) this.faults.push(`computes ${replica} again`);
    if (profile.closedBy.has(replica)) this.faults.push(`begins ${replica}, which is over`);
  }

  #say(profile: Profile, effect: Extract<LoopEffect, { readonly socket: number }>): void {
    switch (effect.do) {
      case 'hello':
        profile.listed = [...effect.holding];
        return this.#up(profile, effect.socket, () => this.welcome(profile, effect.holding));
      case 'send': {
        const { word } = effect;
        return this.#up(profile, effect.socket, () =>
          word.t === 'ask'
            ? this.ask(profile, word.slots)
            : word.t === 'giveBack'
              ? this.giveBack(profile, word)
              : this.auditsReturned(profile, word.audits),
        );
      }
      case 'answerAudit': {
        const { audit } = effect;
        if (!profile.answers.delete(audit)) this.faults.push(`answers audit ${audit} without outputs`);
        return this.#up(profile, effect.socket, () => this.answered(profile, audit));
      }
      case 'commit': {
        const items = effect.items.map((item) => ({
          ...item,
          root: profile.results.get(item.replica)?.root ?? '',
        }));
        if (items.some(({ root }) => root === '')) this.faults.push('commits what the outbox does not hold');
        return this.#up(profile, effect.socket, () => {
          for (const { replica, root, bytes } of items) this.commit(profile, replica, root, bytes);
          this.ask(profile, effect.slots);
        });
      }
      case 'connect':
        return this.#connect(profile, effect.socket);
      case 'disconnect':
        if (profile.socket === effect.socket) this.hangUp(profile);
        return;
      case 'signChain':
        return;
      default:
        effect satisfies never;
    }
  }

  /** A word down, after a while; in order unless the weather says otherwise. */
  protected tell(device: string, word: FromCoordinator): void {
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
    if (word.t === 'audited' && word.became === 'counted' && profile.loop.audits.answered.has(word.audit))
      profile.checked.set(word.audit, this.audits.get(word.audit)?.units ?? 0);
    if (word.t === 'receipt') {
      for (const id of word.acks) profile.closedBy.set(id, 'acked');
      for (const { replica } of word.settled) {
        profile.closedBy.set(replica, 'settled');
        profile.paid.add(replica);
      }
      for (const id of word.lost) profile.closedBy.set(id, 'lost');
    }
    if (
      word.t === 'refusal' &&
      word.replica !== undefined &&
      word.reason !== 'no-bytes' &&
      word.reason !== 'store'
    )
      profile.closedBy.set(word.replica, 'refused');
    if (word.t === 'welcome')
      for (const id of profile.listed) if (!word.holding.includes(id)) profile.closedBy.set(id, 'over');
  }

  protected live(): LivePeople {
    const able = new Set(['wasm sum@1']);
    return new Map(
      this.profiles.filter((p) => p.socket !== null).map((p) => [p.account, new Map([[p.account, able]])]),
    );
  }

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

        downAt: this.at,
        upAt: this.at,
      });
      this.tell(name, {
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

  /** The coordinator asks now and then that somebody checks others' work. */
  auditing(profile: Profile): void {
    this.after(this.between(100, 2_000), () => {
      if (profile.socket !== null && this.state.devices.has(profile.name)) this.audit(profile);
      this.auditing(profile);
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
