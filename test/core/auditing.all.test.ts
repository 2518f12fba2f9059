/** Checks what an audit's answer means for whom [TR5] [TR6] [AU7] [AU8], for all small cases of who gave the answer and who vouched for it, against the words of docs/SPEC.md. */
import { describe, expect, test } from 'vitest';
import { auditAnswered, isApart, isOfSuspended, partiesOf, refute } from '../../src/core/auditing.ts';
import { examinedWith } from '../../src/core/evolve-checks.ts';
import { identityKey, isRefusal } from '../../src/core/state.ts';
import type { Audit, Command, Decision, Identity, State } from '../../src/core/state.ts';
import type { Examined, Standing } from '../../src/core/trust.ts';
import { batchOf, deviceOf, identityWith, jobOf, now, stateOf } from './handmade.ts';

type Phase = Standing['phase'];
const phases: readonly Phase[] = ['open', 'suspended', 'banned'];
const secondMicro = 1_000_000;

/** Puts a device and the record of its cores into the state; an author has a batch with chunk 0 in it. */
function put(
  state: State,
  device: string,
  phase: Phase,
  over: Partial<Identity> = {},
  isAuthor = true,
): void {
  const account = device.toUpperCase();
  state.devices.set(device, deviceOf({ account, group: `net-${device}`, network: `as-${device}` }));
  const batches = isAuthor ? [batchOf(0, 2)] : [];
  const record = { device, account, phase, faultAt: phase === 'open' ? null : now, provenAt: now, ...over };
  state.identities.set(identityKey(device, 'wasm'), identityWith(batches, record));
}

/** Chunk 0 is answered by `a`, and by `b` where it has a phase; the audit of its units names `a`, or both. */
interface Case {
  readonly a: Phase;
  readonly b: Phase | null;
  readonly isListed: boolean;
  /** Whether somebody gave the same answer whose work is void by now. */
  readonly isDisowned: boolean;
  /** What the examination of whoever is suspended came to before. */
  readonly before: Examined;
}

function madeOf({ a, b, isListed, isDisowned, before }: Case): { state: State; audit: Audit } {
  const job = jobOf(4, {
    accepted: [0, 2],
    acceptedChunks: 2,
    batches: 2,
    disowned: isDisowned ? [0, 1] : [],
  });
  const state = stateOf(identityWith([batchOf(0, 2)]), job);
  put(state, 'a', a, { examined: before });
  if (b !== null) put(state, 'b', b, { examined: before });
  if (b !== null) job.authors.set(0, 2);
  state.devices.set('anchor', deviceOf({ account: 'anchor', role: 'anchor', group: '' }));
  const authors = b !== null && isListed ? ['a/wasm', 'b/wasm'] : ['a/wasm'];
  const audit: Audit = { id: 1, job: 'j1', chunk: 0, units: [0, 1], authors, at: now };
  state.audits.set(1, audit);
  return { state, audit };
}

/** Who is disproved, and what it means for them. */
function verdictsOf(decision: Decision): string {
  if (isRefusal(decision)) return decision.refused;
  return decision.flatMap((event) => (event.e === 'disproved' ? [`${event.device} ${event.consequence}`] : [])).join(); // prettier-ignore
}

const examinations: readonly Examined[] = [
  { units: 0, wrong: 0, chunks: 0 },
  { units: 20, wrong: 2, chunks: 1 },
  { units: 20, wrong: 2, chunks: 2 },
  { units: 3 * 128 - 3, wrong: 2, chunks: 2 },
  { units: 3 * 128 - 2, wrong: 2, chunks: 2 },
];

function* cases(): Generator<Case> {
  for (const before of examinations)
    for (const a of phases)
      for (const b of [null, ...phases])
        for (const isListed of [true, false])
          for (const isDisowned of [false, true]) yield { a, b, isListed, isDisowned, before };
}

/** What the answer that unit 1 of two is wrong means for somebody who gave it [TR5] [TR6]. */
function meansFor(phase: Phase, isKnownLie: boolean, before: Examined): string | null {
  if (phase === 'banned') return null;
  if (isKnownLie) return 'ban';
  if (phase === 'open') return 'suspend';
  // Of all units recomputed since, more than one in 128 wrong, in three chunks or more: both units of this one are counted.
  const [units, wrong, chunks] = [before.units + 2, before.wrong + 1, before.chunks + 1];
  return chunks >= 3 && wrong / units > 1 / 128 ? 'ban' : null;
}

describe('[TR5] [TR6] [AU8] what an answer means', () => {
  test('for everybody who gave what was wrong, and who vouched for it: for all phases of up to three', () => {
    const seen = new Set<string>();
    for (const one of cases())
      for (const voucher of ['nobody', 'stranger', 'author', ...phases] as const)
        for (const wrong of [[], [1]]) {
          const { state } = madeOf(one);
          const vouches = voucher === 'open' || voucher === 'suspended' || voucher === 'banned';
          if (vouches) put(state, 'v', voucher, {}, false);
          const vouched = { device: voucher === 'author' ? 'a' : 'v', wrong: [1] };
          const right = wrong.map(() => 'right');
          const command = { c: 'audit', audit: 1, device: 'anchor', wrong, right, ...(voucher === 'nobody' ? {} : { vouched }) } as const; // prettier-ignore
          // Who gave the very same wrong answer: one of them made a mistake, several conspired.
          const isKnownLie = one.b !== null || vouches || one.isDisowned;
          const want = [
            ['a', meansFor(one.a, isKnownLie, one.before)],
            ['b', one.b === null ? null : meansFor(one.b, isKnownLie, one.before)],
            ['v', vouches && voucher !== 'banned' ? 'ban' : null],
          ].flatMap(([device, means]) =>
            means === null || wrong.length === 0 ? [] : [`${device} ${means}`],
          );
          const got = verdictsOf(auditAnswered(state, command, now));
          if (got !== want.join())
            expect.fail(`${JSON.stringify(one)}, ${voucher} vouches: ${got}, not ${want.join()}`);
          seen.add(got);
        }
    expect(seen.size).toBeGreaterThanOrEqual(9);
  });

  test('a chunk that was found wrong before is no further one, and what was right is counted too', () => {
    const before = { units: 7, wrong: 2, chunks: 1 };
    for (const batch of [
      undefined,
      batchOf(0, 2),
      batchOf(0, 2, { wrong: [0, 1] }),
      batchOf(0, 2, { wrong: [1, 2] }),
    ])
      for (let recomputed = 1; recomputed <= 3; recomputed++)
        for (let wrong = 0; wrong <= recomputed; wrong++) {
          const units = [0, 1, 2].slice(0, recomputed);
          const identity = identityWith([], { examined: before });
          const isKnown = batch !== undefined && batch.wrong[0] === 0;
          expect(examinedWith(identity, { units, wrong: units.slice(0, wrong), chunk: 0 }, batch)).toEqual({
            units: 7 + recomputed,
            wrong: 2 + wrong,
            chunks: wrong > 0 && !isKnown ? 2 : 1,
          });
        }
  });

  test('[AU7] an auditor that was wrong is suspended, for units of the audit alone, and only who may make it', () => {
    const subsets = [0, 1, 2, 3, 4, 5, 6, 7].map((mask) => [0, 1, 5].filter((_, i) => (mask >> i) & 1));
    for (const wrong of subsets)
      for (const phase of phases)
        for (const provenMicro of [4 * secondMicro - 1, 4 * secondMicro])
          for (const anchored of [false, true])
            for (const faults of [0, 1, 2]) {
              const { state, audit } = madeOf({ a: 'open', b: null, isListed: true, isDisowned: false, before: examinations[0] as Examined }); // prettier-ignore
              if (anchored) state.audits.set(1, { ...audit, anchored });
              put(state, 'v', phase, { provenMicro, faults, faultAt: faults === 0 ? null : now - 9 }, false);
              const right = wrong.map((unit) => `right ${unit}`);
              const command: Command = { c: 'refute', audit: 1, device: 'v', wrong, right };
              const may = phase === 'open' && provenMicro === 4 * secondMicro && !anchored;
              const own = wrong.filter((unit) => unit < 2);
              const got = refute(state, command, now);
              if (!may) expect(got).toEqual({ refused: 'not-yours' });
              else if (own.length === 0) expect(got).toEqual({ refused: 'already-so' });
              else
                expect(got).toEqual([
                  {
                    e: 'disproved',
                    device: 'v',
                    backend: 'wasm',
                    account: 'V',
                    site: null,
                    job: 'j1',
                    chunk: 0,
                    wrong: own,
                    right: own.map((unit) => `right ${unit}`),
                    consequence: 'suspend',
                    awayMs: [1, 2, 4].map((hours) => hours * 3_600_000)[faults],
                    audit: 1,
                  },
                ]);
            }
  });
});

describe('[AU7] [TR5] whose audit it is', () => {
  test('all who gave the answer are its parties, whether it was drawn for them or not', () => {
    for (const one of cases()) {
      const { state, audit } = madeOf(one);
      const names = one.b === null ? ['a'] : ['a', 'b'];
      expect(partiesOf(state, audit)).toEqual({
        accounts: new Set(names.map((name) => name.toUpperCase())),
        groups: new Set(names.map((name) => `net-${name}`)),
        networks: new Set(names.map((name) => `as-${name}`)),
      });
    }
  });

  test('where people of four known networks could make it, nobody of an author’s network does', () => {
    const state = stateOf(identityWith([]), jobOf(1));
    for (const own of ['', 'x', 'y', 'z', null])
      for (let mask = 0; mask < 8; mask++)
        for (let live = 0; live <= 6; live++) {
          const networks = new Set(['', 'x', 'y'].filter((_, i) => (mask >> i) & 1));
          if (own === null) state.devices.delete('d');
          else state.devices.set('d', deviceOf({ network: own }));
          const isOne = own !== null && own !== '' && networks.has(own);
          const parties = { accounts: new Set<string>(), groups: new Set<string>(), networks };
          expect(isApart(state, 'd', parties, live)).toBe(!(isOne && live >= 4));
        }
  });

  test('it is part of an examination where somebody who gave the answer is suspended', () => {
    for (const a of [null, ...phases])
      for (const b of [null, ...phases]) {
        const state = stateOf(identityWith([]), jobOf(1));
        state.identities.clear();
        if (a !== null) put(state, 'a', a);
        if (b !== null) put(state, 'b', b);
        const audit: Audit = { id: 1, job: 'j1', chunk: 0, units: [0], authors: ['a/wasm', 'b/wasm'], at: 0 };
        expect(isOfSuspended(state, audit)).toBe([a, b].includes('suspended'));
      }
  });
});
