/**
 * [TR1] [TR2] [AU3] [AU4] The life that `npm run sim:verify` counts (`verify/life.ts`) beside the rules: the same throws, chunk after chunk,
 * go through `decide` and `evolve`, and as much must be drawn, and be computed by a second person, and become final after the same chunk,
 * and be drawn of whoever leaves.
 */
import { expect, test } from 'vitest';
import { batchUnitsMax } from '../../src/core/audit.ts';
import { probationMicro } from '../../src/core/trust.ts';
import { unitsPerChunk } from './verify/batches.ts';
import { liveOnce, workers } from './verify/life.ts';
import type { Behaviour } from './verify/life.ts';
import { nothing } from './verify/outcome.ts';
import { Ruled } from './verify/ruled.ts';
import { wordsOf } from './verify/words.ts';

/** Strict ones make a window of forty thousand chunks. */
const shortTerms = { windowUnits: 500, leaverUnits: 2_000 };
/** With these a window is long enough for settled batches to be joined, two and two [AU3]. */
const longTerms = { windowUnits: 4_200, leaverUnits: 6_000 };
const assumed = { hostile: 0, anchors: 0.25 };
const chunkMicro = 500_000;
/** Of what was drawn of a leaver's work, volunteers made so much, which anchors may make again. */
const byVolunteers = 1 - assumed.anchors;

const alone = { kind: 'audit', slots: 1, besideWithin: 1, hostile: 0 } as const;
const beside = { kind: 'adaptive', slots: workers, besideWithin: 1, hostile: 0 } as const;
const besideLater = { ...beside, besideWithin: 48 } as const;

test.each([
  { chunks: 7, terms: shortTerms, how: alone, joined: false },
  { chunks: 300, terms: shortTerms, how: alone, joined: false },
  { chunks: 2_500, terms: shortTerms, how: alone, joined: false },
  { chunks: 12_000, terms: shortTerms, how: alone, joined: false },
  { chunks: 20_000, terms: longTerms, how: alone, joined: true },
  { chunks: 7, terms: shortTerms, how: beside, joined: false },
  { chunks: 300, terms: shortTerms, how: beside, joined: false },
  { chunks: 40, terms: shortTerms, how: besideLater, joined: false },
  { chunks: 2_500, terms: shortTerms, how: besideLater, joined: false },
  { chunks: 20_000, terms: longTerms, how: besideLater, joined: true },
])(
  'somebody honest who leaves after $chunks chunks, $how.kind, a second answer within $how.besideWithin, batches joined: $joined',
  ({ chunks, terms, how, joined }) => {
    const seed = 1_000 + chunks;
    const lived: [final: number, drawn: number, isBeside: boolean][] = [];
    const into = nothing();
    const honest = {
      name: 'honest',
      gang: false,
      answer: (_nth: number, _words: unknown, isBeside: boolean) => {
        lived.push([into.final, into.audited, isBeside]);
        return { wrong: [], computed: unitsPerChunk };
      },
    };
    liveOnce(honest, chunks, { ...how, terms, assumed }, wordsOf(seed), into);

    const real = new Ruled(seed, { ...how, terms });
    const ruled: typeof lived = [];
    real.work(chunks, spoiling(0, 1, 0), (...told) => ruled.push(told));
    const parted = lived.findIndex((told, nth) => told.some((one, i) => one !== ruled[nth]?.[i]));
    expect(parted < 0 ? 'never' : { parted, lived: lived[parted], ruled: ruled[parted] }).toBe('never');
    expect(ruled).toHaveLength(chunks);
    if (chunks > 1_000) expect(ruled.at(-1)?.[0]).toBeGreaterThan(0);
    real.leave(chunks);
    expect(real.widest > batchUnitsMax + unitsPerChunk).toBe(joined);
    expect(real.final).toBe(chunks * unitsPerChunk);
    expect(into.final).toBe(real.final);
    expect(into.second).toBe(real.second);
    expect(real.second > 0).toBe(how.kind === 'adaptive');
    // Shares of what is short are rounded up, batch by batch.
    const all = real.drawn + real.ofLeaver;
    expect(all).toBeGreaterThanOrEqual(Math.floor(into.audited - byVolunteers * real.drawn));
    expect(all).toBeLessThanOrEqual(Math.ceil(into.audited) + real.left);
  },
);

test.each([1, 48, 400])(
  'of a newcomer under adaptive as much is computed twice as makes it known, and no more, however long a second answer takes: %i chunks',
  (besideWithin) => {
    const real = new Ruled(1, { ...beside, besideWithin, terms: shortTerms });
    real.work(1_000, spoiling(0, 1, 0));
    expect((real.second / unitsPerChunk) * chunkMicro).toBe(probationMicro);
  },
);

/** Wrong from its `from`th chunk on in each `every`th: in so many of its units, the first ones. */
function spoiling(from: number, every: number, units: number): Behaviour {
  const wrong = Array.from({ length: units }, (_, unit) => unit);
  const answer: Behaviour['answer'] = (nth) =>
    nth >= from && nth % every === 0
      ? { wrong, computed: unitsPerChunk - units }
      : { wrong: [], computed: unitsPerChunk };
  return { name: 'spoiling', gang: false, answer };
}

/** With one worker: the rules examine by the numbers of chunks, and the counted life in the order in which they were answered. */
const byOne = { ...beside, slots: 1 };
const byOneLater = { ...besideLater, slots: 1 };
const alike = { ...byOne, hostile: 1 };

test.each([
  { what: 'all of everything', from: 0, every: 1, units: unitsPerChunk, how: alone },
  { what: 'everything, after honest work', from: 400, every: 1, units: unitsPerChunk, how: alone },
  { what: 'one chunk in ten', from: 30, every: 10, units: unitsPerChunk, how: alone },
  { what: 'half of one chunk in a hundred', from: 0, every: 100, units: 50, how: alone },
  { what: 'a unit in each chunk', from: 0, every: 1, units: 1, how: alone },
  { what: 'a unit in one chunk of twenty', from: 100, every: 20, units: 1, how: alone },
  { what: 'all of everything', from: 0, every: 1, units: unitsPerChunk, how: byOne },
  { what: 'everything, after honest work', from: 60, every: 1, units: unitsPerChunk, how: byOneLater },
  { what: 'everything, long after', from: 400, every: 1, units: unitsPerChunk, how: byOneLater },
  { what: 'one chunk in ten', from: 0, every: 10, units: unitsPerChunk, how: byOneLater },
  { what: 'a unit in one chunk of twenty', from: 100, every: 20, units: 1, how: byOneLater },
  { what: 'all of everything, with another', from: 0, every: 1, units: unitsPerChunk, how: alike },
  { what: 'a unit in one chunk of three, with another', from: 0, every: 3, units: 1, how: alike },
])('somebody who spoils $what, $how.kind, until it is found and in order', ({ from, every, units, how }) => {
  for (let seed = 1; seed <= 12; seed++) {
    const into = nothing();
    const liar = { ...spoiling(from, every, units), gang: how.hostile > 0 };
    const found = new Error('found');
    const answer: Behaviour['answer'] = (nth, words, isBeside) => {
      if (into.faults > 0) throw found;
      return liar.answer(nth, words, isBeside);
    };
    // Whoever is of its gang makes none of its audits here.
    const trusted = { hostile: how.hostile, anchors: how.hostile > 0 ? 1 : assumed.anchors };
    try {
      const under = { ...how, terms: shortTerms, assumed: trusted, auditsWithin: 1 };
      liveOnce({ ...liar, answer }, 20_000, under, wordsOf(seed), into);
    } catch (error) {
      if (error !== found) throw error;
    }
    const real = new Ruled(seed, { ...how, terms: shortTerms });
    real.work(20_000, liar);
    const identity = real.state.identities.get('d/wasm');
    const { final, wrongFinal, bans, bansAtFirst, second, stood, outvoted } = into;
    // A chunk in which it was not believed never was its own.
    const void_ = into.void - outvoted * unitsPerChunk;
    expect({ seed, final, wrongFinal, void: void_, bans, second, stood, outvoted }).toEqual({
      ...{ seed, final: real.final, wrongFinal: real.wrongFinal, void: real.void },
      ...{ second: real.second, stood: real.stood, outvoted: real.outvoted },
      bans: identity?.phase === 'banned' ? 1 : 0,
    });
    expect(into.faults).toBe(real.isFound ? 1 : 0);
    expect(bansAtFirst > 0).toBe(real.isKnownLie);
  }
});
