/** What survives a crash of the simulated coordinator: the log, a snapshot, and what became of each answer. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { AuditDesk } from '../../src/coordinator/audit-desk.ts';
import type { whoMay } from '../../src/core/auditing.ts';
import type { Upkeep } from '../../src/core/checking.ts';
import { freeze, thaw } from '../../src/core/snapshot.ts';
import { emptyState } from '../../src/core/state.ts';
import type { Command, Decision, Event, State } from '../../src/core/state.ts';

/** The rules as they are, or with a bug planted. */
export interface Rules {
  decide(state: State, command: Command, at: number): Decision;
  evolve(state: State, event: Event, at: number): void;
  upkeep(state: State, at: number, max: number): Upkeep[];
  readonly whoMay: typeof whoMay;
  /** What draws who audits, and knows who is at what. */
  readonly Desk: typeof AuditDesk;
  /** Whether bytes are those that were committed to: the shell digests them itself [WR7]. */
  matches(root: string, output: string): boolean;
}

export interface Disk {
  readonly records: string[];
  /** The log's head after each record: a chain of hashes, which is all that the volunteer's loop compares. */
  readonly roots: string[];
  snapshot: { readonly tick: number; readonly text: string };
  /** Of every committed replica: whose it is, and what it came to. */
  readonly answers: Map<number, Answer>;
  /** What was answered for each provisional or final chunk, by `job/chunk`: what an audit compares with. */
  readonly claims: Map<string, string>;
  /** What was stored for a replica, where it is not what its root says. */
  readonly outputs: Map<number, string>;
}

export interface Answer {
  readonly device: string;
  readonly job: string;
  readonly chunk: number;
  readonly paid: { readonly amountMicro: number; readonly withAnchor: boolean } | null;
  /** Settled against it or without it. */
  readonly over: boolean;
}

/** A snapshot is made after so many records: few, so that a day has several. */
const snapshotRecords = 400;

export function emptyDisk(): Disk {
  return {
    records: [],
    roots: [],
    snapshot: { tick: 0, text: freeze(emptyState()) },
    answers: new Map(),
    claims: new Map(),
    outputs: new Map(),
  };
}

/** State = snapshot + tail of the log. */
export function fold(disk: Disk, rules: Rules): State {
  const state = thaw(disk.snapshot.text);
  if (state === null) throw new Error('our own snapshot is not read');
  for (const record of disk.records.slice(disk.snapshot.tick)) {
    const { at, events } = JSON.parse(record) as { at: number; events: Event[] };
    for (const event of events) rules.evolve(state, event, at);
  }
  return state;
}

/** One tick becomes one record; now and then `state`, which is what it led to, becomes a snapshot. Returns the record. */
export function persist(
  disk: Disk,
  at: number,
  salt: string,
  events: readonly Event[],
  answers: readonly (readonly [number, Answer])[],
  state: State,
): string {
  const tick = disk.records.length + 1;
  const record = `{"v":1,"tick":${tick},"at":${at},"salt":"${salt}","receipts":"","events":${JSON.stringify(events)}}`;
  disk.records.push(record);
  disk.roots.push(bytesToHex(sha256(utf8ToBytes((disk.roots.at(-1) ?? '') + record))));
  for (const event of events)
    if (event.e === 'accepted') disk.claims.set(`${event.job}/${event.chunk}`, event.root);
  for (const [replica, answer] of answers) disk.answers.set(replica, answer);
  if (tick - disk.snapshot.tick >= snapshotRecords) disk.snapshot = { tick, text: freeze(state) };
  return record;
}
