/** [AU3] A log from before batches were joined is folded as ever: what it names as final, drawn or void is a part of what is joined now. */
import { beforeEach, expect, test, vi } from 'vitest';
import { batchUnitsMax } from '../../src/core/audit.ts';
import { evolve } from '../../src/core/evolve.ts';
import { assertInvariants } from '../../src/core/invariants.ts';
import type * as merging from '../../src/core/merging.ts';
import { emptyState } from '../../src/core/state.ts';
import type { State } from '../../src/core/state.ts';
import {
  answers,
  ask,
  auditAll,
  audited,
  batchesOf,
  commit,
  drawing,
  identityOf,
  keepUp,
  putInOrder,
} from './house.ts';
import type { House } from './house.ts';

const joining = vi.hoisted(() => ({ isOn: true }));
vi.mock(import('../../src/core/merging.ts'), async (original) => {
  const real: typeof merging = await original();
  return { ...real, mergeSettled: (...given) => (joining.isOn ? real.mergeSettled(...given) : 0) };
});

beforeEach(() => void (joining.isOn = true));

const wide = { units: 40 * batchUnitsMax, unitsPerChunk: batchUnitsMax, unitCostMicro: 4_000 };
const none = drawing([]);

/** Two who compute for long, by the rules of before. */
function before(): House {
  joining.isOn = false;
  const h = audited('ab', { windowUnits: 32_000, leaverUnits: 64 }, wide);
  for (let chunk = 0; chunk < 8; chunk++)
    for (const device of ['a', 'b']) answers(h, device, 'right', { words: none });
  expect(batchesOf(h, 'a')).toHaveLength(8);
  return h;
}

/** All that its log says, by the rules of now. */
function now(h: House): State {
  joining.isOn = true;
  const state = emptyState();
  for (const { at, events } of h.log) for (const event of events) evolve(state, event, at);
  assertInvariants(state);
  return state;
}

/** What nobody may lose by it. */
const books = ({ balances, jobs, accounts, identities, audits }: State): unknown => ({
  balances: [...balances],
  accounts: [...accounts],
  jobs: [...jobs.values()].map(({ free, accepted, final, owedMicro }) => ({
    free,
    accepted,
    final,
    owedMicro,
  })),
  identities: [...identities.values()].map(({ phase, faults, provenMicro, auditedUnits }) => ({
    ...{ phase, faults, provenMicro, auditedUnits },
  })),
  audits: [...audits],
});

test('while they compute', () => {
  const h = before();
  const state = now(h);
  expect(books(state)).toEqual(books(h.state));
  for (const { open } of state.identities.values()) expect(open.get('j1')).toHaveLength(2);
});

test('when windows are over, one after the other, and the rest is final once they have left', () => {
  const h = before();
  for (const device of ['a', 'b']) {
    const identity = identityOf(h, device);
    // As if that many units had been recomputed: the same in both, of what the log does not tell here.
    for (const batch of batchesOf(h, device).slice(4)) batch.auditedBefore = 32_000;
    identity.auditedUnits = 32_000;
  }
  expect(keepUp(h)).toHaveLength(8);
  h.wait(3_600_000);
  putInOrder(h);
  expect(h.state.jobs.get('j1')?.final).toEqual([0, 16]);
  const state = now(h);
  for (const identity of state.identities.values()) identity.auditedUnits += 32_000;
  expect(books(state)).toEqual(books(h.state));
});

test('and when one of them is found out, examined batch by batch, and one chunk more is wrong', () => {
  const h = before();
  commit(h, 'b', ask(h, 'b').lease, 'lie', { words: drawing([7], 2) });
  auditAll(h, [16 * batchUnitsMax + 7]);
  putInOrder(h, [9 * batchUnitsMax + 1]);
  expect(h.state.jobs.get('j1')?.free.slice(0, 2)).toEqual([9, 10]);
  expect(books(now(h))).toEqual(books(h.state));
});
