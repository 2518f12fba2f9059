/** Collects units' outputs in one growing buffer, each looked at as it comes. */

import type { JobData } from '../src/volunteer/engine.ts';
import type { Kernel } from '../src/kernels/kernel.ts';
import { Fault } from './backend.ts';

/** The most bytes that the outputs of one chunk may have together. */
export const chunkBytesMax = 256 * 1024 * 1024;
/** The most units that one chunk may have: more would be a mistake, and a buffer of gigabytes. */
export const chunkUnitsMax = 1 << 22;

export class Outputs {
  readonly #data: JobData;
  readonly #kernel: Kernel | null;
  readonly #outputMax: number;
  readonly #lengths: Uint32Array;
  #bytes = new Uint8Array(0);
  #used = 0;
  #done = 0;

  constructor(data: JobData, kernel: Kernel | null, units: number) {
    this.#data = data;
    this.#kernel = kernel;
    this.#outputMax = kernel?.outputBytesMax(data.input) ?? chunkBytesMax;
    this.#lengths = new Uint32Array(units);
  }

  /** How many are here. */
  get done(): number {
    return this.#done;
  }

  /** Takes the next unit's output. Throws a Fault for one that cannot be right. */
  add(unit: number, output: Uint8Array): void {
    if (!this.#isPlain(output, 0, output.length)) this.#look(unit, output);
    this.#reserve(output.length);
    this.#bytes.set(output, this.#used);
    this.#used += output.length;
    this.#lengths[this.#done++] = output.length;
  }

  /** Takes the next units' outputs, which lie end to end and are `bytes` long each; looks at them if nobody has. */
  addAlike(unitFrom: number, outputs: Uint8Array, bytes: number, seen: boolean): void {
    const units = outputs.length / bytes;
    for (let i = 0, at = 0; i < units && !(seen && bytes <= this.#outputMax); i++, at += bytes)
      if (!this.#isPlain(outputs, at, at + bytes)) this.#look(unitFrom + i, outputs.subarray(at, at + bytes));
    this.#reserve(outputs.length, bytes);
    this.#bytes.set(outputs, this.#used);
    this.#used += outputs.length;
    this.#lengths.fill(bytes, this.#done, this.#done + units);
    this.#done += units;
  }

  #isPlain(bytes: Uint8Array, from: number, to: number): boolean {
    return (
      to - from <= this.#outputMax &&
      this.#kernel?.isPlainOutput?.(this.#data.input, bytes, from, to) === true
    );
  }

  /** Throws a Fault for an output that cannot be right. */
  #look(unit: number, output: Uint8Array): void {
    if (output.length > this.#outputMax) {
      throw new Fault({
        reason: 'kernel',
        detail: `an output of ${output.length} bytes, at most ${this.#outputMax} are allowed`,
        unit,
      });
    }
    // An output that is plainly wrong comes from this device, not from the kernel: nobody should be sent it.
    const wrong = this.#kernel?.checkOutput(this.#data.input, unit, output) ?? null;
    if (wrong !== null)
      throw new Fault({ reason: 'environment', detail: `the output cannot be right: ${wrong}`, unit });
  }

  /** All of them, end to end, and how long each is. */
  finish(): { readonly bytes: Uint8Array; readonly lengths: Uint32Array } {
    if (this.#done !== this.#lengths.length)
      throw new Error(`${this.#done} of ${this.#lengths.length} units were computed`);
    return { bytes: this.#bytes.subarray(0, this.#used), lengths: this.#lengths };
  }

  /** Room for `more` bytes: at first as if every unit had `each`, then double. */
  #reserve(more: number, each = more): void {
    const need = this.#used + more;
    if (need <= this.#bytes.length) return;
    if (need > chunkBytesMax)
      throw new Fault({ reason: 'kernel', detail: `the chunk's outputs exceed ${chunkBytesMax} bytes` });
    const guess = this.#bytes.length === 0 ? each * this.#lengths.length : this.#bytes.length * 2;
    const grown = new Uint8Array(Math.min(chunkBytesMax, Math.max(need, guess)));
    grown.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = grown;
  }
}
