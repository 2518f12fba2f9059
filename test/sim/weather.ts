/** Draws a climate for a seed: who comes, what they are asked to do, and what goes wrong around them. */
import type { JobSpec } from '../../src/core/state.ts';
import { awayOf } from './away.ts';
import type { Away } from './away.ts';
import { dice } from './random.ts';
import type { Dice } from './random.ts';
import type { BadAuditor, Role, Schemer } from './people.ts';

export interface PersonSpec {
  readonly role: Role;
  readonly account: string;
  readonly group: string;
  readonly devices: readonly {
    readonly name: string;
    readonly cores: number;
    readonly webgpu: boolean;
    readonly rateMilli: number;
    readonly clockOffMs: number;
  }[];
  /** When it comes; and after how long it leaves for good, where it does. */
  readonly comesAt: number;
  readonly staysMs?: number;
  /** Which gang's lies it tells. */
  readonly ring?: string;
  /** In so many of a thousand chunks its gang lies, where that is not as many as usual. */
  readonly lies?: number;
}

export interface Climate {
  readonly seed: number;
  /** Nothing goes wrong and everybody is honest: work must cost exactly what it has to. */
  readonly fair: boolean;
  /** How long the storm lasts; then all is calm. */
  readonly stormMs: number;
  readonly delayMs: readonly [number, number];
  /** Of a thousand messages: lost (and the connection with them), doubled, overtaken. */
  readonly lost: number;
  readonly doubled: number;
  readonly overtaken: number;
  /** Of a thousand ticks: the append fails. */
  readonly appendFails: number;
  readonly appendMs: readonly [number, number];
  /** The coordinator crashes, at these moments. */
  readonly crashes: readonly number[];
  /** Groups of people cut off, from when to when. */
  readonly partitions: readonly { readonly from: number; readonly to: number; readonly share: number }[];
  /** The coordinator's clock jumps by so much, at these moments. */
  readonly clockJumps: readonly { readonly at: number; readonly byMs: number }[];
  /** What happens to a device now and then in the storm, per hour: reload, sleep, dead engine, pause. */
  readonly mishapsPerHour: number;
  readonly people: readonly PersonSpec[];
  /** Devices without a network for up to an hour and a half, long into the calm. */
  readonly away: readonly Away[];
  readonly jobs: readonly { readonly at: number; readonly spec: JobSpec; readonly cancelAt: number | null }[];
  /** Moments at which the operator lets in again one of those who were found wrong, rightly or not. */
  readonly pardons?: readonly number[];
  readonly anchor: boolean;
  /** Volunteers audit once so many networks are there that may; Infinity: never. */
  readonly auditorGroupsMin: number;
  /** Some chunks take longer than others. */
  readonly uneven?: boolean;
}

const minuteMs = 60_000;

/** A job of a storm: small, so that a day is played in a fraction of a second. */
function jobOf(throws: Dice, fair: boolean, quorum: number): JobSpec {
  const tolerance = throws.chance(300);
  // One kernel has a shader, the other has none. A device guesses its speed until it has computed with a kernel, so fair weather has one.
  const kernel = fair || throws.chance(600) ? 'weave@1' : 'spin@2';
  return {
    kernel,
    wasm: 'a'.repeat(64),
    wgsl: kernel === 'weave@1' ? 'b'.repeat(64) : null,
    input: throws.of(['c', 'd', 'e']).repeat(64),
    agreement: tolerance ? 'tolerance' : 'exact',
    units: throws.between(20, 1000),
    unitsPerChunk: throws.between(3, 8),
    unitCostMicro: throws.between(60_000, 160_000),
    policy: { kind: 'replicate', quorum },
    weight: throws.of([1, 1, 1, 2]),
    title: 'a job',
    cause: 'the simulator',
    demonstration: true,
  };
}

const crowd: readonly Role[] = [
  'honest',
  'honest',
  'honest',
  'honest',
  'slow',
  'flaky',
  'quitter',
  'hoarder',
  'withholder',
  'liar',
  'colluder',
  'twoFaced',
  'forger',
  'replayer',
];

function peopleOf(throws: Dice, fair: boolean, stormMs: number, honestMin: number): PersonSpec[] {
  const count = throws.between(honestMin, 14);
  const people: PersonSpec[] = [];
  for (let i = 0; i < count; i++) {
    const role: Role = fair || i < honestMin ? 'honest' : throws.of(crowd);
    // The first honest ones live apart, so that a quorum is always possible; others may share a network.
    const group =
      !fair && i >= honestMin && throws.chance(250)
        ? `net${throws.below(i)}`
        : throws.chance(80) && !fair
          ? ''
          : `net${i}`;
    const devices = Array.from({ length: throws.chance(150) ? 2 : 1 }, (_, d) => ({
      name: `d${i}.${d}`,
      cores: throws.between(1, 3),
      webgpu: throws.chance(300),
      // From 1/16 of the reference core to twice. In fair weather nobody is so slow that a first guess of its speed is far off.
      rateMilli: Math.floor(throws.between(1000, 2000) / throws.of(fair ? [1, 2] : [1, 2, 4, 8, 16])),
      clockOffMs: fair ? 0 : throws.between(-300_000, 300_000),
    }));
    people.push({
      role,
      account: `P${i}`,
      group,
      devices,
      comesAt: i < honestMin ? throws.below(5000) : throws.below(Math.floor(stormMs / 2)),
    });
  }
  return people;
}

/** Whether a day's jobs are audited: other seeds are what they were before there were audits. */
function isAudited(seed: number): boolean {
  return seed % 4 === 3 || seed % 24 === 12;
}

/** Terms under which no wrong unit may become final, and others under which some may. */
function auditPolicyOf(throws: Dice): JobSpec['policy'] {
  const kind = throws.chance(500) ? 'audit' : 'adaptive';
  const strict = throws.chance(500);
  return {
    kind,
    quorum: 1,
    windowUnits: strict ? 1_000_000 : throws.between(5, 60),
    leaverUnits: strict ? 1_000_000 : throws.between(1, 200),
    verifyMilli: throws.of([0, 100, 1_000]),
  };
}

/** Who comes on audited days beside the crowd of all days; a gang or a flood comes as several. */
const schemers: readonly Schemer[] = [
  'lazy',
  'sparse',
  'sleeper',
  'copycat',
  'pair',
  'clique',
  'sybil',
  'hitAndRun',
  'switcher',
  'boaster',
  'picky',
];

/** One or two parties of schemers. In fair weather there are none. */
function schemersOf({ seed, fair, stormMs }: Climate): PersonSpec[] {
  const throws = dice(seed).fork('schemers');
  const people: PersonSpec[] = [];
  const parties = fair ? 0 : throws.between(0, 2);
  for (let party = 0; party < parties; party++) {
    const role = throws.of(schemers);
    const fresh = role === 'sybil' || role === 'hitAndRun';
    const count =
      role === 'pair' ? 2 : role === 'clique' ? throws.between(3, 5) : fresh ? throws.between(3, 6) : 1;
    const begins = throws.below(Math.floor(stormMs / 2));
    for (let i = 0; i < count; i++) {
      const name = `s${party}.${i}`;
      const staysMs = throws.between(20_000, 90_000);
      people.push({
        role,
        account: `S${name}`,
        // Fresh keys are one person's, behind one address.
        group: fresh ? `net-s${party}` : `net-${name}`,
        devices: [{ name, cores: 1, webgpu: false, rateMilli: throws.between(500, 2_000), clockOffMs: 0 }],
        comesAt: fresh ? begins + i * staysMs : begins,
        ...(fresh ? { staysMs } : {}),
        ring: `ring ${party}`,
      });
    }
  }
  return people;
}

const badAuditors: readonly BadAuditor[] = ['slanderer', 'lazyAuditor', 'rubberStamp', 'selfChecker'];

/** Now and then somebody who works as it should and audits as it should not; gangs of them come as several. */
function badAuditorsOf({ seed, fair, stormMs }: Climate): PersonSpec[] {
  const throws = dice(seed).fork('auditors');
  if (fair || throws.chance(400)) return [];
  const role = throws.of(badAuditors);
  const count = role === 'selfChecker' ? 2 : role === 'rubberStamp' ? throws.between(2, 4) : 1;
  return Array.from({ length: count }, (_, i) => ({
    role,
    account: `U${i}`,
    group: role === 'selfChecker' ? 'net-u' : `net-u${i}`,
    devices: [
      { name: `u${i}`, cores: 1, webgpu: false, rateMilli: throws.between(1_000, 2_000), clockOffMs: 0 },
    ],
    comesAt: throws.below(Math.floor(stormMs / 4)),
    ring: 'auditors',
  }));
}

/** Now and then an operator who forgives. */
function pardonsOf({ seed, fair, stormMs }: Climate): number[] {
  const throws = dice(seed).fork('pardons');
  const count = !fair && throws.chance(500) ? throws.between(1, 8) : 0;
  return Array.from({ length: count }, () => throws.below(stormMs));
}

/** The same day with most of its jobs audited, somebody who does it, and schemers who try them. */
function audited(day: Climate): Climate {
  const policies = dice(day.seed).fork('policies');
  const jobs = day.jobs.map(({ spec, ...when }) => ({
    ...when,
    spec: policies.chance(800) ? { ...spec, policy: auditPolicyOf(policies) } : spec,
  }));
  const auditorGroupsMin = policies.of([1, 3, 8]);
  const people = [...day.people, ...schemersOf(day), ...badAuditorsOf(day)];
  const pardons = pardonsOf(day);
  return { ...day, jobs, people, anchor: true, auditorGroupsMin, pardons };
}

/** Some people are cut off, once or twice. */
function partitionsOf(throws: Dice, moments: (count: number) => number[]): Climate['partitions'] {
  if (throws.chance(600)) return [];
  return moments(throws.between(1, 2)).map((from) => ({
    from,
    to: from + throws.between(5000, 120_000),
    share: throws.between(200, 800),
  }));
}

/** The climate of a seed. Every sixth is fair. */
export function climateOf(seed: number): Climate {
  const throws = dice(seed).fork('climate');
  const fair = seed % 6 === 0;
  const stormMs = throws.between(3, 12) * minuteMs;
  const often = (share: number, max: number): number =>
    !fair && throws.chance(share) ? throws.between(1, max) : 0;
  const quorumMax = throws.between(1, 3);
  const jobs = Array.from({ length: throws.between(1, 3) }, (_, i) => ({
    at: i === 0 ? 0 : throws.below(stormMs),
    spec: jobOf(throws, fair, throws.between(1, quorumMax)),
    cancelAt: !fair && throws.chance(80) ? throws.below(stormMs) : null,
  }));
  const anchor = throws.chance(500);
  const moments = (count: number): number[] =>
    Array.from({ length: count }, () => throws.below(stormMs)).sort((a, b) => a - b);
  const weather: Omit<Climate, 'people' | 'away' | 'jobs' | 'anchor' | 'auditorGroupsMin'> = {
    seed,
    fair,
    stormMs,
    delayMs: fair
      ? [20, 80]
      : throws.of([
          [5, 30],
          [20, 200],
          [50, 2000],
        ] as const),
    lost: often(500, 30),
    doubled: often(400, 50),
    overtaken: often(400, 50),
    appendFails: often(300, 20),
    appendMs: fair
      ? [1, 5]
      : throws.of([
          [1, 5],
          [5, 60],
        ] as const),
    crashes: fair ? [] : moments(throws.chance(400) ? throws.between(1, 3) : 0),
    partitions: fair ? [] : partitionsOf(throws, moments),
    clockJumps:
      fair || throws.chance(700)
        ? []
        : moments(throws.between(1, 3)).map((at) => ({ at, byMs: throws.between(-120_000, 20_000) })),
    mishapsPerHour: fair ? 0 : throws.of([0, 10, 60]),
  };
  // Two more than a quorum, or one more and the anchor: a storm may not leave too few for the calm.
  const people = peopleOf(throws, fair, stormMs, quorumMax + 1);
  const devices = people.flatMap((person) => person.devices.map(({ name }) => name));
  const day = {
    ...weather,
    people,
    away: awayOf(seed, fair, devices, stormMs),
    jobs,
    anchor,
    auditorGroupsMin: Infinity,
  };
  return inNetworks(isAudited(seed) ? audited(day) : day);
}

/** Every seventh day with an operator who knows the networks of most people: a few or several, each with many groups. */
function inNetworks(day: Climate): Climate {
  if (day.seed % 7 !== 0) return day;
  const throws = dice(day.seed).fork('networks');
  const networks = throws.between(3, 7);
  const placed = new Map<string, string>([['', '']]);
  const people = day.people.map((person) => {
    const group =
      placed.get(person.group) ??
      (throws.chance(100) ? person.group : `${person.group}@as${throws.below(networks)}`);
    placed.set(person.group, group);
    return { ...person, group };
  });
  return { ...day, people };
}
