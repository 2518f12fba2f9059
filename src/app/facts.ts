/**
 * What a job's input says to people, and what its results weigh. Kernels describe their inputs in
 * `src/kernels`; a page only needs three numbers of one of them, read here and checked against the kernel in tests.
 */
import type { JobView } from '../wire/views.ts';

/** The candidates of a trial factoring job. */
export interface MersenneFacts {
  readonly exponent: number;
  /** log₂ of the smallest and the largest candidate divisor. */
  readonly bitFrom: number;
  readonly bitTo: number;
}

const inputBytes = 24;

/** Reads the input of `mersenne-tf@1`; null when it is none. */
export function readMersenne(input: Uint8Array): MersenneFacts | null {
  if (input.length !== inputBytes) return null;
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const exponent = view.getUint32(0, true);
  const kFrom = Number(view.getBigUint64(8, true));
  const kEnd = kFrom + view.getUint32(4, true) * view.getUint32(16, true);
  const bits = (k: number): number => Math.log2(2 * Math.max(1, k) * exponent + 1);
  return { exponent, bitFrom: bits(kFrom), bitTo: bits(kEnd) };
}

/** Bytes of digest and usual output for each unit that crosses the network, by kernel. */
const unitBytes: Readonly<Record<string, number>> = { 'mersenne-tf@1': 8 + 16, 'path-trace@1': 32 + 768 };

/**
 * Bytes of results that `cores` cores of the reference's speed would send in an hour; null for kernels
 * whose outputs are not known here. Second replicas of exact kernels send less.
 */
export function resultBytesAnHour(job: JobView, cores: number): number | null {
  const bytes = unitBytes[job.kernel];
  return bytes === undefined ? null : ((3600 * 1e6 * cores) / job.unitCostMicro) * bytes;
}

/** Fetches and reads what a trial factoring job searches; null where the job is of another kernel or unreadable. */
export async function mersenneFacts(job: JobView): Promise<MersenneFacts | null> {
  if (job.kernel !== 'mersenne-tf@1') return null;
  const response = await fetch(`/blobs/${job.input}`);
  return response.ok ? readMersenne(new Uint8Array(await response.arrayBuffer())) : null;
}
