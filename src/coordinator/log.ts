/**
 * The log: the one place where what happened becomes true. A port with two implementations
 * (`log-sqlite.ts`, `log-memory.ts`) and one suite (test/contract/log.ts). Asynchronous and batched: one
 * `append` is one tick, one transaction and one record; nothing leaves the coordinator before it resolves.
 */
import type { TreeNode, TreePlace } from '../core/merkle.ts';

/** The outputs of a chunk's units, in order. */
export interface Outputs {
  readonly lengths: readonly number[];
  /** All outputs, one after the other: as long as the lengths' sum. */
  readonly bytes: Uint8Array;
}

/** A committed replica as the store keeps it. */
export interface Answer {
  readonly replica: number;
  readonly job: string;
  readonly chunk: number;
  /** null: it came as digests only, or its bytes were no longer wanted. */
  readonly outputs: Outputs | null;
}

/** A settled chunk: whose answer is the result, and in which tick that was decided. */
export interface Settled {
  readonly job: string;
  readonly chunk: number;
  readonly replica: number;
  readonly tick: number;
}

/** Chunks [from, to) of a job. */
export interface Reopened {
  readonly job: string;
  readonly from: number;
  readonly to: number;
}

/** A concluded job's last view, as JSON text. */
export interface Concluded {
  readonly job: string;
  readonly view: string;
}

/** One tick: all of it is stored, or nothing. */
export interface TickBatch {
  readonly tick: number;
  /** The record as [LO1] says, in UTF-8. Given away: whoever appends may find it empty afterwards. */
  readonly record: Uint8Array;
  /** Root of the log's tree with this record in it. */
  readonly root: Uint8Array;
  /** Complete subtrees that this record brought into being. */
  readonly nodes: readonly TreeNode[];
  readonly answers: readonly Answer[];
  readonly settled: readonly Omit<Settled, 'tick'>[];
  /** Runs of chunks whose result is void: they are settled no more, those of this tick included. */
  readonly reopened: readonly Reopened[];
  /** Answers whose bytes are no longer wanted: another's are the result. */
  readonly dropped: readonly number[];
  readonly concluded: readonly Concluded[];
  /** Accounts of which work vested or was void in it, that it paid for audits, or for chunks while they were away: each once. */
  readonly credited: readonly string[];
}

/** A tick as a thread can be handed it: numbers in columns and outputs in one block, neither of them copied on the way. */
export interface PackedBatch extends Omit<TickBatch, 'answers' | 'settled' | 'dropped'> {
  /** Four numbers an answer: replica, job's number, chunk, length of its packed outputs (−1 = none). */
  readonly answers: Float64Array<ArrayBuffer>;
  /** Three numbers a settled chunk: job's number, chunk, replica. */
  readonly settled: Float64Array<ArrayBuffer>;
  readonly dropped: Float64Array<ArrayBuffer>;
  /** Packed outputs one after the other. */
  readonly block: Uint8Array<ArrayBuffer>;
}

/** Job ids are `j` and a number; the number is what is stored. */
export function jobNumber(job: string): number {
  return Number(job.slice(1));
}

export interface TickRecord {
  readonly tick: number;
  readonly record: Uint8Array;
  readonly root: Uint8Array;
}

export interface Snapshot {
  /** The last tick it contains. */
  readonly tick: number;
  readonly text: string;
}

export interface Log {
  /** Makes one tick durable. Throws StoreFault, and then nothing of it is stored. */
  append(batch: TickBatch): Promise<void>;
  /** How many ticks there are: the number of the last one, and the tree's size. */
  size(): Promise<number>;
  /** Ticks after `after`, in order, at most `max`. */
  read(after: number, max: number): Promise<TickRecord[]>;
  /** Hashes of complete subtrees of the log's tree. Throws when one is not there: that is our own bug. */
  nodes(places: readonly TreePlace[]): Promise<Uint8Array[]>;
  saveSnapshot(snapshot: Snapshot): Promise<void>;
  latestSnapshot(): Promise<Snapshot | null>;
  answer(replica: number): Promise<Answer | null>;
  settled(job: string, chunk: number): Promise<Settled | null>;
  /** Results of settled chunks from `from` on, in order of chunks, at most `max`. */
  results(job: string, from: number, max: number): Promise<Answer[]>;
  concluded(): Promise<Concluded[]>;
  /** Ticks from `from` on that have an account among their `credited`, in order, at most `max`. */
  creditedIn(account: string, from: number, max: number): Promise<number[]>;
  /** Writes a little for real and takes it away again. Throws StoreFault while the store takes no writes. */
  probe(): Promise<void>;
  /** Writes a consistent copy to a file while the log goes on. */
  backup(file: string): Promise<void>;
  close(): Promise<void>;
}

/** Why the store did not take a write. */
export type StoreReason = 'full' | 'busy' | 'read-only' | 'io' | 'closed';

/** The world is wrong, not we: the store failed. */
export class StoreFault extends Error {
  override name = 'StoreFault';
  readonly reason: StoreReason;
  constructor(reason: StoreReason, detail: string) {
    super(`${reason}: ${detail}`);
    this.reason = reason;
  }
}

/** Where a complete subtree lies when nodes are numbered in the order they come to be (post-order): rows are only ever appended. */
export function nodePosition({ level, index }: TreePlace): number {
  const lastLeaf = (index + 1) * 2 ** level - 1;
  let ones = 0;
  for (let rest = lastLeaf; rest > 0; rest = Math.floor(rest / 2)) ones += rest % 2;
  return 2 * lastLeaf - ones + level;
}

/** One blob for a chunk's outputs: u32 count, u32 lengths, bytes (big-endian). Says where the next begins. */
function putOutputs(block: Uint8Array, view: DataView, at: number, { lengths, bytes }: Outputs): number {
  view.setUint32(at, lengths.length);
  at += 4;
  for (let i = 0; i < lengths.length; i++, at += 4) view.setUint32(at, lengths[i] as number);
  block.set(bytes, at);
  return at + bytes.length;
}

export function unpackOutputs(packed: Uint8Array): Outputs {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const count = view.getUint32(0);
  const lengths = Array.from({ length: count }, (_, i) => view.getUint32(4 + 4 * i));
  return { lengths, bytes: packed.subarray(4 + 4 * count) };
}

/** Each unit's output in turn, as views. */
export function* eachOutput({ lengths, bytes }: Outputs): Generator<Uint8Array> {
  let at = 0;
  for (const length of lengths) {
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

/** Packs a tick for the store. */
export function packBatch(batch: TickBatch): PackedBatch {
  const answers = new Float64Array(4 * batch.answers.length);
  let total = 0;
  let at = 0;
  for (const { replica, job, chunk, outputs } of batch.answers) {
    const length = outputs === null ? -1 : 4 + 4 * outputs.lengths.length + outputs.bytes.length;
    answers[at++] = replica;
    answers[at++] = jobNumber(job);
    answers[at++] = chunk;
    answers[at++] = length;
    if (length > 0) total += length;
  }
  const settled = new Float64Array(3 * batch.settled.length);
  at = 0;
  for (const { job, chunk, replica } of batch.settled) {
    settled[at++] = jobNumber(job);
    settled[at++] = chunk;
    settled[at++] = replica;
  }
  const block = new Uint8Array(total);
  const view = new DataView(block.buffer);
  at = 0;
  for (const { outputs } of batch.answers) if (outputs !== null) at = putOutputs(block, view, at, outputs);
  return { ...batch, answers, settled, dropped: Float64Array.from(batch.dropped), block };
}
