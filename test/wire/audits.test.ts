/** The bytes in which an anchor elsewhere answers: what was put in comes out, and nothing else is taken for it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeOutputs, encodeOutputs, outputBytesMax } from '../../src/wire/audits.ts';
import { isMalformed } from '../../src/wire/schema.ts';

const lengthMax = 40;
const outputs = fc.array(fc.uint8Array({ maxLength: lengthMax }), { minLength: 1, maxLength: 6 });

describe('the outputs of an audit as bytes', () => {
  test('come out as they went in, within their bound', () => {
    fc.assert(
      fc.property(outputs, (list) => {
        const bytes = encodeOutputs(list);
        const bounds = { count: list.length, lengthMax };
        expect(bytes.length).toBeLessThanOrEqual(outputBytesMax(bounds));
        expect(decodeOutputs(bytes, bounds)).toEqual(list);
      }),
    );
  });

  test('are refused when anything is missing, added or counted otherwise', () => {
    fc.assert(
      fc.property(outputs, fc.nat(), (list, at) => {
        const bytes = encodeOutputs(list);
        const bounds = { count: list.length, lengthMax };
        expect(decodeOutputs(bytes.subarray(0, at % bytes.length), bounds)).toHaveProperty('malformed');
        expect(decodeOutputs(Buffer.concat([bytes, Buffer.of(0)]), bounds)).toHaveProperty('malformed');
        expect(decodeOutputs(bytes, { ...bounds, count: list.length + 1 })).toHaveProperty('malformed');
        expect(decodeOutputs(bytes, { ...bounds, count: list.length - 1 })).toHaveProperty('malformed');
        const longest = Math.max(...list.map(({ length }) => length));
        if (longest > 0)
          expect(decodeOutputs(bytes, { ...bounds, lengthMax: longest - 1 })).toHaveProperty('malformed');
      }),
    );
  });

  test('are read from any bytes without harm, and only in one form', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.integer({ min: 1, max: 6 }), (bytes, count) => {
        const read = decodeOutputs(bytes, { count, lengthMax });
        if (!isMalformed(read)) expect(encodeOutputs(read)).toEqual(bytes);
      }),
    );
  });
});
