/**
 * The operator's table of networks: which autonomous system an address belongs to. Read once at the start into sorted arrays, asked by
 * binary search. Without a table no network is known.
 */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { plainAddress, prefixOf, wordsOfIPv6 } from './network.ts';

/** A table cannot be used: one line for the operator. */
export class BadTable extends Error {}

/** Ranges of one kind of address, by where they begin, and the wider first. An address is `width` words of 32 bits. */
interface Ranges {
  readonly width: number;
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  /** Numbers of autonomous systems. */
  readonly systems: Uint32Array;
  /** The nearest range before each that ends after it, −1 where there is none, which is nearly always: tables overlap here and there. */
  readonly around: Int32Array;
}

/** Ranges as they are read. */
interface Rows {
  readonly width: number;
  readonly from: number[];
  readonly to: number[];
  readonly systems: number[];
}

const newLine = 10;
const byteOrderMark = Buffer.from('\ufeff');
const systemMax = 2 ** 32 - 1;
/** What a first line without a range is made of: the columns' names. */
const header = /^[A-Za-z_ ]+$/;

export class NetworkTable {
  readonly #ranges: Readonly<Record<4 | 6, Ranges>>;

  constructor(ranges: Readonly<Record<4 | 6, Ranges>>) {
    this.#ranges = ranges;
  }

  /** How many ranges it has. */
  get size(): number {
    return this.#ranges[4].systems.length + this.#ranges[6].systems.length;
  }

  /** The number of the autonomous system that an address belongs to; 0 where none is known. */
  systemOf(address: string): number {
    const plain = plainAddress(address);
    const family = isIP(plain);
    if (family !== 4 && family !== 6) return 0;
    const { width, from, to, systems, around } = this.#ranges[family];
    const words = wordsOf(plain, family);
    let low = 0;
    let high = systems.length;
    // The last range that begins at the address or before it.
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare(from, middle * width, words, 0, width) <= 0) low = middle + 1;
      else high = middle;
    }
    let found = low - 1;
    // Of ranges that lie over each other the one that begins last holds.
    while (found >= 0 && compare(to, found * width, words, 0, width) < 0) found = around[found] ?? -1;
    return systems[found] ?? 0;
  }

  /** That of an address's whole prefix (/24 or /48): its first address decides, so that who is of one group is of one network. */
  systemAround(address: string): number {
    const [first = ''] = prefixOf(address).split('/');
    return this.systemOf(first);
  }
}

/** Reads tables from files, plain or gzipped. Throws BadTable, naming file and line. */
export function readNetworks(files: readonly string[]): NetworkTable | null {
  if (files.length === 0) return null;
  const rows = noRows();
  for (const file of files) {
    const before = sizeOf(rows);
    readInto(rows, textOf(file), file);
    if (sizeOf(rows) === before) throw new BadTable(`--networks: ${file} holds no range of addresses`);
  }
  return new NetworkTable({ 4: sorted(rows[4]), 6: sorted(rows[6]) });
}

function noRows(): Record<4 | 6, Rows> {
  const empty = (width: number): Rows => ({ width, from: [], to: [], systems: [] });
  return { 4: empty(1), 6: empty(4) };
}

function sizeOf(rows: Readonly<Record<4 | 6, Rows>>): number {
  return rows[4].systems.length + rows[6].systems.length;
}

function textOf(file: string): Buffer {
  try {
    const bytes = readFileSync(file);
    return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
  } catch (error) {
    throw new BadTable(
      `--networks: ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function readInto(rows: Readonly<Record<4 | 6, Rows>>, text: Buffer, name: string): void {
  let line = 0;
  let isFirst = true;
  for (let at = text.subarray(0, 3).equals(byteOrderMark) ? 3 : 0; at < text.length;) {
    const found = text.indexOf(newLine, at);
    const end = found === -1 ? text.length : found;
    const content = text.toString('latin1', at, end).trim();
    at = end + 1;
    line++;
    if (content === '' || content.startsWith('#')) continue;
    const fields = content.split(content.includes('\t') ? '\t' : ',', 3).map(bare);
    const isHeader = isFirst && header.test(fields[0] ?? '');
    isFirst = false;
    if (isHeader) continue;
    const fault = addRow(rows, fields);
    if (fault !== null) throw new BadTable(`--networks: ${name}, line ${line}: ${fault}`);
  }
}

/** A field without what is around it. */
function bare(field: string): string {
  return field.startsWith('"') || field.startsWith(' ') ? field.replaceAll('"', '').trim() : field.trim();
}

/** Adds what a line says, or says what is wrong with it. A range that nobody announces (0) is left out. */
function addRow(
  rows: Readonly<Record<4 | 6, Rows>>,
  [first = '', last = '', system = '']: readonly string[],
): string | null {
  const family = isIP(first);
  if (family !== 4 && family !== 6) return `'${first.slice(0, 60)}' is no address`;
  if (isIP(last) === 0) return `'${last.slice(0, 60)}' is no address`;
  if (isIP(last) !== family) return 'a range begins and ends with addresses of one kind';
  const number = /^(?:AS)?(\d{1,10})$/i.exec(system)?.[1];
  if (number === undefined || Number(number) > systemMax)
    return `'${system.slice(0, 60)}' is no number of an autonomous system`;
  const { width, from, to, systems } = rows[family];
  const [begin, end] = [wordsOf(first, family), wordsOf(last, family)];
  if (compare(begin, 0, end, 0, width) > 0) return 'the range ends before it begins';
  if (Number(number) === 0) return null;
  from.push(...begin);
  to.push(...end);
  systems.push(Number(number));
  return null;
}

/** An address as words of 32 bits, the highest first. */
function wordsOf(address: string, family: 4 | 6): number[] {
  if (family === 4) {
    let word = 0;
    for (const byte of address.split('.')) word = word * 256 + Number(byte);
    return [word];
  }
  const halves = wordsOfIPv6(address);
  return [0, 2, 4, 6].map((i) => (halves[i] ?? 0) * 65_536 + (halves[i + 1] ?? 0));
}

function compare(
  a: ArrayLike<number>,
  atA: number,
  b: ArrayLike<number>,
  atB: number,
  width: number,
): number {
  for (let i = 0; i < width; i++) {
    const difference = (a[atA + i] as number) - (b[atB + i] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Puts ranges in order; of two that are the same the later line is the later. */
function sorted({ width, from, to, systems }: Rows): Ranges {
  const inOrder = (a: number, b: number): number =>
    compare(from, a * width, from, b * width, width) || compare(to, b * width, to, a * width, width) || a - b;
  const order = Uint32Array.from({ length: systems.length }, (_, row) => row);
  // Tables come sorted, as a rule.
  if (order.some((row) => row > 0 && inOrder(row - 1, row) > 0)) order.sort(inOrder);
  const ranges: Ranges = {
    width,
    from: new Uint32Array(from.length),
    to: new Uint32Array(to.length),
    systems: new Uint32Array(systems.length),
    around: new Int32Array(systems.length),
  };
  for (let place = 0; place < order.length; place++) {
    const row = order[place] as number;
    for (let i = 0; i < width; i++) {
      ranges.from[place * width + i] = from[row * width + i] as number;
      ranges.to[place * width + i] = to[row * width + i] as number;
    }
    ranges.systems[place] = systems[row] as number;
    let before = place - 1;
    while (before >= 0 && compare(ranges.to, before * width, ranges.to, place * width, width) <= 0)
      before = ranges.around[before] as number;
    ranges.around[place] = before;
  }
  return ranges;
}
