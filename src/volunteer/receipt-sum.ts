/** Adds up receipts that hold: what was accepted, what of it vested or was void, what audits were paid, and what is still pending. */
import { chunksOf } from './receipt-check.ts';
import type { ReceiptVerdict } from './receipt-check.ts';
import type { AuditRow, BatchRow, PaidRow } from '../wire/receipt.ts';

/** Chunks, and what they were paid. */
export interface Sum {
  readonly chunks: number;
  readonly micro: number;
}

/** What the sound ones of several receipts come to. */
export interface Paid {
  readonly coordinator: string;
  readonly accounts: readonly string[];
  /** All that was accepted. */
  readonly chunks: number;
  readonly micro: number;
  /** How much of that was pending when it was signed: void if it is proven false later. */
  readonly pending: Sum;
  /** Work that was pending before, and has vested. */
  readonly vested: Sum;
  /** Work that was pending before, and is void. */
  readonly voided: Sum;
  readonly audits: { readonly count: number; readonly units: number; readonly micro: number };
  /** What is pending still, by these receipts; null: more vested or was void than they show as accepted, so some are missing. */
  readonly left: number | null;
  /** Chunks and audits that stand in two receipts; each is counted once. */
  readonly twice: number;
  /** Amounts that are as signed, because the price was not kept. */
  readonly unpriced: number;
}

const microOf = (rows: readonly { readonly amountMicro: number }[]): number =>
  rows.reduce((sum, { amountMicro }) => sum + amountMicro, 0);
const sumOf = (rows: readonly BatchRow[]): Sum => ({
  chunks: rows.reduce((sum, row) => sum + chunksOf(row), 0),
  micro: microOf(rows),
});

/** Sums what each coordinator signed, in the order in which they appear. */
export function paidBy(verdicts: readonly ReceiptVerdict[]): Paid[] {
  const sound = verdicts.filter(({ fault }) => fault === null);
  return [...new Set(sound.map((one) => one.coordinator))].map((coordinator) =>
    paidOf(
      coordinator,
      sound.filter((one) => one.coordinator === coordinator),
    ),
  );
}

function paidOf(coordinator: string, sound: readonly ReceiptVerdict[]): Paid {
  const paid = new Map<number, PaidRow>();
  const vested: BatchRow[] = [];
  const voided: BatchRow[] = [];
  const audits: AuditRow[] = [];
  const seen = new Set<string>();
  const left = new Map<string, number>();
  let [twice, unpriced] = [0, 0];
  for (const { read, account, rows, unpriced: without } of sound) {
    unpriced += without;
    const leaf = read?.leaf ?? '';
    if (seen.has(leaf)) {
      twice += rows.accepted.length + rows.audits.length + sumOf([...rows.vested, ...rows.voided]).chunks;
      continue;
    }
    seen.add(leaf);
    let change = -microOf(rows.vested) - microOf(rows.voided);
    for (const row of rows.accepted) {
      if (paid.has(row.replica)) twice++;
      else if (!row.final) change += row.amountMicro;
      paid.set(row.replica, row);
    }
    left.set(account, (left.get(account) ?? 0) + change);
    vested.push(...rows.vested);
    voided.push(...rows.voided);
    audits.push(...rows.audits);
  }
  const rows = [...paid.values()];
  const pending = rows.filter(({ final }) => !final);
  const lefts = [...left.values()];
  return {
    coordinator,
    accounts: [...left.keys()],
    chunks: rows.length,
    micro: microOf(rows),
    pending: { chunks: pending.length, micro: microOf(pending) },
    vested: sumOf(vested),
    voided: sumOf(voided),
    audits: {
      count: audits.length,
      units: audits.reduce((sum, { units }) => sum + units, 0),
      micro: microOf(audits),
    },
    left: lefts.some((micro) => micro < 0) ? null : lefts.reduce((sum, micro) => sum + micro, 0),
    twice,
    unpriced,
  };
}
