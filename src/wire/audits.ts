/**
 * The words between the coordinator and anchors that run elsewhere: which units of which job shall be recomputed, and the
 * outputs that came of it. What was claimed is not among them: whoever recomputes does not see it [AU2].
 *
 * Outputs travel as bytes, numbers big-endian: u32 how many, u32 length of each, then all of them, one after the other.
 *
 * A volunteer's answer is such outputs in a frame of its socket. Where a commit's frame says how long its wishes are and
 * how many items it has (`frame.ts`), there is 0 in both: u32 0, u16 0, u64 audit, the outputs.
 */
import * as v from 'valibot';
import type { Malformed } from './schema.ts';
import { limits, takeMax } from './version.ts';

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));

export { takeMax };

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

/** A volunteer's answer as it came: which audit it means, and its outputs, which `decodeOutputs` reads within the audit's bounds. */
export interface AuditAnswer {
  readonly audit: number;
  readonly outputs: Uint8Array;
}

const answerHeadBytes = 14;

/** How long the frame of an answer is, where its outputs take so many bytes. */
export function answerBytes(outputBytes: number): number {
  return answerHeadBytes + outputBytes;
}

/** Whether a binary frame is the answer to an audit. All others are commits. */
export function isAuditAnswer(frame: Uint8Array): boolean {
  return frame.length >= 6 && frame[4] === 0 && frame[5] === 0;
}

export function encodeAuditAnswer(audit: number, outputs: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const payload = encodeOutputs(outputs);
  const frame = new Uint8Array(answerBytes(payload.length));
  const view = new DataView(frame.buffer);
  view.setUint32(6, Math.floor(audit / 2 ** 32));
  view.setUint32(10, audit % 2 ** 32);
  frame.set(payload, answerHeadBytes);
  return frame;
}

/** Reads the head of an answer; the outputs are a view of the frame. */
export function decodeAuditAnswer(frame: Uint8Array): AuditAnswer | Malformed {
  if (frame.length < answerHeadBytes || frame.length > limits.frameBytesMax)
    return { malformed: 'answer: size out of bounds' };
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (view.getUint32(0) !== 0 || view.getUint16(4) !== 0)
    return { malformed: 'answer: it has wishes or items' };
  const high = view.getUint32(6);
  const audit = high * 2 ** 32 + view.getUint32(10);
  if (high >= 2 ** 21 || audit === 0) return { malformed: 'answer: to no audit' };
  return { audit, outputs: frame.subarray(answerHeadBytes) };
}
