/**
 * Keeps a compute loop polite: says when to go back to the event loop so that messages are heard, and sleeps
 * so that only the volunteer's share of the time is computed.
 */

import type { Beat } from '../src/volunteer/engine.ts';

/** How long messages wait while something computes, in ms. */
const deafMs = 50;
/**
 * On a busy machine the way around the event loop may cost milliseconds, since others take their turn: messages then
 * wait this many times as long as the last way took, so that little is lost with it, and never longer than the bound.
 */
const deafFactor = 200;
const deafMsMax = 200;
/** Timers take no longer delays. */
const timerMsMax = 2 ** 31 - 1;

export class Breath {
  readonly #tell: (beat: Beat) => void;
  #share = 1;
  /** How many loops are at work; the time in which none is counts as neither work nor rest. */
  #active = 0;
  /** When the loop last came back from the event loop, moved forward by the time in which nothing was at work. */
  #backMs = performance.now();
  #idleMs = performance.now();
  /** How long messages wait now, after what the last way around the event loop took. */
  #deafMs = deafMs;
  #resting: Promise<void> | null = null;
  #wake: () => void = () => {};

  constructor(tell: (beat: Beat) => void) {
    this.#tell = tell;
  }

  /** 0 … 1; what lies outside is brought inside. Ends a sleep that is going on, which is then measured anew. */
  setShare(share: number): void {
    this.#share = Number.isFinite(share) ? Math.min(1, Math.max(0, share)) : 1;
    this.#wake();
  }

  begin(): void {
    if (this.#active++ === 0) this.#backMs += performance.now() - this.#idleMs;
  }

  end(): void {
    if (--this.#active === 0) this.#idleMs = performance.now();
  }

  /** Null while the loop may go on; otherwise what to wait for first. Several loops may ask: they rest together. */
  due(): Promise<void> | null {
    if (this.#resting !== null) return this.#resting;
    const workedMs = performance.now() - this.#backMs;
    if (workedMs < this.#deafMs && this.#share > 0) return null;
    this.#resting = this.#rest(workedMs).finally(() => {
      this.#resting = null;
      this.#backMs = performance.now();
    });
    return this.#resting;
  }

  async #rest(workedMs: number): Promise<void> {
    // The hop is not taken for rest: the messages it lets in may change the share, or cancel.
    const leftMs = performance.now();
    await hop();
    const startMs = performance.now();
    this.#deafMs = Math.min(deafMsMax, Math.max(deafMs, deafFactor * (startMs - leftMs)));
    if (this.#share === 1) return;
    this.#tell({ beat: 'resting' });
    for (;;) {
      const restMs = this.#share === 0 ? timerMsMax : (workedMs * (1 - this.#share)) / this.#share;
      const toRestMs = restMs - (performance.now() - startMs);
      if (toRestMs <= 0) break;
      await this.#sleep(Math.min(toRestMs, timerMsMax));
    }
    this.#tell({ beat: 'awake' });
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

let channel: MessageChannel | null = null;
const hops: (() => void)[] = [];

/**
 * Once around the event loop. In browsers by a message to ourselves, since timers are held back: nested ones by
 * at least 4 ms, those of a hidden page by up to a minute. In Node by `setImmediate`, since there a port goes on
 * with its own messages, up to a thousand, before another port is heard (seen in Node 24, November 2026).
 */
export function hop(): Promise<void> {
  const immediate: unknown = Reflect.get(globalThis, 'setImmediate');
  return new Promise((resolve) => {
    if (typeof immediate === 'function') Reflect.apply(immediate, globalThis, [resolve]);
    else hopByMessage(resolve);
  });
}

function hopByMessage(landed: () => void): void {
  if (channel === null) {
    channel = new MessageChannel();
    channel.port1.onmessage = () => hops.shift()?.();
  }
  hops.push(landed);
  channel.port2.postMessage(0);
}
