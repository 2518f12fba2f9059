/** A batch's slots are handed over in order: many at a time where the GPU digested them, one after another where not, or where it said something wrong. */
import { describe, expect, test } from 'vitest';
import { UnitHasher } from '../../src/volunteer/digest.ts';
import type { GpuProgram, UsualSlot } from '../../src/kernels/kernel.ts';
import type { Span } from '../../workers/backend.ts';
import type { GpuDigester, JobDigests } from '../../workers/gpu-digests.ts';
import { JobDigests as Digests } from '../../workers/gpu-digests.ts';
import { handOver } from '../../workers/gpu-slots.ts';
import { Gathered } from '../../workers/gathered.ts';

const slotBytes = 16;
const unitFrom = 100;
const job = 'j1';

/** A slot's output are its first two words, or three where its third is not zero. */
const usual: UsualSlot = { bytes: 8, zeroAt: 8 };
const program = {
  finish: (_input: Uint8Array, _unit: number, raw: Uint8Array) =>
    raw.slice(0, new Uint32Array(raw.slice().buffer)[2] === 0 ? 8 : 12),
} as GpuProgram;

const digesterOf = () => ({ trusted: true }) as GpuDigester;
const digestsBy = (digester: GpuDigester): JobDigests =>
  new Digests(digester, { job, agreement: 'exact' }, new Uint8Array(0), usual, slotBytes);

/** Slots of which those named are not as usual. */
function slotsOf(units: number, odd: readonly number[]): Uint8Array {
  const words = Uint32Array.from({ length: units * 4 }, (_, i) => (i % 4 >= 2 ? 0 : i + 1));
  for (const slot of odd) words[slot * 4 + 2] = 7;
  return new Uint8Array(words.buffer);
}

function outputOf(slots: Uint8Array, slot: number): Uint8Array {
  return program.finish(new Uint8Array(0), 0, slots.slice(slot * slotBytes, (slot + 1) * slotBytes));
}

/** What the GPU says of each slot's usual output, whether it is that or not. */
function digestsOf(slots: Uint8Array): Uint8Array {
  const hasher = new UnitHasher(job);
  const units = slots.length / slotBytes;
  const all = new Uint8Array(8 * units);
  for (let i = 0; i < units; i++)
    all.set(
      hasher.digest(unitFrom + i, slots.subarray(i * slotBytes, i * slotBytes + 8)).subarray(0, 8),
      8 * i,
    );
  return all;
}

/** Hands it over to a chunk, and says how each unit came. */
async function handed(
  slots: Uint8Array,
  digested: { by: JobDigests; digests: Uint8Array; odd: boolean } | null,
): Promise<{ how: string[]; chunk: Awaited<ReturnType<Gathered['finish']>> }> {
  const units = slots.length / slotBytes;
  const data = {
    job,
    code: { id: 'none@1', wasm: new Uint8Array(0), wgsl: null },
    agreement: 'exact',
  } as const;
  const gathered = new Gathered({ ...data, input: new Uint8Array(0) }, null, unitFrom, unitFrom + units);
  const how: string[] = [];
  const span = {
    unitFrom,
    take: (unit, output) => {
      how.push(`${unit}`);
      gathered.add(unit, output);
    },
    takeAlike: (from, outputs, bytes, digests, seen) => {
      how.push(`${from} to ${from + outputs.length / bytes - 1}`);
      gathered.addAlike(from, outputs, bytes, digests, seen);
    },
  } as Span;
  handOver(span, program, new Uint8Array(0), { unitFrom, units, slotBytes, slots, digested });
  return { how, chunk: await gathered.finish() };
}

describe('a batch of slots', () => {
  test.each([
    { odd: [], how: ['100 to 107'] },
    { odd: [0], how: ['100', '101 to 107'] },
    { odd: [7], how: ['100 to 106', '107'] },
    { odd: [2, 3, 6], how: ['100 to 101', '102', '103', '104 to 105', '106', '107 to 107'] },
    { odd: [0, 1, 2, 3, 4, 5, 6, 7], how: ['100', '101', '102', '103', '104', '105', '106', '107'] },
  ])('in which $odd are not as usual comes to the same chunk as unit by unit', async ({ odd, how }) => {
    const slots = slotsOf(8, odd);
    const many = await handed(slots, { by: digestsBy(digesterOf()), digests: digestsOf(slots), odd: false });
    const each = await handed(slots, null);
    expect(many.how).toEqual(how);
    expect(each.how).toHaveLength(8);
    expect(many.chunk).toEqual(each.chunk);
    let at = 0;
    for (let slot = 0; slot < 8; slot++) {
      const output = outputOf(slots, slot);
      expect(many.chunk.lengths[slot]).toBe(output.length);
      expect(many.chunk.bytes.slice(at, at + output.length)).toEqual(output);
      at += output.length;
    }
  });

  test('of a GPU that says a wrong digest is digested here, and so is all that comes after it', async () => {
    const slots = slotsOf(8, [3]);
    const digester = digesterOf();
    const by = digestsBy(digester);
    const digests = digestsOf(slots).map((byte) => byte ^ 1);
    const first = await handed(slots, { by, digests, odd: false });
    expect(first.how).toHaveLength(8);
    expect(first.chunk).toEqual((await handed(slots, null)).chunk);
    expect(digester.trusted).toBe(false);
    expect((await handed(slots, { by, digests: digestsOf(slots), odd: false })).how).toHaveLength(8);
  });

  test('of which one output cannot be right is refused by its unit', () => {
    const gathered = new Gathered(
      {
        ...{ job, agreement: 'exact', input: new Uint8Array(0) },
        code: { id: 'none@1', wasm: new Uint8Array(0), wgsl: null },
      },
      {
        units: () => 1_000,
        outputBytesMax: () => 8,
        isPlainOutput: (_: Uint8Array, bytes: Uint8Array, from: number) => (bytes[from] as number) < 200,
        checkOutput: (_: Uint8Array, _unit: number, output: Uint8Array) =>
          output[0] === 255 ? 'it is all ones' : null,
      } as never,
      0,
      4,
    );
    const outputs = Uint8Array.of(1, 0, 0, 0, 201, 0, 0, 0, 255, 0, 0, 0, 3, 0, 0, 0);
    expect(() => gathered.addAlike(0, outputs, 4, new Uint8Array(32), false)).toThrow('it is all ones');
    expect(() => gathered.addAlike(0, new Uint8Array(12), 12, new Uint8Array(8), false)).toThrow(
      'at most 8 are allowed',
    );
    expect(() => gathered.addAlike(1, new Uint8Array(4), 4, new Uint8Array(8), false)).toThrow(
      'out of order',
    );
  });
});
