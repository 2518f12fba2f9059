/**
 * Rebuilds a coordinator's books from the public records of its log [LO10], believing nothing but what it signed: each record
 * is hashed into the tree, its receipts are made again, and its entries are posted. Names the first tick that does not hold.
 */
import * as v from 'valibot';
import { rootOf } from '../core/merkle.ts';
import type { TreeHash } from '../core/merkle.ts';
import { receiptText } from '../wire/receipt.ts';
import type { PaidRow, PaidTo } from '../wire/receipt.ts';
import { check, isMalformed } from '../wire/schema.ts';
import { Books } from './rebuild-books.ts';
import type { Accepted } from './rebuild-books.ts';
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
    return this.#receiptsOf(read) === read.receipts ? null : 'its receipts are not what its events pay';
  }

  /** The root of what the tick paid each device, in the order in which each was first paid (SPEC, "Receipts"). */
  #receiptsOf({ at, events }: Word): string {
    const slips = new Map<string, { to: PaidTo; rows: PaidRow[] }>();
    for (const event of events) {
      if (event.e !== 'accepted') continue;
      const { winners, entries, job, chunk, final } = event as unknown as Accepted;
      winners.forEach(({ replica, device, account, site }, place) => {
        const to = { coordinator: this.#coordinator, account, device, site, at };
        const slip = slips.get(device) ?? { to, rows: [] };
        slip.rows.push({ replica, job, chunk, amountMicro: entries[place]?.amountMicro ?? 0, final });
        slips.set(device, slip);
      });
    }
    if (slips.size === 0) return '';
    const leaves = [...slips.values()].map(({ to, rows }) =>
      this.#hash.leaf(utf8.encode(receiptText(to, rows))),
    );
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
