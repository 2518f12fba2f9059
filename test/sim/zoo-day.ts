/** A member's day: it alone with honest people and audited jobs, in calm weather; and what came of it. */
import { priceMultiplier, termsFor } from '../../src/core/audit.ts';
import type { AuditPolicy } from '../../src/core/job.ts';
import type { Event, JobSpec } from '../../src/core/state.ts';
import { probationMicro, tier1Micro } from '../../src/core/trust.ts';
import type { Rules } from './disk.ts';
import type { Climate, PersonSpec } from './weather.ts';
import { playDay } from './world.ts';
import type { Member } from './zoo-member.ts';
import type { Story } from './zoo-rules.ts';

export const honestCount = 5;
/** So few networks that they audit in the zoo. */
const auditorGroupsMin = 3;
const machine = { cores: 2, webgpu: false, rateMilli: 1_000, clockOffMs: 0 };

type Terms = Omit<AuditPolicy, 'kind'>;
/** Terms by which every unit is recomputed before it is final. */
const strict: Terms = { quorum: 1, windowUnits: 1_000_000, leaverUnits: 1_000_000, verifyMilli: 1_000 };
/** As much work in four times as many units, so that of a leaver's 384 are recomputed under the usual terms, as many as three chunks have. */
const [few, many] = [
  { units: 9_600, unitsPerChunk: 32, unitCostMicro: 25_000 },
  { units: 38_400, unitsPerChunk: 128, unitCostMicro: 6_250 },
];
const usualStaySeconds = 600;

/** What a requester gets who names no numbers, as `coordinator/http-operator.ts` has it. */
function usual(kind: Member['kind']): Terms {
  const terms = termsFor(many.units);
  const beside = kind === 'adaptive' ? probationMicro : 0;
  const times = priceMultiplier(terms, usualStaySeconds, many.unitCostMicro, beside, tier1Micro);
  return { quorum: 1, ...terms, verifyMilli: Math.ceil((times - 1) * 1_000) };
}

function specFor({ kind, terms, units }: Member): JobSpec {
  const numbers = terms === 'usual' ? usual(kind) : strict;
  const size = terms === 'usual' ? many : few;
  return {
    kernel: 'weave@1',
    wasm: 'a'.repeat(64),
    wgsl: null,
    input: 'c'.repeat(64),
    agreement: 'exact',
    ...size,
    units: units ?? size.units,
    policy: kind === 'certify' ? { kind, certificate: 'd'.repeat(64), ...numbers } : { kind, ...numbers },
    weight: 1,
    title: 'a job',
    cause: 'the zoo',
    demonstration: true,
  };
}

function climateFor(member: Member, seed: number): Climate {
  const { role, count = 1, freshKeys = false, together = false, auditors, lies, uneven = false } = member;
  const person = (name: string, over: Partial<PersonSpec>): PersonSpec => ({
    role: 'honest',
    account: name,
    group: `net-${name}`,
    devices: [{ name: `${name}.0`, ...machine }],
    comesAt: 0,
    ...over,
  });
  const honest = Array.from({ length: honestCount }, (_, i) => person(`h${i}`, {}));
  const members = Array.from({ length: count }, (_, i) =>
    person(`m${i}`, {
      role,
      ring: 'a ring',
      ...(lies === undefined ? {} : { lies }),
      ...(freshKeys || together ? { group: 'net-m' } : {}),
      ...(freshKeys ? { comesAt: i * 12_000, staysMs: 12_000 } : {}),
    }),
  );
  return {
    seed,
    fair: false,
    stormMs: 60_000,
    delayMs: [20, 80],
    lost: 0,
    doubled: 0,
    overtaken: 0,
    appendFails: 0,
    appendMs: [1, 5],
    crashes: [],
    partitions: [],
    clockJumps: [],
    mishapsPerHour: 0,
    people: [...honest, ...members],
    away: [],
    jobs: [{ at: 0, spec: specFor(member), cancelAt: null }],
    anchor: true,
    auditorGroupsMin: auditors === true ? auditorGroupsMin : Infinity,
    uneven,
  };
}

export function tell(member: Member, rules: Rules, seed: number): Story {
  const events: Event[] = [];
  const day = playDay(climateFor(member, seed), rules, (some) => events.push(...some));
  let [members, honest] = [0, 0];
  for (const [account, micro] of day.vested)
    if (account.startsWith('m')) members += micro;
    else if (account.startsWith('h')) honest += micro;
  const keys = member.freshKeys === true ? 1 : (member.count ?? 1);
  const { wrong, wrongFinal } = day.tally;
  return { day, events, earns: members / keys / (honest / honestCount), wrongFinal: wrong + wrongFinal };
}
