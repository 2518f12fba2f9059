/** Follows the credits: docs/SPEC.md, section 4. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { balanceOf, post, refund } from '../../src/core/ledger.ts';
import { emptyState } from '../../src/core/state.ts';
import type { LedgerAccount } from '../../src/core/state.ts';
import { priceOf } from '../../src/core/offer.ts';
import { ask, commit, house, join, slotOf, specOf, submit } from './house.ts';

describe('[LG1] the sum of all balances is 0', () => {
  test('whatever is posted', () => {
    const account = fc.constantFrom<LedgerAccount>(
      'issue',
      'operator',
      'requester:r',
      'escrow:j1',
      'vested:A',
      'vested:B',
    );
    const entry = fc.record({ from: account, to: account, amountMicro: fc.nat(Number.MAX_SAFE_INTEGER) });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 300 }), (entries) => {
        const state = emptyState();
        post(state.balances, entries);
        let sum = 0n;
        for (const balance of state.balances.values()) sum += balance;
        expect(sum).toBe(0n);
        for (const balance of state.balances.values()) expect(balance).not.toBe(0n);
        for (const name of state.balances.keys()) {
          let expected = 0n;
          for (const e of entries)
            expected +=
              (e.to === name ? BigInt(e.amountMicro) : 0n) - (e.from === name ? BigInt(e.amountMicro) : 0n);
          expect(balanceOf(state, name)).toBe(expected);
        }
      }),
    );
  });

  test('a refund is exactly what is left', () => {
    const state = emptyState();
    post(state.balances, [{ from: 'issue', to: 'escrow:j1', amountMicro: 10 }]);
    expect(refund(state, 'j1', 'r', 3n)).toEqual([{ from: 'escrow:j1', to: 'requester:r', amountMicro: 7 }]);
    expect(refund(state, 'j1', 'r', 10n)).toEqual([]);
  });
});

test('[LG2] a requester, an escrow or a volunteer is never below 0', () => {
  const h = house();
  h.must({ c: 'fund', account: 'r', amountMicro: 100 });
  expect(h.refused({ c: 'submit', requester: 'r', spec: specOf() })).toBe('insufficient-funds');
  expect(balanceOf(h.state, 'issue')).toBe(-100n);
});

describe('[LG3] each winner is paid units × unit cost', () => {
  test('from the escrow, and a short last chunk costs less', () => {
    const h = house();
    join(h, 'a');
    join(h, 'b');
    const spec = specOf({ units: 11, unitCostMicro: 10 });
    submit(h, spec);
    expect(balanceOf(h.state, 'escrow:j1')).toBe(BigInt(priceOf(spec)));
    for (let chunk = 0; chunk < 2; chunk++) {
      const [a, b] = [ask(h, 'a'), ask(h, 'b')];
      commit(h, 'a', a.lease);
      commit(h, 'b', b.lease);
    }
    expect(balanceOf(h.state, 'vested:A')).toBe(110n);
    expect(h.state.accounts.get('B')).toMatchObject({ chunks: 2, units: 11, earnedMicro: 110 });
    expect([
      balanceOf(h.state, 'escrow:j1'),
      balanceOf(h.state, 'requester:r'),
      balanceOf(h.state, 'operator'),
    ]).toEqual([0n, 0n, 0n]);
  });

  test('further winners are paid by the operator', () => {
    const h = house();
    for (const name of 'abcd') join(h, name);
    submit(h, specOf({ units: 8, agreement: 'tolerance', quorum: 2, unitCostMicro: 10 }));
    const gpu = slotOf({ backend: 'webgpu' });
    const wasm = ask(h, 'a');
    const near = ask(h, 'b', gpu);
    h.wait(40_000);
    h.must({ c: 'expire', lease: near.lease });
    const far = ask(h, 'c', gpu);
    commit(h, 'a', wasm.lease, 'off');
    commit(h, 'b', near.lease, 'near');
    commit(h, 'c', far.lease, 'near too');
    const events = commit(h, 'd', ask(h, 'd').lease, 'exact', { agrees: [near.lease, far.lease] });
    expect(events[1]).toMatchObject({ e: 'accepted', root: 'exact', losers: [wasm.lease] });
    expect(balanceOf(h.state, 'operator')).toBe(-80n);
    for (const winner of ['B', 'C', 'D']) expect(balanceOf(h.state, `vested:${winner}`)).toBe(80n);
  });
});

test('[LG4] an anchor is paid like anybody', () => {
  const h = house();
  join(h, 'a');
  join(h, 'z', { account: 'anchor', role: 'anchor' });
  const job = submit(h, specOf({ units: 16, unitCostMicro: 10 }));
  commit(h, 'a', ask(h, 'a').lease);
  h.wait(30_000);
  commit(h, 'z', ask(h, 'z').lease);
  expect(balanceOf(h.state, 'vested:anchor')).toBe(80n);
  expect([job.settledByPeople, job.settledWithAnchor]).toEqual([0, 1]);
});
