/**
 * The life of one identity under the `audit` or `adaptive` policy, chunk by chunk, with the real rules of `core/audit.ts` and
 * `core/trust.ts`: what of its work becomes final, what is void, and what it cost everybody else to know.
 */
import {
  anchoredShare,
  auditorsOf,
  auditorsOfLeaver,
  drawUnits,
  leaverShortfall,
  nextLook,
  noticed,
  wordsFor,
} from '../../../src/core/audit.ts';
import type { Assumptions, AuditTerms } from '../../../src/core/audit.ts';
import { addWork, awayFor, newStanding, punish, tierOf, verdictOn } from '../../../src/core/trust.ts';
import type { Standing } from '../../../src/core/trust.ts';
import { canaryOneIn } from '../../../src/coordinator/audit-desk.ts';
import { addToBatches, isJoined, unitsPerChunk, vest } from './batches.ts';
import type { OpenBatch } from './batches.ts';
import type { Outcome } from './outcome.ts';
import type { Words } from './words.ts';

const everyUnit = Array.from({ length: unitsPerChunk }, (_, unit) => unit);
const [chunkMicro, chunkMs] = [500_000, 500];
/** A dispute is settled by so many engines. */
const engines = 2;
/** Workers of one device. */
export const workers = 4;
/** How somebody answers: which units of its `nth` chunk are wrong. `budget` says how long it means to stay. */
export interface Behaviour {
  readonly name: string;
  /** Wrong units of one chunk, and how many units it really computed. `isBeside`: a second person computes the chunk too. */
  answer(
    nth: number,
    words: Words,
    isBeside: boolean,
  ): { readonly wrong: readonly number[]; readonly computed: number };
  /** Whether its second copies in probation may be made by one of its own gang, with the same wrong answer. */
  readonly gang: boolean;
}

/** Under which policy somebody works: `adaptive` has a newcomer's chunks computed by a second person too [TR1]. */
export interface Under {
  readonly kind: 'audit' | 'adaptive';
  readonly terms: AuditTerms;
  readonly assumed: Assumptions;
  /** An audit is made within so many chunks of the same identity; 1: at once. */
  readonly auditsWithin?: number;
}

/** An audit that is still to be made: when, of which chunk, how many units; and what an anchor makes of it. */
interface Waiting {
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

/** So many units an anchor recomputes until it goes no further, and so many of these are wrong. */
interface Looked {
  units: number;
  wrong: number;
}

/** Share of audits that anchors make by lot [AU2]; of a newcomer’s they make all. */
const anchors = 0.25;
/** Fresh keys after each ban: `chunks` answers in all. */
export function live(behaviour: Behaviour, chunks: number, under: Under, words: Words, into: Outcome): void {
  let left = chunks;
  while (left > 0) left -= liveOnce(behaviour, left, under, words, into);
}

/** One key, until it is banned, or leaves after `chunks` answers or `stayMs`, hours away included. Says how many answers it gave. */
export function liveOnce(
  behaviour: Behaviour,
  chunks: number,
  { kind, terms, assumed, auditsWithin = 64 }: Under,
  words: Words,
  into: Outcome,
  stayMs = Infinity,
): number {
  const standing = newStanding(0);
  const isNoticed = noticed(assumed);
  let batches: OpenBatch[] = [];
  // The audits of the last chunks, each at its place among so many, and those of them that find something.
  const ring = new Array<Waiting | undefined>(auditsWithin);
  let finds: Waiting[] = [];
  let [awayMs, nth] = [0, 0];
  for (; nth < chunks && (nth * chunkMs) / workers + awayMs < stayMs; nth++) {
    const at = nth * chunkMs + awayMs;
    const tier = tierOf(standing, at);
    const isBeside = tier === 0 && kind === 'adaptive';
    const { wrong, computed } = behaviour.answer(nth, words, isBeside);
    into.chunks++;
    into.answered += unitsPerChunk;
    into.computed += computed;
    if (isBeside && isOutvoted(behaviour, wrong, assumed, words, into)) continue;
    const drawn = drawUnits(unitsPerChunk, tier, words.take(wordsFor(unitsPerChunk, tier)));
    into.audited += drawn.length;
    const [anchored, sees] = tier === 0 ? [1, 1] : [anchors, isNoticed];
    into.canaries += ((1 - anchored) * drawn.length) / canaryOneIn;
    const [seen, vouched] = wrong.length === 0 ? [0, 0] : noticedOf(drawn, wrong, sees, words);
    const found = { wrong, vouched, drawn: drawn.length };
    const batch = addToBatches(batches, found, isBeside, standing, terms, auditsWithin);
    // Throws are for what matters: audits that find nothing are spread evenly over the same time.
    const lag = seen > 0 ? words.below(auditsWithin) : (nth * 37) % auditsWithin;
    const looked = lookedAt(drawn, wrong);
    const place = { at: nth + lag, batch, chunk: batch.chunks - 1 };
    const audit = { ...place, drawn: drawn.length, seen, looked, anchored };
    ring[nth % auditsWithin] = audit;
    if (seen > 0) finds.push(audit);
    const due = finds.find((one) => one.at <= nth);
    if (due !== undefined) {
      into.caughtAfter ??= nth + 1;
      settle(due, into);
      if (isBanned(standing, batches, waitingAfter(ring, due), at, into)) return nth + 1;
      [batches, finds] = [[], []];
      ring.fill(undefined);
      standing.phase = 'open';
      awayMs += standing.awayMs;
      continue;
    }
    standing.auditedUnits += drawn.length;
    addWork(standing, chunkMicro, at);
    batches = vest(batches, standing, terms, into);
  }
  const endAt = nth * chunkMs + awayMs;
  const [first] = finds.toSorted((one, other) => one.at - other.at);
  const waiting = first === undefined ? null : waitingAfter(ring, first);
  if (first !== undefined) settle(first, into);
  leave(standing, batches, waiting, { terms, isNoticed, endAt }, words, into);
  return nth;
}

/** Of the wrong units of a chunk that are drawn: how many are noticed, and how many are called right. */
function noticedOf(
  drawn: readonly number[],
  wrong: readonly number[],
  isNoticed: number,
  words: Words,
): [number, number] {
  const auditors = Math.min(drawn.length, auditorsOf(unitsPerChunk));
  let [seen, vouched] = [0, 0];
  for (let turn = 0; turn < auditors; turn++) {
    const found = drawn.filter((unit, i) => i % auditors === turn && wrong.includes(unit)).length;
    // Who is of its gang vouches for all of them.
    if (found > 0 && words.unit() < isNoticed) seen += found;
    else vouched += found;
  }
  return [seen, vouched];
}

/** An audit has found what it was to find, and two engines settle that. Where it is an anchor's, that went no further. */
function settle({ drawn, seen, looked, anchored }: Waiting, into: Outcome): void {
  into.audited -= anchored * (drawn - looked.units);
  into.settled += engines * (anchored === 1 ? looked.wrong : seen);
}

/** What an anchor makes of such an audit: it goes no further than where it looks and finds one wrong [AU2]. */
function lookedAt(drawn: readonly number[], wrong: readonly number[]): Looked {
  let [units, found] = [0, 0];
  while (units < drawn.length && found === 0) {
    units = nextLook(units, drawn.length);
    found = wrong.length === 0 ? 0 : drawn.slice(0, units).filter((unit) => wrong.includes(unit)).length;
  }
  return { units, wrong: found };
}

/** An audit has found a chunk wrong: it is void, and these are still to be made, the next first. */
function waitingAfter(ring: readonly (Waiting | undefined)[], found: Waiting): Waiting[] {
  found.batch.lost.add(found.chunk);
  const later = ring.filter(
    (one) => one !== undefined && one !== found && one.at >= found.at && one.drawn > 0,
  );
  return (later as Waiting[]).sort((one, other) => one.at - other.at);
}

/**
 * A fault is proven. What was drawn before is answered first, and may be too much for an accident: then everything unvested is void, and
 * nothing more of it is recomputed. Else all of it is examined. Says whether it is banned in the end.
 */
function isBanned(
  standing: Standing,
  batches: readonly OpenBatch[],
  waiting: readonly Waiting[],
  at: number,
  into: Outcome,
): boolean {
  into.faults++;
  into.stood += batches.reduce((sum, batch) => sum + standingOf(batch), 0);
  const consequence = verdictOn(standing, false, standing.examined) ?? 'suspend';
  if (consequence === 'ban' && standing.faults === 0) into.bansAtFirst++;
  punish(standing, consequence, awayFor(standing, at), at);
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
  unitsPerChunk * (beside - [...spoilt.keys()].filter((chunk) => chunk < beside).length);

/** Audits that were drawn before are made, by anchors [TR5], until there is too much wrong for an accident: the others are never made, and all is void. */
function isFoundOut(standing: Standing, waiting: readonly Waiting[], into: Outcome): boolean {
  let banned = false;
  for (const { batch, chunk, drawn, looked } of waiting) {
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
      if (chunk < batch.beside || batch.lost.has(chunk)) {
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

/**
 * Whether a second person says something else: then it is not paid, and its record is what it was. That answer, or a third, is the chunk's
 * [TR1]: what it cost to compute is what the chunk is worth. A second copy by its own gang costs nobody else anything.
 */
function isOutvoted(
  { gang }: Behaviour,
  wrong: readonly number[],
  { hostile }: Assumptions,
  words: Words,
  into: Outcome,
): boolean {
  if (wrong.length === 0) {
    into.second += unitsPerChunk;
    return false;
  }
  if (gang && words.unit() < hostile) return false;
  into.outvoted++;
  into.void += unitsPerChunk;
  return true;
}

/** Somebody left: its unvested work is looked at until enough of it was, then all of it is final or none. */
function leave(
  standing: Standing,
  batches: readonly OpenBatch[],
  waiting: readonly Waiting[] | null,
  { terms, isNoticed, endAt }: { terms: AuditTerms; isNoticed: number; endAt: number },
  words: Words,
  into: Outcome,
): void {
  const units = batches.reduce((sum, batch) => sum + batch.units, 0);
  const wrong = batches.reduce((sum, batch) => sum + batch.wrong, 0);
  const drawn = batches.reduce((sum, batch) => sum + batch.drawn, 0);
  const more = leaverShortfall(batches, terms);
  // Those that were drawn before were not found wrong, or not noticed: the further draws are among the others.
  const share = units === drawn ? 0 : more / (units - drawn);
  // Anchors make all audits of little, and of some of what is more: what volunteers made of that is made again.
  const anchored = batches.map(() => words.unit() < anchoredShare(units, terms));
  // Of joined batches nobody knows what was drawn: some of it is drawn once more.
  const again = batches.map((batch, i) => {
    if (anchored[i] === true) return (isJoined(batch) ? 1 : 1 - anchors) * batch.drawn;
    return isJoined(batch) ? share * batch.drawn : 0;
  });
  const caught =
    waiting !== null ||
    batches.some((batch, i) =>
      anchored[i] === true ? batch.wrong > 0 : isSeenAtLast(batch, share, isNoticed, words),
    );
  if (caught) {
    // What was drawn before is answered before it is seen to have left; else the further draws find the first, and an examination counts the others.
    if (waiting === null) {
      const { units: looked, wrong: differing } = foundAtLast(batches);
      into.audited += looked;
      into.settled += engines * differing;
    }
    isBanned(standing, batches, waiting ?? [], endAt, into);
    return;
  }
  const further = more + Math.round(again.reduce((sum, one) => sum + one, 0));
  into.audited += further;
  into.canaries += further / canaryOneIn;
  into.final += units;
  into.wrongFinal += wrong;
  into.wrongChunks += batches.reduce((sum, batch) => sum + batch.spoilt.size, 0);
}

/** Whether the further draws find something: each wrong unit is drawn with this share, and dealt to one of a chunk's auditors by lot. */
function isSeenAtLast({ undrawn }: OpenBatch, share: number, isNoticed: number, words: Words): boolean {
  for (const wrong of undrawn.values()) {
    const asked = new Set<number>();
    for (let i = 0; i < wrong; i++)
      if (words.unit() < share) asked.add(words.below(auditorsOfLeaver(unitsPerChunk)));
    for (const _ of asked) if (words.unit() < isNoticed) return true;
  }
  return false;
}

/** The further draws for who left find a chunk wrong: what an anchor makes of it. */
function foundAtLast(batches: readonly OpenBatch[]): Looked {
  for (const { spoilt, lost } of batches)
    for (const [chunk, wrong] of spoilt) {
      lost.add(chunk);
      return lookedAt(everyUnit, wrong);
    }
  return { units: 0, wrong: 0 };
}
