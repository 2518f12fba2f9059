/** How a visit begins: one job alone until its first chunk is acknowledged, so that nothing stands in its way. */
import { describe, expect, it } from 'vitest';
import { proofKey } from '../../src/volunteer/loop/code.ts';
import { openJobs } from '../../src/volunteer/jobs.ts';
import type { LoopEffect } from '../../src/volunteer/loop.ts';
import type { JobDescriptor } from '../../src/wire/volunteer.ts';
import { asks, Hand, hex, job, kinds, remembered } from './hand.ts';

const other: JobDescriptor = {
  ...job,
  job: 'j2',
  kernel: 'mix@1',
  wasm: hex('1'),
  wgsl: null,
  input: hex('2'),
};
const both = [job, other];

const fetched = (effects: readonly LoopEffect[]): string[] =>
  effects.flatMap((effect) => (effect.do === 'fetchBlob' ? [effect.digest] : []));
const tested = (effects: readonly LoopEffect[]): string[] =>
  effects.flatMap((effect) => (effect.do === 'selfTest' ? [effect.code.kernel] : []));

/** Up to the first ask, with two jobs open; the last effects are those of the self-test's answer. */
function begun(): Hand {
  const hand = new Hand();
  hand.on({ on: 'configure', settings: { cores: 1 } });
  hand.on({ on: 'start' });
  hand.on({ on: 'prepared', remembered });
  hand.on({ on: 'engineStarted', ...hand.engine(0), software: false, name: '' });
  expect(fetched(hand.on({ on: 'jobs', jobs: both }))).toEqual([job.wasm, job.input]);
  // The coordinator's own order is another; what was begun with stays.
  hand.challenge();
  expect(fetched(hand.welcome([], both.toReversed()))).toEqual([]);
  expect(tested(hand.on({ on: 'blob', digest: job.wasm, fault: null }))).toEqual([job.kernel]);
  hand.on({ on: 'blob', digest: job.input, fault: null });
  hand.on({
    on: 'tested',
    ...hand.engine(0),
    code: { kernel: job.kernel, wasm: job.wasm, wgsl: null },
    fault: null,
  });
  return hand;
}

describe('a visit', () => {
  it('begins with one job: the others are neither fetched nor proven until its first chunk is acknowledged', () => {
    const hand = begun();
    expect(asks(hand.last)).toEqual([0]);
    expect(tested(hand.last)).toEqual([]);
    hand.on({ on: 'loaded', ...hand.engine(0), job: 'j1' });
    expect(fetched(hand.lease(1))).toEqual([]);
    expect(fetched(hand.computed(1))).toEqual([]);
    expect(fetched(hand.receipt([1]))).toEqual([other.wasm, other.input]);
    expect(tested(hand.on({ on: 'blob', digest: other.wasm, fault: null }))).toEqual([other.kernel]);
  });

  it('waits no longer than five seconds for that', () => {
    const hand = begun();
    hand.on({ on: 'loaded', ...hand.engine(0), job: 'j1' });
    hand.lease(1);
    expect(fetched(hand.wait(4_900))).toEqual([]);
    expect(fetched(hand.wait(200))).toEqual([other.wasm, other.input]);
  });

  it('turns to the others at once when there is no work in the first', () => {
    const hand = begun();
    const word = { t: 'refusal', about: 'ask', slot: 0, reason: 'waiting-for-others' } as const;
    expect(fetched(hand.word(word))).toEqual([other.wasm, other.input]);
  });

  it('turns to the others at once when the first cannot be fetched, or is computed wrongly', () => {
    const unfetched = new Hand();
    unfetched.on({ on: 'start' });
    unfetched.on({ on: 'jobs', jobs: both });
    expect(fetched(unfetched.on({ on: 'blob', digest: job.input, fault: 'HTTP 404' }))).toEqual([
      other.wasm,
      other.input,
    ]);
    const hand = new Hand();
    hand.on({ on: 'configure', settings: { cores: 1 } });
    hand.on({ on: 'start' });
    hand.on({ on: 'engineStarted', ...hand.engine(0), software: false, name: '' });
    hand.on({ on: 'jobs', jobs: both });
    hand.on({ on: 'blob', digest: job.wasm, fault: null });
    const code = { kernel: job.kernel, wasm: job.wasm, wgsl: null };
    expect(fetched(hand.on({ on: 'tested', ...hand.engine(0), code, fault: 'v1: 00' }))).toEqual([
      other.wasm,
      other.input,
    ]);
  });

  const lease = (id: number, count: number) => ({
    lease: id,
    slot: 0,
    job: 'j2',
    chunk: id,
    count,
    done: 0,
    bytes: true,
    grantedAt: 900_000,
    deadlineAt: 1_100_000,
  });
  /** Up to where the kernel of the first job is proven, with leases of the other job from an earlier visit. */
  const left = (...leases: ReturnType<typeof lease>[]): Hand => {
    const hand = new Hand();
    hand.on({ on: 'configure', settings: { cores: 1 } });
    hand.on({ on: 'start' });
    hand.on({ on: 'engineStarted', ...hand.engine(0), software: false, name: '' });
    hand.on({ on: 'prepared', remembered: { ...remembered, leases } });
    expect(fetched(hand.on({ on: 'jobs', jobs: both }))).toEqual([job.wasm, job.input]);
    for (const digest of [job.wasm, job.input]) hand.on({ on: 'blob', digest, fault: null });
    hand.on({
      on: 'tested',
      ...hand.engine(0),
      code: { kernel: job.kernel, wasm: job.wasm, wgsl: null },
      fault: null,
    });
    hand.on({ on: 'loaded', ...hand.engine(0), job: 'j1' });
    hand.challenge();
    return hand;
  };

  it('asks for what it can begin with, while a lease that an earlier visit left waits for its bytes', () => {
    const hand = left(lease(20, 9));
    const effects = hand.welcome([20, 21, 22, 23, 24, 25, 26, 27, 28], both);
    expect(fetched(effects)).toEqual([]);
    expect(asks(effects)).toEqual([0]);
    expect(kinds(hand.lease(1))).toContain('run');
    hand.computed(1);
    expect(fetched(hand.receipt([1]))).toEqual([other.wasm, other.input]);
  });

  it('turns to what it was leased at once when it may be leased no more', () => {
    expect(fetched(left(lease(20, 1), lease(30, 1)).welcome([20, 30], both))).toEqual([
      other.wasm,
      other.input,
    ]);
  });

  it('is at its beginning until a chunk of its own is acknowledged, whatever an earlier one left in the outbox', () => {
    const result = {
      replica: 1,
      job: 'j2',
      chunk: 0,
      root: hex('d'),
      digestBytes: 80,
      outputBytes: 160,
      units: 10,
      bytes: true,
    };
    const hand = new Hand();
    hand.on({ on: 'configure', settings: { cores: 1 } });
    hand.on({ on: 'start' });
    hand.on({ on: 'engineStarted', ...hand.engine(0), software: false, name: '' });
    hand.on({ on: 'prepared', remembered: { ...remembered, results: [result] } });
    hand.on({ on: 'jobs', jobs: both });
    hand.challenge();
    hand.welcome([1], both);
    expect(fetched(hand.receipt([1]))).toEqual([]);
    for (const digest of [job.wasm, job.input]) hand.on({ on: 'blob', digest, fault: null });
    const code = { kernel: job.kernel, wasm: job.wasm, wgsl: null };
    hand.on({ on: 'tested', ...hand.engine(0), code, fault: null });
    hand.on({ on: 'loaded', ...hand.engine(0), job: 'j1' });
    hand.lease(2);
    expect(fetched(hand.computed(2))).toEqual([]);
    expect(fetched(hand.receipt([2]))).toEqual([other.wasm, other.input]);
  });

  it('[WR14] of somebody who has proven both kernels before asks with its welcome, for what it begins with alone, and tests nothing', () => {
    const first = begun();
    const proven = first.last.flatMap((effect) => (effect.do === 'keepProof' ? [effect.program] : []));
    expect(proven).toHaveLength(1);
    const hand = new Hand();
    hand.on({ on: 'configure', settings: { cores: 1 } });
    const code = { kernel: other.kernel, wasm: other.wasm, wgsl: null };
    hand.on({ on: 'start', proven: [...proven, proofKey('wasm', code)] });
    hand.on({ on: 'prepared', remembered });
    hand.on({ on: 'engineStarted', ...hand.engine(0), software: false, name: '' });
    hand.on({ on: 'jobs', jobs: both });
    hand.challenge();
    const effects = hand.welcome([], both);
    const slots = effects.flatMap((e) => (e.do === 'send' && e.word.t === 'ask' ? e.word.slots : []));
    expect(slots.map(({ rates }) => Object.keys(rates))).toEqual([[job.kernel]]);
    hand.lease(1);
    expect(tested(hand.on({ on: 'blob', digest: job.wasm, fault: null }))).toEqual([]);
    expect(kinds(hand.on({ on: 'blob', digest: job.input, fault: null }))).toEqual(['load']);
    expect(kinds(hand.on({ on: 'loaded', ...hand.engine(0), job: 'j1' }))).toContain('run');
    hand.computed(1);
    hand.receipt([1]);
    expect(tested(hand.on({ on: 'blob', digest: other.wasm, fault: null }))).toEqual([]);
  });

  it('[WR14] forgets what was proven when a test fails, and when an answer was found wrong', () => {
    const hand = begun();
    const code = { kernel: job.kernel, wasm: job.wasm, wgsl: null };
    expect(kinds(hand.on({ on: 'tested', ...hand.engine(0), code, fault: 'v1: 00' }))).toContain(
      'dropProofs',
    );
    const judged = hand.word({
      t: 'judged',
      ...{ backend: 'wasm', consequence: 'suspend', job: 'j1', chunk: 0 },
      ...{ wrong: [3], right: ['00'], untilMs: null },
    });
    expect(kinds(judged)).toContain('dropProofs');
  });

  it('begins with the job whose input is the shortest, where HTTP says how long they are', () => {
    const view = { state: 'open', title: 'further fields are no trouble' };
    const jobs = [
      { ...job, ...view, inputBytes: 142_000 },
      { ...other, ...view, inputBytes: 24 },
    ];
    expect(openJobs({ jobs })?.map((open) => open.job)).toEqual(['j2', 'j1']);
  });
});
