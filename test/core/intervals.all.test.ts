/** Checks interval sets exhaustively against a plain Set on a small range, and their laws on large random ones. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { add, count, firstRun, has, range, remove } from '../../src/core/intervals.ts';
import type { Intervals } from '../../src/core/intervals.ts';

const width = 7;

/** The canonical form of a set of small numbers given as a bit mask. */
function ofMask(mask: number): Intervals {
  const set: Intervals = [];
  for (let i = 0; i < width; i++) {
    if (((mask >> i) & 1) === 0) continue;
    if (set.at(-1) === i) set[set.length - 1] = i + 1;
    else set.push(i, i + 1);
  }
  return set;
}

const bits = (from: number, to: number): number => (from < to ? ((1 << to) - 1) & ~((1 << from) - 1) : 0);

describe('every set of numbers below 7, every run', () => {
  test('add and remove give the canonical form of what a Set would hold', () => {
    for (let mask = 0; mask < 1 << width; mask++)
      for (let from = 0; from <= width; from++)
        for (let to = 0; to <= width; to++) {
          const added = ofMask(mask);
          add(added, from, to);
          expect(added).toEqual(ofMask(mask | bits(from, to)));
          const removed = ofMask(mask);
          remove(removed, from, to);
          expect(removed).toEqual(ofMask(mask & ~bits(from, to)));
        }
  });

  test('has, count and firstRun say what a Set would say', () => {
    for (let mask = 0; mask < 1 << width; mask++) {
      const set = ofMask(mask);
      const members = Array.from({ length: width }, (_, i) => i).filter((i) => (mask >> i) & 1);
      for (let i = -1; i <= width; i++) expect(has(set, i)).toBe(members.includes(i));
      expect(count(set)).toBe(members.length);
      for (const max of [1, 2, width]) {
        const run = firstRun(set, max);
        const first = members[0];
        if (first === undefined) expect(run).toBeNull();
        else {
          let length = 1;
          while (length < max && members.includes(first + length)) length++;
          expect(run).toEqual([first, first + length]);
        }
      }
    }
  });
});

test('large random sets stay sorted, disjoint and apart, whatever is done to them', () => {
  const step = fc.record({ adds: fc.boolean(), from: fc.nat(1e9), length: fc.nat(1e6) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const set = range(0, 1e9);
      for (const { adds, from, length } of steps) {
        const before = count(set);
        (adds ? add : remove)(set, from, from + length);
        for (let i = 1; i < set.length; i++) expect((set[i] as number) > (set[i - 1] as number)).toBe(true);
        if (length > 0) expect(has(set, from)).toBe(adds);
        expect(adds ? count(set) >= before : count(set) <= before).toBe(true);
      }
    }),
    { numRuns: 100 },
  );
});
