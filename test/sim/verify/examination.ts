/** What follows in the life of `life.ts` when an audit has found something wrong [TR5] [TR6]: what is looked at then, and what of it is kept. */
import { nextLook } from '../../../src/core/audit.ts';
import { awayFor, punish, verdictOn } from '../../../src/core/trust.ts';
import type { Standing } from '../../../src/core/trust.ts';
import { isJoined, unitsPerChunk } from './batches.ts';
import type { OpenBatch } from './batches.ts';
import type { Outcome } from './outcome.ts';

export const everyUnit = Array.from({ length: unitsPerChunk }, (_, unit) => unit);
/** A dispute is settled by so many engines. */
export const engines = 2;
/** Share of audits that anchors make by lot [AU2]; of a newcomer’s they make all. */
export const anchors = 0.25;

/** So many units an anchor recomputes until it goes no further, and so many of these are wrong. */
export interface Looked {
  units: number;
  wrong: number;
}

/** An audit that is still to be made: when, of which chunk, how many units; and what an anchor makes of it. */
export interface Waiting {
  at: number;
  batch: OpenBatch;
  chunk: number;
  drawn: number;
  /** Wrong units of it that its auditors notice. */
  seen: number;
  looked: Looked;
  /** Share of it that anchors make. */
  anchored: number;
}

/** What an anchor makes of such an audit: it goes no further than where it looks and finds one wrong [AU2]. */
export function lookedAt(drawn: readonly number[], wrong: readonly number[]): Looked {
  let [units, found] = [0, 0];
  while (units < drawn.length && found === 0) {
    units = nextLook(units, drawn.length);
    found = wrong.length === 0 ? 0 : drawn.slice(0, units).filter((unit) => wrong.includes(unit)).length;
  }
  return { units, wrong: found };
}

/** An audit has found a chunk wrong: it is void, and these are still to be made, the next first. */
export function waitingAfter(ring: readonly (Waiting | undefined)[], found: Waiting): Waiting[] {
  found.batch.lost.add(found.chunk);
  const later = ring.filter(
    (one) => one !== undefined && one !== found && one.at >= found.at && one.drawn > 0,
  );
  return (later as Waiting[]).sort((one, other) => one.at - other.at);
}

/** An audit has found what it was to find, and two engines settle that. Where it is an anchor's, that went no further. */
export function settle({ drawn, seen, looked, anchored }: Waiting, into: Outcome): void {
  into.audited -= anchored * (drawn - looked.units);
  into.settled += engines * (anchored === 1 ? looked.wrong : seen);
}

/**
 * A fault is proven. What was drawn before is answered first, and may be too much for an accident: then everything unvested is void, and
 * nothing more of it is recomputed. Else all of it is examined. Says whether it is banned in the end. `isKnownLie`: a second person gave
 * the same wrong answer, which is no accident [TR6].
 */
export function isBanned(
  standing: Standing,
  batches: readonly OpenBatch[],
  waiting: readonly Waiting[],
  at: number,
  isKnownLie: boolean,
  into: Outcome,
): boolean {
  into.faults++;
  into.stood += batches.reduce((sum, batch) => sum + standingOf(batch), 0);
  const consequence = verdictOn(standing, isKnownLie, standing.examined) ?? 'suspend';
  if (consequence === 'ban' && standing.faults === 0) into.bansAtFirst++;
  punish(standing, consequence, awayFor(standing, at), at);
  if (consequence === 'ban') throwAway(batches, waiting, into);
  const banned =
    consequence === 'ban' || isFoundOut(standing, waiting, into) || examine(standing, batches, into);
  if (!banned) return false;
  into.bans++;
  if (consequence !== 'ban') {
    into.bansExamined++;
    punish(standing, 'ban', 0, at);
  }
  return true;
}

/** Units of a batch that a second person answered as well, and rightly: they stand, whatever becomes of the first answer. */
const standingOf = ({ beside, spoilt }: OpenBatch): number =>
  unitsPerChunk * (beside.size - [...spoilt.keys()].filter((chunk) => beside.has(chunk)).length);

/** Who is banned at once has nothing examined: all is void, and what was drawn of it is recomputed no more. */
function throwAway(batches: readonly OpenBatch[], waiting: readonly Waiting[], into: Outcome): void {
  for (const { units } of batches) into.void += units;
  for (const { batch, chunk, drawn } of waiting) if (!batch.beside.has(chunk)) into.audited -= drawn;
}

/** Audits that were drawn before are made, by anchors [TR5], until there is too much wrong for an accident: the others are never made, and all is void. */
function isFoundOut(standing: Standing, waiting: readonly Waiting[], into: Outcome): boolean {
  let banned = false;
  for (const { batch, chunk, drawn, looked } of waiting) {
    // It is void by now, and is looked at for whoever else answers for it.
    if (batch.beside.has(chunk)) continue;
    into.audited -= banned ? drawn : drawn - looked.units;
    if (!banned) {
      into.settled += engines * looked.wrong;
      banned = isTooMuch(standing, looked.units, looked.wrong);
    }
    if (looked.wrong > 0) batch.lost.add(chunk);
  }
  return banned;
}

/** Counts so many units of which so many were wrong among what was examined; whether that is no accident any more. */
function isTooMuch(standing: Standing, units: number, wrong: number): boolean {
  const { examined } = standing;
  standing.examined = {
    units: examined.units + units,
    wrong: examined.wrong + wrong,
    chunks: examined.chunks + (wrong > 0 ? 1 : 0),
  };
  return wrong > 0 && verdictOn(standing, false, standing.examined) === 'ban';
}

/** Every chunk that is unvested is recomputed, the newest first [TR5], until that is no accident any more [TR6]: then the rest is void. */
function examine(standing: Standing, batches: readonly OpenBatch[], into: Outcome): boolean {
  let banned = false;
  for (const batch of batches.toReversed()) {
    // A batch vests when all of it was examined.
    let good = 0;
    for (let chunk = batch.chunks - 1; chunk >= 0; chunk--) {
      const looked = lookedAt(everyUnit, batch.spoilt.get(chunk) ?? []);
      // What a second person answers for stands without it, and is not kept for it; what was found wrong is void already.
      if (batch.beside.has(chunk) || batch.lost.has(chunk)) {
        into.void += unitsPerChunk;
        continue;
      }
      if (!banned) {
        // What an anchor made already is not drawn again, as far as it is known: on average as much of each chunk.
        const units = looked.units * (1 - (isJoined(batch) ? 0 : (anchors * batch.drawn) / batch.units));
        into.audited += units;
        into.examined += units;
        into.settled += engines * looked.wrong;
        banned = isTooMuch(standing, looked.units, looked.wrong);
      }
      if (!banned && looked.wrong === 0) good += unitsPerChunk;
      else into.void += unitsPerChunk;
    }
    if (banned) into.void += good;
    else {
      into.final += good;
      into.kept += good;
    }
  }
  return banned;
}
