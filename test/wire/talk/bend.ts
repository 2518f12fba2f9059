/** Bends messages out of shape: values replaced, keys added, texts cut and doubled, bits flipped, lengths that lie. */
import type { Dice } from '../../sim/random.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const odd: readonly Json[] = [
  null,
  true,
  -1,
  0,
  0.5,
  1e308,
  -1e308,
  2 ** 53,
  2 ** 53 - 1,
  2 ** 31,
  '',
  '0',
  'wasm',
  '__proto__',
  'constructor',
  '\u0000',
  '😀'.repeat(50),
  'x'.repeat(500),
  [],
  [[[[[[[[]]]]]]]],
  {},
  { toString: 1 },
  { __proto__: null, length: -1 },
];

/** Replaces, drops, adds or doubles something at a random place. */
export function mutate(throws: Dice, value: Json, depth = 0): Json {
  if (depth > 6 || throws.chance(250) || value === null || typeof value !== 'object')
    return throws.chance(80) ? nested(throws) : throws.of(odd);
  if (Array.isArray(value)) {
    const at = throws.below(value.length + 1);
    if (throws.chance(150)) return [...value, ...value];
    return at === value.length
      ? [...value, throws.of(odd)]
      : value.map((item, i) => (i === at ? mutate(throws, item, depth + 1) : item));
  }
  const keys = Object.keys(value);
  const key = throws.of([...keys, 'extra', '__proto__']);
  if (throws.chance(200)) return Object.fromEntries(Object.entries(value).filter(([k]) => k !== key));
  return { ...value, [key]: mutate(throws, value[key] ?? null, depth + 1) };
}

function nested(throws: Dice): Json {
  let value: Json = 1;
  for (let i = throws.below(400); i > 0; i--) value = throws.chance(500) ? [value] : { a: value };
  return value;
}

/** Cuts, flips, doubles or glues a text. */
export function garble(throws: Dice, text: string): string {
  const at = throws.below(text.length + 1);
  switch (throws.below(6)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + String.fromCharCode(throws.below(0x300)) + text.slice(at + 1);
    case 2:
      return text + text;
    case 3:
      return text.slice(0, at) + text.slice(throws.below(text.length + 1));
    case 4:
      return '['.repeat(throws.below(3000)) + text;
    default:
      return text.replace(/[0-9]+/, () =>
        throws.of(['1e999', '-0', '99999999999999999999', '1.5', '0x1', '00']),
      );
  }
}

/** A frame whose length, header or payload is not what it was. */
export function mangle(throws: Dice, frame: Uint8Array): Uint8Array {
  switch (throws.below(5)) {
    case 0:
      return frame.subarray(0, throws.below(frame.length));
    case 1: {
      const longer = new Uint8Array(frame.length + 1 + throws.below(64));
      longer.set(frame);
      return longer;
    }
    case 2: {
      const other = Uint8Array.from(frame);
      new DataView(other.buffer).setUint32(
        0,
        throws.of([0, 1, 3, frame.length, 0x7fffffff, 0xffffffff, throws.below(300)]),
      );
      return other;
    }
    default: {
      const other = Uint8Array.from(frame);
      for (let flips = throws.between(1, 6); flips > 0; flips--) {
        const at = throws.below(other.length);
        other[at] = (other[at] ?? 0) ^ (1 << throws.below(8));
      }
      return other;
    }
  }
}
