/**
 * Plants one bug at a time in a copy of the rules and plays days until an oracle finds it: a net that never caught
 * anything is not known to be a net.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { bugs } from './bugs.ts';
import { Nursery } from './plant.ts';
import { play } from './world.ts';

/** Days in which a bug must show itself. */
const seedsMax = 480;

const nursery = new Nursery();
afterAll(() => nursery.clear());

describe('a bug planted in the rules', () => {
  test.each(bugs.map((bug, i) => [bug.what, bug.caughtBy, bug, i] as const))(
    '%s: caught by “%s”',
    async (_, caughtBy, bug, i) => {
      const rules = await nursery.rulesWith(`bug-${i}`, [bug]);
      const step = caughtBy === 'fair' ? 6 : bug.first !== undefined && bug.first % 4 === 3 ? 4 : 1;
      const first = bug.first ?? step;
      for (let seed = first; seed < first + seedsMax; seed += step) {
        const { fault } = play(seed, rules);
        if (fault !== null) return expect(fault.oracle, fault.sentence).toBe(caughtBy);
      }
      expect.fail(`not caught in ${seedsMax} days`);
    },
  );

  test('and none where none was planted', async () => {
    const rules = await nursery.rulesWith('none', []);
    for (let seed = 1; seed <= 12; seed++) {
      const day = play(seed, rules);
      expect(day.fault).toBeNull();
      expect(day.log).toBe(play(seed).log);
    }
  });
});
