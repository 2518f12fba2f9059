/** What vested in a period, read from the log's records [EP1]: by account, and by the partner site that brought it. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { anchorAccount } from '../core/epoch.ts';
import type { Credited } from '../core/epoch.ts';
import type { Event } from '../core/state.ts';
import type { Log } from './log.ts';
import { readRecord } from './record.ts';

/** Records that are read at once. */
const pageRecords = 64;

export interface Vested {
  readonly accounts: Map<string, bigint>;
  readonly sites: Map<string | null, bigint>;
}

export function creditedOf({ accounts }: Vested): Credited[] {
  return Array.from(accounts, ([account, creditMicro]) => ({ account, creditMicro }));
}

/** The first tick of [from, size] that is not before a time; size + 1 where all are. Times of ticks never go back. */
export async function firstTickFrom(log: Log, at: number, from: number, size: number): Promise<number> {
  let [low, high] = [from, size + 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [row] = await log.read(middle - 1, 1);
    if (row !== undefined && readRecord(row.record).at < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Sums what the records of the ticks [from, to) vested [EP1], the sites in the order in which they first come. */
export async function vestedIn(log: Log, from: number, to: number): Promise<Vested> {
  const vested: Vested = { accounts: new Map(), sites: new Map() };
  for (let tick = from; tick < to;) {
    const rows = await log.read(tick - 1, Math.min(pageRecords, to - tick));
    if (rows.length === 0) throw new Error(`the log has no tick ${tick}`);
    for (const { record } of rows) {
      tick++;
      const { buffer, byteOffset, length } = record;
      // Most records vest nothing, and need not be parsed.
      if (!Buffer.from(buffer, byteOffset, length).includes('"to":"vested:')) continue;
      for (const event of readRecord(record).events) addVested(vested, event);
    }
    await nextTurn();
  }
  return vested;
}

function addVested({ accounts, sites }: Vested, event: Event): void {
  if (!('entries' in event)) return;
  event.entries.forEach(({ to, amountMicro }, i) => {
    if (!to.startsWith('vested:') || to === `vested:${anchorAccount}`) return;
    const account = to.slice('vested:'.length);
    // The entries of an accepted chunk are its winners' payments, in their order.
    const site = event.e === 'accepted' ? event.winners[i]?.site : 'site' in event ? event.site : null;
    accounts.set(account, (accounts.get(account) ?? 0n) + BigInt(amountMicro));
    sites.set(site ?? null, (sites.get(site ?? null) ?? 0n) + BigInt(amountMicro));
  });
}
