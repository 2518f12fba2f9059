/** A tick's record as the log keeps it [LO1]: written once, hashed into the tree, read when the state is folded. */
import { randomBytes } from 'node:crypto';
import type { Entry, Event, Winner } from '../core/state.ts';
import { AsciiWriter, literal } from './ascii.ts';

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
    if (i > 0) writer.put(comma);
    putEvent(events[i] as Event);
  }
  writer.put(endOfAll);
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

/** What stands between the values of an event, in its order. */
const leased = {
  lease: literal('{"e":"leased","lease":'),
  slot: literal(',"slot":'),
  backend: literal(',"backend":"'),
  rateMilli: literal('","rateMilli":'),
  deadline: literal(',"deadline":'),
  beside: literal(',"beside":true}'),
};
const committed = {
  job: literal('{"e":"committed","job":"'),
  digests: literal('","digests":"'),
  stored: literal('","stored":true,"agrees":['),
  notStored: literal('","stored":false,"agrees":['),
};
const accepted = {
  job: literal('{"e":"accepted","job":"'),
  replica: literal('","replica":'),
  winners: literal(',"winners":['),
  winner: literal('{"replica":'),
  next: literal(',{"replica":'),
  losers: literal('],"losers":['),
  final: literal('],"final":true'),
  notFinal: literal('],"final":false'),
  drawn: literal(',"drawn":['),
  auditors: literal(',"auditors":'),
};
const audited = {
  audit: literal('{"e":"audited","audit":'),
  units: literal(',"units":['),
  wrong: literal('],"wrong":['),
};
const entry = {
  all: literal(',"entries":['),
  from: literal('{"from":"'),
  next: literal(',{"from":"'),
  to: literal('","to":"'),
  amountMicro: literal('","amountMicro":'),
};
const job = literal(',"job":"');
const chunk = literal('","chunk":');
const count = literal(',"count":');
const replica = literal(',"replica":');
const root = literal(',"root":"');
const end = literal('}');
const endOfList = literal(']');
const comma = literal(',');
const afterList = literal('],');
const endOfAll = literal(']}');

function putLeased(event: EventOf<'leased'>): void {
  putNumber(leased.lease, event.lease);
  putText(job, event.job);
  putNumber(chunk, event.chunk);
  putNumber(count, event.count);
  putWho(comma, event.device, event.account, event.site);
  putNumber(leased.slot, event.slot);
  putText(leased.backend, event.backend);
  putNumber(leased.rateMilli, event.rateMilli);
  putNumber(leased.deadline, event.deadline);
  writer.put(event.beside === true ? leased.beside : end);
}

function putCommitted(event: EventOf<'committed'>): void {
  putText(committed.job, event.job);
  putNumber(chunk, event.chunk);
  putNumber(replica, event.replica);
  putWho(comma, event.device, event.account, event.site);
  putText(root, event.root);
  putText(committed.digests, event.digests);
  putNumbers(event.stored ? committed.stored : committed.notStored, event.agrees);
  writer.put(endOfAll);
}

function putAccepted(event: EventOf<'accepted'>): void {
  putText(accepted.job, event.job);
  putNumber(chunk, event.chunk);
  putText(root, event.root);
  putNumber(accepted.replica, event.replica);
  writer.put(accepted.winners);
  for (let i = 0; i < event.winners.length; i++) {
    const { replica: id, device, account, site } = event.winners[i] as Winner;
    putNumber(i === 0 ? accepted.winner : accepted.next, id);
    putWho(comma, device, account, site);
    writer.put(end);
  }
  putNumbers(accepted.losers, event.losers);
  writer.put(event.final ? accepted.final : accepted.notFinal);
  if (event.drawn !== undefined) {
    putNumbers(accepted.drawn, event.drawn);
    writer.put(endOfList);
    if (event.auditors !== undefined) putNumber(accepted.auditors, event.auditors);
  }
  putEntries(event.entries);
}

function putAudited(event: EventOf<'audited'>): void {
  putNumber(audited.audit, event.audit);
  putText(job, event.job);
  putNumber(chunk, event.chunk);
  putNumbers(audited.units, event.units);
  putNumbers(audited.wrong, event.wrong);
  putWho(afterList, event.device, event.account, event.site);
  putEntries(event.entries);
}

/** The last field of an event. */
function putEntries(entries: readonly Entry[]): void {
  writer.put(entry.all);
  for (let i = 0; i < entries.length; i++) {
    const { from, to, amountMicro } = entries[i] as Entry;
    putText(i === 0 ? entry.from : entry.next, from);
    putText(entry.to, to);
    putNumber(entry.amountMicro, amountMicro);
    writer.put(end);
  }
  writer.put(endOfAll);
}

/** Who did something, as events name them. */
interface Who {
  readonly account: string;
  readonly site: string | null | undefined;
  readonly words: Uint8Array;
}

/** So many are remembered: each stands in every event of its work, several times a chunk. */
const whoMax = 1 << 14;
const known = new Map<string, Who>();

/** An anchor's audit names no site. */
function putWho(before: Uint8Array, device: string, account: string, site: string | null | undefined): void {
  writer.put(before);
  let who = known.get(device);
  if (who?.account !== account || who.site !== site) {
    const fields = JSON.stringify({ device, account, site }).slice(1, -1);
    who = { account, site, words: literal(fields) };
    if (known.size >= whoMax) known.clear();
    known.set(device, who);
  }
  writer.put(who.words);
}

function putText(before: Uint8Array, text: string): void {
  writer.put(before);
  writer.ascii(text);
}

function putNumber(before: Uint8Array, value: number): void {
  writer.put(before);
  writer.number(value);
}

function putNumbers(before: Uint8Array, values: readonly number[]): void {
  writer.put(before);
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
