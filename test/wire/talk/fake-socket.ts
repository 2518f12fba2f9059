/** A line that is none: hands what a test says to a conversation, and decodes everything that comes back with the wire's own schemas. */
import type { Ear, Line } from '../../../src/coordinator/server-socket.ts';
import { isMalformed, parseAll } from '../../../src/wire/schema.ts';
import { fromCoordinator } from '../../../src/wire/volunteer.ts';
import type { FromCoordinator } from '../../../src/wire/volunteer.ts';

export class FakeSocket implements Line {
  readonly waiting = 0;
  paused = false;
  #stage: 'open' | 'closing' | 'closed' = 'open';
  #ear: Ear | null = null;
  /** What was heard and not taken yet. */
  #heard: FromCoordinator[] = [];
  /** What no socket should have to see: words that do not decode. */
  readonly faults: string[] = [];

  get isOpen(): boolean {
    return this.#stage === 'open';
  }

  listen(ear: Ear): void {
    this.#ear = ear;
  }

  say(text: string): void {
    if (this.#stage !== 'open') return;
    const words = parseAll(fromCoordinator, text, 1e9);
    if (isMalformed(words)) this.faults.push(`${words.malformed} in ${text.slice(0, 300)}`);
    else this.#heard.push(...words);
  }

  sayFrame(frame: Buffer): boolean {
    const short = (frame[1] as number) & 0x7f;
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    const length =
      short < 126 ? short : short === 126 ? frame.readUInt16BE(2) : Number(frame.readBigUInt64BE(2));
    const text = frame.toString('latin1', head);
    if (frame[0] !== 0x81 || length !== text.length)
      this.faults.push('a frame whose head is not of its text');
    if (!/^[\x20-\x7e]*$/.test(text)) this.faults.push(`not ASCII: ${text.slice(0, 300)}`);
    this.say(text);
    return true;
  }

  ping(): void {}

  known(): void {}

  close(): void {
    if (this.#stage === 'open') this.#stage = 'closing';
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  /** Something arrives from outside. */
  arrive(data: Buffer, isBinary: boolean): void {
    this.#ear?.hear(data, isBinary);
  }

  /** The other side is gone, without a word. */
  hangUp(): void {
    if (this.#stage === 'closed') return;
    this.#stage = 'closed';
    this.#ear?.closed();
  }

  /** Everything heard since the last time. */
  take(): FromCoordinator[] {
    const heard = this.#heard;
    this.#heard = [];
    return heard;
  }
}
