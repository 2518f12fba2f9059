/**
 * The Merkle tree of RFC 9162 (2.1): roots, inclusion and consistency proofs over an append-only list.
 *
 * Pure: the hash comes in as an argument, so that a shell may use the platform's and a page its own.
 * A proof is described first as ranges of leaves (`inclusionRanges`, `consistencyRanges`), a range as the
 * complete subtrees it is made of (`completeNodes`); a store then needs to keep complete subtrees only.
 */

/** How leaves and nodes are hashed; each hash is 32 bytes. */
export interface TreeHash {
  /** SHA-256(0x00 ‖ record). */
  leaf(record: Uint8Array): Uint8Array;
  /** SHA-256(0x01 ‖ left ‖ right). */
  node(left: Uint8Array, right: Uint8Array): Uint8Array;
  /** The root of a tree without leaves: SHA-256(''). */
  readonly empty: Uint8Array;
}

/** Tree hashing from any SHA-256. */
export function treeHash(sha256: (bytes: Uint8Array) => Uint8Array): TreeHash {
  return {
    leaf(record) {
      const bytes = new Uint8Array(1 + record.length);
      bytes.set(record, 1);
      return sha256(bytes);
    },
    node(left, right) {
      const bytes = new Uint8Array(1 + left.length + right.length);
      bytes[0] = 1;
      bytes.set(left, 1);
      bytes.set(right, 1 + left.length);
      return sha256(bytes);
    },
    empty: sha256(new Uint8Array(0)),
  };
}

/** A complete subtree: the leaves [index × 2^level, (index + 1) × 2^level). */
export interface TreePlace {
  readonly level: number;
  readonly index: number;
}

export interface TreeNode extends TreePlace {
  readonly hash: Uint8Array;
}

/** The right edge of a tree: all that appending needs. Peaks are its complete subtrees, largest first. */
export interface Frontier {
  size: number;
  readonly peaks: Uint8Array[];
}

export function emptyFrontier(): Frontier {
  return { size: 0, peaks: [] };
}

/** Where the peaks of a tree of `size` leaves stand, largest first: what a store must be asked for to go on appending. */
export function peakPlaces(size: number): TreePlace[] {
  return completeNodes(0, size);
}

/** Appends a leaf in place; gives back the complete subtrees that came to be, the leaf itself first. */
export function appendLeaf(hash: TreeHash, frontier: Frontier, leaf: Uint8Array): TreeNode[] {
  let index = frontier.size;
  const made: TreeNode[] = [{ level: 0, index, hash: leaf }];
  frontier.peaks.push(leaf);
  frontier.size++;
  for (let level = 1; index % 2 === 1; level++) {
    index = (index - 1) / 2;
    const right = frontier.peaks.pop() as Uint8Array;
    const left = frontier.peaks.pop() as Uint8Array;
    const node = hash.node(left, right);
    frontier.peaks.push(node);
    made.push({ level, index, hash: node });
  }
  return made;
}

/** The root of the tree that a frontier is the edge of. */
export function rootOfFrontier(hash: TreeHash, frontier: Frontier): Uint8Array {
  return foldNodes(hash, frontier.peaks);
}

/** Folds complete subtrees, from left to right, into the hash of the range they cover. */
export function foldNodes(hash: TreeHash, nodes: readonly Uint8Array[]): Uint8Array {
  let folded = nodes[nodes.length - 1];
  if (folded === undefined) return hash.empty;
  for (let i = nodes.length - 2; i >= 0; i--) folded = hash.node(nodes[i] as Uint8Array, folded);
  return folded;
}

/** The complete subtrees that the leaves [from, to) are made of, left to right. */
export function completeNodes(from: number, to: number): TreePlace[] {
  const places: TreePlace[] = [];
  let at = from;
  while (at < to) {
    let level = 0;
    let width = 1;
    while (at % (width * 2) === 0 && at + width * 2 <= to) {
      width *= 2;
      level++;
    }
    places.push({ level, index: at / width });
    at += width;
  }
  return places;
}

/**
 * All levels of a tree in memory, leaves first; `T` may be bytes or their text. A node without a neighbour moves up
 * as it is, which is what RFC 9162 says.
 */
export function levelsOf<T>(node: (left: T, right: T) => T, leaves: readonly T[]): T[][] {
  const levels: T[][] = [[...leaves]];
  let level = levels[0] as T[];
  while (level.length > 1) {
    const above: T[] = [];
    for (let i = 0; i + 1 < level.length; i += 2) above.push(node(level[i] as T, level[i + 1] as T));
    if (level.length % 2 === 1) above.push(level[level.length - 1] as T);
    levels.push(above);
    level = above;
  }
  return levels;
}

/** The root of a list of leaf hashes. */
export function rootOf(hash: TreeHash, leaves: readonly Uint8Array[]): Uint8Array {
  return levelsOf<Uint8Array>(hash.node, leaves).at(-1)?.[0] ?? hash.empty;
}

/** The inclusion proof of one leaf, read out of `levelsOf`. */
export function pathIn<T>(levels: readonly (readonly T[])[], index: number): T[] {
  const path: T[] = [];
  let at = index;
  for (const level of levels) {
    const neighbour = level[at % 2 === 0 ? at + 1 : at - 1];
    if (neighbour !== undefined) path.push(neighbour);
    at = Math.floor(at / 2);
  }
  return path;
}

type Range = readonly [number, number];

/** The largest power of two below `n` (n ≥ 2): where a tree of n leaves is split. */
function splitOf(n: number): number {
  let split = 1;
  while (split * 2 < n) split *= 2;
  return split;
}

/** The ranges of leaves whose hashes prove that leaf `index` is in a tree of `size`, nearest first (RFC 9162, 2.1.3.1). */
export function inclusionRanges(index: number, size: number): Range[] {
  const ranges: Range[] = [];
  let from = 0;
  let to = size;
  while (to - from > 1) {
    const middle = from + splitOf(to - from);
    if (index < middle) {
      ranges.push([middle, to]);
      to = middle;
    } else {
      ranges.push([from, middle]);
      from = middle;
    }
  }
  return ranges.reverse();
}

/** The ranges of leaves whose hashes prove that a tree of `size` begins with one of `before` (RFC 9162, 2.1.4.1). */
export function consistencyRanges(before: number, size: number): Range[] {
  if (before === 0 || before === size) return [];
  const ranges: Range[] = [];
  let from = 0;
  let to = size;
  // Whether the older tree is exactly the subtree we stand in: then its root is known to who asks.
  let whole = true;
  while (before !== to) {
    const middle = from + splitOf(to - from);
    if (before <= middle) {
      ranges.push([middle, to]);
      to = middle;
    } else {
      ranges.push([from, middle]);
      from = middle;
      whole = false;
    }
  }
  if (!whole) ranges.push([from, to]);
  return ranges.reverse();
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Whether `path` proves that `leaf` is the leaf `index` of the tree of `size` with this root (RFC 9162, 2.1.3.2). */
export function verifyInclusion(
  hash: TreeHash,
  leaf: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!(index >= 0 && index < size)) return false;
  let at = index;
  let last = size - 1;
  let folded = leaf;
  for (const step of path) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      folded = hash.node(step, folded);
      while (at % 2 === 0 && at !== 0) {
        at /= 2;
        last = Math.floor(last / 2);
      }
    } else folded = hash.node(folded, step);
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && same(folded, root);
}

/** Whether `path` proves that the tree of `size` with root `after` begins with that of `before` leaves (RFC 9162, 2.1.4.2). */
export function verifyConsistency(
  hash: TreeHash,
  before: number,
  size: number,
  rootBefore: Uint8Array,
  rootAfter: Uint8Array,
  path: readonly Uint8Array[],
): boolean {
  if (before === size) return path.length === 0 && same(rootBefore, rootAfter);
  if (before === 0) return path.length === 0 && same(rootBefore, hash.empty);
  if (!(before > 0 && before < size)) return false;
  const steps = completeNodes(0, before).length === 1 ? [rootBefore, ...path] : [...path];
  let at = before - 1;
  let last = size - 1;
  while (at % 2 === 1) {
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  let older = steps.shift();
  if (older === undefined) return false;
  let newer = older;
  for (const step of steps) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      older = hash.node(step, older);
      newer = hash.node(step, newer);
      while (at % 2 === 0 && at !== 0) {
        at /= 2;
        last = Math.floor(last / 2);
      }
    } else newer = hash.node(newer, step);
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && same(older, rootBefore) && same(newer, rootAfter);
}
