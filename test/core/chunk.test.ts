/** Tells the story of a chunk, rule by rule: docs/SPEC.md, section 2. */
import { describe, expect, test } from 'vitest';
import { isRefusal } from '../../src/core/state.ts';
import { replicasMax } from '../../src/core/chunk.ts';
import { has } from '../../src/core/intervals.ts';
import {
  ask,
  chunkOf,
  commit,
  commitCommand,
  connected,
  house,
  join,
  slotOf,
  specOf,
  submit,
} from './house.ts';
import type { House } from './house.ts';
import type { Job } from '../../src/core/state.ts';

/** A house with people a, b, c, … and one job of one chunk. */
function oneChunk(names: string, over: Parameters<typeof specOf>[0] = {}): { h: House; job: Job } {
  const h = house();
  for (const name of names) join(h, name);
  return { h, job: submit(h, specOf({ units: 8, ...over })) };
}

describe('[CH1] a chunk stands in one place', () => {
  test('free, then a record, then final', () => {
    const { h, job } = oneChunk('ab', { units: 16 });
    expect(has(job.free, 0)).toBe(true);
    const first = ask(h, 'a');
    expect([has(job.free, 0), job.chunks.has(0), has(job.final, 0)]).toEqual([false, true, false]);
    const second = ask(h, 'b');
    commit(h, 'a', first.lease);
    commit(h, 'b', second.lease);
    expect([has(job.free, 0), job.chunks.has(0), has(job.final, 0)]).toEqual([false, false, true]);
  });
});

describe('[CH2] one person, one place', () => {
  test('neither the same account, nor another device of it, nor another account of its network is given a place beside it', () => {
    const { h } = oneChunk('a');
    join(h, 'a2', { account: 'A', group: 'elsewhere' });
    join(h, 'n', { group: 'net-a' });
    join(h, 'b');
    ask(h, 'a');
    for (const device of ['a', 'a2', 'n'])
      expect(h.refused({ c: 'ask', device, slot: slotOf(), live: new Map() })).toBe('waiting-for-others');
    expect(ask(h, 'b').chunk).toBe(0);
  });

  test('the empty group is exempt', () => {
    const h = house();
    join(h, 'a', { group: '' });
    join(h, 'b', { group: '' });
    submit(h, specOf({ units: 8 }));
    ask(h, 'a');
    expect(ask(h, 'b').chunk).toBe(0);
  });
});

describe('[CH3] an expired replica', () => {
  test('no longer blocks others, and may still commit while its place is not taken', () => {
    const { h, job } = oneChunk('abc', { quorum: 3 });
    const late = ask(h, 'a');
    h.wait(40_000);
    h.must({ c: 'expire', lease: late.lease });
    join(h, 'n', { group: 'net-a' });
    const neighbour = ask(h, 'n');
    expect(h.refused(commitCommand('a', late.lease, 'right'))).toBe('unknown-replica');
    h.must({ c: 'giveBack', device: 'n', replicas: [neighbour.lease], why: 'closing' });
    commit(h, 'a', late.lease);
    expect(chunkOf(job, 0).replicas.filter((r) => r.phase.is === 'committed')).toHaveLength(1);
  });

  test('is paid like any other when it completes the quorum', () => {
    const { h } = oneChunk('ab');
    const late = ask(h, 'a');
    const other = ask(h, 'b');
    h.wait(40_000);
    h.must({ c: 'expire', lease: late.lease });
    commit(h, 'b', other.lease);
    const events = commit(h, 'a', late.lease);
    expect(events.map((e) => e.e)).toEqual(['committed', 'accepted', 'finished']);
  });
});

describe('[CH4] judging', () => {
  test('two who agree are accepted; one who disagrees loses and is not paid', () => {
    const { h } = oneChunk('abc', { units: 16 });
    const [a, b] = [ask(h, 'a'), ask(h, 'b')];
    expect(commit(h, 'a', a.lease, 'wrong').map((e) => e.e)).toEqual(['committed']);
    expect(commit(h, 'b', b.lease, 'right').map((e) => e.e)).toEqual(['committed']);
    const c = ask(h, 'c');
    const accepted = commit(h, 'c', c.lease, 'right')[1];
    expect(accepted).toMatchObject({
      e: 'accepted',
      root: 'right',
      replica: b.lease,
      losers: [a.lease],
      final: true,
    });
    expect(h.state.accounts.get('A')?.earnedMicro).toBe(0);
  });

  test('an answer that nobody has stored is not accepted, however many back it', () => {
    const { h } = oneChunk('abcd', { units: 16, quorum: 2 });
    const stored = ask(h, 'a');
    commit(h, 'a', stored.lease, 'alone');
    commit(h, 'b', ask(h, 'b').lease, 'many', { stored: false });
    const third = commit(h, 'c', ask(h, 'c').lease, 'many', { stored: false });
    expect(third.map((e) => e.e)).toEqual(['committed']);
    const fourth = commit(h, 'd', ask(h, 'd').lease, 'many', { stored: true });
    expect(fourth[1]).toMatchObject({ e: 'accepted', root: 'many', losers: [stored.lease] });
  });
});

describe('[CH5] wanted', () => {
  test('nobody beyond the quorum is asked while all is well', () => {
    const { h } = oneChunk('abc', { units: 8 });
    ask(h, 'a');
    ask(h, 'b');
    expect(h.refused({ c: 'ask', device: 'c', slot: slotOf(), live: new Map() })).toBe('waiting-for-others');
  });

  test('a disagreement asks for one more', () => {
    const { h } = oneChunk('abc');
    const [a, b] = [ask(h, 'a'), ask(h, 'b')];
    commit(h, 'a', a.lease, 'x');
    commit(h, 'b', b.lease, 'y');
    expect(ask(h, 'c').chunk).toBe(0);
  });
});

describe('[CH6] a GPU beside a tolerance kernel', () => {
  const gpu = slotOf({ backend: 'webgpu' });
  test('may open a chunk, is not second to a GPU, is second to a WASM', () => {
    const { h } = oneChunk('abc', { units: 16, agreement: 'tolerance' });
    expect(ask(h, 'a', gpu).chunk).toBe(0);
    expect(ask(h, 'b', gpu).chunk).toBe(1);
    expect(h.refused({ c: 'ask', device: 'c', slot: gpu, live: new Map() })).toBe('waiting-for-others');
    expect(ask(h, 'c').chunk).toBe(0);
  });

  test('joins no dispute: only a WASM answer can end it', () => {
    const { h } = oneChunk('abcd', { agreement: 'tolerance' });
    const near = ask(h, 'a', gpu);
    const liar = ask(h, 'b');
    commit(h, 'a', near.lease, 'near');
    commit(h, 'b', liar.lease, 'made up');
    expect(h.refused({ c: 'ask', device: 'c', slot: gpu, live: new Map() })).toBe('waiting-for-others');
    const events = commit(h, 'd', ask(h, 'd').lease, 'exact', { agrees: [near.lease] });
    expect(events[1]).toMatchObject({ e: 'accepted', root: 'exact', losers: [liar.lease] });
  });

  test('opens nothing where one answer is enough: it would be a second one', () => {
    const { h } = oneChunk('a', { agreement: 'tolerance', quorum: 1 });
    expect(h.refused({ c: 'ask', device: 'a', slot: gpu, live: new Map() })).toBe('waiting-for-others');
    ask(h, 'a');
  });

  test('is accepted with the WASM answer it was found to agree with', () => {
    const { h } = oneChunk('ab', { agreement: 'tolerance' });
    const fast = ask(h, 'a', gpu);
    const reference = ask(h, 'b');
    commit(h, 'a', fast.lease, 'near');
    const events = commit(h, 'b', reference.lease, 'exact', { agrees: [fast.lease] });
    expect(events[1]).toMatchObject({ e: 'accepted', root: 'exact', replica: reference.lease, losers: [] });
  });
});

describe('[CH7] digests without bytes', () => {
  test('are refused until somebody has stored bytes; then taken under exact whatever they say', () => {
    const { h } = oneChunk('ab', { units: 16 });
    const [a, b] = [ask(h, 'a'), ask(h, 'b')];
    expect(h.refused(commitCommand('a', a.lease, 'right', { stored: false }))).toBe('no-bytes');
    commit(h, 'a', a.lease);
    commit(h, 'b', b.lease, 'other', { stored: false });
  });

  test('under tolerance only for that very root', () => {
    const { h } = oneChunk('abc', { units: 16, agreement: 'tolerance', quorum: 3 });
    const [a, b] = [ask(h, 'a'), ask(h, 'b')];
    commit(h, 'a', a.lease);
    expect(h.refused(commitCommand('b', b.lease, 'other', { stored: false }))).toBe('no-bytes');
    commit(h, 'b', b.lease, 'right', { stored: false });
  });
});

describe('[CH8] committing twice', () => {
  test('the same is one commitment, a different one is refused; neither changes anything', () => {
    const { h } = oneChunk('a');
    const a = ask(h, 'a');
    commit(h, 'a', a.lease);
    expect(h.refused(commitCommand('a', a.lease, 'right'))).toBe('same-commitment');
    expect(h.refused(commitCommand('a', a.lease, 'other'))).toBe('already-committed');
    expect(h.must({ c: 'misdeed', device: 'a', what: 'two commitments', replica: a.lease })).toHaveLength(1);
    expect(h.state.devices.get('a')?.misdeeds).toBe(1);
  });
});

describe('[CH9] what is left of a chunk', () => {
  test('all returned: free again, and the record is gone', () => {
    const { h, job } = oneChunk('ab');
    const [a, b] = [ask(h, 'a'), ask(h, 'b')];
    h.must({ c: 'giveBack', device: 'a', replicas: [a.lease], why: 'closing' });
    expect(job.chunks.has(0)).toBe(true);
    h.must({ c: 'giveBack', device: 'b', replicas: [b.lease], why: 'closing' });
    expect([job.chunks.has(0), has(job.free, 0), h.state.replicas.size, h.state.leases.size]).toEqual([
      false,
      true,
      0,
      0,
    ]);
    expect(h.refused(commitCommand('a', a.lease, 'right'))).toBe('unknown-replica');
  });

  test('one expired: the record stays', () => {
    const { h, job } = oneChunk('ab');
    const [a, b] = [ask(h, 'a'), ask(h, 'b')];
    h.must({ c: 'giveBack', device: 'b', replicas: [b.lease], why: 'closing' });
    h.wait(40_000);
    h.must({ c: 'expire', lease: a.lease });
    expect(chunkOf(job, 0).replicas.map((r) => r.phase.is)).toEqual(['closed', 'closed']);
  });
});

test(`[CH10] with ${replicasMax} answers and no quorum only an anchor may add another`, () => {
  const names = 'abcdefgh';
  const { h } = oneChunk(`${names}i`);
  join(h, 'anchor', { role: 'anchor' });
  for (const name of names) commit(h, name, ask(h, name).lease, `alone ${name}`);
  h.wait(31_000);
  expect(h.refused({ c: 'ask', device: 'i', slot: slotOf(), live: new Map() })).toBe('waiting-for-others');
  const anchored = ask(h, 'anchor', slotOf(), connected(h, 'i'));
  const events = commit(h, 'anchor', anchored.lease, 'alone c');
  expect(events[1]).toMatchObject({ e: 'accepted', root: 'alone c' });
});

test('a committed or foreign replica cannot be moved by others', () => {
  const { h } = oneChunk('ab', { units: 16 });
  const a = ask(h, 'a');
  expect(h.refused(commitCommand('b', a.lease, 'wrong'))).toBe('not-yours');
  expect(h.refused({ c: 'giveBack', device: 'b', replicas: [a.lease], why: 'closing' })).toBe('not-yours');
  expect(h.refused({ c: 'expire', lease: a.lease })).toBe('not-due');
  commit(h, 'a', a.lease);
  expect(isRefusal(h.run({ c: 'giveBack', device: 'a', replicas: [a.lease], why: 'closing' }))).toBe(true);
});
