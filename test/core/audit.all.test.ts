/** Checks what is drawn, by how many it is looked at, and when it is final [AU1]–[AU5], for all small inputs, against the words of docs/SPEC.md. */
import { describe, expect, test } from 'vitest';
import {
  anchoredShare,
  auditorsOf,
  auditorsOfLeaver,
  dealt,
  drawUnits,
  isFinal,
  leaverShortfall,
  nextLook,
  noticed,
  strictTerms,
  termsFor,
  wordsFor,
  wordsForAny,
  wordsToClose,
} from '../../src/core/audit.ts';
import { unitsDrawn } from '../../src/core/checking.ts';
import { drawnForLeaver } from '../../src/core/evolve-checks.ts';
import { closeForLeaver } from '../../src/core/leaving.ts';
import { isRefusal } from '../../src/core/state.ts';
import type { Chunk, Replica } from '../../src/core/state.ts';
import type { Tier } from '../../src/core/trust.ts';
import { unitsIn } from '../../src/core/unit-text.ts';
import { batchOf } from './handmade.ts';
import { answers, audited, batchesOf, drawing, identityOf, join, proven } from './house.ts';
import type { House } from './house.ts';

/** [AU1] Bits of its own that a unit has. */
const bitsFor = { 0: 6, 1: 6, 2: 7 } as const;
const tiers: readonly Tier[] = [0, 1, 2];
/** A record of each tier. */
const microFor = { 0: 0, 1: 4_000_000, 2: 68_000_000 } as const;

/** Words whose bits, read from the lowest on, are these; what does not fit into a word stays unused. */
function wordsOf(groups: readonly number[], bits: number): number[] {
  const words: number[] = [];
  const perWord = Math.floor(32 / bits);
  for (let from = 0; from < groups.length; from += perWord) {
    const text = groups.slice(from, from + perWord).map((group) => group.toString(2).padStart(bits, '0'));
    words.push(Number.parseInt(text.toReversed().join(''), 2));
  }
  return words;
}

describe('[AU1] what is drawn', () => {
  test.each(tiers)(
    'tier %i: each unit whose own bits are all zero, whatever these and all others are',
    (tier) => {
      const bits = bitsFor[tier];
      // All patterns of drawn and not drawn over the seams of three words.
      const perWord = Math.floor(32 / bits);
      const length = 2 * perWord + 2;
      for (let mask = 0; mask < 1 << length; mask++) {
        const units = Array.from({ length }, (_, unit) => unit);
        const groups = units.map((unit) => ((mask >> unit) & 1) * (1 + ((mask + unit) % (2 ** bits - 1))));
        const want = units.filter((unit) => ((mask >> unit) & 1) === 0).map((unit) => 100 + unit);
        const got = drawUnits(units.length, tier, wordsOf(groups, bits), 100);
        if (got.join() !== want.join()) expect.fail(`${groups.join()}: ${got.join()}`);
      }
      // All values that a unit's bits can have, at each place of a word, among others that are drawn or are not.
      for (const others of [0, 2 ** bits - 1])
        for (let place = 0; place < perWord; place++)
          for (let value = 0; value < 2 ** bits; value++) {
            const groups = new Array<number>(perWord).fill(others);
            groups[place] = value;
            expect(drawUnits(perWord, tier, wordsOf(groups, bits)).includes(place)).toBe(value === 0);
          }
    },
  );

  test('so much randomness as is asked for before the author is known is enough for everybody, and no word too many', () => {
    for (let units = 0; units <= 4_096; units++) {
      const least = tiers.map((tier) => {
        let words = 0;
        while (words * Math.floor(32 / bitsFor[tier]) < units) words += 256;
        while (words > 0 && (words - 1) * Math.floor(32 / bitsFor[tier]) >= units) words--;
        return words;
      });
      expect(tiers.map((tier) => wordsFor(units, tier))).toEqual(least);
      expect(wordsForAny(units)).toBe(Math.max(...least));
    }
  });

  test('of several authors the newest decides, and where somebody is not believed it is one in 64: for all of up to three', () => {
    const h = audited('abc', {}, { unitsPerChunk: 12, units: 120 });
    const job = h.state.jobs.values().next().value;
    if (job === undefined) throw new Error('there is no job');
    const replica = (device: string, i: number): Replica => ({ id: i + 1, lease: 1, device, account: device, site: null, group: device, backend: 'wasm', beside: false, phase: { is: 'committed', root: 'r', stored: true, agrees: [] } }); // prettier-ignore
    const chunk: Chunk = { index: 2, openedAt: 0, since: 0, replicas: [] };
    // Words by which units 1 and 9 are drawn of whoever is looked at closely, and units 3 and 10 of others.
    const closely = drawing([1, 9], 1);
    const usual = drawing([3, 10], 2);
    for (let code = 1; code < 64; code++)
      for (const isDisputed of [false, true]) {
        // Each of the three is not an author, or one with a record of some tier.
        const records = [0, 1, 2].map((i) => ((code >> (2 * i)) & 3) - 1);
        const authors = records.flatMap((tier, i) => (tier < 0 ? [] : ['abc'.charAt(i)]));
        if (authors.length === 0) continue;
        for (const [i, tier] of records.entries())
          if (tier >= 0) proven(h, 'abc'.charAt(i), microFor[tier as Tier]);
        const winners = authors.map(replica);
        const losers = isDisputed ? [replica('z', 9)] : [];
        const verdict = { root: 'r', canonical: winners[0] as Replica, winners, losers };
        const isClose = isDisputed || records.some((tier) => tier === 0 || tier === 1);
        const drawn = (words: readonly number[]): number[] =>
          unitsDrawn(h.state, job, chunk, verdict, words, h.now());
        expect(drawn(isClose ? closely : usual), `${records.join()} ${isDisputed}`).toEqual(isClose ? [25, 33] : [27, 34]); // prettier-ignore
      }
  });
});

describe('[AU2] by how many it is looked at', () => {
  test('an anchor looks after 1, 2, 4, 8 units and after each eight more', () => {
    for (let units = 1; units <= 300; units++) {
      const looks = [1, 2, 4];
      for (let after = 8; after < units; after += 8) looks.push(after);
      const want = [...looks.filter((look) => look < units), units];
      const got: number[] = [];
      for (let done = 0; done < units && got.length <= units; got.push(done)) done = nextLook(done, units);
      if (got.join() !== want.join()) expect.fail(`${units}: ${got.join()}`);
    }
  });

  test('one auditor for each 16 units that were begun, of a leaver one for each 64 and four at least: for every chunk', () => {
    let [auditors, ofLeaver] = [0, 0];
    for (let units = 1; units <= 4_096; units++) {
      if (units % 16 === 1) auditors++;
      if (units % 64 === 1) ofLeaver++;
      expect([auditorsOf(units), auditorsOfLeaver(units)]).toEqual([auditors, ofLeaver < 4 ? 4 : ofLeaver]);
      expect(wordsToClose(units)).toBe(units + units + 1);
    }
  });

  test('what is drawn is shared in turn, none empty: for all numbers of units drawn of chunks of up to four auditors', () => {
    for (const units of [1, 15, 16, 17, 32, 33, 48, 49, 64])
      for (let count = 0; count <= Math.min(units, 7); count++) {
        const h = audited('a', {}, { units: 8 * units, unitsPerChunk: units });
        const drawn = Array.from({ length: count }, (_, i) => Math.floor((i * units) / count));
        answers(h, 'a', 'right', { words: drawing(drawn) });
        const hands: number[][] = Array.from({ length: Math.ceil(units / 16) }, () => []);
        for (let i = 0; i < count; i++) hands[i % Math.min(count, hands.length)]?.push(drawn[i] as number);
        expect([...h.state.audits.values()].map((audit) => audit.units)).toEqual(hands.filter((hand) => hand.length > 0)); // prettier-ignore
      }
  });

  test('a leaver’s by lot: each unit goes where its word falls, and nobody gets nothing: for all of up to three units at all bounds', () => {
    for (let auditors = 1; auditors <= 5; auditors++) {
      // The first and the last word of each auditor's part of all words.
      const words: [word: number, auditor: number][] = [];
      for (let part = 0; part < auditors; part++) {
        const first = Number((2n ** 32n * BigInt(part) + BigInt(auditors) - 1n) / BigInt(auditors));
        const end = Number((2n ** 32n * BigInt(part + 1) + BigInt(auditors) - 1n) / BigInt(auditors));
        words.push([first, part], [end - 1, part]);
      }
      for (let code = 0; code < words.length ** 3; code++) {
        const lots = [0, 1, 2].map((i) => words[Math.floor(code / words.length ** i) % words.length] as [number, number]); // prettier-ignore
        for (let count = 0; count <= 3; count++) {
          const units = [5, 8, 9].slice(0, count);
          const want = Array.from({ length: auditors }, (_, part) => units.filter((_unit, i) => lots[i]?.[1] === part)); // prettier-ignore
          const got = dealt(units, auditors, (i) => lots[i]?.[0] as number);
          if (got.join(' ') !== want.filter((hand) => hand.length > 0).join(' '))
            expect.fail(`${units.join()} to ${auditors}: ${got.join(' ')}`);
        }
      }
    }
  });

  test('who notices: all anchors, and of the others all that are not hostile, counted one by one', () => {
    for (let anchors = 0; anchors <= 20; anchors++)
      for (let hostile = 0; hostile <= 20; hostile++) {
        let seen = 0;
        for (let audit = 0; audit < 20; audit++)
          for (let who = 0; who < 20; who++) if (audit < anchors || who >= hostile) seen++;
        expect(noticed({ hostile: hostile / 20, anchors: anchors / 20 })).toBeCloseTo(seen / 400, 12);
      }
  });
});

describe('[AU3] [AU4] [AU5] when it is final', () => {
  test('a window of units right after it, and its own draws right: for all small windows, draws and clocks', () => {
    for (let windowUnits = 1; windowUnits <= 4; windowUnits++)
      for (let before = 0; before <= 4; before++)
        for (let after = 0; after <= 6; after++)
          for (let drawn = 0; drawn <= 2; drawn++)
            for (let passed = 0; passed <= drawn; passed++) {
              // Unit after unit is found right, and counts once there are so many before it.
              let further = 0;
              for (let unit = 0; unit < before + after; unit++) if (unit >= before) further++;
              const batch = { units: 9, drawn, passed, auditedBefore: before };
              expect(isFinal(batch, before + after, { windowUnits, leaverUnits: 1 })).toBe(
                drawn - passed === 0 && further >= windowUnits,
              );
            }
  });

  test('of a leaver so many more are drawn that they are as many as its job names, or all: for all of up to three batches', () => {
    for (let code = 0; code < 10 ** 3; code++) {
      // Each batch: up to three units, and how many of these are drawn.
      const pairs = [[0, 0], [1, 0], [1, 1], [2, 0], [2, 1], [2, 2], [3, 0], [3, 1], [3, 2], [3, 3]] as const; // prettier-ignore
      const batches = [1, 10, 100].map((place) => {
        const [units, drawn] = pairs[Math.floor(code / place) % 10] as (typeof pairs)[number];
        return { units, drawn };
      });
      const marks = batches.flatMap(({ units, drawn }) => Array.from({ length: units }, (_, i) => i < drawn));
      for (let leaverUnits = 1; leaverUnits <= 10; leaverUnits++) {
        const now = [...marks];
        let further = 0;
        while (now.filter((mark) => mark).length < leaverUnits && now.includes(false)) {
          now[now.indexOf(false)] = true;
          further++;
        }
        expect(leaverShortfall(batches, { windowUnits: 1, leaverUnits })).toBe(further);
      }
    }
  });

  test('each batch its share, the newest first, and what was drawn of an earlier leave does not count', () => {
    for (let code = 0; code < 5 ** 3; code++)
      for (const [count, earlier] of [
        [1, 0],
        [2, 0],
        [2, 1],
        [3, 0],
        [3, 1],
        [3, 2],
      ] as const)
        // prettier-ignore
        for (const leaverUnits of [1, 3, 7, 8, 12, 13]) {
          const drawn = [0, 1, 2].slice(0, count).map((i) => Math.floor(code / 5 ** i) % 5);
          const got = leaves(drawn, earlier, leaverUnits);
          const was = drawn.slice(earlier).reduce((sum, one) => sum + one, 0);
          const undrawn = 4 * (count - earlier) - was;
          const short = Math.max(0, Math.min(4 * (count - earlier), leaverUnits) - was);
          const further = got.map((one, i) => one - (drawn[i] as number));
          const about = `${drawn.join()} after ${earlier} of ${leaverUnits}: ${further.join()}`;
          expect(further.slice(0, earlier).every((one) => one === 0), about).toBe(true);
          expect(further.reduce((sum, one) => sum + one, 0), about).toBe(short);
          // The newest first, each the least whole number that is no less than its part of what is still short.
          let [left, missing] = [undrawn, short];
          for (let i = count - 1; i >= earlier; i--) {
            const own = 4 - (drawn[i] as number);
            let share = 0;
            while (share * left < missing * own) share++;
            expect(further[i], about).toBe(share);
            [left, missing] = [left - own, missing - share];
          }
        }
  });

  test('of how much anchors make all: all of up to 1,000 units; of more the rest of 4n ÷ (e · leaverUnits), nothing where that is one', () => {
    for (let leaverUnits = 1; leaverUnits <= 40_000; leaverUnits += 1_333)
      for (let units = 1; units <= 40_000; units += units < 1_000 ? 111 : 111.125) {
        const share = anchoredShare(units, { leaverUnits });
        const peoples = 1 - share;
        if (units <= 1_000) expect(share).toBe(1);
        else if (share > 0) expect((peoples * Math.E * leaverUnits) / 4 / units).toBeCloseTo(1, 9);
        else expect([share, 4 * units >= Math.E * leaverUnits]).toEqual([0, true]);
      }
  });

  test('the terms of a job: a fortieth and a hundredth of its units, begun ones counted, 48 at least and the strict ones at most', () => {
    let [window, leaver] = [0, 0];
    for (let units = 1; units <= 1_400_000; units++) {
      if (units % 40 === 1) window++;
      if (units % 100 === 1) leaver++;
      if (units % 997 > 2 && units % 40 > 1) continue;
      const { windowUnits, leaverUnits } = termsFor(units);
      const isAsSaid =
        windowUnits === Math.min(32_000, Math.max(48, window)) &&
        leaverUnits === Math.min(12_000, Math.max(48, leaver));
      if (!isAsSaid) expect.fail(`${units}: ${windowUnits}, ${leaverUnits}`);
    }
    expect(termsFor(1_300_000)).toEqual(strictTerms);
  });
});

/** How many of each batch of four units are drawn once somebody has left; the first `earlier` of them are of an earlier leave. */
function leaves(drawn: readonly number[], earlier: number, leaverUnits: number): number[] {
  const h = quiet();
  proven(h, 'a', 0);
  const identity = identityOf(h, 'a');
  const [job] = [...h.state.jobs.values()];
  if (job === undefined) throw new Error('there is no job');
  const terms = { ...job, spec: { ...job.spec, policy: { kind: 'audit', quorum: 1, windowUnits: 1, leaverUnits, verifyMilli: 0 } } } as const; // prettier-ignore
  const batches = drawn.map((count, i) =>
    batchOf(i, i + 1, {
      units: 4,
      drawn: Array.from({ length: count }, (_, unit) => 4 * i + unit),
      passed: count,
      auditedBefore: 0,
      closed: i < earlier,
    }),
  );
  identity.open.set('j1', batches);
  const words = [3e9, 1e9, 4e9, 2e9, 0, 3e9, 1e9, 4e9, 2e9];
  const order: number[] = [];
  for (let left = drawn.length - earlier; left > 0; left--) {
    const decision = closeForLeaver(h.state, identity, terms, batches, words, identity.lastAt + 600_000);
    if (isRefusal(decision) || decision[0]?.e !== 'drawn') throw new Error('nothing was closed');
    order.push(decision[0].chunk);
    drawnForLeaver(h.state, decision[0], h.now());
  }
  expect(order).toEqual(drawn.map((_, i) => i).slice(earlier).reverse()); // prettier-ignore
  h.state.audits.clear();
  for (const { drawnUnits, drawn: count } of batchesOf(h, 'a'))
    expect(new Set(unitsIn(drawnUnits)).size).toBe(count);
  return batchesOf(h, 'a').map((batch) => batch.drawn);
}

let known: House | null = null;

/** One house for all: nothing in it changes but what is put there anew. */
function quiet(): House {
  if (known !== null) return known;
  known = audited('', {}, { units: 400, unitsPerChunk: 4 });
  join(known, 'a');
  return known;
}
