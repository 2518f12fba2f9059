/**
 * The log in SQLite, written by a thread of its own: while the disk makes one tick durable, the loop's thread
 * reads and checks the messages of the next. Reads go to a second connection here, which sees durable ticks only.
 */
import { Worker } from 'node:worker_threads';
import type { TreePlace } from '../core/merkle.ts';
import { SqliteLog } from './log-sqlite.ts';
import type { SqliteLogOptions } from './log-sqlite.ts';
import { packBatch, StoreFault } from './log.ts';
import type {
  Answer,
  Concluded,
  Log,
  PackedBatch,
  Settled,
  Snapshot,
  StoreReason,
  TickBatch,
  TickRecord,
} from './log.ts';

/** What the thread is asked to do. */
export type Wish =
  | { readonly is: 'append'; readonly batch: PackedBatch }
  | { readonly is: 'snapshot'; readonly snapshot: Snapshot }
  | { readonly is: 'probe' }
  | { readonly is: 'close' };

/** How it went. A fault is the store's; anything else ends the thread with an error. */
export type Reply = { readonly fault: null } | { readonly fault: StoreReason; readonly detail: string };

interface Waiting {
  done(): void;
  failed(error: unknown): void;
}

export class ThreadLog implements Log {
  /** Opened first, so that an unusable file is refused here and in one line. */
  readonly #reading: SqliteLog;
  readonly #begin: () => Worker;
  #thread: Worker | null = null;
  /** In the order they were asked: the thread answers one by one. */
  readonly #waiting: Waiting[] = [];
  #size: number | null = null;
  #ended: Error | null = null;

  constructor(file: string, options: SqliteLogOptions = {}) {
    this.#reading = new SqliteLog(file);
    this.#begin = () => {
      const thread = new Worker(new URL('./log-thread-writer.ts', import.meta.url), {
        workerData: { file, options },
      });
      thread.on('message', (reply: Reply) => this.#heard(reply));
      thread.on('error', (error) => this.#end(error instanceof Error ? error : new Error(String(error))));
      thread.on('exit', () => this.#end(new StoreFault('closed', 'the log is closed')));
      return thread;
    };
    // As soon as this thread has a moment: until then it reads the log, and processors have other threads to start.
    setImmediate(() => {
      if (this.#ended === null) this.#thread ??= this.#begin();
    });
  }

  async append(batch: TickBatch): Promise<void> {
    const size = await this.size();
    if (batch.tick !== size + 1)
      throw new StoreFault('io', `tick ${batch.tick} does not follow tick ${size}`);
    const packed = packBatch(batch);
    const { record, block, answers, settled, dropped } = packed;
    const handed = [block, answers, settled, dropped].map(({ buffer }) => buffer);
    if (isAlone(record)) handed.push(record.buffer as ArrayBuffer);
    await this.#ask({ is: 'append', batch: packed }, handed);
    this.#size = batch.tick;
  }

  async size(): Promise<number> {
    this.#size ??= await this.#reading.size();
    return this.#size;
  }

  read(after: number, max: number): Promise<TickRecord[]> {
    return this.#reading.read(after, max);
  }

  nodes(places: readonly TreePlace[]): Promise<Uint8Array[]> {
    return this.#reading.nodes(places);
  }

  saveSnapshot(snapshot: Snapshot): Promise<void> {
    return this.#ask({ is: 'snapshot', snapshot });
  }

  latestSnapshot(): Promise<Snapshot | null> {
    return this.#reading.latestSnapshot();
  }

  answer(replica: number): Promise<Answer | null> {
    return this.#reading.answer(replica);
  }

  settled(job: string, chunk: number): Promise<Settled | null> {
    return this.#reading.settled(job, chunk);
  }

  results(job: string, from: number, max: number): Promise<Answer[]> {
    return this.#reading.results(job, from, max);
  }

  concluded(): Promise<Concluded[]> {
    return this.#reading.concluded();
  }

  creditedIn(account: string, from: number, max: number): Promise<number[]> {
    return this.#reading.creditedIn(account, from, max);
  }

  probe(): Promise<void> {
    return this.#ask({ is: 'probe' });
  }

  backup(file: string): Promise<void> {
    return this.#reading.backup(file);
  }

  async close(): Promise<void> {
    if (this.#ended === null) await this.#ask({ is: 'close' });
    await this.#thread?.terminate();
    await this.#reading.close();
  }

  #ask(wish: Wish, hand: readonly ArrayBuffer[] = []): Promise<void> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    return new Promise((done, failed) => {
      this.#waiting.push({ done, failed });
      this.#thread ??= this.#begin();
      this.#thread.postMessage(wish, [...hand]);
    });
  }

  #heard(reply: Reply): void {
    const next = this.#waiting.shift();
    if (reply.fault === null) next?.done();
    else next?.failed(new StoreFault(reply.fault, reply.detail));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { failed } of this.#waiting.splice(0)) failed(this.#ended);
  }
}

/** Whether a record is all of its memory, but for the leaf's first byte: then it is handed over and not copied. Short ones share theirs. */
function isAlone(record: Uint8Array): boolean {
  return record.byteOffset <= 1 && record.byteOffset + record.length === record.buffer.byteLength;
}
