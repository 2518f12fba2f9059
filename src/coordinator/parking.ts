/**
 * Asks that found no work wait here and are decided again when something may have changed, a few each tick;
 * whoever asked was told the reason at once and need not ask again.
 */
import type { Event, Slot } from '../core/state.ts';

/** How many waiting asks one tick decides again. */
export const parkedPerTickMax = 64;

/** A lease makes work too: its chunks want a second person. */
const makesWork: ReadonlySet<Event['e']> = new Set([
  'leased',
  'committed',
  'returned',
  'expired',
  'submitted',
  'kernelResumed',
  'voided',
]);

/** Who gives chunks back for one of these wants no others for now. */
export const restReasons: ReadonlySet<string> = new Set(['paused', 'finished', 'closing']);

interface ParkedAsk {
  readonly device: string;
  readonly slot: Slot;
}

export class Parking {
  /** By `device/slot`, the longest waiting first. */
  readonly #asks = new Map<string, ParkedAsk>();
  readonly #byDevice = new Map<string, Set<string>>();
  /** How many are to be looked at before everybody has been since the last change. */
  #pending = 0;

  get size(): number {
    return this.#asks.size;
  }

  get hasPending(): boolean {
    return this.#pending > 0;
  }

  /** An ask was decided: what found no work waits. */
  answered({ device, slot }: ParkedAsk, refused: string | null): void {
    this.unpark(device, slot.slot);
    if (refused !== null && refused !== 'unknown-device') this.park(device, slot);
  }

  park(device: string, slot: Slot): void {
    const key = `${device}/${slot.slot}`;
    this.#asks.set(key, { device, slot });
    const keys = this.#byDevice.get(device);
    if (keys === undefined) this.#byDevice.set(device, new Set([key]));
    else keys.add(key);
  }

  /** A slot found work, or asks again. */
  unpark(device: string, slot: number): void {
    const key = `${device}/${slot}`;
    if (!this.#asks.delete(key)) return;
    const keys = this.#byDevice.get(device);
    keys?.delete(key);
    if (keys?.size === 0) this.#byDevice.delete(device);
  }

  /** The device went, or wants to rest. */
  dropDevice(device: string): void {
    for (const key of this.#byDevice.get(device) ?? []) this.#asks.delete(key);
    this.#byDevice.delete(device);
  }

  /** Whether an event may have made work for somebody who waits. */
  notice(event: Event): void {
    if (makesWork.has(event.e)) this.#pending = this.#asks.size;
  }

  /** Something outside the log changed: decide everybody again. */
  noticeAll(): void {
    this.#pending = this.#asks.size;
  }

  /** The next few to decide again. They go to the end of the row, whatever comes of it. */
  take(): ParkedAsk[] {
    const taken: ParkedAsk[] = [];
    const max = Math.min(parkedPerTickMax, this.#pending, this.#asks.size);
    for (const [key, ask] of this.#asks) {
      if (taken.length >= max) break;
      taken.push(ask);
      this.#asks.delete(key);
    }
    for (const ask of taken) this.#asks.set(`${ask.device}/${ask.slot.slot}`, ask);
    this.#pending = Math.max(0, Math.min(this.#pending - taken.length, this.#asks.size));
    return taken;
  }
}
