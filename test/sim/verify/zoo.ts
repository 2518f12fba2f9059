/** Who lies how, for the table of `npm run sim:verify`: each strategy that somebody who wants wrong results could follow. */
import { auditShare, noticed } from '../../../src/core/audit.ts';
import type { Assumptions, AuditTerms } from '../../../src/core/audit.ts';
import type { Behaviour } from './life.ts';
import { unitsPerChunk } from './batches.ts';
import type { Words } from './words.ts';

const everyUnit: readonly number[] = Array.from({ length: unitsPerChunk }, (_, unit) => unit);
const none: readonly number[] = [];
const right = { wrong: none, computed: unitsPerChunk };

export const honest: Behaviour = { name: 'honest', gang: false, answer: () => right };

/** An honest machine with a bad memory cell: one in so many of its units is wrong, in its probation too. */
export function faulty(rate: number): Behaviour {
  return { name: `faulty ${rate}`, gang: false, answer: (_, words) => sparsely(rate, words) };
}

export const alwaysWrong: Behaviour = {
  name: 'always wrong',
  gang: true,
  answer: () => ({ wrong: everyUnit, computed: 0 }),
};

/** Skips a share of all units, at random. */
export function lazy(share: number): Behaviour {
  return {
    name: `lazy ${share * 100} %`,
    gang: true,
    answer(_, words) {
      const wrong = everyUnit.filter(() => words.unit() < share);
      return { wrong, computed: unitsPerChunk - wrong.length };
    },
  };
}

/** Honest for so many chunks, then wrong in everything. */
export function sleeper(chunks: number): Behaviour {
  return {
    name: `sleeper ${chunks} chunks`,
    gang: true,
    answer: (nth) => (nth < chunks ? right : { wrong: everyUnit, computed: 0 }),
  };
}

/** In probation it says what its partner said, as if answers leaked, and computes nothing; alone it makes things up. */
export const copycat: Behaviour = {
  name: 'copycat',
  gang: true,
  answer: (_nth, _words, isBeside) => ({ wrong: isBeside ? none : everyUnit, computed: 0 }),
};

/** One wrong unit in every chunk. */
export const oneEach: Behaviour = {
  name: 'one unit in each chunk',
  gang: true,
  answer: (_, words) => ({ wrong: [words.below(unitsPerChunk)], computed: unitsPerChunk }),
};

/** Wrong so seldom that it is caught about once a window, and honest in probation: the best that somebody who stays can do. */
export function sparse(terms: AuditTerms, assumed: Assumptions, factor: number): Behaviour {
  // One in so many of its units makes one noticed fault a window, whatever the share that is drawn.
  const rate = factor / (noticed(assumed) * terms.windowUnits);
  return {
    name: `sparse × ${factor}`,
    gang: false,
    answer: (nth, words, isBeside) => (nth < 8 || isBeside ? right : sparsely(rate, words)),
  };
}

/** The same, but with `units` of one chunk wrong at a time, so that one auditor of its gang may vouch for several. */
function clustered(terms: AuditTerms, assumed: Assumptions, units: number): Behaviour {
  const drawn = auditShare(2);
  const isSeen = 1 - (1 - drawn * noticed(assumed)) ** units;
  // One chunk in so many makes one noticed fault a window.
  const rate = (unitsPerChunk * drawn) / (isSeen * terms.windowUnits);
  return {
    name: `sparse, ${units} units together`,
    gang: false,
    answer: (nth, words, isBeside) =>
      nth >= 8 && !isBeside && words.unit() < rate ? spoilt(units, words) : right,
  };
}

/** Fewer chunks of a newcomer are computed twice: who stays for longer spoils others. */
const besideMax = 200;

/** Stays for `chunks`, spoils `wrong` units after its probation, and leaves with its key. */
function hitAndRun(chunks: number, wrong: number): Behaviour {
  const rate = wrong / ((chunks - 8) * unitsPerChunk);
  return {
    name: `hit and run, ${wrong} in ${chunks} chunks`,
    gang: true,
    answer: (nth, words, isBeside) =>
      nth < 8 || (isBeside && chunks > besideMax) ? right : sparsely(rate, words),
  };
}

/** The same, with all that is wrong in one chunk. */
function hitAtOnce(chunks: number, wrong: number): Behaviour {
  return {
    name: `hit and run, ${wrong} in one of ${chunks} chunks`,
    gang: true,
    answer: (nth, words) => (nth >= 8 && words.below(chunks - 8) === 0 ? spoilt(wrong, words) : right),
  };
}

/** Chunks of one key, of who stays for as long as it may. */
const longLife = 40_000;

/** Somebody, and how many chunks it answers with one key. */
export interface Life {
  readonly behaviour: Behaviour;
  readonly life: number;
}

/** Who shall get nothing through. */
export const whoGetNothing: readonly (Life & { readonly name?: string })[] = [
  { behaviour: alwaysWrong, life: longLife },
  { behaviour: alwaysWrong, name: 'always wrong, 4 chunks a key', life: 4 },
  { behaviour: alwaysWrong, name: 'always wrong, 1 chunk a key', life: 1 },
  // A window is some 41,000 chunks: of the key that wakes the first 19,000 are final by then, and right. The key after it leaves before it would.
  { behaviour: sleeper(60_000), life: 120_000 },
  ...[lazy(0.05), lazy(0.25), oneEach, sleeper(1_600), sleeper(64), copycat].map((behaviour) => ({
    behaviour,
    life: longLife,
  })),
];

/** Who computes nothing, or not everything, and names no factor: a certificate of what is named has nothing against that. */
export const whoKeepBack: readonly Life[] = [alwaysWrong, lazy(0.05)].map((behaviour) => ({
  behaviour,
  life: longLife,
}));

/** Saboteurs who stay: wrong now and then, in one unit or in several of one chunk. */
export function whoStay(terms: AuditTerms, assumed: Assumptions): Life[] {
  return [
    ...[0.5, 1, 2].map((factor) => sparse(terms, assumed, factor)),
    ...[16, 100].map((units) => clustered(terms, assumed, units)),
  ].map((behaviour) => ({ behaviour, life: Infinity }));
}

/** Those who leave with little, of which nearly all is recomputed and a gang may vouch for it; and with more (`scale` times less of it). */
export function whoRun(scale: number): Life[] {
  return [
    ...[11, 24, 40, 80].flatMap((life) =>
      [hitAndRun(life, 1), hitAtOnce(life, 4)].map((behaviour) => ({ behaviour, life })),
    ),
    ...[480, 1_200, 2_400, 4_800]
      .map((chunks) => chunks / scale)
      .flatMap((life) => [1, 3].map((wrong) => ({ behaviour: hitAndRun(life, wrong), life }))),
  ];
}

/** A key of a flood. */
export function oneMinute(chunks: number): Life {
  return { behaviour: hitAndRun(chunks, 1), life: chunks };
}

/** So many units of a chunk wrong, any of them. */
function spoilt(count: number, words: Words): { wrong: readonly number[]; computed: number } {
  const wrong = new Set<number>();
  while (wrong.size < count) wrong.add(words.below(unitsPerChunk));
  return { wrong: [...wrong], computed: unitsPerChunk };
}

function sparsely(rate: number, words: Words): { wrong: readonly number[]; computed: number } {
  if (words.unit() >= rate * unitsPerChunk) return right;
  return { wrong: [words.below(unitsPerChunk)], computed: unitsPerChunk };
}
