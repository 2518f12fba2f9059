/** Follows leases from asking to deadline: docs/SPEC.md, section 3, [LS…], and the bounds of the schedule. */
import { describe, expect, test } from 'vitest';
import { anchorAfterMs, deadlineMsMax, deadlineMsMin, leaseTargetMs } from '../../src/core/schedule.ts';
import { ask, chunkOf, commit, commitCommand, house, join, kernel, nobody, slotOf, specOf, submit, withRecord } from './house.ts';
import type { House } from './house.ts';
import type { Job } from '../../src/core/state.ts';

/** People a, b, c, … with long records, and one long job of chunks of one reference second. */
function longJob(names: string, over: Parameters<typeof specOf>[0] = {}): { h: House; job: Job } {
  const h = house();
  for (const name of names) {
    join(h, name);
    withRecord(h, name, 1000);
  }
  return { h, job: submit(h, specOf({ units: 80_000, ...over })) };
}

describe('[LS1] a lease is cut', () => {
  test('to one chunk without a record, then to twice what was committed', () => {
    const h = house();
    join(h, 'a');
    submit(h, specOf({ units: 8000, quorum: 1 }));
    const first = ask(h, 'a');
    expect(first.count).toBe(1);
    commit(h, 'a', first.lease);
    const second = ask(h, 'a');
    expect(second.count).toBe(2);
    commit(h, 'a', second.lease);
    commit(h, 'a', second.lease + 1);
    expect(ask(h, 'a').count).toBe(6);
  });

  test.each([100, 1000, 4000])('to 15 s of a speed of %i thousandths', (rateMilli) => {
    const { h } = longJob('a');
    const lease = ask(h, 'a', slotOf({ rates: { [kernel]: rateMilli } }));
    expect(lease.count).toBe(Math.max(1, Math.floor((leaseTargetMs * rateMilli) / 1_000_000)));
  });

  test('to half of its fair share of what is left, and never to nothing', () => {
    const { h } = longJob('abcd', { units: 80, quorum: 1 });
    const counts = ['a', 'b', 'c', 'd'].map((name) => ask(h, name, slotOf({ rates: { [kernel]: 1_000_000 } })).count);
    expect(counts).toEqual([5, 2, 1, 1]);
  });
});

describe('[LS2] a deadline', () => {
  test.each([
    [1_000_000_000, deadlineMsMin],
    [1000, 60_000],
    [100, 40_000],
    [2, deadlineMsMax],
    [1, deadlineMsMax],
  ])('at a speed of %i thousandths is %i ms away', (rateMilli, ms) => {
    const { h } = longJob('a', { units: 8000 });
    const lease = ask(h, 'a', slotOf({ rates: { [kernel]: rateMilli } }));
    expect(lease.deadline - h.now()).toBe(Math.min(deadlineMsMax, Math.max(deadlineMsMin, ms)));
  });

  test('is not due before its time, is due at it, and once', () => {
    const { h } = longJob('a', { units: 8 });
    const { lease, deadline } = ask(h, 'a');
    h.wait(deadline - h.now() - 1);
    expect(h.refused({ c: 'expire', lease })).toBe('not-due');
    h.wait(1);
    expect(h.must({ c: 'expire', lease })).toHaveLength(1);
    expect(h.refused({ c: 'expire', lease })).toBe('unknown-lease');
  });

  test('a device that moves to another network keeps its leases', () => {
    const { h } = longJob('a', { quorum: 1, units: 8 });
    const { lease } = ask(h, 'a');
    h.must({ c: 'join', device: 'a', account: 'A', site: 'fair', group: 'train', role: 'volunteer' });
    expect(h.refused({ c: 'join', device: 'a', account: 'A', site: 'fair', group: 'train', role: 'volunteer' })).toBe('already-so');
    expect(h.refused({ c: 'join', device: 'a', account: 'B', site: null, group: 'net-a', role: 'volunteer' })).toBe('not-yours');
    commit(h, 'a', lease);
  });
});

test('[LS3] what waits for another person comes before what is free', () => {
  const { h } = longJob('abc');
  const first = ask(h, 'a');
  expect(ask(h, 'b')).toMatchObject({ chunk: first.chunk, count: first.count });
  expect(ask(h, 'c').chunk).toBe(first.chunk + first.count);
});

describe('[LS4] the anchor', () => {
  const live = (h: House, names: string): Map<string, Set<string>> => new Map([...names].map((n) => [n.toUpperCase(), new Set([h.state.devices.get(n)?.group ?? ''])]));
  function anchored(names: string): { h: House; job: Job } {
    const made = longJob(names, { units: 8 });
    join(made.h, 'z', { account: 'anchor', role: 'anchor' });
    return made;
  }

  test('opens nothing', () => {
    const { h } = anchored('a');
    h.wait(anchorAfterMs);
    expect(h.refused({ c: 'ask', device: 'z', slot: slotOf(), live: nobody })).toBe('waiting-for-others');
  });

  test('waits 30 s, and for as long as somebody who is connected may join', () => {
    const { h } = anchored('ab');
    ask(h, 'a');
    h.wait(anchorAfterMs - 1);
    expect(h.refused({ c: 'ask', device: 'z', slot: slotOf(), live: live(h, 'a') })).toBe('waiting-for-others');
    h.wait(1);
    expect(h.refused({ c: 'ask', device: 'z', slot: slotOf(), live: live(h, 'ab') })).toBe('waiting-for-others');
    expect(ask(h, 'z', slotOf(), live(h, 'a')).chunk).toBe(0);
  });

  test('stands in where all who are connected are of one network', () => {
    const { h } = anchored('a');
    join(h, 'n', { group: 'net-a' });
    ask(h, 'a');
    h.wait(anchorAfterMs);
    expect(ask(h, 'z', slotOf(), live(h, 'an')).chunk).toBe(0);
  });
});

describe('[LS5] returned chunks', () => {
  test('are free at once, one by one; the rest of the lease stands', () => {
    const { h, job } = longJob('ab', { quorum: 1, units: 80 });
    const { lease, count } = ask(h, 'a');
    expect(count).toBe(5);
    h.must({ c: 'giveBack', device: 'a', replicas: [lease + 1, lease + 1, 4711], why: 'settings' });
    expect(job.free).toEqual([1, 2, 5, 10]);
    expect(ask(h, 'b')).toMatchObject({ chunk: 1, count: 1 });
    commit(h, 'a', lease);
    expect(h.state.leases.get(lease)?.left).toBe(3);
  });
});

test('[LS6] a paused kernel is not leased; what is committed still counts', () => {
  const { h } = longJob('ab', { units: 8 });
  const [a, b] = [ask(h, 'a'), ask(h, 'b')];
  h.must({ c: 'pauseKernel', kernel, reason: 'wrong bits' });
  commit(h, 'a', a.lease);
  join(h, 'c');
  expect(h.refused({ c: 'ask', device: 'c', slot: slotOf(), live: nobody })).toBe('kernel-paused');
  expect(commit(h, 'b', b.lease).map((e) => e.e)).toContain('finished');
});

describe('asking', () => {
  test('needs a device, a proven kernel and an open job', () => {
    const h = house();
    expect(h.refused({ c: 'ask', device: 'a', slot: slotOf(), live: nobody })).toBe('unknown-device');
    join(h, 'a');
    expect(h.refused({ c: 'ask', device: 'a', slot: slotOf(), live: nobody })).toBe('no-job-open');
    submit(h);
    expect(h.refused({ c: 'ask', device: 'a', slot: slotOf({ rates: { 'other@1': 5 } }), live: nobody })).toBe('nothing-for-this-device');
  });

  test('replica ids run through a lease and are never used again', () => {
    const { h, job } = longJob('ab', { units: 80, quorum: 1 });
    const a = ask(h, 'a');
    h.must({ c: 'giveBack', device: 'a', replicas: [a.lease], why: 'closing' });
    const b = ask(h, 'b');
    expect(b.lease).toBe(a.lease + a.count);
    expect(chunkOf(job, b.chunk).replicas.map((r) => r.id)).toEqual([b.lease]);
  });

  test('the clock may go back; the rules’ time does not', () => {
    const { h } = longJob('ab', { units: 8 });
    h.wait(60_000);
    const a = ask(h, 'a');
    h.wait(-50_000);
    expect(h.refused({ c: 'expire', lease: a.lease })).toBe('not-due');
    expect(ask(h, 'b').deadline).toBe(a.deadline);
    expect(h.refused(commitCommand('b', a.lease, 'wrong'))).toBe('not-yours');
  });
});
