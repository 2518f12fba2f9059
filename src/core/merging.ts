/**
 * Work that waits for nothing but its window stands in few large batches: of whoever computes for a day that is up to four million units,
 * and a coordinator keeps them for thousands of people. Part of `evolve`: only writes, decides nothing.
 */
import type { AuditTerms } from './audit.ts';
import { pack, runsOf, unpacked } from './batch-chunks.ts';
import { add } from './intervals.ts';
import type { Intervals } from './intervals.ts';
import type { Batch } from './state.ts';

/**
 * Units that a batch holds at most once others were joined to it [AU3]: a 64th of what is computed in a window, where one unit in 128 is
 * drawn. So much longer than alone may the oldest of them have to wait.
 */
export function mergedUnitsMax({ windowUnits }: Pick<AuditTerms, 'windowUnits'>): number {
  return Math.min(2 * windowUnits, unitsMax);
}

/** However long the window: a batch is closed in one event, and is thrown for at once. */
const unitsMax = 65_536;

/** Runs of chunks in it, at most: what becomes final or void is named in one event. */
const runsMax = 4_096;

/** Joins neighbours that are settled, the oldest first; the newest batch, to which chunks are still added, is left alone. Says how many batches fewer there are. */
export function mergeSettled(batches: Batch[], most: number): number {
  const before = batches.length;
  for (let at = 0; at + 2 < batches.length;) {
    const [older, newer] = [batches[at] as Batch, batches[at + 1] as Batch];
    if (older.units + newer.units > most || !isSettled(older) || !isSettled(newer)) at++;
    else if (runsOf(older).length + runsOf(newer).length > 2 * runsMax) at++;
    else {
      join(older, newer);
      batches.splice(at + 1, 1);
    }
  }
  return before - batches.length;
}

/** Whether all that was drawn of it was found right, and it was not closed for somebody who left. */
function isSettled({ drawn, passed, closed, wrong }: Batch): boolean {
  return passed === drawn && !closed && wrong.length === 0;
}

function join(older: Batch, newer: Batch): void {
  addAll(unpacked(older), runsOf(newer));
  pack(older);
  addAll(older.byOperator, newer.byOperator);
  older.units += newer.units;
  older.drawn += newer.drawn;
  older.passed += newer.passed;
  // One unit in 128 is drawn once more, should it come to that; whoever vouched for it is not believed then.
  older.drawnUnits = '';
  older.vouched = '';
  // Its window is counted from the last that was committed.
  older.auditedBefore = Math.max(older.auditedBefore, newer.auditedBefore);
  older.escrowMicro += newer.escrowMicro;
  older.operatorMicro += newer.operatorMicro;
}

function addAll(set: Intervals, runs: readonly number[]): void {
  for (let i = 0; i < runs.length; i += 2) add(set, runs[i] as number, runs[i + 1] as number);
}
