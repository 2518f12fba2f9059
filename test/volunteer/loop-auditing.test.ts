/** [AU7] Audits in a test's hands: they come as words, go before further chunks, and end in an answer or on their way back. */
import { describe, expect, it } from 'vitest';
import type { LoopEffect } from '../../src/volunteer/loop.ts';
import { viewOf } from '../../src/volunteer/loop.ts';
import { limits } from '../../src/wire/version.ts';
import { Hand, hex, job, kinds, remembered } from './hand.ts';

const units = [3, 4, 70];

class Auditor extends Hand {
  audit(audit: number, over: { job?: string; units?: number[]; limitMs?: number } = {}): LoopEffect[] {
    return this.word({ t: 'audit', audit, job: 'j1', units, limitMs: 60_000, ...over });
  }

  recomputed(audit: number, slot = 0, outputBytes = 48): LoopEffect[] {
    return this.on({ on: 'recomputed', ...this.engine(slot), audit, outputBytes });
  }

  audited(audit: number, became: 'counted' | 'gone', amountMicro = 150_000): LoopEffect[] {
    return this.word({ t: 'audited', audit, became, amountMicro });
  }
}

const back = (effects: readonly LoopEffect[]): number[] =>
  effects.flatMap((effect) =>
    effect.do === 'send' && effect.word.t === 'returnAudits' ? effect.word.audits : [],
  );
const ready = (cores = 1): Auditor => new Auditor().ready(cores);

describe('an audit', () => {
  it('is recomputed on a core that has the job, answered at once, and shown when it counted', () => {
    const hand = ready();
    expect(hand.audit(9)).toEqual([{ do: 'recompute', ...hand.engine(0), audit: 9, job: 'j1', units }]);
    const at = viewOf(hand.loop);
    expect(at.workers[0]).toMatchObject({ state: 'computing', auditing: 3, chunk: null });
    expect(at.reason).toBeNull();
    const { link } = hand.loop;
    expect(hand.recomputed(9)).toContainEqual({
      do: 'answerAudit',
      socket: 'socket' in link ? link.socket : -1,
      audit: 9,
    });
    expect(viewOf(hand.loop).checked).toEqual({ audits: 0, units: 0, amountMicro: 0 });
    hand.audited(9, 'counted');
    expect(viewOf(hand.loop).checked).toEqual({ audits: 1, units: 3, amountMicro: 150_000 });
    // The balance is told by itself.
    expect(viewOf(hand.loop).credit).toEqual({ pendingMicro: 0, vestedMicro: 7, sessionMicro: 150_000 });
    // Told twice, counted once; and its units are no units of ours.
    hand.audited(9, 'counted');
    expect(viewOf(hand.loop)).toMatchObject({ checked: { audits: 1, units: 3 }, units: 0 });
  });

  it('goes to the engine before further chunks, and to a core that is idle before one that is not', () => {
    const hand = ready();
    hand.lease(10, { count: 3 });
    const effects = hand.on({
      on: 'word',
      socket: 1,
      word: { t: 'audit', audit: 9, job: 'j1', units, limitMs: 60_000 },
    });
    expect(kinds(effects)).toEqual(['recompute']);
    const done = hand.computed(10);
    expect(kinds(done)).toContain('run');

    const two = ready(2);
    two.lease(10, { slot: 0, count: 2 });
    expect(two.audit(9)).toMatchObject([{ do: 'recompute', slot: 1 }]);
    expect(two.audit(10)).toMatchObject([{ do: 'recompute', slot: 0 }]);
  });

  it('is never a graphics processor’s', () => {
    const hand = new Auditor({ webgpu: true });
    hand.ready();
    hand.lease(10);
    hand.computed(10);
    hand.receipt([10]);
    hand.on({ on: 'engineStarted', ...hand.engine(256), software: false, name: 'gpu' });
    const code = { kernel: job.kernel, wasm: job.wasm, wgsl: job.wgsl };
    hand.on({ on: 'tested', ...hand.engine(256), code, fault: null });
    hand.on({ on: 'loaded', ...hand.engine(256), job: 'j1' });
    hand.lease(20, { count: 4 });
    expect(hand.audit(9).filter((effect) => effect.do === 'recompute')).toMatchObject([{ slot: 0 }]);
    hand.on({ on: 'lost', ...hand.engine(0), loss: 'died', detail: '' });
    expect(back(hand.audit(11))).toEqual([11]);
  });

  it('brings a job that is not here yet, and goes back where that is none, or cannot be computed', () => {
    const hand = ready();
    hand.lease(1);
    hand.computed(1);
    hand.receipt([1]);
    const other = { ...job, job: 'j2', input: hex('e') };
    hand.word({ t: 'news', jobs: [job, other] });
    expect(back(hand.audit(10, { job: 'j7' }))).toEqual([10]);
    hand.on({ on: 'blob', digest: other.input, fault: null });
    // Of many open jobs an input is fetched only when something is to be done with it.
    const far = { ...job, job: 'j9', input: hex('9') };
    const jobs = [job, other, far];
    expect(kinds(hand.word({ t: 'news', jobs }))).not.toContain('fetchBlob');
    const wanted = hand.audit(9, { job: 'j9' });
    expect(wanted).toContainEqual({ do: 'fetchBlob', digest: far.input });
    expect(kinds(hand.on({ on: 'blob', digest: far.input, fault: null }))).toContain('load');
    expect(hand.on({ on: 'loaded', ...hand.engine(0), job: 'j9' })).toMatchObject([
      { do: 'recompute', audit: 9, job: 'j9' },
    ]);
    hand.recomputed(9);
    const third = { ...job, job: 'j3' };
    hand.word({ t: 'news', jobs: [job, other, far, third] });
    expect(kinds(hand.audit(11, { job: 'j3' }))).toEqual(['load']);
    expect(hand.loop.slots.get(0)?.jobs.get('j3')).toBe('loading');
    const lease = { lease: 50, job: 'j3', chunk: 0, count: 1, deadlineMs: 60_000, bytes: true };
    hand.word({ t: 'lease', slot: 0, ...lease });
    // It goes before the chunk.
    expect(hand.on({ on: 'loaded', ...hand.engine(0), job: 'j3' })).toMatchObject([
      { do: 'recompute', audit: 11, job: 'j3' },
      { do: 'run', replica: 50 },
    ]);
    hand.on({
      on: 'failed',
      ...hand.engine(0),
      what: { call: 'load', job: 'j9' },
      fault: 'input',
      detail: '',
    });
    expect(back(hand.audit(12, { job: 'j9' }))).toEqual([12]);
  });

  it('told twice is made once', () => {
    const hand = ready();
    hand.audit(9);
    expect(hand.audit(9)).toEqual([]);
  });
});

describe('an audit goes back', () => {
  const gone: readonly [string, (hand: Auditor) => LoopEffect[]][] = [
    ['when the person pauses', (hand) => hand.on({ on: 'pause' })],
    ['when the person finishes', (hand) => hand.on({ on: 'finish' })],
    ['when the page goes', (hand) => hand.on({ on: 'closing' })],
    ['when it is left', (hand) => hand.on({ on: 'leave' })],
    ['when its time is up', (hand) => (hand.quiet(), hand.wait(60_000))],
    ['when its job is over', (hand) => hand.word({ t: 'news', jobs: [] })],
    ['when its engine ends', (hand) => hand.on({ on: 'lost', ...hand.engine(0), loss: 'died', detail: '' })],
    [
      'when the kernel traps',
      (hand) =>
        hand.on({
          on: 'failed',
          ...hand.engine(0),
          what: { call: 'recompute', audit: 9 },
          fault: 'trap',
          detail: '',
        }),
    ],
    ['when no frame can carry it', (hand) => hand.recomputed(9, 0, limits.frameBytesMax)],
  ];
  it.each(gone)('%s', (_, act) => {
    const hand = ready();
    hand.audit(9);
    const effects = act(hand);
    expect(back(effects)).toEqual([9]);
    expect(hand.loop.audits.held.size).toBe(0);
    expect(viewOf(hand.loop).workers.every(({ auditing }) => auditing === 0)).toBe(true);
    // What its engine still says of it is nobody's.
    const late = hand.recomputed(9);
    expect(kinds(late)).not.toContain('answerAudit');
  });

  it('to be given again where its answer was refused', () => {
    const hand = ready();
    hand.audit(9);
    hand.recomputed(9);
    hand.word({ t: 'refusal', about: 'audit', reason: 'malformed' });
    expect(kinds(hand.audit(9))).toEqual(['recompute']);
    hand.recomputed(9);
    hand.audited(9, 'counted');
    expect(viewOf(hand.loop).checked.audits).toBe(1);
  });

  it('where it comes while nothing is computed, and the run is given up where one goes on', () => {
    const hand = ready();
    hand.audit(9);
    expect(hand.on({ on: 'pause' })).toContainEqual({ do: 'cancelAudit', ...hand.engine(0), audit: 9 });
    expect(back(hand.audit(10))).toEqual([10]);
    hand.on({ on: 'resume' });
    expect(kinds(hand.audit(11))).toEqual(['recompute']);
  });

  it('when the core is taken away, while another goes on with its own', () => {
    const hand = ready(2);
    hand.lease(10, { slot: 0, count: 2 });
    hand.audit(9);
    expect(back(hand.on({ on: 'configure', settings: { cores: 1 } }))).toEqual([9]);
    expect(hand.loop.held.size).toBe(2);
  });
});

describe('with its connection an audit is lost', () => {
  it('and nothing of it is said over the next', () => {
    const hand = ready();
    hand.audit(9);
    hand.audit(10);
    hand.recomputed(10);
    const { link } = hand.loop;
    const lost = hand.on({
      on: 'socketClosed',
      socket: 'socket' in link ? link.socket : -1,
      detail: '',
    });
    expect(lost).toContainEqual({ do: 'cancelAudit', ...hand.engine(0), audit: 9 });
    const all = hand.wait(60_000);
    hand.challenge();
    hand.welcome();
    expect(back([...lost, ...all, ...hand.last])).toEqual([]);
    expect(hand.recomputed(9)).toContainEqual({ do: 'dropAnswer', audit: 9 });
    hand.audited(10, 'counted');
    expect(viewOf(hand.loop).checked.audits).toBe(0);
  });

  it('and what is gone at the coordinator is given up here, too', () => {
    const hand = ready();
    hand.audit(9);
    expect(hand.audited(9, 'gone')).toContainEqual({ do: 'cancelAudit', ...hand.engine(0), audit: 9 });
    expect(hand.loop.audits.held.size).toBe(0);
  });

  it('and none is remembered', () => {
    const hand = ready();
    hand.audit(9);
    const fresh = new Auditor();
    fresh.on({ on: 'start' });
    fresh.on({ on: 'prepared', remembered });
    expect(fresh.loop.audits.held.size).toBe(0);
  });
});
