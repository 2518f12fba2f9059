/**
 * Turns a finished job's outputs into the lines people who search for Mersenne primes read:
 * the factors found, and up to where there is none.
 */
import { candidate, kEndOf } from './input.ts';
import type { MersenneSpec } from './input.ts';
import type { MersenneOutput } from './output.ts';

/** What a job says about its exponent. */
export interface MersenneReport {
  /** Factors 2kp + 1, ascending. */
  readonly factors: readonly bigint[];
  /** Candidates whose residues were computed. */
  readonly candidates: bigint;
  /** q from here (included) … */
  readonly qFrom: bigint;
  /** … to here (excluded) was searched, without a gap. */
  readonly qTo: bigint;
  readonly lines: readonly string[];
}

/** log2 to two places, with integers only so that every engine prints the same; `up` rounds up, else down. */
export function bitsOf(n: bigint, up: boolean): string {
  const whole = n.toString(2).length - 1;
  // Hundredths: the whole part of log2(n^100) is 100·log2(n), rounded down, exactly.
  let power = 1n;
  for (let i = 0; i < 100; i++) power *= n;
  const bits = power.toString(2).length - 1; // ⌊100·log2 n⌋
  const hundredths = up && 1n << BigInt(bits) !== power ? bits + 1 : bits;
  const rest = hundredths - 100 * whole;
  if (rest === 100) return `${whole + 1}`;
  return rest === 0 ? `${whole}` : `${whole}.${String(rest).padStart(2, '0').replace(/0$/, '')}`;
}

/**
 * The report of a job from its input and the outputs of units 0, 1, 2, … (all of them, in order).
 * Throws when one is missing: "no factor" may only be said of what was searched.
 */
export function reportOf(spec: MersenneSpec, outputs: readonly MersenneOutput[]): MersenneReport {
  if (outputs.length !== spec.units) throw new Error(`${outputs.length} of ${spec.units} units are there`);
  const factors: bigint[] = [];
  let candidates = 0n;
  let unlisted = 0;
  for (const output of outputs) {
    for (const k of output.factors) factors.push(candidate(spec.exponent, k));
    candidates += BigInt(output.candidates);
    unlisted += output.factorCount - output.factors.length;
  }
  const qFrom = candidate(spec.exponent, spec.kFrom);
  const qTo = candidate(spec.exponent, kEndOf(spec));
  const range = `2^${bitsOf(qFrom, true)} to 2^${bitsOf(qTo, false)}`;
  const name = `M${spec.exponent}`;
  const lines = factors.map(
    (q) => `${name} has a factor: ${q} (${bitsOf(q, false)} bits, TF:${range}, mersenne-tf@1)`,
  );
  if (factors.length === 0)
    lines.push(`no factor for ${name} from ${range} (mersenne-tf@1, ${candidates} candidates)`);
  else
    lines.push(
      `found ${factors.length + unlisted} factor${factors.length + unlisted === 1 ? '' : 's'} for ${name} from ${range} (mersenne-tf@1, ${candidates} candidates)`,
    );
  return { factors, candidates, qFrom, qTo, lines };
}
