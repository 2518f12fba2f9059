/** Bodies of requests: right ones, and the same bent, cut, swollen, recoded and replaced by noise. */
import { gzipSync } from 'node:zlib';
import type { Dice } from '../../sim/random.ts';
import { garble, mangle, mutate } from '../../wire/talk/bend.ts';
import type { Json } from '../../wire/talk/bend.ts';

/** Longer than any form may be. */
const tooLong = 65_537;

const noise = (throws: Dice, max: number): Buffer =>
  Buffer.from(Array.from({ length: throws.below(max) }, () => throws.below(256)));

/** A body that was right as `good`; one in four still is. */
export function bodyFrom(throws: Dice, good: { readonly [key: string]: Json }): Buffer {
  const text = JSON.stringify(good);
  if (throws.chance(250)) return Buffer.from(text);
  if (throws.chance(400)) return Buffer.from(JSON.stringify(mutate(throws, good)));
  const keys = Object.keys(good);
  const key = throws.of(keys.length === 0 ? ['any'] : keys);
  return throws.of<() => Buffer>([
    () => Buffer.from(garble(throws, text)),
    () => Buffer.from(mangle(throws, Buffer.from(text.padEnd(4)))),
    () => noise(throws, 300),
    () => Buffer.alloc(0),
    () => Buffer.from(text.padEnd(tooLong)),
    () => Buffer.from(JSON.stringify({ ...good, [key]: 'x'.repeat(tooLong) })),
    () => Buffer.from(text, 'utf16le'),
    () => Buffer.from(`\ufeff${text}`),
    () => gzipSync(text),
    () =>
      Buffer.from(
        text.replace(/[a-z]/g, () => String.fromCharCode(throws.between(128, 255))),
        'latin1',
      ),
    () => deep(throws, text, key),
    () => Buffer.from(JSON.stringify(throws.of<Json>([null, true, 7, text, [good], []]))),
    // The same key twice: the last of them counts.
    () => Buffer.from(`${text.slice(0, -1)},${JSON.stringify(key)}:${text}}`),
    () => Buffer.from(text.replace(/(?<=:)-?\d+(?=[,}])/g, () => throws.of(numbers))),
    () => Buffer.from(JSON.stringify({ ...good, [throws.of(odd)]: throws.of(numbers) })),
    () => Buffer.from(JSON.stringify(Object.fromEntries(Object.entries(good).filter(([k]) => k !== key)))),
    () => Buffer.from(JSON.stringify({ ...good, [key]: throws.of(texts) })),
  ])();
}

const numbers = ['1e999', '-1e999', '1e308', '-1', '-0', '0', '0.5', '9007199254740991', '9007199254740992'];
const odd = ['more', '__proto__', 'constructor', 'toJSON', 'refused', 'malformed', 'issues', ''];
const texts = [
  '\u0000',
  '\ud800',
  '\u202e',
  '\n',
  ' ',
  '../../etc',
  '😀'.repeat(90),
  "';--",
  '%00',
  '__proto__',
];

/** Lists in lists, or objects in objects, alone or in the place of one value. */
function deep(throws: Dice, text: string, key: string): Buffer {
  const levels = throws.of([100, 5_000, 30_000]);
  const [open, close] = throws.of([
    ['[', ']'],
    ['{"a":', '}'],
  ] as const);
  const many = `${open.repeat(levels)}1${close.repeat(levels)}`;
  return Buffer.from(
    throws.of([many, open.repeat(levels), `${text.slice(0, -1)},${JSON.stringify(key)}:${many}}`]),
  );
}

/** Bytes that no schema describes: those that were right, bent, or noise. */
export function bytesFrom(throws: Dice, good: Uint8Array): Buffer {
  if (throws.chance(250)) return Buffer.from(good);
  return Buffer.from(throws.chance(600) ? mangle(throws, good) : noise(throws, 2_000));
}
