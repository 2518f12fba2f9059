/** [AU3] Batches that wait for nothing but their window are joined: few of them, nothing forgotten, and final no sooner than each alone. */
import { describe, expect, test } from 'vitest';
import { batchUnitsMax } from '../../src/core/audit.ts';
import { isForgotten, runsOf, sizeOf } from '../../src/core/batch-chunks.ts';
import { has } from '../../src/core/intervals.ts';
import { mergedUnitsMax, mergeSettled } from '../../src/core/merging.ts';
import type { Batch, Event } from '../../src/core/state.ts';
import { unitText } from '../../src/core/unit-text.ts';
import { dice } from '../sim/random.ts';
import {
  answers,
  ask,
  auditAll,
  audited,
  batchesOf,
  commit,
  drawing,
  identityOf,
  keepUp,
  nobody,
  putInOrder,
  slotOf,
} from './house.ts';
import type { House } from './house.ts';

/** Chunks of a whole batch each. */
const wide = { units: 400 * batchUnitsMax, unitsPerChunk: batchUnitsMax, unitCostMicro: 4_000 };
const none = drawing([]);
const job = (h: House) => h.state.jobs.get('j1');
const kinds = (events: readonly Event[]): string[] => events.map(({ e }) => e);

/** A batch of `units` units that begins at chunk `from`, one unit a chunk. */
function batch(from: number, units: number, over: Partial<Batch> = {}): Batch {
  return {
    chunks: [from, from + units],
    units,
    packed: '',
    drawn: 1,
    drawnUnits: unitText([from]),
    passed: 1,
    vouched: '',
    auditedBefore: from,
    wrong: [],
    escrowMicro: units,
    operatorMicro: 0,
    byOperator: [],
    closed: false,
    ...over,
  };
}

describe('[AU3] settled neighbours', () => {
  test('are one batch, with all that counts of each', () => {
    const batches = [
      batch(0, 10, { vouched: unitText([0]), operatorMicro: 3, byOperator: [2, 5], escrowMicro: 7 }),
      batch(10, 20, { drawn: 2, passed: 2, drawnUnits: unitText([12, 11]), vouched: unitText([11]) }),
      batch(40, 5),
    ];
    expect(mergeSettled(batches, 100)).toBe(1);
    expect(batches).toHaveLength(2);
    expect(batches[0]).toMatchObject({
      ...{ units: 30, drawn: 3, passed: 3, auditedBefore: 10, wrong: [] },
      ...{ escrowMicro: 27, operatorMicro: 3, byOperator: [2, 5], closed: false },
    });
    expect(runsOf(batches[0] as Batch)).toEqual([0, 30]);
    // But for which units were drawn: that is forgotten.
    expect(batches[0]).toMatchObject({ drawnUnits: '', vouched: '' });
    expect(isForgotten(batches[0] as Batch)).toBe(true);
    expect(isForgotten(batches[1] as Batch)).toBe(false);
  });

  test.each([
    ['something drawn of it waits', { drawn: 2 }],
    ['it was closed for somebody who left', { closed: true }],
    ['a chunk of it was wrong', { wrong: [11, 12] }],
    ['both together would be too large', { units: 91 }],
    ['too many runs would be named at once', { chunks: Array.from({ length: 8_192 }, (_, i) => 20 + 2 * i) }],
  ])('stay apart where %s', (_, over) => {
    for (const batches of [
      [batch(0, 10), batch(10, 10, over), batch(50, 5)],
      [batch(10, 10, over), batch(0, 10), batch(50, 5)],
    ])
      expect(mergeSettled(batches, 100)).toBe(0);
  });

  test('leave the newest alone, to which chunks are still added', () => {
    expect(mergeSettled([batch(0, 1), batch(1, 1)], 100)).toBe(0);
    expect(mergeSettled([batch(0, 1)], 100)).toBe(0);
    expect(mergeSettled([], 100)).toBe(0);
  });

  test('are never more than a 64th of a window, nor than one event should name', () => {
    expect(mergedUnitsMax({ windowUnits: 32_000 })).toBe(64_000);
    expect((128 * 32_000) / mergedUnitsMax({ windowUnits: 32_000 })).toBe(64);
    expect(mergedUnitsMax({ windowUnits: 1_000_000 })).toBe(65_536);
  });

  test.each([1, 2, 3])('together hold the same as before, however they came (seed %i)', (seed) => {
    const { below } = dice(seed);
    const batches: Batch[] = [];
    let from = 0;
    const total = (): unknown => {
      const chunks = new Set<number>();
      const sums = [0, 0, 0, 0];
      for (const one of batches) {
        const runs = runsOf(one);
        for (let i = 0; i < runs.length; i += 2)
          for (let c = runs[i] as number; c < (runs[i + 1] as number); c++) chunks.add(c);
        [one.units, one.drawn, one.passed, one.escrowMicro].forEach(
          (n, i) => (sums[i] = (sums[i] as number) + n),
        );
      }
      return { chunks: [...chunks].sort((a, b) => a - b), sums };
    };
    for (let i = 0; i < 300; i++) {
      const units = 1 + below(30);
      batches.push(
        batch(from, units, below(5) === 0 ? { drawn: 2, drawnUnits: unitText([from, from]) } : {}),
      );
      from += units + below(2);
      const before = total();
      const length = batches.length;
      expect(length - mergeSettled(batches, 100)).toBe(batches.length);
      expect(total()).toEqual(before);
      for (const one of batches) expect(one.units).toBeLessThanOrEqual(100);
    }
    // Nothing that could have been joined was left: of two settled neighbours, neither the newest, the sum is too large.
    for (let i = 0; i + 2 < batches.length; i++) {
      const [a, b] = [batches[i] as Batch, batches[i + 1] as Batch];
      expect(a.drawn > a.passed || b.drawn > b.passed || a.units + b.units > 100).toBe(true);
    }
  });
});

describe('[AU3] somebody who computes for a day', () => {
  test('has a few batches and not one for every 4,096 units; job and books count the same', () => {
    const h = audited('a', { windowUnits: 32_000 }, wide);
    for (let chunk = 0; chunk < 100; chunk++) answers(h, 'a', 'right', { words: none });
    const batches = batchesOf(h, 'a');
    // 15 of them make one: 64,000 units.
    expect(batches.map(({ units }) => units / batchUnitsMax)).toEqual([15, 15, 15, 15, 15, 15, 9, 1]);
    expect(h.state.jobs.get('j1')?.batches).toBe(8);
    expect(batches.reduce((sum, one) => sum + sizeOf(one), 0)).toBe(100);
  });

  test('waits for the window of the newest of what was joined', () => {
    const h = audited('a', { windowUnits: 5_000 }, wide);
    for (let chunk = 0; chunk < 2; chunk++) {
      commit(h, 'a', ask(h, 'a').lease, 'right', { words: drawing([1, 2, 3]) });
      auditAll(h);
    }
    commit(h, 'a', ask(h, 'a').lease, 'right', { words: none });
    expect(batchesOf(h, 'a').map(({ units, auditedBefore }) => [units, auditedBefore])).toEqual([
      [2 * batchUnitsMax, 6],
      [batchUnitsMax, 6],
    ]);
    const identity = identityOf(h, 'a');
    identity.auditedUnits = 5_005;
    expect(keepUp(h)).toEqual([]);
    identity.auditedUnits = 5_006;
    expect(kinds(keepUp(h))).toEqual(['vested', 'vested']);
    expect(job(h)?.final).toEqual([0, 3]);
  });

  test('and is found out then has all of it examined, no more at a time than before, the newest first', () => {
    const h = audited('a', { windowUnits: 32_000 }, wide);
    for (let chunk = 0; chunk < 4; chunk++) answers(h, 'a', 'right', { words: none });
    expect(batchesOf(h, 'a')).toHaveLength(2);
    commit(h, 'a', ask(h, 'a').lease, 'lie', { words: drawing([7]) });
    auditAll(h, [4 * batchUnitsMax + 7]);
    keepUp(h);
    for (let left = 4; left > 0; left--) {
      expect([...h.state.audits.values()].map(({ chunk, units }) => [chunk, units.length])).toEqual([
        [left - 1, batchUnitsMax],
      ]);
      auditAll(h);
      const done = kinds(keepUp(h));
      // The four chunks before the lie are one batch, and final together.
      expect(done).toEqual(left > 1 ? ['drawn'] : ['vested']);
    }
    expect(job(h)?.final).toEqual([0, 4]);
  });

  test('a wrong unit in what was joined costs its chunk, and the rest is kept', () => {
    const h = audited('a', { windowUnits: 32_000 }, wide);
    for (let chunk = 0; chunk < 4; chunk++) answers(h, 'a', 'right', { words: none });
    commit(h, 'a', ask(h, 'a').lease, 'lie', { words: drawing([7]) });
    auditAll(h, [4 * batchUnitsMax + 7]);
    keepUp(h);
    auditAll(h);
    keepUp(h);
    // The next of the joined four has a wrong unit.
    auditAll(h, [2 * batchUnitsMax + 1]);
    keepUp(h);
    for (let left = 2; left > 0; left--) {
      auditAll(h);
      keepUp(h);
    }
    const { final = [], free = [] } = job(h) ?? {};
    expect([0, 1, 2, 3, 4].filter((chunk) => has(final, chunk))).toEqual([0, 1, 3]);
    expect([2, 4].every((chunk) => has(free, chunk))).toBe(true);
    expect(batchesOf(h, 'a')).toEqual([]);
  });
});

describe('[AU3] [AU4] of what was joined nobody knows which units were drawn', () => {
  /** Four chunks of a batch each, `drawn` units of each found right, and a fifth, all of them left. */
  function left(leaverUnits: number, drawn: number): House {
    const h = audited('a', { windowUnits: 32_000, leaverUnits }, wide);
    for (let chunk = 0; chunk < 5; chunk++) {
      const words = drawing(Array.from({ length: drawn }, (_, i) => 40 * i));
      commit(h, 'a', ask(h, 'a').lease, 'right', { words });
      auditAll(h);
    }
    expect(batchesOf(h, 'a').map((one) => [one.units, one.drawn, isForgotten(one)])).toEqual([
      [4 * batchUnitsMax, 4 * drawn, true],
      [batchUnitsMax, drawn, false],
    ]);
    h.wait(3_600_000);
    return h;
  }
  const waiting = (h: House): number[] => [...h.state.audits.values()].flatMap(({ units }) => [...units]);

  test.each([1, 2, 3])(
    'who leaves is drawn from all of it, so much more that as many are new (seed %i)',
    (seed) => {
      const { below } = dice(seed);
      const h = left(12_000, 50);
      keepUp(h, (n) => Array.from({ length: n }, () => below(2 ** 32)));
      const [joined, last] = batchesOf(h, 'a');
      // 250 of 20,480 were drawn: 11,750 are missing, in shares of what was not.
      const share = Math.ceil((11_750 * (4 * 4_046)) / (5 * 4_046));
      expect(joined?.drawn).toBe(200 + Math.ceil((share * 16_384) / (16_384 - 200)));
      expect((joined?.drawn ?? 0) + (last?.drawn ?? 0)).toBeGreaterThanOrEqual(12_000);
      expect(new Set(waiting(h)).size).toBe(waiting(h).length);
      auditAll(h);
      expect(kinds(keepUp(h))).toEqual(['vested', 'vested']);
    },
  );

  test('where all is drawn, it is all of it, and each counts once', () => {
    const h = left(1_000_000, 50);
    const before = identityOf(h, 'a').auditedUnits;
    expect(before).toBe(250);
    // The greatest lot: that volunteers make what they may.
    keepUp(h, (n) => new Array<number>(n).fill(0xffff_ffff));
    const all = waiting(h);
    expect(all).toHaveLength(4 * batchUnitsMax + batchUnitsMax - 50);
    expect(new Set(all).size).toBe(all.length);
    auditAll(h);
    expect(batchesOf(h, 'a').map(({ units, drawn, passed }) => [units - drawn, units - passed])).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(identityOf(h, 'a').auditedUnits).toBe(5 * batchUnitsMax);
    expect(kinds(keepUp(h))).toEqual(['vested', 'vested']);
  });

  test('a wrong unit that is found then: what is right of it is kept, after all of it was looked at', () => {
    const h = left(12_000, 50);
    keepUp(h, (n) => Array.from({ length: n }, (_, i) => (i * 2_654_435_761) % 2 ** 32));
    const bad = waiting(h).find((unit) => unit >= batchUnitsMax && unit < 2 * batchUnitsMax) as number;
    putInOrder(h, [bad]);
    expect(job(h)?.final).toEqual([0, 1, 2, 5]);
    expect(has(job(h)?.free ?? [], 1)).toBe(true);
    expect(batchesOf(h, 'a')).toEqual([]);
    expect(identityOf(h, 'a').phase).toBe('suspended');
  });
});

describe('[AU3] [AU4] [TR5] whatever comes between', () => {
  test.each([
    ...[1, 2, 3].map((seed) => [seed, 1_000_000] as const),
    ...[4, 5].map((seed) => [seed, 12_000] as const),
  ])(
    'no right chunk of who was not banned is lost, and nothing wrong is final where leavers are looked at whole (seed %i, %i)',
    (seed, leaverUnits) => {
      const { below } = dice(seed);
      const h = audited('ab', { windowUnits: 32_000, leaverUnits }, { ...wide, units: 90 * batchUnitsMax });
      const wrong: number[] = [];
      const answered = new Map<number, string>();
      let most = 0;
      for (let i = 0; i < 40; i++) {
        const device = 'ab'[below(2)] as string;
        const decision = h.run({ c: 'ask', device, slot: slotOf(), live: nobody });
        if (Array.isArray(decision)) {
          const leased = decision.find(({ e }) => e === 'leased') as Extract<Event, { e: 'leased' }>;
          const spoilt =
            device === 'b' && below(12) === 0 ? [leased.chunk * batchUnitsMax + below(batchUnitsMax)] : [];
          wrong.push(...spoilt);
          answered.set(leased.chunk, device);
          const words = Array.from({ length: 1_200 }, () => below(2 ** 32));
          commit(h, device, leased.lease, spoilt.length > 0 ? `lie ${i}` : 'right', { words });
        }
        if (below(10) < 7) auditAll(h, wrong);
        if (below(15) === 0) h.wait(600_000);
        keepUp(h, (n) => Array.from({ length: n }, () => below(2 ** 32)));
        for (const { open } of h.state.identities.values())
          for (const one of open.get('j1') ?? []) most = Math.max(most, one.units);
      }
      h.wait(3_600_000);
      putInOrder(h, wrong);
      expect(most).toBeGreaterThan(2 * batchUnitsMax);
      const { final = [] } = job(h) ?? {};
      const bad = new Set(wrong.map((unit) => Math.floor(unit / batchUnitsMax)));
      for (const [chunk, device] of answered) {
        if (bad.has(chunk))
          expect(has(final, chunk) && leaverUnits > 12_000, `${chunk} is wrong`).toBe(false);
        else if (identityOf(h, device).phase !== 'banned')
          expect(has(final, chunk), `${chunk} is right`).toBe(true);
      }
      expect(batchesOf(h, 'a')).toEqual([]);
      expect(h.state.audits.size).toBe(0);
    },
  );
});
