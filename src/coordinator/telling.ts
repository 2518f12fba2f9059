/** What a durable tick means to one device, as one frame's text: its leases, and a receipt of what is durable, paid or lost. */
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
