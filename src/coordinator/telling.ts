/** The words for one device: what a durable tick means to it (leases, and a receipt of what is durable, paid or lost), and refusals. */
import type { RefusalWord } from '../wire/volunteer.ts';
import type { Parcel } from './batch.ts';
import { paidReceipt, plainReceipt } from './receipts.ts';
import type { Payslip } from './receipts.ts';
import type { Tick } from './runtime.ts';
import { listOf } from './text-frame.ts';

/** One word, or a list of words; null when there is nothing to tell. */
export function wordsOf(
  { leases, acks, lost }: Parcel,
  device: string,
  { batch, receipts, word }: Tick,
): string | null {
  const index = batch.payroll.indexOf(device);
  const hasReceipt = index !== undefined || acks.length + lost.length > 0;
  if (!hasReceipt) return leases.length === 0 ? null : listOf(leases);
  const receipt =
    index === undefined
      ? plainReceipt(acks, lost)
      : paidReceipt(acks, lost, batch.payroll.slips[index] as Payslip, index, receipts, word);
  return listOf([...leases, receipt]);
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
