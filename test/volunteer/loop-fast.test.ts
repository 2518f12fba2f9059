/** A device that computes faster than its line carries: nothing is thrown away, nothing is asked for in vain, and it goes on when it can. */
import { describe, expect, it } from 'vitest';
import { viewOf } from '../../src/volunteer/loop.ts';
import type { LoopEffect } from '../../src/volunteer/loop.ts';
import { Outgoing } from '../../src/volunteer/loop/outgoing.ts';
import type { Unsent } from '../../src/volunteer/loop/outgoing.ts';
import { dice } from '../sim/random.ts';
import { asks, commits, Hand, hex, job, remembered } from './hand.ts';

const long = { ...job, units: 100_000 };

/** One core that is through with a chunk in no time, and holds a lease of so many. */
function fast(chunks: number): Hand {
  const hand = new Hand().ready();
  hand.word({ t: 'news', jobs: [long] });
  hand.lease(1, { count: chunks, deadlineMs: 600_000 });
  return hand;
}

/** Computes what its engine was given, until it is given no more or so many are done; which they were. */
function compute(hand: Hand, chunks: number): number[] {
  const done: number[] = [];
  while (done.length < chunks) {
    const next = [...hand.loop.held.values()].find(({ running }) => running);
    if (next === undefined) break;
    hand.computed(next.replica, next.slot, 1);
    done.push(next.replica);
  }
  return done;
}

const sentIn = (effects: readonly LoopEffect[]): number[] =>
  commits(effects).flatMap(({ items }) => items.map(({ replica }) => replica));

describe('[WR5] results that nobody acknowledges', () => {
  it('stop the engine before they fill the memory, and none of them is thrown away', () => {
    const hand = fast(4_096);
    const done = compute(hand, 4_096);
    expect(done.length).toBeGreaterThanOrEqual(2_000);
    expect(done.length).toBeLessThan(2_010);
    expect(viewOf(hand.loop)).toMatchObject({
      outbox: done.length,
      reason: { why: 'delivering' },
      chunks: { lost: 0 },
    });
    hand.receipt(done.slice(0, 256));
    expect(viewOf(hand.loop).reason).toBeNull();
    expect(compute(hand, 4_096).length).toBeGreaterThanOrEqual(250);
  });

  it('that an earlier visit left go first, before more is computed', () => {
    const hand = new Hand();
    const results = Array.from({ length: 2_000 }, (_, i) => ({
      ...{ replica: 10_000 + i, job: 'j1', chunk: 5_000 + i, root: hex('d'), digestBytes: 80 },
      ...{ outputBytes: 160, units: 10, bytes: true },
    }));
    hand.on({ on: 'configure', settings: { cores: 1 } });
    hand.on({ on: 'start' });
    hand.on({ on: 'prepared', remembered: { ...remembered, results } });
    hand.challenge();
    const sent = sentIn(
      hand.welcome(
        results.map(({ replica }) => replica),
        [long],
      ),
    );
    expect(sent).toHaveLength(256);
    hand.receipt(sent.slice(0, 1));
    expect(hand.loop.unsent).toMatchObject({ size: 1_999, isFull: false, fromBefore: 1_999 });
  });

  it('on their way when a visit ends go again over the line of the next', () => {
    const hand = new Hand().ready();
    hand.lease(1);
    expect(sentIn(hand.computed(1))).toEqual([1]);
    hand.on({ on: 'stop', reason: { why: 'elsewhere' } });
    hand.at += 1_000;
    hand.on({ on: 'start' });
    hand.on({ on: 'prepared', remembered });
    hand.challenge();
    expect(sentIn(hand.welcome([1]))).toEqual([1]);
  });

  it('go at once as soon as they fill a frame', () => {
    const hand = fast(4_096);
    hand.receipt(compute(hand, 1));
    const [first, ...frames] = Array.from({ length: 129 }, () => {
      compute(hand, 1);
      return sentIn(hand.last).length;
    });
    expect(first).toBe(0);
    expect(frames.filter((items) => items > 0)).toEqual([64, 64]);
  });
});

describe('[LS1] a lease whose results wait here is still held, for the coordinator', () => {
  it('so no more is asked for, until they are on their way', () => {
    const hand = fast(400);
    hand.lease(1_000, { chunk: 1_000, count: 400, deadlineMs: 600_000 });
    const first: number[] = [];
    const asked: number[] = [];
    for (let i = 0; i < 400; i++) {
      first.push(...compute(hand, 1));
      asked.push(...asks(hand.last));
    }
    expect(hand.loop.leases.size).toBe(1);
    expect(hand.loop.unsent.flying.items).toBe(256);
    // 144 results of the first lease are still here: an ask would be refused, and waited out.
    expect(asked).toEqual([]);
    expect(asks(hand.wait(5_000))).toEqual([]);
    const effects = hand.receipt(first.slice(0, 256));
    expect(sentIn(effects)).toEqual(first.slice(256));
    expect(asks(effects)).toEqual([0]);
  });

  it('which it says itself, should it be asked all the same: then results are on their way, and nobody else is waited for', () => {
    const hand = fast(1);
    hand.receipt(compute(hand, 1));
    hand.word({ t: 'refusal', about: 'ask', slot: 0, reason: 'holding-enough', retryMs: 5_000 });
    expect(viewOf(hand.loop).reason).toEqual({ why: 'delivering' });
  });

  it('and asks again a moment after some of them were taken, however long the refusal was meant to last', () => {
    const hand = fast(2);
    const done = compute(hand, 1);
    expect(asks(hand.last)).toEqual([0]);
    hand.word({ t: 'refusal', about: 'ask', slot: 0, reason: 'holding-enough', retryMs: 25_000 });
    done.push(...compute(hand, 1));
    expect(asks(hand.last)).toEqual([]);
    expect(asks(hand.wait(2_000))).toEqual([]);
    expect(asks(hand.receipt(done))).toEqual([]);
    expect(asks(hand.wait(1_000))).toEqual([0]);
  });
});

describe('what is counted of results that are on their way', () => {
  /** The same from the beginning: what is where. */
  class Plain {
    readonly all = new Map<number, { result: Unsent; at: 'here' | 'flying' | 'later'; notBefore: number }>();

    with(at: 'here' | 'flying' | 'later'): Unsent[] {
      return [...this.all.values()].filter((one) => one.at === at).map(({ result }) => result);
    }
  }

  it.each([1, 2, 3, 4, 5])('is what there is, whatever happens to them (seed %i)', (seed) => {
    const { below } = dice(seed);
    const [real, plain] = [new Outgoing(), new Plain()];
    const some = (): Unsent | undefined => [...plain.all.values()][below(plain.all.size)]?.result;
    for (let at = 0; at < 3_000; at++) {
      const one = some();
      const entry = one === undefined ? undefined : plain.all.get(one.replica);
      const deed = below(8);
      if (deed < 3) {
        const result: Unsent = {
          ...{ replica: at, job: 'j1', chunk: at, root: hex('d'), digestBytes: 8 + below(9), units: 1 },
          ...{ outputBytes: below(100), bytes: true, withBytes: below(2) === 0, tries: 0 },
          of: below(4) === 0 ? null : { lease: below(4), slot: below(2) },
        };
        real.add(result);
        plain.all.set(at, { result, at: 'here', notBefore: 0 });
      } else if (deed === 3 && one !== undefined) {
        expect(real.delete(one.replica)).toBe(true);
        plain.all.delete(one.replica);
      } else if (deed < 6) {
        const [next] = real.sendable(at);
        for (const waits of plain.all.values())
          if (waits.at === 'later' && waits.notBefore <= at) waits.at = 'here';
        const known = next === undefined ? undefined : plain.all.get(next.replica);
        expect(known?.at ?? 'here').toBe('here');
        if (next !== undefined && known !== undefined) {
          real.sent(next, at);
          known.at = 'flying';
        }
      } else if (deed === 6 && one !== undefined && entry?.at === 'flying') {
        real.again(one, at + 5);
        entry.at = 'later';
        entry.notBefore = at + 5;
      } else if (deed === 7 && below(20) === 0) {
        real.lineIsNew();
        for (const flying of plain.all.values()) if (flying.at === 'flying') flying.at = 'here';
      }
      const [here, flying, later] = [plain.with('here'), plain.with('flying'), plain.with('later')];
      const bytesOf = (results: readonly Unsent[], isSent: boolean): number =>
        results.reduce(
          (sum, { digestBytes, outputBytes, withBytes }) =>
            sum + digestBytes + (isSent && !withBytes ? 0 : outputBytes),
          0,
        );
      const results = [...plain.all.values()].map(({ result }) => result);
      expect({ size: real.size, bytes: real.bytes, ready: real.ready, before: real.fromBefore }).toEqual({
        size: plain.all.size,
        bytes: bytesOf(results, false),
        ready: here.length,
        before: results.filter(({ of }) => of === null).length,
      });
      expect(real.flying).toEqual({ items: flying.length, bytes: bytesOf(flying, true) });
      for (const slot of [0, 1]) {
        const waiting = [...here, ...later].filter(({ of }) => of?.slot === slot).map(({ of }) => of?.lease);
        expect(new Set(real.leasesOf(slot))).toEqual(new Set(waiting));
      }
      expect([...real.keys()]).toEqual([...plain.all.keys()]);
    }
  });
});
