/** What the reward page asks for and works out: the epochs, an account's claim, and the receipts its credit is from. */
import { decodeAccount } from '../decode.ts';
import { ask } from '../live.ts';
import { readClaim, readEpochs } from '../../volunteer/epoch-check.ts';
import { examineReceipt } from '../../volunteer/receipt-check.ts';
import type { ReceiptRows } from '../../volunteer/receipt-check.ts';
import type { Claim, EpochFile, EpochsView } from '../../wire/epochs.ts';
import type { AccountView } from '../../wire/views.ts';

/** What the coordinator says of its epochs; throws where that cannot be read. */
export async function epochs(): Promise<EpochsView> {
  const view = readEpochs(await ask('/api/epochs'));
  if (view === null) throw new Error('the epochs cannot be read');
  return view;
}

/** An account's claim as it was given out; null: it has no row there. Throws where there is no answer. */
export async function claimOf(number: number, account: string): Promise<Claim | null> {
  const response = await fetch(`/api/epochs/${number}/rows/${account}`);
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`${response.status}`);
  return readClaim(await response.json());
}

/** What an account has now; null: there is none of that id. Throws where there is no answer. */
export async function accountOf(account: string): Promise<AccountView | null> {
  const response = await fetch(`/api/account/${account}`);
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`${response.status}`);
  return decodeAccount(await response.json());
}

/** A receipt of the period, with what it made final. */
export interface Source {
  readonly tick: number;
  readonly at: number;
  readonly micro: number;
  readonly receipt: unknown;
}

/** Receipts that hold, and how many did not. */
export interface Sources {
  readonly found: readonly Source[];
  readonly wrong: number;
}

/** What a receipt made final: what was so at once, what vested, and what audits were paid. */
function madeFinal({ accepted, vested, audits }: ReceiptRows): number {
  const paid = [...accepted.filter(({ final }) => final), ...vested, ...audits];
  return paid.reduce((sum, { amountMicro }) => sum + amountMicro, 0);
}

/** Answers of this many pages of receipts are asked for, no more: a page is no archive. */
const pagesMax = 20;

/** The public receipts of an account whose ticks are in the epoch's period, each checked by itself. */
export async function sourcesOf(epoch: EpochFile, account: string): Promise<Sources> {
  const found: Source[] = [];
  let wrong = 0;
  for (let from = epoch.from, page = 0; from < epoch.to && page < pagesMax; page++) {
    const said = await ask(`/api/account/${account}/receipts?from=${from}`);
    const { receipts, next } = said as { receipts?: unknown; next?: unknown };
    if (!Array.isArray(receipts) || typeof next !== 'number') throw new Error('the receipts cannot be read');
    for (const receipt of receipts as readonly unknown[]) {
      const verdict = await examineReceipt(receipt, epoch.coordinator);
      if (verdict.fault !== null || verdict.account !== account) wrong++;
      else if (verdict.tick >= epoch.to) return { found, wrong };
      else {
        const at = verdict.read?.tick.at ?? 0;
        found.push({ tick: verdict.tick, at, micro: madeFinal(verdict.rows), receipt });
      }
    }
    if (next <= from) break;
    from = next;
  }
  return { found: found.filter(({ micro }) => micro > 0), wrong };
}

/** Partners' sites by their keys; none where the coordinator says nothing of them. */
export async function siteNames(): Promise<ReadonlyMap<string, string>> {
  const said = await ask('/api/sites').catch(() => null);
  const { sites = [] } = (said ?? {}) as { sites?: readonly { key?: unknown; name?: unknown }[] };
  return new Map(
    sites.flatMap(({ key, name }) =>
      typeof key === 'string' && typeof name === 'string' ? [[key, name] as const] : [],
    ),
  );
}

/** Hands a text out as a file. */
export function save(name: string, type: string, text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1_000);
}
