/**
 * Computes a kernel's known answers on a backend. An exact kernel must give the very bytes; a tolerance
 * kernel's shader must agree with the WASM reference, which itself must give the very bytes.
 */

import { bytesToHex } from '@noble/hashes/utils.js';
import { plainDigest } from '../src/volunteer/digest.ts';
import type { KernelCode, SelfTest } from '../src/volunteer/engine.ts';
import type { Kernel, KernelVector } from '../src/kernels/kernel.ts';
import { Fault } from './backend.ts';
import type { ComputeBackend, OpenJob, Span } from './backend.ts';
import { WasmBackend } from './wasm.ts';

/** `step` is called after each vector. A vector that fails ends the test; so does one that cannot be computed. */
export async function selfTest(
  backend: ComputeBackend,
  code: KernelCode,
  kernel: Kernel | null,
  step: () => void,
): Promise<SelfTest> {
  const reference = kernel?.agreement === 'tolerance' ? new WasmBackend() : null;
  for (const vector of kernel?.vectors ?? []) {
    let got: string | null;
    try {
      got = await wrongAnswer(backend, reference, code, kernel, vector);
    } catch (error) {
      if (!(error instanceof Fault) || !isAnswer(error)) throw error;
      got = `${error.failure.reason}: ${error.failure.detail}`;
    }
    if (got !== null) return { ok: false, vector: vector.name, got };
    step();
  }
  return { ok: true, vectors: kernel?.vectors.length ?? 0 };
}

/** A trap is a wrong answer; a device that went away or has no memory left is none. */
function isAnswer({ failure }: Fault): boolean {
  return failure.reason === 'trap' || failure.reason === 'kernel' || failure.reason === 'input';
}

/** What came instead of the known answer, or null when it came. */
async function wrongAnswer(
  backend: ComputeBackend,
  reference: WasmBackend | null,
  code: KernelCode,
  kernel: Kernel | null,
  { input, unit, digest }: KernelVector,
): Promise<string | null> {
  const output = await oneUnit(await backend.open(code, kernel, input), unit);
  const hex = bytesToHex(plainDigest(output));
  if (hex === digest) return null;
  if (reference === null || kernel?.agree === undefined) return hex;
  const right = await oneUnit(await reference.open(code, kernel, input), unit);
  const rightHex = bytesToHex(plainDigest(right));
  if (rightHex !== digest) return `${rightHex} from the reference`;
  const { agree, outlierShare, meanError } = kernel.agree(input, unit, right, output);
  return agree ? null : `${outlierShare} of the values too far off, mean off by ${meanError}`;
}

/** Computes one unit, closes the job and gives a copy of the output. */
async function oneUnit(job: OpenJob, unit: number): Promise<Uint8Array> {
  let output: Uint8Array | null = null;
  try {
    await job.compute({ ...silentSpan(unit, unit + 1), take: (_, bytes) => (output = bytes.slice()) });
  } finally {
    job.close();
  }
  if (output === null) throw new Error('the backend gave no output');
  return output;
}

/** A span whose outputs nobody keeps and that cannot be cancelled. */
export function silentSpan(unitFrom: number, unitTo: number): Span {
  const nothing = (): void => {};
  return {
    ...{ unitFrom, unitTo },
    pause: () => null,
    ...{ take: nothing, takeAlike: nothing, spent: nothing, issued: nothing },
  };
}
