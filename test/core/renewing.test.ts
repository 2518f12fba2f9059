/** Asks of the tables of what comes and goes that they begin anew in time, and that nothing else is another then. */
import { describe, expect, test } from 'vitest';
import { renewTables } from '../../src/core/renewing.ts';
import { ask, longJob } from './house.ts';
import type { Job, State } from '../../src/core/state.ts';

function held(state: State, job: Job): readonly ReadonlyMap<unknown, unknown>[] {
  return [state.leases, state.replicas, state.busy, job.chunks, job.wanting, job.wantingKey];
}

describe('tables of what comes and goes', () => {
  test('begin anew with the same in them, in the same order, once in 1,024 leases', () => {
    const { h, job } = longJob('abc', { units: 400 });
    for (const name of 'abc') ask(h, name);
    const before = held(h.state, job);
    const entries = before.map((table) => [...table]);
    expect(entries.every((some) => some.length > 0)).toBe(true);
    renewTables(h.state, { job: job.id, lease: 1_022, count: 1 });
    expect(held(h.state, job).map((table, i) => table === before[i])).toEqual(before.map(() => true));
    renewTables(h.state, { job: job.id, lease: 1_023, count: 1 });
    expect(held(h.state, job).map((table, i) => table === before[i])).toEqual(before.map(() => false));
    expect(held(h.state, job).map((table) => [...table])).toEqual(entries);
  });

  test('are met by a lease of many chunks too, and more seldom where more is open', () => {
    const { h, job } = longJob('a', { units: 400 });
    ask(h, 'a');
    const { leases } = h.state;
    for (let replica = 10_000; replica < 10_000 + 1_500; replica++) h.state.replicas.set(replica, 1);
    renewTables(h.state, { job: job.id, lease: 1_000, count: 64 });
    expect(h.state.leases).toBe(leases);
    renewTables(h.state, { job: job.id, lease: 2_000, count: 64 });
    expect(h.state.leases).not.toBe(leases);
  });
});
