/** Plays days of weather: kept seeds, fair ones and stormy ones, and the same seed twice. */
import { describe, expect, test } from 'vitest';
import { play } from './world.ts';

/** Seeds in which a bug that we once had showed itself; `planted.test.ts` plants some of them again. They stay. */
const kept: readonly (readonly [number, string])[] = [
  [6, 'a GPU opened chunks where one answer is enough'],
  [72, 'a lease ahead had to be done in its own time, which began with the lease before it'],
  [144, 'a wish for work waited for minutes with a guessed speed'],
  [166, 'somebody who never answers got the same chunk again and again'],
  [318, 'the wish of a slot that had never computed waited likewise'],
  [10351395059, 'what was paid unseen when a job was cancelled was taken for final'],
  [40198, 'a crash took a requester’s order with it, and nobody asked again'],
  [5269, 'everybody’s GPU joined a dispute that only a WASM answer could end'],
];

describe('kept seeds', () => {
  test.each(kept)('%i: %s', (seed) => {
    expect(play(seed).fault).toBeNull();
  });
});

describe('weather', () => {
  test('sixty days: safe, every job concluded, fair and honest', () => {
    const total = {
      wrong: 0,
      misdeeds: 0,
      disputes: 0,
      expired: 0,
      crashes: 0,
      failedAppends: 0,
      withAnchor: 0,
      keptLong: 0,
    };
    for (let seed = 1000; seed < 1060; seed++) {
      const day = play(seed);
      if (day.fault !== null)
        expect.fail(
          `seed ${seed}: ${day.fault.oracle}: ${day.fault.sentence}\nreplay: npm run sim -- --seed ${seed}`,
        );
      for (const key of ['wrong', 'misdeeds', 'disputes', 'expired', 'withAnchor'] as const)
        total[key] += day.tally[key];
      total.crashes += day.crashes;
      total.failedAppends += day.failedAppends;
      total.keptLong += day.keptLong;
    }
    // A crowd in which nobody broke anything, or weather that never hit, would prove nothing.
    for (const [what, count] of Object.entries(total)) expect(count, what).toBeGreaterThan(0);
  });

  test('the same seed gives the same log, another seed another', () => {
    for (const seed of [3, 6, 11, 17]) expect(play(seed)).toEqual(play(seed));
    expect(play(3).log).not.toBe(play(4).log);
  });
});
