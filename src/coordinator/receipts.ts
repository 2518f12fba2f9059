/**
 * Receipts: for each device whose credit a tick changes one leaf, under a root that the tick's signed head covers. Made when
 * the tick is, and made again, word for word, from its record when somebody missed theirs.
 */
import type { Event } from '../core/state.ts';
import { receiptForm, receiptText } from '../wire/receipt.ts';
import type { AuditRow, BatchRow, PaidRow, ReceiptForm } from '../wire/receipt.ts';
import { AsciiWriter, literal } from './ascii.ts';
import { headBytes } from './digests.ts';
import { signText } from './keys.ts';
import type { SigningKey } from './keys.ts';
import type { TickWord } from './record.ts';
import { textTreeOf } from './text-tree.ts';
import type { TextTree } from './text-tree.ts';

type EventOf<K extends Event['e']> = Extract<Event, { e: K }>;
type Accepted = EventOf<'accepted'>;
/** What moves credit beside an accepted chunk. */
type Later = EventOf<'vested' | 'voided' | 'audited'>;

/** What a tick did to one device's credit. Most ticks accept chunks and nothing else: what there is none of is not there. */
export interface Payslip {
  readonly device: string;
  readonly account: string;
  readonly site: string | null;
  accepted: ToldRow[];
  vested: BatchRow[] | undefined;
  voided: BatchRow[] | undefined;
  audits: AuditRow[] | undefined;
}

/** An accepted chunk as a receipt message lists it; whether it was settled with the operator's anchor is no part of what is signed. */
interface ToldRow extends PaidRow {
  readonly withAnchor: boolean;
}

/** Everything that one tick did to credit, by device, in the order in which each was first named. */
export class Payroll {
  readonly slips: Payslip[] = [];
  /** Accounts of which work vested or was void, that were paid for audits, or for chunks while they were away: their receipts can be asked for later. */
  readonly credited = new Set<string>();
  readonly #byDevice = new Map<string, number>();

  /** Takes the winners of one accepted chunk. `withAnchor`: whether the operator's anchor is among them. */
  add({ job, chunk, winners, entries, final }: Accepted, withAnchor: boolean): void {
    for (let i = 0; i < winners.length; i++) {
      const { replica, device, account, site } = winners[i] as Accepted['winners'][number];
      const amountMicro = entries[i]?.amountMicro ?? 0;
      const row = { replica, job, chunk, amountMicro, final, withAnchor };
      const slip = this.#slipOf(device, account, site);
      // Nearly always the only one: a list that grows takes room for seventeen.
      if (slip.accepted.length === 0) slip.accepted = [row];
      else slip.accepted.push(row);
    }
  }

  /** Takes what else moves a volunteer's credit: work that vests or is void, an audit that it made; an anchor's names no site, and has no receipt. */
  addLater(event: Later): void {
    const { e, device, account, site, job } = event;
    if (site === undefined) return;
    const slip = this.#slipOf(device, account, site);
    this.credited.add(account);
    if (e === 'audited') {
      const amountMicro = sumOf(event);
      (slip.audits ??= []).push({ audit: event.audit, job, units: event.units.length, amountMicro });
      return;
    }
    const amountMicro = sumOf(event, `pending:${account}`);
    (slip[e] ??= []).push({ job, chunks: event.chunks, amountMicro });
  }

  /** Where a device's slip lies; undefined when the tick left its credit as it was. */
  indexOf(device: string): number | undefined {
    return this.#byDevice.get(device);
  }

  #slipOf(device: string, account: string, site: string | null): Payslip {
    const known = this.#byDevice.get(device);
    if (known !== undefined) return this.slips[known] as Payslip;
    const slip: Payslip = {
      device,
      account,
      site,
      accepted: [],
      vested: undefined,
      voided: undefined,
      audits: undefined,
    };
    this.#byDevice.set(device, this.slips.push(slip) - 1);
    return slip;
  }
}

/** What an event moves, of it what `from` gives. */
function sumOf({ entries }: Later, from?: string): number {
  let sum = 0;
  for (const entry of entries) if (from === undefined || entry.from === from) sum += entry.amountMicro;
  return sum;
}

/** A tick's tree of receipts. */
export class ReceiptTree {
  /** '' when there are no receipts. */
  readonly root: string;
  readonly form: ReceiptForm;
  readonly #tree: TextTree;

  constructor({ slips }: Payroll, at: number, coordinator: string, form: ReceiptForm = receiptForm) {
    this.form = form;
    leaves.restart();
    const lengths: number[] = [];
    for (const slip of slips) {
      const from = leaves.at;
      if (form === receiptForm && !hasLater(slip)) putLeaf(leaves, slip, at, coordinator);
      else leaves.text(`\0${leafText(slip, at, coordinator, form)}`);
      lengths.push(leaves.at - from);
    }
    this.#tree = textTreeOf(leaves.view(), lengths);
    this.root = this.#tree.root;
  }

  /** The path of one leaf. */
  path(index: number): string[] {
    return this.#tree.path(index);
  }

  /** The same as a receipt lists it: hashes in quotes, comma separated. */
  putPath(to: AsciiWriter, index: number): void {
    this.#tree.putPath(to, index);
  }
}

const leaves = new AsciiWriter(1 << 12);

/** What stands between the values of a leaf's text. */
const leaf = {
  form: literal(`\0["talka/receipt/${receiptForm}","`),
  next: literal('","'),
  noSite: literal('",null,'),
  rows: literal(',['),
  row: literal('["'),
  nextRow: literal(',["'),
  chunk: literal('",'),
  comma: literal(','),
  final: literal(',true]'),
  notFinal: literal(',false]'),
  nothingElse: literal('],[],[],[]]'),
};

/** Writes 0x00 and what `leafText` says of a slip with nothing but accepted chunks, as nearly all are: it is made for every answer. */
function putLeaf(
  to: AsciiWriter,
  { account, device, site, accepted }: Payslip,
  at: number,
  coordinator: string,
): void {
  to.put(leaf.form);
  to.ascii(coordinator);
  to.put(leaf.next);
  to.ascii(account);
  to.put(leaf.next);
  to.ascii(device);
  if (site === null) to.put(leaf.noSite);
  else to.ascii(`","${site}",`);
  to.number(at);
  to.put(leaf.rows);
  for (let i = 0; i < accepted.length; i++) {
    const { job, chunk, replica, amountMicro, final } = accepted[i] as ToldRow;
    to.put(i === 0 ? leaf.row : leaf.nextRow);
    to.ascii(job);
    to.put(leaf.chunk);
    to.number(chunk);
    to.put(leaf.comma);
    to.number(replica);
    to.put(leaf.comma);
    to.number(amountMicro);
    to.put(final ? leaf.final : leaf.notFinal);
  }
  to.put(leaf.nothingElse);
}

function hasLater({ vested, voided, audits }: Payslip): boolean {
  return vested !== undefined || voided !== undefined || audits !== undefined;
}

/** The text that is hashed of one slip. */
export function leafText(slip: Payslip, at: number, coordinator: string, form: ReceiptForm): string {
  const { account, device, site } = slip;
  return receiptText({ coordinator, account, device, site, at }, slip, form);
}

/** What the coordinator signs after a tick. */
export interface Head {
  readonly tick: number;
  readonly at: number;
  readonly size: number;
  /** Root of the log's tree, and of this tick's receipts ('' = none), in hex. */
  readonly root: string;
  readonly receipts: string;
  readonly signature: string;
}

/** Signs a tick's head [LO6]; `receipts` in hex, '' = none. Ed25519 is deterministic: the same head gets the same signature, always. */
export function signHead(
  key: SigningKey,
  tick: number,
  at: number,
  root: Uint8Array,
  receipts: string,
): Head {
  const signature = signText(
    key,
    headBytes(tick, at, tick, root, receipts === '' ? null : Buffer.from(receipts, 'hex')),
  );
  return { tick, at, size: tick, root: Buffer.from(root).toString('hex'), receipts, signature };
}

/** A tick's head as receipts quote it, without its closing brace: each goes on with its own place. `count` leaves. */
export function tickWord({ tick, at, size, root, receipts, signature }: Head, count: number): string {
  return `{"tick":${tick},"at":${at},"size":${size},"root":"${root}","receipts":"${receipts}","count":${count},"signature":"${signature}"`;
}

/** A receipt message without payments, as JSON text. */
export function plainReceipt(acks: readonly number[], lost: readonly number[]): string {
  return `{"t":"receipt","acks":[${acks.join(',')}],"settled":[],"lost":[${lost.join(',')}],"tick":null}`;
}

/** Who is told of a receipt: by which site it came, and the newest form that its program reads. */
export interface Asker {
  readonly device: string;
  readonly site: string | null;
  readonly reads: number;
}

/** What stands between the values of a receipt message. */
const receipt = {
  acks: literal('{"t":"receipt","acks":['),
  settled: literal('],"settled":['),
  lost: literal('],"lost":['),
  noTick: literal('],"tick":null}'),
  tick: literal('],"tick":'),
  index: literal(',"index":'),
  path: literal(',"path":['),
  endOfPath: literal(']}'),
  end: literal('}'),
};
const settled = {
  replica: literal('{"replica":'),
  next: literal(',{"replica":'),
  job: literal(',"job":"'),
  chunk: literal('","chunk":'),
  amountMicro: literal(',"amountMicro":'),
  final: literal(',"final":true'),
  notFinal: literal(',"final":false'),
  withAnchor: literal(',"withAnchor":true}'),
  withPeople: literal(',"withAnchor":false}'),
};

/**
 * Writes a receipt message with what one slip says; `tick` is its `tickWord`. Somebody whose program is from before
 * this form of receipts is told what was accepted, and no proof of it, which it would take for a forged one: once it is
 * loaded anew it gets whole ones again.
 */
export function putReceipt(
  to: AsciiWriter,
  { site, reads }: Asker,
  acks: readonly number[],
  lost: readonly number[],
  { payroll, tree }: Paid,
  index: number,
  tick: string,
): void {
  const slip = payroll.slips[index] as Payslip;
  to.put(receipt.acks);
  to.numbers(acks);
  to.put(receipt.settled);
  for (let i = 0; i < slip.accepted.length; i++)
    putSettled(to, i === 0 ? settled.replica : settled.next, slip.accepted[i] as ToldRow);
  to.put(receipt.lost);
  to.numbers(lost);
  if (reads < tree.form) return to.put(receipt.noTick);
  to.put(receipt.tick);
  to.ascii(tick);
  to.put(receipt.index);
  to.number(index);
  to.put(receipt.path);
  tree.putPath(to, index);
  to.put(receipt.endOfPath);
  if (slip.site !== site) to.text(`,"site":${JSON.stringify(slip.site)}`);
  if (hasLater(slip)) {
    const { vested, voided, audits } = slip;
    to.ascii(`,${JSON.stringify({ vested, voided, audits }).slice(1, -1)}`);
  }
  to.put(receipt.end);
}

function putSettled(to: AsciiWriter, before: Uint8Array, row: ToldRow): void {
  to.put(before);
  to.number(row.replica);
  to.put(settled.job);
  to.ascii(row.job);
  to.put(settled.chunk);
  to.number(row.chunk);
  to.put(settled.amountMicro);
  to.number(row.amountMicro);
  to.put(row.final ? settled.final : settled.notFinal);
  to.put(row.withAnchor ? settled.withAnchor : settled.withPeople);
}

/** The receipts of a tick, from its record. */
export interface Paid {
  readonly payroll: Payroll;
  readonly tree: ReceiptTree;
}

/** Makes a tick's receipts again: in the form whose root its record names. `isAnchor` tells the anchor's devices. */
export function paidIn(
  { at, events, receipts }: TickWord,
  coordinator: string,
  isAnchor: (device: string) => boolean,
): Paid {
  const [payroll, older] = [new Payroll(), new Payroll()];
  for (const event of events) {
    if (event.e === 'accepted') {
      const withAnchor = event.winners.some(({ device }) => isAnchor(device));
      payroll.add(event, withAnchor);
      older.add(event, withAnchor);
    } else if (event.e === 'vested' || event.e === 'voided' || event.e === 'audited') payroll.addLater(event);
  }
  const tree = new ReceiptTree(payroll, at, coordinator);
  if (tree.root === receipts) return { payroll, tree };
  return { payroll: older, tree: new ReceiptTree(older, at, coordinator, 2) };
}
