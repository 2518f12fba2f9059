/** A tick's record as the log keeps it [LO1]: written once, hashed into the tree, read when the state is folded. */
import { randomBytes } from 'node:crypto';
import type { Event } from '../core/state.ts';

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

/** The record with the leaf's 0x00 before it, so that it is hashed and stored without being copied. */
export function leafOf(tick: number, at: number, receipts: string, events: readonly Event[]): Buffer {
  const salt = randomBytes(16).toString('base64url');
  return Buffer.from(
    `\0{"v":1,"tick":${tick},"at":${at},"salt":"${salt}","receipts":"${receipts}","events":${JSON.stringify(events)}}`,
  );
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
