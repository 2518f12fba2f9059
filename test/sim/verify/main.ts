/**
 * `npm run sim:verify`: one table of what verification costs and what gets through it, for each strategy that somebody who
 * wants wrong results could follow, with the real rules of `core`, beside how others verify.
 *
 * node test/sim/verify/main.ts [--quick] [--seed N] [--json FILE]
 */
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { strictTerms, wrongShareMax } from '../../../src/core/audit.ts';
import type { Assumptions, AuditTerms } from '../../../src/core/audit.ts';
import { certifyRows } from './certify-rows.ts';
import { slanderedDays } from './slandered.ts';
import { pricesOf } from './prices.ts';
import { unitsPerChunk } from './batches.ts';
import { live, liveOnce, workers } from './life.ts';
import type { Behaviour, Under } from './life.ts';
import {
  atLeast,
  costToOthers,
  discarded,
  earnings,
  redundancyOf,
  redundancyWith,
  wrongShare,
} from './measures.ts';
import { nothing } from './outcome.ts';
import type { Goal, Outcome } from './outcome.ts';
import { boincAdaptive, spotChecks, twoOfThree } from './peers.ts';
import type { PeerRow } from './peers.ts';
import { table } from './table.ts';
import { wordsOf } from './words.ts';
import type { Words } from './words.ts';
import { alwaysWrong, faulty, honest, oneMinute, sparse } from './zoo.ts';
import { whoGetNothing, whoRun, whoStay } from './zoo.ts';
import type { Life } from './zoo.ts';

const has = (flag: string): boolean => process.argv.includes(flag);
const after = (flag: string, otherwise: string): string =>
  has(flag) ? (process.argv[process.argv.indexOf(flag) + 1] ?? otherwise) : otherwise;
const isQuick = has('--quick');
const seed = Number(after('--seed', '1'));
const attackerChunks = isQuick ? 100_000 : 3_000_000;
/** Chunks of honest people for each mean stay. */
const honestChunks = isQuick ? 300_000 : 3_000_000;
const terms = strictTerms;
/**
 * Saboteurs who are wrong once in millions of units need as many to be seen at work. The quick run shows them windows of a tenth:
 * what gets through is inversely proportional to the window, so a tenth of it must keep ten times the goal.
 */
const scale = isQuick ? 10 : 1;
const saboteurTerms: AuditTerms = {
  windowUnits: terms.windowUnits / scale,
  leaverUnits: terms.leaverUnits / scale,
};
/** So few of their units get through that many must be seen. */
const saboteurChunks = isQuick ? 4 * attackerChunks : attackerChunks;
/** Each worker has units of 5 ms; stays are exponentially distributed. */
const [anchors, chunkSeconds, shares] = [0.25, 0.5, [0.05, 0.2, 0.4]];

const goals: Goal[] = [];
const started = performance.now();

/** Chunks of a stay of so many seconds, at least one. */
const chunksOf = (seconds: number): number => Math.max(1, Math.round((seconds * workers) / chunkSeconds));

/** Honest people who stay `meanSeconds` on average (exponentially, or exactly): what came of them. */
function crowd(meanSeconds: number, isExact: boolean, under: Under, words: Words): Outcome {
  const all = nothing();
  while (all.chunks < honestChunks)
    live(honest, chunksOf(isExact ? meanSeconds : meanSeconds * words.exponential()), under, words, all);
  return all;
}

const rows: (readonly string[])[] = [];
const number = (value: number, digits = 3): string => value.toFixed(digits);
const share = (value: number): string => (value === 0 ? '0' : value.toExponential(1));

function liarsRow(
  behaviour: Behaviour,
  hostile: number,
  life: number,
  words: Words,
  under: Pick<Under, 'kind' | 'terms'>,
  chunks = attackerChunks,
): Outcome {
  const all = nothing();
  const assumed = { hostile, anchors };
  while (all.chunks < chunks)
    live(behaviour, Math.min(life, chunks - all.chunks), { ...under, assumed }, words, all);
  return all;
}

const words = wordsOf(seed);
const stays = [
  { name: '35 min, exponential', seconds: 2_100, isExact: false, atMost: 1.06 },
  { name: '4 h, exponential', seconds: 14_400, isExact: false, atMost: 1.03 },
  { name: '60 s, once', seconds: 60, isExact: true, atMost: 1.4 },
] as const;
const policies = ['adaptive', 'audit'] as const;
/** Beside whom honest people work: who wants wrong results, and who lies in everything, with ever new keys. */
const beside = [
  {
    name: 'sparse',
    behaviour: (assumed: Assumptions) => sparse(terms, assumed, 1),
    life: Infinity,
  },
  { name: 'always wrong', behaviour: () => alwaysWrong, life: 40_000 },
];
const redundancy: string[][] = [];
/** Honest people who stay so, beside so many hostile, under a policy: simulated once. */
const crowds = new Map<string, Outcome>();
const penalised = { faults: 0, chunks: 0 };
function crowdOf(stay: (typeof stays)[number], kind: Under['kind'], hostile: number): Outcome {
  const key = `${stay.name} ${kind} ${hostile}`;
  const before = crowds.get(key);
  if (before !== undefined) return before;
  const people = crowd(stay.seconds, stay.isExact, { kind, terms, assumed: { hostile, anchors } }, words);
  crowds.set(key, people);
  penalised.faults += people.faults;
  penalised.chunks += people.chunks;
  return people;
}
for (const kind of policies)
  for (const { name: who, behaviour, life } of beside) {
    const liars = shares.map((hostile) =>
      liarsRow(behaviour({ hostile, anchors }), hostile, life, words, { kind, terms }),
    );
    for (const stay of stays) {
      const { name, atMost } = stay;
      const cells: string[] = [kind, name, who];
      const thrownAway: string[] = [];
      for (const [i, hostile] of shares.entries()) {
        const people = crowdOf(stay, kind, hostile);
        const r = redundancyOf(people, liars[i] as Outcome, hostile);
        const what = `R, ${kind}, ${name}, ${hostile * 100} % hostile, ${who}`;
        goals.push({ what, value: r, atMost });
        cells.push(number(r));
        thrownAway.push(number(discarded(people, liars[i] as Outcome, hostile)));
      }
      redundancy.push([...cells, `≤ ${atMost}`, thrownAway.join(', ')]);
    }
  }

goals.push({ what: 'fault-free identities penalised', value: penalised.faults, atMost: 0 });

const sparseGoal = new Map([
  [0.05, 1e-6],
  [0.2, 5e-6],
  [0.4, 1.5e-5],
]);
for (const { behaviour, name = behaviour.name, life } of whoGetNothing) {
  const cells = [name];
  let worstEarnings = 0;
  const costs = { adaptive: 0, audit: 0 };
  const besides: string[] = [];
  for (const hostile of shares) {
    let [wrong, chunks] = [0, 0];
    for (const kind of policies) {
      const liars = liarsRow(behaviour, hostile, life, words, { kind, terms });
      for (const stay of stays) {
        const r = redundancyOf(crowdOf(stay, kind, hostile), liars, hostile);
        goals.push({
          what: `R, ${kind}, ${stay.name}, ${hostile * 100} % hostile, ${name}`,
          value: r,
          atMost: stay.atMost,
        });
        if (hostile === shares.at(-1) && !stay.isExact) besides.push(number(r));
      }
      goals.push({
        what: `${name}, ${kind}, ${hostile * 100} %: wrong final units`,
        value: liars.wrongFinal,
        atMost: 0,
      });
      worstEarnings = Math.max(worstEarnings, earnings(liars));
      costs[kind] = Math.max(costs[kind], costToOthers(liars));
      wrong += liars.wrongFinal;
      chunks += liars.chunks;
    }
    cells.push(
      wrong === 0
        ? `0 of ${chunks.toExponential(1)}, so < ${share(3 / chunks)} at 95 %`
        : `${wrong} units of ${chunks.toExponential(1)}`,
    );
  }
  goals.push({ what: `${name}: earnings ÷ honest`, value: worstEarnings, atMost: 0.999 });
  rows.push([
    ...[...cells, '0', number(worstEarnings), number(costs.adaptive, 2), number(costs.audit, 2)],
    besides.join(' '),
  ]);
}

/** The worst of several variants of one strategy, for each share. */
function worst(name: string, variants: (assumed: Assumptions) => readonly Life[], factor: number): void {
  const cells = [name];
  const earned = { adaptive: 0, audit: 0 };
  const costs = { adaptive: 0, audit: 0 };
  const besides = { adaptive: [0, 0], audit: [0, 0] };
  for (const hostile of shares) {
    let [most, surely] = [0, 0];
    for (const { behaviour, life } of variants({ hostile, anchors }))
      for (const kind of policies) {
        const under = { kind, terms: saboteurTerms };
        const liars = liarsRow(behaviour, hostile, life, words, under, saboteurChunks);
        const seen = wrongShare(liars, hostile);
        most = Math.max(most, seen);
        surely = Math.max(surely, atLeast(seen, liars));
        earned[kind] = Math.max(earned[kind], earnings(liars));
        costs[kind] = Math.max(costs[kind], costToOthers(liars));
        if (hostile !== shares.at(-1)) continue;
        for (const [i, stay] of stays.slice(0, 2).entries()) {
          const r = redundancyWith(crowdOf(stay, kind, hostile), liars, hostile);
          besides[kind][i] = Math.max(besides[kind][i] as number, r);
        }
      }
    const atMost = scale * factor * (sparseGoal.get(hostile) as number);
    const what = `${name}, ${hostile * 100} %: share of wrong final units`;
    goals.push({ what, value: most, atMost });
    const bound = wrongShareMax(
      { hostile, anchors },
      factor === 1 ? saboteurTerms.windowUnits : saboteurTerms.leaverUnits,
    );
    goals.push({ what: `${what}, three standard errors less, and its bound`, value: surely, atMost: bound });
    goals.push({ what: `${name}, ${hostile * 100} %: the bound itself`, value: bound, atMost });
    cells.push(`${share(most)} (bound ${share(bound)}, goal ${share(atMost)})`);
  }
  // Without second copies who spoils one unit in half a million loses nearly nothing by it.
  for (const [kind, atMost] of [
    ['adaptive', 0.99999],
    ['audit', 0.999999],
  ] as const)
    goals.push({
      what: `${name}, ${kind}: earnings ÷ honest`,
      value: earned[kind],
      atMost: isQuick ? 0.9999999 : atMost,
    });
  const worstEarnings = Math.max(earned.adaptive, earned.audit);
  rows.push([
    ...cells,
    factor === 1 ? 'sparse' : '2 × that goal',
    number(worstEarnings, worstEarnings > 0.99 ? 5 : 3),
    number(costs.adaptive, 2),
    number(costs.audit, 2),
    [...besides.adaptive, ...besides.audit].map((r) => number(r)).join(' '),
  ]);
}

worst('sparse saboteur who stays', (assumed) => whoStay(saboteurTerms, assumed), 1);
worst('hit and run, fresh keys', () => whoRun(scale), 2);
worst('sybil flood, a minute of a core each', () => [oneMinute(isQuick ? 24 : 120)], 2);

const faultyRate = 1e-4;
/** Honest machines of which one unit in ten thousand is wrong: what becomes of the first visits of fresh keys, and of their work. */
function faultyRow(name: string, meanSeconds: number, isExact: boolean): string[] {
  const all = nothing();
  const under: Under = { kind: 'adaptive', terms, assumed: { hostile: 0.2, anchors } };
  let [visits, suspended, banned] = [0, 0, 0];
  while (all.chunks < honestChunks / 3 || visits < (isQuick ? 20 : 200)) {
    const { faults, bans } = all;
    const seconds = isExact ? meanSeconds : meanSeconds * words.exponential();
    liveOnce(faulty(faultyRate), chunksOf(seconds), under, words, all, seconds * 1_000);
    visits++;
    if (all.faults > faults) suspended++;
    if (all.bans > bans) banned++;
  }
  goals.push({
    what: `faulty machines, ${name}: banned at the first mismatch`,
    value: all.bansAtFirst,
    atMost: 0,
  });
  goals.push({ what: `faulty machines, ${name}: banned`, value: all.bans, atMost: 0 });
  return [
    name,
    `${visits}`,
    number((100 * suspended) / visits, 1),
    number((100 * banned) / visits, 1),
    `${all.bansAtFirst}`,
    `${all.bansExamined}`,
    number((100 * all.outvoted * unitsPerChunk) / all.answered, 2),
    number((100 * all.final) / all.answered, 1),
    number((100 * all.examined) / all.answered, 1),
    share(all.wrongFinal / Math.max(1, all.final)),
  ];
}
const month = { name: '30 days', seconds: 30 * 86_400, isExact: true };
const faultyRows = [...stays, month].map(({ name, seconds, isExact }) => faultyRow(name, seconds, isExact));

const certifiedRows = certifyRows(
  (behaviour, hostile, life, some) => liarsRow(behaviour, hostile, life, some, { kind: 'audit', terms }),
  (goal) => void goals.push(goal),
  { chunks: attackerChunks, seed, terms },
);

const slandered = slanderedDays(isQuick ? 12 : 120, seed);
goals.push({ what: 'honest people blamed beside slanderers', value: slandered.blamed, atMost: 0 });

const peers: PeerRow[][] = shares.map((hostile) => [
  twoOfThree(hostile, attackerChunks, words),
  boincAdaptive(hostile, attackerChunks, words),
  spotChecks(hostile, words),
]);

process.stdout.write(
  `What verification costs and what gets through it; seed ${seed}, ${attackerChunks.toExponential(0)} chunks of ${unitsPerChunk} units a strategy.\n` +
    `Audits: 1 unit in 128 (1 in 64 for newcomers), a quarter of them by anchors; final after ${terms.windowUnits} further audited units, or ${terms.leaverUnits} of a leaver's.\n` +
    (isQuick
      ? 'Quick: saboteurs and those who run are shown windows of a tenth, and kept to ten times the goal.\n'
      : ''),
);
table(
  'R: honest compute ÷ final useful work of honest people, audits of liars included (4 workers a device, units of 5 ms)',
  [
    'policy',
    'stay',
    'liars',
    ...shares.map((hostile) => `${hostile * 100} % hostile`),
    'goal',
    'beside it, computed by liars and discarded',
  ],
  redundancy,
);
table(...pricesOf(terms));
table(
  'Wrong final units; where there are none, of so many chunks of liars',
  [
    'strategy',
    ...shares.map((hostile) => `${hostile * 100} % hostile`),
    'goal',
    'earns ÷ honest',
    'costs others',
    'under audit',
    'R beside 40 % of them: 35 min, 4 h; under audit (of the last three what is right is useful work)',
  ],
  rows,
);
table(
  `Honest machines of which one unit in ${1 / faultyRate} is wrong: of their visits, each with a fresh key, in %`,
  [
    'stay',
    'visits',
    'a fault proven',
    'banned',
    'of these at the first',
    'as no accident',
    'outvoted',
    'work kept',
    'examined',
    'wrong final',
  ],
  faultyRows,
);
table(
  'certify: answers to units of mersenne-tf, bent in what is certified, before its own certificate; what an answer leaves out is audited [CT3]',
  ['', 'wrong final', 'right ones refused', 'µs of certificate an answer'],
  certifiedRows,
);
table(
  'Beside: wrong among accepted chunks (redundancy)',
  ['scheme', ...shares.map((hostile) => `${hostile * 100} % hostile`)],
  ['2-of-3 voting', 'BOINC adaptive replication', 'spot checks, blacklist'].map((name, i) => [
    name,
    ...peers.map((of) => `${share(of[i]?.wrongShare ?? 0)} (${number(of[i]?.redundancy ?? 0, 2)})`),
  ]),
);
process.stdout.write(
  `\nFault-free identities penalised: ${penalised.faults}, of chunks of theirs ${penalised.chunks.toExponential(1)} (they answer right, and audits here find what is)\n` +
    `Beside slanderers, in ${slandered.days} days with the house's own desk and loops: ${slandered.blamed} of ${slandered.honest} honest people blamed (< ${share(3 / slandered.honest)} at 95 %), for ${slandered.slanders} answers that called right work wrong\n`,
);
const missed = goals.filter(({ value, atMost }) => value > atMost);
for (const { what, value, atMost } of missed) process.stdout.write(`missed: ${what}: ${value} > ${atMost}\n`);
process.stdout.write(
  `\n${goals.length - missed.length} of ${goals.length} goals met in ${number((performance.now() - started) / 1000, 0)} s\n`,
);
if (has('--json'))
  writeFileSync(after('--json', 'verify.json'), JSON.stringify({ seed, goals, peers }, null, 2));
process.exitCode = missed.length === 0 ? 0 : 1;
