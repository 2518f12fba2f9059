/** Unvested work of one identity in the life of `life.ts`: chunks that follow one another, joined and final by the rules of `core`. */
import { batchUnitsMax, isFinal } from '../../../src/core/audit.ts';
import type { AuditTerms } from '../../../src/core/audit.ts';
import { mergedUnitsMax } from '../../../src/core/merging.ts';
import type { Standing } from '../../../src/core/trust.ts';
import type { Outcome } from './outcome.ts';

/** Half a second of work on the reference core in units of 5 ms. */
export const unitsPerChunk = 100;
/** So many chunks follow one another into one record of unvested work, as in `core/evolve-checks.ts`. */
const chunksPerBatch = Math.ceil(batchUnitsMax / unitsPerChunk);

export interface OpenBatch {
  units: number;
  wrong: number;
  drawn: number;
  passed: number;
  auditedBefore: number;
  chunks: number;
  /** Which units are wrong in which of its chunks, where any are. */
  spoilt: Map<number, readonly number[]>;
  /** How many wrong units of which of its chunks were not drawn; those that were an auditor of its gang called right, and only anchors draw them again. */
  undrawn: Map<number, number>;
  /** Its chunks that a second person answers for too: those that were leased while it was a newcomer. */
  beside: Set<number>;
  /** Its chunks that an audit found wrong. */
  lost: Set<number>;
}

/** Wrong units of a chunk, how many of them are drawn and called right, and how many are drawn at all. */
type Found = { readonly wrong: readonly number[]; readonly vouched: number; readonly drawn: number };

/** Puts a chunk where it belongs: into the newest batch, or a new one. An audit is made within so many chunks. */
export function addToBatches(
  batches: OpenBatch[],
  { wrong, vouched, drawn }: Found,
  isBeside: boolean,
  standing: Standing,
  terms: AuditTerms,
  auditsWithin: number,
): OpenBatch {
  let last = batches.at(-1);
  if (last === undefined || last.chunks === chunksPerBatch) {
    last = {
      units: 0,
      wrong: 0,
      drawn: 0,
      passed: 0,
      auditedBefore: 0,
      chunks: 0,
      spoilt: new Map(),
      undrawn: new Map(),
      beside: new Set(),
      lost: new Set(),
    };
    batches.push(last);
    joinSettled(batches, mergedUnitsMax(terms), 2 + Math.ceil(auditsWithin / chunksPerBatch));
  }
  last.units += unitsPerChunk;
  last.wrong += wrong.length;
  if (wrong.length > 0) last.spoilt.set(last.chunks, wrong);
  if (wrong.length > vouched) last.undrawn.set(last.chunks, wrong.length - vouched);
  if (isBeside) last.beside.add(last.chunks);
  last.drawn += drawn;
  last.passed += drawn;
  last.chunks++;
  last.auditedBefore = standing.auditedUnits + drawn;
  return last;
}

/** Whether it is several that were joined. */
export function isJoined({ chunks }: OpenBatch): boolean {
  return chunks > chunksPerBatch;
}

/** As `core/merging.ts` joins them: neighbours all of whose audits are made, so none of the newest. */
function joinSettled(batches: OpenBatch[], unitsMax: number, newest: number): void {
  for (let at = 0; at + 1 + newest < batches.length;) {
    const [older, newer] = [batches[at] as OpenBatch, batches[at + 1] as OpenBatch];
    if (older.units + newer.units > unitsMax) at++;
    else {
      join(older, newer);
      batches.splice(at + 1, 1);
    }
  }
}

function join(older: OpenBatch, newer: OpenBatch): void {
  for (const [chunk, wrong] of newer.spoilt) older.spoilt.set(older.chunks + chunk, wrong);
  for (const [chunk, wrong] of newer.undrawn) older.undrawn.set(older.chunks + chunk, wrong);
  for (const chunk of newer.lost) older.lost.add(older.chunks + chunk);
  for (const chunk of newer.beside) older.beside.add(older.chunks + chunk);
  older.units += newer.units;
  older.wrong += newer.wrong;
  older.drawn += newer.drawn;
  older.passed += newer.passed;
  older.auditedBefore = newer.auditedBefore;
  older.chunks += newer.chunks;
}

/** What is final becomes so, the oldest first. */
export function vest(
  batches: OpenBatch[],
  standing: Standing,
  terms: AuditTerms,
  into: Outcome,
): OpenBatch[] {
  let done = 0;
  for (const batch of batches) {
    if (batch.chunks < chunksPerBatch || !isFinal(batch, standing.auditedUnits, terms)) break;
    into.final += batch.units;
    into.wrongFinal += batch.wrong;
    into.wrongChunks += batch.spoilt.size;
    done++;
  }
  return done === 0 ? batches : batches.slice(done);
}
