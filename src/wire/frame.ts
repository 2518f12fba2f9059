/**
 * The binary frame of a commit: u32 big-endian length of the JSON header, the header (UTF-8), then for
 * each item its digests and, where lengths are given, the units' outputs, all in the header's order.
 */
import { isMalformed, parse } from './schema.ts';
import type { Malformed } from './schema.ts';
import { limits } from './version.ts';
import { commit } from './volunteer.ts';
import type { CommitHeader, CommitItem } from './volunteer.ts';

/** One committed replica with its parts of the payload (views, not copies). */
export interface CommitPart {
  readonly item: CommitItem;
  readonly digests: Uint8Array;
  readonly bytes: Uint8Array | null;
}

export interface CommitFrame {
  readonly header: CommitHeader;
  readonly parts: readonly CommitPart[];
}

/** ASCII only, as our headers are: no TextEncoder exists in a pure room. */
function asciiBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i) & 0x7f;
  return bytes;
}

/** Bytes as text, one character a byte; a shell may bring a faster one of its platform. */
export type BytesToText = (bytes: Uint8Array) => string;

function textOfBytes(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return text;
}

/** Sum of the outputs' lengths. */
function sumOf(lengths: readonly number[]): number {
  let sum = 0;
  for (const length of lengths) sum += length;
  return sum;
}

/** Builds the frame. Throws when a part's sizes contradict its item: that is our own bug. */
export function encodeCommit(frame: CommitFrame): Uint8Array<ArrayBuffer> {
  const header = asciiBytes(JSON.stringify(frame.header));
  let size = 4 + header.length;
  for (const part of frame.parts) size += part.digests.length + (part.bytes?.length ?? 0);
  const out = new Uint8Array(size);
  new DataView(out.buffer).setUint32(0, header.length);
  out.set(header, 4);
  let at = 4 + header.length;
  for (const { item, digests, bytes } of frame.parts) {
    if (digests.length !== item.digestBytes || (bytes?.length ?? 0) !== sumOf(item.lengths ?? []))
      throw new Error('a commit part contradicts its item');
    out.set(digests, at);
    at += digests.length;
    if (bytes !== null) out.set(bytes, at);
    at += bytes?.length ?? 0;
  }
  return out;
}

/** Reads a frame; every size is checked against what is there before anything is touched. */
export function decodeCommit(frame: Uint8Array, toText: BytesToText = textOfBytes): CommitFrame | Malformed {
  if (frame.length < 4 || frame.length > limits.frameBytesMax)
    return { malformed: 'frame: size out of bounds' };
  const headerBytes = new DataView(frame.buffer, frame.byteOffset, frame.byteLength).getUint32(0);
  if (headerBytes > limits.headerBytesMax || 4 + headerBytes > frame.length)
    return { malformed: 'frame: header out of bounds' };
  const text = toText(frame.subarray(4, 4 + headerBytes));
  if (!/^[\x20-\x7e]*$/.test(text)) return { malformed: 'frame: header is not printable ASCII' };
  const header = parse(commit, text, limits.headerBytesMax);
  if (isMalformed(header)) return header;
  const parts: CommitPart[] = [];
  let at = 4 + headerBytes;
  for (const item of header.items) {
    const byteCount = item.lengths === null ? 0 : sumOf(item.lengths);
    if (at + item.digestBytes + byteCount > frame.length)
      return { malformed: 'frame: shorter than its header says' };
    const digests = frame.subarray(at, at + item.digestBytes);
    at += item.digestBytes;
    parts.push({ item, digests, bytes: item.lengths === null ? null : frame.subarray(at, at + byteCount) });
    at += byteCount;
  }
  if (at !== frame.length) return { malformed: 'frame: longer than its header says' };
  return { header, parts };
}
