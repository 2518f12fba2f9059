/**
 * Which chunks a batch of unvested work holds: as runs while chunks are added, as text once it waits for nothing but its window, since a
 * coordinator keeps that of thousands of people.
 */
import { count, has } from './intervals.ts';
import type { Intervals } from './intervals.ts';
import type { Batch } from './state.ts';
import { unitsIn, unitText } from './unit-text.ts';

/** As text the end of the last run stands before the runs: whether a chunk lies before or behind them all is seen at a glance. */
type Chunks = Pick<Batch, 'chunks' | 'packed'>;

/** Its chunks, as half-open runs; to be read only. */
export function runsOf({ chunks, packed }: Chunks): readonly number[] {
  return packed === '' ? chunks : unitsIn(packed).slice(1);
}

/** Whether a chunk is in it. */
export function holds(batch: Chunks, chunk: number): boolean {
  if (batch.packed === '') return has(batch.chunks, chunk);
  const [end, first] = unitsIn(batch.packed, 2) as [number, number];
  return first <= chunk && chunk < end && has(runsOf(batch), chunk);
}

/** How many chunks it holds. */
export function sizeOf(batch: Chunks): number {
  return count(runsOf(batch));
}

/** Its chunks as runs that may be changed. */
export function unpacked(batch: Chunks): Intervals {
  if (batch.packed !== '') [batch.chunks, batch.packed] = [unitsIn(batch.packed).slice(1), ''];
  return batch.chunks;
}

/** Whether it is no longer known which of its units were drawn, but that all of these were right [AU3]. */
export function isForgotten({ drawn, drawnUnits }: Pick<Batch, 'drawn' | 'drawnUnits'>): boolean {
  return drawn > 0 && drawnUnits === '';
}

/** Keeps them as text from now on. */
export function pack(batch: Chunks): void {
  const end = batch.chunks.at(-1);
  if (batch.packed !== '' || end === undefined) return;
  batch.packed = unitText([end, ...batch.chunks]);
  batch.chunks = [];
}
