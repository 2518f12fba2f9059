/** The first chunk's digests are the same bytes as the engine's, by the known answers and by chance. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commitmentRoot, wireDigest } from '../../src/volunteer/digest.ts';
import { firstDigests } from '../../workers/first-digests.ts';

interface Known {
  readonly units: readonly { job: string; unit: number; output: string; digest: string }[];
}
const known = JSON.parse(readFileSync(new URL('../vectors/digests.json', import.meta.url), 'utf8')) as Known;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('the first chunk', () => {
  test('its digests are those of the known answers', async () => {
    for (const { job, unit, output, digest } of known.units) {
      const run = { job, agreement: 'tolerance', unitFrom: unit } as const;
      const { digests } = await firstDigests(run, [Uint8Array.from(Buffer.from(output, 'hex'))]);
      expect(hex(digests)).toBe(digest);
    }
  });

  test('its digests, root and outputs are those that an engine gives', async () => {
    const outputs = fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 20 });
    const agreement = fc.constantFrom('exact' as const, 'tolerance' as const);
    await fc.assert(
      fc.asyncProperty(
        outputs,
        agreement,
        fc.nat(2 ** 31),
        fc.stringMatching(/^j[1-9]\d{0,8}$/),
        async (parts, how, from, job) => {
          const found = await firstDigests({ job, agreement: how, unitFrom: from }, parts);
          const wire = Buffer.concat(parts.map((output, i) => wireDigest(job, from + i, output, how)));
          expect(hex(found.digests)).toBe(hex(wire));
          expect(hex(found.root)).toBe(hex(commitmentRoot(job, from, found.digests)));
          expect(hex(found.outputs)).toBe(hex(Buffer.concat(parts)));
          expect([...found.lengths]).toEqual(parts.map(({ length }) => length));
        },
      ),
    );
  });
});
