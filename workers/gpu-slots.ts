/** Hands a batch's outputs from their slots to whoever wants them: many at a time where they lie there as they are, else one after another. */

import type { GpuProgram } from '../src/kernels/kernel.ts';
import type { Span } from './backend.ts';
import type { JobDigests } from './gpu-digests.ts';

/** A batch as it was read back: its slots end to end, then what the GPU digested of them. */
export interface Batch {
  readonly unitFrom: number;
  readonly units: number;
  readonly slotBytes: number;
  readonly slots: Uint8Array;
  /** Null where it digested nothing. */
  readonly digested: Digested | null;
}

export interface Digested {
  readonly by: JobDigests;
  readonly digests: Uint8Array;
  /** Whether one of the outputs holds a larger word than it may. */
  readonly odd: boolean;
}

/** Gives a span all units of a batch, in order. */
export function handOver(span: Span, program: GpuProgram, input: Uint8Array, batch: Batch): void {
  const { unitFrom, units, slotBytes, slots } = batch;
  const one = (slot: number): void => {
    const raw = slots.slice(slot * slotBytes, (slot + 1) * slotBytes);
    span.take(unitFrom + slot, program.finish(input, unitFrom + slot, raw));
  };
  const several = span.takeAlike;
  const digested = several === undefined ? null : agreed(batch, unitFrom === span.unitFrom);
  if (several === undefined || digested === null) {
    for (let slot = 0; slot < units; slot++) one(slot);
    return;
  }
  const { digests, by, odd } = digested;
  const seen = by.usual.wordMax !== undefined && !odd;
  const { bytes, zeroAt } = by.usual;
  const words = new Uint32Array(slots.buffer, slots.byteOffset, slots.length / 4);
  let from = 0;
  for (let slot = 0; slot <= units; slot++) {
    const here = slot === units || (zeroAt !== null && words[(slot * slotBytes + zeroAt) / 4] !== 0);
    if (!here) continue;
    if (from < slot)
      several.call(
        span,
        unitFrom + from,
        heads(slots, slotBytes, bytes, from, slot),
        bytes,
        digests.subarray(from * by.bytes, slot * by.bytes),
        seen,
      );
    if (slot < units) one(slot);
    from = slot + 1;
  }
}

/** What the GPU digested, where it digested anything and, in a span's first batch, one of them, taken by lot, is right. */
function agreed({ unitFrom, units, slotBytes, slots, digested }: Batch, isFirst: boolean): Digested | null {
  if (digested === null || !digested.by.trusted) return null;
  if (!isFirst) return digested;
  const slot = Math.floor(Math.random() * units);
  const { by, digests } = digested;
  const output = slots.subarray(slot * slotBytes, slot * slotBytes + by.usual.bytes);
  return by.agrees(unitFrom + slot, output, digests.subarray(slot * by.bytes, (slot + 1) * by.bytes))
    ? digested
    : null;
}

/** The first `bytes` of each slot [from, to), end to end. */
function heads(slots: Uint8Array, slotBytes: number, bytes: number, from: number, to: number): Uint8Array {
  if (bytes === slotBytes) return slots.subarray(from * slotBytes, to * slotBytes);
  const words = new Uint32Array(slots.buffer, slots.byteOffset, slots.length / 4);
  const own = new Uint32Array(((to - from) * bytes) / 4);
  const [step, width] = [slotBytes / 4, bytes / 4];
  for (let slot = from, at = 0; slot < to; slot++)
    for (let i = 0; i < width; i++) own[at++] = words[slot * step + i] as number;
  return new Uint8Array(own.buffer);
}
