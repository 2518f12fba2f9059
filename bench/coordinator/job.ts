/** The job of the coordinator's bench: far more chunks than any run settles, with answers that pass the kernel's own check without being computed. */
import { encodeInput } from '../../src/kernels/mersenne-tf/index.ts';

const kPerUnit = 2 ** 17;

/** Input of a job with about two million chunks, or so many. */
export function benchInput(unitsPerChunk: number, chunks = 2_000_000): Uint8Array {
  return encodeInput({
    exponent: 332_198_467,
    kFrom: 4n * 10n ** 9n,
    kPerUnit,
    units: chunks * unitsPerChunk,
  });
}

/** A made-up answer of the right shape: no factor, a likely number of candidates, a checksum from the unit's number. */
export function madeUpOutput(unit: number): Uint8Array {
  const output = new Uint8Array(16);
  const view = new DataView(output.buffer);
  view.setUint32(4, Math.round(kPerUnit * 0.0506), true);
  view.setUint32(8, (unit * 2654435761) >>> 0, true);
  view.setUint32(12, unit >>> 0, true);
  return output;
}
