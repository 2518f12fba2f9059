/**
 * Checks a kept receipt without asking anybody: is it whole, is its leaf under the tick's root, did the coordinator sign that
 * root, and is each amount what the units cost (SPEC, "Receipts"). Names the first thing that is wrong.
 */
import * as v from 'valibot';
import { receiptText } from '../wire/receipt.ts';
import type { AuditRow, BatchRow, PaidRow, PaidTo, ReceiptForm } from '../wire/receipt.ts';
import { check, isMalformed } from '../wire/schema.ts';
import { isInTree, isSigned } from './checks.ts';

const hex32 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const key32 = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/));
const jobId = v.pipe(v.string(), v.regex(/^j[1-9][0-9]{0,14}$/));

/** What a chunk's amount follows from, as the coordinator told it when the work was given. */
const price = v.object({ units: positive, unitsPerChunk: positive, unitCostMicro: positive });

const kept = v.object({
  leaf: v.pipe(v.string(), v.maxLength(8 * 1024 * 1024)),
  index: natural,
  path: v.pipe(v.array(hex32), v.maxLength(64)),
  tick: v.object({
    tick: positive,
    at: natural,
    size: positive,
    root: hex32,
    receipts: hex32,
    count: positive,
    signature: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{86}$/)),
  }),
  jobs: v.optional(v.record(jobId, price)),
});

/** A receipt as a device keeps it, every part of the right form. */
export type ReadReceipt = v.InferOutput<typeof kept>;

/** The forms that a leaf may have, by their names: what was signed in the older one stays good. */
export const leafForms = ['talka/receipt/3', 'talka/receipt/2'] as const;

const named = v.pipe(v.string(), v.maxLength(64));
const to = [key32, named, named, v.nullable(named), natural] as const;
const paidRows = v.array(v.strictTuple([jobId, natural, positive, natural, v.boolean()]));
/** Half-open runs, ascending, each apart from the next. */
const runList = v.pipe(
  v.array(natural),
  v.minLength(2),
  v.check((all) => all.length % 2 === 0 && all.every((at, i) => i === 0 || at > (all[i - 1] ?? 0))),
);
const batchRows = v.array(v.strictTuple([jobId, runList, natural]));
const auditRows = v.array(v.strictTuple([positive, jobId, positive, natural]));
const leafShape = v.union([
  v.strictTuple([v.literal('talka/receipt/3'), ...to, paidRows, batchRows, batchRows, auditRows]),
  v.strictTuple([v.literal('talka/receipt/2'), ...to, paidRows]),
]);

/** All that a receipt says, by kind. */
export interface ReceiptRows {
  readonly accepted: readonly PaidRow[];
  readonly vested: readonly BatchRow[];
  readonly voided: readonly BatchRow[];
  readonly audits: readonly AuditRow[];
}

/** One thing that a receipt says. */
export type ReceiptRow =
  | { readonly kind: 'accepted'; readonly row: PaidRow }
  | { readonly kind: 'vested' | 'voided'; readonly row: BatchRow }
  | { readonly kind: 'audit'; readonly row: AuditRow };

/** All that a receipt says, one after the other. */
export function rowsIn({ accepted, vested, voided, audits }: ReceiptRows): ReceiptRow[] {
  return [
    ...accepted.map((row) => ({ kind: 'accepted' as const, row })),
    ...vested.map((row) => ({ kind: 'vested' as const, row })),
    ...voided.map((row) => ({ kind: 'voided' as const, row })),
    ...audits.map((row) => ({ kind: 'audit' as const, row })),
  ];
}

export type ReceiptFault =
  /** It is no receipt, or parts of it are missing. */
  | 'shape'
  /** Somebody else signed it than the coordinator that was expected. */
  | 'other-coordinator'
  /** The leaf's time is not the tick's. */
  | 'time'
  /** The leaf is not under the tick's root. */
  | 'not-in-tree'
  /** The coordinator did not sign this head. */
  | 'signature'
  /** An amount is not what the units cost, or chunks lie outside their job. */
  | 'amount';

/** What is wrong, as far as more can be said about it than the fault's name. */
export type FaultDetail =
  /** It is not JSON, or no object. */
  | { readonly is: 'no-receipt' }
  /** A part is missing or malformed: which, and how. */
  | { readonly is: 'part'; readonly part: string; readonly says: string }
  | { readonly is: 'leaf'; readonly why: 'not-json' | 'form' | 'writing' }
  | { readonly is: 'key'; readonly named: string }
  | { readonly is: 'time'; readonly leafAt: number; readonly tickAt: number }
  | { readonly is: 'path' }
  | { readonly is: 'head' }
  /** `owedMicro`: what the units cost; null: they lie outside their job. */
  | { readonly is: 'amount'; readonly of: ReceiptRow; readonly owedMicro: number | null };

export interface ReceiptVerdict {
  readonly fault: ReceiptFault | null;
  /** null exactly where there is no fault. */
  readonly detail: FaultDetail | null;
  /** The receipt, once its parts are all there; null before. */
  readonly read: ReadReceipt | null;
  readonly coordinator: string;
  readonly account: string;
  readonly device: string;
  readonly tick: number;
  readonly rows: ReceiptRows;
  /** Rows whose job's price is not kept with the receipt: their amounts could not be checked. */
  readonly unpriced: number;
}

const nothingKnown = {
  read: null,
  coordinator: '',
  account: '',
  device: '',
  tick: 0,
  rows: { accepted: [], vested: [], voided: [], audits: [] },
  unpriced: 0,
} as const;

/** Examines one receipt as it was kept. `coordinator`: whose key must have signed it; null: whoever the receipt names. */
export async function examineReceipt(value: unknown, coordinator: string | null): Promise<ReceiptVerdict> {
  const misshapen = (detail: FaultDetail): ReceiptVerdict => ({ ...nothingKnown, fault: 'shape', detail });
  if (typeof value !== 'object' || value === null) return misshapen({ is: 'no-receipt' });
  const read = check(kept, value);
  if (isMalformed(read)) {
    const [part = '', ...says] = read.malformed.split(': ');
    return misshapen({ is: 'part', part, says: says.join(': ') });
  }
  const { leaf, tick, jobs = {} } = read;
  const said = leafOf(leaf);
  if (!('to' in said)) return misshapen({ is: 'leaf', why: said.why });
  const { rows } = said;
  const unpriced = rowsIn(rows).filter(({ row }) => jobs[row.job] === undefined).length;
  const { coordinator: key, account, device } = said.to;
  const about = { read, coordinator: key, account, device, tick: tick.tick, rows, unpriced };
  const wrong = await faultOf(read, said, coordinator);
  return wrong === null ? { ...about, fault: null, detail: null } : { ...about, ...wrong };
}

/** The first thing that does not hold of a receipt whose parts are all there. */
async function faultOf(
  { leaf, index, path, tick, jobs = {} }: ReadReceipt,
  { to: said, rows }: Leaf,
  coordinator: string | null,
): Promise<{ fault: ReceiptFault; detail: FaultDetail } | null> {
  if (coordinator !== null && said.coordinator !== coordinator)
    return { fault: 'other-coordinator', detail: { is: 'key', named: said.coordinator } };
  if (said.at !== tick.at) return { fault: 'time', detail: { is: 'time', leafAt: said.at, tickAt: tick.at } };
  if (!isInTree(leaf, { ...tick, index, path })) return { fault: 'not-in-tree', detail: { is: 'path' } };
  if (!(await isSigned(tick, said.coordinator))) return { fault: 'signature', detail: { is: 'head' } };
  for (const one of rowsIn(rows)) {
    const known = jobs[one.row.job];
    if (known === undefined) continue;
    const units = unitsOf(one, known);
    const owedMicro = units === null ? null : units * known.unitCostMicro;
    if (owedMicro !== one.row.amountMicro)
      return { fault: 'amount', detail: { is: 'amount', of: one, owedMicro } };
  }
  return null;
}

interface Leaf {
  readonly to: PaidTo;
  readonly rows: ReceiptRows;
}

/** The leaf's parts; only the one way of writing them that the specification gives is a leaf. */
function leafOf(leaf: string): Leaf | { readonly why: 'not-json' | 'form' | 'writing' } {
  let value: unknown;
  try {
    value = JSON.parse(leaf);
  } catch {
    return { why: 'not-json' };
  }
  const read = v.safeParse(leafShape, value);
  if (!read.success) return { why: 'form' };
  const [name, coordinator, account, device, site, at, paid, vested = [], voided = [], audits = []] =
    read.output;
  const form: ReceiptForm = name === 'talka/receipt/2' ? 2 : 3;
  const rows: ReceiptRows = {
    accepted: paid.map(([job, chunk, replica, amountMicro, final]) => ({
      job,
      chunk,
      replica,
      amountMicro,
      final,
    })),
    vested: vested.map(batchOf),
    voided: voided.map(batchOf),
    audits: audits.map(([audit, job, units, amountMicro]) => ({ audit, job, units, amountMicro })),
  };
  if (rowsIn(rows).length === 0) return { why: 'form' };
  const said = { coordinator, account, device, site, at };
  // Only the one way of writing it is signed; a space more is another text.
  return receiptText(said, rows, form) === leaf ? { to: said, rows } : { why: 'writing' };
}

function batchOf([job, chunks, amountMicro]: v.InferOutput<typeof batchRows>[number]): BatchRow {
  return { job, chunks, amountMicro };
}

/** How many units a row is about, of a job of this size; null where they lie outside it. */
export function unitsOf(of: ReceiptRow, size: v.InferOutput<typeof price>): number | null {
  if (of.kind === 'audit') return of.row.units <= size.units ? of.row.units : null;
  const all = of.kind === 'accepted' ? [of.row.chunk, of.row.chunk + 1] : of.row.chunks;
  let units = 0;
  for (let i = 0; i < all.length; i += 2) {
    const [from, end] = [all[i] ?? 0, all[i + 1] ?? 0];
    // The last chunk may be shorter; one that begins at the end is none.
    if ((end - 1) * size.unitsPerChunk >= size.units) return null;
    units += Math.min(size.units, end * size.unitsPerChunk) - from * size.unitsPerChunk;
  }
  return units;
}

/** How many chunks a row is about. */
export function chunksOf({ chunks }: BatchRow): number {
  let count = 0;
  for (let i = 0; i < chunks.length; i += 2) count += (chunks[i + 1] ?? 0) - (chunks[i] ?? 0);
  return count;
}

/** Half-open runs as people write them: 0–3, 7. `write`: a number, as the reader's language has it. */
export function runsText(runs: readonly number[], write: (chunk: number) => string = String): string {
  const said: string[] = [];
  for (let i = 0; i < runs.length; i += 2) {
    const [from, last] = [runs[i] ?? 0, (runs[i + 1] ?? 0) - 1];
    said.push(from === last ? write(from) : `${write(from)}–${write(last)}`);
  }
  return said.join(', ');
}

/** What a file holds: one receipt, a list, or one a line, as a volunteer keeps them. Lines that are not JSON are null. */
export function receiptsIn(text: string): unknown[] {
  const whole = parsed(text);
  if (whole !== undefined) return Array.isArray(whole) ? whole : [whole];
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => parsed(line) ?? null);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
