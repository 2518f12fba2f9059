/**
 * Rebuilds a coordinator's books from the public records of its log [LO10], believing nothing but what it signed: each record
 * is hashed into the tree, its receipts are made again, and its entries are posted. Names the first tick that does not hold.
 */
import * as v from 'valibot';
import { rootOf } from '../core/merkle.ts';
import type { TreeHash } from '../core/merkle.ts';
import { receiptForm, receiptText } from '../wire/receipt.ts';
import type { ReceiptForm } from '../wire/receipt.ts';
import { check, isMalformed } from '../wire/schema.ts';
import { Books } from './rebuild-books.ts';
import { Slips } from './rebuild-slips.ts';
import { hexOf } from './crypto.ts';

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const word = v.strictObject({
  v: v.literal(1),
  tick: natural,
  at: natural,
  salt: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{22}$/)),
  receipts: v.union([v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)), v.literal('')]),
  events: v.array(v.looseObject({ e: v.string() })),
});
type Word = v.InferOutput<typeof word>;

/** The first tick that does not hold, and why. */
export interface TickFault {
  readonly tick: number;
  readonly says: string;
}

const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class Rebuild {
  readonly books = new Books();
  readonly #coordinator: string;
  readonly #hash: TreeHash;
  readonly #leaves: Uint8Array[] = [];
  #at = 0;
  #form: ReceiptForm = 2;

  /** `coordinator`: its public key in base64url, which stands in every receipt. */
  constructor(coordinator: string, hash: TreeHash) {
    this.#coordinator = coordinator;
    this.#hash = hash;
  }

  /** How many records were taken. */
  get size(): number {
    return this.#leaves.length;
  }

  /** When the last of them was written, in ms since 1970. */
  get at(): number {
    return this.#at;
  }

  /** The root of the log's tree over its first `size` records, in hex. */
  root(size = this.size): string {
    return hexOf(rootOf(this.#hash, this.#leaves.slice(0, size)));
  }

  /** Takes the next record, as it is hashed; what does not hold of it, or null. After a fault the books mean nothing. */
  take(record: Uint8Array): TickFault | null {
    this.#leaves.push(this.#hash.leaf(record));
    const tick = this.#leaves.length;
    const says = this.#read(tick, record);
    return says === null ? null : { tick, says };
  }

  #read(tick: number, record: Uint8Array): string | null {
    const read = wordOf(record);
    if (typeof read === 'string') return read;
    if (read.tick !== tick) return `it is the record of tick ${read.tick}`;
    this.#at = read.at;
    for (const event of read.events) {
      const fault = this.books.post(event);
      if (fault !== null) return fault;
    }
    return this.#areReceipts(read) ? null : 'its receipts are not what its events pay';
  }

  /** Whether a tick's receipts are what its events did to credit; a log that has once gone on to the newer form of them keeps to it. */
  #areReceipts(read: Word): boolean {
    if (this.#receiptsOf(read, receiptForm) === read.receipts) {
      if (read.receipts !== '') this.#form = receiptForm;
      return true;
    }
    return this.#form === 2 && this.#receiptsOf(read, 2) === read.receipts;
  }

  /** The root of what the tick did to each device's credit, in the order in which each was first named (SPEC, "Receipts"). */
  #receiptsOf({ at, events }: Word, form: ReceiptForm): string {
    const slips = new Slips({ coordinator: this.#coordinator, at });
    for (const event of events) slips.take(event, form);
    if (slips.all.length === 0) return '';
    const leaves = slips.all.map(({ to, rows }) => this.#hash.leaf(utf8.encode(receiptText(to, rows, form))));
    return hexOf(rootOf(this.#hash, leaves));
  }
}

/** Reads a record; a sentence where it is none. */
function wordOf(record: Uint8Array): Word | string {
  let value: unknown;
  try {
    const text = fromUtf8.decode(record);
    value = JSON.parse(text);
    // A name that stands twice would be read in two ways by two readers.
    if (JSON.stringify(value) !== text) return 'it is not written as JSON.stringify writes it';
  } catch {
    return 'it is no JSON text';
  }
  const read = check(word, value);
  return isMalformed(read) ? `it is no record: ${read.malformed}` : read;
}
