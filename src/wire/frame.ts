/**
 * The binary frame of a commit. All numbers are big-endian:
 *
 *     u32 length of the wishes, u16 how many items,
 *     for each item: u64 replica, 32 bytes root, u32 bytes of digests, u32 how many outputs (2^32 − 1 = digests only),
 *                    u32 length of each output,
 *     the wishes: which slots want more, as a JSON list of slots in ASCII (nothing = none),
 *     for each item: its digests, then its outputs.
 *
 * The items are binary since they come with every chunk; the wishes are words like all others.
 */
import * as v from 'valibot';
import { isMalformed, parse } from './schema.ts';
import type { Malformed } from './schema.ts';
import { limits } from './version.ts';
import { slot } from './volunteer.ts';
import type { CommitHeader, CommitItem, Lengths, SlotWord } from './volunteer.ts';

/** One committed replica with its parts of the payload (views, not copies). */
export interface CommitPart<L extends Lengths = readonly number[]> {
  readonly item: CommitItem<L>;
  readonly digests: Uint8Array;
  readonly bytes: Uint8Array | null;
}

export interface CommitFrame<L extends Lengths = readonly number[]> {
  readonly header: CommitHeader<L>;
  readonly parts: readonly CommitPart<L>[];
}

/** What a shell may bring to read frames faster than this pure room can. */
export interface FrameTools {
  /** Bytes [from, to) as text, one character a byte. */
  text(bytes: Uint8Array, from: number, to: number): string;
  /** Bytes [from, to) in lower-case hex. */
  hex(bytes: Uint8Array, from: number, to: number): string;
  /** The wishes behind their text; a shell may remember those that it has read before. */
  wishes(text: string): readonly SlotWord[] | Malformed;
}

const headBytes = 6;
const itemBytes = 48;
const rootBytes = 32;
/** In place of a count of outputs: there are none in this frame. */
const digestsOnly = 0xffffffff;

const wishList = v.pipe(v.array(slot), v.maxLength(limits.slotsMax));

/** Reads wishes from their text. */
export function readWishes(text: string): readonly SlotWord[] | Malformed {
  if (!/^[\x20-\x7e]*$/.test(text)) return { malformed: 'frame: the wishes are not printable ASCII' };
  return parse(wishList, text, limits.headerBytesMax);
}

const hexDigits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

const pureTools: FrameTools = {
  text(bytes, from, to) {
    let text = '';
    for (let i = from; i < to; i += 8192)
      text += String.fromCharCode(...bytes.subarray(i, Math.min(to, i + 8192)));
    return text;
  },
  hex(bytes, from, to) {
    let text = '';
    for (let i = from; i < to; i++) text += hexDigits[bytes[i] as number] as string;
    return text;
  },
  wishes: readWishes,
};

/** Sum of the outputs' lengths. */
function sumOf(lengths: Lengths): number {
  let sum = 0;
  for (const length of lengths) sum += length;
  return sum;
}

/** Bytes that an item takes in the frame's head. */
function headOf({ lengths }: CommitItem<Lengths>): number {
  return itemBytes + 4 * (lengths?.length ?? 0);
}

/** Builds the frame. Throws when a part's sizes contradict its item: that is our own bug. */
export function encodeCommit({ header, parts }: CommitFrame<Lengths>): Uint8Array<ArrayBuffer> {
  const wishes = header.slots === undefined ? '' : JSON.stringify(header.slots);
  let size = headBytes + wishes.length;
  for (const { item, digests, bytes } of parts) size += headOf(item) + digests.length + (bytes?.length ?? 0);
  const out = new Uint8Array(size);
  const view = new DataView(out.buffer);
  view.setUint32(0, wishes.length);
  view.setUint16(4, parts.length);
  let at = headBytes;
  for (const { item } of parts) at = putItem(view, at, item);
  for (let i = 0; i < wishes.length; i++) out[at++] = wishes.charCodeAt(i) & 0x7f;
  for (const { item, digests, bytes } of parts) {
    if (digests.length !== item.digestBytes || (bytes?.length ?? 0) !== sumOf(item.lengths ?? []))
      throw new Error('a commit part contradicts its item');
    out.set(digests, at);
    at += digests.length;
    if (bytes !== null) out.set(bytes, at);
    at += bytes?.length ?? 0;
  }
  return out;
}

/** Writes one item; says where the next begins. */
function putItem(
  view: DataView,
  at: number,
  { replica, root, digestBytes, lengths }: CommitItem<Lengths>,
): number {
  view.setUint32(at, Math.floor(replica / 2 ** 32));
  view.setUint32(at + 4, replica % 2 ** 32);
  for (let i = 0; i < rootBytes; i++)
    view.setUint8(at + 8 + i, Number.parseInt(root.slice(2 * i, 2 * i + 2), 16));
  view.setUint32(at + 40, digestBytes);
  view.setUint32(at + 44, lengths?.length ?? digestsOnly);
  at += itemBytes;
  for (const length of lengths ?? []) {
    view.setUint32(at, length);
    at += 4;
  }
  return at;
}

/** The unsigned number in four bytes at `at`. A view of the bytes for it would cost more than all of the head. */
function u32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}

/** Reads a frame; every size is checked against what is there before anything is touched. */
export function decodeCommit(frame: Uint8Array, tools: FrameTools = pureTools): CommitFrame | Malformed {
  if (frame.length < headBytes || frame.length > limits.frameBytesMax)
    return { malformed: 'frame: size out of bounds' };
  const wishBytes = u32(frame, 0);
  const count = ((frame[4] as number) << 8) | (frame[5] as number);
  if (count < 1 || count > limits.commitItemsMax) return { malformed: 'frame: too many items, or none' };
  let items: CommitItem[] = [];
  let at = headBytes;
  for (let i = 0; i < count; i++) {
    const item = readItem(frame, at, tools);
    if (isMalformed(item)) return item;
    if (i === 0) items = [item];
    else items.push(item);
    at += headOf(item);
  }
  const payload = at + wishBytes;
  if (payload > limits.headerBytesMax || payload > frame.length)
    return { malformed: 'frame: header out of bounds' };
  if (wishBytes === 0) return withPayload(frame, payload, { t: 'commit', items });
  const slots = tools.wishes(tools.text(frame, at, payload));
  if ('malformed' in slots) return slots;
  return withPayload(frame, payload, { t: 'commit', items, slots });
}

/** One item at `at`, as far as it says something about itself. */
function readItem(frame: Uint8Array, at: number, tools: FrameTools): CommitItem | Malformed {
  if (at + itemBytes > frame.length) return { malformed: 'frame: header out of bounds' };
  const high = u32(frame, at);
  const replica = high * 2 ** 32 + u32(frame, at + 4);
  if (high >= 2 ** 21 || replica === 0) return { malformed: 'frame: an item without a replica' };
  const root = tools.hex(frame, at + 8, at + 8 + rootBytes);
  const digestBytes = u32(frame, at + 40);
  const outputs = u32(frame, at + 44);
  if (outputs === digestsOnly) return { replica, root, digestBytes, lengths: null };
  if (outputs > limits.unitsPerChunkMax || at + itemBytes + 4 * outputs > frame.length)
    return { malformed: 'frame: too many outputs' };
  return { replica, root, digestBytes, lengths: readLengths(frame, at + itemBytes, outputs) };
}

/** Most outputs are as long as those before them: a list that comes again is not made again. */
let lastLengths: readonly number[] = [];

function readLengths(frame: Uint8Array, at: number, count: number): readonly number[] {
  let same = lastLengths.length === count;
  for (let i = 0; i < count && same; i++) same = lastLengths[i] === u32(frame, at + 4 * i);
  if (same) return lastLengths;
  const lengths: number[] = [];
  for (let i = 0; i < count; i++) lengths.push(u32(frame, at + 4 * i));
  return (lastLengths = lengths);
}

/** Cuts the payload into the items' parts; it must be exactly as long as they say. */
function withPayload(frame: Uint8Array, payload: number, header: CommitHeader): CommitFrame | Malformed {
  // Mostly there is one: a list that grows takes room for seventeen.
  let parts: CommitPart[] = [];
  let at = payload;
  for (const item of header.items) {
    const byteCount = item.lengths === null ? 0 : sumOf(item.lengths);
    if (at + item.digestBytes + byteCount > frame.length)
      return { malformed: 'frame: shorter than its header says' };
    const digests = frame.subarray(at, at + item.digestBytes);
    at += item.digestBytes;
    const part = {
      item,
      digests,
      bytes: item.lengths === null ? null : frame.subarray(at, at + byteCount),
    };
    if (parts.length === 0) parts = [part];
    else parts.push(part);
    at += byteCount;
  }
  if (at !== frame.length) return { malformed: 'frame: longer than its header says' };
  return { header, parts };
}
