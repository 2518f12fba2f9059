/** The catalogue of what the reward page says, as a type, and how it writes amounts: a language is complete when it has all of these. */
import type { Language } from '../consent.ts';
import type { ClaimStep } from '../../volunteer/epoch-check.ts';

export type StepState = 'holds' | 'fails' | 'unseen';

export interface RewardWords {
  readonly title: string;
  readonly heading: string;
  readonly lede: string;
  readonly asking: string;
  readonly open: {
    readonly heading: string;
    readonly nothing: string;
    readonly since: (number: number, credit: string, at: number) => string;
    readonly empty: (number: number, at: number) => string;
    /** On this machine's clock, and the same in UTC. */
    readonly due: (here: string, utc: string) => string;
    readonly undated: string;
    readonly budget: (credit: string) => string;
    readonly asVested: string;
  };
  readonly sealed: {
    readonly heading: string;
    readonly none: string;
    readonly noneNote: string;
    readonly caption: string;
    readonly epoch: string;
    /** One of them, where no head says what the number is. */
    readonly named: (number: number) => string;
    readonly period: string;
    readonly accounts: string;
    readonly credit: string;
    readonly budget: string;
    readonly files: string;
    readonly between: (from: string, to: string) => string;
    readonly file: string;
    readonly rows: string;
  };
  readonly own: {
    readonly heading: string;
    readonly note: string;
    readonly find: string;
    readonly finding: string;
    readonly none: string;
    readonly label: string;
    readonly look: string;
    readonly malformed: string;
    readonly epoch: string;
    readonly looking: string;
    readonly noRow: (number: number) => string;
    readonly failed: string;
    readonly mine: string;
    /** What is final in all periods together, and what is pending (null: nothing is). */
    readonly soFar: (vested: string, pending: string | null) => string;
    readonly soFarNote: string;
    readonly unknown: string;
  };
  readonly row: {
    readonly heading: (number: number) => string;
    readonly says: (amount: string, budget: string) => string;
    readonly because: (credit: string, total: string) => string;
    readonly formula: string;
    readonly floor: string;
    readonly receipts: {
      readonly heading: string;
      readonly asking: string;
      readonly all: (count: number, credit: string) => string;
      readonly part: (count: number, shown: string, credit: string) => string;
      readonly none: string;
      readonly wrong: (count: number) => string;
      readonly failed: string;
      readonly receipt: (tick: number, moment: string, credit: string) => string;
      readonly more: (count: number) => string;
      readonly save: string;
      readonly check: string;
    };
  };
  readonly proof: {
    readonly heading: string;
    readonly holds: string;
    readonly failsAt: Readonly<Record<ClaimStep, string>>;
    readonly steps: Readonly<Record<ClaimStep, string>>;
    readonly states: Readonly<Record<StepState, string>>;
    readonly unseen: string;
    readonly text: (index: number, accounts: number) => string;
    readonly noText: string;
    readonly amount: string;
    readonly tree: (hashes: number) => string;
    readonly only: string;
    readonly signature: string;
    readonly ours: string;
    readonly theirs: string;
    readonly leafShow: string;
    readonly leafParts: readonly [string, string, string, string];
    readonly treeShow: string;
    readonly leafHash: string;
    readonly beside: string;
    readonly gives: string;
    readonly root: string;
    readonly signatureShow: string;
    readonly key: string;
    readonly signed: string;
    readonly numbers: string;
    readonly save: string;
  };
  readonly claim: {
    readonly heading: string;
    readonly today: string;
    readonly notYet: string;
    readonly certificate: string;
    readonly certificateAlt: (account: string, number: number) => string;
  };
  readonly laid: {
    readonly heading: string;
    readonly note: string;
    readonly choose: string;
    readonly drop: string;
    readonly paste: string;
    readonly check: string;
    readonly nothing: string;
    readonly drawn: string;
    readonly notDrawn: string;
    readonly whose: (account: string, amount: string, number: number) => string;
  };
  readonly sites: {
    readonly heading: string;
    readonly note: (number: number) => string;
    readonly site: string;
    readonly credit: string;
    readonly share: string;
    readonly none: string;
  };
  readonly limits: { readonly heading: string; readonly says: readonly string[] };
}

const locales: Readonly<Record<Language, string>> = { en: 'en', zh: 'zh-CN' };

/** A decimal text of microcredits as credits, to the last microcredit; at least two digits after the point. */
export function exactly(language: Language, micro: string): string {
  const text = micro.padStart(7, '0');
  const whole = new Intl.NumberFormat(locales[language]).format(BigInt(text.slice(0, -6)));
  return `${whole}.${text.slice(-6).replace(/0{1,4}$/, '')}`;
}

/** A time in UTC, to the minute: the same for everybody who reads it. */
export function utcOf(at: number): string {
  return at <= 8.64e15 ? `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC` : `${at} ms`;
}
