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
  noticed,
  wordsFor,
} from '../../../src/core/audit.ts';
import type { Assumptions, AuditTerms } from '../../../src/core/audit.ts';
import { addWork, newStanding, probationMicro, provenNow, tierOf } from '../../../src/core/trust.ts';
import { canaryOneIn } from '../../../src/coordinator/audit-desk.ts';
import { addToBatches, isJoined, unitsPerChunk, vest } from './batches.ts';
import type { OpenBatch } from './batches.ts';
import { anchors, engines, everyUnit, isBanned, lookedAt, settle, waitingAfter } from './examination.ts';
import type { Looked, Waiting } from './examination.ts';
import { Leases } from './leases.ts';
import type { Outcome } from './outcome.ts';
import type { Words } from './words.ts';

const [chunkMicro, chunkMs] = [500_000, 500];
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
  /**
   * A second person has answered when so many chunks of the same identity are, that one included; 1: at once. Six seconds of four workers:
   * whoever is given what waits computes first what it still holds, up to five seconds of it.
   */
  readonly besideWithin?: number;
  /** Workers of its device, where they are not as many as usual. */
  readonly slots?: number;
}

/** Fresh keys after each ban: `chunks` answers in all. */
export function live(behaviour: Behaviour, chunks: number, under: Under, words: Words, into: Outcome): void {
  let left = chunks;
  while (left > 0) left -= liveOnce(behaviour, left, under, words, into);
}

/** One key, until it is banned, or leaves after `chunks` answers or `stayMs`, hours away included. Says how many answers it gave. */
export function liveOnce(
  behaviour: Behaviour,
  chunks: number,
  under: Under,
  words: Words,
  into: Outcome,
  stayMs = Infinity,
): number {
  const life = new Life(behaviour, under, words, into);
  let nth = 0;
  for (; nth < chunks && (nth * chunkMs) / workers + life.awayMs < stayMs; nth++)
    if (life.isBannedAfter(nth)) return nth + 1;
  life.leaves(nth);
  return nth;
}

class Life {
  /** How long it was sent away. */
  awayMs = 0;
  readonly #behaviour: Behaviour;
  readonly #under: Required<Under>;
  readonly #words: Words;
  readonly #into: Outcome;
  readonly #standing = newStanding(0);
  readonly #isNoticed: number;
  readonly #leases: Leases;
  #batches: OpenBatch[] = [];
  /** What waits for a second person's answer: wrong units of each chunk, and after which one that comes. */
  #seconds: { readonly due: number; readonly wrong: readonly number[] }[] = [];
  /** Chunks that were accepted, or found wrong by then. */
  #accepted = 0;
  /** The audits of the last chunks, each at its place among so many, and those of them that find something. */
  readonly #ring: (Waiting | undefined)[];
  #finds: Waiting[] = [];

  constructor(behaviour: Behaviour, under: Under, words: Words, into: Outcome) {
    this.#behaviour = behaviour;
    this.#under = { auditsWithin: 64, besideWithin: 48, slots: workers, ...under };
    this.#words = words;
    this.#into = into;
    this.#isNoticed = noticed(under.assumed);
    this.#leases = new Leases(this.#under.slots, chunkMs);
    this.#ring = new Array<Waiting | undefined>(this.#under.auditsWithin);
  }

  /** It answers its `nth` chunk; what waited for a second person until then is accepted. */
  isBannedAfter(nth: number): boolean {
    const at = nth * chunkMs + this.awayMs;
    const { kind, besideWithin } = this.#under;
    const isBeside = kind === 'adaptive' && this.#leases.next(this.#lacks(at));
    const { wrong, computed } = this.#behaviour.answer(nth, this.#words, isBeside);
    const into = this.#into;
    into.chunks++;
    into.answered += unitsPerChunk;
    into.computed += computed;
    if (isBeside) this.#seconds.push({ due: nth + besideWithin - 1, wrong });
    else if (this.#isBannedFor(wrong, false, nth, at)) return true;
    for (let next = this.#seconds[0]; next !== undefined && next.due <= nth; next = this.#seconds[0]) {
      this.#seconds.shift();
      if (this.#isBannedFor(next.wrong, true, nth, at)) return true;
    }
    return false;
  }

  /** By how many chunks it is a newcomer, without those that wait for a second person's answer. */
  #lacks(at: number): number {
    const lacking = probationMicro - provenNow(this.#standing, at);
    return Math.ceil(lacking / chunkMicro) - this.#seconds.length;
  }

  /** A chunk has what it needs to be accepted, where a second person does not say otherwise. Says whether it is banned by then. */
  #isBannedFor(wrong: readonly number[], isBeside: boolean, nth: number, at: number): boolean {
    const { terms, assumed, auditsWithin } = this.#under;
    const [words, into, standing] = [this.#words, this.#into, this.#standing];
    const tier = tierOf(standing, at);
    if (isBeside && isOutvoted(this.#behaviour, wrong, assumed, words, into)) return false;
    const drawn = drawUnits(unitsPerChunk, tier, words.take(wordsFor(unitsPerChunk, tier)));
    into.audited += drawn.length;
    const [anchored, sees] = tier === 0 ? [1, 1] : [anchors, this.#isNoticed];
    into.canaries += ((1 - anchored) * drawn.length) / canaryOneIn;
    const [seen, vouched] = wrong.length === 0 ? [0, 0] : noticedOf(drawn, wrong, sees, words);
    const found = { wrong, vouched, drawn: drawn.length };
    const batch = addToBatches(this.#batches, found, isBeside, standing, terms, auditsWithin);
    const place = this.#accepted++;
    // Throws are for what matters: audits that find nothing are spread evenly over the same time.
    const lag = seen > 0 ? words.below(auditsWithin) : (place * 37) % auditsWithin;
    const looked = lookedAt(drawn, wrong);
    const audit = { at: place + lag, batch, chunk: batch.chunks - 1, drawn: drawn.length };
    const waiting = { ...audit, seen, looked, anchored };
    this.#ring[place % auditsWithin] = waiting;
    if (seen > 0) this.#finds.push(waiting);
    const due = this.#finds.find((one) => one.at <= place);
    if (due !== undefined) {
      into.caughtAfter ??= nth + 1;
      return this.#isBannedBy(due, at);
    }
    standing.auditedUnits += drawn.length;
    addWork(standing, chunkMicro, at);
    this.#batches = vest(this.#batches, standing, terms, into);
    return false;
  }

  /** An audit has found something: it is away for a while and begins anew, or is banned. */
  #isBannedBy(due: Waiting, at: number): boolean {
    const [standing, into] = [this.#standing, this.#into];
    settle(due, into);
    const isKnownLie = due.batch.beside.has(due.chunk);
    const banned = isBanned(standing, this.#batches, waitingAfter(this.#ring, due), at, isKnownLie, into);
    // What waits for a second person is accepted when that has answered, and then void: the other's stands.
    for (const { wrong } of this.#seconds) {
      if (isOutvoted(this.#behaviour, wrong, this.#under.assumed, this.#words, into)) continue;
      into.void += unitsPerChunk;
      if (wrong.length === 0) into.stood += unitsPerChunk;
    }
    if (banned) return true;
    [this.#batches, this.#finds, this.#seconds] = [[], [], []];
    this.#ring.fill(undefined);
    this.#leases.lost();
    standing.phase = 'open';
    this.awayMs += standing.awayMs;
    return false;
  }

  /** It leaves after so many chunks: the second answers that are missing come, and then its unvested work is looked at until enough of it was. */
  leaves(nth: number): void {
    const at = nth * chunkMs + this.awayMs;
    while (this.#seconds.length > 0) {
      const { wrong } = this.#seconds.shift() as { wrong: readonly number[] };
      if (this.#isBannedFor(wrong, true, nth, at)) return;
    }
    const [first] = this.#finds.toSorted((one, other) => one.at - other.at);
    if (first === undefined) this.#isLookedAt(at);
    else this.#isBannedBy(first, at);
  }

  /** Somebody left: its unvested work is looked at until enough of it was, then all of it is final or none. */
  #isLookedAt(at: number): void {
    const [batches, words, into] = [this.#batches, this.#words, this.#into];
    const { terms } = this.#under;
    const units = batches.reduce((sum, batch) => sum + batch.units, 0);
    const drawn = batches.reduce((sum, batch) => sum + batch.drawn, 0);
    const more = leaverShortfall(batches, terms);
    // Those that were drawn before were not found wrong, or not noticed: the further draws are among the others.
    const share = units === drawn ? 0 : more / (units - drawn);
    // Anchors make all audits of little, and of some of what is more: what volunteers made of that is made again.
    const anchored = batches.map(() => words.unit() < anchoredShare(units, terms));
    const caught = batches.some((batch, i) =>
      anchored[i] === true ? batch.wrong > 0 : isSeenAtLast(batch, share, this.#isNoticed, words),
    );
    if (caught) {
      // The further draws find the first, and an examination counts the others.
      const { looked, isKnownLie } = foundAtLast(batches);
      into.audited += looked.units;
      into.settled += engines * looked.wrong;
      isBanned(this.#standing, batches, [], at, isKnownLie, into);
      return;
    }
    // Of joined batches nobody knows what was drawn: some of it is drawn once more.
    const again = batches.map((batch, i) => {
      if (anchored[i] === true) return (isJoined(batch) ? 1 : 1 - anchors) * batch.drawn;
      return isJoined(batch) ? share * batch.drawn : 0;
    });
    const further = more + Math.round(again.reduce((sum, one) => sum + one, 0));
    into.audited += further;
    into.canaries += further / canaryOneIn;
    for (const batch of batches) {
      into.final += batch.units;
      into.wrongFinal += batch.wrong;
      into.wrongChunks += batch.spoilt.size;
    }
  }
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

/** The further draws for who left find a chunk wrong: what an anchor makes of it, and whether a second person gave the same answer. */
function foundAtLast(batches: readonly OpenBatch[]): { looked: Looked; isKnownLie: boolean } {
  for (const { spoilt, lost, beside } of batches)
    for (const [chunk, wrong] of spoilt) {
      lost.add(chunk);
      return { looked: lookedAt(everyUnit, wrong), isKnownLie: beside.has(chunk) };
    }
  return { looked: { units: 0, wrong: 0 }, isKnownLie: false };
}
