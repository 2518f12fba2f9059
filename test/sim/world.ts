/**
 * Plays a day: a clock, a network, people with devices that run the real volunteer's loop, and a coordinator that runs
 * the real rules, all from one seed. The same seed gives the same log, byte for byte, in every engine.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { freeze } from '../../src/core/snapshot.ts';
import type { Command, Event, State } from '../../src/core/state.ts';
import { anchorLooks } from './anchor.ts';
import { Absences } from './away.ts';
import { Coordinator } from './coordinator.ts';
import type { Outcome } from './coordinator.ts';
import { Device } from './device.ts';
import type { Surroundings } from './device.ts';
import { emptyDisk } from './disk.ts';
import type { Day } from './day.ts';
import type { Rules } from './disk.ts';
import { agenda } from './heap.ts';
import type { Outgoing } from './messages.ts';
import { mishapLater, pardon } from './mishaps.ts';
import { Network } from './network.ts';
import { OracleFault, oraclesFor } from './oracles.ts';
import type { Fault, Oracles } from './oracles.ts';
import { mannerOf, unevenness } from './people.ts';
import type { Role } from './people.ts';
import { dice } from './random.ts';
import type { Dice } from './random.ts';
import { Requesters } from './requesters.ts';
import { realRules } from './rules.ts';
import { climateOf } from './weather.ts';
import type { Climate, PersonSpec } from './weather.ts';

export { realRules } from './rules.ts';

/** Plays the day of a seed. Never throws: what an oracle finds, or what breaks, is the day's fault. */
export function play(seed: number, rules: Rules = realRules): Day {
  return new World(climateOf(seed), rules).play();
}

/** Plays a day of any climate; `watch` sees what becomes durable. */
export function playDay(
  climate: Climate,
  rules: Rules = realRules,
  watch?: (events: readonly Event[]) => void,
): Day {
  return new World(climate, rules, watch).play();
}

const startAt = 1_700_000_000_000;
/** In the calm, every job concludes within this time, or never will. */
const calmMsMax = 4 * 3_600_000;
/** So often the operator looks for somebody to let in again. */
const pardonTriesMax = 60;
/** How often volunteers are given audits. */
const giveAuditsMs = 1000;
/** Who may be away for its misdeeds. */
const sentAway: ReadonlySet<Role> = new Set<Role>(['forger', 'twoFaced', 'switcher']);

class World {
  readonly #climate: Climate;
  readonly #rules: Rules;
  readonly #watch: (events: readonly Event[]) => void;
  readonly #throws: Dice;
  readonly #oracles: Oracles;
  readonly #network: Network;
  readonly #absences: Absences;
  readonly #agenda = agenda<() => void>();
  readonly #disk = emptyDisk();
  readonly #hash = sha256.create();
  readonly #devices = new Map<Device, PersonSpec>();
  readonly #weather = {
    after: (ms: number, then: () => void) => this.#after(ms, then),
    isStormy: () => this.#isStormy(),
  };
  readonly #mercy = {
    ...this.#weather,
    house: () => this.#coordinator,
    order: (command: Command, done: (outcome: Outcome) => void) => this.#order(command, done),
  };
  readonly #gangs = new Map<string, Set<string>>();
  #coordinator: Coordinator | null = null;
  #now = 0;
  #clockOffMs = 0;
  #tickPlanned = false;
  /** The state that a fold must give back; '' where that cannot be told. */
  #frozen = '';
  readonly #requesters: Requesters;
  #steps = 0;
  #crashes = 0;
  #failedAppends = 0;
  #endedMs = 0;

  constructor(climate: Climate, rules: Rules, watch: (events: readonly Event[]) => void = () => undefined) {
    this.#climate = climate;
    this.#rules = rules;
    this.#watch = watch;
    this.#throws = dice(climate.seed).fork('world');
    this.#oracles = oraclesFor(climate);
    const ground = { now: () => this.#now, after: (ms: number, then: () => void) => this.#after(ms, then) };
    this.#absences = new Absences(climate.away, ground);
    this.#requesters = new Requesters({
      ...ground,
      jobs: climate.jobs,
      house: () => this.#coordinator,
      order: (command, done) => this.#order(command, done),
      records: () => this.#disk.records,
    });
    this.#network = new Network({
      ...ground,
      climate,
      throws: this.#throws,
      isStormy: () => this.#isStormy(),
      isAway: (device) => this.#absences.isAway(device),
      accept: (socket) => this.#accept(socket),
      heard: (socket, message) => {
        this.#coordinator?.hear(socket, message, this.#clock());
        this.#speak();
      },
      closed: (socket) => this.#coordinator?.closed(socket),
    });
  }

  play(): Day {
    let fault: Fault | null = null;
    try {
      this.#begin();
      this.#run();
      if (this.#coordinator !== null) this.#oracles.ended(this.#coordinator.state, this.#climate.jobs.length);
      const left = this.#absences.fault();
      if (left !== null) throw new OracleFault({ oracle: 'progress', sentence: left });
    } catch (error) {
      fault =
        error instanceof OracleFault
          ? error.fault
          : {
              oracle: 'safe',
              sentence: error instanceof Error ? (error.stack ?? error.message) : String(error),
            };
    }
    return {
      climate: this.#climate,
      log: bytesToHex(this.#hash.digest()),
      records: this.#disk.records.length,
      tally: this.#oracles.tally,
      steps: this.#steps,
      crashes: this.#crashes,
      failedAppends: this.#failedAppends,
      keptLong: this.#absences.kept,
      endedMs: this.#endedMs,
      vested: this.#vested(),
      fault,
    };
  }

  #vested(): Map<string, number> {
    const vested = new Map<string, number>();
    for (const [account, balance] of this.#coordinator?.state.balances ?? [])
      if (account.startsWith('vested:')) vested.set(account.slice(7), Number(balance));
    return vested;
  }

  #run(): void {
    for (let next = this.#agenda.next(); next !== null && !this.#isOver(); next = this.#agenda.next()) {
      this.#now = next.at;
      this.#steps++;
      next.what();
    }
  }

  #isOver(): boolean {
    const { stormMs, jobs } = this.#climate;
    if (this.#now > stormMs + calmMsMax) return true;
    const house = this.#coordinator;
    return (
      this.#now > stormMs &&
      this.#requesters.submitted === jobs.length &&
      this.#absences.isOver &&
      house?.state.jobs.size === 0 &&
      !house.appending
    );
  }

  /** The day's programme. */
  #begin(): void {
    const { fair, people, jobs, crashes, clockJumps, stormMs } = this.#climate;
    this.#boot();
    for (const person of people) this.#bring(person);
    jobs.forEach((_, i) => this.#after(jobs[i]?.at ?? 0, () => this.#requesters.bring(i)));
    this.#after(stormMs, () => this.#calm());
    if (fair) return;
    for (const at of crashes) this.#after(at, () => this.#crash());
    for (const at of this.#climate.pardons ?? []) this.#after(at, () => pardon(this.#mercy, pardonTriesMax));
    for (const { at, byMs } of clockJumps) this.#after(at, () => (this.#clockOffMs += byMs));
  }

  #after(ms: number, then: () => void): void {
    this.#agenda.plan(this.#now + Math.ceil(ms), then);
  }

  #isStormy(): boolean {
    return this.#now < this.#climate.stormMs && !this.#climate.fair;
  }

  #clock(): number {
    return startAt + this.#now + this.#clockOffMs;
  }

  // The coordinator and its shell.

  #boot(): void {
    const { auditorGroupsMin } = this.#climate;
    this.#coordinator = new Coordinator(this.#disk, this.#rules, this.#throws, auditorGroupsMin, {
      decided: (state, command, events) => this.#oracles.decided(state, command, events),
      durable: (record, events) => this.#durable(record, events),
      refolded: (state) => this.#refolded(state),
    });
    if (this.#climate.anchor)
      anchorLooks(
        {
          after: (ms, then) => this.#after(ms, then),
          house: () => this.#coordinator,
          now: () => this.#clock(),
          order: (command, done) => this.#order(command, done),
        },
        1000,
      );
    if (auditorGroupsMin < Infinity) this.#giveAudits();
    this.#wake();
  }

  /** Volunteers are given audits now and then, as long as this coordinator lives. */
  #giveAudits(): void {
    const house = this.#coordinator;
    this.#after(giveAuditsMs, () => {
      if (house === null || this.#coordinator !== house) return;
      if (!house.appending) house.auditor.give(this.#clock());
      this.#speak();
      this.#giveAudits();
    });
  }

  #durable(record: string, events: readonly Event[]): void {
    this.#hash.update(utf8ToBytes(record));
    this.#oracles.durable(events);
    this.#oracles.stored(events, this.#disk.outputs);
    this.#watch(events);
    if (events.some((event) => event.e === 'finished' || event.e === 'cancelled')) this.#endedMs = this.#now;
  }

  #refolded(state: State): void {
    this.#oracles.refolded(state);
    // What was durable is what comes back, and nothing else.
    if (this.#frozen !== '' && freeze(state) !== this.#frozen)
      throw new OracleFault({ oracle: 'safe', sentence: 'the folded log is not the state that was' });
  }

  #crash(): void {
    const house = this.#coordinator;
    if (house === null) return;
    this.#crashes++;
    // What a tick in the making had changed is lost with it; between ticks, all that was decided comes back.
    this.#frozen = house.appending ? '' : freeze(house.state);
    this.#coordinator = null;
    this.#network.dropAll();
    this.#after(this.#throws.between(200, 10_000), () => this.#boot());
  }

  #accept(socket: number): boolean {
    if (this.#coordinator === null) return false;
    this.#coordinator.accept(socket, `nonce ${socket}`);
    this.#speak();
    return true;
  }

  /** Sends what the coordinator said at once, and lets it decide what it has to. */
  #speak(): void {
    if (this.#coordinator !== null) this.#deliver(this.#coordinator.outgoing());
    this.#wake();
  }

  #deliver(outgoing: readonly Outgoing[]): void {
    for (const { socket, word } of outgoing) this.#network.down(socket, word);
  }

  #order(
    command: Parameters<Coordinator['order']>[0],
    done: (outcome: Outcome) => void = () => undefined,
  ): void {
    this.#coordinator?.order(command, done);
    this.#wake();
  }

  #wake(): void {
    if (this.#tickPlanned || this.#coordinator === null) return;
    this.#tickPlanned = true;
    this.#after(1, () => this.#tick());
  }

  #tick(): void {
    this.#tickPlanned = false;
    const house = this.#coordinator;
    if (house === null || house.appending) return;
    if (!house.hasWork(this.#clock())) return this.#lookLater(house);
    const fails = this.#network.befalls(this.#climate.appendFails);
    // A tick that does not become durable must leave no trace.
    this.#frozen = fails ? freeze(house.state) : '';
    house.tick(this.#clock());
    const [from, to] = this.#climate.appendMs;
    this.#after(this.#throws.between(from, to), () => {
      if (this.#coordinator !== house) return;
      if (fails) this.#failedAppends++;
      this.#deliver(house.append(fails));
      if (house.hasWork(this.#clock())) this.#wake();
      this.#lookLater(house);
    });
  }

  #lookLater({ due }: Coordinator): void {
    if (due < Infinity) this.#after(Math.max(1, due - this.#clock()), () => this.#wake());
  }

  // People, and what happens to them.

  #bring(person: PersonSpec): void {
    const { role, account, group, comesAt, staysMs, ring, lies } = person;
    for (const spec of person.devices) {
      const own = this.#throws.fork(`device ${spec.name}`);
      const device = new Device(
        {
          ...spec,
          account,
          group,
          ...(this.#climate.uneven === true ? { unevenness } : {}),
          manner: mannerOf(role, spec.name, own, ring, this.#toldBy(ring), lies),
          dice: own,
        },
        this.#surroundings(),
      );
      this.#devices.set(device, person);
      this.#absences.expect(device, role);
      this.#after(comesAt + own.below(1000), () => device.start());
      if (staysMs !== undefined) this.#after(comesAt + staysMs, () => device.vanish());
      else if (role === 'quitter')
        this.#after(comesAt + own.below(Math.max(1, this.#climate.stormMs - comesAt)), () => device.vanish());
      else mishapLater(this.#weather, device, role === 'flaky' ? 120 : this.#climate.mishapsPerHour);
    }
  }

  /** What a gang has told so far: its members know it of one another. */
  #toldBy(ring = ''): Set<string> {
    const told = this.#gangs.get(ring) ?? new Set();
    this.#gangs.set(ring, told);
    return told;
  }

  #surroundings(): Surroundings {
    const network = this.#network;
    return {
      now: () => startAt + this.#now,
      plan: (ms, then) => this.#after(ms, then),
      connect: (device, socket) => network.connect(device, socket),
      disconnect: (device, socket) => network.disconnect(device, socket),
      send: (device, socket, message) => network.up(device, socket, message),
      fetchJobs: (device) =>
        this.#coordinator === null || network.isCutOff(device) ? null : this.#coordinator.jobs(),
      fetchBlob: (device) => !network.isCutOff(device) && !network.befalls(this.#climate.lost),
      extends: (from) => from.size === 0 || this.#disk.roots[from.size - 1] === from.root,
    };
  }

  /** In the calm, everybody who is not gone for good is there. Who was sent away for misdeeds stays away. */
  #calm(): void {
    for (const [device, { role, staysMs }] of this.#devices) {
      if (role === 'quitter' || staysMs !== undefined) continue;
      device.happen({ on: 'online', online: true });
      device.happen({ on: 'resume' });
      if (!device.isUp && !device.asleep && !sentAway.has(role)) device.start();
    }
  }
}
