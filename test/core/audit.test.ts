/** What is drawn, when work is final, and what a proven fault means: every small rule, for all small inputs where that is possible. */
import { describe, expect, test } from 'vitest';
import {
  auditShare,
  drawUnits,
  isFinal,
  leaverShortfall,
  noticed,
  nextLook,
  priceMultiplier,
  strictTerms,
  wordsFor,
  wordsForAny,
  wrongShareMax,
} from '../../src/core/audit.ts';
import {
  addWork,
  awayFor,
  mayWork,
  suspendedMs,
  faultMemoryMs,
  halfLifeMs,
  newStanding,
  probationMicro,
  provenNow,
  punish,
  tier1Micro,
  tierOf,
  verdictOn,
} from '../../src/core/trust.ts';
import type { Tier } from '../../src/core/trust.ts';
import { dice } from '../sim/random.ts';

const tiers: readonly Tier[] = [0, 1, 2];

function words(count: number, throws: ReturnType<typeof dice>): number[] {
  return Array.from({ length: count }, () => throws.below(4_294_967_296));
}

describe('[AU2] an anchor at an audit', () => {
  test('looks after one unit, and recomputes at most twice what lies before a wrong one, and no more than seven units behind it', () => {
    for (let units = 1; units <= 300; units++) {
      const looks: number[] = [];
      for (let done = 0; done < units; looks.push(done)) {
        const next = nextLook(done, units);
        expect(next).toBeGreaterThan(done);
        done = next;
      }
      expect(looks.at(-1)).toBe(units);
      expect(looks[0]).toBe(1);
      for (let wrong = 1; wrong <= units; wrong++)
        expect(looks.find((look) => look >= wrong)).toBeLessThanOrEqual(
          Math.min(2 * Math.max(1, wrong - 1), wrong + 7),
        );
    }
  });
});

describe('[AU1] the units that are recomputed', () => {
  test.each(tiers)('tier %i: ascending, within the chunk, and drawn by their own bits alone', (tier) => {
    const throws = dice(1);
    for (let units = 1; units <= 70; units++) {
      const thrown = words(wordsFor(units, tier), throws);
      const drawn = drawUnits(units, tier, thrown);
      expect(drawn.every((unit, i) => unit < units && unit > (drawn[i - 1] ?? -1))).toBe(true);
      // Those of a longer chunk begin with those of a shorter one: no unit's fate depends on another's.
      const longer = drawUnits(units + 40, tier, [...thrown, ...words(wordsFor(units + 40, tier), throws)]);
      expect(longer.filter((unit) => unit < units)).toEqual(drawn);
    }
    const all = drawUnits(64, tier, new Array<number>(wordsFor(64, tier)).fill(0));
    expect(all).toHaveLength(64);
    expect(drawUnits(64, tier, new Array<number>(wordsFor(64, tier)).fill(0xffffffff))).toEqual([]);
  });

  test.each(tiers)('tier %i: as many as its share says, each place as often as any other', (tier) => {
    const throws = dice(2);
    const units = 100;
    const rounds = 40_000;
    const hits = new Array<number>(units).fill(0);
    for (let i = 0; i < rounds; i++)
      for (const unit of drawUnits(units, tier, words(wordsFor(units, tier), throws)))
        hits[unit] = (hits[unit] as number) + 1;
    const expected = rounds * auditShare(tier);
    // Six standard deviations of a binomial.
    for (const hit of hits) expect(Math.abs(hit - expected)).toBeLessThan(6 * Math.sqrt(expected));
  });

  test.each(tiers)(
    'tier %i: not with less randomness than it needs, and what is enough for all is',
    (tier) => {
      for (let units = 1; units <= 200; units++) {
        const least = Math.ceil(units / Math.floor(32 / (tier === 2 ? 7 : 6)));
        expect(wordsFor(units, tier)).toBe(least);
        expect(() => drawUnits(units, tier, new Array<number>(least - 1).fill(1))).toThrow('randomness');
        expect(wordsForAny(units)).toBeGreaterThanOrEqual(least);
      }
    },
  );

  test('a newcomer’s are drawn like those of the first tier, and nobody’s fewer than one in 128', () => {
    expect(tiers.map(auditShare)).toEqual([1 / 64, 1 / 64, 1 / 128]);
  });
});

describe('[AU3] [AU4] when work is final', () => {
  const terms = { windowUnits: 10, leaverUnits: 5 };

  test('after its own draws and a window of later ones, no sooner', () => {
    for (let drawn = 0; drawn <= 3; drawn++)
      for (let passed = 0; passed <= drawn; passed++)
        for (let audited = 0; audited <= 25; audited++)
          expect(isFinal({ units: 64, drawn, passed, auditedBefore: 7 }, audited, terms)).toBe(
            passed === drawn && audited >= 17,
          );
  });

  test('of a leaver’s units as many are drawn as the terms say, or all', () => {
    for (let units = 0; units <= 12; units++)
      for (let drawn = 0; drawn <= units; drawn++) {
        const halves = [
          { units: Math.floor(units / 2), drawn, passed: drawn, auditedBefore: 0 },
          { units: Math.ceil(units / 2), drawn: 0, passed: 0, auditedBefore: 0 },
        ];
        expect(leaverShortfall(halves, terms)).toBe(Math.max(0, Math.min(units, 5) - drawn));
      }
  });

  test('the guarantee follows from the window: VERIFICATION 1.5, for a fifth of all compute', () => {
    const assumed = { hostile: 0.2, anchors: 0.25 };
    expect(noticed(assumed)).toBeCloseTo(0.85);
    expect(wrongShareMax(assumed, strictTerms.windowUnits)).toBeLessThan(5e-6);
    expect(wrongShareMax(assumed, strictTerms.leaverUnits)).toBeLessThan(1e-5);
    expect(wrongShareMax(assumed, 2 * strictTerms.windowUnits)).toBeCloseTo(
      wrongShareMax(assumed, strictTerms.windowUnits) / 2,
    );
  });

  test('the price is what a stay costs: 35 minutes of four cores, and a minute of them', () => {
    const price = (seconds: number): number =>
      priceMultiplier(strictTerms, seconds * 4, 5_000, probationMicro, tier1Micro);
    expect(price(2_100)).toBeGreaterThan(1.0078);
    expect(price(2_100)).toBeLessThan(1.03);
    expect(price(60)).toBeGreaterThan(1.25);
    expect(price(60)).toBeLessThan(1.4);
  });
});

describe('[TR1]–[TR6] an identity’s record', () => {
  test('rises with work, from copies beside others to one unit in 64 to one in 128', () => {
    const standing = newStanding(0);
    const seen: [number, Tier][] = [];
    for (let done = 0; done <= 80_000_000; done += 500_000) {
      const tier = tierOf(standing, 0);
      if (seen.at(-1)?.[1] !== tier) seen.push([done, tier]);
      addWork(standing, 500_000, 0);
    }
    expect(seen).toEqual([
      [0, 0],
      [probationMicro, 1],
      [tier1Micro, 2],
    ]);
  });

  test('[TR4] halves with each half-life without work, and not by a clock that goes back', () => {
    const standing = newStanding(0);
    addWork(standing, 80_000_000, 1_000);
    for (let halves = 0; halves < 12; halves++)
      expect(provenNow(standing, 1_000 + halves * halfLifeMs)).toBe(Math.floor(80_000_000 / 2 ** halves));
    expect(provenNow(standing, 1_000 + 1_000 * halfLifeMs)).toBe(0);
    expect(tierOf(standing, 0)).toBe(2);
    addWork(standing, 0, 0);
    expect(standing.provenAt).toBe(1_000);
  });

  test('[TR5] [TR6] a fault is an accident, however large and however often; a gang’s lie is none', () => {
    const tooMuch = { units: 300, wrong: 3, chunks: 3 };
    for (const phase of ['open', 'suspended', 'banned'] as const)
      for (const isKnownLie of [false, true])
        for (const after of [newStanding(0).examined, tooMuch]) {
          const isOver = phase === 'banned';
          const isNone = isKnownLie || (phase === 'suspended' && after === tooMuch);
          const otherwise = phase === 'open' ? 'suspend' : null;
          expect(verdictOn({ phase }, isKnownLie, after)).toBe(isOver ? null : isNone ? 'ban' : otherwise);
        }
  });

  test('[TR5] each fault within thirty days of the one before keeps away for twice as long, and never longer than it is remembered', () => {
    const standing = newStanding(0);
    let at = 0;
    const hours: number[] = [];
    for (let fault = 0; fault < 12; fault++) {
      const away = awayFor(standing, at);
      hours.push(away / suspendedMs);
      punish(standing, 'suspend', away, at);
      standing.phase = 'open';
      // At the last moment at which it is still remembered, where it may be back by then.
      at += Math.max(away, faultMemoryMs - 1);
    }
    expect(hours).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 720, 1]);
    punish(standing, 'suspend', awayFor(standing, at), at);
    expect(standing.faults).toBe(2);
    expect(awayFor(standing, at + faultMemoryMs - 1)).toBe(4 * suspendedMs);
    expect(awayFor(standing, at + faultMemoryMs)).toBe(suspendedMs);
  });

  test('[TR5] [TR6] who is suspended may begin anew when that is over, who is banned never', () => {
    const standing = newStanding(0);
    expect(mayWork(standing, 0)).toBe(true);
    punish(standing, 'suspend', 2 * suspendedMs, 5);
    expect(mayWork(standing, 4 + 2 * suspendedMs)).toBe(false);
    expect(mayWork(standing, 5 + 2 * suspendedMs)).toBe(true);
    punish(standing, 'ban', 0, 6);
    expect(mayWork(standing, 1e15)).toBe(false);
  });

  test('after a fault it begins anew', () => {
    const standing = newStanding(0);
    addWork(standing, 80_000_000, 0);
    punish(standing, 'suspend', suspendedMs, 5);
    expect(standing).toMatchObject({ phase: 'suspended', faults: 1, faultAt: 5, provenMicro: 0 });
    expect(tierOf(standing, 5)).toBe(0);
    punish(standing, 'ban', 0, 6);
    expect(standing.phase).toBe('banned');
  });
});
