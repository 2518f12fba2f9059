/** Digests against the shared vectors, and against an implementation in three lines of node:crypto. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commitmentRoot, UnitHasher, wireDigest } from '../../src/volunteer/digest.ts';

interface Vectors {
  units: { job: string; unit: number; output: string; digest: string }[];
  roots: {
    job: string;
    unitFrom: number;
    agreement: 'exact' | 'tolerance';
    outputs: string[];
    digests: string;
    root: string;
  }[];
}
const vectors = JSON.parse(
  readFileSync(new URL('../vectors/digests.json', import.meta.url), 'utf8'),
) as Vectors;

/** The definition, written again: `tag ‖ 00 ‖ job ‖ 00 ‖ number as u64 big-endian ‖ bytes`. */
function tagged(tag: string, job: string, number: number, bytes: Uint8Array): string {
  const u64 = Buffer.alloc(8);
  u64.writeBigUInt64BE(BigInt(number));
  return createHash('sha256').update(`${tag}\0${job}\0`).update(u64).update(bytes).digest('hex');
}

const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('digests', () => {
  for (const { job, unit, output, digest } of vectors.units) {
    it(`unit ${unit} of ${JSON.stringify(job)}, ${output.length / 2} bytes`, () => {
      expect(hexOf(wireDigest(job, unit, bytesOf(output), 'tolerance'))).toBe(digest);
      expect(hexOf(wireDigest(job, unit, bytesOf(output), 'exact'))).toBe(digest.slice(0, 16));
      expect(tagged('talka/unit/1', job, unit, bytesOf(output))).toBe(digest);
    });
  }

  for (const { job, unitFrom, agreement, outputs, digests, root } of vectors.roots) {
    it(`root over ${outputs.length} ${agreement} digests from unit ${unitFrom} of ${JSON.stringify(job)}`, () => {
      const own = outputs
        .map((output, i) => hexOf(wireDigest(job, unitFrom + i, bytesOf(output), agreement)))
        .join('');
      expect(own).toBe(digests);
      expect(hexOf(commitmentRoot(job, unitFrom, bytesOf(digests)))).toBe(root);
      expect(tagged('talka/root/1', job, unitFrom, bytesOf(digests))).toBe(root);
    });
  }

  it('digests units in any order with one hasher, at every length around a block', () => {
    const hasher = new UnitHasher('a job whose name is longer than one block of SHA-256, which has 64 bytes');
    for (let length = 200; length >= 0; length--) {
      const output = new Uint8Array(length).fill(length);
      expect(hexOf(hasher.digest(length, output))).toBe(
        tagged(
          'talka/unit/1',
          'a job whose name is longer than one block of SHA-256, which has 64 bytes',
          length,
          output,
        ),
      );
    }
  });

  it('refuses what has no place in it', () => {
    expect(() => new UnitHasher('a\0b')).toThrow(RangeError);
    for (const unit of [-1, 0.5, 2 ** 53, Number.NaN]) {
      expect(() => new UnitHasher('job').digest(unit, new Uint8Array(1))).toThrow(RangeError);
    }
  });
});
