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

const leafShape = v.strictTuple([
  v.literal('talka/receipt/2'),
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

export interface ReceiptVerdict {
  readonly fault: ReceiptFault | null;
  /** More about the fault, in English. */
  readonly detail: string;
  readonly coordinator: string;
  readonly account: string;
  readonly device: string;
  readonly tick: number;
  readonly rows: readonly PaidRow[];
  /** Rows whose job's price is not kept with the receipt: their amounts could not be checked. */
  readonly unpriced: number;
}

const nothingKnown = { coordinator: '', account: '', device: '', tick: 0, rows: [], unpriced: 0 } as const;

/** Examines one receipt as it was kept. `coordinator`: whose key must have signed it; null: whoever the receipt names. */
export async function examineReceipt(value: unknown, coordinator: string | null): Promise<ReceiptVerdict> {
  if (typeof value !== 'object' || value === null)
    return { ...nothingKnown, fault: 'shape', detail: 'this is no receipt' };
  const receipt = check(kept, value);
  if (isMalformed(receipt)) return { ...nothingKnown, fault: 'shape', detail: receipt.malformed };
  const { leaf, index, path, tick, jobs = {} } = receipt;
  const said = leafOf(leaf);
  if (isMalformed(said)) return { ...nothingKnown, fault: 'shape', detail: said.malformed };
  const { to, rows } = said;
  const { coordinator: key, account, device } = to;
  const about = { coordinator: key, account, device, tick: tick.tick, rows };
  const wrong = (fault: ReceiptFault, detail: string): ReceiptVerdict => ({
    ...about,
    unpriced: 0,
    fault,
    detail,
  });
  if (coordinator !== null && key !== coordinator)
    return wrong('other-coordinator', `it names the coordinator ${key}`);
  if (to.at !== tick.at) return wrong('time', `the leaf says ${to.at}, the tick ${tick.at}`);
  if (!isInTree(leaf, { ...tick, index, path }))
    return wrong('not-in-tree', 'leaf and path do not lead to the tick’s root');
  if (!(await isSigned(tick, key))) return wrong('signature', 'the coordinator’s key did not sign this head');
  const overpaid = rows.find((row) => !isPriced(row, jobs[row.job]));
  if (overpaid !== undefined)
    return wrong('amount', `chunk ${overpaid.chunk} of ${overpaid.job} was paid ${overpaid.amountMicro}`);
  const unpriced = rows.filter(({ job }) => jobs[job] === undefined).length;
  return { ...about, unpriced, fault: null, detail: '' };
}

/** The leaf's parts; only the one way of writing them that the specification gives is a leaf. */
function leafOf(leaf: string): { to: PaidTo; rows: readonly PaidRow[] } | { malformed: string } {
  let value: unknown;
  try {
    value = JSON.parse(leaf);
  } catch {
    return { malformed: 'the leaf is not JSON' };
  }
  const read = v.safeParse(leafShape, value);
  if (!read.success) return { malformed: 'the leaf is not of the form talka/receipt/2' };
  const [, coordinator, account, device, site, at, list] = read.output;
  const to = { coordinator, account, device, site, at };
  const rows = list.map(([job, chunk, replica, amountMicro, final]) => ({
    job,
    chunk,
    replica,
    amountMicro,
    final,
  }));
  return receiptText(to, rows) === leaf
    ? { to, rows }
    : { malformed: 'the leaf is not written as the specification says' };
}

/** Whether an amount is what the chunk's units cost; true where the price is not known. */
function isPriced({ chunk, amountMicro }: PaidRow, known: v.InferOutput<typeof price> | undefined): boolean {
  if (known === undefined) return true;
  const from = chunk * known.unitsPerChunk;
  const units = Math.min(known.units, from + known.unitsPerChunk) - from;
  return units > 0 && amountMicro === units * known.unitCostMicro;
}
