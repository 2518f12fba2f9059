/** The catalogue of what the check page says, as a type, and how it writes amounts: a language is complete when it has all of these. */
import type { Language } from '../consent.ts';
import type { Formats } from '../format.ts';
import type { ReceiptRow } from '../../volunteer/receipt-check.ts';
import type { StepName, StepState } from './model.ts';

/** What a row of a receipt is: accepted chunks are vested at once, or pending when it was signed. */
export type RowKind = 'final' | 'pending' | 'vested' | 'voided' | 'audit';

export interface VerifyWords {
  readonly title: string;
  readonly heading: string;
  readonly lede: string;
  readonly choose: string;
  readonly drop: string;
  readonly kinds: string;
  readonly own: string;
  readonly ownNone: string;
  /** Of a receipt that a link names: it came from the coordinator. It has none; it was not reached. */
  readonly linked: (host: string) => string;
  readonly linkNone: string;
  readonly linkGone: string;
  readonly unreadable: string;
  readonly tooLarge: (bytes: string) => string;
  readonly paste: string;
  readonly check: string;
  readonly loading: string;
  readonly loaded: string;
  readonly looking: (done: number, of: number) => string;
  readonly nothing: string;
  readonly nothingNote: (sample: string) => string;
  readonly result: string;
  readonly holds: (count: number) => string;
  /** Of one receipt, by the step that does not hold. */
  readonly failsAt: Readonly<Record<StepName, string>>;
  readonly fails: (wrong: number, of: number) => string;
  readonly paid: (chunks: number, micro: number, accounts: number) => string;
  readonly pending: (chunks: number, micro: number) => string;
  readonly vested: (chunks: number, micro: number) => string;
  readonly voided: (chunks: number, micro: number) => string;
  readonly audits: (count: number, units: number, micro: number) => string;
  /** What is pending still, by these receipts; null: they are not all. */
  readonly left: (micro: number | null) => string;
  readonly signedBy: string;
  readonly paidTo: string;
  readonly keyKnown: string;
  readonly keyOther: string;
  readonly keyUnknown: string;
  readonly keyAsk: string;
  readonly keySame: string;
  readonly keyDiffers: string;
  readonly mine: string;
  readonly twice: (count: number) => string;
  readonly list: string;
  readonly wrongList: string;
  readonly receipt: (number: number, tick: number) => string;
  readonly receiptUntold: (number: number) => string;
  /** A receipt in a list: what it says of one kind. */
  readonly sums: Readonly<Record<ReceiptRow['kind'], (count: number, micro: number) => string>>;
  readonly more: (count: number) => string;
  readonly steps: Readonly<Record<StepName, string>>;
  readonly states: Readonly<Record<StepState, string>>;
  readonly unseen: string;
  readonly text: {
    readonly holds: (tick: number, at: number) => string;
    readonly noReceipt: string;
    readonly part: string;
    readonly partSays: (part: string, says: string) => string;
    readonly leaf: Readonly<Record<'not-json' | 'form' | 'writing', string>>;
    readonly time: (leafAt: number, tickAt: number) => string;
    readonly show: string;
  };
  readonly tree: {
    readonly holds: (number: number, of: number, hashes: number) => string;
    readonly fails: string;
    readonly show: string;
    readonly leaf: string;
    readonly beside: string;
    readonly root: string;
  };
  readonly signature: {
    readonly holds: (tick: number, records: number) => string;
    readonly fails: string;
    readonly show: string;
    readonly key: string;
    readonly head: string;
    readonly signature: string;
  };
  readonly amounts: {
    readonly holds: (count: number) => string;
    readonly partly: (unpriced: number, of: number) => string;
    readonly fails: (of: ReceiptRow, owed: number) => string;
    readonly outside: (of: ReceiptRow) => string;
    readonly show: string;
    readonly caption: string;
    readonly job: string;
    readonly kind: string;
    readonly kinds: Readonly<Record<RowKind, string>>;
    /** What an amount is for, and its cell for it. */
    readonly what: string;
    readonly whatOf: (of: ReceiptRow) => string;
    readonly units: string;
    readonly cost: string;
    readonly amount: string;
    readonly unknown: string;
  };
  readonly ask: {
    readonly heading: string;
    readonly note: (host: string) => string;
    readonly button: string;
    readonly asking: string;
    readonly unanswered: string;
    readonly otherKey: string;
    readonly extends: (now: number, then: number, compared: number) => string;
    readonly restored: (since: number, kept: number, then: number) => string;
    readonly notSigned: string;
    readonly shrunk: (now: number, then: number) => string;
    readonly notExtending: (now: number, then: number) => string;
    readonly several: string;
  };
  readonly limits: {
    readonly heading: string;
    readonly says: readonly string[];
  };
}

/** Credits to the last microcredit: here nothing is rounded. */
const exactly = (locale: string): ((micro: number) => string) => {
  const format = new Intl.NumberFormat(locale, { minimumFractionDigits: 6, maximumFractionDigits: 6 });
  return (micro) => format.format(micro / 1e6);
};
/** How amounts are written, to the last microcredit. */
export const credits: Readonly<Record<Language, (micro: number) => string>> = {
  en: exactly('en'),
  zh: exactly('zh-CN'),
};

/** The last moment that a date can be made of, in ms since 1970 (ECMAScript, 21.4.1.1). */
const momentMax = 8.64e15;
/** A moment that somebody wrote into a receipt: no date can be made of some numbers. */
export const momentOr = (f: Formats, at: number, otherwise: string): string =>
  at <= momentMax ? f.moment(at) : otherwise;
