/** The words for one device: what a durable tick means to it (leases, and a receipt of what is durable, paid or lost), and refusals. */
import type { State } from '../core/state.ts';
import type { ByeReason } from '../wire/version.ts';
import type { Bye, CreditWord, RefusalWord } from '../wire/volunteer.ts';
import { balancesOf } from './arrival.ts';
import type { Parcel } from './batch.ts';
import { plainReceipt, receiptFor } from './receipts.ts';
import type { Asker } from './receipts.ts';
import type { Tick } from './runtime.ts';
import { listOf } from './text-frame.ts';

/** Who is told. */
export interface Told extends Asker {
  readonly account: string;
}

/** One word, or a list of words; null when there is nothing to tell. `state`: as it is after this tick. */
export function wordsOf(
  { leases, acks, lost, judged, hasNewBalance }: Parcel,
  told: Told,
  { batch, receipts, word, head }: Tick,
  state: State,
): string | null {
  const index = batch.payroll.indexOf(told.device);
  const hasReceipt = index !== undefined || acks.length + lost.length > 0;
  const verdicts = judged.map((one) => JSON.stringify(one));
  if (hasNewBalance)
    verdicts.push(
      JSON.stringify({
        t: 'credit',
        creditMicro: { ...balancesOf(state, told.account), asOf: head.tick },
      } satisfies CreditWord),
    );
  const words = verdicts.length === 0 ? leases : [...leases, ...verdicts];
  if (!hasReceipt) return words.length === 0 ? null : listOf(words);
  const receipt =
    index === undefined
      ? plainReceipt(acks, lost)
      : receiptFor(told, acks, lost, { payroll: batch.payroll, tree: receipts }, index, word);
  return listOf([...words.slice(0, leases.length), receipt, ...words.slice(leases.length)]);
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
