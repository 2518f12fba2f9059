/** Receipts of what became of a volunteer's work: kept when they are told, and asked for later by whoever was away. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningCoordinator } from '../../src/coordinator/coordinator.ts';
import type { KeptReceipt } from '../../src/volunteer/outbox.ts';
import { examineReceipt, rowsIn } from '../../src/volunteer/receipt-check.ts';
import { missedReceipts } from '../../src/volunteer/receipt-asking.ts';
import { paidBy } from '../../src/volunteer/receipt-sum.ts';
import type { Paid } from '../../src/volunteer/receipt-sum.ts';
import { agreed, auditWhole, freshFolder, joinHouse, startHouse, submitJob, until } from './house.ts';

const wish = { units: 9, kPerUnit: 1 << 16, isAudited: true };

describe('[HT4, RC4] receipts of what vests', () => {
  let house: RunningCoordinator;
  const folder = freshFolder();
  const submit = (): Promise<string> => submitJob(house, house.operatorToken ?? '', wish);
  beforeAll(async () => {
    house = await startHouse({ graceMs: 0 });
  });
  afterAll(async () => {
    await house.close();
    folder.remove();
  });

  const fileOf = (name: string): string =>
    readFileSync(join(folder.path, new URL(house.url).host.replace(':', '_'), name), 'utf8');
  /** From which tick on it would ask for what it missed. */
  const mark = (): number | null =>
    (JSON.parse(fileOf('state.json')) as { mark?: { next: number } }).mark?.next ?? null;
  const kept = (): KeptReceipt[] =>
    fileOf('receipts.jsonl')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as KeptReceipt);
  const sums = async (): Promise<Paid | undefined> => {
    const key = house.house.keys.coordinator.publicText;
    const verdicts = await Promise.all(kept().map((receipt) => examineReceipt(receipt, key)));
    expect(verdicts.map(({ fault, unpriced }) => [fault, unpriced])).toEqual(verdicts.map(() => [null, 0]));
    return paidBy(verdicts)[0];
  };

  it('whoever is there keeps it at once; whoever is away when it vests has it after the next visit, each once', async () => {
    const first = await submit();
    const volunteer = joinHouse(house.url, folder.path, 1);
    await volunteer.actions.start(agreed);
    await until(volunteer, ({ chunks }) => chunks.provisional === 5);
    await auditWhole(house, first);
    await until(volunteer, ({ credit }) => credit.pendingMicro === 0 && credit.vestedMicro > 0);
    const second = await submit();
    await until(volunteer, ({ chunks }) => chunks.provisional === 10);
    await volunteer.actions.finish();
    const one = await sums();
    expect(one).toMatchObject({ pending: { chunks: 10 }, vested: { chunks: 5 }, twice: 0 });
    expect(one?.left).toBe((one?.micro ?? 0) / 2);
    // Nothing was asked for yet, so nobody knows whether something was missed.
    expect(mark()).toBeNull();

    await auditWhole(house, second);
    const again = joinHouse(house.url, folder.path, 1);
    await again.actions.start(agreed);
    // The log is compared five seconds after the line is open.
    for (let tries = 0; ((await sums())?.vested.chunks ?? 0) < 10; tries++) {
      if (tries > 150) throw new Error('it never came');
      await sleep(100);
    }
    const asked = mark();
    expect(asked).toBeGreaterThan(Math.max(...kept().map(({ tick }) => tick.tick)));
    // From there on it hears of all, and what it heard of need not be asked for again.
    const third = await submit();
    await until(again, ({ chunks }) => chunks.provisional === 5);
    await auditWhole(house, third);
    await until(again, ({ credit }) => credit.pendingMicro === 0);
    await again.actions.finish();
    expect(mark()).toBe(Math.max(...kept().map(({ tick }) => tick.tick)) + 1);
    expect(mark()).toBeGreaterThan(asked ?? 0);
    expect(await sums()).toMatchObject({
      vested: { chunks: 15, micro: 1.5 * (one?.micro ?? 0) },
      left: 0,
      twice: 0,
    });
    const told = kept().map(({ tick }) => tick.tick);
    expect(told).toEqual([...new Set(told)]);
  }, 60_000);

  it('what is asked for is examined: a receipt that does not hold is not kept, and is said', async () => {
    const { account } = (await examineReceipt(kept()[0], null)) ?? {};
    const coordinator = house.house.keys.coordinator.publicText;
    const payee = { coordinator, account, device: '', site: null };
    const found = await missedReceipts(house.url, payee, 1);
    expect(found).toMatchObject({ isForged: false, next: (house.runtime.head?.size ?? 0) + 1 });
    const vested = found.receipts.map((receipt) => examineReceipt(receipt, coordinator));
    const rows = (await Promise.all(vested)).flatMap((verdict) => rowsIn(verdict.rows));
    expect(rows.filter(({ kind }) => kind === 'vested')).toHaveLength(3);
    const other = { ...payee, coordinator: 'C'.repeat(43) };
    expect(await missedReceipts(house.url, other, 1)).toEqual({
      receipts: [],
      next: 1,
      isWhole: false,
      isForged: true,
    });
  });
});
