/** Chunks that are just leased lie in a snapshot as runs: short, and the same chunks in the same order when it is read. */
import { describe, expect, test } from 'vitest';
import { freeze, thaw } from '../../src/core/snapshot.ts';
import type { State } from '../../src/core/state.ts';
import { ask, commit, join, longJob } from './house.ts';
import type { House } from './house.ts';

/** A few leases of many chunks each, by different people. */
function leased(names: string, over: Parameters<typeof longJob>[1] = {}): House {
  const { h } = longJob(names, over);
  for (const name of names) {
    ask(h, name);
    h.wait(1_000);
  }
  return h;
}

function again(state: State): State {
  const thawed = thaw(freeze(state));
  if (thawed === null) throw new Error('it is of this schema');
  return thawed;
}

function expectSame(h: House): void {
  const thawed = again(h.state);
  expect(thawed).toEqual(h.state);
  for (const [id, job] of h.state.jobs) {
    expect([...(thawed.jobs.get(id)?.chunks ?? [])]).toEqual([...job.chunks]);
    expect([...(thawed.jobs.get(id)?.wanting ?? [])]).toEqual([...job.wanting]);
  }
}

const rowOf = (h: House): number[] =>
  (JSON.parse(freeze(h.state)) as { jobs: { chunks: number[] }[] }).jobs.flatMap(({ chunks }) => chunks);

describe('a snapshot of leases that nobody has answered', () => {
  test('has a run for each, and the same in it', () => {
    const h = leased('abc');
    expect([...h.state.leases.values()].every(({ count }) => count > 8)).toBe(true);
    expect(rowOf(h)).toHaveLength(9 + 7);
    expectSame(h);
  });

  test('begins a run anew behind what is committed, computed by two, given back, or of somebody who moved', () => {
    const h = leased('abc');
    const [first, second, third] = [...h.state.leases.values()];
    if (first === undefined || second === undefined || third === undefined) throw new Error('three leases');
    commit(h, 'a', first.id + 3);
    expectSame(h);
    h.must({ c: 'giveBack', device: 'b', replicas: [second.id, second.id + 5], why: 'failed' });
    expectSame(h);
    commit(h, 'c', third.id + third.count - 1);
    expectSame(h);
    expect(rowOf(h).length).toBeLessThan(80);
    join(h, 'b', { group: 'elsewhere' });
    expectSame(h);
    const moved = rowOf(h).length;
    expect(moved).toBeGreaterThan(4 * second.count);
  });

  test('of a place where two leases meet holds both', () => {
    const both = leased('ab', { policy: { kind: 'none', quorum: 1 } });
    const [one, other] = [...both.state.leases.values()];
    expect(other?.chunk).toBe((one?.chunk ?? 0) + (one?.count ?? 0));
    expect(other?.id).toBe((one?.id ?? 0) + (one?.count ?? 0));
    expectSame(both);
  });
});
