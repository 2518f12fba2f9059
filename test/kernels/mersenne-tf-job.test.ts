/** Does the TypeScript around `mersenne-tf@1` keep its word? Codecs, price, checks of foreign outputs, report, demonstrations. */
import { describe, expect, it } from 'vitest';
import { KernelInputError } from '../../src/kernels/kernel.ts';
import { demoFactors, demoJob } from '../../src/kernels/mersenne-tf/demo.ts';
import {
  bitsOf,
  decodeInput,
  decodeOutput,
  encodeInput,
  mersenneTf,
  reportOf,
  specForBits,
} from '../../src/kernels/mersenne-tf/index.ts';
import type { MersenneOutput, MersenneSpec } from '../../src/kernels/mersenne-tf/index.ts';
import { candidate } from '../../src/kernels/mersenne-tf/input.ts';
import { encodeOutput } from '../../src/kernels/mersenne-tf/output.ts';
import { openReference } from './mersenne-tf-reference.ts';

const vectorSpecs = mersenneTf.vectors.map((vector) => ({ ...vector, spec: decodeInput(vector.input) }));

describe('the codec', () => {
  it('reads what it wrote', () => {
    for (const { spec, input } of vectorSpecs) expect(encodeInput(spec)).toEqual(input);
    const answer = { factorCount: 2, candidates: 36, checksum: 0x1234567890abcdefn, factors: [1n, 4n] };
    expect(decodeOutput(encodeOutput(answer))).toEqual(answer);
  });

  it('covers whole ranges of bits', () => {
    for (const [p, a, b] of [
      [332198467, 61, 63],
      [11, 0, 8],
      [99999989, 70.25, 70.5],
      [53111563, 79, 79.5],
    ] as const) {
      const spec = specForBits(p, a, b, 1 << 20);
      const end = candidate(p, spec.kFrom + BigInt(spec.units) * 1048576n);
      expect(Number(candidate(p, spec.kFrom))).toBeLessThanOrEqual(2 ** a);
      expect(Number(end)).toBeGreaterThanOrEqual(2 ** b * (1 - 1e-6));
      expect(Number(end)).toBeLessThan(2 ** b * (1 + 1e-6) + 3 * 2 ** 20 * 2 * p);
    }
    // Whole units up to the very end of what the kernel takes: then they begin a little below what was asked for.
    for (const [p, a] of [
      [53111563, 79],
      [1999999943, 79.9],
    ] as const) {
      const spec = specForBits(p, a, 80);
      expect(Number(candidate(p, spec.kFrom))).toBeLessThanOrEqual(2 ** a);
      const end = candidate(p, spec.kFrom + BigInt(spec.units) * BigInt(spec.kPerUnit));
      expect(end).toBeLessThan(1n << 80n);
      // Fewer than eight k are left.
      expect(end).toBeGreaterThan((1n << 80n) - 16n * BigInt(p));
    }
    expect(() => specForBits(11, 8, 8)).toThrow(KernelInputError);
    expect(() => specForBits(12, 1, 8)).toThrow(KernelInputError);
    expect(() => specForBits(11, 1, 81)).toThrow(KernelInputError);
  });

  it('prices a unit by its work', () => {
    const price = (spec: Partial<MersenneSpec>): number =>
      mersenneTf.unitCostMicro(
        encodeInput({ exponent: 99999989, kFrom: 1n << 42n, kPerUnit: 1 << 20, units: 10, ...spec }),
      );
    expect(price({ kPerUnit: 1 << 21 }) / price({})).toBeCloseTo(2, 1);
    expect(price({ exponent: 1009 })).toBeLessThan(price({}));
    expect(price({ units: 99 })).toBe(price({}));
    expect(Number.isInteger(price({}))).toBe(true);
  });
});

describe('checkOutput', () => {
  const input = encodeInput({ exponent: 11, kFrom: 0n, kPerUnit: 256, units: 2 });
  const good: MersenneOutput = { factorCount: 2, candidates: 36, checksum: 0n, factors: [1n, 4n] };
  const fault = (answer: Partial<MersenneOutput>, unit = 0): string | null =>
    mersenneTf.checkOutput(input, unit, encodeOutput({ ...good, ...answer }));

  it('lets an answer through', () => {
    expect(fault({})).toBeNull();
  });

  it('refuses what cannot be', () => {
    expect(fault({ factors: [1n, 5n] })).toContain('111 does not divide');
    expect(fault({ factors: [4n, 1n] })).toContain('rise');
    expect(fault({ factors: [1n, 1n] })).toContain('rise');
    expect(fault({ factorCount: 3 })).toContain('count');
    expect(fault({ candidates: 1 })).toContain('more factors');
    expect(fault({ candidates: 200 })).toContain('half');
    expect(fault({}, 1)).toContain('rise');
    expect(fault({ factors: [1n, 300n] })).toContain('outside');
    expect(mersenneTf.checkOutput(input, 0, new Uint8Array(15))).toContain('16 bytes');
    const big = encodeInput({ exponent: 99999989, kFrom: 1n << 42n, kPerUnit: 1 << 20, units: 1 });
    expect(
      mersenneTf.checkOutput(
        big,
        0,
        encodeOutput({ factorCount: 0, candidates: 9000, checksum: 0n, factors: [] }),
      ),
    ).toContain('sieve leaves');
  });
});

describe("the shader's answer", () => {
  it('names every factor even where two share a part of the unit', () => {
    const gpu = mersenneTf.gpu;
    const input = encodeInput({ exponent: 11, kFrom: 0n, kPerUnit: 4096, units: 1 });
    const raw = new Uint8Array(gpu?.slotBytes(input) ?? 0);
    const view = new DataView(raw.buffer);
    view.setUint32(0, 2, true); // two factors, of which part 0 (64 k) kept only k = 1
    view.setUint32(4, 500, true);
    view.setUint32(16, 4096 - 1, true);
    expect(decodeOutput(gpu?.finish(input, 0, raw) ?? raw).factors).toEqual([1n, 4n]);
  });
});

describe('the report', () => {
  it('tells factors and ranges', () => {
    const spec = specForBits(29, 0, 20, 256);
    const reference = openReference(encodeInput(spec));
    const outputs = Array.from({ length: spec.units }, (_, unit) => decodeOutput(reference.run(unit)));
    const report = reportOf(spec, outputs);
    expect(report.factors).toEqual([233n, 1103n, 2089n]);
    expect(report.lines[0]).toMatch(/^M29 has a factor: 233 \(7\.86 bits, TF:2\^0 to 2\^20/);
    expect(report.lines.at(-1)).toContain('found 3 factors for M29');
    expect(() => reportOf(spec, outputs.slice(1))).toThrow('units');
    const none = { factorCount: 0, candidates: 7, checksum: 0n, factors: [] };
    expect(
      reportOf(
        spec,
        outputs.map(() => none),
      ).lines,
    ).toEqual([expect.stringMatching(/^no factor for M29 from 2\^0 to 2\^20/)]);
  });

  it('claims no bit that was not searched', () => {
    expect(bitsOf(1n << 70n, true)).toBe('70');
    expect(bitsOf((1n << 70n) + 1n, false)).toBe('70');
    expect(bitsOf((1n << 70n) + 1n, true)).toBe('70.01');
    expect(bitsOf((1n << 70n) - 1n, false)).toBe('69.99');
    expect(bitsOf((1n << 70n) - 1n, true)).toBe('70');
  });
});

describe('the demonstrations', () => {
  it.each([
    ['demo', 12951433629n, 20, 60],
    ['seed', 568114683852n, 3600, 7200],
  ] as const)('%s holds its factor and its time', (size, k, secondsMin, secondsMax) => {
    const spec = demoJob(size);
    const input = encodeInput(spec);
    const unit = Number((k - spec.kFrom) / BigInt(spec.kPerUnit));
    expect(unit).toBeGreaterThan(0);
    expect(unit).toBeLessThan(spec.units);
    expect(decodeOutput(openReference(input).run(unit)).factors).toEqual([k]);
    expect(candidate(spec.exponent, k)).toBe(demoFactors[size]);
    const seconds = (mersenneTf.unitCostMicro(input) / 1e6) * spec.units;
    expect(seconds).toBeGreaterThan(secondsMin);
    expect(seconds).toBeLessThan(secondsMax);
  });
});
