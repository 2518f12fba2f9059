/** What the page about checks says, as a type, and how it writes risks and prices: a language is complete when it has all of these. */
import type { ChecksView, PolicyView } from '../../wire/views.ts';

export type PolicyName = PolicyView['kind'];

/** The numbers of the rules, as sentences need them. */
export type Rules = ChecksView['rules'] & { readonly windowUnits: number; readonly leaverUnits: number };

/** A section of the story: a picture, what it shows, and what is to be said. */
export interface Told {
  readonly heading: string;
  readonly says: readonly string[];
  readonly shows: string;
}

export interface ChecksWords {
  /** At most two digits after the point. */
  readonly number: (value: number) => string;
  readonly title: string;
  readonly heading: string;
  readonly lede: string;
  /** What has come of it so far, in a sentence. */
  readonly soFar: (audits: number, units: number, mismatches: number) => string;
  readonly none: string;
  readonly drawn: (rules: Rules) => Told;
  readonly window: (rules: Rules) => Told;
  readonly wrong: (rules: Rules) => Told;
  readonly people: () => Told;
  readonly proof: () => Told;
  readonly anchor: (rules: Rules) => Told;
  readonly policies: {
    readonly heading: string;
    readonly lede: string;
    /** `people`: how many must agree, where several must. */
    readonly name: (kind: PolicyName, people: number) => string;
    readonly says: (kind: PolicyName, rules: Rules) => string;
    readonly price: string;
    /** The same for everybody. */
    readonly priceFlat: (times: string) => string;
    readonly priceBy: (times: string, stayMs: number) => string;
    /** What the prices are reckoned for. */
    readonly priceNote: (unitMs: number, rules: Rules) => string;
    readonly open: string;
    readonly openAll: string;
    /** Under `certify`, before the figures. */
    readonly openLeftOut: string;
    /** `oneIn`: one wrong of so many. */
    readonly openUnits: (hostile: string, oneIn: string) => string;
    readonly openChunks: (hostile: string, share: string) => string;
    readonly openChunksNote: string;
  };
  readonly now: {
    readonly heading: string;
    readonly lede: string;
    readonly asking: string;
    readonly audits: string;
    readonly auditsMade: (audits: number, units: number, mismatches: number) => string;
    /** How many of the audits volunteers made, and whether they are given any now. */
    readonly byPeople: (audits: number, isShared: boolean, isAnchored: boolean) => string;
    readonly noAnchor: string;
    readonly waiting: (audits: number, sinceMs: number) => string;
    readonly wrong: string;
    readonly wrongDone: (voided: number, suspended: number, banned: number) => string;
    readonly machines: string;
    readonly tiers: (tiers: readonly [number, number, number], oneIn: Rules['oneIn']) => string;
    readonly away: (suspended: number, banned: number) => string;
    readonly paid: string;
    readonly paidFor: (
      work: string,
      second: string,
      audits: string,
      rechecks: string,
      copies: number,
    ) => string;
    readonly redundancy: (times: string) => string;
    readonly unpaid: string;
    readonly chunks: string;
    readonly chunksOpen: (provisional: number, final: number) => string;
    readonly networks: string;
    readonly nobody: string;
    readonly here: (people: number, networks: number) => string;
    readonly exempt: (people: number) => string;
    readonly largest: (share: string) => string;
    readonly alarm: string;
    readonly tooFew: (needed: number, places: number) => string;
    readonly providers: string;
    readonly noProviders: string;
    readonly known: (people: number, providers: number) => string;
    readonly placed: (needed: number, places: boolean) => string;
  };
  readonly jobs: {
    readonly heading: string;
    readonly none: string;
    readonly progress: (provisional: number, final: number, chunks: number) => string;
    readonly terms: (windowUnits: number, leaverUnits: number) => string;
    /** `wrong`: how many of its units may be wrong on average, below one as 0. */
    readonly bound: (hostile: string, oneIn: string, wrong: number, units: number) => string;
    /** `anchors`: the share of audits that the operator's own machines make at least. */
    readonly boundNote: (anchors: string) => string;
    readonly voted: (quorum: number) => string;
    readonly unchecked: string;
    readonly certified: string;
    /** Where the rest is audited. */
    readonly certifiedToo: string;
  };
  readonly assumed: { readonly heading: string; readonly says: readonly string[] };
  readonly limits: { readonly heading: string; readonly says: (rules: Rules) => readonly string[] };
  readonly further: { readonly heading: string; readonly verify: string; readonly data: string };
}

/** Two digits that mean something, rounded towards more risk: what is said never sounds safer than it is. */
export function oneIn(share: number): number {
  const all = 1 / share;
  const step = 10 ** Math.max(0, Math.floor(Math.log10(all)) - 1);
  return all < 10 ? Math.floor(all * 10) / 10 : Math.floor(all / step) * step;
}

/** A price to the hundredth, rounded up. */
export function timesOf(times: number): number {
  // What a sum leaves in the last bits is no hundredth.
  return Math.ceil(times * 100 - 1e-6) / 100;
}
