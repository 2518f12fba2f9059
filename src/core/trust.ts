/**
 * What an identity's record says: how much of its work is looked at, and what one wrong unit means for it. An identity is a
 * device key together with what it computes with (core or GPU). Everything is counted in reference work and in units,
 * never in chunks, so that it means the same for every job. Numbers in brackets are the rules of docs/SPEC.md.
 */

/** A record, as the state keeps it. Time is in ms since 1970, work in microcredits. */
export interface Standing {
  /** Work accepted since the beginning, or since it was sent back there; old work counts less and less [TR4]. */
  provenMicro: number;
  /** When that was last counted. */
  provenAt: number;
  /** Units of it that were recomputed by others and found right, ever: the clock by which its work becomes final. */
  auditedUnits: number;
  /** Wrong units that were proven, and when the last one was. */
  faults: number;
  faultAt: number | null;
  phase: 'open' | 'suspended' | 'banned';
  /** What the examination of its unvested work came to, since it was suspended [TR5]. */
  examined: Examined;
}

/** Units that were recomputed, those of them that were wrong, and in how many chunks these lie. */
export interface Examined {
  readonly units: number;
  readonly wrong: number;
  readonly chunks: number;
}

/** 0: each chunk is computed by a second person too. 1: one unit in sixteen is recomputed. 2: one in sixty-four, never fewer. */
export type Tier = 0 | 1 | 2;

/** Work that a newcomer does beside others [TR1]: eight chunks of half a second. */
export const probationMicro = 4_000_000;
/** Work until one in sixteen becomes one in sixty-four [TR2]. */
export const tier1Micro = 68_000_000;
/** After so long a record counts half [TR4]: machines break, and keys change hands. */
export const halfLifeMs = 30 * 86_400_000;
/** A record that is so old says nothing. */
const halvingsMax = 40;
/** A second proven fault within this time is no accident any more [TR6]. */
export const faultMemoryMs = 30 * 86_400_000;
/** Who is suspended may begin anew after so long [TR5]. */
export const suspendedMs = 3_600_000;
/**
 * More than one wrong unit in so many of those examined, in so many chunks, are no accident [TR6]. A machine of which one unit in
 * ten thousand is wrong passes this by with probability 10^-5; one hot spell spoils a chunk or two, however much of them.
 */
export const accidentShare = 128;
export const accidentChunks = 3;
const nothingExamined: Examined = { units: 0, wrong: 0, chunks: 0 };

/** The record of somebody who was never heard of. */
export function newStanding(at: number): Standing {
  const examined = nothingExamined;
  return { provenMicro: 0, provenAt: at, auditedUnits: 0, faults: 0, faultAt: null, phase: 'open', examined };
}

/** What the record is worth now: half for each half-life since it was last added to. */
export function provenNow({ provenMicro, provenAt }: Standing, at: number): number {
  const halvings = Math.floor(Math.max(0, at - provenAt) / halfLifeMs);
  if (halvings >= halvingsMax) return 0;
  return Math.floor(provenMicro / 2 ** halvings);
}

/** How closely its next commitment is looked at. */
export function tierOf(standing: Standing, at: number): Tier {
  const proven = provenNow(standing, at);
  return proven < probationMicro ? 0 : proven < tier1Micro ? 1 : 2;
}

/** Work of it was accepted. */
export function addWork(standing: Standing, workMicro: number, at: number): void {
  standing.provenMicro = provenNow(standing, at) + workMicro;
  standing.provenAt = Math.max(standing.provenAt, at);
}

/** What a proven fault means [TR5], [TR6]. */
export type Consequence =
  /** Taken for an accident of the machine: back to the beginning, and all unvested work is examined. */
  | 'suspend'
  /** No accident: it never works here again, and what is not final of its work is void. */
  | 'ban';

/**
 * A fault was proven; `isKnownLie` when another identity gave the very same wrong answer. A first fault in thirty days is
 * what an honest machine with a bad memory cell or an overheated graphics processor does, however many units it spoilt.
 */
export function consequenceOf(
  { faultAt }: Pick<Standing, 'faultAt'>,
  isKnownLie: boolean,
  at: number,
): Consequence {
  const isRepeated = faultAt !== null && at - faultAt < faultMemoryMs;
  return isRepeated || isKnownLie ? 'ban' : 'suspend';
}

/**
 * What a wrong answer means for whoever gave it; null: no more than that it is void. Whoever is suspended answers for what it
 * committed before, which was of the same accident, unless there is too much of it. `after`: its examination, this answer included.
 */
export function verdictOn(
  standing: Pick<Standing, 'phase' | 'faultAt'>,
  isKnownLie: boolean,
  after: Examined,
  at: number,
): Consequence | null {
  switch (standing.phase) {
    case 'open':
      return consequenceOf(standing, isKnownLie, at);
    case 'suspended':
      return isKnownLie || isNoAccident(after) ? 'ban' : null;
    case 'banned':
      return null;
    default:
      return standing.phase satisfies never;
  }
}

/** Whether an examination found more wrong than an accident spoils. */
export function isNoAccident({ units, wrong, chunks }: Examined): boolean {
  return chunks >= accidentChunks && wrong * accidentShare > units;
}

/** Whether it may be given work now. */
export function mayWork({ phase, faultAt }: Pick<Standing, 'phase' | 'faultAt'>, at: number): boolean {
  switch (phase) {
    case 'open':
      return true;
    case 'suspended':
      return at - (faultAt ?? 0) >= suspendedMs;
    case 'banned':
      return false;
    default:
      return phase satisfies never;
  }
}

/** Writes a consequence into the record. A suspended identity goes on from the beginning once it is let in again. */
export function punish(standing: Standing, consequence: Consequence, at: number): void {
  standing.faults++;
  standing.faultAt = at;
  standing.provenMicro = 0;
  standing.provenAt = at;
  standing.phase = consequence === 'ban' ? 'banned' : 'suspended';
  standing.examined = nothingExamined;
}

/** The operator found that the last fault was none to be blamed for [TR8]. Who was not let in begins at the beginning; who works already goes on. */
export function pardon(standing: Standing, at: number): void {
  standing.faults = Math.max(0, standing.faults - 1);
  standing.faultAt = null;
  if (standing.phase === 'open') return;
  standing.phase = 'open';
  standing.provenMicro = 0;
  standing.provenAt = at;
}
