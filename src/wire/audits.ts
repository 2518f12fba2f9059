/**
 * The words between the coordinator and anchors that run elsewhere: which units of which job shall be recomputed, and the
 * outputs that came of it. What was claimed is not among them: whoever recomputes does not see it [AU2].
 *
 * Outputs travel as bytes, numbers big-endian: u32 how many, u32 length of each, then all of them, one after the other.
 */
import * as v from 'valibot';
import type { Malformed } from './schema.ts';
import { limits } from './version.ts';

/** How many audits may be taken at once. */
export const takeMax = 64;

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));

/** Asks for audits. */
export const taking = v.strictObject({
  max: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(takeMax)),
});

/** One audit as it is given to somebody: kernel and input are fetched by their digests. */
export const takenAudit = v.strictObject({
  audit: whole,
  job: v.pipe(v.string(), v.maxLength(40)),
  kernel: v.pipe(v.string(), v.maxLength(80)),
  wasm: digest,
  input: digest,
  /** Numbers in the job, ascending. */
  units: v.pipe(v.array(whole), v.minLength(1), v.maxLength(limits.unitsPerChunkMax)),
});
export type TakenAudit = v.InferOutput<typeof takenAudit>;

/** What was given. After `limitMs` the audits that were not answered may be given to somebody else. */
export const taken = v.strictObject({
  audits: v.pipe(v.array(takenAudit), v.maxLength(takeMax)),
  limitMs: whole,
  /** All audits that are not answered, whoever is at them. */
  waiting: whole,
});
export type Taken = v.InferOutput<typeof taken>;

/** Gives audits back that will not be made: others may take them at once. */
export const returning = v.strictObject({ audits: v.pipe(v.array(whole), v.maxLength(takeMax)) });

/**
 * What became of an answer. `right`: the claim was; `wrong`: two engines say so of these units; `overruled`: two engines say that
 * the claim was right and the answer of these units not; `paused`: the two disagree, and the kernel is paused; `disputed`: they
 * are still at it.
 */
export const became = v.variant('became', [
  v.strictObject({ became: v.literal('right') }),
  v.strictObject({ became: v.literal('wrong'), units: v.array(whole) }),
  v.strictObject({ became: v.literal('overruled'), units: v.array(whole) }),
  v.strictObject({ became: v.literal('paused') }),
  v.strictObject({ became: v.literal('disputed') }),
]);
export type Became = v.InferOutput<typeof became>;

/** How many outputs are expected, and how long each may be. */
export interface OutputBounds {
  readonly count: number;
  readonly lengthMax: number;
}

/** How many bytes outputs within these bounds take at most. */
export function outputBytesMax({ count, lengthMax }: OutputBounds): number {
  return 4 + count * (4 + lengthMax);
}

export function encodeOutputs(outputs: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const total = outputs.reduce((sum, { length }) => sum + 4 + length, 4);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, outputs.length);
  let at = 4;
  for (const { length } of outputs) {
    view.setUint32(at, length);
    at += 4;
  }
  for (const output of outputs) {
    bytes.set(output, at);
    at += output.length;
  }
  return bytes;
}

/** The outputs, as views of the bytes; or what is wrong with these. */
export function decodeOutputs(
  bytes: Uint8Array,
  { count, lengthMax }: OutputBounds,
): Uint8Array[] | Malformed {
  const headBytes = 4 + 4 * count;
  if (bytes.length < headBytes) return { malformed: `outputs: shorter than the lengths of ${count} outputs` };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) !== count) return { malformed: `outputs: there must be ${count}` };
  const outputs: Uint8Array[] = [];
  let at = headBytes;
  for (let i = 0; i < count; i++) {
    const length = view.getUint32(4 + 4 * i);
    if (length > lengthMax) return { malformed: `outputs: one has at most ${lengthMax} bytes` };
    outputs.push(bytes.subarray(at, at + length));
    at += length;
  }
  return at === bytes.length ? outputs : { malformed: 'outputs: the lengths do not add up to the bytes' };
}
