/**
 * An account's receipts over HTTP [HT4]: those of ticks in which its work vested or was void, or that paid it for audits, or for
 * chunks while it was away: made again from the log as far as that is public. So whoever missed one can have it, and anybody can
 * follow where an amount is from.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Hono } from 'hono';
import type { AccountReceipts, JobPriceView, ReceiptView, RefusalView } from '../wire/views.ts';
import { Allowance } from './allowance.ts';
import { awaitedIn, heldFor } from './horizon.ts';
import type { House } from './house.ts';
import type { TickRecord } from './log.ts';
import { leafText, paidIn, signHead } from './receipts.ts';
import type { Payroll } from './receipts.ts';
import { readRecord } from './record.ts';
import type { TickWord } from './record.ts';

/** Ticks in one answer. */
export const receiptsMax = 100;
/** All who ask together: how much of the log is read for them at once, and each second. */
export const readBytes = 8 * 1_048_576;
const readBytesPerSecond = 1_048_576;
/** Whoever asks costs at least this much of it. */
const leastBytes = 8_192;

type Rooms = Pick<House, 'log' | 'runtime' | 'keys' | 'views' | 'now'>;

/** Answers `GET /api/account/:account/receipts?from=T&count=N`. */
export function receiptRoutes(house: Rooms & Pick<House, 'metrics'>): Hono {
  const app = new Hono();
  const allowance = new Allowance(readBytes, readBytesPerSecond);
  app.get('/api/account/:account/receipts', async (c) => {
    const [from, count] = [wholeOf(c.req.query('from') ?? '1'), wholeOf(c.req.query('count') ?? '')];
    const size = house.runtime.head?.size ?? 0;
    if (from < 1 || from > size + 1 || count === 0) {
      const detail = `1 ≤ from ≤ ${size + 1}, count ≥ 1`;
      return c.json({ refused: 'out-of-range', detail } satisfies RefusalView, 400);
    }
    const account = c.req.param('account') ?? '';
    const most = count < 0 ? receiptsMax : Math.min(count, receiptsMax);
    const found = await receiptsOf(house, allowance, account, from, most);
    if (found !== null) return c.json(found satisfies AccountReceipts);
    house.metrics.refused('receipts too-often');
    c.header('Retry-After', '1');
    return c.json({ refused: 'too-often' } satisfies RefusalView, 429);
  });
  return app;
}

/** The receipts of at most `count` ticks from `from` on, up to the first that is not public; null: too much is asked now. */
export async function receiptsOf(
  house: Rooms,
  allowance: Allowance,
  account: string,
  from: number,
  count: number,
): Promise<AccountReceipts | null> {
  const { log, runtime, now } = house;
  if (!allowance.take(leastBytes, now())) return null;
  const size = runtime.head?.size ?? 0;
  const ticks = await log.creditedIn(account, from, count);
  const receipts: ReceiptView[] = [];
  for (const tick of ticks) {
    const [row] = tick > size ? [] : await log.read(tick - 1, 1);
    const record = row === undefined ? null : readRecord(row.record);
    if (row === undefined || record === null || !(await isPublic(house, record)))
      return { account, receipts, next: tick, size };
    receipts.push(...receiptsIn(house, row, record, account));
    const isLate = !allowance.take(row.record.length, now());
    if (isLate) return { account, receipts, next: tick + 1, size };
    // Messages of volunteers go before those who read history.
    await nextTurn();
  }
  const last = ticks.length < count ? size : (ticks.at(-1) ?? size);
  return { account, receipts, next: last + 1, size };
}

/** Whether everybody may read a tick's record [LO10]: its receipts tell no more than it does. */
async function isPublic({ runtime }: Rooms, { events }: TickWord): Promise<boolean> {
  // What is public is asked of what is durable.
  await runtime.durable();
  return heldFor(runtime.state, events, awaitedIn(runtime.state)) === null;
}

/** What a tick did to an account's credit, for each of its devices, as a volunteer would keep it. */
function receiptsIn(
  { keys, runtime, views }: Rooms,
  row: TickRecord,
  record: TickWord,
  account: string,
): ReceiptView[] {
  const key = keys.coordinator;
  const { payroll, tree } = paidIn(record, key.publicText, () => false);
  const head = signHead(key, row.tick, record.at, row.root, tree.root);
  const tick = { ...head, count: payroll.slips.length };
  return payroll.slips.flatMap((slip, index) => {
    if (slip.account !== account) return [];
    const leaf = leafText(slip, record.at, key.publicText, tree.form);
    const jobs: Record<string, JobPriceView> = {};
    for (const job of jobsOf(slip)) {
      const price = runtime.state.jobs.get(job)?.spec ?? views.job(job);
      if (price === null) continue;
      const { units, unitsPerChunk, unitCostMicro } = price;
      jobs[job] = { units, unitsPerChunk, unitCostMicro };
    }
    return [{ leaf, index, path: tree.path(index), tick, jobs }];
  });
}

function jobsOf({ accepted, vested = [], voided = [], audits = [] }: Payroll['slips'][number]): Set<string> {
  return new Set([...accepted, ...vested, ...voided, ...audits].map(({ job }) => job));
}

/** A whole number from a query; −1 when it is none. */
function wholeOf(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : -1;
}
