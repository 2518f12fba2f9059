/** [EP1] Exactly the entries of the period, to exactly those who earned them: as the coordinator sums them, and as a verifier does. */
import { describe, expect, test } from 'vitest';
import { tree } from '../../src/coordinator/digests.ts';
import type { Log } from '../../src/coordinator/log.ts';
import { firstTickFrom, vestedIn } from '../../src/coordinator/vested.ts';
import { appendLeaf, emptyFrontier, rootOfFrontier } from '../../src/core/merkle.ts';
import { holdAgainst } from '../../src/volunteer/epoch-records.ts';
import type { EpochFile } from '../../src/wire/epochs.ts';

const entry = (to: string, amountMicro: number): object => ({ from: 'escrow:j1', to, amountMicro });
const who = (account: string, site: string | null): object => ({ replica: 1, device: 'd', account, site });

/** One record a tick; each amount is a power of two of its own, so that every sum says what is in it. */
const events: readonly (readonly object[])[] = [
  // Before the period.
  [{ e: 'vested', site: null, entries: [entry('vested:A', 1)] }],
  [
    {
      e: 'accepted',
      winners: [who('A', 's'), who('B', null)],
      entries: [entry('vested:A', 2), entry('vested:B', 4)],
    },
    { e: 'accepted', winners: [who('A', null)], entries: [entry('pending:A', 8)] },
  ],
  [
    { e: 'audited', site: 's', entries: [entry('vested:B', 16)] },
    { e: 'audited', entries: [entry('vested:anchor', 32)] },
    { e: 'funded', entries: [{ from: 'issue', to: 'requester:r', amountMicro: 64 }] },
  ],
  [
    {
      e: 'accepted',
      winners: [who('anchor', null), who('C', 't')],
      entries: [entry('vested:anchor', 128), entry('vested:C', 256)],
    },
  ],
  [{ e: 'vested', site: 's', entries: [entry('vested:A', 512)] }],
  // After it.
  [{ e: 'vested', site: 't', entries: [entry('vested:C', 1024)] }],
];
const lines = events.map((of, i) => JSON.stringify({ v: 1, tick: i + 1, at: 1_000 * (i + 1), events: of }));
const log = {
  read: async (after: number, max: number) =>
    lines.slice(after, after + max).map((line, i) => ({ tick: after + i + 1, record: Buffer.from(line) })),
} as unknown as Log;
const [from, to] = [2, 6];

/** What an epoch of the period would say, as far as records are held against it. */
function epochOf(sites: readonly (readonly [string | null, number])[]): EpochFile {
  const frontier = emptyFrontier();
  for (const line of lines.slice(0, to - 1)) appendLeaf(tree, frontier, tree.leaf(Buffer.from(line)));
  const root = Buffer.from(rootOfFrontier(tree, frontier)).toString('hex');
  return {
    ...{ number: 1, from, to, log: { root } },
    sites: sites.map(([site, micro]) => ({ site, creditMicro: String(micro) })),
  } as unknown as EpochFile;
}
const rowsOf = (credits: Readonly<Record<string, number>>) =>
  Object.entries(credits).map(([account, micro]) => ({
    account,
    creditMicro: BigInt(micro),
    amountMicro: 0n,
  }));

describe('[EP1] what vested in a period', () => {
  test('is summed by account and by site, without what the anchor earned', async () => {
    const { accounts, sites } = await vestedIn(log, from, to);
    expect(Object.fromEntries(accounts)).toEqual({ A: 514n, B: 20n, C: 256n });
    expect([...sites]).toEqual([
      ['s', 530n],
      [null, 4n],
      ['t', 256n],
    ]);
  });

  test('is summed to the last tick, however long the period is', async () => {
    const record = Buffer.from(
      JSON.stringify({ v: 1, events: [{ e: 'vested', site: null, entries: [entry('vested:A', 1)] }] }),
    );
    const long = {
      read: async (after: number, max: number) =>
        Array.from({ length: Math.min(max, 200 - after) }, (_, i) => ({ tick: after + i + 1, record })),
    } as unknown as Log;
    for (let length = 1; length <= 150; length++)
      expect((await vestedIn(long, 5, 5 + length)).accounts.get('A')).toBe(BigInt(length));
  });

  test('is read the same by whoever holds the public records against it', () => {
    const sites = [
      ['s', 530],
      [null, 4],
      ['t', 256],
    ] as const;
    const right = { A: 514, B: 20, C: 256 };
    expect(holdAgainst(lines, epochOf(sites), rowsOf(right))).toMatchObject({ holds: true, sealed: false });
    for (const [credits, says] of [
      [{ ...right, A: 515 }, 'A: the records vest 514, its row says 515'],
      [{ ...right, anchor: 160 }, 'anchor: the records vest 0, its row says 160'],
      [{ A: 514, B: 20 }, 'C: the records vest 256, and it has no row'],
    ] as const)
      expect(holdAgainst(lines, epochOf(sites), rowsOf(credits))).toEqual({ holds: false, says });
    expect(holdAgainst(lines, epochOf([...sites.slice(0, 2), ['t', 257]]), rowsOf(right))).toMatchObject({
      says: 'site t: the records vest 256, the epoch says 257',
    });
    expect(holdAgainst(lines, epochOf(sites.slice(0, 2)), rowsOf(right))).toMatchObject({ holds: false });
  });

  test('ends before the first tick that is not before its end', async () => {
    for (const [at, tick] of [
      [0, 1],
      [1_000, 1],
      [1_001, 2],
      [3_000, 3],
      [6_000, 6],
      [6_001, 7],
      [9e15, 7],
    ] as const)
      expect(await firstTickFrom(log, at, 1, 6), `${at}`).toBe(tick);
    expect(await firstTickFrom(log, 0, 4, 6)).toBe(4);
  });
});
