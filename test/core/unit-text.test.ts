/** Checks lists of units as text: small ones all, large ones by chance, against lists of numbers. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { unitsIn, unitText, withUnits } from '../../src/core/unit-text.ts';

describe('a list of units as text', () => {
  test('is what was put into it, in that order: all of up to four numbers about where a letter more is needed', () => {
    const edges = [0, 1, 15, 16, 17, 511, 512, 513, 2 ** 31, 2 ** 51];
    const lists = edges.reduce<number[][]>(
      (shorter) =>
        shorter.length > 1_000
          ? shorter
          : [[], ...shorter.flatMap((list) => edges.map((unit) => [...list, unit]))],
      [[]],
    );
    expect(lists.length).toBeGreaterThan(1_000);
    for (const list of lists) {
      expect(unitsIn(unitText(list))).toEqual(list);
      for (let cut = 0; cut <= list.length; cut++)
        expect(withUnits(unitText(list.slice(0, cut)), list.slice(cut))).toBe(unitText(list));
    }
  });

  test('holds any whole numbers, and is text that JSON writes as it is', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 2 ** 51 }), { maxLength: 50 }), (units) => {
        const text = unitText(units);
        expect(unitsIn(text)).toEqual(units);
        expect(JSON.stringify(text)).toHaveLength(text.length + 2);
      }),
    );
  });

  test('takes two letters and a little for each of one unit in 128', () => {
    const units = Array.from({ length: 1_000 }, (_, i) => 1_000_000 + 128 * i + ((i * 7_919) % 128));
    expect(unitText(units).length / units.length).toBeLessThan(2.2);
  });
});
