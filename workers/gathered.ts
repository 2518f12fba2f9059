/** Collects a chunk's outputs, and digests each unit as it comes. */

import { commitmentRoot, UnitHasher, wireDigestBytes } from '../src/volunteer/digest.ts';
import type { ChunkResult, JobData } from '../src/volunteer/engine.ts';
import type { Kernel } from '../src/kernels/kernel.ts';
import { Fault } from './backend.ts';
import { chunkUnitsMax, Outputs } from './outputs.ts';

export class Gathered {
  readonly #job: string;
  readonly #unitFrom: number;
  readonly #outputs: Outputs;
  readonly #hasher: UnitHasher;
  readonly #digestBytes: 8 | 32;
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
    this.#job = data.job;
    this.#unitFrom = unitFrom;
    this.#outputs = new Outputs(data, kernel, units);
    this.#hasher = new UnitHasher(data.job);
    this.#digestBytes = wireDigestBytes(data.agreement);
    this.#digests = new Uint8Array(units * this.#digestBytes);
  }

  /** Takes the next unit's output; they come in order. Throws a Fault for one that cannot be right. */
  add(unit: number, output: Uint8Array): void {
    const index = this.#outputs.done;
    if (unit !== this.#unitFrom + index) throw new Error(`unit ${unit} came out of order`);
    this.#outputs.add(unit, output);
    const digest = this.#hasher.digest(unit, output);
    this.#digests.set(
      this.#digestBytes === 32 ? digest : digest.subarray(0, this.#digestBytes),
      index * this.#digestBytes,
    );
  }

  finish(): Pick<ChunkResult, 'digests' | 'root' | 'bytes' | 'lengths'> {
    const parts = this.#outputs.finish();
    return {
      digests: this.#digests,
      root: commitmentRoot(this.#job, this.#unitFrom, this.#digests),
      ...parts,
    };
  }
}
