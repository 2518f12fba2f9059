/** Checks the tree of RFC 9162 against its recursive definition for every small size, and against published vectors. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  appendLeaf,
  completeNodes,
  consistencyRanges,
  emptyFrontier,
  foldNodes,
  inclusionRanges,
  levelsOf,
  pathIn,
  peakPlaces,
  rootOf,
  rootOfFrontier,
  treeHash,
  verifyConsistency,
  verifyInclusion,
} from '../../src/core/merkle.ts';

const hash = treeHash((bytes) => createHash('sha256').update(bytes).digest());
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const sizeMax = 64;
const leaves = Array.from({ length: sizeMax }, (_, i) => hash.leaf(Buffer.from(`leaf ${i}`)));

/** RFC 9162, 2.1.1, word for word. */
function definition(list: readonly Uint8Array[]): Uint8Array {
  if (list.length === 0) return hash.empty;
  if (list.length === 1) return list[0] as Uint8Array;
  let k = 1;
  while (k * 2 < list.length) k *= 2;
  return hash.node(definition(list.slice(0, k)), definition(list.slice(k)));
}

/** RFC 9162, 2.1.3.1. */
function pathByDefinition(m: number, list: readonly Uint8Array[]): Uint8Array[] {
  if (list.length <= 1) return [];
  let k = 1;
  while (k * 2 < list.length) k *= 2;
  return m < k
    ? [...pathByDefinition(m, list.slice(0, k)), definition(list.slice(k))]
    : [...pathByDefinition(m - k, list.slice(k)), definition(list.slice(0, k))];
}

/** RFC 9162, 2.1.4.1. */
function proofByDefinition(m: number, list: readonly Uint8Array[], whole: boolean): Uint8Array[] {
  if (m === list.length) return whole ? [] : [definition(list)];
  let k = 1;
  while (k * 2 < list.length) k *= 2;
  return m <= k
    ? [...proofByDefinition(m, list.slice(0, k), whole), definition(list.slice(k))]
    : [...proofByDefinition(m - k, list.slice(k), false), definition(list.slice(0, k))];
}

const rangeHash = ([from, to]: readonly [number, number], store: Map<string, Uint8Array>): Uint8Array =>
  foldNodes(
    hash,
    completeNodes(from, to).map(({ level, index }) => store.get(`${level}/${index}`) as Uint8Array),
  );

describe('[LO2] the tree of RFC 9162', () => {
  const store = new Map<string, Uint8Array>();
  const frontier = emptyFrontier();
  const roots: Uint8Array[] = [rootOfFrontier(hash, frontier)];
  for (const leaf of leaves) {
    for (const { level, index, hash: node } of appendLeaf(hash, frontier, leaf))
      store.set(`${level}/${index}`, node);
    roots.push(rootOfFrontier(hash, frontier));
  }

  test('appending gives the root of the definition, for every size', () => {
    for (let size = 0; size <= sizeMax; size++) {
      const expected = hex(definition(leaves.slice(0, size)));
      expect(hex(roots[size] as Uint8Array)).toBe(expected);
      expect(hex(rootOf(hash, leaves.slice(0, size)))).toBe(expected);
      expect(
        hex(
          foldNodes(
            hash,
            peakPlaces(size).map(({ level, index }) => store.get(`${level}/${index}`) as Uint8Array),
          ),
        ),
      ).toBe(expected);
    }
  });

  test('every leaf of every size is proven, by stored nodes and by levels alike, and for no other place', () => {
    for (let size = 1; size <= sizeMax; size++) {
      const levels = levelsOf<Uint8Array>(hash.node, leaves.slice(0, size));
      for (let index = 0; index < size; index++) {
        const path = inclusionRanges(index, size).map((range) => rangeHash(range, store));
        expect(path.map(hex)).toEqual(pathByDefinition(index, leaves.slice(0, size)).map(hex));
        expect(pathIn(levels, index).map(hex)).toEqual(path.map(hex));
        const leaf = leaves[index] as Uint8Array;
        const root = roots[size] as Uint8Array;
        expect(verifyInclusion(hash, leaf, index, size, path, root)).toBe(true);
        if (size > 1) expect(verifyInclusion(hash, leaf, (index + 1) % size, size, path, root)).toBe(false);
        expect(verifyInclusion(hash, leaf, index, size, [...path, leaf], root)).toBe(false);
        if (path.length > 0)
          expect(verifyInclusion(hash, leaf, index, size, path.slice(1), root)).toBe(false);
        expect(verifyInclusion(hash, leaf, size, size, path, root)).toBe(false);
      }
    }
  });

  test('every older size is proven to be the beginning of every later one', () => {
    for (let size = 1; size <= sizeMax; size++) {
      for (let before = 1; before <= size; before++) {
        const path = consistencyRanges(before, size).map((range) => rangeHash(range, store));
        expect(path.map(hex)).toEqual(proofByDefinition(before, leaves.slice(0, size), true).map(hex));
        const [older, newer] = [roots[before] as Uint8Array, roots[size] as Uint8Array];
        expect(verifyConsistency(hash, before, size, older, newer, path)).toBe(true);
        if (before === size) continue;
        expect(verifyConsistency(hash, before, size, newer, newer, path)).toBe(false);
        expect(verifyConsistency(hash, before, size, older, older, path)).toBe(false);
        expect(verifyConsistency(hash, before, size, older, newer, path.slice(0, -1))).toBe(false);
      }
    }
  });

  test('a flipped bit anywhere in a proof is noticed', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: sizeMax }),
        fc.nat(),
        fc.nat(),
        fc.nat({ max: 255 }),
        (size, which, where, bit) => {
          const index = which % size;
          const path = inclusionRanges(index, size).map((range) => Uint8Array.from(rangeHash(range, store)));
          const step = path[where % path.length] as Uint8Array;
          step[bit >> 3] = (step[bit >> 3] as number) ^ (1 << (bit & 7));
          return !verifyInclusion(
            hash,
            leaves[index] as Uint8Array,
            index,
            size,
            path,
            roots[size] as Uint8Array,
          );
        },
      ),
    );
  });

  test('the vectors of certificate-transparency are met', () => {
    // The eight records and the roots after each, from the reference implementation's merkle_tree_test.
    const records = [
      '',
      '00',
      '10',
      '2021',
      '3031',
      '40414243',
      '5051525354555657',
      '606162636465666768696a6b6c6d6e6f',
    ];
    const expected = [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
      'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
      '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
      'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
      '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
    ];
    const edge = emptyFrontier();
    expect(hex(rootOfFrontier(hash, edge))).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
    records.forEach((record, i) => {
      appendLeaf(hash, edge, hash.leaf(Buffer.from(record, 'hex')));
      expect(hex(rootOfFrontier(hash, edge))).toBe(expected[i]);
    });
    // Its published path of leaf 5 in a tree of 8, and proof from 6 to 8.
    const all = records.map((record) => hash.leaf(Buffer.from(record, 'hex')));
    expect(pathIn(levelsOf<Uint8Array>(hash.node, all), 5).map(hex)).toEqual([
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
    expect(consistencyRanges(6, 8).map(([from, to]) => hex(definition(all.slice(from, to))))).toEqual([
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
  });
});
