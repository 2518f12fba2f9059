/** What is forgotten so that a flood of new keys does not grow the state for ever, and what never is. */
import { describe, expect, test } from 'vitest';
import { evolve } from '../../src/core/evolve.ts';
import { assertInvariants } from '../../src/core/invariants.ts';
import { decide, newcomersMax } from '../../src/core/machine.ts';
import { freeze, thaw } from '../../src/core/snapshot.ts';
import { isRefusal } from '../../src/core/state.ts';
import { ask, commit, house, join, submit } from './house.ts';
import type { House } from './house.ts';

/** Without looking at every invariant after each: that is for once at the end. */
function flood(h: House, people: number, name = 'flood'): void {
  for (let i = 0; i < people; i++) {
    const [device, account] = [`${name}${i}`, `${name}${i}`.toUpperCase()];
    const joined = decide(
      h.state,
      { c: 'join', device, account, site: null, group: '', role: 'volunteer' },
      h.now(),
    );
    if (isRefusal(joined)) throw new Error(joined.refused);
    for (const event of joined) evolve(h.state, event, h.now());
  }
}

describe('[DV1] a flood of new keys', () => {
  test('is remembered up to a number; then whoever joined first is forgotten, with an account that was never paid', () => {
    const h = house();
    flood(h, newcomersMax);
    expect(h.state.devices.size).toBe(newcomersMax);
    join(h, 'late');
    expect(h.state.devices.size).toBe(newcomersMax);
    expect(h.state.accounts.size).toBe(newcomersMax);
    expect(h.state.devices.has('flood0')).toBe(false);
    expect(h.state.accounts.has('FLOOD0')).toBe(false);
    flood(h, 3 * newcomersMax, 'more');
    expect(h.state.devices.size).toBe(newcomersMax);
    assertInvariants(h.state);
    // Who comes back joins anew.
    join(h, 'flood0');
    expect(
      h.refused({ c: 'join', device: 'flood0', account: 'X', site: null, group: '', role: 'volunteer' }),
    ).toBe('not-yours');
  });

  test('never pushes out who has committed, who holds something, the anchor, or who may still commit late', () => {
    const h = house();
    submit(h);
    for (const name of ['worker', 'holder', 'late']) join(h, name);
    join(h, 'anchor', { account: 'anchor', role: 'anchor' });
    commit(h, 'worker', ask(h, 'worker').lease);
    ask(h, 'holder');
    const missed = ask(h, 'late');
    h.wait(missed.deadline - h.now());
    h.must({ c: 'expire', lease: missed.lease });
    flood(h, 2 * newcomersMax);
    expect([...h.state.devices.keys()].filter((id) => !id.startsWith('flood'))).toEqual([
      'worker',
      'holder',
      'late',
      'anchor',
    ]);
    commit(h, 'late', missed.lease);
    assertInvariants(h.state);
  });

  test('leaves an account that was paid, or has another device', () => {
    const h = house();
    join(h, 'first', { account: 'SHARED' });
    flood(h, newcomersMax - 2);
    join(h, 'second', { account: 'SHARED' });
    join(h, 'one more');
    expect(h.state.devices.has('first')).toBe(false);
    expect(h.state.accounts.get('SHARED')).toMatchObject({ devices: 1 });
    assertInvariants(h.state);
  });

  test('is forgotten alike after a snapshot', () => {
    const h = house();
    flood(h, newcomersMax);
    join(h, 'late');
    const again = thaw(freeze(h.state));
    expect(again).toEqual(h.state);
    expect([...(again?.newcomers ?? [])].slice(0, 2)).toEqual(['flood1', 'flood2']);
  });
});

describe('[RS1] a log that goes on from a backup', () => {
  test('says what was kept, and gives out no number that the lost part may have given out', () => {
    const h = house();
    submit(h);
    join(h, 'a');
    const before = ask(h, 'a');
    h.must({ c: 'restore', kept: 7, root: 'ab'.repeat(32) });
    expect(h.state.restored).toEqual({ kept: 7, root: 'ab'.repeat(32), at: h.now() });
    expect(ask(h, 'a').lease).toBeGreaterThan(before.lease + 1e11);
    expect(Number(submit(h).id.slice(1))).toBeGreaterThan(1e5);
    assertInvariants(h.state);
    expect(thaw(freeze(h.state))).toEqual(h.state);
  });
});
