/** The soak's parts: its jobs are jobs and differ, one wrong bit anywhere is seen, and its table says what was shown. */
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { Reference } from '../../scripts/soak/reference.ts';
import { compare } from '../../scripts/soak/compare.ts';
import type { Answer, Asked } from '../../scripts/soak/compare.ts';
import { inputs } from '../../scripts/soak/inputs.ts';
import { boundOf, briefly, tableOf } from '../../scripts/soak/table.ts';
import type { Row } from '../../scripts/soak/table.ts';
import { rootOfDigests, sha256Hex } from '../../src/coordinator/digests.ts';
import { catalogue } from '../../src/kernels/catalogue.ts';
import type { Kernel } from '../../src/kernels/kernel.ts';
import { decodeInput } from '../../src/kernels/mersenne-tf/index.ts';
import { wireDigest } from '../../src/volunteer/digest.ts';
import { dice } from '../sim/random.ts';

const kernels = [...catalogue.values()];
const wasmOf = (id: string): Uint8Array =>
  readFileSync(new URL(`../../build/kernels/${id}/reference.wasm`, import.meta.url));
const reference = new Reference();
afterAll(() => reference.close());

function thrown(kernel: Kernel, count: number, seed: number): Uint8Array[] {
  const make = inputs[kernel.id];
  if (make === undefined) throw new Error(`the soak has no jobs for ${kernel.id}`);
  return Array.from({ length: count }, (_, i) => make(dice(seed).fork(String(i))));
}

describe('jobs', () => {
  test.each(kernels)('$id: each is one, no two are the same, and a seed says which', (kernel) => {
    const count = kernel.id === 'mersenne-tf@1' ? 500 : 12;
    const made = thrown(kernel, count, 7);
    for (const input of made) {
      kernel.checkInput(input);
      expect(kernel.units(input)).toBeGreaterThan(0);
    }
    expect(new Set(made.map(sha256Hex)).size).toBe(count);
    expect(thrown(kernel, 3, 7)).toEqual(made.slice(0, 3));
    expect(thrown(kernel, 3, 8)).not.toEqual(made.slice(0, 3));
  });

  test('exponents and ranges reach from the smallest to the largest', () => {
    const bits = catalogue.get('mersenne-tf@1');
    const specs = bits === undefined ? [] : thrown(bits, 500, 1).map(decodeInput);
    expect(Math.min(...specs.map(({ exponent }) => exponent))).toBeLessThan(10);
    expect(Math.max(...specs.map(({ exponent }) => exponent))).toBeGreaterThan(2 ** 30);
    expect(specs.some(({ kFrom }) => kFrom === 0n)).toBe(true);
    const ends = specs.map((s) => 2n * (s.kFrom + BigInt(s.units * s.kPerUnit)) * BigInt(s.exponent));
    expect(ends.some((end) => end >> 79n > 0n)).toBe(true);
  });
});

/** Some units as Node computes them, and the answer of a browser that is right. */
async function example(
  kernel: Kernel,
  backend: Asked['backend'],
): Promise<{ asked: Asked; expected: Uint8Array[]; answer: Answer }> {
  const { input = new Uint8Array(0), unit = 0 } = kernel.vectors[2] ?? {};
  const asked = { kernel, backend, job: 'j1', input, unitFrom: unit };
  const expected = await reference.outputs({
    job: kernel.id,
    wasm: wasmOf(kernel.id),
    input,
    unitFrom: unit,
    units: 1,
  });
  return { asked, expected, answer: answerOf(asked, expected) };
}

function answerOf({ kernel, job, unitFrom }: Asked, outputs: readonly Uint8Array[]): Answer {
  const digests = Buffer.concat(
    outputs.map((output, i) => wireDigest(job, unitFrom + i, output, kernel.agreement)),
  );
  return {
    digests,
    root: Buffer.from(rootOfDigests(job, unitFrom, digests), 'hex'),
    bytes: Buffer.concat(outputs),
    lengths: outputs.map(({ length }) => length),
  };
}

const flipped = (bytes: Uint8Array, bit: number): Uint8Array =>
  bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));

describe.each(kernels)('$id', (kernel) => {
  test('the reference gives the known answer, and a right answer passes', async () => {
    const { asked, expected, answer } = await example(kernel, 'wasm');
    expect(expected.map(sha256Hex)).toEqual([kernel.vectors[2]?.digest]);
    expect(compare(asked, expected, answer)).toEqual({ wrong: [], outlierShare: 0 });
    expect(compare({ ...asked, backend: 'webgpu' }, expected, answer)).toEqual({
      wrong: [],
      outlierShare: 0,
    });
  });

  test('every single bit of WebAssembly’s output counts', async () => {
    const { asked, expected } = await example(kernel, 'wasm');
    const [output = new Uint8Array(0)] = expected;
    for (let bit = 0; bit < output.length * 8; bit += 7)
      expect(compare(asked, expected, answerOf(asked, [flipped(output, bit)])).wrong).toEqual([
        asked.unitFrom,
      ]);
  });

  test('so do a digest, a root, and bytes that are not those of the digest', async () => {
    const { asked, expected, answer } = await example(kernel, 'webgpu');
    const wrong = [
      { ...answer, digests: flipped(answer.digests, 9) },
      { ...answer, root: flipped(answer.root, 9) },
      { ...answer, bytes: flipped(answer.bytes, 0) },
      { ...answer, bytes: Buffer.concat([answer.bytes, Buffer.of(0)]) },
      { ...answer, lengths: [] },
    ];
    for (const one of wrong) expect(compare(asked, expected, one).wrong).toEqual([asked.unitFrom]);
  });
});

test('a shader may differ where its kernel says so, and no further', async () => {
  const kernel = catalogue.get('path-trace@1');
  if (kernel === undefined) throw new Error('there is no path-trace@1');
  const { asked, expected } = await example(kernel, 'webgpu');
  const [output = new Uint8Array(0)] = expected;
  const near = compare(asked, expected, answerOf(asked, [flipped(output, 0)]));
  expect(near.wrong).toEqual([]);
  const far = compare(asked, expected, answerOf(asked, [new Uint8Array(output.length)]));
  expect(far.wrong).toEqual([asked.unitFrom]);
  expect(far.outlierShare).toBeGreaterThan(0.5);
});

describe('the table', () => {
  const row: Row = {
    engine: 'Chromium 1',
    backend: 'webgpu',
    kernel: 'k@1',
    inputs: 2,
    units: 3000,
    mismatches: 0,
    outlierShare: 0.0123,
  };

  test('says the bound only where nothing was wrong and something was computed', () => {
    expect(boundOf(row)).toBe('0 of 3000, so < 1.0e-3 at 95 %');
    expect(boundOf({ units: 3000, mismatches: 2 })).toBe('2 of 3000');
    expect(boundOf({ units: 0, mismatches: 0 })).toBe('nothing was computed');
  });

  test('has a row for each, and the minute a sum', () => {
    const rows = [row, { ...row, backend: 'wasm', outlierShare: null, mismatches: 1 }];
    expect(tableOf(rows)).toMatch(/webgpu .* by agree; at most 1\.2 % .*\n.*wasm .* bit for bit$/);
    expect(briefly(rows)).toBe('6000 units, 1 mismatches (Chromium 1 webgpu 3000, Chromium 1 wasm 3000)');
  });
});
