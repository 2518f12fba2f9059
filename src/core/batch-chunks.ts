/**
 * Which chunks a batch of unvested work holds: as runs while chunks are added, as text once it waits for nothing but its window, since a
 * coordinator keeps that of thousands of people.
 */
import { count, has } from './intervals.ts';
import type { Intervals } from './intervals.ts';
import type { Batch } from './state.ts';
import { unitsIn, unitText } from './unit-text.ts';

type Chunks = Pick<Batch, 'chunks' | 'packed'>;

/** Its chunks, as half-open runs; to be read only. */
export function runsOf({ chunks, packed }: Chunks): readonly number[] {
  return packed === '' ? chunks : unitsIn(packed);
}

/** Whether a chunk is in it. */
export function holds(batch: Chunks, chunk: number): boolean {
  return has(runsOf(batch), chunk);
}

/** How many chunks it holds. */
export function sizeOf(batch: Chunks): number {
  return count(runsOf(batch));
}

/** Its chunks as runs that may be changed. */
export function unpacked(batch: Chunks): Intervals {
  if (batch.packed !== '') [batch.chunks, batch.packed] = [unitsIn(batch.packed), ''];
  return batch.chunks;
}

/** Keeps them as text from now on. */
export function pack(batch: Chunks): void {
  if (batch.packed === '') [batch.chunks, batch.packed] = [[], unitText(batch.chunks)];
}
