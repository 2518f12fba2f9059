/** Who looks at what is drawn of a chunk [AU2] and of a leaver [AU5]: one auditor of the author's own gang must not answer for all that is wrong. */
import { describe, expect, test } from 'vitest';
import {
  anchoredShare,
  anchoredUnitsMax,
  auditorsOf,
  auditorsOfLeaver,
  dealt,
  noticed,
  wordsToClose,
} from '../../src/core/audit.ts';
import { evolve } from '../../src/core/evolve.ts';
import { leaverAfterMs } from '../../src/core/checking.ts';
import { dice } from '../sim/random.ts';
import { answers, ask, audited, batchesOf, commit, drawing, keepUp } from './house.ts';
import type { House } from './house.ts';

const unitsOf = (h: House): (readonly number[])[] => [...h.state.audits.values()].map(({ units }) => units);

describe('[AU2] what is drawn of a chunk', () => {
  test('is shared by one auditor for every sixteen units, in turn, and by no more than there is to do', () => {
    expect([1, 16, 17, 32, 100, 4_096].map(auditorsOf)).toEqual([1, 1, 2, 2, 7, 256]);
    for (const [drawn, parts] of [
      [[], []],
      [[5], [[5]]],
      [
        [5, 9],
        [[5], [9]],
      ],
      [
        [0, 5, 9, 20, 39],
        [[0, 20], [5, 39], [9]],
      ],
    ] as const) {
      const h = audited('a', {}, { units: 400, unitsPerChunk: 40 });
      const events = answers(h, 'a', 'right', { words: drawing(drawn) });
      expect(unitsOf(h)).toEqual(parts);
      const accepted = events.find((event) => event.e === 'accepted');
      expect(accepted?.auditors).toBe(parts.length > 1 ? parts.length : undefined);
    }
  });

  test('is one audit where the log says nothing of auditors, as before there were several', () => {
    const h = audited('a', {}, { units: 400, unitsPerChunk: 40 });
    const { lease } = ask(h, 'a');
    const before = structuredClone(h.state);
    const events = commit(h, 'a', lease, 'right', { words: drawing([0, 5, 9]) });
    for (const event of events) {
      const { auditors: _auditors, ...older } = event.e === 'accepted' ? event : { ...event, auditors: 0 };
      evolve(before, older, h.now());
    }
    expect(unitsOf(h)).toEqual([[0], [5], [9]]);
    expect([...before.audits.values()].map(({ units }) => units)).toEqual([[0, 5, 9]]);
  });

  test('of a leaver is dealt by lot among four, or one for every sixty-four units', () => {
    expect([1, 16, 256, 257, 4_096].map(auditorsOfLeaver)).toEqual([4, 4, 4, 5, 64]);
    const words = [0, 2 ** 31, 2 ** 32 - 1, 1];
    expect(dealt([7, 8, 9, 11], 4, (i) => words[i] as number)).toEqual([[7, 11], [8], [9]]);
    const throws = dice(3);
    let together = 0;
    for (let round = 0; round < 4_000; round++) {
      const parts = dealt([1, 2], 4, () => throws.below(2 ** 32));
      expect(parts.flat().toSorted((a, b) => a - b)).toEqual([1, 2]);
      if (parts.length === 1) together++;
    }
    expect(Math.abs(together - 1_000)).toBeLessThan(150);
  });
});

describe('[AU5] of how much of a leaver’s work anchors make all audits', () => {
  const leaverUnits = 12_000;

  test('all of little, ever less of more, nothing of much', () => {
    expect(anchoredShare(anchoredUnitsMax, { leaverUnits: 1 })).toBe(1);
    expect(anchoredShare(anchoredUnitsMax + 1, { leaverUnits: 1 })).toBe(0);
    expect(anchoredShare(1_100, { leaverUnits })).toBeCloseTo(0.865, 3);
    expect(anchoredShare(4_000, { leaverUnits })).toBeCloseTo(0.5095, 3);
    expect(anchoredShare(8_155, { leaverUnits })).toBeCloseTo(0, 3);
    expect(anchoredShare(leaverUnits, { leaverUnits })).toBe(0);
  });

  test('so much that one wrong unit that a gang vouches for stays within the bound of who leaves with much', () => {
    for (let hostile = 0.05; hostile < 1; hostile += 0.05)
      for (let units = anchoredUnitsMax + 1; units <= leaverUnits; units += 111) {
        const passes = hostile * 0.75 * (1 - anchoredShare(units, { leaverUnits }));
        const bound = 1 / (Math.E * noticed({ hostile, anchors: 0.25 }) * leaverUnits);
        expect(passes / units, `${hostile} ${units}`).toBeLessThanOrEqual(bound * 1.000001);
      }
  });

  test('by lot when the batch is closed: then what volunteers vouched for is drawn again, else it is dealt', () => {
    const units = 1_200;
    const share = anchoredShare(units, { leaverUnits });
    for (const lot of [share - 0.01, share + 0.01]) {
      const h = audited('a', { leaverUnits, windowUnits: 1e6 }, { units: 12_000, unitsPerChunk: 40 });
      for (let done = 0; done < units / 40;) {
        const { lease, count } = ask(h, 'a');
        for (let i = 0; i < count && done < units / 40; i++, done++)
          commit(h, 'a', lease + i, 'right', { words: drawing([]) });
      }
      expect(batchesOf(h, 'a')).toMatchObject([{ units }]);
      h.wait(leaverAfterMs);
      const throws = dice(9);
      const events = keepUp(h, (count) => {
        expect(count).toBe(wordsToClose(units));
        return Array.from({ length: count }, (_, i) =>
          i === count - 1 ? lot * 2 ** 32 : throws.below(2 ** 32),
        );
      });
      const [drawn] = events.filter((event) => event.e === 'drawn');
      expect(drawn?.anchored === true).toBe(lot < share);
      const audits = [...h.state.audits.values()];
      expect(audits.every(({ anchored }) => (anchored === true) === lot < share)).toBe(true);
      // Every unit once, of each chunk one audit of the anchors, or four by lot.
      expect(
        audits
          .flatMap((one) => one.units)
          .toSorted((a, b) => a - b)
          .every((unit, i) => unit === i),
      ).toBe(true);
      expect(audits.length).toBe(lot < share ? 30 : 120);
    }
  });
});
