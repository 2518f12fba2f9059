/**
 * Who has left [AU4]: how many of its unvested units are drawn, which, and who looks at them [AU5]. Reads only. Numbers in brackets are
 * the rules of docs/SPEC.md.
 */
import { anchoredShare, auditorsOfLeaver, dealt, leaverShortfall, wordsToClose } from './audit.ts';
import { undrawnOf, withVouched } from './examining.ts';
import { isForgotten, runsOf } from './batch-chunks.ts';
import { numbersIn } from './intervals.ts';
import { unitsOf } from './state.ts';
import type { AuditedPolicy, Author, Batch, Decision, Device, Identity, Job, State } from './state.ts';
import { unitsIn } from './unit-text.ts';

/** Who has committed nothing for so long has left [AU4]. */
export const leaverAfterMs = 600_000;

/** Whether everything of a job is answered, or nothing more is wanted of it: nobody is waited for any more. */
export function isGivenOut({ free, chunks, closingAt }: Job): boolean {
  return closingAt !== null || (free.length === 0 && chunks.size === 0);
}

/** Whose work it is, as events say it. */
export function authorOf(state: State, { device, backend, account }: Identity): Author {
  return { device, backend, account, site: (state.devices.get(device) as Device).site };
}

/**
 * The newest batch of somebody who has left: so long as an older one is open, those behind it that are closed are of the same
 * leave-taking.
 */
export function closeForLeaver(
  state: State,
  identity: Identity,
  job: Job,
  batches: readonly Batch[],
  words: ArrayLike<number>,
  at: number,
): Decision {
  const newest = batches.findLastIndex(({ closed }) => !closed);
  const batch = batches[newest];
  if (batch === undefined) return { refused: 'already-so' };
  if (!isGivenOut(job) && at - identity.lastAt < leaverAfterMs) return { refused: 'not-due' };
  // What was drawn when it left before says nothing of what it has done since.
  const leaving = batches.filter(({ closed }, place) => !closed || place > newest);
  if (words.length < wordsToClose(batch.units))
    throw new Error('a batch is closed with randomness for all that is decided by lot');
  const units = leaving.reduce((sum, one) => sum + one.units, 0);
  const lot = (words[2 * batch.units] as number) / 2 ** 32;
  const anchored = lot < anchoredShare(units, job.spec.policy as AuditedPolicy);
  const about = { ...authorOf(state, identity), job: job.id, chunk: runsOf(batch)[0] as number };
  // Of what was forgotten nobody knows for which units volunteers vouched: anchors make all of it.
  if (anchored && isForgotten(batch))
    return [{ e: 'drawn', ...about, drawn: undrawnOf(job, batch, batch.units), anchored }];
  const drawn = drawnOf(job, batch, shareOf(job, leaving, batch), words);
  return anchored
    ? [{ e: 'drawn', ...about, drawn: withVouched(job, batch, drawn), anchored }]
    : [{ e: 'drawn', ...about, drawn: sharedOut(job, drawn, batch.units, words) }];
}

/** What is drawn, chunk by chunk, shared out to auditors by lot; the words for it begin at `from`. */
function sharedOut(
  { spec }: Job,
  drawn: readonly (readonly [number, number[]])[],
  from: number,
  words: ArrayLike<number>,
): (readonly [number, number[]])[] {
  let at = from;
  return drawn.flatMap(([chunk, units]) => {
    const [first, end] = unitsOf(spec, chunk);
    const parts = dealt(
      units,
      Math.min(units.length, auditorsOfLeaver(end - first)),
      () => words[at++] as number,
    );
    return parts.map((part) => [chunk, part] as const);
  });
}

/** How many units of a batch are drawn: its share of what is short over all that is unvested, rounded up. */
function shareOf(job: Job, batches: readonly Batch[], batch: Batch): number {
  const undrawn = (one: Batch): number => (one.closed ? 0 : one.units - one.drawn);
  const short = leaverShortfall(batches, job.spec.policy as AuditedPolicy);
  const total = batches.reduce((sum, one) => sum + undrawn(one), 0);
  return total === 0 ? 0 : Math.min(undrawn(batch), Math.ceil((short * undrawn(batch)) / total));
}

/**
 * Chooses `wanted` of a batch's units that were not drawn yet, each as likely as any other (selection sampling: Knuth, TAOCP 3.4.2, algorithm S).
 * Where it was forgotten which were, of all its units so many more that `wanted` are new on average.
 */
function drawnOf(
  { spec }: Job,
  batch: Batch,
  wanted: number,
  words: ArrayLike<number>,
): (readonly [number, number[]])[] {
  const { units } = batch;
  const before = new Set(unitsIn(batch.drawnUnits));
  const most = isForgotten(batch) ? Math.ceil((wanted * units) / (units - batch.drawn)) : wanted;
  const found: (readonly [number, number[]])[] = [];
  let [left, missing, at] = [units - before.size, Math.min(most, units), 0];
  for (const chunk of numbersIn(runsOf(batch))) {
    if (missing === 0) break;
    const [from, to] = unitsOf(spec, chunk);
    const chosen: number[] = [];
    for (let unit = from; unit < to; unit++) {
      if (before.has(unit)) continue;
      if (((words[at++] as number) / 2 ** 32) * left-- >= missing) continue;
      missing--;
      chosen.push(unit);
    }
    if (chosen.length > 0) found.push([chunk, chosen]);
  }
  return found;
}
