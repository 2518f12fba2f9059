/**
 * Looks up in the log what was found of somebody's answer, for whoever objects and for the operator who decides: the
 * `disproved` event, and what had been claimed. The log has no index by device; the state remembers when the last fault was.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Backend, Event } from '../core/state.ts';
import type { Log, TickRecord } from './log.ts';
import { readRecord } from './record.ts';

type Disproved = Extract<Event, { e: 'disproved' }>;

/** What the log says of a wrong answer, and where. */
export interface Evidence {
  readonly tick: number;
  readonly at: number;
  readonly found: Disproved;
}

/** Whose answer to what. */
export interface Answered {
  readonly device: string;
  readonly job: string;
  readonly chunk: number;
}

/** Records that are read at once, and how many are looked through for what was claimed. */
const stepRecords = 256;
const lookedThroughMax = 500_000;

/** What was found of an identity at that very moment; null: nothing was. `size`: the log's. */
export async function foundAt(
  log: Log,
  size: number,
  at: number,
  device: string,
  backend: Backend,
): Promise<Evidence | null> {
  for (let after = await ticksBefore(log, size, at); after < size; after++) {
    const [row] = await log.read(after, 1);
    if (row === undefined || timeOf(row) !== at) return null;
    const found = disprovedIn(row, (event) => event.device === device && event.backend === backend);
    if (found !== null) return { tick: row.tick, at, found };
  }
  return null;
}

/** What a tick says that was found of an answer; null where it says nothing of it (a restore may have taken it back). */
export async function foundIn(log: Log, tick: number, answered: Answered): Promise<Evidence | null> {
  const [row] = await log.read(tick - 1, 1);
  const found = row === undefined ? null : disprovedIn(row, (event) => isOf(event, answered));
  return row === undefined || found === null ? null : { tick, at: timeOf(row), found };
}

/**
 * The digests that were claimed for some units, in hex, as long as they were on the wire; empty where the commitment is not found. Looks back
 * from the tick that found them wrong; `from`: the chunk's first unit, `width`: bytes of a digest.
 */
export async function claimedOf(
  log: Log,
  { tick, found }: Evidence,
  from: number,
  width: number,
): Promise<string[]> {
  const { device, job, chunk, wrong, audit } = found;
  // What an auditor said is committed to nowhere: two engines found it wrong while it was at hand [AU7], and the event has it.
  if (audit !== undefined) return [...(found.claimed ?? [])];
  // As `leafOf` writes a commitment: what does not hold this need not be parsed.
  const needle = `"job":"${job}","chunk":${chunk},"replica":`;
  const last = Math.max(0, tick - lookedThroughMax);
  for (let end = tick; end > last; end -= stepRecords) {
    const started = performance.now();
    const begin = Math.max(last, end - stepRecords);
    const rows = await log.read(begin, end - begin);
    for (const row of rows.toReversed()) {
      if (!bytesOf(row).includes(needle)) continue;
      const digests = committedIn(row, { device, job, chunk });
      if (digests === null) continue;
      const bytes = Buffer.from(digests, 'base64url');
      return wrong.map((unit) => bytes.toString('hex', (unit - from) * width, (unit - from + 1) * width));
    }
    // Messages of volunteers go before this: it has a third of the loop's time at most.
    await sleep(2 * (performance.now() - started));
  }
  return [];
}

function committedIn(row: TickRecord, answered: Answered): string | null {
  const event = readRecord(row.record).events.findLast((one) => one.e === 'committed' && isOf(one, answered));
  return event?.e === 'committed' ? event.digests : null;
}

function disprovedIn(row: TickRecord, holds: (event: Disproved) => boolean): Disproved | null {
  for (const event of readRecord(row.record).events)
    if (event.e === 'disproved' && holds(event)) return event;
  return null;
}

function isOf(one: Answered, other: Answered): boolean {
  return one.device === other.device && one.job === other.job && one.chunk === other.chunk;
}

/** How many ticks are earlier than a moment: times in the log never go back. */
async function ticksBefore(log: Log, size: number, at: number): Promise<number> {
  let [low, high] = [0, size];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [row] = await log.read(middle, 1);
    if (row !== undefined && timeOf(row) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

function bytesOf({ record }: TickRecord): Buffer {
  return Buffer.from(record.buffer, record.byteOffset, record.byteLength);
}

/** A record's time, from its first bytes: a long one need not be parsed for it. */
function timeOf(row: TickRecord): number {
  const found = /^\{"v":1,"tick":\d+,"at":(\d+),/.exec(bytesOf(row).toString('latin1', 0, 80));
  return found === null ? readRecord(row.record).at : Number(found[1]);
}
