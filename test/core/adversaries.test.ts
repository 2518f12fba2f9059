/** What people tried who wanted to stop others rather than to compute: each attempt as it was found, and what it comes to. */
import { describe, expect, test } from 'vitest';
import {
  anchorAfterMs,
  anchorAnywayMs,
  deadlineMsMaxUnproven,
  leasesPerNewDeviceMax,
  returnPauseMs,
  returnsMax,
} from '../../src/core/schedule.ts';
import type { Chunk, Job, LivePeople } from '../../src/core/state.ts';
import { ask, commit, house, join, kernel, nobody, slotOf, specOf, submit, withRecord } from './house.ts';
import type { House } from './house.ts';

const chunkOf = (job: Job): Chunk => job.chunks.get(0) as Chunk;
const live = (...names: string[]): LivePeople =>
  new Map(names.map((name) => [`a-${name}`, new Map([['', new Set([`wasm ${kernel}`])]])]));

/** An anchor's device. */
function anchor(h: House): void {
  h.must({ c: 'join', device: 'anchor', account: 'anchor', site: null, group: 'anchor', role: 'anchor' });
}

describe('eight liars who each say something else', () => {
  test('do not stop a chunk: the anchor answers, and whoever agrees with it settles', () => {
    const h = house();
    for (const name of ['l1', 'l2', 'l3', 'l4', 'l5', 'l6', 'l7', 'l8', 'honest']) join(h, name);
    anchor(h);
    const job = submit(h, specOf({ units: 8 }));
    for (let i = 1; i <= 8; i++) commit(h, `l${i}`, ask(h, `l${i}`).lease, `lie ${i}`);
    expect(h.refused({ c: 'ask', device: 'honest', slot: slotOf(), live: nobody })).toBe(
      'waiting-for-others',
    );
    h.wait(anchorAfterMs);
    commit(h, 'anchor', ask(h, 'anchor').lease, 'truth');
    expect(chunkOf(job).replicas).toHaveLength(9);
    commit(h, 'honest', ask(h, 'honest').lease, 'truth');
    expect(h.state.jobs.size).toBe(0);
    expect(h.state.balances.get('vested:l1')).toBeUndefined();
  });
});

describe('one slot that claims to be a million cores', () => {
  test('leaves the others leases as long as before', () => {
    const counts = [1000, 1_000_000_000].map((claimed) => {
      const h = house();
      for (const name of ['honest', 'boaster']) join(h, name);
      withRecord(h, 'honest', 1000);
      submit(h, specOf({ units: 8000 }));
      ask(h, 'boaster', slotOf({ rates: { [kernel]: claimed } }));
      return ask(h, 'honest').count;
    });
    expect(counts[1]).toBe(counts[0]);
  });
});

describe('a new key with hundreds of slots', () => {
  test('holds a few leases, and not for long', () => {
    const h = house();
    join(h, 'hoarder');
    const job = submit(h, specOf({ units: 80_000 }));
    let given = 0;
    for (let slot = 0; slot < 260; slot++) {
      const decision = h.run({
        c: 'ask',
        device: 'hoarder',
        slot: slotOf({ slot, rates: { [kernel]: 1 } }),
        live: nobody,
      });
      if (!('refused' in decision)) given++;
    }
    expect(given).toBe(leasesPerNewDeviceMax);
    for (const { deadline } of h.state.leases.values())
      expect(deadline - h.now()).toBeLessThanOrEqual(deadlineMsMaxUnproven);
    expect(job.chunks.size).toBe(leasesPerNewDeviceMax);
  });
});

describe('people who take the second place and let it run out, in turn', () => {
  test('hold the anchor off for minutes at most', () => {
    const h = house();
    anchor(h);
    for (const name of ['lone', ...Array.from({ length: 40 }, (_, i) => `s${i}`)]) join(h, name);
    submit(h, specOf({ units: 8 }));
    commit(h, 'lone', ask(h, 'lone').lease);
    const opened = h.now();
    for (let i = 0; i < 40; i++) {
      const decision = h.run({ c: 'ask', device: `s${i}`, slot: slotOf(), live: nobody });
      if (!('refused' in decision)) {
        const leased = decision[0];
        if (leased?.e !== 'leased') throw new Error('an ask leases');
        h.wait(leased.deadline - h.now());
        h.must({ c: 'expire', lease: leased.lease });
      }
      const wish = h.run({ c: 'ask', device: 'anchor', slot: slotOf(), live: live('s0', 's1') });
      if (!('refused' in wish)) break;
    }
    expect(chunkOf([...h.state.jobs.values()][0] as Job).replicas.some((r) => r.account === 'anchor')).toBe(
      true,
    );
    expect(h.now() - opened).toBeLessThan(anchorAnywayMs + 120_000);
  });
});

describe('somebody who gives back what takes long', () => {
  test('is soon given nothing for a minute after each time, until it has committed more', () => {
    const h = house();
    for (const name of ['picky', 'honest']) join(h, name);
    submit(h, specOf({ units: 80_000, quorum: 1 }));
    const isGiven = (): boolean => {
      const decision = h.run({ c: 'ask', device: 'picky', slot: slotOf(), live: nobody });
      if ('refused' in decision) return false;
      const leased = decision[0];
      if (leased?.e !== 'leased') throw new Error('an ask leases');
      const replicas = Array.from({ length: leased.count }, (_, i) => leased.lease + i);
      h.must({ c: 'giveBack', device: 'picky', replicas, why: 'failed' });
      return true;
    };
    let given = 0;
    while (isGiven()) given++;
    expect(given).toBe(returnsMax + 1);
    h.wait(returnPauseMs - 1);
    expect(isGiven()).toBe(false);
    h.wait(1);
    expect(isGiven()).toBe(true);
    expect(isGiven()).toBe(false);
    h.wait(returnPauseMs);
    commit(h, 'picky', ask(h, 'picky').lease);
    expect(isGiven()).toBe(true);
    // Nobody else is held up.
    ask(h, 'honest');
  });
});
