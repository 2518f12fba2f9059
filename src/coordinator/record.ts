/** A tick's record as the log keeps it [LO1]: written once, hashed into the tree, read when the state is folded. */
import { randomBytes } from 'node:crypto';
import type { Entry, Event, Winner } from '../core/state.ts';
import { AsciiWriter } from './ascii.ts';

type EventOf<K extends Event['e']> = Extract<Event, { e: K }>;

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

const writer = new AsciiWriter(1 << 20);

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
  writer.restart();
  writer.ascii(`\0{"v":1,"tick":${tick},"at":${at},"salt":"${salt}","receipts":"${receipts}","events":[`);
  for (let i = 0; i < events.length; i++) {
    if (i > 0) writer.ascii(',');
    putEvent(events[i] as Event);
  }
  writer.ascii(']}');
  return writer.copy();
}

/**
 * Writes an event as JSON.stringify would, several times as fast for the kinds that come with every chunk: nothing in those
 * is a text that JSON would have to escape, or that is not ASCII (ids, digests and roots have been decoded by a schema).
 */
function putEvent(event: Event): void {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- what is rare is written by the platform
  switch (event.e) {
    case 'leased':
      return putLeased(event);
    case 'committed':
      return putCommitted(event);
    case 'accepted':
      return putAccepted(event);
    case 'audited':
      return putAudited(event);
    default:
      writer.text(JSON.stringify(event));
  }
}

function putLeased(event: EventOf<'leased'>): void {
  putNumber('{"e":"leased","lease":', event.lease);
  putText(',"job":"', event.job);
  putNumber('","chunk":', event.chunk);
  putNumber(',"count":', event.count);
  putWho(',', event.device, event.account, event.site);
  putNumber(',"slot":', event.slot);
  putText(',"backend":"', event.backend);
  putNumber('","rateMilli":', event.rateMilli);
  putNumber(',"deadline":', event.deadline);
  writer.ascii(event.beside === true ? ',"beside":true}' : '}');
}

function putCommitted(event: EventOf<'committed'>): void {
  putText('{"e":"committed","job":"', event.job);
  putNumber('","chunk":', event.chunk);
  putNumber(',"replica":', event.replica);
  putWho(',', event.device, event.account, event.site);
  putText(',"root":"', event.root);
  putText('","digests":"', event.digests);
  writer.ascii(event.stored ? '","stored":true' : '","stored":false');
  putNumbers(',"agrees":[', event.agrees);
  writer.ascii(']}');
}

function putAccepted(event: EventOf<'accepted'>): void {
  putText('{"e":"accepted","job":"', event.job);
  putNumber('","chunk":', event.chunk);
  putText(',"root":"', event.root);
  putNumber('","replica":', event.replica);
  writer.ascii(',"winners":[');
  for (let i = 0; i < event.winners.length; i++) {
    const { replica, device, account, site } = event.winners[i] as Winner;
    putNumber(i === 0 ? '{"replica":' : ',{"replica":', replica);
    putWho(',', device, account, site);
    writer.ascii('}');
  }
  putNumbers('],"losers":[', event.losers);
  writer.ascii(event.final ? '],"final":true' : '],"final":false');
  if (event.drawn !== undefined) {
    putNumbers(',"drawn":[', event.drawn);
    writer.ascii(']');
  }
  putEntries(event.entries);
}

function putAudited(event: EventOf<'audited'>): void {
  putNumber('{"e":"audited","audit":', event.audit);
  putText(',"job":"', event.job);
  putNumber('","chunk":', event.chunk);
  putNumbers(',"units":[', event.units);
  putNumbers('],"wrong":[', event.wrong);
  putWho('],', event.device, event.account, event.site);
  putEntries(event.entries);
}

/** The last field of an event. */
function putEntries(entries: readonly Entry[]): void {
  writer.ascii(',"entries":[');
  for (let i = 0; i < entries.length; i++) {
    const { from, to, amountMicro } = entries[i] as Entry;
    putText(i === 0 ? '{"from":"' : ',{"from":"', from);
    putText('","to":"', to);
    putNumber('","amountMicro":', amountMicro);
    writer.ascii('}');
  }
  writer.ascii(']}');
}

/** An anchor's audit names no site. */
function putWho(before: string, device: string, account: string, site: string | null | undefined): void {
  writer.ascii(before);
  putText('"device":"', device);
  putText('","account":"', account);
  if (site === undefined) writer.ascii('"');
  else if (site === null) writer.ascii('","site":null');
  else {
    putText('","site":"', site);
    writer.ascii('"');
  }
}

function putText(before: string, text: string): void {
  writer.ascii(before);
  writer.ascii(text);
}

function putNumber(before: string, value: number): void {
  writer.ascii(before);
  writer.number(value);
}

function putNumbers(before: string, values: readonly number[]): void {
  writer.ascii(before);
  writer.numbers(values);
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
