/**
 * Each member of the zoo is made harmless by the rules, as named oracles of the day and of its end say, and no longer with the one defence that is
 * meant for it switched off.
 */
import { afterAll, describe, expect, test } from 'vitest';
import type { Rules } from './disk.ts';
import { Nursery } from './plant.ts';
import { realRules } from './world.ts';
import { underUsualTerms, zoo } from './zoo.ts';
import { tell } from './zoo-day.ts';
import type { Member } from './zoo-member.ts';

const nursery = new Nursery();
afterAll(() => nursery.clear());

/** The same days with one honest person more. */
const nobodyElse: Member = { ...(zoo[0] as Member), role: 'honest' };

async function without({ off, role, terms }: Member): Promise<Rules> {
  return 'length' in off ? nursery.rulesWith(`${role} ${terms ?? 'strict'}`, off) : { ...realRules, ...off };
}

const seedsOf = ({ seeds = [1, 2] }: Member): readonly number[] => seeds;

describe.each([
  { terms: 'by which every unit is recomputed', members: zoo },
  { terms: 'that a requester gets who names none', members: underUsualTerms },
])('a member of the zoo under terms $terms', ({ members }) => {
  test.each(members.map((member) => [member.role, member.demands, member] as const))(
    '%s: %s',
    (role, demands, member) => {
      const stories = seedsOf(member).map((seed) => tell(member, realRules, seed));
      for (const story of stories) {
        expect(story.day.fault).toBeNull();
        expect(story.wrongFinal).toBe(0);
        expect(member.holds(story), `${member.end}: ${demands}; it earns ${story.earns}`).toBe(true);
      }
      const { holdsOnce } = member;
      if (holdsOnce !== undefined) expect(stories.some(holdsOnce), demands).toBe(true);
      const mean = stories.reduce((sum, { earns }) => sum + earns, 0) / stories.length;
      // Who computes honestly and only tries something beside it earns nothing by that; everybody else loses.
      expect(mean, 'what it earns, beside somebody honest with the same machine').toBeLessThan(1);
      console.log(`${role} earns ${mean.toFixed(3)} of what somebody honest does with the same machine`);
    },
  );

  test.each(members.map((member) => [member.role, member.defence, member.toldBy, member] as const))(
    '%s gets through where it does not hold that %s: told by “%s”',
    async (_, defence, toldBy, member) => {
      const rules = await without(member);
      const stories = seedsOf(member).map((seed) => tell(member, rules, seed));
      const told = stories.map(
        (story) => story.day.fault?.oracle ?? (member.holds(story) ? null : member.end),
      );
      const { holdsOnce = () => true } = member;
      if (!stories.some(holdsOnce)) told.push(member.end);
      expect(told, defence).toContain(toldBy);
    },
  );
});

describe('a day without any member of the zoo', () => {
  test('has honest people earn the same, with nothing held against anybody', () => {
    const story = tell(nobodyElse, realRules, 3);
    expect(story.day.fault).toBeNull();
    expect(story.day.tally).toMatchObject({ wrong: 0, wrongFinal: 0, disproved: 0, misdeeds: 0 });
    expect(Math.abs(story.earns - 1)).toBeLessThan(0.2);
  });
});
