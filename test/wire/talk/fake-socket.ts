/**
 * A line that is none: hands what a test says to a conversation, past the checks of the sockets' thread where it is asked for,
 * and decodes everything that comes back with the wire's own schemas.
 */
import { expectedBytes, readExpected } from '../../../src/coordinator/expected.ts';
import type { Told } from '../../../src/coordinator/expected.ts';
import { Expecting } from '../../../src/coordinator/expecting.ts';
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
  /** What the thread knows of leases; null where the loop is told everything as it came. */
  readonly #expecting: Expecting | null;

  /** `isInThread`: what arrives is looked at before the loop hears it, as by sockets in a thread of their own. */
  constructor(isInThread: boolean) {
    this.#expecting = isInThread ? new Expecting() : null;
  }

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

  expect(lease: Told): void {
    this.#expecting?.expect(readExpected(expectedBytes(lease)));
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

  /** Something arrives from outside. Whether it was found right before the conversation heard it. */
  arrive(data: Buffer, isBinary: boolean): boolean {
    const holds = isBinary && this.#expecting?.holds(data) === true;
    this.#ear?.hear(data, isBinary, holds);
    return holds;
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
