/** Collects a chunk's outputs, and digests each unit as it comes. */

import { rootMessage, rootOf, UnitHasher, wireDigestBytes } from '../src/volunteer/digest.ts';
import type { RootMessage } from '../src/volunteer/digest.ts';
import type { ChunkResult, JobData } from '../src/volunteer/engine.ts';
import type { Kernel } from '../src/kernels/kernel.ts';
import { Fault } from './backend.ts';
import { chunkUnitsMax, Outputs } from './outputs.ts';

export class Gathered {
  readonly #unitFrom: number;
  readonly #outputs: Outputs;
  readonly #job: string;
  /** Made when a unit comes without its digest. */
  #hasher: UnitHasher | null = null;
  readonly #digestBytes: 8 | 32;
  readonly #root: RootMessage;
  readonly #digests: Uint8Array;

  /** Throws the `job` Fault for a chunk that the job does not have. */
  constructor(data: JobData, kernel: Kernel | null, unitFrom: number, unitTo: number) {
    const units = unitTo - unitFrom;
    const unitsMax = kernel?.units(data.input) ?? Number.MAX_SAFE_INTEGER;
    const valid =
      Number.isSafeInteger(unitFrom) && Number.isSafeInteger(unitTo) && unitFrom >= 0 && units > 0;
    if (!valid || units > chunkUnitsMax || unitTo > unitsMax) {
      throw new Fault({ reason: 'job', detail: `the job has no chunk [${unitFrom}, ${unitTo})` });
    }
    this.#unitFrom = unitFrom;
    this.#outputs = new Outputs(data, kernel, units);
    this.#job = data.job;
    this.#digestBytes = wireDigestBytes(data.agreement);
    this.#root = rootMessage(data.job, unitFrom, units * this.#digestBytes);
    this.#digests = this.#root.digests;
  }

  /** Takes the next unit's output; they come in order. Throws a Fault for one that cannot be right. */
  add(unit: number, output: Uint8Array): void {
    const index = this.#outputs.done;
    if (unit !== this.#unitFrom + index) throw new Error(`unit ${unit} came out of order`);
    this.#outputs.add(unit, output);
    this.#hasher ??= new UnitHasher(this.#job);
    const digest = this.#hasher.digest(unit, output);
    this.#digests.set(
      this.#digestBytes === 32 ? digest : digest.subarray(0, this.#digestBytes),
      index * this.#digestBytes,
    );
  }

  /** Takes the next units' outputs, each `bytes` long, and their digests. Throws a Fault for one that cannot be right, if they were not `seen`. */
  addAlike(unitFrom: number, outputs: Uint8Array, bytes: number, digests: Uint8Array, seen: boolean): void {
    const index = this.#outputs.done;
    if (unitFrom !== this.#unitFrom + index) throw new Error(`unit ${unitFrom} came out of order`);
    this.#outputs.addAlike(unitFrom, outputs, bytes, seen);
    this.#digests.set(digests, index * this.#digestBytes);
  }

  /** The chunk. Rejects when not all of its units are here. */
  async finish(): Promise<Pick<ChunkResult, 'digests' | 'root' | 'bytes' | 'lengths'>> {
    const parts = this.#outputs.finish();
    return { digests: this.#digests, root: await rootOf(this.#root), ...parts };
  }
}
