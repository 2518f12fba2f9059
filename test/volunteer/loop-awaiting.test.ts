/** The loop, rule by rule: what is durable and has no verdict yet is asked about over each new line, and kept until its receipt is. */
import { describe, expect, it } from 'vitest';
import type { LoopEffect } from '../../src/volunteer/loop.ts';
import type { ReceiptWord } from '../../src/wire/volunteer.ts';
import { commits, Hand, hex, kinds, remembered } from './hand.ts';

type Settled = ReceiptWord['settled'][number];
const paid = (replica: number): Settled => ({
  ...{ replica, job: 'j1', chunk: replica - 1, amountMicro: 500, final: true, withAnchor: false },
});

/** A tick's receipt, as it is told at once or again. */
const receipt = (tick: number, settled: readonly Settled[], acks: number[] = []): ReceiptWord => ({
  ...{ t: 'receipt', acks, settled: [...settled], lost: [] },
  tick: {
    ...{ tick, at: tick, size: tick, count: 1, index: 0, path: [] },
    ...{ root: hex('1'), receipts: hex('2'), signature: 's' },
  },
});

/** Computes a lease's chunks and has them acknowledged; their second people have not answered. */
function waiting(count: number): Hand {
  const hand = new Hand().ready();
  hand.lease(1, { count });
  for (let id = 1; id <= count; id++) hand.computed(id);
  hand.wait(1_000);
  hand.quiet();
  hand.receipt(Array.from({ length: count }, (_, i) => i + 1));
  expect(hand.loop.awaited.size).toBe(count);
  return hand;
}

/** The line is gone, and another is open. */
function anew(hand: Hand): void {
  const { link } = hand.loop;
  hand.on({ on: 'socketClosed', socket: 'socket' in link ? link.socket : -1, detail: 'gone' });
  hand.wait(2_000);
  hand.challenge();
  hand.welcome();
  hand.quiet();
}

const asked = (effects: readonly LoopEffect[]): number[] =>
  commits(effects).flatMap(({ items }) => items.map(({ replica }) => replica));

describe('[WR5] receipts that a dead line took with it', () => {
  it('asks about nothing while its line lives', () => {
    const hand = waiting(3);
    expect(asked(hand.wait(30_000))).toEqual([]);
  });

  it('asks over a new line, a few at a time, without bytes, until all are told', () => {
    const hand = waiting(7);
    anew(hand);
    const first = commits(hand.wait(3_000));
    expect(first.map(({ items }) => items)).toEqual([
      [1, 2, 3, 4].map((replica) => ({ replica, bytes: false })),
    ]);
    // One was paid with three that were not asked about yet; three wait still.
    expect(asked(hand.word(receipt(9, [1, 5, 6].map(paid), [1])))).toEqual([7]);
    expect(asked(hand.receipt([2, 3, 4, 7]))).toEqual([]);
    expect(asked(hand.wait(15_000))).toEqual([]);
    expect([...hand.loop.awaited.keys()]).toEqual([2, 3, 4, 7]);
    // They are told over this line when it is time.
    hand.word(receipt(12, [2, 3, 4, 7].map(paid)));
    expect(hand.loop.awaited.size).toBe(0);
    expect(hand.loop.counts.final).toBe(7);
  });

  it('asks in a later visit too, and shows none of them as on its way', () => {
    const result = { job: 'j1', root: hex('d'), digestBytes: 80, outputBytes: 0, units: 10, bytes: false };
    const hand = new Hand();
    hand.on({ on: 'start' });
    const results = [1, 2].map((replica) => ({ ...result, replica, chunk: replica, durable: true as const }));
    hand.on({ on: 'prepared', remembered: { ...remembered, results } });
    hand.challenge();
    expect(hand.last.find((effect) => effect.do === 'hello')).toMatchObject({ holding: [] });
    hand.welcome();
    expect(hand.loop.unsent.size).toBe(0);
    expect(asked(hand.wait(3_000))).toEqual([1, 2]);
  });

  it('keeps what asks until the receipt is kept, and counts no payment twice', () => {
    const hand = waiting(2);
    const effects = hand.word(receipt(5, [paid(1)]));
    expect(kinds(effects)).toEqual(['keepReceipt']);
    expect(hand.loop.credit.vestedMicro).toBe(507);
    // Asked over a new line while it was told over this one.
    expect(kinds(hand.word(receipt(5, [paid(1)], [1])))).toEqual(['keepReceipt']);
    expect(hand.loop.credit.vestedMicro).toBe(507);
    expect(hand.loop.counts.final).toBe(1);
    hand.receipt([], [2]);
    expect(hand.last).toContainEqual({ do: 'dropResults', replicas: [2] });
    expect(hand.loop.counts.lost).toBe(1);
  });

  it('asks again later where it was not heard, and no more where nothing is known', () => {
    const hand = waiting(3);
    anew(hand);
    hand.wait(3_000);
    const about = { t: 'refusal', about: 'commit' } as const;
    hand.word({ ...about, replica: 1, reason: 'busy', retryMs: 4_000 });
    hand.word({ ...about, replica: 2, reason: 'suspended' });
    expect(hand.word({ ...about, replica: 3, reason: 'unknown-replica' })).toContainEqual({
      do: 'dropResults',
      replicas: [3],
    });
    expect(asked(hand.wait(3_000))).toEqual([]);
    expect(asked(hand.wait(2_000))).toEqual([1]);
    expect([...hand.loop.awaited.keys()]).toEqual([1, 2]);
  });

  it('doubts a line over which no answer comes', () => {
    const hand = waiting(1);
    anew(hand);
    hand.wait(3_000);
    expect(kinds(hand.wait(30_000))).toContain('disconnect');
  });

  it('means nothing to another coordinator', () => {
    const hand = waiting(2);
    hand.on({ on: 'socketClosed', socket: 1, detail: 'gone' });
    hand.wait(2_000);
    expect(hand.challenge(undefined, 'D'.repeat(43))).toContainEqual({ do: 'dropResults', replicas: [1, 2] });
    hand.welcome();
    expect(asked(hand.wait(5_000))).toEqual([]);
  });
});
