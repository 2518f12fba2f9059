/** A tick's record as the log keeps it [LO1]: written once, hashed into the tree, read when the state is folded. */
import { randomBytes } from 'node:crypto';
import type { Entry, Event, Winner } from '../core/state.ts';

/** A record read back. It is our own: trusted once its hash is in the tree. */
export interface TickWord {
  readonly v: number;
  readonly tick: number;
  readonly at: number;
  readonly salt: string;
  /** Root of the tick's receipts in hex; '' = none. */
  readonly receipts: string;
  readonly events: readonly Event[];
}

let scratch = Buffer.allocUnsafeSlow(1 << 20);
/** UTF-8 takes at most so many bytes for each unit of a JavaScript string. */
const bytesPerUnit = 3;

/** Writes text into the scratch buffer; says where it ends. */
function put(at: number, text: string): number {
  const needed = at + bytesPerUnit * text.length;
  if (needed > scratch.length) {
    const larger = Buffer.allocUnsafeSlow(2 * needed);
    scratch.copy(larger, 0, 0, at);
    scratch = larger;
  }
  return at + scratch.write(text, at);
}

/**
 * The record with the leaf's 0x00 before it, so that it is hashed and stored without being copied. Written event by event: one
 * long text of all of them would be put together, gone through and thrown away for every tick.
 */
export function leafOf(
  tick: number,
  at: number,
  receipts: string,
  events: readonly Event[],
): Buffer<ArrayBuffer> {
  const salt = randomBytes(16).toString('base64url');
  let end = put(0, `\0{"v":1,"tick":${tick},"at":${at},"salt":"${salt}","receipts":"${receipts}","events":[`);
  for (let i = 0; i < events.length; i++) {
    const text = eventText(events[i] as Event);
    end = put(end, i === 0 ? text : `,${text}`);
  }
  end = put(end, ']}');
  const leaf = Buffer.allocUnsafeSlow(end);
  scratch.copy(leaf, 0, 0, end);
  return leaf;
}

/**
 * An event as JSON.stringify writes it, four times as fast for the kinds that come with every chunk: nothing in those
 * is a text that JSON would have to escape (ids, digests and roots have been decoded by a schema).
 */
export function eventText(event: Event): string {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- what is rare is written by the platform
  switch (event.e) {
    case 'leased': {
      const { lease, job, chunk, count, device, account, site, slot, backend, rateMilli, deadline, beside } =
        event;
      return `{"e":"leased","lease":${lease},"job":"${job}","chunk":${chunk},"count":${count},${who(device, account, site)},"slot":${slot},"backend":"${backend}","rateMilli":${rateMilli},"deadline":${deadline}${beside === true ? ',"beside":true' : ''}}`;
    }
    case 'committed': {
      const { job, chunk, replica, device, account, site, root, digests, stored, agrees } = event;
      return `{"e":"committed","job":"${job}","chunk":${chunk},"replica":${replica},${who(device, account, site)},"root":"${root}","digests":"${digests}","stored":${stored},"agrees":[${agrees.join(',')}]}`;
    }
    case 'accepted': {
      const { job, chunk, root, replica, winners, losers, final, drawn, entries } = event;
      return `{"e":"accepted","job":"${job}","chunk":${chunk},"root":"${root}","replica":${replica},"winners":[${listText(winners, winnerText)}],"losers":[${losers.join(',')}],"final":${final},${drawn === undefined ? '' : `"drawn":[${drawn.join(',')}],`}"entries":[${listText(entries, entryText)}]}`;
    }
    case 'audited': {
      const { audit, job, chunk, units, wrong, device, account, site, entries } = event;
      const from =
        site === undefined ? `"device":"${device}","account":"${account}"` : who(device, account, site);
      return `{"e":"audited","audit":${audit},"job":"${job}","chunk":${chunk},"units":[${units.join(',')}],"wrong":[${wrong.join(',')}],${from},"entries":[${listText(entries, entryText)}]}`;
    }
    default:
      return JSON.stringify(event);
  }
}

function who(device: string, account: string, site: string | null): string {
  return `"device":"${device}","account":"${account}","site":${site === null ? 'null' : `"${site}"`}`;
}

function listText<T>(items: readonly T[], textOf: (item: T) => string): string {
  let text = '';
  for (let i = 0; i < items.length; i++)
    text += i === 0 ? textOf(items[i] as T) : `,${textOf(items[i] as T)}`;
  return text;
}

function winnerText({ replica, device, account, site }: Winner): string {
  return `{"replica":${replica},${who(device, account, site)}}`;
}

function entryText({ from, to, amountMicro }: Entry): string {
  return `{"from":"${from}","to":"${to}","amountMicro":${amountMicro}}`;
}

/** Throws when the record is of a version that this code does not know. */
export function readRecord(record: Uint8Array): TickWord {
  const word = JSON.parse(
    Buffer.from(record.buffer, record.byteOffset, record.byteLength).toString('utf8'),
  ) as TickWord;
  if (word.v !== 1)
    throw new Error(`the log has a record of version ${word.v}, which this version of Talka does not read`);
  return word;
}
