/** Follows leases from asking to deadline: docs/SPEC.md, section 3, [LS…], and the bounds of the schedule. */
import { describe, expect, test } from 'vitest';
import {
  anchorAfterMs,
  anchorAnywayMs,
  deadlineMsMax,
  deadlineMsMin,
  deadlineMsMinAtEnd,
  leaseChunksMax,
  leasesPerSlotMax,
  leaseTargetMs,
  retakeAfterMs,
  waitingForReferenceMax,
} from '../../src/core/schedule.ts';
import {
  ask,
  chunkOf,
  commit,
  commitCommand,
  connected,
  house,
  join,
  kernel,
  longJob,
  nobody,
  slotOf,
  specOf,
  submit,
  withRecord,
} from './house.ts';
import type { Job } from '../../src/core/state.ts';

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
    const counts = ['a', 'b', 'c', 'd'].map(
      (name) => ask(h, name, slotOf({ rates: { [kernel]: 1_000_000 } })).count,
    );
    expect(counts).toEqual([5, 2, 1, 1]);
  });

  test('where what is left includes what waits for a second person', () => {
    const { h } = longJob('ab', { units: 80 });
    expect([ask(h, 'a').count, ask(h, 'b').count]).toEqual([10, 3]);
  });
});

describe('[LS1] nobody hoards', () => {
  test('a slot holds at most two leases; another slot of the device may still ask', () => {
    const { h } = longJob('a', { quorum: 1 });
    for (let i = 0; i < leasesPerSlotMax; i++) ask(h, 'a');
    expect(h.refused({ c: 'ask', device: 'a', slot: slotOf(), live: nobody })).toBe('holding-enough');
    const other = ask(h, 'a', slotOf({ slot: 1 }));
    h.must({
      c: 'giveBack',
      device: 'a',
      replicas: Array.from({ length: other.lease - 1 }, (_, i) => i + 1),
      why: 'settings',
    });
    ask(h, 'a');
  });

  test('no lease is longer than its bound, however fast a slot claims to be', () => {
    const { h } = longJob('a', { units: 8_000_000, quorum: 1 });
    withRecord(h, 'a', 1e9);
    expect(ask(h, 'a', slotOf({ rates: { [kernel]: 1_000_000_000 } })).count).toBe(leaseChunksMax);
  });
});

describe('[LS7] the last chunks', () => {
  const slow = slotOf({ rates: { [kernel]: 10 } });
  test('are left to faster people for half of the time that the slow one would need, then not', () => {
    const { h } = longJob('ab', { units: 16, quorum: 1 });
    ask(h, 'a');
    expect(h.refused({ c: 'ask', device: 'b', slot: slow, live: nobody })).toBe('waiting-for-others');
    h.wait(49_999);
    expect(h.refused({ c: 'ask', device: 'b', slot: slow, live: nobody })).toBe('waiting-for-others');
    h.wait(1);
    expect(ask(h, 'b', slow).chunk).toBe(1);
  });

  test('counted from when others last took one', () => {
    const { h } = longJob('ab', { units: 16, quorum: 1 });
    h.wait(60_000);
    ask(h, 'a');
    expect(h.refused({ c: 'ask', device: 'b', slot: slow, live: nobody })).toBe('waiting-for-others');
  });

  test('an anchor, however slow, waits no longer than its 30 s', () => {
    const { h } = longJob('a', { units: 8 });
    join(h, 'z', { account: 'anchor', role: 'anchor' });
    ask(h, 'a');
    h.wait(anchorAfterMs);
    expect(ask(h, 'z', slow, nobody).chunk).toBe(0);
  });

  test('a chunk that waits for a second person is left likewise', () => {
    const { h } = longJob('ab', { units: 8 });
    ask(h, 'a');
    h.wait(49_999);
    expect(h.refused({ c: 'ask', device: 'b', slot: slow, live: nobody })).toBe('waiting-for-others');
    h.wait(1);
    expect(ask(h, 'b', slow).chunk).toBe(0);
  });

  test('a slow device that is alone takes them at once, and one that is not slow too', () => {
    const alone = longJob('b', { units: 8, quorum: 1 });
    expect(ask(alone.h, 'b', slow).chunk).toBe(0);
    const { h } = longJob('ab', { units: 80_000, quorum: 1 });
    ask(h, 'a');
    ask(h, 'b', slow);
  });
});

describe('[LS8] whose lease ran out', () => {
  test('gets that chunk again only when nobody else took it for a minute', () => {
    const { h } = longJob('a', { units: 8 });
    const first = ask(h, 'a');
    h.wait(first.deadline - h.now());
    h.must({ c: 'expire', lease: first.lease });
    expect(chunkOf(h.state.jobs.get('j1') as Job, 0).since).toBeLessThan(h.now());
    // It began to want a second person when it was leased, ten seconds ago.
    h.wait(retakeAfterMs - 10_000 - 1);
    expect(h.refused({ c: 'ask', device: 'a', slot: slotOf(), live: nobody })).toBe('waiting-for-others');
    h.wait(1);
    expect(ask(h, 'a').chunk).toBe(0);
  });

  test('does not keep the anchor away by being connected', () => {
    const { h } = longJob('a', { units: 8 });
    join(h, 'z', { account: 'anchor', role: 'anchor' });
    const first = ask(h, 'a');
    h.wait(first.deadline - h.now());
    h.must({ c: 'expire', lease: first.lease });
    h.wait(anchorAfterMs);
    expect(ask(h, 'z', slotOf(), connected(h, 'a')).chunk).toBe(0);
  });

  test('what people leave lying for five minutes is the anchor’s, whoever is connected', () => {
    const { h } = longJob('ab', { units: 8 });
    join(h, 'z', { account: 'anchor', role: 'anchor' });
    ask(h, 'a');
    const live = connected(h, 'ab');
    h.wait(anchorAnywayMs - 1);
    expect(h.refused({ c: 'ask', device: 'z', slot: slotOf(), live })).toBe('waiting-for-others');
    h.wait(1);
    expect(ask(h, 'z', slotOf(), live).chunk).toBe(0);
  });

  test('and so is what somebody let run out, five minutes after it was opened', () => {
    const { h, job } = longJob('abc', { units: 8 });
    join(h, 'z', { account: 'anchor', role: 'anchor' });
    commit(h, 'a', ask(h, 'a').lease);
    h.wait(anchorAnywayMs - 60_000);
    const slow = ask(h, 'b');
    const live = connected(h, 'abc');
    h.wait(slow.deadline - h.now());
    h.must({ c: 'expire', lease: slow.lease });
    h.wait(anchorAnywayMs - (h.now() - chunkOf(job, 0).openedAt) - 1);
    expect(h.refused({ c: 'ask', device: 'z', slot: slotOf(), live })).toBe('waiting-for-others');
    h.wait(1);
    expect(ask(h, 'z', slotOf(), live).chunk).toBe(0);
  });

  test('but not what was opened long ago and is wanted again only now: people take it', () => {
    const { h } = longJob('abc', { units: 8 });
    join(h, 'z', { account: 'anchor', role: 'anchor' });
    commit(h, 'a', ask(h, 'a').lease);
    const { lease } = ask(h, 'b', slotOf({ rates: { [kernel]: 10 } }));
    // It is computed for long, and then given back: wanted again from this moment on.
    h.wait(anchorAnywayMs - 1);
    h.must({ c: 'giveBack', device: 'b', replicas: [lease], why: 'settings' });
    h.wait(1_000);
    const live = connected(h, 'abc');
    expect(h.refused({ c: 'ask', device: 'z', slot: slotOf(), live })).toBe('waiting-for-others');
    expect(ask(h, 'c').chunk).toBe(0);
  });
});

test('[LS3] chunks of one’s own network do not hide those of others, however many they are', () => {
  const { h } = longJob('abn', { units: 80_000, agreement: 'tolerance' });
  h.must({ c: 'join', device: 'n', account: 'N', site: null, group: 'net-a', role: 'volunteer' });
  // Two GPUs open chunks, which wait for a WASM answer; the network of the first is that of whoever comes now.
  const gpu = slotOf({ backend: 'webgpu', rates: { [kernel]: 10_000 } });
  expect(ask(h, 'a', gpu).count).toBeGreaterThan(64);
  const second = ask(h, 'b', gpu);
  expect(ask(h, 'n').chunk).toBe(second.chunk);
});

test('a GPU opens no more chunks of a tolerance job than 512 that wait for their reference', () => {
  const { h, job } = longJob('ab', { units: 80_000, agreement: 'tolerance' });
  const gpu = slotOf({ backend: 'webgpu', rates: { [kernel]: 100_000_000 } });
  expect(ask(h, 'a', gpu).count).toBeGreaterThan(waitingForReferenceMax);
  expect(h.refused({ c: 'ask', device: 'b', slot: gpu, live: nobody })).toBe('waiting-for-others');
  expect(ask(h, 'b', slotOf({ rates: { [kernel]: 100_000_000 } })).chunk).toBe(0);
  expect(job.chunks.size).toBeGreaterThan(waitingForReferenceMax);
});

describe('[LS2] a deadline', () => {
  test.each([
    [1000, 60_000],
    [250, 48_000],
    [100, 40_000],
    [2, deadlineMsMax],
    [1, deadlineMsMax],
  ])('at a speed of %i thousandths is %i ms away while work abounds', (rateMilli, ms) => {
    const { h } = longJob('a');
    const lease = ask(h, 'a', slotOf({ rates: { [kernel]: rateMilli } }));
    expect(lease.deadline - h.now()).toBe(ms);
  });

  test('counts what the slot has still to compute: a lease ahead begins later', () => {
    const { h } = longJob('a');
    const first = ask(h, 'a');
    const second = ask(h, 'a');
    expect(second.deadline - h.now()).toBe(120_000);
    for (let i = 0; i < first.count; i++) commit(h, 'a', first.lease + i);
    for (let i = 0; i < second.count - 1; i++) commit(h, 'a', second.lease + i);
    expect(ask(h, 'a').deadline - h.now()).toBe(64_000);
  });

  test('is never nearer than 30 s while work abounds, and 10 s at the end', () => {
    const many = longJob('a', { units: 8_000_000 });
    withRecord(many.h, 'a', 1);
    expect(ask(many.h, 'a').deadline - many.h.now()).toBe(deadlineMsMin);
    const { h } = longJob('a', { units: 8 });
    expect(ask(h, 'a').deadline - h.now()).toBe(deadlineMsMinAtEnd);
  });

  test('is never hurried for a device that has committed nothing: its speed may be a guess', () => {
    const { h } = longJob('b', { units: 8 });
    join(h, 'a');
    expect(ask(h, 'a').deadline - h.now()).toBe(deadlineMsMin);
  });

  test('is twice the expected time where the job would be over sooner than four times', () => {
    const { h } = longJob('a', { units: 80, quorum: 1 });
    const { count, deadline } = ask(h, 'a', slotOf({ rates: { [kernel]: 100 } }));
    expect([count, deadline - h.now()]).toEqual([1, 40_000]);
    const short = longJob('a', { units: 8, quorum: 1 });
    expect(ask(short.h, 'a', slotOf({ rates: { [kernel]: 100 } })).deadline - short.h.now()).toBe(20_000);
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
    expect(
      h.refused({ c: 'join', device: 'a', account: 'A', site: 'fair', group: 'train', role: 'volunteer' }),
    ).toBe('already-so');
    expect(
      h.refused({ c: 'join', device: 'a', account: 'B', site: null, group: 'net-a', role: 'volunteer' }),
    ).toBe('not-yours');
    commit(h, 'a', lease);
  });
});

test('[LS3] what waits for another person comes before what is free', () => {
  const { h } = longJob('abc');
  const first = ask(h, 'a');
  expect(ask(h, 'b')).toMatchObject({ chunk: first.chunk, count: first.count });
  expect(ask(h, 'c').chunk).toBe(first.chunk + first.count);
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
    expect(
      h.refused({ c: 'ask', device: 'a', slot: slotOf({ rates: { 'other@1': 5 } }), live: nobody }),
    ).toBe('nothing-for-this-device');
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
    expect(h.state.at).toBe(h.now() + 50_000);
    expect(h.refused(commitCommand('b', a.lease, 'wrong'))).toBe('not-yours');
  });
});
