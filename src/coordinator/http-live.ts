/** Server-sent events: one pulse a second at most, made once for everybody who listens, and none when nobody does. */
import type { PulseView } from '../wire/views.ts';

const pulseMs = 1_000;
/** A quiet connection is cut by proxies; a comment keeps it. */
const breathMs = 20_000;
export const listenersMax = 2_000;

export class LivePulse {
  readonly #make: () => Promise<PulseView>;
  readonly #streams = new Set<ReadableStreamDefaultController<Uint8Array>>();
  #timer: NodeJS.Timeout | null = null;
  #changed = true;
  #saidAt = 0;

  constructor(make: () => Promise<PulseView>) {
    this.#make = make;
  }

  /** Something may look different now. */
  changed(): void {
    this.#changed = true;
  }

  get size(): number {
    return this.#streams.size;
  }

  /** A stream of pulses; null when too many listen already. */
  open(): ReadableStream<Uint8Array> | null {
    if (this.#streams.size >= listenersMax) return null;
    let own: ReadableStreamDefaultController<Uint8Array>;
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        own = controller;
        this.#streams.add(controller);
        void this.#make().then((pulse) => say(controller, textOf(pulse)));
        this.#timer ??= setInterval(() => void this.#beat(), pulseMs);
      },
      cancel: () => this.#leave(own),
    });
  }

  close(): void {
    for (const controller of [...this.#streams]) {
      this.#leave(controller);
      try {
        controller.close();
      } catch {
        // It was gone already.
      }
    }
  }

  #leave(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#streams.delete(controller);
    if (this.#streams.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  async #beat(): Promise<void> {
    if (!this.#changed) {
      if (Date.now() - this.#saidAt > breathMs) this.#sayAll(': still here\n\n');
      return;
    }
    this.#changed = false;
    this.#sayAll(textOf(await this.#make()));
  }

  #sayAll(text: string): void {
    this.#saidAt = Date.now();
    const bytes = new TextEncoder().encode(text);
    for (const controller of [...this.#streams]) {
      // Who does not read misses pulses; the next one tells everything again.
      if ((controller.desiredSize ?? 0) < -8) continue;
      try {
        controller.enqueue(bytes);
      } catch {
        this.#leave(controller);
      }
    }
  }
}

function say(controller: ReadableStreamDefaultController<Uint8Array>, text: string): void {
  try {
    controller.enqueue(new TextEncoder().encode(text));
  } catch {
    // It left before the first pulse.
  }
}

function textOf(pulse: PulseView): string {
  return `event: pulse\ndata: ${JSON.stringify(pulse)}\n\n`;
}
