/** Checks every rule of an identity's record [TR1]–[TR6] [TR8] on grids of all that matters, and all short lives, against the words of docs/SPEC.md. */
import { describe, expect, test } from 'vitest';
import { readmit, sentAway, tierNow } from '../../src/core/checking.ts';
import { disproved, identitiesAccepted, readmitted } from '../../src/core/evolve-checks.ts';
import { emptyState, identityKey, isRefusal } from '../../src/core/state.ts';
import type { Backend, Chunk, Identity, Job, State } from '../../src/core/state.ts';
import {
  addWork,
  awayFor,
  isNoAccident,
  mayWork,
  newStanding,
  pardon,
  provenNow,
  punish,
  tierOf,
  verdictOn,
} from '../../src/core/trust.ts';
import type { Standing, Tier } from '../../src/core/trust.ts';
import { specOf } from './house.ts';

/** The numbers of the rules, as the rules say them. */
const secondMicro = 1_000_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const monthMs = 30 * dayMs;

/** [TR4] What work is worth after so long: halved once for each whole 30 days. */
function fadedOf(micro: number, ageMs: number): number {
  let left = micro;
  for (let ms = ageMs; ms >= monthMs && left > 0; ms -= monthMs) left = Math.floor(left / 2);
  return left;
}

/** [TR1] [TR2] A newcomer until 4 s were accepted, looked at closely until 68 s were. */
function tierFor(micro: number): Tier {
  if (micro < 4 * secondMicro) return 0;
  return micro < 68 * secondMicro ? 1 : 2;
}

const around = (value: number): number[] => [value - 1, value, value + 1];

/** Amounts at which something changes, now or after some months. */
const amounts = [4, 68].flatMap((seconds) =>
  [1, 2, 3, 4, 8, 1024, 2 ** 26].flatMap((times) => around(times * seconds * secondMicro)),
);
/** Ages at which something changes: each month for five years. */
const ages = [-monthMs, ...Array.from({ length: 61 }, (_, months) => around(months * monthMs)).flat()];

describe('[TR1] [TR2] [TR4] how closely somebody is looked at', () => {
  test('follows from its work and the months since, for every amount and age at which that changes', () => {
    const provenAt = 1_000_000;
    for (const provenMicro of [0, 1, ...amounts, Number.MAX_SAFE_INTEGER])
      for (const age of ages) {
        const standing: Standing = { ...newStanding(0), provenMicro, provenAt };
        const left = fadedOf(provenMicro, age);
        const got = tierOf(standing, provenAt + age);
        if (got !== tierFor(left)) expect.fail(`${provenMicro} after ${age} ms: ${got}`);
        if (age < 40 * monthMs) expect(provenNow(standing, provenAt + age)).toBe(left);
      }
  });

  test('who comes back is worth what is left and what it adds, and the months are counted anew; a clock that goes back counts none', () => {
    for (const provenMicro of [0, ...amounts])
      for (const added of [0, 1, secondMicro, 64 * secondMicro])
        for (const age of [-1, 0, monthMs - 1, monthMs, 2 * monthMs, 5 * monthMs + 1]) {
          const standing: Standing = { ...newStanding(0), provenMicro, provenAt: monthMs };
          addWork(standing, added, monthMs + age);
          const worth = fadedOf(provenMicro, age) + added;
          const since = monthMs + Math.max(0, age);
          expect(standing).toEqual({ ...newStanding(0), provenMicro: worth, provenAt: since });
          for (const more of [monthMs - 1, monthMs])
            expect(tierOf(standing, since + more)).toBe(tierFor(fadedOf(worth, more)));
        }
  });
});

describe('[TR5] [TR6] what a wrong answer means', () => {
  test('no accident is more than one unit in 128, in three chunks or more: for all examinations of up to 1,100 units', () => {
    let none = 0;
    for (let units = 0; units <= 1_100; units++)
      for (let wrong = 0; wrong <= Math.min(units, 12); wrong++)
        for (let chunks = 0; chunks <= 5; chunks++) {
          // One for each 128 of them is still an accident.
          const allowed = Math.floor(units / 128);
          const got = isNoAccident({ units, wrong, chunks });
          if (got !== (chunks > 2 && wrong > allowed))
            expect.fail(`${wrong} of ${units} in ${chunks}: ${got}`);
          if (got) none++;
        }
    expect(none).toBeGreaterThan(10_000);
  });

  test('the verdict, for every phase, with and without another’s very answer, and every examination at the bounds', () => {
    for (const isKnownLie of [false, true])
      for (const units of [1, 127, 128, 129, 383, 384, 385])
        for (let wrong = 1; wrong <= 4 && wrong <= units; wrong++)
          for (let chunks = 1; chunks <= wrong; chunks++) {
            const tooMuch = chunks >= 3 && units < wrong * 128;
            const verdict = (phase: Standing['phase']): unknown =>
              verdictOn({ phase }, isKnownLie, { units, wrong, chunks });
            expect(verdict('open')).toBe(isKnownLie ? 'ban' : 'suspend');
            expect(verdict('suspended')).toBe(isKnownLie || tooMuch ? 'ban' : null);
            expect(verdict('banned')).toBe(null);
          }
  });

  test('an hour, twice as long each time that the last fault is less than thirty days old, thirty days at most', () => {
    for (let faults = 0; faults <= 20; faults++)
      for (const faultAt of [null, 0, 5 * dayMs])
        for (const age of [0, 1, hourMs, ...around(monthMs), 2 * monthMs]) {
          let hours = 1;
          if (faultAt !== null && age < monthMs) for (let i = 0; i < faults; i++) hours *= 2;
          const away = Math.min(hours, 30 * 24) * hourMs;
          expect(awayFor({ faults, faultAt }, (faultAt ?? 0) + age)).toBe(away);
        }
  });

  test('who may work: who is let in, and who is suspended once its time is over, to the millisecond', () => {
    for (const faultAt of [0, 7, dayMs])
      for (const awayMs of [hourMs, 2 * hourMs, monthMs])
        for (const waited of [0, 1, ...around(hourMs), ...around(2 * hourMs), ...around(monthMs)]) {
          const may = (phase: Standing['phase']): boolean =>
            mayWork({ phase, faultAt, awayMs }, faultAt + waited);
          expect([may('open'), may('suspended'), may('banned')]).toEqual([true, waited >= awayMs, false]);
        }
  });

  test('a fault and a pardon change the record in all that they should, and in nothing else', () => {
    const examined = { units: 9, wrong: 2, chunks: 1 };
    for (const phase of ['open', 'suspended', 'banned'] as const)
      for (let faults = 0; faults <= 3; faults++)
        for (const age of [0, monthMs - 1, monthMs])
          for (const what of ['suspend', 'ban', 'pardon'] as const) {
            const faultAt = faults === 0 ? null : 5;
            const was: Standing = { provenMicro: 9, provenAt: 3, auditedUnits: 4, faults, faultAt, phase, awayMs: 2, examined }; // prettier-ignore
            const at = 5 + age;
            const is = { ...was };
            const anew = { provenMicro: 0, provenAt: at };
            if (what === 'pardon') {
              pardon(is, at);
              const letIn = phase === 'open' ? {} : { phase: 'open', ...anew };
              expect(is).toEqual({ ...was, faults: 0, faultAt: null, ...letIn });
              continue;
            }
            punish(is, what, hourMs, at);
            expect(is).toEqual({
              ...was,
              ...anew,
              faults: 1 + (age < monthMs ? faults : 0),
              faultAt: at,
              awayMs: hourMs,
              phase: what === 'ban' ? 'banned' : 'suspended',
              examined: { units: 0, wrong: 0, chunks: 0 },
            });
          }
  });
});

type Step = 'works' | 'month' | 'hour' | 'fault' | 'lie' | 'readmit';
const steps: readonly Step[] = ['works', 'month', 'hour', 'fault', 'lie', 'readmit'];
const [device, backend, account] = ['a', 'wasm', 'A'] as const;
const who = { device, backend, account, site: null } as const;

/** A life as the rules tell it: nothing but what happened and when. */
interface Told {
  readonly at: number;
  /** Work since it last began, newest last. */
  readonly work: readonly { readonly at: number; readonly micro: number }[];
  /** Its faults that were not forgiven. */
  readonly faults: readonly number[];
  readonly phase: Standing['phase'];
}

/** [TR5] For how many hours the last of these faults keeps away. */
function hoursAway(faults: readonly number[]): number {
  let hours = 0;
  faults.forEach((at, i) => {
    const before = faults[i - 1];
    hours = before === undefined || at - before >= monthMs ? 1 : 2 * hours;
  });
  return Math.min(hours, 720);
}

function worthOf({ work, at }: Told): number {
  let [worth, since] = [0, 0];
  for (const one of work) {
    worth = fadedOf(worth, one.at - since) + one.micro;
    since = one.at;
  }
  return fadedOf(worth, at - since);
}

function isKeptAway({ phase, faults, at }: Told): boolean {
  if (phase === 'open') return false;
  return phase === 'banned' || at < (faults.at(-1) ?? 0) + hoursAway(faults) * hourMs;
}

/** One step further, by the words of section 10. */
function toldAfter(told: Told, step: Step): Told {
  const { at, work, faults, phase } = told;
  switch (step) {
    case 'month':
    case 'hour':
      return { ...told, at: at + (step === 'month' ? monthMs : hourMs) };
    case 'works':
      if (isKeptAway(told)) return told;
      return { at, work: [...work, { at, micro: 34 * secondMicro }], faults, phase: 'open' };
    case 'fault':
      return phase === 'open' ? { at, work: [], faults: [...faults, at], phase: 'suspended' } : told;
    case 'lie':
      return phase === 'banned' ? told : { at, work: [], faults: [...faults, at], phase: 'banned' };
    case 'readmit':
      return { at, work: phase === 'open' ? work : [], faults: [], phase: 'open' };
    default:
      return step satisfies never;
  }
}

const spec = specOf({ units: 8, unitsPerChunk: 8, unitCostMicro: (34 * secondMicro) / 8 });
const job = { spec, disputes: 0 } as Job;
const replica = { id: 1, lease: 1, device, account, site: null, group: '', backend: backend as Backend, beside: false } as const; // prettier-ignore
const chunk: Chunk = { index: 0, openedAt: 0, since: 0, replicas: [{ ...replica, phase: { is: 'leased', deadline: 1 } }] }; // prettier-ignore

/** The same step, as the code takes it: what is decided, and what is written of it. */
function take(state: State, step: Step, at: number): void {
  const identity = state.identities.get(identityKey(device, backend)) as Identity;
  if (step === 'works') {
    if (sentAway(state, device, backend, at) !== null) return;
    const winners = [{ replica: 1, device, account, site: null }];
    const accepted = { e: 'accepted', job: 'j1', chunk: 0, root: 'r', replica: 1, winners, losers: [], final: true, entries: [] } as const; // prettier-ignore
    identitiesAccepted(state, job, chunk, accepted, at);
  } else if (step === 'fault' || step === 'lie') {
    const consequence = verdictOn(identity, step === 'lie', { units: 1, wrong: 1, chunks: 1 });
    if (consequence === null) return;
    const said = {
      e: 'disproved',
      ...who,
      job: 'j1',
      chunk: 0,
      wrong: [0],
      right: [''],
      consequence,
    } as const;
    disproved(state, { ...said, awayMs: awayFor(identity, at) }, at);
  } else if (step === 'readmit') {
    const decision = readmit(state, { c: 'readmit', device, backend, reason: 'a test' });
    const nothingToForgive = identity.phase === 'open' && identity.faultAt === null;
    expect(isRefusal(decision) ? decision.refused : 'readmitted').toBe(
      nothingToForgive ? 'already-so' : 'readmitted',
    );
    if (!isRefusal(decision)) readmitted(state, { e: 'readmitted', ...who, reason: 'a test' }, at);
  }
}

describe('every life of up to six steps', () => {
  test('of work, waiting, faults, lies and pardons: is who works, how closely it is looked at and for how long it is kept away as told', () => {
    let lives = 0;
    const seen = new Set<string>();
    const live = (told: Told, standing: Identity, left: number): void => {
      for (const step of left === 0 ? [] : steps) {
        const state = emptyState();
        state.devices.set(device, { account, site: null, group: '', network: '', role: 'volunteer', committed: 0, leases: 0, returned: 0, returnedAt: 0, misdeeds: 0 }); // prettier-ignore
        const identity: Identity = { ...standing };
        state.identities.set(identityKey(device, backend), identity);
        state.jobs.set('j1', job);
        take(state, step, told.at);
        const next = toldAfter(told, step);
        const got = [
          tierNow(state, device, backend, next.at),
          identity.phase,
          sentAway(state, device, backend, next.at)?.refused ?? 'may work',
          awayFor(identity, next.at) / hourMs,
        ].join();
        const isRecent = next.at - (next.faults.at(-1) ?? -monthMs) < monthMs;
        const want = [
          tierFor(worthOf(next)),
          next.phase,
          isKeptAway(next) ? next.phase : 'may work',
          isRecent ? Math.min(720, 2 * hoursAway(next.faults)) : 1,
        ].join();
        if (got !== want) expect.fail(`${step} of ${JSON.stringify(told)}: ${got}, not ${want}`);
        lives++;
        seen.add(got);
        live(next, identity, left - 1);
      }
    };
    const nobody: Identity = { ...newStanding(0), device, backend, account, lastAt: 0, open: new Map() };
    live({ at: 0, work: [], faults: [], phase: 'open' }, nobody, 6);
    expect(lives).toBeGreaterThan(50_000);
    expect(seen.size).toBeGreaterThanOrEqual(14);
  });
});
