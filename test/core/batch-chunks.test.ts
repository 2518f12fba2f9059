/** The chunks of a batch, as runs and as text: all sets of up to ten chunks. */
import { expect, test } from 'vitest';
import { holds, pack, runsOf, sizeOf, unpacked } from '../../src/core/batch-chunks.ts';
import { add } from '../../src/core/intervals.ts';

test('say the same, kept either way', () => {
  for (const base of [0, 1_000_000])
    for (let bits = 0; bits < 1024; bits++) {
      const chunks: number[] = [];
      for (let i = 0; i < 10; i++) if ((bits >> i) % 2 === 1) add(chunks, base + i, base + i + 1);
      const batch = { chunks: [...chunks], packed: '' };
      const all = (): unknown => ({
        runs: runsOf(batch),
        size: sizeOf(batch),
        held: Array.from({ length: 14 }, (_, i) => holds(batch, base + i - 2)),
      });
      const plain = all();
      expect(plain).toMatchObject({ runs: chunks });
      pack(batch);
      expect(batch.chunks).toEqual([]);
      expect(batch.packed === '').toBe(bits === 0);
      pack(batch);
      expect(all()).toEqual(plain);
      expect(unpacked(batch)).toBe(batch.chunks);
      expect(batch).toEqual({ chunks, packed: '' });
    }
});

test('as text take a third of what runs take, and less', () => {
  const chunks: number[] = [];
  for (let i = 0; i < 200; i++) add(chunks, 18_000 * i, 18_000 * i + 18);
  const batch = { chunks, packed: '' };
  const before = 8 * chunks.length;
  pack(batch);
  expect(batch.packed.length).toBeLessThan(before / 2.5);
});
