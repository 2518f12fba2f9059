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
  /** Faults that were proven, each within thirty days of the one before it, and when the last one was. */
  faults: number;
  faultAt: number | null;
  phase: 'open' | 'suspended' | 'banned';
  /** How long it is kept away after the last one, while it is suspended [TR5]. */
  awayMs: number;
  /** What the examination of its unvested work came to, since it was suspended [TR5]. */
  examined: Examined;
}

/** Units that were recomputed, those of them that were wrong, and in how many chunks these lie. */
export interface Examined {
  readonly units: number;
  readonly wrong: number;
  readonly chunks: number;
}

/** 0: each chunk is computed by a second person too. 1: one unit in 64 is recomputed. 2: one in 128, never fewer. */
export type Tier = 0 | 1 | 2;

/** Work that a newcomer does beside others [TR1]: eight chunks of half a second. */
export const probationMicro = 4_000_000;
/** Work until one in 64 becomes one in 128 [TR2]. */
export const tier1Micro = 68_000_000;
/** After so long a record counts half [TR4]: machines break, and keys change hands. */
export const halfLifeMs = 30 * 86_400_000;
/** A record that is so old says nothing. */
const halvingsMax = 40;
/** After so long a proven fault counts no more [TR5]; nor is anybody kept away for longer. */
export const faultMemoryMs = 30 * 86_400_000;
/** Who is suspended may begin anew after so long, and after twice as long each further time [TR5]. */
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
  const record = { provenMicro: 0, provenAt: at, auditedUnits: 0, faults: 0, faultAt: null } as const;
  return { ...record, phase: 'open', awayMs: 0, examined };
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
 * What a wrong answer means for whoever gave it; null: no more than that it is void. `isKnownLie`: another identity gave the very same
 * one, which no machine does by accident; else it is what an honest machine with a bad memory cell or an overheated graphics processor
 * does, however many units it spoilt, and however often. Whoever is suspended answers for what it committed before, which was of the
 * same accident, unless there is too much of it. `after`: its examination, this answer included.
 */
export function verdictOn(
  { phase }: Pick<Standing, 'phase'>,
  isKnownLie: boolean,
  after: Examined,
): Consequence | null {
  switch (phase) {
    case 'open':
      return isKnownLie ? 'ban' : 'suspend';
    case 'suspended':
      return isKnownLie || isNoAccident(after) ? 'ban' : null;
    case 'banned':
      return null;
    default:
      return phase satisfies never;
  }
}

/** How long a further fault keeps somebody away: twice as long as the one before, where that is not forgotten. */
export function awayFor(standing: Pick<Standing, 'faults' | 'faultAt'>, at: number): number {
  return Math.min(faultMemoryMs, suspendedMs * 2 ** faultsNow(standing, at));
}

/** The faults that still count. */
function faultsNow({ faults, faultAt }: Pick<Standing, 'faults' | 'faultAt'>, at: number): number {
  return faultAt !== null && at - faultAt < faultMemoryMs ? faults : 0;
}

/** Whether an examination found more wrong than an accident spoils. */
export function isNoAccident({ units, wrong, chunks }: Examined): boolean {
  return chunks >= accidentChunks && wrong * accidentShare > units;
}

/** Whether it may be given work now. */
export function mayWork(
  { phase, faultAt, awayMs }: Pick<Standing, 'phase' | 'faultAt' | 'awayMs'>,
  at: number,
): boolean {
  switch (phase) {
    case 'open':
      return true;
    case 'suspended':
      return at - (faultAt ?? 0) >= awayMs;
    case 'banned':
      return false;
    default:
      return phase satisfies never;
  }
}

/** Writes a consequence into the record. A suspended identity goes on from the beginning once it is let in again. */
export function punish(standing: Standing, consequence: Consequence, awayMs: number, at: number): void {
  standing.faults = faultsNow(standing, at) + 1;
  standing.faultAt = at;
  standing.awayMs = awayMs;
  standing.provenMicro = 0;
  standing.provenAt = at;
  standing.phase = consequence === 'ban' ? 'banned' : 'suspended';
  standing.examined = nothingExamined;
}

/** The operator found that its faults are none to be blamed for [TR8]. Who was not let in begins at the beginning; who works already goes on. */
export function pardon(standing: Standing, at: number): void {
  standing.faults = 0;
  standing.faultAt = null;
  if (standing.phase === 'open') return;
  standing.phase = 'open';
  standing.provenMicro = 0;
  standing.provenAt = at;
}
