/**
 * The log itself over HTTP [LO10]: its records, word for word as they are hashed, one a line, as far as they are public.
 * So anybody can rebuild every balance.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Context } from 'hono';
import type { RefusalView } from '../wire/views.ts';
import { Allowance } from './allowance.ts';
import { awaitedIn, heldFor } from './horizon.ts';
import type { Awaited } from './horizon.ts';
import type { House } from './house.ts';
import type { TickRecord } from './log.ts';
import { readRecord } from './record.ts';

/** Records in one answer. */
export const recordsMax = 1_000;
/** An answer ends with the record that brings it beyond so many bytes. */
export const answerBytesMax = 1_048_576;
/** Records that are read at once, unless they are long. */
const stepRecords = 8;
const longBytes = 65_536;
/** All readers together: what they are sent at once and each second, and what an answer counts at least. */
export const allowanceBytes = 16 * 1_048_576;
const bytesPerSecond = 8 * 1_048_576;
/** Of these, what is looked into: what nobody has read before, or out of order. It takes this thread more than twice as long. */
export const looksBytes = 16 * 1_048_576;
const looksPerSecond = 2 * 1_048_576;
const leastBytes = 65_536;
/** Readers who are served at once; whoever comes then is asked to come again. */
const readersMax = 4;

const newline = Buffer.from('\n');

/** Reads public records. Remembers how far all are public, so that these are not looked into again. */
export class PublicRecords {
  readonly #house: Pick<House, 'log' | 'runtime' | 'now'>;
  readonly #allowance = new Allowance(allowanceBytes, bytesPerSecond);
  readonly #looks = new Allowance(looksBytes, looksPerSecond);
  /** Ticks 1 … so many are public. */
  #known = 0;
  #readers = 0;

  constructor(house: Pick<House, 'log' | 'runtime' | 'now'>) {
    this.#house = house;
  }

  /** The records from tick `from` on, at most `count`, up to the first that is not public; null: too much is asked now. */
  async read(from: number, count: number): Promise<Buffer[] | null> {
    if (this.#readers >= readersMax || !this.#allowance.take(leastBytes, this.#house.now())) return null;
    this.#readers++;
    try {
      const found = await this.#read(from, count);
      const bytes = found?.reduce((sum, { length }) => sum + length, 0) ?? 0;
      this.#allowance.owe(Math.max(0, bytes - leastBytes), this.#house.now());
      return found;
    } finally {
      this.#readers--;
    }
  }

  async #read(from: number, count: number): Promise<Buffer[] | null> {
    const { log, runtime, now } = this.#house;
    const found: Buffer[] = [];
    let [bytes, step] = [0, 1];
    while (found.length < count && bytes < answerBytesMax) {
      const at = from + found.length;
      const rows = await log.read(at - 1, Math.min(step, count - found.length));
      // What is public is asked of what is durable: a tick that fails would be taken back, but not what was given out.
      await runtime.durable();
      const awaited = awaitedIn(runtime.state);
      for (const row of rows) {
        if (row.tick > this.#known && !this.#looks.take(row.record.length, now()))
          return found.length > 0 ? found : null;
        if (!this.#isPublic(row, awaited)) return found;
        const { buffer, byteOffset, length } = row.record;
        found.push(Buffer.from(buffer, byteOffset, length));
        bytes += length;
        if (bytes >= answerBytesMax) return found;
        step = length > longBytes ? 1 : stepRecords;
      }
      if (rows.length === 0) return found;
      // Messages of volunteers go before those who read history.
      await nextTurn();
    }
    return found;
  }

  #isPublic({ tick, record }: TickRecord, awaited: Awaited): boolean {
    if (tick <= this.#known) return true;
    const { runtime } = this.#house;
    if (tick > (runtime.head?.size ?? 0)) return false;
    if (heldFor(runtime.state, readRecord(record).events, awaited) !== null) return false;
    if (tick === this.#known + 1) this.#known = tick;
    return true;
  }
}

/** Answers `GET /api/log/records?from=T&count=N`. */
export async function recordsAnswer(
  c: Context,
  { runtime, metrics }: House,
  records: PublicRecords,
): Promise<Response> {
  const size = runtime.head?.size ?? 0;
  const [from, count] = [wholeOf(c.req.query('from') ?? '1'), wholeOf(c.req.query('count') ?? '')];
  if (from < 1 || from > size + 1 || count === 0) {
    const detail = `1 ≤ from ≤ ${size + 1}, count ≥ 1`;
    return c.json({ refused: 'out-of-range', detail } satisfies RefusalView, 400);
  }
  const found = await records.read(from, count < 0 ? recordsMax : Math.min(count, recordsMax));
  if (found === null) {
    metrics.refused('records too-often');
    c.header('Retry-After', '1');
    return c.json({ refused: 'too-often' } satisfies RefusalView, 429);
  }
  const body = Uint8Array.from(Buffer.concat(found.flatMap((record) => [record, newline])));
  return c.body(body, 200, { 'Content-Type': 'application/x-ndjson; charset=utf-8' });
}

/** A whole number from a query; −1 when it is none. */
function wholeOf(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : -1;
}
