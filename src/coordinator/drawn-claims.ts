/**
 * What was claimed for units that were drawn with their commitment: kept at hand until they have been recomputed, since a busy coordinator
 * holds a thousand answers a second against them and would read each claim from the store. What is not here is in the store still.
 */
import { numbersIn } from '../core/intervals.ts';
import type { Audit } from '../core/state.ts';
import type { Outputs } from './log.ts';

/** One chunk's: the outputs of those of its units that were drawn. */
export interface DrawnClaim {
  readonly job: string;
  readonly chunk: number;
  readonly units: readonly number[];
  readonly outputs: readonly Uint8Array[];
}

/** What a tick says of such. */
export interface ClaimsTold {
  readonly claims: readonly DrawnClaim[];
  readonly voided: readonly { readonly job: string; readonly chunks: readonly number[] }[];
}

/** In bytes, what keeps them included. What was drawn longest ago goes first. */
const bytesMax = 8 << 20;
/** What a claim and each of its units take beside their bytes. */
const claimBytes = 256;
const unitBytes = 128;

/** `from`: the chunk's first unit. The frame that brought the outputs is not kept alive. */
export function claimOf(
  { job, chunk }: { readonly job: string; readonly chunk: number },
  units: readonly number[],
  from: number,
  { lengths, bytes }: Outputs,
): DrawnClaim {
  const outputs: Uint8Array[] = [];
  let [at, unit] = [0, from];
  for (const wanted of units) {
    for (; unit < wanted; unit++) at += lengths[unit - from] as number;
    // A `slice` of a view that Node pools would be a view of the same pool.
    outputs.push(new Uint8Array(bytes.subarray(at, at + (lengths[unit - from] as number))));
  }
  return { job, chunk, units, outputs };
}

export class DrawnClaims {
  readonly #kept = new Map<string, DrawnClaim>();
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(max = bytesMax) {
    this.#bytesMax = max;
  }

  /** A tick is durable. */
  see({ claims, voided }: ClaimsTold): void {
    for (const { job, chunks } of voided)
      for (const chunk of numbersIn(chunks)) this.#drop(keyOf(job, chunk));
    for (const claim of claims) {
      const key = keyOf(claim.job, claim.chunk);
      this.#drop(key);
      this.#kept.set(key, claim);
      this.#bytes += bytesOf(claim);
    }
    for (const key of this.#kept.keys()) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#drop(key);
    }
  }

  /** What was claimed for an audit's units, in their order; null when that is to be looked up. */
  of({ job, chunk, units }: Pick<Audit, 'job' | 'chunk' | 'units'>): Uint8Array[] | null {
    const claim = this.#kept.get(keyOf(job, chunk));
    if (claim === undefined) return null;
    const found: Uint8Array[] = [];
    for (const unit of units) {
      const output = claim.outputs[claim.units.indexOf(unit)];
      if (output === undefined) return null;
      found.push(output);
    }
    return found;
  }

  #drop(key: string): void {
    const claim = this.#kept.get(key);
    if (claim === undefined) return;
    this.#kept.delete(key);
    this.#bytes -= bytesOf(claim);
  }
}

function keyOf(job: string, chunk: number): string {
  return `${job}/${chunk}`;
}

function bytesOf({ outputs }: DrawnClaim): number {
  let bytes = claimBytes;
  for (const output of outputs) bytes += unitBytes + output.length;
  return bytes;
}
