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

/** A concluded job's last view, as JSON text. */
export interface Concluded {
  readonly job: string;
  readonly view: string;
}

/** One tick: all of it is stored, or nothing. */
export interface TickBatch {
  readonly tick: number;
  /** The record as [LO1] says, in UTF-8. */
  readonly record: Uint8Array;
  /** Root of the log's tree with this record in it. */
  readonly root: Uint8Array;
  /** Complete subtrees that this record brought into being. */
  readonly nodes: readonly TreeNode[];
  readonly answers: readonly Answer[];
  readonly settled: readonly Omit<Settled, 'tick'>[];
  /** Answers whose bytes are no longer wanted: another's are the result. */
  readonly dropped: readonly number[];
  readonly concluded: readonly Concluded[];
}

/** A tick with the outputs of all its answers in one block, which a thread can be handed without copying. */
export interface PackedBatch extends Omit<TickBatch, 'answers'> {
  readonly answers: readonly {
    readonly replica: number;
    readonly job: string;
    readonly chunk: number;
    readonly length: number;
  }[];
  /** Packed outputs one after the other; an answer of length −1 has none. */
  readonly block: Uint8Array;
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

/** One blob for a chunk's outputs: u32 count, u32 lengths, bytes (big-endian). */
export function packOutputs({ lengths, bytes }: Outputs): Buffer {
  const packed = Buffer.allocUnsafe(4 + 4 * lengths.length + bytes.length);
  packed.writeUInt32BE(lengths.length, 0);
  for (let i = 0; i < lengths.length; i++) packed.writeUInt32BE(lengths[i] as number, 4 + 4 * i);
  packed.set(bytes, 4 + 4 * lengths.length);
  return packed;
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

/** Packs a tick's outputs into one block. */
export function packBatch(batch: TickBatch): PackedBatch {
  const blobs = batch.answers.map(({ outputs }) => (outputs === null ? null : packOutputs(outputs)));
  let total = 0;
  for (const blob of blobs) total += blob?.length ?? 0;
  const block = new Uint8Array(total);
  let at = 0;
  const answers = batch.answers.map(({ replica, job, chunk }, i) => {
    const blob = blobs[i] ?? null;
    if (blob !== null) block.set(blob, at);
    at += blob?.length ?? 0;
    return { replica, job, chunk, length: blob?.length ?? -1 };
  });
  return { ...batch, answers, block };
}
