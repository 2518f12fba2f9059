/** A tick's tree of receipts: its hashes are those of RFC 9162, whether four are made at once or one by one, and each path leads to the root. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AsciiWriter } from '../../src/coordinator/ascii.ts';
import { tree } from '../../src/coordinator/digests.ts';
import { TextTree, textAtOnce, textOneByOne, textTreeOf } from '../../src/coordinator/text-tree.ts';
import { levelsOf, pathIn } from '../../src/core/merkle.ts';
import { built } from './four.ts';

const messages = fc
  .array(fc.oneof(fc.uint8Array({ minLength: 150, maxLength: 180 }), fc.uint8Array({ maxLength: 400 })), {
    minLength: 1,
    maxLength: 40,
  })
  .map((all) => all.map((one) => Buffer.from(one)));
const lengthsOf = (all: readonly Buffer[]): number[] => all.map(({ length }) => length);
const levelsOfAll = (all: readonly Buffer[]) =>
  levelsOf<Uint8Array>(
    tree.node,
    all.map((one) => createHash('sha256').update(one).digest()),
  );
const hexOf = (hash: Uint8Array): string => Buffer.from(hash).toString('hex');

describe.each([
  ['four at once', (all: Buffer, lengths: number[]) => textAtOnce(built(), all, lengths) as Buffer],
  ['one by one', textOneByOne],
  ['as receipts are made', null],
])('the tree of receipts, %s', (_name, text) => {
  const treeOf = (all: readonly Buffer[]): TextTree => {
    const joined = Buffer.concat(all);
    const lengths = lengthsOf(all);
    return text === null ? textTreeOf(joined, lengths) : new TextTree(text(joined, lengths), all.length);
  };

  test('has the root and the paths of RFC 9162', () => {
    fc.assert(
      fc.property(messages, (all) => {
        const made = treeOf(all);
        const levels = levelsOfAll(all);
        expect(made.root).toBe(hexOf(levels.at(-1)?.[0] as Uint8Array));
        for (let i = 0; i < all.length; i++) {
          const path = pathIn(levels, i).map(hexOf);
          expect(made.path(i)).toStrictEqual(path);
          const writer = new AsciiWriter(16);
          made.putPath(writer, i);
          expect(`[${writer.view().toString()}]`).toBe(JSON.stringify(path));
        }
      }),
    );
  });
});

describe('a tree of receipts', () => {
  test('has no root without leaves', () => {
    expect(textTreeOf(new Uint8Array(0), []).root).toBe('');
  });

  test('that the module has no room for, or of a leaf too long for it, is made by the platform, and is the same', () => {
    const many = Array.from({ length: 12_000 }, (_, i) => Buffer.from(`\0${'x'.repeat(150)}${i}`));
    const long = [...many.slice(0, 5), Buffer.alloc(20_000, 7)];
    for (const all of [many, long]) {
      expect(textAtOnce(built(), Buffer.concat(all), lengthsOf(all))).toBeNull();
      const root = hexOf(levelsOfAll(all).at(-1)?.[0] as Uint8Array);
      expect(textTreeOf(Buffer.concat(all), lengthsOf(all)).root).toBe(root);
    }
  });

  test('of thousands fits', () => {
    const all = Array.from({ length: 4_096 }, (_, i) => Buffer.from(`\0${'x'.repeat(170)}${i}`));
    expect(textAtOnce(built(), Buffer.concat(all), lengthsOf(all))).toStrictEqual(
      textOneByOne(Buffer.concat(all), lengthsOf(all)),
    );
  });
});
