/**
 * A connection that another thread holds, as an HTTP server of this one takes it: a stream of bytes both ways, in pieces that
 * wait for each other, so that a slow reader is never written for in advance.
 */
import { Duplex } from 'node:stream';

/** The thread that holds it. */
export interface FarEnd {
  write(connection: number, bytes: Uint8Array): void;
  say(is: 'took' | 'end' | 'destroy', connection: number): void;
}

/** Where it comes from, and whether TLS carries it. */
export interface CameFrom {
  readonly remoteAddress: string | undefined;
  readonly encrypted: boolean;
}

export class FarConnection extends Duplex {
  /** As sockets have them. */
  readonly remoteAddress: string | undefined;
  readonly encrypted: boolean;
  readonly #id: number;
  readonly #far: FarEnd;
  #written: (() => void) | null = null;
  /** So many pieces have come that are not `took` yet. */
  #owed = 0;
  #isGone = false;
  #idleMs = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(id: number, far: FarEnd, { remoteAddress, encrypted }: CameFrom) {
    super();
    this.#id = id;
    this.#far = far;
    this.remoteAddress = remoteAddress;
    this.encrypted = encrypted;
  }

  /** Bytes have come. They are `took` at once when there is room, else with the next wish to read. */
  came(bytes: Uint8Array): void {
    this.#alive();
    if (this.push(bytes)) this.#far.say('took', this.#id);
    else this.#owed++;
  }

  /** What was written is with the network. */
  written(): void {
    this.#alive();
    const done = this.#written;
    this.#written = null;
    done?.();
  }

  /** Nothing more will come. */
  ended(): void {
    this.push(null);
  }

  /** It is no more. */
  gone(): void {
    this.#isGone = true;
    this.destroy();
  }

  /** As a socket does: tells when nothing has come or gone for so long; 0: never. */
  setTimeout(ms: number, told?: () => void): this {
    this.#idleMs = ms;
    if (told !== undefined) this.once('timeout', told);
    this.#alive();
    return this;
  }

  /** A socket's; what is written leaves at once anyway. */
  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  /** As a socket does: what was said goes out, and then it is over. Node's HTTP server ends so whoever wants no further answer. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  #alive(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = this.#idleMs > 0 ? setTimeout(() => this.emit('timeout'), this.#idleMs).unref() : null;
  }

  override _read(): void {
    for (; this.#owed > 0; this.#owed--) this.#far.say('took', this.#id);
  }

  override _write(bytes: Buffer, _: BufferEncoding, done: () => void): void {
    this.#alive();
    this.#written = done;
    this.#far.write(this.#id, bytes);
  }

  override _writev(pieces: { chunk: Buffer }[], done: () => void): void {
    this._write(Buffer.concat(pieces.map(({ chunk }) => chunk)), 'binary', done);
  }

  override _final(done: () => void): void {
    this.#far.say('end', this.#id);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (!this.#isGone) this.#far.say('destroy', this.#id);
    done(error);
  }
}
