/** The words for one device: what a durable tick means to it (leases, and a receipt of what is durable, paid or lost), and refusals. */
import type { ByeReason } from '../wire/version.ts';
import type { Bye, CreditWord, RefusalWord } from '../wire/volunteer.ts';
import type { Parcel } from './batch.ts';
import { plainReceipt, receiptFor } from './receipts.ts';
import type { Asker } from './receipts.ts';
import type { Tick } from './runtime.ts';

/** One word, or a list of words; null when there is nothing to tell. All of it is ASCII: ids, numbers, hashes. */
export function wordsOf(
  { leases, acks, lost, judged, balances }: Parcel,
  told: Asker,
  { batch, receipts, word, head }: Tick,
): string | null {
  let text = '';
  let count = leases.length;
  for (const lease of leases) text += text === '' ? lease : `,${lease}`;
  const index = batch.payroll.indexOf(told.device);
  if (index !== undefined || acks.length + lost.length > 0) {
    const receipt =
      index === undefined
        ? plainReceipt(acks, lost)
        : receiptFor(told, acks, lost, { payroll: batch.payroll, tree: receipts }, index, word);
    text += count++ === 0 ? receipt : `,${receipt}`;
  }
  for (const one of judged) text += `${count++ === 0 ? '' : ','}${JSON.stringify(one)}`;
  if (balances !== null) {
    const credit: CreditWord = { t: 'credit', creditMicro: { ...balances, asOf: head.tick } };
    text += `${count++ === 0 ? '' : ','}${JSON.stringify(credit)}`;
  }
  return count === 0 ? null : count === 1 ? text : `[${text}]`;
}

/** Why something was not given. */
export interface WhyNot {
  readonly refused: string;
  readonly detail?: string;
  readonly retryMs?: number;
}

/** The word that says so. */
export function refusalOf(
  about: RefusalWord['about'],
  { refused: reason, detail, retryMs }: WhyNot,
  where: { slot?: number; replica?: number },
): RefusalWord {
  return {
    t: 'refusal',
    about,
    ...where,
    reason,
    ...(detail === undefined ? {} : { detail }),
    ...(retryMs === undefined ? {} : { retryMs }),
  };
}

/** The word that ends a conversation. */
export function byeOf(reason: ByeReason, detail: string | undefined, retryMs: number | undefined): Bye {
  return {
    t: 'bye',
    reason,
    ...(detail === undefined ? {} : { detail }),
    ...(retryMs === undefined ? {} : { retryMs }),
  };
}
