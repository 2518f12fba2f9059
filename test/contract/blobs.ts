/** What every store of blobs must keep, whoever implements it. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Blobs } from '../../src/coordinator/blobs.ts';

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export function blobsSuite(name: string, make: () => Promise<Blobs>): void {
  describe(`the promises of blobs: ${name}`, () => {
    test('bytes come back by their digest, as they were', async () => {
      const blobs = await make();
      const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i * 7);
      const digest = await blobs.put(bytes);
      expect(digest).toBe(digestOf(bytes));
      bytes.fill(0);
      expect(digestOf((await blobs.get(digest)) as Uint8Array)).toBe(digest);
      expect(await blobs.has(digest)).toBe(true);
    });

    test('the same bytes are kept once, also when they come at the same time', async () => {
      const blobs = await make();
      const bytes = Buffer.from('the same');
      const digests = await Promise.all(Array.from({ length: 10 }, () => blobs.put(bytes)));
      expect(new Set(digests).size).toBe(1);
      expect(await blobs.list()).toEqual([digestOf(bytes)]);
      expect(await blobs.put(new Uint8Array(0))).toBe(digestOf(new Uint8Array(0)));
      expect(await blobs.get(digestOf(new Uint8Array(0)))).toHaveLength(0);
    });

    test.each(['0'.repeat(64), '', '../keys.json', '..', 'A'.repeat(64), '0'.repeat(65), '\0'])(
      '%j is not there',
      async (digest) => {
        const blobs = await make();
        await blobs.put(Buffer.from('something'));
        expect(await blobs.get(digest)).toBeNull();
        expect(await blobs.has(digest)).toBe(false);
      },
    );
  });
}
