/**
 * An epoch as its files have it [EP4] [EP5]: what is signed, its rows as text, and one account's claim with its proof. Read
 * strictly: only one way of writing each is ever signed or hashed.
 */
import * as v from 'valibot';
import type { EpochRow } from '../core/epoch.ts';
import { check, isMalformed } from './schema.ts';
import type { Malformed } from './schema.ts';

/** The form of the file, by its name. */
export const epochForm = 'talka/epoch/1';
export const claimForm = 'talka/claim/1';

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const hex32 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const bytes32 = v.pipe(v.string(), v.regex(/^0x[0-9a-f]{64}$/));
/** A whole number of microcredits in decimal, below 2^256. */
const micro = v.pipe(v.string(), v.regex(/^(0|[1-9][0-9]{0,76})$/));
const positiveMicro = v.pipe(v.string(), v.regex(/^[1-9][0-9]{0,76}$/));
const account = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,32}$/));
const key32 = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/));
const signature = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{86}$/));

const head = v.strictObject({
  tick: positive,
  at: natural,
  size: positive,
  root: hex32,
  receipts: v.union([hex32, v.literal('')]),
  signature,
});

/** All that is signed, in the order in which it is written. */
const words = {
  form: v.literal(epochForm),
  /** Whose epoch it is: its public key, base64url. */
  coordinator: key32,
  number: positive,
  /** Stands in each leaf, so that no leaf is good for another epoch or another coordinator. */
  id: bytes32,
  /** The ticks [from, to) of the log, and when they were, ms since 1970. */
  from: positive,
  to: positive,
  fromAt: natural,
  toAt: natural,
  /** The signed head of the log as it was after tick `to` − 1 [LO6]. */
  log: head,
  formula: v.pipe(v.string(), v.maxLength(200)),
  budgetMicro: positiveMicro,
  totalMicro: positiveMicro,
  /** The sum of all amounts: what is left of the budget is nobody's. */
  sharedMicro: micro,
  accounts: positive,
  /** The same credits by the partner site that brought them; null: by none. */
  sites: v.array(
    v.strictObject({ site: v.nullable(v.pipe(v.string(), v.maxLength(64))), creditMicro: positiveMicro }),
  ),
  /** SHA-256 of the rows' text. */
  rows: hex32,
  leaf: v.strictTuple([
    v.literal('bytes32'),
    v.literal('uint256'),
    v.literal('bytes32'),
    v.literal('uint256'),
  ]),
  /** Root of the tree of its rows. */
  root: bytes32,
  sealedAt: natural,
};
const unsigned = v.strictObject(words);
const signed = v.strictObject({ ...words, signature });

/** What the coordinator signs of an epoch. */
export type EpochWords = v.InferOutput<typeof unsigned>;
/** An epoch as `epoch-N.json` has it. */
export type EpochFile = v.InferOutput<typeof signed>;

/** The text that is signed: all but the signature, as `JSON.stringify` writes it, in the order above. */
export function epochText(epoch: EpochWords | EpochFile): string {
  const parts: Record<string, unknown> = {};
  for (const name of Object.keys(words)) parts[name] = epoch[name as keyof EpochWords];
  return JSON.stringify(parts);
}

export function readEpoch(value: unknown): EpochFile | Malformed {
  return check(signed, value);
}

const row = v.strictObject({ index: natural, account, creditMicro: positiveMicro, amountMicro: micro });
const claim = v.strictObject({
  form: v.literal(claimForm),
  epoch: signed,
  row,
  proof: v.pipe(v.array(bytes32), v.maxLength(64)),
});

/** One account's row of an epoch, with all that is needed to check it. */
export type Claim = v.InferOutput<typeof claim>;

export function readClaim(value: unknown): Claim | Malformed {
  return check(claim, value);
}

/** The first line of the rows' text. */
const heading = 'index,account,creditMicro,amountMicro';

/** The rows as `epoch-N-rows.csv` has them: a heading, and one a line, in order. */
export function rowsText(rows: readonly EpochRow[]): string {
  const lines = rows.map(
    ({ account: name, creditMicro, amountMicro }, index) => `${index},${name},${creditMicro},${amountMicro}`,
  );
  return `${[heading, ...lines].join('\n')}\n`;
}

const line = /^(0|[1-9][0-9]{0,14}),([A-Za-z0-9_-]{1,32}),([1-9][0-9]{0,76}),(0|[1-9][0-9]{0,76})$/;

/** Reads that text; a line that is not as it should be is named by its number, from 1. */
export function readRows(text: string): EpochRow[] | Malformed {
  const lines = text.split('\n');
  if (lines.pop() !== '') return { malformed: 'the last line has no end' };
  if (lines[0] !== heading) return { malformed: `line 1 is not '${heading}'` };
  const rows: EpochRow[] = [];
  for (let at = 1; at < lines.length; at++) {
    const [, index, name, credit, amount] = line.exec(lines[at] ?? '') ?? [];
    if (index === undefined || name === undefined || credit === undefined || amount === undefined)
      return { malformed: `line ${at + 1} is no row` };
    if (Number(index) !== at - 1)
      return { malformed: `line ${at + 1} has the index ${index}, not ${at - 1}` };
    const before = rows.at(-1)?.account;
    if (before !== undefined && name <= before)
      return { malformed: `line ${at + 1}: ${name} does not come after ${before}` };
    rows.push({ account: name, creditMicro: BigInt(credit), amountMicro: BigInt(amount) });
  }
  return rows;
}

/** An epoch in the list of all of them. */
export type EpochView = Pick<
  EpochFile,
  | 'number'
  | 'from'
  | 'to'
  | 'fromAt'
  | 'toAt'
  | 'sealedAt'
  | 'budgetMicro'
  | 'totalMicro'
  | 'accounts'
  | 'root'
>;

const epochView = v.object({
  number: positive,
  from: positive,
  to: positive,
  fromAt: natural,
  toAt: natural,
  sealedAt: natural,
  budgetMicro: micro,
  totalMicro: micro,
  accounts: positive,
  root: bytes32,
});
const epochsView = v.object({
  at: natural,
  /** The period that is open now. */
  open: v.object({
    number: positive,
    from: positive,
    /** null while nothing has been recorded. */
    fromAt: v.nullable(natural),
    /** When it is to be sealed; null: when the operator does it. */
    dueAt: v.nullable(natural),
    /** What vested in it so far. */
    vestedMicro: micro,
    /** null: as much as vests. */
    budgetMicro: v.nullable(micro),
  }),
  epochs: v.array(epochView),
});

/** What `GET /api/epochs` says: the newest epoch first. */
export interface EpochsView {
  readonly at: number;
  readonly open: Readonly<v.InferOutput<typeof epochsView>['open']>;
  readonly epochs: readonly EpochView[];
}

export function readEpochs(value: unknown): EpochsView | null {
  const read = check(epochsView, value);
  return isMalformed(read) ? null : read;
}
