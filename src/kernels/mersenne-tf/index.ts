/**
 * The kernel `mersenne-tf@1`: trial factoring of Mersenne numbers 2^p − 1. Sieves a block of k and
 * computes 2^p mod q for every candidate q = 2kp + 1 that is left; exact on every backend.
 *
 * A checksum over all residues comes with each answer, so that "no factor here" costs the work.
 */
import type { Kernel } from '../kernel.ts';
import { gpu } from './gpu.ts';
import { candidate, decodeInput, fieldsOf, kEndOf } from './input.ts';
import type { MersenneSpec } from './input.ts';
import { density, factorsMax, faultOfOutput, headBytes, isPlain } from './output.ts';
import { vectors } from './vectors.ts';

export { decodeInput, encodeInput, kPerUnitDefault, specForBits } from './input.ts';
export type { MersenneSpec } from './input.ts';
export { decodeOutput } from './output.ts';
export type { MersenneOutput } from './output.ts';
export { bitsOf, reportOf } from './report.ts';
export type { MersenneReport } from './report.ts';

// The price in nanoseconds of the reference core, fitted to medians over ten jobs
// (docs/kernels/mersenne-tf.md, "Price"). A published price never changes: these belong to the version.
const nsPerUnit = 80_000; // placing 6541 primes in two classes
const nsPerK = 0.9; // crossing out and collecting
const nsPerCandidate = 26; // inverse, start of the ladder, making canonical, adding up
const nsPerSquaring = 3.6;
const nsPerWideSquaring = 4.0; // q may reach 2^78: one more full round

/** Price of each unit in microcredits: a unit's time on the reference core, by formula, in microseconds. */
export function unitCostMicro(input: Uint8Array): number {
  const spec = fieldsOf(input);
  const qFirst = candidate(spec.exponent, spec.kFrom > 0n ? spec.kFrom : 1n);
  const wide = candidate(spec.exponent, kEndOf(spec)) >= 1n << 78n;
  const perCandidate =
    nsPerCandidate + squaringsOf(spec.exponent, qFirst) * (wide ? nsPerWideSquaring : nsPerSquaring);
  return Math.ceil((nsPerUnit + spec.kPerUnit * (nsPerK + density * perCandidate)) / 1000);
}

/** Squarings that the reference needs to reach 2^p mod q: one for each bit of p − 84 below its start. */
function squaringsOf(exponent: number, qFirst: bigint): number {
  const rest = exponent - 84;
  if (rest < 8) return 0;
  const reach = qFirst.toString(2).length - 1 + 50 - 84;
  const top = reach >= 7 ? reach : 7;
  let squarings = 0;
  while (rest >> squarings > top) squarings++;
  return squarings;
}

let known: { readonly input: Uint8Array; readonly spec: MersenneSpec } | null = null;

/** The fields of a job's input, which is asked about unit after unit. */
function specOf(input: Uint8Array): MersenneSpec {
  if (known?.input !== input) known = { input, spec: fieldsOf(input) };
  return known.spec;
}

let counted: { readonly input: Uint8Array; readonly units: number } | null = null;

/** Units of a job's input, which is asked for with every chunk; whether it is one is looked at the first time. */
function unitsOf(input: Uint8Array): number {
  if (counted?.input !== input) counted = { input, units: decodeInput(input).units };
  return counted.units;
}

export const mersenneTf: Kernel = {
  id: 'mersenne-tf@1',
  agreement: 'exact',
  checkInput: (input) => void decodeInput(input),
  units: unitsOf,
  unitCostMicro,
  outputBytesMax: () => headBytes + 8 * factorsMax,
  checkOutput: (input, unit, output) => faultOfOutput(specOf(input), unit, output),
  isPlainOutput: (input, bytes, from, to) => isPlain(specOf(input), bytes, from, to),
  certifies: {
    says: 'Every factor that a result names divides the number, in the range that its unit covers: no volunteer can get a false one accepted.',
    saysNot:
      'That a unit names no factor, or no further one, is not certified, nor are its checksum and its number of candidates: for that, units drawn in secret are computed again as under audit, and whoever kept a factor back or computed nothing is found.',
  },
  gpu,
  vectors,
};
