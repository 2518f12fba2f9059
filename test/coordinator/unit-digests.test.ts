/** Four digests side by side are the platform's, for every length around a block's end, and a wrong one is found where it is. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UnitDigests } from '../../src/coordinator/unit-digests.ts';
import { built } from './four.ts';

const ways = [
  ['four side by side', new UnitDigests(built())],
  ['by the platform', new UnitDigests(null)],
] as const;

function digestOf(job: string, unit: number, output: Uint8Array): Buffer {
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(unit));
  return createHash('sha256').update(`talka/unit/1\0${job}\0`).update(number).update(output).digest();
}

const chunk = fc.record({
  job: fc.integer({ min: 1, max: 1e12 }).map((n) => `j${n}`),
  from: fc.nat({ max: Number.MAX_SAFE_INTEGER - 100 }),
  outputs: fc.array(
    fc.oneof(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.uint8Array({ maxLength: 150 })),
    {
      minLength: 1,
      maxLength: 20,
    },
  ),
  width: fc.constantFrom(8, 32),
});

describe.each(ways)('[WR7] units of a chunk, %s', (_name, check) => {
  const ask = (
    job: string,
    from: number,
    outputs: readonly Uint8Array[],
    digests: Buffer,
    width: number,
  ): number =>
    check.firstWrong(
      job,
      from,
      outputs.map((one) => one.length),
      Buffer.concat(outputs),
      digests,
      width,
    );

  test('pass when each output makes its digest, and the first that does not is named', () => {
    fc.assert(
      fc.property(chunk, fc.nat(), fc.nat(), ({ job, from, outputs, width }, which, bit) => {
        const digests = Buffer.concat(
          outputs.map((one, i) => digestOf(job, from + i, one).subarray(0, width)),
        );
        expect(ask(job, from, outputs, digests, width)).toBe(-1);
        const unit = which % outputs.length;
        const place = unit * width + (bit % width);
        digests.writeUInt8(digests.readUInt8(place) ^ (1 << (bit % 8)), place);
        expect(ask(job, from, outputs, digests, width)).toBe(from + unit);
      }),
    );
  });

  test('at every length around one and two blocks', () => {
    for (let length = 0; length <= 140; length++) {
      const outputs = Array.from({ length: 5 }, (_, i) => new Uint8Array(length).fill(i + 1));
      const digests = Buffer.concat(outputs.map((one, i) => digestOf('j1', 2 ** 32 - 2 + i, one)));
      expect(ask('j1', 2 ** 32 - 2, outputs, digests, 32)).toBe(-1);
    }
  });
});
