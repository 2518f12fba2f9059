/**
 * The log in SQLite, written by a thread of its own: while the disk makes one tick durable, the loop's thread
 * reads and checks the messages of the next. Reads go to a second connection here, which sees durable ticks only. In
 * the first moments after a start, until the thread is there, that one writes too: whoever waits for a first lease should not wait for a thread.
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

/** The thread is there, and has not opened the file yet: it does with the first wish. */
export type There = 'there';

/** So long after a start the thread is begun: the processors have others to start first. */
const aloneMs = 150;

interface Waiting {
  done(): void;
  failed(error: unknown): void;
}

export class ThreadLog implements Log {
  /** Opened first, so that an unusable file is refused here and in one line. */
  readonly #own: SqliteLog;
  readonly #begin: () => Worker;
  readonly #beginning: NodeJS.Timeout | null;
  #thread: Worker | null = null;
  /** Whether writes go to the thread; from then on they always do. */
  #isHanded = false;
  /** In the order they were asked: the thread answers one by one. */
  readonly #waiting: Waiting[] = [];
  #size: number | null = null;
  #ended: Error | null = null;

  /** `alone`: how long this thread writes by itself before another is begun, in milliseconds; 0: never. */
  constructor(file: string, options: SqliteLogOptions = {}, alone = aloneMs) {
    this.#own = new SqliteLog(file, options);
    this.#begin = () => {
      const thread = new Worker(new URL('./log-thread-writer.ts', import.meta.url), {
        workerData: { file, options },
      });
      thread.on('message', (reply: Reply | There) => {
        if (reply === 'there') this.#isHanded = true;
        else this.#heard(reply);
      });
      thread.on('error', (error) => this.#end(error instanceof Error ? error : new Error(String(error))));
      thread.on('exit', () => this.#end(new StoreFault('closed', 'the log is closed')));
      return thread;
    };
    this.#isHanded = alone === 0;
    this.#beginning = alone === 0 ? null : setTimeout(() => (this.#thread ??= this.#begin()), alone).unref();
  }

  async append(batch: TickBatch): Promise<void> {
    const size = await this.size();
    if (batch.tick !== size + 1)
      throw new StoreFault('io', `tick ${batch.tick} does not follow tick ${size}`);
    if (this.#writesItself) {
      await this.#own.append(batch);
      this.#size = batch.tick;
      return;
    }
    const packed = packBatch(batch);
    const { record, block, answers, settled, dropped } = packed;
    const handed = [block, answers, settled, dropped].map(({ buffer }) => buffer);
    if (isAlone(record)) handed.push(record.buffer as ArrayBuffer);
    await this.#ask({ is: 'append', batch: packed }, handed);
    this.#size = batch.tick;
  }

  async size(): Promise<number> {
    this.#size ??= await this.#own.size();
    return this.#size;
  }

  read(after: number, max: number): Promise<TickRecord[]> {
    return this.#own.read(after, max);
  }

  nodes(places: readonly TreePlace[]): Promise<Uint8Array[]> {
    return this.#own.nodes(places);
  }

  saveSnapshot(snapshot: Snapshot): Promise<void> {
    return this.#writesItself ? this.#own.saveSnapshot(snapshot) : this.#ask({ is: 'snapshot', snapshot });
  }

  latestSnapshot(): Promise<Snapshot | null> {
    return this.#own.latestSnapshot();
  }

  answer(replica: number): Promise<Answer | null> {
    return this.#own.answer(replica);
  }

  settled(job: string, chunk: number): Promise<Settled | null> {
    return this.#own.settled(job, chunk);
  }

  results(job: string, from: number, max: number): Promise<Answer[]> {
    return this.#own.results(job, from, max);
  }

  concluded(): Promise<Concluded[]> {
    return this.#own.concluded();
  }

  creditedIn(account: string, from: number, max: number): Promise<number[]> {
    return this.#own.creditedIn(account, from, max);
  }

  probe(): Promise<void> {
    return this.#writesItself ? this.#own.probe() : this.#ask({ is: 'probe' });
  }

  backup(file: string): Promise<void> {
    return this.#own.backup(file);
  }

  async close(): Promise<void> {
    clearTimeout(this.#beginning ?? undefined);
    if (this.#writesItself) this.#ended = new StoreFault('closed', 'the log is closed');
    if (this.#ended === null) await this.#ask({ is: 'close' });
    await this.#thread?.terminate();
    await this.#own.close();
  }

  /** Whether the thread is there, and writes from now on. */
  get isHanded(): boolean {
    return this.#isHanded;
  }

  get #writesItself(): boolean {
    return !this.#isHanded && this.#ended === null;
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
