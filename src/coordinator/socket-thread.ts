/**
 * Sockets that are read and written by a thread of their own: it listens, takes frames apart and puts messages together
 * (`socket-thread-worker.ts`), while the loop's thread decides. Whoever asks for a volunteer's socket is met here as a
 * `Line`; every other connection is handed to an HTTP server of this thread, byte by byte (decision 0012).
 */
import type { Server } from 'node:http';
import { Worker } from 'node:worker_threads';
import { expectedBytes } from './expected.ts';
import type { Told } from './expected.ts';
import { FarConnection } from './far-connection.ts';
import type { CameFrom, FarEnd } from './far-connection.ts';
import { closeCodes, closeFrame, textFrame } from './frames.ts';
import type { Ear, Line, SocketLimits } from './server-socket.ts';
import { socketLimits } from './knock.ts';
import type { Knock } from './knock.ts';
import type { Sockets } from './socket.ts';
import { BatchWriter, entries, readBatch } from './socket-batch.ts';
import type { Entry } from './socket-batch.ts';

/** What the thread is asked, but for what is in batches. */
export type SocketWish =
  | { readonly is: 'listen'; readonly host: string; readonly port: number; readonly tls: Pair | null }
  | { readonly is: 'write'; readonly connection: number; readonly bytes: Uint8Array }
  | { readonly is: 'took' | 'end' | 'destroy'; readonly connection: number }
  | { readonly is: 'close' };

/** What it says, but for what is in batches. */
export type SocketNews =
  | { readonly is: 'listening'; readonly port: number }
  | { readonly is: 'deaf'; readonly code: string; readonly why: string }
  | { readonly is: 'knock'; readonly socket: number; readonly knock: Knock }
  | { readonly is: 'came'; readonly connection: number; readonly from: CameFrom }
  | { readonly is: 'bytes'; readonly connection: number; readonly bytes: Uint8Array }
  | { readonly is: 'written' | 'ended' | 'gone'; readonly connection: number }
  | { readonly is: 'closed' };

interface Pair {
  readonly cert: Uint8Array;
  readonly key: Uint8Array;
}

/** So many may knock before anybody meets them and wait for it; who comes then hears that it is too early. */
const earlyMax = 4_096;
const tooEarly = '503 Service Unavailable';
/** The other thread is told that a batch was heard with whatever is said next, and after so long by itself: each telling wakes it. */
const tellHeardMs = 5;

/** Who lets volunteers in, and speaks with them. */
export type Doorman = Pick<Sockets, 'admit' | 'enter'>;

/** A volunteer's socket in the other thread. */
class FarLine implements Line {
  readonly #id: number;
  readonly #to: SocketThread;
  ear: Ear | null = null;
  waiting = 0;
  /** It was told to close: what was on its way by then is heard no more. */
  isClosing = false;

  constructor(id: number, to: SocketThread) {
    this.#id = id;
    this.#to = to;
  }

  listen(ear: Ear): void {
    this.ear = ear;
  }

  say(text: string): void {
    this.#to.add(this.#id, entries.frame, textFrame(text));
  }

  sayFrame(frame: Buffer): boolean {
    this.#to.add(this.#id, entries.frame, frame);
    // It was copied.
    return true;
  }

  expect(lease: Told): void {
    this.#to.add(this.#id, entries.expect, expectedBytes(lease));
  }

  ping(): void {
    this.#to.note(this.#id, entries.ping);
  }

  known(): void {
    this.#to.note(this.#id, entries.known);
  }

  close(code: number, reason: string): void {
    this.isClosing = true;
    this.#to.add(this.#id, entries.close, closeFrame(code, reason));
  }

  pause(): void {
    this.#to.note(this.#id, entries.pause);
  }

  resume(): void {
    this.#to.note(this.#id, entries.resume);
  }
}

export class SocketThread implements FarEnd {
  readonly #thread: Worker;
  readonly #out = new BatchWriter();
  /** What was heard and the other thread does not know yet. */
  readonly #untold = { batches: 0, bytes: 0 };
  #willTell = false;
  readonly #lines = new Map<number, FarLine>();
  readonly #connections = new Map<number, FarConnection>();
  readonly #hear = (socket: number, entry: number, value: number, bytes: Buffer): void =>
    this.#heard(socket, entry, value, bytes);
  #server: (() => Server) | null = null;
  #doorman: Doorman | null = null;
  readonly #early: { readonly socket: number; readonly knock: Knock }[] = [];
  #listening: { done(port: number): void; failed(error: NodeJS.ErrnoException): void } | null = null;
  #closed: (() => void) | null = null;
  #isOver = false;

  /** Starts the thread, which hears nothing yet. `onFatal`: it has died. `limits`: of volunteers' sockets. */
  constructor(onFatal: (error: unknown) => void, limits: SocketLimits = socketLimits) {
    this.#thread = new Worker(new URL('./socket-thread-worker.ts', import.meta.url), {
      workerData: limits,
      stdout: true,
      stderr: true,
    });
    // It says nothing but what Node may have to say; our own streams are opened for that and no sooner.
    for (const stream of [this.#thread.stdout, this.#thread.stderr])
      stream.on('data', (said: Uint8Array) => process.stderr.write(said));
    this.#thread.on('message', (said: ArrayBuffer | SocketNews) => {
      if (said instanceof ArrayBuffer) this.#batch(said);
      else this.#news(said);
    });
    this.#thread.on('error', onFatal);
    this.#thread.on('exit', () => {
      this.#isOver = true;
      this.#closed?.();
    });
  }

  /**
   * Listens, and hands what is not a volunteer's socket to the `server` that is asked for with each; resolves with the port, rejects with
   * the system's error.
   */
  listen(at: { host: string; port: number }, tls: Pair | null, server: () => Server): Promise<number> {
    this.#server = server;
    return new Promise((done, failed) => {
      this.#listening = { done, failed };
      this.#post({ is: 'listen', ...at, tls });
    });
  }

  /** From now on volunteers are let in; those first who have knocked already. */
  meet(doorman: Doorman): void {
    this.#doorman = doorman;
    for (const { socket, knock } of this.#early.splice(0)) this.#knocked(socket, knock);
  }

  /** Takes nobody any more, waits a moment for who is here, and ends. */
  async close(): Promise<void> {
    if (this.#isOver) return;
    this.#flush();
    await new Promise<void>((done) => {
      this.#closed = done;
      this.#post({ is: 'close' });
    });
  }

  /** Ends the thread. */
  async end(): Promise<void> {
    await this.#thread.terminate();
  }

  /** For lines. */
  add(socket: number, entry: Entry, bytes: Uint8Array): void {
    if (this.#out.isEmpty) queueMicrotask(() => this.#flush());
    this.#out.add(socket, entry, bytes);
  }

  /** For lines. */
  note(socket: number, entry: Entry, value = 0): void {
    if (this.#out.isEmpty) queueMicrotask(() => this.#flush());
    this.#out.note(socket, entry, value);
  }

  write(connection: number, piece: Uint8Array): void {
    // A copy of its own is handed over: of a view all of the memory behind it would be copied.
    const bytes = new Uint8Array(piece);
    const wish: SocketWish = { is: 'write', connection, bytes };
    this.#thread.postMessage(wish, [bytes.buffer]);
  }

  say(is: 'took' | 'end' | 'destroy', connection: number): void {
    this.#post({ is, connection });
  }

  #post(wish: SocketWish): void {
    this.#thread.postMessage(wish);
  }

  #flush(): void {
    if (this.#out.isEmpty) return;
    this.#tellHeard();
    const batch = this.#out.take();
    this.#thread.postMessage(batch, [batch]);
  }

  #batch(batch: ArrayBuffer): void {
    readBatch(batch, this.#hear);
    this.#untold.batches++;
    this.#untold.bytes += batch.byteLength;
    if (this.#willTell) return;
    this.#willTell = true;
    setTimeout(() => {
      this.#willTell = false;
      this.#tellHeard();
    }, tellHeardMs);
  }

  #tellHeard(): void {
    const { batches, bytes } = this.#untold;
    if (batches === 0) return;
    this.#untold.batches = this.#untold.bytes = 0;
    this.note(batches, entries.took, bytes);
  }

  #heard(socket: number, entry: number, value: number, bytes: Buffer): void {
    const line = this.#lines.get(socket);
    if (line === undefined || (line.isClosing && entry !== entries.closed)) return;
    switch (entry) {
      case entries.text:
      case entries.binary:
        return line.ear?.hear(bytes, entry === entries.binary);
      case entries.checked:
        return line.ear?.hear(bytes, true, true);
      case entries.sign:
        return line.ear?.heard(value);
      case entries.tooLong:
        return line.ear?.tooLong() === true ? undefined : line.close(closeCodes.tooLong, '');
      case entries.tooMuch:
        return line.ear?.tooMuch() === true ? undefined : line.close(closeCodes.tooMuch, '');
      case entries.waits:
        line.waiting = value;
        return;
      case entries.closed:
        this.#lines.delete(socket);
        return line.ear?.closed();
      default:
        throw new Error(`entry ${entry} is not for the loop`);
    }
  }

  #news(news: SocketNews): void {
    switch (news.is) {
      case 'listening':
        return this.#listening?.done(news.port);
      case 'deaf':
        return this.#listening?.failed(Object.assign(new Error(news.why), { code: news.code }));
      case 'knock':
        return this.#knocked(news.socket, news.knock);
      case 'came':
        return this.#came(news.connection, news.from);
      case 'bytes':
        return this.#connections.get(news.connection)?.came(news.bytes);
      case 'written':
        return this.#connections.get(news.connection)?.written();
      case 'ended':
        return this.#connections.get(news.connection)?.ended();
      case 'gone':
        this.#connections.get(news.connection)?.gone();
        return void this.#connections.delete(news.connection);
      case 'closed':
        return this.#closed?.();
      default:
        news satisfies never;
    }
  }

  #knocked(socket: number, knock: Knock): void {
    if (this.#doorman === null && this.#early.length < earlyMax)
      return void this.#early.push({ socket, knock });
    const whence = this.#doorman?.admit(knock) ?? tooEarly;
    if (typeof whence === 'string') return this.add(socket, entries.refuse, Buffer.from(whence, 'latin1'));
    const line = new FarLine(socket, this);
    this.#lines.set(socket, line);
    this.note(socket, entries.admit);
    this.#doorman?.enter(line, Buffer.alloc(0), whence);
  }

  #came(id: number, from: CameFrom): void {
    const connection = new FarConnection(id, this, from);
    this.#connections.set(id, connection);
    this.#server?.().emit('connection', connection);
  }
}
