/** What a receipt says of what vested, of what is void and of audits: examined offline, added up, and named where it is not so. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BatchRow, Rows } from '../../src/wire/receipt.ts';
import { makeKey, openKey } from '../../src/volunteer/crypto.ts';
import type { KeptReceipt } from '../../src/volunteer/outbox.ts';
import { examineReceipt, runsText, unitsOf } from '../../src/volunteer/receipt-check.ts';
import { paidBy } from '../../src/volunteer/receipt-sum.ts';
import type { Paid } from '../../src/volunteer/receipt-sum.ts';
import { freshFolder } from './house.ts';
import { oneOfEach, payee, price, signedReceipt } from './signed-receipt.ts';
import { laterTamperings } from './tampered.ts';

const jobs = { j1: price };
const vestedOf = (chunks: readonly number[], amountMicro: number): Rows => ({
  accepted: [],
  vested: [{ job: 'j1', chunks, amountMicro }],
});
const sumOf = async (receipts: readonly unknown[]): Promise<Paid | undefined> =>
  paidBy(await Promise.all(receipts.map((one) => examineReceipt(one, null))))[0];

describe('[RC3] what vested, was void and was audited', () => {
  let one: KeptReceipt;
  beforeAll(async () => {
    one = await signedReceipt(oneOfEach, { jobs });
  });

  it('holds, each kind with its own rows; with one list alone too', async () => {
    const verdict = await examineReceipt(one, null);
    expect(verdict).toMatchObject({ fault: null, unpriced: 0, account: payee.account });
    expect(verdict.rows).toEqual(oneOfEach);
    for (const kind of ['vested', 'voided', 'audits'] as const) {
      const alone = await signedReceipt({ accepted: [], [kind]: oneOfEach[kind] }, { jobs });
      expect((await examineReceipt(alone, null)).fault, kind).toBeNull();
    }
    const { jobs: _jobs, ...unpriced } = one;
    expect(await examineReceipt(unpriced, null)).toMatchObject({ fault: null, unpriced: 5 });
  });

  it('[RC2] what was signed in the form before holds as ever', async () => {
    const older = await signedReceipt({ accepted: oneOfEach.accepted }, { jobs, form: 2 });
    expect(JSON.parse(older.leaf)).toHaveLength(7);
    expect(await examineReceipt(older, null)).toMatchObject({ fault: null, unpriced: 0 });
    expect(
      await examineReceipt({ ...older, leaf: older.leaf.replace(',200,', ',300,') }, null),
    ).toMatchObject({
      fault: 'not-in-tree',
    });
  });

  it.each(laterTamperings)('%s changed: named', async (_what, change, fault) => {
    expect((await examineReceipt(one, null)).fault).toBeNull();
    expect((await examineReceipt(change(one), null)).fault).toBe(fault);
  });

  it('an amount that was signed and does not follow from the price is named, of each kind', async () => {
    const bent: readonly (readonly [Rows, string, number | null])[] = [
      [vestedOf([0, 2, 5, 6], 501), 'vested', 500],
      [vestedOf([4, 7], 500), 'vested', null],
      [{ accepted: [], voided: [{ job: 'j1', chunks: [2, 3], amountMicro: 100 }] }, 'voided', 200],
      [{ accepted: [], audits: [{ audit: 1, job: 'j1', units: 2, amountMicro: 300 }] }, 'audit', 200],
      [{ accepted: [], audits: [{ audit: 1, job: 'j1', units: 12, amountMicro: 1200 }] }, 'audit', null],
    ];
    for (const [rows, kind, owedMicro] of bent)
      expect(await examineReceipt(await signedReceipt(rows, { jobs }), null)).toMatchObject({
        fault: 'amount',
        detail: { is: 'amount', of: { kind }, owedMicro },
      });
  });

  it('units of runs are those of all their chunks, the job’s last one shorter: as counting them one by one says', () => {
    for (let from = 0; from < 7; from++)
      for (let to = from + 1; to <= 8; to++) {
        const row: BatchRow = { job: 'j1', chunks: [from, to], amountMicro: 0 };
        let counted: number | null = 0;
        for (let chunk = from; chunk < to && counted !== null; chunk++)
          counted = chunk > 5 ? null : counted + (chunk === 5 ? 1 : 2);
        expect(unitsOf({ kind: 'vested', row }, price), `${from} to ${to}`).toBe(counted);
      }
    expect(runsText([0, 2, 5, 6, 7, 10])).toBe('0–1, 5, 7–9');
  });
});

describe('[RC4] receipts added up', () => {
  const folder = freshFolder();
  afterAll(() => folder.remove());
  const row = (chunk: number, final = false): Rows['accepted'][number] => ({
    job: 'j1',
    chunk,
    replica: chunk + 1,
    amountMicro: chunk === 5 ? 100 : 200,
    final,
  });

  it('what is pending is what was accepted, less what vested and what is void; each receipt counts once', async () => {
    const key = await openKey(await makeKey(true));
    const all = [
      await signedReceipt({ accepted: [row(0), row(1), row(2), row(3, true)] }, { key, tick: 1, jobs }),
      await signedReceipt({ ...vestedOf([0, 1], 200), accepted: [row(5)] }, { key, tick: 2, jobs }),
      await signedReceipt(
        { accepted: [], voided: [{ job: 'j1', chunks: [1, 2], amountMicro: 200 }] },
        { key, tick: 3, jobs },
      ),
      await signedReceipt(
        { accepted: [], audits: [{ audit: 4, job: 'j1', units: 2, amountMicro: 200 }] },
        { key, tick: 4, jobs },
      ),
    ];
    const sum = {
      chunks: 5,
      micro: 900,
      pending: { chunks: 4, micro: 700 },
      vested: { chunks: 1, micro: 200 },
      voided: { chunks: 1, micro: 200 },
      audits: { count: 1, units: 2, micro: 200 },
      left: 300,
      twice: 0,
      unpriced: 0,
    };
    expect(await sumOf(all)).toMatchObject(sum);
    expect(await sumOf([...all, ...all])).toMatchObject({ ...sum, twice: 8 });
    // The first is missing: more vested than these show as accepted.
    expect(await sumOf(all.slice(1))).toMatchObject({ left: null });

    const file = join(folder.path, 'receipts.jsonl');
    writeFileSync(file, all.map((each) => `${JSON.stringify(each)}\n`).join(''));
    const cli = join(import.meta.dirname, '../../src/cli.ts');
    const talka = (): string =>
      spawnSync(process.execPath, [cli, 'verify', file], { encoding: 'utf8' }).stdout;
    expect(talka().split('\n').slice(2)).toEqual([
      '  accepted and vested at once: 1 chunk, 0.000200 credits',
      '  accepted, and pending then:  4 chunks, 0.000700 credits (vest later, or are void if proven wrong)',
      '  pending before, vested:      1 chunk, 0.000200 credits (for good)',
      '  pending before, void:        1 chunk, 0.000200 credits (an answer was proven wrong: taken back)',
      '  audits, vested at once:      1 of 2 units, 0.000200 credits (work of others, recomputed)',
      '  still pending, by these receipts: 0.000300 credits',
      'all 4 receipts hold',
      '',
    ]);
    writeFileSync(file, JSON.stringify([all[1], await signedReceipt(vestedOf([0, 2], 300), { key, jobs })]));
    const said = talka();
    expect(said).toContain('of chunks 0–1 of j1 vested 300, and would be 400');
    expect(said).toContain('more has vested or is void than these receipts show as accepted');
  });
});
