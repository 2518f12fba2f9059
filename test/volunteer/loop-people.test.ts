/** The loop, rule by rule: what people ask of it, and the log that it remembers. */
import { describe, expect, it } from 'vitest';
import { viewOf } from '../../src/volunteer/loop.ts';
import type { LoopEffect } from '../../src/volunteer/loop.ts';
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

  it('gives back at once what it had asked for before the pause, and asks anew when it goes on', () => {
    const hand = new Hand().ready();
    hand.on({ on: 'pause' });
    expect(returned(hand.lease(1, { count: 3 }))).toEqual([{ why: 'paused', replicas: [1, 2, 3] }]);
    expect(asks(hand.wait(60_000))).toEqual([]);
    expect(asks(hand.on({ on: 'resume' }))).toHaveLength(1);
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
    expect(kinds(hand.receipt([1]))).toEqual([
      'keepDurable',
      'giveBack',
      'endEngine',
      'signChain',
      'disconnect',
    ]);
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
    expect(returned(hand.on({ on: 'closing' }))).toEqual([{ why: 'closing', replicas: [], keeps: [] }]);
    expect(hand.loop.held.size).toBe(0);
    expect(asks(hand.wait(10_000))).toEqual([]);
    expect(asks(hand.on({ on: 'shown' }))).toEqual([0]);
  });

  it('[WR13] says what it keeps when it goes, so that what it never heard of comes back too', () => {
    for (const [on, why] of [
      ['closing', 'closing'],
      ['leave', 'finished'],
    ] as const) {
      const hand = new Hand().ready();
      expect(asks(hand.last)).toEqual([0]);
      hand.lease(1, { count: 3 });
      // Its result is on its way, and with it the next ask.
      expect(commits(hand.computed(1))).toHaveLength(1);
      expect(returned(hand.on({ on }))).toEqual([{ why, replicas: [], keeps: [1] }]);
      expect(hand.loop.unsent.size).toBe(1);
    }
  });

  it('[WR13] sends what is computed and still gathers company, when the page closes', () => {
    const hand = new Hand().ready();
    hand.lease(1, { count: 3 });
    expect(commits(hand.computed(1))).toHaveLength(1);
    hand.quiet();
    expect(commits(hand.computed(2))).toEqual([]);
    const effects = hand.on({ on: 'closing' });
    expect(returned(effects)).toEqual([{ why: 'closing', replicas: [], keeps: [1, 2] }]);
    expect(commits(effects).map(({ items, slots }) => [items, slots])).toEqual([
      [[{ replica: 2, bytes: true }], []],
    ]);
  });

  it('[WR13] gives back nothing where another tab of ours goes on', () => {
    const hand = new Hand().ready();
    hand.lease(1, { count: 3 });
    expect(returned(hand.word({ t: 'bye', reason: 'elsewhere' }))).toEqual([]);
    expect(returned(hand.on({ on: 'closing' }))).toEqual([]);
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
  const started = (told: TreeHead | null = null): Hand => {
    const hand = new Hand();
    hand.on({ on: 'start' });
    hand.on({ on: 'prepared', remembered: { ...remembered, head, told } });
    return hand;
  };
  const [grown, told] = [
    { size: 12, root: hex('3') },
    { size: 15, root: hex('5') },
  ];
  const rewritten = { why: 'refused', code: 'log-rewritten', detail: null };
  const tells = (hand: Hand, { size, root }: TreeHead): LoopEffect[] => {
    const signed = { receipts: hex('0'), signature: 'S'.repeat(86), index: 0, count: 1, path: [] };
    const tick = { tick: size, at: hand.at, size, root, ...signed };
    return hand.word({ t: 'receipt', acks: [], settled: [], lost: [], tick });
  };
  /** Its log was compared, and a receipt told of a later head. */
  const toldMore = (): Hand => {
    const hand = started();
    hand.challenge(grown);
    hand.welcome();
    hand.wait(5_000);
    hand.on({ on: 'logChecked', head: grown, verdict: 'extends' });
    hand.wait(30_000);
    return hand;
  };
  const kept = (effects: readonly LoopEffect[]) =>
    effects.flatMap((effect) => (effect.do === 'keepHead' ? [[effect.head.size, effect.told?.size]] : []));
  const reconnected = (hand: Hand): Hand => {
    hand.on({ on: 'socketClosed', socket: hand.loop.sockets, detail: '' });
    hand.wait(60_000);
    return hand;
  };

  it('knows what receipts told beyond what was compared: whoever comes back without it is refused', () => {
    const hand = toldMore();
    tells(hand, told);
    expect(kinds(reconnected(hand).challenge({ size: 14, root: hex('4') }))).not.toContain('hello');
    expect(viewOf(hand.loop)).toMatchObject({ phase: 'stopped', reason: { why: 'log-shrunk' } });
  });

  it('has that shown first, and then what the log is now', () => {
    const newest = { size: 20, root: hex('6') };
    const hand = toldMore();
    tells(hand, told);
    reconnected(hand).challenge(newest);
    hand.welcome();
    expect(hand.wait(5_000)).toContainEqual({ do: 'checkLog', from: grown, to: told });
    const next = hand.on({ on: 'logChecked', head: told, verdict: 'extends' });
    expect([...next, ...hand.wait(5_000)]).toContainEqual({ do: 'checkLog', from: told, to: newest });
    hand.on({ on: 'logChecked', head: newest, verdict: 'contradicts' });
    expect(viewOf(hand.loop).reason).toEqual(rewritten);
  });

  it('keeps it for another visit, twice a minute at most and at the end', () => {
    const hand = toldMore();
    expect(kept(tells(hand, { size: 13, root: hex('4') }))).toEqual([[12, 13]]);
    expect(kept(tells(hand, { size: 14, root: hex('4') }))).toEqual([]);
    hand.wait(30_000);
    expect(kept(tells(hand, told))).toEqual([[12, 15]]);
    expect(kept(tells(hand, { size: 16, root: hex('7') }))).toEqual([]);
    expect(kept(hand.on({ on: 'finish' }))).toEqual([[12, 16]]);
    const later = started(told);
    later.challenge({ size: 14, root: hex('4') });
    expect(viewOf(later.loop).reason).toEqual({ why: 'log-shrunk' });
    const rewrote = started(told);
    rewrote.challenge({ ...told, root: hex('9') });
    expect(viewOf(rewrote.loop).reason).toEqual(rewritten);
  });

  it('keeps nothing of what a log tells that was not shown to extend what it remembers', () => {
    const hand = started();
    hand.challenge(grown);
    hand.welcome();
    hand.wait(1_000);
    expect(kept([...tells(hand, told), ...hand.on({ on: 'finish' })])).toEqual([]);
  });

  it('refuses a coordinator whose log has shrunk, or has another root for the same size', () => {
    for (const [challenged, reason] of [
      [{ size: 9, root: hex('1') }, { why: 'log-shrunk' }],
      [
        { size: 10, root: hex('2') },
        { why: 'refused', code: 'log-rewritten', detail: null },
      ],
    ] as const) {
      const hand = started();
      expect(kinds(hand.challenge(challenged))).not.toContain('hello');
      expect(viewOf(hand.loop)).toMatchObject({ phase: 'stopped', reason });
    }
  });

  it('has growth proven, remembers only what was proven, and refuses what is contradicted', () => {
    const hand = started();
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
