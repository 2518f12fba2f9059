/** The words for one device: what a durable tick means to it (leases, and a receipt of what is durable, paid or lost), and refusals. */
import type { ByeReason } from '../wire/version.ts';
import type { Bye, CreditWord, RefusalWord } from '../wire/volunteer.ts';
import { asciiOf, literal } from './ascii.ts';
import type { AsciiWriter } from './ascii.ts';
import type { Parcel, ToldLease } from './batch.ts';
import { framed, headRoom } from './frames.ts';
import { plainReceipt, putReceipt } from './receipts.ts';
import type { Asker } from './receipts.ts';
import type { Tick } from './runtime.ts';

/** What a durable tick means to one device, as a frame in `to`; null when that is nothing. */
export function frameOf(to: AsciiWriter, parcel: Parcel, told: Asker, tick: Tick): Buffer | null {
  to.skip(headRoom);
  const from = to.at;
  return putWords(to, parcel, told, tick) ? framed(to.bytes, from, to.at) : null;
}

/** Writes one word, or a list of words; false when there is nothing to tell. All of it is ASCII: ids, numbers, hashes. */
function putWords(
  to: AsciiWriter,
  { leases, acks, lost, judged, balances }: Parcel,
  told: Asker,
  { batch, receipts, word, head }: Tick,
): boolean {
  const index = batch.payroll.indexOf(told.device);
  const hasReceipt = index !== undefined || acks.length + lost.length > 0;
  const count = leases.length + (hasReceipt ? 1 : 0) + judged.length + (balances === null ? 0 : 1);
  let before = count > 1 ? '[' : '';
  for (let i = 0; i < leases.length; i++) {
    to.ascii(before);
    putLease(to, leases[i] as ToldLease);
    before = ',';
  }
  if (hasReceipt) {
    to.ascii(before);
    if (index === undefined) to.ascii(plainReceipt(acks, lost));
    else putReceipt(to, told, acks, lost, { payroll: batch.payroll, tree: receipts }, index, word);
    before = ',';
  }
  for (let i = 0; i < judged.length; i++, before = ',') to.ascii(before + JSON.stringify(judged[i]));
  if (balances !== null) {
    const credit: CreditWord = { t: 'credit', creditMicro: { ...balances, asOf: head.tick } };
    to.ascii(before + JSON.stringify(credit));
  }
  if (count > 1) to.ascii(']');
  return count > 0;
}

/** What stands between the values of a lease message. */
const lease = {
  slot: literal('{"t":"lease","slot":'),
  lease: literal(',"lease":'),
  job: literal(',"job":"'),
  chunk: literal('","chunk":'),
  count: literal(',"count":'),
  deadlineMs: literal(',"deadlineMs":'),
  withBytes: literal(',"bytes":true}'),
  withoutBytes: literal(',"bytes":false}'),
};

function putLease(to: AsciiWriter, { run, deadlineMs, bytes }: ToldLease): void {
  to.put(lease.slot);
  to.number(run.slot);
  to.put(lease.lease);
  to.number(run.lease);
  to.put(lease.job);
  to.ascii(run.job);
  to.put(lease.chunk);
  to.number(run.chunk);
  to.put(lease.count);
  to.number(run.count);
  to.put(lease.deadlineMs);
  to.number(deadlineMs);
  to.put(bytes ? lease.withBytes : lease.withoutBytes);
}

/** A lease message, as JSON text. */
export function leaseWord(told: ToldLease): string {
  return asciiOf((to) => putLease(to, told));
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
