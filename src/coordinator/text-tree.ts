/**
 * A tree of hashes (RFC 9162) as receipts list it, in hex: all of it is one text, level after level, since each node stands in the
 * paths of many leaves and none of them is asked for by itself.
 */
import { levelsOf } from '../core/merkle.ts';
import { literal } from './ascii.ts';
import type { AsciiWriter } from './ascii.ts';
import { sha256Hex, textNode } from './digests.ts';
import { fourAtOnce } from './sha256x4.ts';
import type { FourAtOnce } from './sha256x4.ts';

/** Characters of a hash. */
const hashText = 64;
/** For fewer leaves the module is not even loaded: a start does not wait for it. */
const fewLeaves = 4;

/** What stands around hashes in a list of them. */
const path = { first: literal('"'), next: literal('","'), last: literal('"') };

export class TextTree {
  readonly #text: Buffer;
  /** How many nodes each level has, and where its first is, leaves first. */
  readonly #counts: readonly number[];
  readonly #starts: readonly number[];

  /** `text`: the hashes of `leaves` leaves, of the nodes above them, and so on to the root. */
  constructor(text: Buffer, leaves: number) {
    const counts: number[] = [];
    const starts: number[] = [];
    let start = 0;
    for (let count = leaves; count > 0; count = count === 1 ? 0 : Math.ceil(count / 2)) {
      counts.push(count);
      starts.push(start);
      start += count;
    }
    this.#text = text;
    this.#counts = counts;
    this.#starts = starts;
  }

  /** '' when there are no leaves. */
  get root(): string {
    return this.#text.toString('latin1', this.#text.length - hashText);
  }

  /** The hashes that prove a leaf, nearest first. */
  path(index: number): string[] {
    const hashes: string[] = [];
    for (let level = 0; level < this.#counts.length - 1; level++) {
      const at = this.#neighbour(level, index);
      if (at >= 0) hashes.push(this.#text.toString('latin1', at, at + hashText));
    }
    return hashes;
  }

  /** The same as a receipt lists it: in quotes, comma separated. */
  putPath(to: AsciiWriter, index: number): void {
    let before = path.first;
    for (let level = 0; level < this.#counts.length - 1; level++) {
      const at = this.#neighbour(level, index);
      if (at < 0) continue;
      to.put(before);
      to.part(this.#text, at, hashText);
      before = path.next;
    }
    if (before === path.next) to.put(path.last);
  }

  /** Where the neighbour of what is above a leaf stands in the text; less than 0 where it has none, and moved up as it is. */
  #neighbour(level: number, index: number): number {
    const neighbour = (index >> level) ^ 1;
    return neighbour < (this.#counts[level] as number)
      ? ((this.#starts[level] as number) + neighbour) * hashText
      : -1;
  }
}

let four: FourAtOnce | null | undefined;

/** The tree over messages that lie one after the other, each with its 0x00 before it. */
export function textTreeOf(messages: Uint8Array, lengths: readonly number[]): TextTree {
  if (lengths.length >= fewLeaves) {
    if (four === undefined) four = fourAtOnce();
    const text = four === null ? null : textAtOnce(four, messages, lengths);
    if (text !== null) return new TextTree(text, lengths.length);
  }
  return new TextTree(textOneByOne(messages, lengths), lengths.length);
}

/** All hashes, by the module; null when it has no room for so many. */
export function textAtOnce(
  { wasm, bytes, words, room }: FourAtOnce,
  messages: Uint8Array,
  lengths: readonly number[],
): Buffer | null {
  const count = lengths.length;
  const at = room + 4 * count;
  const digests = (at + messages.length + 15) & ~15;
  // A level is half of the one below it, and a node more where that is odd.
  const hashesMax = 2 * count + 32;
  if (digests + 3 * 32 * hashesMax > bytes.length) return null;
  const longest = wasm.outputMax(0);
  for (let i = 0; i < count; i++) {
    const length = lengths[i] as number;
    if (length > longest) return null;
    words[room / 4 + i] = length;
  }
  bytes.set(messages, at);
  wasm.digests(count, room, at, digests);
  const hashes = wasm.levels(count, digests);
  const text = digests + 32 * hashes;
  wasm.hex(digests, 32 * hashes, text);
  const copy = Buffer.allocUnsafeSlow(hashText * hashes);
  bytes.copy(copy, 0, text, text + copy.length);
  return copy;
}

/** All hashes, by the platform. */
export function textOneByOne(messages: Uint8Array, lengths: readonly number[]): Buffer {
  let at = 0;
  const leaves = lengths.map((length) => sha256Hex(messages.subarray(at, (at += length))));
  return Buffer.from(levelsOf(textNode, leaves).flat().join(''), 'latin1');
}
