/** Follows jobs from submission to their end: docs/SPEC.md, section 3, [JB…]. */
import { describe, expect, test } from 'vitest';
import { priceOf, quorumMax, unitsPerChunkMax } from '../../src/core/offer.ts';
import { balanceOf } from '../../src/core/ledger.ts';
import { chunkCostMicro, chunksOf, unitsOf } from '../../src/core/state.ts';
import type { JobSpec } from '../../src/core/state.ts';
import { textMax } from '../../src/core/texts.ts';
import type { JobText } from '../../src/core/texts.ts';
import { ask, commit, commitCommand, house, join, kernel, slotOf, specOf, submit } from './house.ts';

const manyLanguages = Array.from({ length: textMax.languages + 1 }, (_, i): [string, JobText] => [
  `zz-${i}${i}`,
  { title: 'a', cause: 'b' },
]);

describe('[JB1] a job is accepted', () => {
  test.each<[string, Partial<JobSpec>]>([
    ['no units', { units: 0 }],
    ['half a unit', { units: 0.5 }],
    ['units beyond 2^53', { units: 2 ** 53 }],
    ['NaN units', { units: Number.NaN }],
    ['no units in a chunk', { unitsPerChunk: 0 }],
    ['too many units in a chunk', { unitsPerChunk: unitsPerChunkMax + 1 }],
    ['too many chunks', { units: 2 ** 40, unitsPerChunk: 1 }],
    ['a price of nothing', { unitCostMicro: 0 }],
    ['a negative price', { unitCostMicro: -1 }],
    ['a price beyond counting', { units: 2 ** 42, unitsPerChunk: 4096, unitCostMicro: 1e12 }],
    ['no quorum', { policy: { kind: 'replicate', quorum: 0 } }],
    ['too large a quorum', { policy: { kind: 'replicate', quorum: quorumMax + 1 } }],
    ['no certificate', { policy: { kind: 'certify', quorum: 1, certificate: '' } }],
    [
      'a certificate that is no digest',
      { policy: { kind: 'certify', quorum: 1, certificate: 'C'.repeat(64) } },
    ],
    ['no weight', { weight: 0 }],
    ['NaN weight', { weight: Number.NaN }],
    ['no title', { title: ' ' }],
    ['too long a cause', { cause: 'x'.repeat(textMax.cause + 1) }],
    ['texts in no language', { texts: {} }],
    ['texts in too many languages', { texts: Object.fromEntries(manyLanguages) }],
    ['texts in a language of no spelling', { texts: { ZH: { title: '织', cause: '布' } } }],
    ['too long a title in one language', { texts: { zh: { title: '织'.repeat(201), cause: '布' } } }],
    ['no cause in one language', { texts: { zh: { title: '织', cause: '' } } }],
  ])('not with %s', (_, over) => {
    const h = house();
    h.must({ c: 'fund', account: 'r', amountMicro: Number.MAX_SAFE_INTEGER });
    expect(h.refused({ c: 'submit', requester: 'r', spec: { ...specOf(), ...over } })).toBe('bad-job');
  });

  test('when its whole price can be held, and not for one microcredit less', () => {
    const h = house();
    const spec = specOf();
    h.must({ c: 'fund', account: 'r', amountMicro: priceOf(spec) - 1 });
    expect(h.refused({ c: 'submit', requester: 'r', spec })).toBe('insufficient-funds');
    h.must({ c: 'fund', account: 'r', amountMicro: 1 });
    h.must({ c: 'submit', requester: 'r', spec });
    expect([balanceOf(h.state, 'requester:r'), balanceOf(h.state, 'escrow:j1')]).toEqual([
      0n,
      BigInt(priceOf(spec)),
    ]);
  });

  test('with its texts in other languages, and without any as older records are', () => {
    const h = house();
    const texts = { zh: { title: '一件试活', cause: '为了测试' } };
    expect(submit(h, specOf({ texts })).spec.texts).toEqual(texts);
    expect('texts' in submit(h, specOf()).spec).toBe(false);
  });

  test('not for a paused kernel', () => {
    const h = house();
    h.must({ c: 'pauseKernel', kernel, reason: 'wrong bits' });
    h.must({ c: 'fund', account: 'r', amountMicro: 1e9 });
    expect(h.refused({ c: 'submit', requester: 'r', spec: specOf() })).toBe('kernel-paused');
    expect(h.refused({ c: 'pauseKernel', kernel, reason: 'again' })).toBe('already-so');
    h.must({ c: 'resumeKernel', kernel });
    expect(h.refused({ c: 'resumeKernel', kernel })).toBe('already-so');
    h.must({ c: 'submit', requester: 'r', spec: specOf() });
  });
});

test('chunks cover all units once, and their prices add up to the job’s', () => {
  for (const units of [1, 7, 8, 9, 4097])
    for (const unitsPerChunk of [1, 3, 8, 4096]) {
      const spec = specOf({ units, unitsPerChunk, unitCostMicro: 7 });
      let next = 0;
      let price = 0;
      for (let chunk = 0; chunk < chunksOf(spec); chunk++) {
        const [from, to] = unitsOf(spec, chunk);
        expect([from, to > from]).toEqual([next, true]);
        next = to;
        price += chunkCostMicro(spec, chunk) * spec.policy.quorum;
      }
      expect([next, price]).toEqual([units, priceOf(spec)]);
    }
});

describe('[JB2] a job ends', () => {
  test('finished with its last chunk; a lease still out is over', () => {
    const h = house();
    for (const name of 'abc') join(h, name);
    submit(h, specOf({ units: 8 }));
    const [a, b] = [ask(h, 'a'), ask(h, 'b')];
    h.wait(40_000);
    h.must({ c: 'expire', lease: a.lease });
    const c = ask(h, 'c');
    commit(h, 'a', a.lease);
    const last = commit(h, 'b', b.lease).at(-1);
    expect(last).toMatchObject({
      e: 'finished',
      job: 'j1',
      summary: { finalChunks: 1, settledByPeople: 1, settledWithAnchor: 0, disputes: 0 },
    });
    expect([h.state.jobs.size, h.state.leases.size, h.state.replicas.size, h.state.busy.size]).toEqual([
      0, 0, 0, 0,
    ]);
    expect(h.refused(commitCommand('c', c.lease, 'right'))).toBe('unknown-replica');
    expect(h.refused({ c: 'ask', device: 'c', slot: slotOf(), live: new Map() })).toBe('no-job-open');
  });

  test('cancelled: what was settled stays paid, the rest goes back', () => {
    const h = house();
    join(h, 'a');
    join(h, 'b');
    submit(h, specOf({ unitCostMicro: 10 }));
    commit(h, 'a', ask(h, 'a').lease);
    commit(h, 'b', ask(h, 'b').lease);
    ask(h, 'a');
    h.must({ c: 'cancel', job: 'j1' });
    expect([
      balanceOf(h.state, 'escrow:j1'),
      balanceOf(h.state, 'requester:r'),
      balanceOf(h.state, 'vested:A'),
    ]).toEqual([0n, 480n, 80n]);
    expect([h.state.jobs.size, h.state.leases.size, h.state.busy.size]).toEqual([0, 0, 0]);
    expect(h.refused({ c: 'cancel', job: 'j1' })).toBe('unknown-job');
  });
});

describe('[JB3] the job that has had least ÷ weight is served first', () => {
  test('two equal jobs take turns, one of twice the weight gets twice the work', () => {
    for (const weight of [1, 2]) {
      const h = house();
      for (let i = 0; i < 60; i++) join(h, `d${i}`, { account: `P${i}` });
      submit(h, specOf({ units: 4000, policy: { kind: 'replicate', quorum: 1 } }));
      submit(h, specOf({ units: 4000, policy: { kind: 'replicate', quorum: 1 }, weight }));
      const given = { j1: 0, j2: 0 };
      for (let i = 0; i < 60; i++) given[ask(h, `d${i}`).job as 'j1' | 'j2']++;
      expect(given).toEqual(weight === 1 ? { j1: 30, j2: 30 } : { j1: 20, j2: 40 });
    }
  });

  test('a new job enters beside the least, not before all', () => {
    const h = house();
    for (let i = 0; i < 30; i++) join(h, `d${i}`, { account: `P${i}` });
    submit(h, specOf({ units: 4000, policy: { kind: 'replicate', quorum: 1 } }));
    for (let i = 0; i < 10; i++) ask(h, `d${i}`);
    const late = submit(h, specOf({ units: 4000, policy: { kind: 'replicate', quorum: 1 } }));
    expect(late.servedMicro).toBe(10_000_000);
    const given = { j1: 0, j2: 0 };
    for (let i = 10; i < 30; i++) given[ask(h, `d${i}`).job as 'j1' | 'j2']++;
    expect(given).toEqual({ j1: 10, j2: 10 });
  });
});
