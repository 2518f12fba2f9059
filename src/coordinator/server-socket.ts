/**
 * A server's end of a WebSocket (RFC 6455): answers the handshake, reads frames, says texts, pings, closes. Ours, since ten
 * thousand that only wait are measured by what each keeps alive, and a busy coordinator by what a frame costs (decision 0010).
 * Without extensions and subprotocols: none is ever agreed to.
 */
import { isUtf8 } from 'node:buffer';
import type { Duplex } from 'node:stream';
import type { Told } from './expected.ts';
import type { Pausable } from './flow.ts';
import {
  closeCodes,
  closeFrame,
  controlFrame,
  isCloseCode,
  lengthAt,
  opcodes,
  textFrame,
  unmask,
} from './frames.ts';

/** Who hears what comes through a socket. */
export interface Ear {
  /** A whole message. Its bytes are a view: valid as long as they are held. `isChecked`: a commitment whose digests and roots are right. */
  hear(data: Buffer, isBinary: boolean, isChecked?: boolean): void;
  /** A ping or a pong: a sign of life without words, of so many bytes. */
  heard(bytes: number): void;
  /** A message is too long, and nothing more is read. Whether it will say so and close; else the socket closes. */
  tooLong(): boolean;
  /** A stranger has said more than strangers may, and nothing more is read. The same. */
  tooMuch(): boolean;
  /** Once, when nothing can be heard or said any more. */
  closed(): void;
}

/** What a conversation speaks through. */
export interface Line extends Pausable {
  /** Bytes that were said and not taken by the network yet. */
  readonly waiting: number;
  /** From now on, and as long as it lives, `ear` hears. `head`: what came right behind the handshake. */
  listen(ear: Ear, head: Buffer): void;
  /** Says a text; nothing when it is not open any more. */
  say(text: string): void;
  /** Says what is framed already (`frames.ts`); whether nothing of its bytes is needed any more. */
  sayFrame(frame: Buffer): boolean;
  ping(): void;
  /** It was told of a lease: commitments to its chunks may be checked before anybody hears them. */
  expect?(lease: Told): void;
  /** Whoever it is, it is no stranger any more: its bytes are counted no more. */
  known(): void;
  /** Says why and hears nothing more; it ends when the other side has answered, or soon. */
  close(code: number, reason: string): void;
}

/** Who does not answer a close is cut off. */
const closeMs = 2_000;
/** Under this key a connection knows its socket: listeners are the same functions for all of them. */
const mine = Symbol('socket');
type Connection = Duplex & { [mine]?: ServerSocket };

/** Bytes that come piece by piece, however small: never more than twice as much memory as has come, and each copied about once. */
class Growing {
  #buffer: Buffer;
  length = 0;

  constructor(first: Buffer) {
    this.#buffer = Buffer.allocUnsafe(Math.max(64, first.length));
    this.add(first);
  }

  add(piece: Buffer): void {
    const length = this.length + piece.length;
    if (length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, 2 * this.length));
      this.#buffer.copy(larger, 0, 0, this.length);
      this.#buffer = larger;
    }
    piece.copy(this.#buffer, this.length);
    this.length = length;
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.length);
  }
}

/** A frame that has not come whole. */
interface Gathered {
  readonly come: Growing;
  /** At so many bytes it is worth looking again. */
  readonly enough: number;
}

/** A message whose frames have not all come. */
interface Begun {
  readonly come: Growing;
  readonly isBinary: boolean;
}

/** How much a socket takes. */
export interface SocketLimits {
  /** A longer message closes it. */
  readonly messageBytesMax: number;
  /** What may come on the wire before it is `known`: one long frame must not be gathered first and judged afterwards. */
  readonly strangerBytesMax: number;
}

export class ServerSocket implements Line {
  readonly #connection: Duplex;
  readonly #bytesMax: number;
  /** Bytes that a stranger may still say; less than 0: nobody counts. */
  #left: number;
  #ear: Ear | null = null;
  /**
   * `closing`: a close was said, and the other's is waited for. `leaving`: nothing of what comes matters, and the last words
   * are still to be said. `deaf`: they were.
   */
  #stage: 'open' | 'closing' | 'leaving' | 'deaf' | 'closed' = 'open';
  #gathered: Gathered | null = null;
  #begun: Begun | null = null;

  constructor(connection: Duplex, limits: SocketLimits) {
    this.#connection = connection;
    this.#bytesMax = limits.messageBytesMax;
    this.#left = limits.strangerBytesMax;
  }

  listen(ear: Ear, head: Buffer): void {
    this.#ear = ear;
    const connection = this.#connection as Connection;
    connection[mine] = this;
    connection.on('data', onData);
    connection.on('end', onEnd);
    connection.on('close', onClose);
    // What went wrong is told by the close that follows.
    connection.on('error', onError);
    if (head.length > 0) this.take(head);
  }

  get waiting(): number {
    return this.#connection.writableLength;
  }

  get #speaks(): boolean {
    return this.#stage === 'open' || this.#stage === 'leaving';
  }

  say(text: string): void {
    if (this.#speaks) this.#connection.write(textFrame(text));
  }

  sayFrame(frame: Buffer): boolean {
    if (!this.#speaks) return true;
    this.#connection.write(frame);
    return this.#connection.writableLength === 0;
  }

  /** Calls `told` once, when all that was said is with the network. */
  whenTaken(told: () => void): void {
    this.#connection.once('drain', told);
  }

  ping(): void {
    if (this.#stage === 'open') this.#connection.write(controlFrame(opcodes.ping));
  }

  known(): void {
    this.#left = -1;
  }

  close(code: number, reason: string): void {
    this.closeWith(closeFrame(code, reason));
  }

  /** The same, with a frame that says why. */
  closeWith(frame: Buffer): void {
    if (!this.#speaks) return;
    const isLeaving = this.#stage === 'leaving';
    this.#stage = 'closing';
    this.#connection.write(frame);
    if (isLeaving) return this.#deafen();
    // Its answer must be heard, however much it had to be held back.
    this.#connection.resume();
    this.#cutOffSoon();
  }

  pause(): void {
    if (this.#stage === 'open') this.#connection.pause();
  }

  resume(): void {
    this.#connection.resume();
  }

  /** For the connection's listeners. */
  take(data: Buffer): void {
    if (this.#isDeaf) return;
    if (this.#left >= 0 && !this.#mayGoOn(data.length)) return;
    const gathered = this.#gathered;
    if (gathered === null) return this.#read(data);
    gathered.come.add(data);
    if (gathered.come.length < gathered.enough) return;
    this.#gathered = null;
    this.#read(gathered.come.bytes);
  }

  /** For the connection's listeners. */
  gone(): void {
    if (this.#stage === 'closed') return;
    this.#stage = 'closed';
    this.#gathered = this.#begun = null;
    this.#ear?.closed();
  }

  get #isDeaf(): boolean {
    return this.#stage !== 'open' && this.#stage !== 'closing';
  }

  /** A stranger has said so many bytes more. */
  #mayGoOn(bytes: number): boolean {
    this.#left -= bytes;
    if (this.#left >= 0 || this.#stage !== 'open') return true;
    this.#leave(() => this.#ear?.tooMuch(), closeCodes.tooMuch);
    return false;
  }

  /** Nothing more is read; who hears may say last words first. */
  #leave(tell: () => boolean | undefined, code: number): void {
    this.#stage = 'leaving';
    this.#gathered = this.#begun = null;
    if (tell() !== true) return this.#fail(code);
    // Its last words are still to come, or were said already.
    this.#connection.resume();
    this.#cutOffSoon();
  }

  #cutOffSoon(): void {
    setTimeout(() => this.#connection.destroy(), closeMs).unref();
  }

  /** Reads all frames that are whole; what is left waits for more. */
  #read(bytes: Buffer): void {
    let at = 0;
    while (!this.#isDeaf) {
      const left = bytes.length - at;
      const needed = left < 2 ? 2 : this.#headOf(bytes, at);
      if (needed < 0) return;
      if (left < needed) return this.#gather(bytes, at, needed);
      const length = lengthAt(bytes, at);
      if (length > this.#bytesMax - (this.#begun?.come.length ?? 0)) {
        return this.#stage === 'open'
          ? this.#leave(() => this.#ear?.tooLong(), closeCodes.tooLong)
          : this.#fail(closeCodes.tooLong);
      }
      const from = at + needed;
      if (bytes.length < from + length) return this.#gather(bytes, at, needed + length);
      const payload = bytes.subarray(from, from + length);
      unmask(payload, bytes, from - 4);
      this.#frame(bytes[at] as number, payload);
      at = from + length;
      if (at === bytes.length) return;
    }
  }

  /** How many bytes the head of the frame at `at` takes, mask included; less than 0 when it cannot be one. */
  #headOf(bytes: Buffer, at: number): number {
    const [first, second] = [bytes[at] as number, bytes[at + 1] as number];
    const short = second & 0x7f;
    const opcode = first & 0x0f;
    const isControl = opcode >= opcodes.close;
    const isSound =
      // A client masks what it sends, and bits without a meaning are none.
      (second & 0x80) !== 0 &&
      (first & 0x70) === 0 &&
      (isControl
        ? opcode <= opcodes.pong && (first & 0x80) !== 0 && short < 126
        : opcode <= opcodes.binary && (opcode === opcodes.more) === (this.#begun !== null));
    if (isSound) return short < 126 ? 6 : short === 126 ? 8 : 14;
    this.#fail(closeCodes.protocol);
    return -1;
  }

  #gather(bytes: Buffer, at: number, enough: number): void {
    this.#gathered = { come: new Growing(bytes.subarray(at)), enough };
  }

  #frame(first: number, payload: Buffer): void {
    const isFinal = (first & 0x80) !== 0;
    const opcode = first & 0x0f;
    switch (opcode) {
      case opcodes.text:
      case opcodes.binary:
        if (isFinal) return this.#message(payload, opcode === opcodes.binary);
        this.#begun = { come: new Growing(payload), isBinary: opcode === opcodes.binary };
        return;
      case opcodes.more:
        return this.#more(payload, isFinal);
      case opcodes.close:
        return this.#closeHeard(payload);
      case opcodes.ping:
        if (this.#stage === 'open') this.#connection.write(controlFrame(opcodes.pong, payload));
        return this.#ear?.heard(payload.length);
      case opcodes.pong:
        return this.#ear?.heard(payload.length);
      default:
        return this.#fail(closeCodes.protocol);
    }
  }

  #more(payload: Buffer, isFinal: boolean): void {
    const begun = this.#begun;
    if (begun === null) return this.#fail(closeCodes.protocol);
    begun.come.add(payload);
    if (!isFinal) return;
    this.#begun = null;
    this.#message(begun.come.bytes, begun.isBinary);
  }

  #message(data: Buffer, isBinary: boolean): void {
    if (this.#stage !== 'open') return;
    if (!isBinary && !isUtf8(data)) return this.#fail(closeCodes.text);
    this.#ear?.hear(data, isBinary);
  }

  /** The other side's goodbye, or its answer to ours. */
  #closeHeard(payload: Buffer): void {
    const isSound = payload.length === 0 || (payload.length >= 2 && isCloseCode(payload.readUInt16BE(0)));
    if (!isSound) return this.#fail(closeCodes.protocol);
    if (!isUtf8(payload.subarray(2))) return this.#fail(closeCodes.text);
    if (this.#stage === 'open') this.#connection.write(controlFrame(opcodes.close, payload.subarray(0, 2)));
    this.#deafen();
  }

  #fail(code: number): void {
    if (this.#speaks) this.#connection.write(closeFrame(code, ''));
    this.#deafen();
  }

  /** What was said goes out, and then it is over. */
  #deafen(): void {
    this.#stage = 'deaf';
    this.#gathered = this.#begun = null;
    this.#connection.resume();
    this.#connection.end();
    this.#cutOffSoon();
  }
}

/**
 * What has arrived and was not looked at yet, over all sockets. Reading from the network is the system's business, and what
 * comes then is ours: one after the other in turn, each would find nothing of its own left in the processor's memory.
 */
let arrived: { readonly socket: ServerSocket; readonly data: Buffer }[] = [];
/** So many pieces, of 64 KiB at most each, wait: thousands who talk at once must not be gathered in memory first. */
const arrivedMax = 256;

function takeArrived(): void {
  const all = arrived;
  arrived = [];
  for (const { socket, data } of all) socket.take(data);
}

function onData(this: Connection, data: Buffer): void {
  const socket = this[mine];
  if (socket === undefined) return;
  const count = arrived.push({ socket, data });
  if (count === 1) setImmediate(takeArrived);
  else if (count >= arrivedMax) takeArrived();
}

function onEnd(this: Connection): void {
  takeArrived();
  this.end();
}

function onClose(this: Connection): void {
  takeArrived();
  this[mine]?.gone();
}

function onError(this: Connection): void {
  this.destroy();
}
