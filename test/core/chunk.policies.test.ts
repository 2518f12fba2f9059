/** Checks who settles a chunk, what it wants and whose help is one [CH4]–[CH7] [TR1], under every policy, for all chunks of up to three replicas, against the words of docs/SPEC.md. */
import { describe, expect, test } from 'vitest';
import { committedCount, helps, judge, quorumOf, standsAlone, wanted, wantsBytes, withClosed } from '../../src/core/chunk.ts'; // prettier-ignore
import { isAudited, workMicro } from '../../src/core/job.ts';
import type { Backend, Chunk, JobSpec, Policy, Replica, ReplicaPhase } from '../../src/core/state.ts';
import { specOf } from './house.ts';

const phases: readonly ReplicaPhase[] = [
  { is: 'leased', deadline: 1 },
  { is: 'closed', why: 'expired' },
  { is: 'committed', root: 'x', stored: true, agrees: [] },
  { is: 'committed', root: 'x', stored: false, agrees: [] },
  { is: 'committed', root: 'y', stored: true, agrees: [] },
  { is: 'committed', root: 'y', stored: false, agrees: [] },
];

/** All chunks of one to three replicas of distinct people, each a newcomer's or not, in all phases. */
function* chunks(backends: readonly Backend[] = ['wasm']): Generator<Chunk> {
  const kinds: Replica[] = [];
  for (const phase of phases)
    for (const beside of [false, true])
      for (const backend of backends)
        kinds.push({ id: 0, lease: 1, device: '', account: '', site: null, group: '', backend, beside, phase }); // prettier-ignore
  const grow = function* (replicas: readonly Replica[]): Generator<Chunk> {
    if (replicas.length > 0) yield { index: 0, openedAt: 0, since: 0, replicas };
    if (replicas.length === 3) return;
    const id = replicas.length + 1;
    for (const kind of kinds)
      yield* grow([
        ...replicas,
        { ...kind, id, account: 'ABC'.charAt(id - 1), device: 'abc'.charAt(id - 1) },
      ]);
  };
  yield* grow([]);
}

const terms = { quorum: 1, windowUnits: 1, leaverUnits: 1, verifyMilli: 0 } as const;
const alone: readonly Policy[] = [
  { kind: 'none', quorum: 1 },
  { kind: 'certify', quorum: 1, certificate: '0' },
  { kind: 'certify', certificate: '0', ...terms },
  { kind: 'audit', ...terms },
];
const adaptive: Policy = { kind: 'adaptive', ...terms };
const replicate = (quorum: number): Policy => ({ kind: 'replicate', quorum });
const under = (policy: Policy, agreement: JobSpec['agreement'] = 'exact'): JobSpec => specOf({ policy, agreement }); // prettier-ignore

/** Answers that are in, in their order. */
interface Answer {
  readonly id: number;
  readonly root: string;
  readonly stored: boolean;
  readonly beside: boolean;
}
function answersOf({ replicas }: Chunk): Answer[] {
  return replicas.flatMap(({ id, beside, phase }) =>
    phase.is === 'committed' ? [{ id, root: phase.root, stored: phase.stored, beside }] : [],
  );
}

/** [CH4] Which answer is the result where `quorum` must agree: the first whose bytes are there. */
function settledBy(answers: readonly Answer[], quorum: number): Answer | undefined {
  return answers.find(({ root, stored }) => stored && answers.filter((one) => one.root === root).length >= quorum); // prettier-ignore
}

/** [CH4] The same where a newcomer was ever given the chunk: where people differ, the first that somebody known backs. */
function settledBeside(answers: readonly Answer[]): Answer | undefined {
  const two = settledBy(answers, 2);
  if (two !== undefined) return two;
  const differs = new Set(answers.map(({ root }) => root)).size > 1;
  const isBacked = (root: string): boolean => answers.some((one) => one.root === root && !one.beside);
  return differs ? answers.find(({ root, stored }) => stored && isBacked(root)) : undefined;
}

/** What `judge` says, in a line: whose bytes, who is paid and who is not. */
function said(chunk: Chunk, spec: JobSpec): string {
  const verdict = judge(chunk, spec);
  if (verdict === null) return 'nothing';
  const ids = (of: readonly Replica[]): string => of.map(({ id }) => id).join();
  return `${verdict.root} of ${verdict.canonical.id} by ${ids(verdict.winners)} against ${ids(verdict.losers)}`;
}

function expected(answers: readonly Answer[], settled: Answer | undefined): string {
  if (settled === undefined) return 'nothing';
  const ids = (is: boolean): string => answers.filter(({ root }) => (root === settled.root) === is).map(({ id }) => id).join(); // prettier-ignore
  return `${settled.root} of ${settled.id} by ${ids(true)} against ${ids(false)}`;
}

describe('[CH4] what settles a chunk', () => {
  test('under every policy: exactly what its quorum says, and under adaptive what newcomers may not', () => {
    const seen = { settled: 0, contradicted: 0 };
    for (const chunk of chunks()) {
      const answers = answersOf(chunk);
      const isBeside = chunk.replicas.some(({ beside }) => beside);
      const settled = isBeside ? settledBeside(answers) : settledBy(answers, 1);
      const cases: [Policy, Answer | undefined][] = [
        [adaptive, settled],
        [replicate(2), settledBy(answers, 2)],
        [replicate(3), settledBy(answers, 3)],
        ...alone.map((policy): [Policy, Answer | undefined] => [policy, settledBy(answers, 1)]),
      ];
      for (const [policy, by] of cases) {
        const [got, want] = [said(chunk, under(policy)), expected(answers, by)];
        if (got !== want)
          expect.fail(`${policy.kind} ${JSON.stringify(chunk.replicas)}: ${got}, not ${want}`);
      }
      if (settled !== undefined) seen.settled++;
      if (settled !== undefined && isBeside && settledBy(answers, 2) === undefined) seen.contradicted++;
    }
    expect(seen.settled).toBeGreaterThan(500);
    expect(seen.contradicted).toBeGreaterThan(100);
  });

  test('[CH4] [TR1] a quorum of two under adaptive where a newcomer was ever given it, whatever became of that', () => {
    for (const chunk of chunks()) {
      const isBeside = chunk.replicas.some(({ beside }) => beside);
      if (quorumOf(chunk, under(adaptive)) !== (isBeside ? 2 : 1)) expect.fail(JSON.stringify(chunk));
    }
    for (const chunk of [...chunks()].slice(0, 200)) {
      for (const policy of alone) expect(quorumOf(chunk, under(policy))).toBe(1);
      for (const quorum of [1, 2, 3, 4, 5]) expect(quorumOf(chunk, under(replicate(quorum)))).toBe(quorum);
    }
  });
});

describe('[CH5] [CH7] what a chunk wants', () => {
  test('people: its quorum less the backers of the best answer that has bytes and less who is at it', () => {
    for (const chunk of chunks()) {
      const answers = answersOf(chunk);
      // The first answer brings bytes [CH7].
      if (answers.length > 0 && !answers.some(({ stored }) => stored)) continue;
      const backers = ['x', 'y'].map((root) => {
        const own = answers.filter((one) => one.root === root);
        return own.some(({ stored }) => stored) ? own.length : 0;
      });
      const live = chunk.replicas.filter(({ phase }) => phase.is === 'leased').length;
      for (const policy of [replicate(1), replicate(2), replicate(3), adaptive, ...alone]) {
        const isBeside: boolean = policy.kind === 'adaptive' && chunk.replicas.some(({ beside }) => beside);
        const quorum: number = isBeside ? 2 : policy.quorum;
        let want: number = quorum;
        for (let i = 0; i < Math.max(...backers) + live && want > 0; i++) want--;
        const got = wanted(chunk, under(policy));
        if (got !== want)
          expect.fail(`${policy.kind} ${JSON.stringify(chunk.replicas)}: ${got}, not ${want}`);
      }
    }
  });

  test('bytes: until somebody’s are there, where people differ, and always under tolerance', () => {
    expect(wantsBytes(undefined, specOf())).toBe(true);
    for (const chunk of chunks()) {
      const answers = answersOf(chunk);
      const isDispute = answers.some(({ root }) => root !== answers[0]?.root);
      const areThere = answers.some(({ stored }) => stored);
      if (wantsBytes(chunk, specOf()) !== (!areThere || isDispute)) expect.fail(JSON.stringify(chunk));
      if (!wantsBytes(chunk, specOf({ agreement: 'tolerance' }))) expect.fail(JSON.stringify(chunk));
      if (committedCount(chunk) !== answers.length) expect.fail(JSON.stringify(chunk));
    }
  });

  test('a lease that ends, ends for one replica, and changes nothing else', () => {
    for (const chunk of [...chunks()].slice(0, 500))
      for (const { id } of chunk.replicas)
        for (const why of ['expired', 'returned'] as const) {
          const want = chunk.replicas.map((one) => (one.id === id ? { ...one, phase: { is: 'closed', why } } : one)); // prettier-ignore
          expect(withClosed(chunk, id, why)).toEqual({ ...chunk, replicas: want });
        }
  });
});

describe('[CH6] a graphics processor under tolerance', () => {
  test('helps wherever one answer stands alone, and elsewhere only beside a core with which nobody differs', () => {
    for (const chunk of chunks(['wasm', 'webgpu'])) {
      if (chunk.replicas.length > 2) continue;
      const isBeside = chunk.replicas.some(({ beside }) => beside);
      const byCore = chunk.replicas.some(({ backend, phase }) => backend === 'wasm' && phase.is !== 'closed');
      const answers = chunk.replicas.flatMap(({ backend, phase }) => (phase.is === 'committed' ? [{ backend, ...phase }] : [])); // prettier-ignore
      // Somebody's answer that could be the result, and somebody else's that says otherwise: nobody was found to agree here.
      const differs = answers.some(({ backend, root, stored }) => backend === 'wasm' && stored && answers.some((one) => one.root !== root)); // prettier-ignore
      const beside = byCore && !differs;
      for (const [policy, want] of [
        ...alone.map((one): [Policy, boolean] => [one, true]),
        [adaptive, isBeside ? beside : true],
        ...[1, 2, 3].map((quorum): [Policy, boolean] => [replicate(quorum), beside]),
      ] as const) {
        const got = helps(chunk, under(policy, 'tolerance'), 'webgpu');
        if (got !== want)
          expect.fail(`${policy.kind} ${policy.quorum} ${JSON.stringify(chunk.replicas)}: ${got}`);
        if (!helps(chunk, under(policy, 'tolerance'), 'wasm')) expect.fail('a core always helps');
        if (!helps(chunk, under(policy), 'webgpu')) expect.fail('under exact agreement all are alike');
      }
    }
  });
});

test('what each policy is: whether one answer can stand alone, whether it is audited, and how many are paid', () => {
  for (const [policy, isAlone, audits, times] of [
    ...alone.map((one) => [one, true, 'windowUnits' in one, 1] as const),
    [adaptive, true, true, 1] as const,
    ...[1, 2, 3, 4, 5].map((quorum) => [replicate(quorum), false, false, quorum] as const),
  ])
    for (const units of [1, 7, 4_097])
      for (const unitCostMicro of [1, 13]) {
        const spec = specOf({ policy, units, unitCostMicro });
        let price = 0;
        for (let person = 0; person < times; person++) price += units * unitCostMicro;
        expect([standsAlone(spec), isAudited(spec), workMicro(spec)]).toEqual([isAlone, audits, price]);
      }
});
