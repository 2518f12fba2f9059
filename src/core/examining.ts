/**
 * The examination of who is suspended [TR5]: every unit of its unvested work that no anchor recomputed yet is drawn, batch after
 * batch, so that what is right is kept. Reads only. Numbers in brackets are the rules of docs/SPEC.md.
 */
import { batchUnitsMax } from './audit.ts';
import { runsOf } from './batch-chunks.ts';
import { add, numbersIn } from './intervals.ts';
import { unitsOf } from './state.ts';
import type { Backend, Batch, Command, Identity, Job, State } from './state.ts';
import { unitsIn } from './unit-text.ts';

/** A command that is due; `units`: of the batch that is closed, for as much randomness as `wordsToClose` says. */
export type Upkeep =
  | Extract<Command, { c: 'void' | 'vest' }>
  | {
      readonly c: 'close';
      readonly job: string;
      readonly device: string;
      readonly backend: Backend;
      readonly units: number;
    };

/** Whether every unit of a batch was recomputed by anchors and found right. */
export function isExamined(batch: Batch): boolean {
  return isBeingExamined(batch) && batch.passed === batch.units;
}

/** Whether every unit of a batch is drawn, and none is taken for right because volunteers say so. */
function isBeingExamined({ units, drawn, vouched }: Batch): boolean {
  return drawn === units && vouched === '';
}

/** Whether nobody can look any more at what is pending of a job: it is cancelled, and its kernel is paused [LG6]. */
export function isUncheckable({ pausedKernels }: State, { closingAt, spec }: Job): boolean {
  return closingAt !== null && pausedKernels.has(spec.kernel);
}

/** What is due of somebody who is suspended: in each job one thing at a time, so that what waits to be recomputed stays bounded. */
export function examination(state: State, { device, backend, open }: Identity): Upkeep[] {
  const due: Upkeep[] = [];
  for (const [job, batches] of open) {
    const known = state.jobs.get(job) as Job;
    if (batches.some((batch) => lostOf(known, batch).length > 0)) due.push({ c: 'void', device, backend });
    else if (batches.some(isExamined) || isUncheckable(state, known))
      due.push({ c: 'vest', job, device, backend });
    else if (nextOf(batches) !== undefined) due.push({ c: 'close', job, device, backend, units: 0 });
  }
  return due;
}

/**
 * The chunks of a batch that are void without more ado: those that were found wrong, and those that somebody else answers for too.
 * These stand without it, and whoever copied them from the other shall not be paid for it.
 */
export function lostOf({ authors }: Job, batch: Batch): readonly number[] {
  if (authors.size === 0) return batch.wrong;
  const lost = [...batch.wrong];
  for (const chunk of numbersIn(runsOf(batch))) if (authors.has(chunk)) add(lost, chunk, chunk + 1);
  return lost;
}

/**
 * The batch that is examined next, once nothing that was drawn before still waits: who lies in everything is found out by that alone, and
 * costs no more. It is the newest, and so are its chunks: who was honest for long and then lied is found out before any of its honest
 * days is paid.
 */
export function nextOf(batches: readonly Batch[]): Batch | undefined {
  return batches.some(({ drawn, passed }) => passed < drawn) ? undefined : batches.at(-1);
}

/**
 * The units of a batch that were not drawn yet or that volunteers alone found right, by chunk, the last chunk first: of a large batch so
 * many of its last chunks as have `most` of them. Where it was forgotten which were drawn, all count as not drawn.
 */
export function undrawnOf(
  { spec }: Job,
  batch: Batch,
  most = batchUnitsMax,
): (readonly [chunk: number, units: number[]])[] {
  const before = new Set(unitsIn(batch.drawnUnits));
  for (const unit of unitsIn(batch.vouched)) before.delete(unit);
  const found: (readonly [number, number[]])[] = [];
  let left = most;
  for (const chunk of [...numbersIn(runsOf(batch))].reverse()) {
    if (left <= 0) break;
    const [from, to] = unitsOf(spec, chunk);
    const units: number[] = [];
    for (let unit = from; unit < to; unit++) if (!before.has(unit)) units.push(unit);
    if (units.length > 0) found.push([chunk, units]);
    left -= units.length;
  }
  return found;
}

/** Anchors make all audits of a batch: what volunteers alone have found right is drawn once more [AU5]. */
export function withVouched(
  { spec }: Job,
  { vouched }: Batch,
  drawn: readonly (readonly [chunk: number, units: number[]])[],
): (readonly [number, number[]])[] {
  const byChunk = new Map(drawn.map(([chunk, units]) => [chunk, [...units]]));
  for (const unit of unitsIn(vouched)) {
    const chunk = Math.floor(unit / spec.unitsPerChunk);
    byChunk.set(
      chunk,
      [...(byChunk.get(chunk) ?? []), unit].sort((a, b) => a - b),
    );
  }
  return [...byChunk].sort(([a], [b]) => a - b);
}
