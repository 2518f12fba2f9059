/** The loop, rule by rule: what people ask of it, and the log that it remembers. */
import { describe, expect, it } from 'vitest';
import { viewOf } from '../../src/volunteer/loop.ts';
import type { TreeHead } from '../../src/wire/volunteer.ts';
import { asks, commits, Hand, hex, kinds, remembered, returned } from './hand.ts';

describe('people', () => {
  it('pauses at once, asks for nothing, keeps the leases and gives them back after half of their time', () => {
    const hand = new Hand().ready();
    hand.lease(1, { count: 3, deadlineMs: 60_000 });
    hand.quiet();
    expect(hand.on({ on: 'pause' })).toEqual([{ do: 'share', ...hand.engine(0), share: 0 }]);
    expect(viewOf(hand.loop).reason).toEqual({ why: 'paused-by-you' });
    expect(hand.wait(29_000).filter(({ do: what }) => what !== 'signChain')).toEqual([]);
    expect(returned(hand.wait(2_000))).toEqual([{ why: 'paused', replicas: [1, 2, 3] }]);
  });

  it('goes on with the same chunks after a short pause', () => {
    const hand = new Hand().ready();
    hand.lease(1, { count: 3 });
    hand.on({ on: 'pause' });
    hand.wait(5_000);
    expect(kinds(hand.on({ on: 'resume' }))).toEqual(['share']);
    expect(kinds(hand.computed(1))).toContain('commit');
  });

  it('still delivers while paused, and does not ask along', () => {
    const hand = new Hand().ready();
    hand.lease(1);
    hand.on({ on: 'pause' });
    expect(commits(hand.computed(1)).map(({ slots }) => slots)).toEqual([[]]);
  });

  it('finishes: the chunk in work is completed and acknowledged, the rest goes back, the chain is signed', () => {
    const hand = new Hand().ready();
    hand.lease(1, { count: 4 });
    const finish = hand.on({ on: 'finish' });
    expect(returned(finish)).toEqual([{ why: 'finished', replicas: [2, 3, 4] }]);
    expect(kinds(finish)).toContain('cancel');
    expect(hand.loop.phase).toBe('finishing');
    expect(viewOf(hand.loop).reason).toBeNull();
    hand.computed(1);
    expect(hand.loop.phase).toBe('finishing');
    expect(viewOf(hand.loop).reason).toEqual({ why: 'delivering' });
    expect(kinds(hand.receipt([1]))).toEqual(['dropResults', 'endEngine', 'signChain', 'disconnect']);
    expect(viewOf(hand.loop)).toMatchObject({
      phase: 'finished',
      reason: { why: 'finished-by-you' },
      connection: 'none',
    });
  });

  it('does not wait for ever for the last acknowledgement', () => {
    const hand = new Hand().ready();
    hand.lease(1);
    hand.on({ on: 'finish' });
    hand.computed(1);
    hand.wait(30_001);
    expect(hand.loop.phase).toBe('finished');
    expect(hand.loop.unsent.size).toBe(1);
  });

  it('gives everything back when the page closes, in the same step', () => {
    const hand = new Hand().ready();
    hand.lease(1, { count: 2 });
    hand.quiet(0);
    expect(returned(hand.on({ on: 'closing' }))).toEqual([{ why: 'closing', replicas: [1, 2] }]);
    expect(asks(hand.wait(10_000))).toEqual([]);
    expect(asks(hand.on({ on: 'shown' }))).toEqual([0]);
  });

  it('keeps its leases for the next visit when the page closes while nobody can be told', () => {
    const hand = new Hand().ready();
    hand.lease(1, { count: 2 });
    hand.on({ on: 'online', online: false });
    expect(kinds(hand.on({ on: 'closing' }))).toEqual([]);
    expect(hand.loop.leases.size).toBe(1);
  });

  it('gives back what fewer cores will not compute', () => {
    const hand = new Hand().ready(2);
    hand.lease(1, { slot: 1, count: 2 });
    const effects = hand.on({ on: 'configure', settings: { cores: 1 } });
    expect(returned(effects)).toEqual([{ why: 'settings', replicas: [1, 2] }]);
    expect(kinds(effects)).toContain('endEngine');
  });

  it('keeps settings within their bounds', () => {
    const hand = new Hand();
    hand.on({ on: 'configure', settings: { cores: 99, share: 0 } });
    expect(hand.loop.settings).toEqual({ cores: 4, gpu: true, share: 0.1 });
  });
});

describe('the log', () => {
  const head: TreeHead = { size: 10, root: hex('1') };
  const started = (): Hand => {
    const hand = new Hand();
    hand.on({ on: 'start' });
    hand.on({ on: 'prepared', remembered: { ...remembered, head } });
    return hand;
  };

  it('refuses a coordinator whose log has shrunk, or has another root for the same size', () => {
    for (const [told, reason] of [
      [{ size: 9, root: hex('1') }, { why: 'log-shrunk' }],
      [
        { size: 10, root: hex('2') },
        { why: 'refused', code: 'log-rewritten', detail: null },
      ],
    ] as const) {
      const hand = started();
      expect(kinds(hand.challenge(told))).not.toContain('hello');
      expect(viewOf(hand.loop)).toMatchObject({ phase: 'stopped', reason });
    }
  });

  it('has growth proven, remembers only what was proven, and refuses what is contradicted', () => {
    const hand = started();
    const grown: TreeHead = { size: 12, root: hex('3') };
    expect(kinds(hand.challenge(grown))).not.toContain('checkLog');
    expect(kinds(hand.welcome())).not.toContain('checkLog');
    // The line is the first chunk's, for a while.
    expect(hand.wait(5_000)).toContainEqual({ do: 'checkLog', from: head, to: grown });
    expect(kinds(hand.on({ on: 'logChecked', head: grown, verdict: 'unknown' }))).not.toContain('keepHead');
    expect(hand.on({ on: 'logChecked', head: grown, verdict: 'extends' })).toContainEqual({
      do: 'keepHead',
      coordinator: 'C'.repeat(43),
      head: grown,
    });
    hand.on({ on: 'logChecked', head: grown, verdict: 'contradicts' });
    expect(viewOf(hand.loop).reason).toEqual({ why: 'refused', code: 'log-rewritten', detail: null });
  });
});
