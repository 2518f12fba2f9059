/**
 * The kernel `mersenne-tf@1`: trial factoring of Mersenne numbers 2^p − 1. Sieves a block of k and
 * computes 2^p mod q for every candidate q = 2kp + 1 that is left; exact on every backend.
 *
 * A checksum over all residues comes with each answer, so that "no factor here" costs the work.
 */
import type { Kernel } from '../kernel.ts';
import { gpu } from './gpu.ts';
import { candidate, decodeInput, fieldsOf } from './input.ts';
import { density, factorsMax, faultOfOutput, headBytes } from './output.ts';
import { vectors } from './vectors.ts';

export { decodeInput, encodeInput, kPerUnitDefault, specForBits } from './input.ts';
export type { MersenneSpec } from './input.ts';
export { decodeOutput } from './output.ts';
export type { MersenneOutput } from './output.ts';
export { bitsOf, reportOf } from './report.ts';
export type { MersenneReport } from './report.ts';

// The price in nanoseconds of the reference core, fitted to `node bench/kernel-mersenne.ts`
// (docs/kernels/mersenne-tf.md, "Price").
const nsPerUnit = 120_000; // placing 6541 primes in two classes
const nsPerK = 1.1; // crossing out and collecting
const nsPerCandidate = 20; // setting up, making canonical, adding up
const nsPerSquaring = 4.6;

/** Price of each unit in microcredits: a unit's time on the reference core, by formula, in microseconds. */
export function unitCostMicro(input: Uint8Array): number {
  const { exponent, kPerUnit, kFrom } = fieldsOf(input);
  const squarings = squaringsOf(exponent, candidate(exponent, kFrom > 0n ? kFrom : 1n));
  const ns = nsPerUnit + kPerUnit * (nsPerK + density * (nsPerCandidate + squarings * nsPerSquaring));
  return Math.ceil(ns / 1000);
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

export const mersenneTf: Kernel = {
  id: 'mersenne-tf@1',
  agreement: 'exact',
  checkInput: (input) => void decodeInput(input),
  units: (input) => decodeInput(input).units,
  unitCostMicro,
  outputBytesMax: () => headBytes + 8 * factorsMax,
  checkOutput: (input, unit, output) => faultOfOutput(fieldsOf(input), unit, output),
  gpu,
  vectors,
};
