/** Asks a coordinator for an account's receipts of what vested, was void or was paid for audits [HT4], and believes what holds. */
import * as v from 'valibot';
import type { Payee } from '../wire/receipt.ts';
import { check, isMalformed } from '../wire/schema.ts';
import type { KeptReceipt } from './outbox.ts';
import { examineReceipt } from './receipt-check.ts';

/** Receipts in one answer, and answers in one turn: who missed more than that goes on another time. */
const countMax = 100;
const answersMax = 20;

const answer = v.object({
  receipts: v.pipe(v.array(v.unknown()), v.maxLength(countMax)),
  next: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
});

export interface Missed {
  readonly receipts: readonly KeptReceipt[];
  /** The tick to ask from another time. */
  readonly next: number;
  /** There are no more now: what comes is told. */
  readonly isWhole: boolean;
  /** One of them does not hold: it is not among these, and nothing after it was asked for. */
  readonly isForged: boolean;
}

/** The receipts of the ticks from `from` on. Throws when it is not reached, or says something else than an answer. */
export async function missedReceipts(url: string, payee: Payee, from: number): Promise<Missed> {
  const receipts: KeptReceipt[] = [];
  let next = from;
  let isWhole = false;
  for (let i = 0; i < answersMax; i++) {
    const response = await fetch(
      `${url}/api/account/${payee.account}/receipts?from=${next}&count=${countMax}`,
    );
    if (!response.ok) {
      if (i > 0) break;
      throw new Error(`HTTP ${response.status}`);
    }
    const read = check(answer, Object(await response.json()) as object);
    if (isMalformed(read)) throw new Error(read.malformed);
    for (const one of read.receipts) {
      const verdict = await examineReceipt(one, payee.coordinator);
      if (verdict.fault !== null || verdict.read === null || verdict.account !== payee.account)
        return { receipts, next, isWhole: false, isForged: true };
      const { leaf, index, path, tick, jobs = {} } = verdict.read;
      receipts.push({ leaf, index, path, tick, jobs });
    }
    const isDone = read.next <= next || read.receipts.length === 0;
    next = Math.max(next, read.next);
    isWhole = read.next > read.size;
    if (isDone) break;
  }
  return { receipts, next, isWhole, isForged: false };
}
