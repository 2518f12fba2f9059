/**
 * Checks a kept receipt without asking anybody: is it whole, is its leaf under the tick's root, did the coordinator sign that
 * root, and is each amount what the chunk's units cost (SPEC, "Receipts"). Names the first thing that is wrong.
 */
import * as v from 'valibot';
import { receiptText } from '../wire/receipt.ts';
import type { PaidRow, PaidTo } from '../wire/receipt.ts';
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

/** The form of a leaf, by its name. */
export const leafForm = 'talka/receipt/2';

const leafShape = v.strictTuple([
  v.literal(leafForm),
  key32,
  v.pipe(v.string(), v.maxLength(64)),
  v.pipe(v.string(), v.maxLength(64)),
  v.nullable(v.pipe(v.string(), v.maxLength(64))),
  natural,
  v.pipe(v.array(v.strictTuple([jobId, natural, positive, natural, v.boolean()])), v.minLength(1)),
]);

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
  /** An amount is not units × cost, or a chunk lies outside its job. */
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
  /** `owedMicro`: what the chunk's units cost; null: the chunk lies outside its job. */
  | { readonly is: 'amount'; readonly row: PaidRow; readonly owedMicro: number | null };

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
  readonly rows: readonly PaidRow[];
  /** Rows whose job's price is not kept with the receipt: their amounts could not be checked. */
  readonly unpriced: number;
}

const nothingKnown = {
  read: null,
  coordinator: '',
  account: '',
  device: '',
  tick: 0,
  rows: [],
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
  const { to, rows } = said;
  const unpriced = rows.filter(({ job }) => jobs[job] === undefined).length;
  const { coordinator: key, account, device } = to;
  const about = { read, coordinator: key, account, device, tick: tick.tick, rows, unpriced };
  const wrong = await faultOf(read, said, coordinator);
  return wrong === null ? { ...about, fault: null, detail: null } : { ...about, ...wrong };
}

/** The first thing that does not hold of a receipt whose parts are all there. */
async function faultOf(
  { leaf, index, path, tick, jobs = {} }: ReadReceipt,
  { to, rows }: Leaf,
  coordinator: string | null,
): Promise<{ fault: ReceiptFault; detail: FaultDetail } | null> {
  if (coordinator !== null && to.coordinator !== coordinator)
    return { fault: 'other-coordinator', detail: { is: 'key', named: to.coordinator } };
  if (to.at !== tick.at) return { fault: 'time', detail: { is: 'time', leafAt: to.at, tickAt: tick.at } };
  if (!isInTree(leaf, { ...tick, index, path })) return { fault: 'not-in-tree', detail: { is: 'path' } };
  if (!(await isSigned(tick, to.coordinator))) return { fault: 'signature', detail: { is: 'head' } };
  for (const row of rows) {
    const known = jobs[row.job];
    if (known === undefined) continue;
    const owedMicro = owedOf(row.chunk, known);
    if (owedMicro !== row.amountMicro) return { fault: 'amount', detail: { is: 'amount', row, owedMicro } };
  }
  return null;
}

interface Leaf {
  readonly to: PaidTo;
  readonly rows: readonly PaidRow[];
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
  const [, coordinator, account, device, site, at, list] = read.output;
  const to = { coordinator, account, device, site, at };
  const rows = list.map(([job, chunk, replica, amountMicro, final]) => ({
    job,
    chunk,
    replica,
    amountMicro,
    final,
  }));
  // Only the one way of writing it is signed; a space more is another text.
  return receiptText(to, rows) === leaf ? { to, rows } : { why: 'writing' };
}

/** How many units a chunk of a job has; 0 or less where it lies outside. */
export function unitsOf(chunk: number, { units, unitsPerChunk }: v.InferOutput<typeof price>): number {
  const from = chunk * unitsPerChunk;
  return Math.min(units, from + unitsPerChunk) - from;
}

/** What a chunk's units cost; null where the chunk lies outside its job. */
function owedOf(chunk: number, known: v.InferOutput<typeof price>): number | null {
  const units = unitsOf(chunk, known);
  return units > 0 ? units * known.unitCostMicro : null;
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

/** What the sound ones of several receipts come to. */
export interface Paid {
  readonly coordinator: string;
  readonly accounts: readonly string[];
  readonly chunks: number;
  readonly micro: number;
  /** How much of that was pending when it was signed: accepted, and void if it is proven false later. */
  readonly pending: { readonly chunks: number; readonly micro: number };
  /** Chunks that stand in two receipts; each is counted once. */
  readonly twice: number;
  /** Chunks whose amount is as signed, because the price was not kept. */
  readonly unpriced: number;
}

const sumOf = (rows: readonly PaidRow[]): number =>
  rows.reduce((sum, { amountMicro }) => sum + amountMicro, 0);

/** Sums what each coordinator signed, in the order in which they appear. */
export function paidBy(verdicts: readonly ReceiptVerdict[]): Paid[] {
  const sound = verdicts.filter(({ fault }) => fault === null);
  return [...new Set(sound.map((one) => one.coordinator))].map((coordinator) => {
    const paid = new Map<number, PaidRow>();
    const accounts = new Set<string>();
    let [twice, unpriced] = [0, 0];
    for (const one of sound) {
      if (one.coordinator !== coordinator) continue;
      accounts.add(one.account);
      unpriced += one.unpriced;
      for (const row of one.rows) {
        if (paid.has(row.replica)) twice++;
        paid.set(row.replica, row);
      }
    }
    const rows = [...paid.values()];
    const pending = rows.filter(({ final }) => !final);
    const counts = { twice, unpriced, pending: { chunks: pending.length, micro: sumOf(pending) } };
    return { coordinator, accounts: [...accounts], chunks: rows.length, micro: sumOf(rows), ...counts };
  });
}
