/** Which tiles does path-trace@1 accept from a GPU? Rounding passes; every shortcut that saves or fakes work does not. */
import { describe, expect, it } from 'vitest';
import { demoScene } from '../../src/kernels/path-trace/demo.ts';
import { OUTPUT_BYTES, decodeOutput, encodeInput, pathTrace } from '../../src/kernels/path-trace/index.ts';
import { openReference } from './path-trace-reference.ts';

const samples = 384;
const input = encodeInput(demoScene(320, 200, samples, 2));
const tiles = 1000;
/** Spread over floor, stripes, glaze, glass, mirror. */
const units = Array.from({ length: 16 }, (_, i) => 11 + i * 61);

const { run } = openReference(input);
const truth = new Map(units.map((unit) => [unit, run(unit)]));

function encode(sums: Iterable<number>): Uint8Array {
  const bytes = new Uint8Array(OUTPUT_BYTES);
  const view = new DataView(bytes.buffer);
  [...sums].forEach((sum, i) => view.setUint32(i * 4, Math.max(0, Math.round(sum)), true));
  return bytes;
}

/** How many of the units a way of making tiles gets past the check. */
function passed(forge: (sums: Uint32Array, unit: number) => Iterable<number>): number {
  return units.filter((unit) => {
    const reference = truth.get(unit) ?? new Uint8Array();
    const forged = encode(forge(decodeOutput(reference), unit));
    return pathTrace.agree?.(input, unit, reference, forged).agree;
  }).length;
}

/** The first samples of each pixel only, made as bright as all of them. */
function fewer(share: number): (sums: Uint32Array, unit: number) => number[] {
  const lazy = openReference(encodeInput(demoScene(320, 200, samples * share, 2)));
  return (_, unit) => Array.from(decodeOutput(lazy.run(unit)), (sum) => sum / share);
}

/** A noise that needs no dice. */
const wobble = (i: number): number => ((i * 2654435761) % 1000) / 500 - 1;

describe('honest tiles agree', () => {
  it('with themselves', () => {
    expect(passed((sums) => sums)).toBe(units.length);
  });

  it('when rounding moves each value a little and some paths take another turn', () => {
    expect(
      passed((sums) =>
        Array.from(sums, (sum, i) => sum * (1 + 5e-4 * wobble(i)) * (i % 40 === 7 ? 1.03 : 1)),
      ),
    ).toBe(units.length);
  });
});

describe('shortcuts do not', () => {
  const neighbour = (unit: number): Uint32Array => decodeOutput(run((unit + 1) % tiles));
  const blurred = (sums: Uint32Array): number[] =>
    Array.from(sums, (_, i) => {
      const [x, y] = [Math.floor(i / 3) % 8, Math.floor(i / 24)];
      const around = [-1, 0, 1].flatMap((dy) => [-1, 0, 1].map((dx) => [x + dx, y + dy] as const));
      const inside = around.filter(([u, v]) => u >= 0 && u < 8 && v >= 0 && v < 8);
      return inside.reduce((sum, [u, v]) => sum + (sums[(v * 8 + u) * 3 + (i % 3)] ?? 0), 0) / inside.length;
    });
  const mean = (sums: Uint32Array): number[] =>
    Array.from(sums, (_, i) => sums.reduce((sum, v, k) => sum + (k % 3 === i % 3 ? v : 0), 0) / 64);

  it.each<[string, (sums: Uint32Array, unit: number) => Iterable<number>]>([
    ['half the samples, doubled', fewer(1 / 2)],
    ['brightened by 1 %', (sums) => Array.from(sums, (sum) => sum * 1.01)],
    ['darkened by 1 %', (sums) => Array.from(sums, (sum) => sum * 0.99)],
    ["the other batch's samples", (_, unit) => decodeOutput(run(unit + tiles))],
    ['blurred', blurred],
    ['one colour for the whole tile', mean],
    ["the neighbour's tile", (_, unit) => neighbour(unit)],
    [
      'half of the pixels left out and filled from beside',
      (sums) => Array.from(sums, (sum, i) => (i % 6 < 3 ? (sums[i + 3] ?? 0) : sum)),
    ],
    ['nothing', () => new Uint32Array(192)],
  ])('%s', (_, forge) => {
    // A tile that shows nothing but even light has no noise to betray a shortcut, and no error from it either.
    expect(passed(forge)).toBeLessThanOrEqual(1);
  });

  it('seven eighths of the samples get through on few tiles', () => {
    expect(passed(fewer(7 / 8))).toBeLessThanOrEqual(units.length / 4);
  });
});
