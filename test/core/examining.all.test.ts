/** Checks the examination of who is suspended, and what is void of whom [TR5] [TR6] [CH11] [LG5], for all small cases, against the words of docs/SPEC.md. */
import { describe, expect, test } from 'vitest';
import { closeBatch, upkeepOf, voidBatch } from '../../src/core/checking.ts';
import {
  isExamined,
  isUncheckable,
  lostOf,
  nextOf,
  undrawnOf,
  withVouched,
} from '../../src/core/examining.ts';
import { numbersIn } from '../../src/core/intervals.ts';
import { isRefusal } from '../../src/core/state.ts';
import type { Batch, Entry } from '../../src/core/state.ts';
import { kernel } from './house.ts';
import { batchOf, identityWith, jobOf, now, perChunk, standings, stateOf, unitMicro } from './handmade.ts';

/** How one unit stands: nobody was asked, it waits, an anchor found it right, or a volunteer. */
const fates = ['untouched', 'waiting', 'anchors', 'peoples'] as const;
type Fate = (typeof fates)[number];

/** All ways in which four units, of two chunks, may stand. */
const all: readonly (readonly Fate[])[] = Array.from({ length: 4 ** 4 }, (_, code) =>
  [0, 1, 2, 3].map((unit) => fates[(code >> (2 * unit)) & 3] as Fate),
);

/** The batch of chunks 1 and 2 whose units stand so. */
function batchWith(units: readonly Fate[]): Batch {
  const those = (...of: Fate[]): number[] =>
    units.flatMap((fate, i) => (of.includes(fate) ? [perChunk + i] : []));
  return batchOf(1, 3, {
    drawn: those('waiting', 'anchors', 'peoples'),
    passed: those('anchors', 'peoples').length,
    vouched: those('peoples'),
  });
}

const close = { c: 'close', job: 'j1', device: 'a', backend: 'wasm', words: [] } as const;
const suspended = { phase: 'suspended', faultAt: now, awayMs: 1 } as const;

describe('[TR5] an examination', () => {
  test('draws, once nothing waits, every unit that no anchor has recomputed, for anchors only, the last chunk first: for all ways in which four units stand', () => {
    for (const units of all) {
      const [batch, job] = [batchWith(units), jobOf(4)];
      const before = batchOf(0, 1, { drawn: [0], passed: 1 });
      const want = [2, 1].flatMap((chunk) => {
        const own = [0, 1].map((i) => perChunk * chunk + i);
        const open = own.filter((unit) => ['untouched', 'peoples'].includes(units[unit - perChunk] as Fate));
        return open.length === 0 ? [] : [[chunk, open]];
      });
      const waits = units.includes('waiting');
      const state = stateOf(identityWith([before, batch], suspended), job);
      const decision = closeBatch(state, close, now);
      // What waits of an older batch, too, is waited for.
      const older = stateOf(identityWith([batch, batchOf(3, 4)], suspended), job);
      const other = closeBatch(older, close, now);
      if (waits) {
        expect([decision, other]).toEqual([{ refused: 'already-so' }, { refused: 'already-so' }]);
        expect(nextOf([before, batch])).toBe(undefined);
        continue;
      }
      expect(decision).toMatchObject([{ e: 'drawn', device: 'a', chunk: 1, drawn: want, anchored: true }]);
      expect(other).toMatchObject([{ e: 'drawn', chunk: 3, drawn: [[3, [6, 7]]], anchored: true }]);
      expect(undrawnOf(job, batch)).toEqual(want);
      expect(isExamined(batch)).toBe(units.every((fate) => fate === 'anchors'));
    }
  });

  test('[AU5] where anchors make all audits, what volunteers alone found right is drawn once more beside what is: for all ways', () => {
    const job = jobOf(4);
    for (const units of all)
      for (let mask = 0; mask < 16; mask++) {
        // Of the units that nobody was asked about some are drawn now.
        const more = [0, 1, 2, 3].filter((i) => units[i] === 'untouched' && ((mask >> i) & 1) === 1);
        const byChunk = (of: readonly number[]): [number, number[]][] =>
          [1, 2].flatMap((chunk): [number, number[]][] => {
            const own = of.map((i) => perChunk + i).filter((unit) => Math.floor(unit / perChunk) === chunk);
            return own.length === 0 ? [] : [[chunk, own]];
          });
        const peoples = [0, 1, 2, 3].filter((i) => units[i] === 'peoples');
        const want = byChunk([...more, ...peoples].toSorted((a, b) => a - b));
        expect(withVouched(job, batchWith(units), byChunk(more))).toEqual(want);
      }
  });

  test('does one thing at a time in each job: what is void first, then what is final, then the next draws, or waits: for all of two batches', () => {
    const seen = new Set<string>();
    for (const first of standings)
      for (const second of standings)
        for (let marks = 0; marks < 64; marks++) {
          // Whether a chunk was found wrong, or is another's too; and what became of the job.
          const [w1, w2, o1, o2, isClosing, isPaused] = [0, 1, 2, 3, 4, 5].map((bit) => ((marks >> bit) & 1) === 1); // prettier-ignore
          const isDrawnRight = [w1 && first, w2 && second].some(
            (one) => one && one.passed === one.drawn.length,
          );
          if (isDrawnRight) continue;
          const batches = [first, second].map((one, i) =>
            batchOf(i, i + 1, {
              drawn: one.drawn.map((unit) => unit + perChunk * i),
              passed: one.passed,
              vouched: one.vouched.map((unit) => unit + perChunk * i),
              wrong: (i === 0 ? w1 : w2) ? [i, i + 1] : [],
            }),
          );
          const others = [...(o1 ? [0] : []), ...(o2 ? [1] : [])];
          const job = jobOf(3, { authors: new Map(others.map((chunk) => [chunk, 2])), closingAt: isClosing ? 1 : null }); // prettier-ignore
          const state = stateOf(identityWith(batches, suspended), job);
          if (isPaused) state.pausedKernels.set(kernel, 'a test');
          const isAnchored = ({ passed, vouched }: Batch): boolean => passed === perChunk && vouched === '';
          const waits = batches.some(({ drawn, passed }) => drawn > passed);
          const isVoid = w1 || w2 || o1 || o2;
          const isFinal = batches.some(isAnchored) || (isClosing && isPaused);
          const want = isVoid ? 'void' : isFinal ? 'vest' : waits ? '' : 'close';
          const got = upkeepOf(state, 'a/wasm', now).map(({ c }) => c).join(); // prettier-ignore
          if (got !== want) expect.fail(`${JSON.stringify(batches)} ${marks}: ${got}, not ${want}`);
          seen.add(got);
          expect(isUncheckable(state, job)).toBe(isClosing === true && isPaused === true);
        }
    expect([...seen].sort()).toEqual(['', 'close', 'vest', 'void']);
  });
});

/** How a chunk of somebody who is sent away stands: what was found, who paid, and who else answers for it. */
interface Stand {
  readonly isWrong: boolean;
  readonly isOperators: boolean;
  /** Others answer for it and it is provisional; nobody else does; or it is final through another. */
  readonly also: 'others' | 'nobody' | 'final';
}
const stands: readonly Stand[] = [false, true].flatMap((isWrong) =>
  [false, true].flatMap((isOperators) =>
    (['others', 'nobody', 'final'] as const).map((also) => ({ isWrong, isOperators, also })),
  ),
);
const chunkMicro = perChunk * unitMicro;

/** Runs of these numbers. */
function runsOf(numbers: readonly number[]): number[] {
  const runs: number[] = [];
  for (const one of numbers)
    if (runs.at(-1) === one) runs[runs.length - 1] = one + 1;
    else runs.push(one, one + 1);
  return runs;
}

describe('[TR5] [TR6] [CH11] [LG5] what is void', () => {
  test('of whom, who gets it back, and what is free again: for all ways in which three chunks stand', () => {
    for (let code = 0; code < 12 ** 3; code++)
      for (const phase of ['suspended', 'banned'] as const)
        for (const [isClosing, spareMicro] of [
          [false, 0],
          [false, 7],
          [true, 0],
          [false, -chunkMicro],
        ] as const) // prettier-ignore
        {
          const of = [1, 12, 144].map((place) => stands[Math.floor(code / place) % 12] as Stand);
          const those = (is: (one: Stand) => boolean): number[] =>
            [0, 1, 2].filter((i) => is(of[i] as Stand));
          const batch = batchOf(0, 3, {
            wrong: runsOf(those(({ isWrong }) => isWrong)),
            byOperator: runsOf(those(({ isOperators }) => isOperators)),
          });
          const job = jobOf(4, {
            closingAt: isClosing ? 1 : null,
            authors: new Map(those(({ also }) => also === 'others').map((i) => [i, 2])),
            accepted: runsOf(those(({ also }) => also !== 'final')),
            final: runsOf(those(({ also }) => also === 'final')),
            owedMicro: 100,
            batches: 2,
          });
          const state = stateOf(identityWith([batch], { phase, faultAt: 0 }), job);
          state.balances.set('escrow:j1', BigInt(100 + spareMicro));
          // All of who is banned; of who is suspended what was wrong, and what stands without it.
          const lost = those(({ isWrong, also }) => phase === 'banned' || isWrong || also === 'others');
          const free = lost.filter((i) => of[i]?.also === 'nobody');
          const operators = lost.filter((i) => of[i]?.isOperators);
          const back = chunkMicro * (lost.length - operators.length);
          const short = isClosing ? 0 : chunkMicro * free.length - back - spareMicro;
          const entries: Entry[] = [
            { from: 'pending:A', to: 'escrow:j1', amountMicro: back },
            { from: 'pending:A', to: 'operator', amountMicro: chunkMicro * operators.length },
            { from: 'operator', to: 'escrow:j1', amountMicro: short },
          ];
          const decision = voidBatch(state, { c: 'void', device: 'a', backend: 'wasm' });
          const [voided] = isRefusal(decision) ? [] : decision;
          const got = voided?.e === 'voided' ? [[...numbersIn(voided.chunks)], voided.reopened, voided.entries] : decision; // prettier-ignore
          const moved = entries.filter(({ amountMicro }) => amountMicro > 0);
          const want = lost.length > 0 ? [lost, runsOf(free), moved] : { refused: 'already-so' };
          if (JSON.stringify(got) !== JSON.stringify(want))
            expect.fail(`${phase} ${JSON.stringify(of)}: ${JSON.stringify(got)}`);
          if (phase === 'suspended' && [...numbersIn(lostOf(job, batch))].join() !== lost.join())
            expect.fail(`${JSON.stringify(of)}: ${lostOf(job, batch).join()}`);
        }
  });

  test('nothing of who is let in, and of several batches one at a time: the oldest, or the first in which something is', () => {
    for (const phase of ['open', 'suspended', 'banned'] as const)
      for (let marks = 0; marks < 8; marks++) {
        const batches = [0, 1, 2].map((i) => batchOf(i, i + 1, { wrong: ((marks >> i) & 1) === 1 ? [i, i + 1] : [] })); // prettier-ignore
        const job = jobOf(4, { accepted: [0, 3], batches: 3 });
        const state = stateOf(identityWith(batches, { phase, faultAt: 0 }), job);
        const decision = voidBatch(state, { c: 'void', device: 'a', backend: 'wasm' });
        const wrong = [0, 1, 2].find((i) => ((marks >> i) & 1) === 1);
        const first = phase === 'open' ? undefined : phase === 'banned' ? 0 : wrong;
        if (first === undefined) expect(decision).toEqual({ refused: 'already-so' });
        else expect(decision).toMatchObject([{ e: 'voided', chunks: [first, first + 1] }]);
      }
  });
});
