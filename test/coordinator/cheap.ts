/** A kernel that costs next to nothing, for tests of what is around kernels: 8 bytes of SHA-256 over input and unit. */
import { createHash } from 'node:crypto';
import { served } from '../../src/coordinator/kernels.ts';
import type { Shelf } from '../../src/coordinator/kernels.ts';
import type { Kernel } from '../../src/kernels/kernel.ts';
import { KernelInputError } from '../../src/kernels/kernel.ts';

/** The answer to one unit. */
export function cheapOutput(input: Uint8Array, unit: number): Buffer {
  return createHash('sha256').update(input).update(String(unit)).digest().subarray(0, 8);
}

/** An input for so many units. */
export function cheapInput(units: number): Buffer {
  return Buffer.from(JSON.stringify({ units }));
}

function unitsOf(input: Uint8Array): number {
  try {
    return (JSON.parse(Buffer.from(input).toString()) as { units: number }).units;
  } catch {
    throw new KernelInputError('no JSON');
  }
}

export const exactKernel: Kernel = {
  id: 'cheap@1',
  agreement: 'exact',
  checkInput(input) {
    if (!(unitsOf(input) > 0)) throw new KernelInputError('no units');
  },
  units: unitsOf,
  unitCostMicro: () => 10_000,
  outputBytesMax: () => 16,
  checkOutput: (_input, _unit, output) => (output.length === 8 ? null : 'an answer has 8 bytes'),
  vectors: [],
};

/** The same, but a GPU may be off by one in the last byte. */
export const tolerantKernel: Kernel = {
  ...exactKernel,
  id: 'tolerant@1',
  agreement: 'tolerance',
  agree(_input, _unit, reference, other) {
    const agree =
      reference.length === other.length &&
      reference.every((byte, i) => (i < 7 ? byte === other[i] : Math.abs(byte - (other[i] as number)) <= 1));
    return { agree, outlierShare: agree ? 0 : 1, meanError: 0 };
  },
};

/** Not a module anybody runs: devices of these tests compute in JavaScript. */
const wasm = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

export const cheapShelf: Shelf = new Map(
  [exactKernel, tolerantKernel].map((kernel) => [kernel.id, served(kernel, wasm, null)]),
);
