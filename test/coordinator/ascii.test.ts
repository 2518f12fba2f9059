/** Text written piece by piece is what would have been put together as a string. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asciiOf, AsciiWriter } from '../../src/coordinator/ascii.ts';

const number = fc.oneof(
  fc.maxSafeNat(),
  fc.maxSafeInteger(),
  fc.nat(1000),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, 9, 10, 99, 100, 999_999_999, 1e9, 1e9 + 1, 1e18, Number.MAX_SAFE_INTEGER),
);
const piece = fc.oneof(
  number.map((one) => ({ is: 'number', one }) as const),
  fc.array(number, { maxLength: 4 }).map((list) => ({ is: 'numbers', list }) as const),
  fc.stringMatching(/^[\x20-\x7e]{0,200}$/).map((text) => ({ is: 'ascii', text }) as const),
  fc.string({ maxLength: 50, unit: 'grapheme' }).map((text) => ({ is: 'text', text }) as const),
);

test('all pieces in a row, however small the memory was', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const writer = new AsciiWriter(1);
      let expected = '';
      for (const part of pieces)
        if (part.is === 'number') {
          writer.number(part.one);
          expected += String(part.one);
        } else if (part.is === 'numbers') {
          writer.numbers(part.list);
          expected += part.list.join(',');
        } else {
          writer[part.is](part.text);
          expected += part.text;
        }
      const whole = Buffer.from(expected);
      expect(Buffer.compare(writer.view(), whole)).toBe(0);
      expect(Buffer.compare(writer.copy(), whole)).toBe(0);
    }),
    { numRuns: 500 },
  );
});

test('room left for later is kept where it is, also when the memory grows', () => {
  const writer = new AsciiWriter(4);
  writer.ascii('ab');
  writer.skip(3);
  const from = writer.at;
  writer.ascii('c'.repeat(100));
  expect(from).toBe(5);
  expect(writer.bytes.toString('latin1', 0, 2)).toBe('ab');
  expect(writer.bytes.toString('latin1', from, writer.at)).toBe('c'.repeat(100));
});

test('what is rarely written comes as a string', () => {
  expect(asciiOf((to) => to.numbers([1, 20, 300]))).toBe('1,20,300');
  expect(asciiOf((to) => to.text('芯'))).toBe('芯');
});
