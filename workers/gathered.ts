/** Collects a chunk's outputs in one growing buffer, and digests each unit as it comes. */

import { commitmentRoot, UnitHasher, wireDigestBytes } from '../src/volunteer/digest.ts';
import type { ChunkResult, JobData } from '../src/volunteer/engine.ts';
import type { Kernel } from '../src/kernels/kernel.ts';
import { Fault } from './backend.ts';

/** The most bytes that the outputs of one chunk may have together. */
export const chunkBytesMax = 256 * 1024 * 1024;
/** The most units that one chunk may have: more would be a mistake, and a buffer of gigabytes. */
export const chunkUnitsMax = 1 << 22;

export class Gathered {
  readonly #data: JobData;
  readonly #kernel: Kernel | null;
  readonly #unitFrom: number;
  readonly #units: number;
  readonly #outputMax: number;
  readonly #hasher: UnitHasher;
  readonly #digestBytes: 8 | 32;
  readonly #digests: Uint8Array;
  readonly #lengths: Uint32Array;
  #bytes = new Uint8Array(0);
  #used = 0;
  #done = 0;

  /** Throws the `job` Fault for a chunk that the job does not have. */
  constructor(data: JobData, kernel: Kernel | null, unitFrom: number, unitTo: number) {
    const units = unitTo - unitFrom;
    const unitsMax = kernel?.units(data.input) ?? Number.MAX_SAFE_INTEGER;
    const valid =
      Number.isSafeInteger(unitFrom) && Number.isSafeInteger(unitTo) && unitFrom >= 0 && units > 0;
    if (!valid || units > chunkUnitsMax || unitTo > unitsMax) {
      throw new Fault({ reason: 'job', detail: `the job has no chunk [${unitFrom}, ${unitTo})` });
    }
    this.#data = data;
    this.#kernel = kernel;
    this.#unitFrom = unitFrom;
    this.#units = units;
    this.#outputMax = kernel?.outputBytesMax(data.input) ?? chunkBytesMax;
    this.#hasher = new UnitHasher(data.job);
    this.#digestBytes = wireDigestBytes(data.agreement);
    this.#digests = new Uint8Array(units * this.#digestBytes);
    this.#lengths = new Uint32Array(units);
  }

  /** Takes the next unit's output; they come in order. Throws a Fault for one that cannot be right. */
  add(unit: number, output: Uint8Array): void {
    const index = this.#done;
    if (unit !== this.#unitFrom + index) throw new Error(`unit ${unit} came out of order`);
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
    const digest = this.#hasher.digest(unit, output);
    this.#digests.set(
      this.#digestBytes === 32 ? digest : digest.subarray(0, this.#digestBytes),
      index * this.#digestBytes,
    );
    this.#lengths[index] = output.length;
    this.#reserve(output.length);
    this.#bytes.set(output, this.#used);
    this.#used += output.length;
    this.#done++;
  }

  finish(): Pick<ChunkResult, 'digests' | 'root' | 'bytes' | 'lengths'> {
    if (this.#done !== this.#units) throw new Error(`${this.#done} of ${this.#units} units were computed`);
    return {
      digests: this.#digests,
      root: commitmentRoot(this.#data.job, this.#unitFrom, this.#digests),
      bytes: this.#bytes.subarray(0, this.#used),
      lengths: this.#lengths,
    };
  }

  /** Room for `more` bytes: at first as if every unit had as many, then double. */
  #reserve(more: number): void {
    const need = this.#used + more;
    if (need <= this.#bytes.length) return;
    if (need > chunkBytesMax)
      throw new Fault({ reason: 'kernel', detail: `the chunk's outputs exceed ${chunkBytesMax} bytes` });
    const guess = this.#bytes.length === 0 ? more * this.#units : this.#bytes.length * 2;
    const grown = new Uint8Array(Math.min(chunkBytesMax, Math.max(need, guess)));
    grown.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = grown;
  }
}
