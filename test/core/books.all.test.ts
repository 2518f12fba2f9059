/** Checks the small rules of the books [LG1] [LG6] [EP2] [EP3]: what moves, what is kept back, what is sealed and whose it is, for all small cases. */
import { describe, expect, test } from 'vitest';
import { closingOf } from '../../src/core/checking.ts';
import { amountOf, anchorAccount, seal, shareOut, sumOf, vestedMicro } from '../../src/core/epoch.ts';
import { count, firstRun, has, numbersIn, range } from '../../src/core/intervals.ts';
import { escrowAccount, identityKey, pendingAccount, slotKey, vestedAccount } from '../../src/core/keys.ts';
import { post } from '../../src/core/ledger.ts';
import { creditSites } from '../../src/core/sites.ts';
import { emptyState, isRefusal } from '../../src/core/state.ts';
import type { Command, Entry, Event, LedgerAccount } from '../../src/core/state.ts';
import { batchOf, identityWith, jobOf, stateOf, unitMicro } from './handmade.ts';

describe('[LG1] entries', () => {
  test('take from one what they give to another, and an account with nothing is none: for all of up to three among three', () => {
    const names: LedgerAccount[] = ['operator', 'escrow:j1', 'vested:A'];
    const moves = names.flatMap((from) => names.flatMap((to) => (from === to ? [] : [1, 2].map((amountMicro): Entry => ({ from, to, amountMicro }))))); // prettier-ignore
    const lists: Entry[][] = [[]];
    for (let i = 0; i < lists.length; i++)
      for (const move of (lists[i] as Entry[]).length < 3 ? moves : [])
        lists.push([...(lists[i] as Entry[]), move]);
    for (const entries of lists) {
      const balances = new Map<LedgerAccount, bigint>([['escrow:j1', 2n]]);
      post(balances, entries);
      const want = names.flatMap((name) => {
        const paid = (side: 'from' | 'to'): number => entries.reduce((sum, one) => sum + (one[side] === name ? one.amountMicro : 0), 0); // prettier-ignore
        const is = (name === 'escrow:j1' ? 2 : 0) + paid('to') - paid('from');
        return is === 0 ? [] : [`${name} ${is}`];
      });
      const got = [...balances].map(([name, micro]) => `${name} ${micro}`);
      if (got.sort().join() !== want.sort().join()) expect.fail(`${JSON.stringify(entries)}: ${got.join()}`);
    }
    expect(lists.length).toBe(1 + 12 + 144 + 1_728);
  });
});

describe('[LG6] a job that is cancelled while work is pending', () => {
  test('gives back all but what its audits may still cost, or what is left: for all of three batches, whoever they are of', () => {
    for (let passed = 0; passed < 27; passed++)
      for (const phase of ['open', 'suspended', 'banned'] as const)
        for (const spareMicro of [0, 1, 29, 30, 59, 60, 500]) {
          const right = [passed % 3, Math.floor(passed / 3) % 3, Math.floor(passed / 9)];
          const batches = right.map((one, i) =>
            batchOf(i, i + 1, { drawn: [2 * i, 2 * i + 1], passed: one }),
          );
          const job = jobOf(4, { owedMicro: 70 });
          const state = stateOf(identityWith(batches, { phase }), job);
          state.balances.set('escrow:j1', BigInt(70 + spareMicro));
          // Of who is banned nothing is looked at any more; the rest of two units each may be.
          let units = 0;
          for (const one of right) for (let unit = one; unit < 2; unit++) if (phase !== 'banned') units++;
          const back = 70 + spareMicro - Math.min(units * unitMicro, spareMicro);
          const entries = [{ from: 'escrow:j1', to: 'requester:r', amountMicro: back }];
          expect(closingOf(state, job)).toEqual({ e: 'closing', job: 'j1', entries });
        }
  });
});

describe('[EP2] [EP3] an epoch', () => {
  test('shares out what is whole of each part: for all of three credits and all budgets below 30', () => {
    for (let code = 1; code < 6 ** 3; code++)
      for (let budget = 1n; budget < 30n; budget++) {
        const credits = [code % 6, Math.floor(code / 6) % 6, Math.floor(code / 36)].map(BigInt);
        const total = credits.reduce((sum, one) => sum + one, 0n);
        const credited = credits.map((creditMicro, i) => ({ account: 'bca'.charAt(i), creditMicro }));
        expect(sumOf(credited)).toBe(total);
        const rows = shareOut(credited, budget);
        expect(rows.map(({ account }) => account).join('')).toBe('abc');
        for (const { creditMicro, amountMicro } of rows) {
          let whole = 0n;
          while ((whole + 1n) * total <= budget * creditMicro) whole++;
          if (amountMicro !== whole || amountOf(budget, creditMicro, total) !== whole)
            expect.fail(`${creditMicro} of ${total}, ${budget}: ${amountMicro}`);
        }
      }
  });

  test('is sealed where it follows the one before, is over, and holds something and no more than has vested: for all around these', () => {
    let sealed = 0;
    for (const before of [0, 1])
      for (let code = 0; code < 3 ** 5 * 2 * 4 * 2; code++) {
        let rest = code;
        const next = (of: number): number => {
          const digit = rest % of;
          rest = Math.floor(rest / of);
          return digit;
        };
        const state = emptyState();
        const first = { from: 1, to: 10, fromAt: 100, toAt: 200, log: '', root: '', accounts: 1, totalMicro: '40', budgetMicro: '40' }; // prettier-ignore
        if (before === 1) state.epochs.push({ ...first, number: 1, sealedAt: 300 });
        state.balances.set('vested:A', 30n).set('vested:B', 20n).set(`vested:${anchorAccount}`, 99n).set('pending:A', 9n); // prettier-ignore
        const [begin, beginAt, left] = before === 1 ? [10, 200, 10] : [1, 100, 50];
        const over = { number: before + next(3), from: begin - 1 + next(3), to: begin - 1 + next(3), fromAt: beginAt - 1 + next(3), toAt: beginAt - 1 + next(3) }; // prettier-ignore
        const of = { accounts: next(2), total: [0, 1, left, left + 1][next(4)] as number, budget: next(2) };
        const command: Command = { ...first, ...over, c: 'seal', accounts: of.accounts, totalMicro: String(of.total), budgetMicro: String(of.budget) }; // prettier-ignore
        // What was sealed first may say when its period began; each further one begins where the one before ended.
        const follows = over.number === before + 1 && over.from === begin && (before === 0 || over.fromAt === beginAt); // prettier-ignore
        const isOver = over.to > over.from && over.toAt >= over.fromAt;
        const isSome = of.accounts > 0 && of.total > 0 && of.budget > 0;
        const decision = seal(state, command);
        const got = isRefusal(decision) ? decision.refused : decision.map(({ e }) => e).join();
        const want = follows && isOver && isSome && of.total <= left ? 'epochSealed' : 'bad-epoch';
        if (got !== want) expect.fail(`${JSON.stringify(command)} after ${before}: ${got}`);
        if (want === 'epochSealed') sealed++;
        if (code === 0) expect(vestedMicro(state)).toBe(50n);
      }
    expect(sealed).toBeGreaterThan(10);
  });

  test('[EP1] [WG2] a site has what became final of what it brought, and nothing else', () => {
    for (const site of [null, 's', 't'])
      for (const other of [null, 's'])
        for (const final of [false, true]) {
          const winner = (from: string | null, i: number) => ({
            replica: i,
            device: 'd',
            account: 'A',
            site: from,
          });
          const entry = (amountMicro: number): Entry => ({ from: 'operator', to: 'vested:A', amountMicro });
          const accepted = { e: 'accepted', job: 'j1', chunk: 0, root: 'r', replica: 1, winners: [winner(site, 1), winner(other, 2)], losers: [], final, entries: [entry(5), entry(7)] } as const; // prettier-ignore
          const about = { job: 'j1', device: 'd', account: 'A', site, entries: [entry(11)] } as const;
          const events: [Event, number, number][] = [
            [accepted, final ? 5 : 0, final ? 7 : 0],
            [{ ...about, e: 'vested', backend: 'wasm', chunks: [0, 1] }, 11, 0],
            [{ ...about, e: 'audited', audit: 1, chunk: 0, units: [0], wrong: [] }, 11, 0],
            [{ ...about, e: 'voided', backend: 'wasm', chunks: [0, 1], reopened: [] }, 0, 0],
          ];
          for (const [event, own, others] of events) {
            const sites = new Map<string, bigint>([['t', 100n]]);
            creditSites({ sites }, event);
            for (const name of ['s', 't']) {
              const want =
                (name === 't' ? 100 : 0) + (site === name ? own : 0) + (other === name ? others : 0);
              expect(sites.get(name) ?? 0n).toBe(BigInt(want));
            }
          }
        }
  });
});

test('keys are what they are made of, whatever was asked for before and however many there were', () => {
  const names = ['a', 'b', 'a/wasm', ''];
  const ask = (): void => {
    for (const first of names)
      for (const then of names)
        for (const one of [first, then]) {
          expect([identityKey(one, 'wasm'), identityKey(one, 'webgpu')]).toEqual([
            `${one}/wasm`,
            `${one}/webgpu`,
          ]);
          for (const slot of [0, 1, 256]) expect(slotKey(one, slot)).toBe(`${one}/${slot}`);
          expect([escrowAccount(one), pendingAccount(one), vestedAccount(one)]).toEqual([`escrow:${one}`, `pending:${one}`, `vested:${one}`]); // prettier-ignore
        }
  };
  ask();
  // More than are remembered: what was forgotten is made again.
  for (let i = 0; i < 40_000; i++) if (identityKey(`d${i}`, 'wasm') !== `d${i}/wasm`) expect.fail(`${i}`);
  ask();
});

test('a range is its numbers, each once and in order, and its first run is cut to what is asked for', () => {
  for (let from = -1; from <= 4; from++)
    for (let to = -1; to <= 6; to++) {
      const want: number[] = [];
      for (let one = from; one < to; one++) want.push(one);
      const set = range(from, to);
      expect([...numbersIn(set)]).toEqual(want);
      expect(count(set)).toBe(want.length);
      for (let one = -2; one <= 7; one++) expect(has(set, one)).toBe(want.includes(one));
      for (let max = 1; max <= 7; max++) {
        const run = want.slice(0, max);
        expect(firstRun(set, max)).toEqual(run.length === 0 ? null : [run[0], (run.at(-1) ?? 0) + 1]);
      }
    }
});
