/**
 * Which units of a commitment are recomputed, and when work is final. Drawn when the commitment is accepted, with the
 * coordinator's own randomness, and told to nobody; so closing a tab or crashing changes nothing. The mathematics is in
 * docs/decisions/0005-audits.md. Numbers in brackets are the rules of docs/SPEC.md.
 */
import type { Tier } from './trust.ts';

/** The numbers of a job's `audit` policy: they decide its guarantee and its price. */
export interface AuditTerms {
  /** Work of an identity is final when so many further units of it were recomputed and found right [AU3]. */
  readonly windowUnits: number;
  /** Of somebody who leaves before that, so many of the unvested units are recomputed, or all [AU4]. */
  readonly leaverUnits: number;
}

/** At most one wrong final unit in 200,000 with a fifth of all compute hostile, one in 100,000 by those who come and go. */
export const strictTerms: AuditTerms = { windowUnits: 32_000, leaverUnits: 12_000 };
/**
 * Terms that a job of so many units can afford: those of `strictTerms` from 1.3 million units on, less for smaller ones, so
 * that who leaves costs about a hundredth of the job. The bound that follows from them stands beside the price.
 */
export function termsFor(units: number): AuditTerms {
  const within = (value: number, max: number): number =>
    Math.max(leastUnits, Math.min(max, Math.ceil(value)));
  return {
    windowUnits: within(units / 40, strictTerms.windowUnits),
    leaverUnits: within(units / 100, strictTerms.leaverUnits),
  };
}

/** Fewer audited units than this would say next to nothing. */
const leastUnits = 48;

/** Bits of randomness that a unit uses up: it is drawn when all of them are zero. */
const bitsOfTier: Readonly<Record<Exclude<Tier, 0>, number>> = { 1: 6, 2: 7 };

/** A word with a one in the lowest bit of each of its groups of so many. */
function lowsOf(bits: number): number {
  let lows = 0;
  for (let at = 0; at + bits <= 32; at += bits) lows |= 1 << at;
  return lows;
}

/** Share of an identity's units that are recomputed, by tier; a newcomer's are too, besides being computed twice. */
export function auditShare(tier: Tier): number {
  return 1 / 2 ** bitsOfTier[tier === 0 ? 1 : tier];
}

/** Words of randomness for drawing from a chunk of so many units. */
export function wordsFor(units: number, tier: Tier): number {
  const perWord = Math.floor(32 / bitsOfTier[tier === 0 ? 1 : tier]);
  return Math.ceil(units / perWord);
}

/** Enough of them for every tier: the shell throws them before anybody knows how closely the author is looked at. */
export function wordsForAny(units: number): number {
  return Math.max(wordsFor(units, 1), wordsFor(units, 2));
}

/**
 * The units [first, first + units) of a chunk that are recomputed, ascending. Each is drawn with the tier's share, independently of
 * all others. `words`: at least `wordsFor(units, tier)` uniform 32-bit words.
 */
export function drawUnits(units: number, tier: Tier, words: ArrayLike<number>, first = 0): number[] {
  const bits = bitsOfTier[tier === 0 ? 1 : tier];
  const perWord = Math.floor(32 / bits);
  const mask = 2 ** bits - 1;
  const lows = lowsOf(bits);
  // What is not there would count as zero, and every unit beyond it as drawn.
  if (words.length * perWord < units)
    throw new Error('a chunk is drawn from with randomness for each of its units');
  const drawn: number[] = [];
  for (let from = 0, at = 0; from < units; from += perWord, at++) {
    let word = words[at] as number;
    // Most words have no group of zeroes, which their lowest and highest bits tell at once.
    if (((word - lows) & ~word & (lows << (bits - 1))) === 0) continue;
    const end = Math.min(units, from + perWord);
    for (let unit = from; unit < end; unit++, word >>>= bits)
      if ((word & mask) === 0) drawn.push(first + unit);
  }
  return drawn;
}

/** What an identity has committed in one job and is not final yet: chunks follow one another into a batch until it is full. */
export interface Batch {
  readonly units: number;
  /** Of its units: drawn, and of these found right. */
  readonly drawn: number;
  readonly passed: number;
  /** The identity's `auditedUnits` when the batch was filled: its window is counted from here. */
  readonly auditedBefore: number;
}

/** Whether a batch of somebody who goes on working is final: all of its own draws and a window of later ones were right [AU3]. */
export function isFinal(batch: Batch, auditedUnits: number, { windowUnits }: AuditTerms): boolean {
  return batch.passed === batch.drawn && auditedUnits - batch.auditedBefore >= windowUnits;
}

/**
 * How many units of somebody who has left must still be drawn before all that is unvested becomes final [AU4]: up to
 * `leaverUnits` in all, or every unit where there are fewer.
 */
export function leaverShortfall(
  unvested: readonly Pick<Batch, 'units' | 'drawn'>[],
  { leaverUnits }: AuditTerms,
): number {
  let units = 0;
  let drawn = 0;
  for (const batch of unvested) {
    units += batch.units;
    drawn += batch.drawn;
  }
  return Math.max(0, Math.min(units, leaverUnits) - drawn);
}

/**
 * An anchor holds what it recomputes of an audit against the claim after 1, 2, 4, 8 units and each eight more, and goes no further where
 * one is wrong [AU2]: the chunk is void then, whatever its others are. `done`: how many it has recomputed; gives back how many they are
 * when it looks next.
 */
export function nextLook(done: number, units: number): number {
  return Math.min(units, done === 0 ? 1 : done + Math.min(done, lookUnits));
}

/** A look costs a reading of the store, which is nothing beside so many units. */
const lookUnits = 8;

/**
 * So many auditors share in turn what is drawn of a chunk of so many units while somebody works [AU2]. One of the author's own gang vouches for all that
 * is wrong in an audit at once: whoever spoils much of one chunk would be seen no more often than who spoils one unit.
 */
export function auditorsOf(units: number): number {
  return Math.ceil(units / unitsPerAuditor);
}

/** The same of a chunk of somebody who has left, by lot: nearly all of it is drawn, and whose turn a unit is would be known beforehand. */
export function auditorsOfLeaver(units: number): number {
  return Math.max(fewAuditors, Math.ceil(units / (4 * unitsPerAuditor)));
}

/** Of so many one is drawn of a newcomer. */
const unitsPerAuditor = 16;
const fewAuditors = 4;

/** Of somebody who leaves with no more units than this, anchors recompute all [AU5]. */
export const anchoredUnitsMax = 1_000;

/**
 * Of how many of the batches of somebody who leaves with so many units all audits are the anchors' [AU5]. Nearly all of little is recomputed, so one
 * wrong unit among `units` passes where a volunteer of the same gang vouches for it: for three audits in four of those that are not the
 * anchors' by this, if all of the compute that is hostile (a share h) is of one gang. That makes h · (3/4) · (1 − share) ÷ `units` of its work
 * wrong, which may be no more than 1 ÷ (e · (1 − 3h/4) · `leaverUnits`), the bound for who leaves with much [AU4]: so it is for every h where
 * 1 − share ≤ 4 · `units` ÷ (e · `leaverUnits`), since h · (1 − 3h/4) ≤ 1/3.
 */
export function anchoredShare(units: number, { leaverUnits }: Pick<AuditTerms, 'leaverUnits'>): number {
  if (units <= anchoredUnitsMax) return 1;
  return Math.max(0, 1 - (4 * units) / (Math.E * leaverUnits));
}

/** Words of randomness for closing a batch of so many units: which are drawn, who shares them, and whether they are the anchors'. */
export function wordsToClose(units: number): number {
  return 2 * units + 1;
}

/** What is drawn of a chunk, shared out to so many auditors by lot: `word(i)` is a uniform 32-bit word for the `i`th unit. */
export function dealt(units: readonly number[], auditors: number, word: (i: number) => number): number[][] {
  const parts = Array.from({ length: auditors }, (): number[] => []);
  units.forEach((unit, i) => parts[Math.floor((word(i) / 2 ** 32) * auditors)]?.push(unit));
  return parts.filter((part) => part.length > 0);
}

/** Whom a guarantee assumes. */
export interface Assumptions {
  /** Share of the compute that is hostile, 0 … 1. */
  readonly hostile: number;
  /** Share of audits that the operator's own machines make. */
  readonly anchors: number;
}

/** Chunks follow one another into one batch until it has so many units: its draws and its end each fit into an event. */
export const batchUnitsMax = 4_096;

/** Probability that a recomputed wrong unit is noticed: an auditor may be of the same gang, an anchor is not. */
export function noticed({ hostile, anchors }: Assumptions): number {
  return anchors + (1 - anchors) * (1 - hostile);
}

/**
 * The largest share of wrong final units that the best strategy reaches: one wrong unit in `audited × noticed` on average
 * is caught as often as not (VERIFICATION 1.5); banned work leaves the denominator.
 */
export function wrongShareMax(assumed: Assumptions, audited: number): number {
  const { hostile } = assumed;
  return hostile / (Math.E * noticed(assumed) * audited) / (1 - hostile);
}

/**
 * What a requester pays for each unit of work that becomes final, audits and newcomers' second copies included: honest
 * compute ÷ useful compute, for volunteers who stay `staySeconds` of reference work and have units of `unitMicro`.
 */
export function priceMultiplier(
  { leaverUnits }: AuditTerms,
  staySeconds: number,
  unitMicro: number,
  probationMicro: number,
  tier1Micro: number,
): number {
  const stayMicro = staySeconds * 1e6;
  const beside = Math.min(stayMicro, probationMicro);
  const close = Math.max(0, Math.min(stayMicro, tier1Micro) - beside);
  const usual = Math.max(0, stayMicro - beside - close);
  const drawnMicro = (beside + close) * auditShare(1) + usual * auditShare(2);
  const leaverMicro = Math.max(drawnMicro, Math.min(stayMicro, leaverUnits * unitMicro));
  return 1 + (beside + leaverMicro) / stayMicro;
}
