/** Lots: a restart throws none anew, each falls as often as it should, and none tells of another. */
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { lotsOf } from '../../src/coordinator/lots.ts';

const secret = randomBytes(32);
const thrown = (about: string, n: number, from = secret): number[] => {
  const lot = lotsOf(from);
  return Array.from({ length: 40_000 }, (_, id) => lot(about, id, n));
};
/** Five standard errors of a share of so many throws. */
const errors = (share: number): number => 5 * Math.sqrt((share * (1 - share)) / 40_000);

test('fall the same with the same secret, and otherwise with another', () => {
  expect(thrown('anchors', 4)).toStrictEqual(thrown('anchors', 4));
  const other = thrown('anchors', 4, randomBytes(32));
  const same = thrown('anchors', 4).filter((lot, id) => lot === other[id]).length / 40_000;
  expect(Math.abs(same - 1 / 4)).toBeLessThan(errors(1 / 4));
});

test('fall on each number as often as on any other', () => {
  for (const n of [4, 32]) {
    const lots = thrown('anchors', n);
    for (let number = 0; number < n; number++) {
      const share = lots.filter((lot) => lot === number).length / lots.length;
      expect(Math.abs(share - 1 / n)).toBeLessThan(errors(1 / n));
    }
  }
});

test('of one audit tell nothing of another lot of it', () => {
  const [anchors, canaries] = [thrown('anchors', 32), thrown('canary', 32)];
  const both = anchors.filter((lot, id) => lot === canaries[id]).length / anchors.length;
  expect(Math.abs(both - 1 / 32)).toBeLessThan(errors(1 / 32));
});
