/**
 * The examination of who is suspended [TR5]: every unit of its unvested work that was not recomputed yet is drawn, batch after
 * batch, so that what is right is kept. Reads only. Numbers in brackets are the rules of docs/SPEC.md.
 */
import { numbersIn } from './intervals.ts';
import { unitsOf } from './state.ts';
import type { Backend, Batch, Command, Identity, Job } from './state.ts';

/** A command that is due; `units`: how many words of randomness it needs. */
export type Upkeep =
  | Extract<Command, { c: 'void' | 'vest' }>
  | {
      readonly c: 'close';
      readonly job: string;
      readonly device: string;
      readonly backend: Backend;
      readonly units: number;
    };

/** Whether every unit of a batch was recomputed and found right. */
export function isExamined({ units, drawn, passed }: Batch): boolean {
  return drawn.length === units && passed === units;
}

/** What is due of somebody who is suspended: in each job one thing at a time, so that what waits to be recomputed stays bounded. */
export function examination({ device, backend, open }: Identity): Upkeep[] {
  const due: Upkeep[] = [];
  for (const [job, batches] of open) {
    if (batches.some(({ wrong }) => wrong.length > 0)) due.push({ c: 'void', device, backend });
    else if (batches.some(isExamined)) due.push({ c: 'vest', job, device, backend });
    else if (nextOf(batches) !== undefined) due.push({ c: 'close', job, device, backend, units: 0 });
  }
  return due;
}

/** The batch that is examined next: the oldest, unless one is being examined. */
export function nextOf(batches: readonly Batch[]): Batch | undefined {
  return batches.some(({ units, drawn }) => drawn.length === units) ? undefined : batches[0];
}

/** All units of a batch that were not drawn yet, by chunk. */
export function undrawnOf(
  { spec }: Job,
  { chunks, drawn }: Batch,
): (readonly [chunk: number, units: number[]])[] {
  const before = new Set(drawn);
  const found: (readonly [number, number[]])[] = [];
  for (const chunk of numbersIn(chunks)) {
    const [from, to] = unitsOf(spec, chunk);
    const units: number[] = [];
    for (let unit = from; unit < to; unit++) if (!before.has(unit)) units.push(unit);
    if (units.length > 0) found.push([chunk, units]);
  }
  return found;
}
