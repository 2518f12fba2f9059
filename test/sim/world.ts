/**
 * Plays a day: a clock, a network, people with devices that run the real volunteer's loop, and a coordinator that runs
 * the real rules, all from one seed. The same seed gives the same log, byte for byte, in every engine.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { decide } from '../../src/core/machine.ts';
import { evolve } from '../../src/core/evolve.ts';
import { freeze } from '../../src/core/snapshot.ts';
import type { Slot } from '../../src/core/state.ts';
import type { FromCoordinator } from '../../src/wire/volunteer.ts';
import { emptyDisk, startCoordinator } from './coordinator.ts';
import type { Coordinator, Observer, Outgoing, Rules, UpMessage } from './coordinator.ts';
import { Device } from './device.ts';
import type { Surroundings } from './device.ts';
import { agenda } from './heap.ts';
import { OracleFault, oraclesFor } from './oracles.ts';
import type { Fault, Tally } from './oracles.ts';
import { mannerOf } from './people.ts';
import { dice } from './random.ts';
import { rightRoot } from './truth.ts';
import { climateOf } from './weather.ts';
import type { Climate } from './weather.ts';

export const realRules: Rules = { decide, evolve };

/** How a day went. */
export interface Day {
  readonly climate: Climate;
  /** SHA-256 of the log, record by record. */
  readonly log: string;
  readonly records: number;
  readonly tally: Tally;
  readonly steps: number;
  readonly crashes: number;
  readonly failedAppends: number;
  /** When the last job concluded, in ms after the start. */
  readonly endedMs: number;
  readonly fault: Fault | null;
}

const startAt = 1_700_000_000_000;
/** In the calm, every job concludes within this time, or never will. */
const calmMsMax = 4 * 3_600_000;
/** A dead connection is noticed after at most this long. */
const deadMs = 45_000;

interface Wire {
  readonly device: Device;
  readonly socket: number;
  /** Messages keep their order, save where the weather lets one overtake. */
  upAt: number;
  downAt: number;
  open: boolean;
}

/** Plays the day of a seed. Never throws: what an oracle finds, or what breaks, is the day's fault. */
export function play(seed: number, rules: Rules = realRules): Day {
  const climate = climateOf(seed);
  const throws = dice(seed).fork('world');
  const oracles = oraclesFor(climate);
  const plan = agenda<() => void>();
  const disk = emptyDisk();
  const hash = sha256.create();
  const wires = new Map<number, Wire>();
  const devices: Device[] = [];
  let [now, wireCount, steps, crashes, failedAppends, clockOffMs, submitted, endedMs] = [
    0, 0, 0, 0, 0, 0, 0, 0,
  ];
  let coordinator: Coordinator | null = null;
  let tickPlanned = false;
  let frozen = '';

  const after = (ms: number, then: () => void): void => plan.plan(now + Math.ceil(ms), then);
  const stormy = (): boolean => now < climate.stormMs && !climate.fair;
  const clock = (): number => startAt + now + clockOffMs;
  const delay = (): number => throws.between(climate.delayMs[0], climate.delayMs[1]);
  const befalls = (perMille: number): boolean => stormy() && perMille > 0 && throws.chance(perMille);
  const cutOff = (device: Device): boolean =>
    climate.partitions.some(
      ({ from, to, share }) =>
        now >= from && now < to && dice(seed).fork(`${device.spec.account} ${from}`).below(1000) < share,
    );

  const observer: Observer = {
    decided: (state, command, events) => oracles.decided(state, command, events),
    durable: (record, events, at) => {
      hash.update(utf8ToBytes(record));
      oracles.durable(events);
      if (events.some((event) => event.e === 'finished' || event.e === 'cancelled')) endedMs = now;
      if (at < 0) throw new Error('time is positive');
    },
    refolded: (state) => {
      oracles.refolded(state);
      // What was durable is what comes back, and nothing else.
      if (frozen !== '' && freeze(state) !== frozen)
        throw new OracleFault({ oracle: 'safe', sentence: 'the folded log is not the state that was' });
    },
  };

  // The coordinator's shell.
  const boot = (): void => {
    coordinator = startCoordinator(disk, rules, () => String(throws.below(1e9)), observer);
    anchorAfter(1000);
  };
  const crash = (): void => {
    crashes++;
    // What a tick in the making had changed is lost with it; between ticks, all that was decided comes back.
    frozen = coordinator === null || coordinator.appending ? '' : freeze(coordinator.state);
    coordinator = null;
    for (const [id, wire] of wires) dropWire(id, wire, throws.below(deadMs));
    after(throws.between(200, 10_000), boot);
  };
  const wake = (): void => {
    if (tickPlanned || coordinator === null) return;
    tickPlanned = true;
    after(1, turn);
  };
  const turn = (): void => {
    tickPlanned = false;
    const house = coordinator;
    if (house === null || house.appending || !house.hasWork(clock())) return;
    const fails = befalls(climate.appendFails);
    // A tick that does not become durable must leave no trace.
    frozen = fails ? freeze(house.state) : '';
    house.tick(clock());
    after(throws.between(climate.appendMs[0], climate.appendMs[1]), () => {
      if (coordinator !== house) return;
      if (fails) failedAppends++;
      deliver(house.append(fails));
      if (house.hasWork(clock())) wake();
      lookLater(house);
    });
  };
  const lookLater = (house: Coordinator): void => {
    const due = house.due();
    if (due < Infinity) after(Math.max(1, due - clock()), wake);
  };
  const deliver = (outgoing: readonly Outgoing[]): void => {
    for (const { socket, word } of outgoing) down(socket, word);
  };
  const say = (house: Coordinator): void => {
    deliver(house.outgoing());
    wake();
  };

  // The network.
  const dropWire = (id: number, wire: Wire, noticedAfterMs: number): void => {
    if (!wire.open) return;
    wire.open = false;
    wires.delete(id);
    after(noticedAfterMs, () => wire.device.closed(wire.socket));
    after(throws.below(deadMs), () => coordinator?.closed(id));
  };
  const travel = (id: number, wire: Wire, upward: boolean, arrive: () => void): void => {
    if (befalls(climate.lost) || (stormy() && cutOff(wire.device)))
      return dropWire(id, wire, throws.below(deadMs));
    const ms = delay();
    const last = upward ? wire.upAt : wire.downAt;
    const at = befalls(climate.overtaken) ? now + ms : Math.max(now + ms, last);
    if (upward) wire.upAt = at;
    else wire.downAt = at;
    plan.plan(at, arrive);
    if (befalls(climate.doubled)) plan.plan(at + delay(), arrive);
  };
  const down = (id: number, word: FromCoordinator): void => {
    const wire = wires.get(id);
    if (wire === undefined) return;
    travel(id, wire, false, () => {
      if (wire.open) wire.device.hear(wire.socket, word);
      if (word.t === 'bye' && wire.open) dropWire(id, wire, 1);
    });
  };
  const wireOf = (device: Device, socket: number): [number, Wire] | null => {
    for (const entry of wires) if (entry[1].device === device && entry[1].socket === socket) return entry;
    return null;
  };
  const surroundings: Surroundings = {
    now: () => startAt + now,
    plan: after,
    connect: (device, socket) => {
      after(2 * delay(), () => {
        const house = coordinator;
        if (house === null || (stormy() && (cutOff(device) || befalls(climate.lost))))
          return device.closed(socket);
        const id = ++wireCount;
        wires.set(id, { device, socket, upAt: 0, downAt: 0, open: true });
        device.socket = socket;
        house.accept(id, `nonce ${id}`);
        say(house);
      });
    },
    disconnect: (device, socket) => {
      const found = wireOf(device, socket);
      if (found === null) return;
      const [id, wire] = found;
      wire.open = false;
      wires.delete(id);
      after(delay(), () => coordinator?.closed(id));
    },
    send: (device, socket, message: UpMessage) => {
      const found = wireOf(device, socket);
      if (found === null) return;
      const [id, wire] = found;
      travel(id, wire, true, () => {
        if (coordinator === null) return;
        coordinator.hear(id, message, clock());
        say(coordinator);
      });
    },
    fetchJobs: (device) => (coordinator === null || (stormy() && cutOff(device)) ? null : coordinator.jobs()),
    fetchBlob: (device) => !(stormy() && (cutOff(device) || befalls(climate.lost))),
    extends: (from) => from.size === 0 || disk.roots[from.size - 1] === from.root,
  };

  // People, and what happens to them.
  climate.people.forEach((person, i) => {
    for (const spec of person.devices) {
      const own = throws.fork(`device ${spec.name}`);
      const device = new Device(
        {
          ...spec,
          account: person.account,
          group: person.group,
          manner: mannerOf(person.role, spec.name, own),
          dice: own,
        },
        surroundings,
      );
      devices.push(device);
      after(person.comesAt + own.below(1000), () => device.start());
      if (person.role === 'quitter') {
        const leaves = person.comesAt + own.below(Math.max(1, climate.stormMs - person.comesAt));
        after(leaves, () => device.vanish());
      } else if (climate.mishapsPerHour > 0 || person.role === 'flaky')
        mishapLater(device, person.role === 'flaky' ? 120 : climate.mishapsPerHour, i);
    }
  });
  function mishapLater(device: Device, perHour: number, order: number): void {
    const own = device.spec.dice;
    after(own.below(Math.floor(7_200_000 / perHour)) + order, () => {
      if (!stormy()) return;
      mishap(device);
      mishapLater(device, perHour, order);
    });
  }
  function mishap(device: Device): void {
    const own = device.spec.dice;
    const reload = (): void => after(own.between(500, 60_000), () => device.start());
    switch (own.below(6)) {
      case 0:
        device.vanish();
        return reload();
      case 1:
        device.happen({ on: 'closing' });
        return after(50, () => {
          device.vanish();
          reload();
        });
      case 2:
        return device.sleep(own.between(1000, 300_000));
      case 3:
        return device.killEngine();
      case 4:
        device.happen({ on: 'pause' });
        return after(own.between(500, 240_000), () => device.happen({ on: 'resume' }));
      default:
        device.happen({ on: 'online', online: false });
        return after(own.between(500, 120_000), () => device.happen({ on: 'online', online: true }));
    }
  }
  // In the calm, everybody who is not gone for good is there, and sees to it that they are.
  after(climate.stormMs, () => {
    climate.people.forEach((person) => {
      if (person.role === 'quitter') return;
      for (const device of devices) {
        if (device.spec.account !== person.account) continue;
        device.happen({ on: 'online', online: true });
        device.happen({ on: 'resume' });
        if (!device.isUp && !device.asleep && person.role !== 'forger' && person.role !== 'twoFaced')
          device.start();
      }
    });
  });

  // The operator's anchor: no socket, the same rules.
  const anchorSlot: Slot = { slot: 0, backend: 'wasm', rates: { 'weave@1': 500, 'spin@2': 500 } };
  function anchorAfter(ms: number): void {
    const house = coordinator;
    if (!climate.anchor || house === null) return;
    after(ms, () => {
      if (coordinator !== house) return;
      house.orderFor(
        { c: 'join', device: 'anchor', account: 'anchor', site: null, group: 'operator', role: 'anchor' },
        () => undefined,
      );
      const live = new Map<string, Set<string>>();
      for (const { device } of wires.values())
        live.set(device.spec.account, (live.get(device.spec.account) ?? new Set()).add(device.spec.group));
      house.orderFor({ c: 'ask', device: 'anchor', slot: anchorSlot, live }, (outcome) => {
        if ('refused' in outcome) return anchorAfter(5000);
        for (const event of outcome)
          if (event.e === 'leased') anchorComputes(house, event.lease, event.job, event.chunk, event.count);
      });
      wake();
    });
  }
  function anchorComputes(
    house: Coordinator,
    lease: number,
    job: string,
    chunk: number,
    count: number,
  ): void {
    if (count === 0) return anchorAfter(500);
    after(1500, () => {
      if (coordinator !== house) return;
      const root = rightRoot(job, chunk, null);
      house.orderFor(
        { c: 'commit', device: 'anchor', replica: lease, root, digests: root, stored: true, agrees: [] },
        () => undefined,
      );
      wake();
      anchorComputes(house, lease + 1, job, chunk + 1, count - 1);
    });
  }

  // The day's programme.
  boot();
  climate.jobs.forEach(({ at, spec, cancelAt }, i) => {
    const submit = (): void => {
      const house = coordinator;
      if (house === null) return after(5000, submit);
      const requester = `r${i}`;
      house.orderFor(
        { c: 'fund', account: requester, amountMicro: spec.units * spec.unitCostMicro * spec.policy.quorum },
        (outcome) => {
          if ('refused' in outcome) return after(5000, submit);
          const order = (): void => {
            if (coordinator === null) return after(5000, order);
            coordinator.orderFor({ c: 'submit', requester, spec }, (answer) => {
              if ('refused' in answer) return after(5000, order);
              submitted++;
              const [event] = answer;
              if (cancelAt !== null && event?.e === 'submitted') {
                const { job } = event;
                after(Math.max(1, cancelAt - now), () => {
                  coordinator?.order({ c: 'cancel', job });
                  wake();
                });
              }
            });
            wake();
          };
          order();
        },
      );
      wake();
    };
    after(at, submit);
  });
  if (!climate.fair) {
    for (const at of climate.crashes) after(at, () => coordinator !== null && crash());
    for (const { at, byMs } of climate.clockJumps) after(at, () => (clockOffMs += byMs));
  }

  let fault: Fault | null = null;
  const over = (): boolean =>
    now > climate.stormMs &&
    submitted === climate.jobs.length &&
    coordinator?.state.jobs.size === 0 &&
    !coordinator.appending;
  try {
    for (let next = plan.next(); next !== null; next = plan.next()) {
      now = next.at;
      steps++;
      next.what();
      if (over() || now > climate.stormMs + calmMsMax) break;
    }
    if (coordinator !== null) oracles.ended((coordinator as Coordinator).state, climate.jobs.length);
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
    climate,
    log: bytesToHex(hash.digest()),
    records: disk.records.length,
    tally: oracles.tally,
    steps,
    crashes,
    failedAppends,
    endedMs,
    fault,
  };
}
