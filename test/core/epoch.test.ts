/** [EP1]–[EP4] Is an epoch's tree OpenZeppelin's, its formula what is published, and its rule without gaps? */
import { keccak_256 as keccak } from '@noble/hashes/sha3.js';
import { StandardMerkleTree } from '@openzeppelin/merkle-tree';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  amountOf,
  EpochTree,
  leafOf,
  leafTypes,
  seal,
  shareOut,
  sumOf,
  wayOf,
} from '../../src/core/epoch.ts';
import type { Credited, EpochRow } from '../../src/core/epoch.ts';
import { decide } from '../../src/core/machine.ts';
import { evolve } from '../../src/core/evolve.ts';
import { freeze, thaw } from '../../src/core/snapshot.ts';
import { emptyState, isRefusal } from '../../src/core/state.ts';
import type { Command, State } from '../../src/core/state.ts';

const hex = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString('hex')}`;
const id = keccak(Buffer.from('an epoch'));
const nameOf = (i: number): string =>
  Buffer.from(keccak(Buffer.from(`person ${i}`))).toString('base64url', 0, 12);

function rowsOf(count: number): EpochRow[] {
  const credited = Array.from({ length: count }, (_, i) => ({
    account: nameOf(i),
    creditMicro: BigInt(1 + ((i * 7_919) % 1_000_003)),
  }));
  return shareOut(credited, 10n ** 30n + 7n);
}

/** The same rows as OpenZeppelin's library takes them. */
function theirsOf(rows: readonly EpochRow[]): StandardMerkleTree<(string | bigint)[]> {
  const values = rows.map(({ account, amountMicro }, index) => [
    hex(id),
    BigInt(index),
    hex(Buffer.from(account.padEnd(32, '\0'))),
    amountMicro,
  ]);
  return StandardMerkleTree.of(values, [...leafTypes]);
}

describe('[EP4] the tree', () => {
  test.each([1, 2, 3, 4, 5, 7, 8, 9, 16, 31, 33, 100, 255, 1_000])(
    'of %i rows is the one that @openzeppelin/merkle-tree builds, with the same proofs',
    (count) => {
      const rows = rowsOf(count);
      const [ours, theirs] = [EpochTree.of(keccak, id, rows), theirsOf(rows)];
      expect(hex(ours.root)).toBe(theirs.root);
      for (const index of new Set([0, 1, count >> 1, count - 1].filter((i) => i < count))) {
        const proof = ours.proof(index);
        expect(proof.map(hex)).toEqual(theirs.getProof(index));
        const way = wayOf(keccak, leafOf(id, index, rows[index] as EpochRow), proof);
        expect(hex(way.at(-1) ?? id)).toBe(theirs.root);
      }
    },
  );

  test('writes every amount below 2^256 as Solidity does, and no proof is good for another row', () => {
    const big = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n });
    fc.assert(
      fc.property(fc.array(big, { minLength: 2, maxLength: 12 }), (amounts) => {
        const rows = amounts.map((amountMicro, i) => ({ account: nameOf(i), creditMicro: 1n, amountMicro }));
        const ours = EpochTree.of(keccak, id, rows);
        expect(hex(ours.root)).toBe(theirsOf(rows).root);
        const other = leafOf(id, 1, rows[0] as EpochRow);
        expect(hex(wayOf(keccak, other, ours.proof(0)).at(-1) ?? id)).not.toBe(hex(ours.root));
      }),
      { numRuns: 40 },
    );
  });
});

describe('[EP2] the formula', () => {
  const credit = fc.bigInt({ min: 1n, max: 10n ** 24n });

  test('shares out no more than the budget and leaves less than a microcredit for each row; equal credits get equal amounts', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ minLength: 1, maxLength: 16 }), { minLength: 1, maxLength: 40 }),
        fc.array(credit, { minLength: 40, maxLength: 40 }),
        credit,
        (names, credits, budget) => {
          const credited: Credited[] = names.map((account, i) => ({
            account,
            creditMicro: credits[i] ?? 1n,
          }));
          const rows = shareOut(credited, budget);
          const total = sumOf(credited);
          const shared = rows.reduce((sum, { amountMicro }) => sum + amountMicro, 0n);
          expect(shared <= budget && budget - shared < BigInt(rows.length)).toBe(true);
          for (const [i, { account, creditMicro, amountMicro }] of rows.entries()) {
            expect(amountMicro).toBe(amountOf(budget, creditMicro, total));
            // Never better paid than in proportion, and by less than one worse.
            const exact = creditMicro * budget - amountMicro * total;
            expect(exact >= 0n && exact < total).toBe(true);
            if (i > 0) expect((rows[i - 1] as EpochRow).account < account).toBe(true);
          }
        },
      ),
    );
  });

  test('with a budget of what vested, each amount is the credit itself', () => {
    const credited = [3n, 10n ** 20n, 1n].map((creditMicro, i) => ({ account: nameOf(i), creditMicro }));
    for (const { creditMicro, amountMicro } of shareOut(credited, sumOf(credited)))
      expect(amountMicro).toBe(creditMicro);
  });
});

describe('[EP3] a period', () => {
  const sealed = (over: Partial<Extract<Command, { c: 'seal' }>> = {}): Extract<Command, { c: 'seal' }> => ({
    c: 'seal',
    number: 1,
    from: 1,
    to: 10,
    fromAt: 1_000,
    toAt: 5_000,
    log: '0'.repeat(64),
    root: `0x${'1'.repeat(64)}`,
    accounts: 2,
    totalMicro: '100',
    budgetMicro: '7',
    ...over,
  });
  const withVested = (micro: bigint): State => {
    const state = emptyState();
    state.balances
      .set('vested:A', micro - 40n)
      .set('vested:B', 40n)
      .set('vested:anchor', 1_000n);
    return state;
  };
  const run = (state: State, command: Command): string => {
    const decision = decide(state, command, 9_000);
    if (isRefusal(decision)) return `${decision.refused}: ${decision.detail ?? ''}`;
    for (const event of decision) evolve(state, event, 9_000);
    return 'sealed';
  };

  test('follows the one before without a gap, and nothing is sealed twice', () => {
    const state = withVested(150n);
    expect(run(state, sealed())).toBe('sealed');
    expect(run(state, sealed())).toMatch(/^bad-epoch: epoch 2 begins with tick 10/);
    const second = { number: 2, from: 10, to: 12, fromAt: 5_000, toAt: 6_000, totalMicro: '50' };
    for (const over of [
      { from: 9 },
      { from: 11 },
      { number: 3 },
      { fromAt: 4_999 },
      { to: 10 },
      { toAt: 4_999 },
    ])
      expect(run(state, sealed({ ...second, ...over })), JSON.stringify(over)).toMatch(/^bad-epoch/);
    expect(run(state, sealed(second))).toBe('sealed');
    expect(state.epochs.map(({ number, from, to, sealedAt }) => [number, from, to, sealedAt])).toEqual([
      [1, 1, 10, 9_000],
      [2, 10, 12, 9_000],
    ]);
  });

  test('holds no more than has vested; what the operator’s anchor earned is not shared out', () => {
    expect(run(withVested(99n), sealed())).toBe('bad-epoch: no more is sealed than has vested');
    const state = withVested(100n);
    expect(run(state, sealed())).toBe('sealed');
    const second = { number: 2, from: 10, to: 12, fromAt: 5_000, toAt: 6_000, totalMicro: '1' };
    expect(run(state, sealed(second))).toBe('bad-epoch: no more is sealed than has vested');
  });

  test.each([{ accounts: 0 }, { totalMicro: '0' }, { budgetMicro: '0' }])(
    'is not sealed where %o',
    (over) => {
      expect(run(withVested(100n), sealed(over))).toBe('bad-epoch: there is nothing to share out');
    },
  );

  test('is in the snapshot, and a snapshot from before there were epochs is read', () => {
    const state = withVested(100n);
    run(state, sealed());
    expect(thaw(freeze(state))?.epochs).toEqual(state.epochs);
    const before = JSON.parse(freeze(emptyState())) as Record<string, unknown>;
    delete before['epochs'];
    expect(thaw(JSON.stringify(before))?.epochs).toEqual([]);
  });

  test('only reads the state', () => {
    const state = withVested(100n);
    const was = freeze(state);
    seal(state, sealed());
    expect(freeze(state)).toBe(was);
  });
});
