/** A WebSocket that is none: hands what a test says to a conversation, and decodes every frame that comes back with the wire's own schemas. */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { isMalformed, parseAll } from '../../../src/wire/schema.ts';
import { fromCoordinator } from '../../../src/wire/volunteer.ts';
import type { FromCoordinator } from '../../../src/wire/volunteer.ts';

const open = 1;
const closing = 2;
const closed = 3;

export class FakeSocket {
  readonly OPEN = open;
  readyState = open;
  bufferedAmount = 0;
  paused = false;
  /** What was heard and not taken yet. */
  #heard: FromCoordinator[] = [];
  /** What no socket should have to see: words that do not decode, words after the goodbye. */
  readonly faults: string[] = [];
  readonly #listeners = new Map<string, ((...args: never[]) => void)[]>();

  /** As `ws` has it. */
  get ws(): WebSocket {
    return this as unknown as WebSocket;
  }

  /** The connection under it, as far as a conversation uses it. */
  get duplex(): Duplex {
    return { write: (frame: Buffer) => this.#onFrame(frame) } as unknown as Duplex;
  }

  on(event: string, listener: (...args: never[]) => void): this {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
    return this;
  }

  send(text: string): void {
    this.#onText(text);
  }

  close(): void {
    if (this.readyState === open) this.readyState = closing;
  }

  terminate(): void {
    this.hangUp();
  }

  ping(): void {}

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  /** Something arrives from outside. */
  arrive(data: Buffer, isBinary: boolean): void {
    this.#emit('message', data, isBinary);
  }

  /** The other side is gone, without a word. */
  hangUp(): void {
    if (this.readyState === closed) return;
    this.readyState = closed;
    this.#emit('close');
  }

  /** Everything heard since the last time. */
  take(): FromCoordinator[] {
    const heard = this.#heard;
    this.#heard = [];
    return heard;
  }

  #emit(event: string, ...args: unknown[]): void {
    for (const listener of this.#listeners.get(event) ?? [])
      (listener as (this: unknown, ...all: unknown[]) => void).apply(this, args);
  }

  /** RFC 6455: one final text frame, not masked, as long as it says. */
  #onFrame(frame: Buffer): boolean {
    const short = (frame[1] as number) & 0x7f;
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    const length =
      short < 126 ? short : short === 126 ? frame.readUInt16BE(2) : Number(frame.readBigUInt64BE(2));
    if (frame[0] !== 0x81 || (frame[1] as number) > 127 || head + length !== frame.length)
      this.faults.push(`no text frame: ${frame.subarray(0, 12).toString('hex')}`);
    this.#onText(frame.toString('utf8', head));
    return true;
  }

  #onText(text: string): void {
    if (this.readyState !== open) this.faults.push(`said after the end: ${text.slice(0, 200)}`);
    const words = parseAll(fromCoordinator, text, 1e9);
    if (isMalformed(words)) this.faults.push(`${words.malformed} in ${text.slice(0, 300)}`);
    else this.#heard.push(...words);
  }
}
