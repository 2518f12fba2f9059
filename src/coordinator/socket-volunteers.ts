/** Volunteers' sockets in their own thread: what they say goes to the loop's thread in batches, what they are told comes in such. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { readExpected } from './expected.ts';
import { Expecting } from './expecting.ts';
import { accept } from './handshake.ts';
import type { Ear, ServerSocket, SocketLimits } from './server-socket.ts';
import { BatchWriter, entries, readBatch } from './socket-batch.ts';
import type { Entry } from './socket-batch.ts';
import { knockOf, refuseUpgrade } from './knock.ts';
import type { Knock } from './knock.ts';

/** Bytes that the other thread may have before it has heard them; and of one socket among them. */
const unheardMax = 1 << 23;
const unheardOfOneMax = 1 << 17;
/** What an entry costs beside its bytes. */
const entryBytes = 12;
/** It is told of so many bytes and more that wait for the network. */
const waitsFrom = 1 << 16;

/** Who has knocked and has no answer yet. */
interface Knocking {
  readonly request: IncomingMessage;
  readonly connection: Duplex;
  readonly head: Buffer;
}

/** What goes to the other thread, and how much of it has been heard there. */
class Out {
  readonly #post: (batch: ArrayBuffer) => void;
  readonly #writer = new BatchWriter();
  /** Batches that have gone and were heard. */
  posted = 0;
  heard = 0;
  /** Bytes that nobody has heard yet. */
  unheard = 0;
  /** Who waits until all of its is heard. */
  #held: Held[] = [];

  constructor(post: (batch: ArrayBuffer) => void) {
    this.#post = post;
  }

  add(socket: number, entry: Entry, bytes: Uint8Array): void {
    if (this.#writer.isEmpty) queueMicrotask(() => this.#flush());
    this.#writer.add(socket, entry, bytes);
    this.unheard += bytes.length;
  }

  note(socket: number, entry: Entry, value = 0): void {
    if (this.#writer.isEmpty) queueMicrotask(() => this.#flush());
    this.#writer.note(socket, entry, value);
  }

  /** So many batches more were heard, of so many bytes together. */
  took(batches: number, bytes: number): void {
    this.heard += batches;
    this.unheard -= bytes;
    if (this.#held.length === 0 || this.unheard > unheardMax / 2) return;
    const held = this.#held;
    this.#held = [];
    for (const one of held)
      if (one.batch <= this.heard) one.release();
      else this.#held.push(one);
  }

  hold(held: Held): void {
    this.#held.push(held);
  }

  #flush(): void {
    const { bytes } = this.#writer;
    const batch = this.#writer.take();
    // Of its heads too something is in memory: what is acknowledged is the whole of it.
    this.unheard += batch.byteLength - bytes;
    this.posted++;
    this.#post(batch);
  }
}

/** One of them. */
class Held implements Ear {
  readonly #id: number;
  readonly #line: ServerSocket;
  readonly #out: Out;
  readonly #gone: (id: number) => void;
  /** The batch with the newest of its bytes, and how many came since the loop had heard all of them. */
  batch = 0;
  #unheard = 0;
  #waits = false;
  /** Who wants it to be read no further: the loop, or this thread. */
  #isPaused = false;
  #isHeld = false;
  /** What it was leased; null before the first. */
  #expecting: Expecting | null = null;

  constructor(id: number, line: ServerSocket, out: Out, gone: (id: number) => void) {
    this.#id = id;
    this.#line = line;
    this.#out = out;
    this.#gone = gone;
  }

  hear(data: Buffer, isBinary: boolean): void {
    const holds = isBinary && this.#expecting?.holds(data) === true;
    this.#out.add(this.#id, holds ? entries.checked : isBinary ? entries.binary : entries.text, data);
    this.#count(data.length);
  }

  heard(bytes: number): void {
    this.#out.note(this.#id, entries.sign, bytes);
    this.#count(bytes);
  }

  tooLong(): boolean {
    this.#out.note(this.#id, entries.tooLong);
    return true;
  }

  tooMuch(): boolean {
    this.#out.note(this.#id, entries.tooMuch);
    return true;
  }

  closed(): void {
    this.#gone(this.#id);
  }

  /** What the loop says to it. */
  told(entry: number, bytes: Buffer): void {
    const line = this.#line;
    switch (entry) {
      case entries.frame:
        // What has to wait is copied: a view of it would keep all of its batch.
        line.sayFrame(line.waiting > 0 ? Buffer.from(bytes) : bytes);
        return this.#wrote();
      case entries.close:
        return line.closeWith(bytes);
      case entries.expect:
        return (this.#expecting ??= new Expecting()).expect(readExpected(bytes));
      case entries.ping:
        return line.ping();
      case entries.known:
        return line.known();
      case entries.pause:
        this.#isPaused = true;
        return line.pause();
      case entries.resume:
        this.#isPaused = false;
        return this.#isHeld ? undefined : line.resume();
      default:
        throw new Error(`entry ${entry} is not for a socket`);
    }
  }

  release(): void {
    this.#isHeld = false;
    if (!this.#isPaused) this.#line.resume();
  }

  /** The loop is told how much waits for the network, and when nothing does any more. */
  #wrote(): void {
    const { waiting } = this.#line;
    if (waiting < waitsFrom) return;
    this.#out.note(this.#id, entries.waits, waiting);
    if (this.#waits) return;
    this.#waits = true;
    this.#line.whenTaken(() => {
      this.#waits = false;
      this.#out.note(this.#id, entries.waits, 0);
    });
  }

  #count(bytes: number): void {
    const out = this.#out;
    if (this.batch <= out.heard) this.#unheard = 0;
    this.#unheard += bytes + entryBytes;
    this.batch = out.posted + 1;
    if (this.#isHeld || (this.#unheard <= unheardOfOneMax && out.unheard <= unheardMax)) return;
    this.#isHeld = true;
    this.#line.pause();
    out.hold(this);
  }
}

export class Volunteers {
  readonly #out: Out;
  readonly #ask: (socket: number, knock: Knock) => void;
  readonly #limits: SocketLimits;
  readonly #knocking = new Map<number, Knocking>();
  readonly #held = new Map<number, Held>();
  readonly #tell = (socket: number, entry: number, value: number, bytes: Buffer): void =>
    this.#told(socket, entry, value, bytes);
  readonly #gone = (id: number): void => {
    this.#held.delete(id);
    this.#out.note(id, entries.closed);
  };
  #last = 0;

  /** `post` hands a batch over; `ask` asks whether somebody is let in. */
  constructor(
    post: (batch: ArrayBuffer) => void,
    ask: (socket: number, knock: Knock) => void,
    limits: SocketLimits,
  ) {
    this.#out = new Out(post);
    this.#ask = ask;
    this.#limits = limits;
  }

  /** Somebody asks for a socket. */
  knock(request: IncomingMessage, connection: Duplex, head: Buffer): void {
    connection.on('error', destroyThis);
    const id = ++this.#last;
    this.#knocking.set(id, { request, connection, head });
    this.#ask(id, knockOf(request));
  }

  /** A batch from the loop. */
  told(batch: ArrayBuffer): void {
    readBatch(batch, this.#tell);
  }

  #told(socket: number, entry: number, value: number, bytes: Buffer): void {
    switch (entry) {
      case entries.took:
        return this.#out.took(socket, value);
      case entries.admit:
        return this.#admitted(socket);
      case entries.refuse: {
        const knocking = this.#knocking.get(socket);
        this.#knocking.delete(socket);
        return knocking === undefined
          ? undefined
          : refuseUpgrade(knocking.connection, bytes.toString('latin1'));
      }
      default:
        return this.#held.get(socket)?.told(entry, bytes);
    }
  }

  #admitted(id: number): void {
    const knocking = this.#knocking.get(id);
    if (knocking === undefined) return;
    this.#knocking.delete(id);
    const { request, connection, head } = knocking;
    const line = accept(request, connection, this.#limits);
    if (line === null) {
      this.#out.note(id, entries.closed);
      return refuseUpgrade(connection, '400 Bad Request');
    }
    connection.off('error', destroyThis);
    const held = new Held(id, line, this.#out, this.#gone);
    this.#held.set(id, held);
    line.listen(held, head);
  }
}

/** A listener that holds on to nothing but what it listens to. */
function destroyThis(this: Duplex): void {
  this.destroy();
}
