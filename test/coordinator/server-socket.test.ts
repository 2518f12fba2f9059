/**
 * A server's end of a WebSocket, beside `ws`'s own: whatever bytes come, in whatever pieces, both hear the same messages and
 * end for the same reason; and the handshakes that are none.
 */
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { AsciiWriter } from '../../src/coordinator/ascii.ts';
import {
  closeFrame,
  controlFrame,
  framed,
  headRoom,
  opcodes,
  textFrame,
  unmask,
} from '../../src/coordinator/frames.ts';
import { dice } from '../sim/random.ts';
import type { Dice } from '../sim/random.ts';
import { bytesMax, far, handshake, ours, raw, textOf, theirs } from './socket-hosts.ts';
import type { Host, Raw } from './socket-hosts.ts';

interface Frame {
  readonly first: number;
  readonly payload: Buffer;
  /** Absent: masked, by a mask of its own. */
  readonly bare?: boolean;
  /** A length that it claims instead of its own. */
  readonly claims?: bigint;
}

function bytesOf({ first, payload, bare = false, claims }: Frame, throws: Dice): Buffer {
  const length = claims ?? BigInt(payload.length);
  const head: number[] = [first];
  const flag = bare ? 0 : 0x80;
  if (length < 126n) head.push(flag | Number(length));
  else if (length < 65_536n) head.push(flag | 126, Number(length >> 8n), Number(length & 255n));
  else {
    const wide = Buffer.alloc(8);
    wide.writeBigUInt64BE(length);
    head.push(flag | 127, ...wide);
  }
  if (bare) return Buffer.concat([Buffer.from(head), payload]);
  const mask = Buffer.from(Array.from({ length: 4 }, () => throws.below(256)));
  const masked = Buffer.from(payload.map((byte, i) => byte ^ (mask[i & 3] as number)));
  return Buffer.concat([Buffer.from(head), mask, masked]);
}

/** Says bytes in pieces of random sizes; the network may join some of them again. */
async function sayInPieces(socket: Socket, bytes: Buffer, throws: Dice): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const size = throws.below(4) === 0 ? 1 + throws.below(4) : 1 + throws.below(bytes.length);
    socket.write(bytes.subarray(at, (at += size)));
    await new Promise((turn) => setImmediate(turn));
  }
}

/** The close code in what came back; null when there was none. */
function closeCodeIn(back: readonly Buffer[]): number | null {
  const bytes = Buffer.concat(back);
  for (let at = 0; at + 2 <= bytes.length;) {
    const short = bytes[at + 1] as number;
    const [room, length] = short < 126 ? [2, short] : [4, bytes.readUInt16BE(at + 2)];
    if (((bytes[at] as number) & 15) === opcodes.close)
      return length < 2 ? 1005 : bytes.readUInt16BE(at + room);
    at += room + length;
  }
  return null;
}

const someText = [
  '',
  'a',
  'Guten Tag',
  '众人拾柴火焰高',
  '🧵'.repeat(40),
  'x'.repeat(125),
  'y'.repeat(126),
  'z'.repeat(66_000),
];

/** What an honest client might say, with a fault of some kind now and then. */
function speech(throws: Dice): Frame[] {
  const frames: Frame[] = [];
  const text = (): Buffer => Buffer.from(throws.of(someText));
  const plain: (() => Frame[])[] = [
    () => [{ first: 0x81, payload: text() }],
    () => [{ first: 0x82, payload: Buffer.alloc(throws.below(300), throws.below(256)) }],
    () => [{ first: 0x89, payload: Buffer.alloc(throws.below(126), 7) }],
    () => [{ first: 0x8a, payload: Buffer.alloc(0) }],
    () => {
      const [whole, cut] = [text(), throws.below(40)];
      return [
        { first: 0x01, payload: whole.subarray(0, cut) },
        { first: 0x89, payload: Buffer.from('between') },
        { first: 0x00, payload: Buffer.alloc(0) },
        { first: 0x80, payload: whole.subarray(cut) },
      ];
    },
  ];
  const faults: (() => Frame)[] = [
    () => ({ first: 0x81, payload: Buffer.from('bare'), bare: true }),
    () => ({ first: 0xc1, payload: Buffer.from('reserved bit') }),
    () => ({ first: 0x83 + throws.below(5), payload: Buffer.from('no such frame') }),
    () => ({ first: 0x8b + throws.below(5), payload: Buffer.alloc(0) }),
    () => ({ first: 0x80, payload: Buffer.from('goes on with nothing') }),
    () => ({ first: 0x09, payload: Buffer.from('half a ping') }),
    () => ({ first: 0x89, payload: Buffer.alloc(126) }),
    () => ({ first: 0x81, payload: Buffer.from([0xc3, 0x28]) }),
    () => ({ first: 0x82, payload: Buffer.alloc(4), claims: BigInt(bytesMax + 1) }),
    () => ({ first: 0x82, payload: Buffer.alloc(4), claims: 2n ** 63n - 1n }),
    () => ({ first: 0x88, payload: Buffer.from([3]) }),
    () => ({ first: 0x88, payload: Buffer.from([0x03, 0xed]) }),
    () => ({ first: 0x88, payload: Buffer.from([0x03, 0xe8, 0xff]) }),
    () => ({ first: 0x88, payload: Buffer.from([0x0f, 0xa1, 0x41]) }),
    () => ({ first: 0x88, payload: Buffer.alloc(0) }),
    () => ({ first: 0x01, payload: Buffer.alloc(bytesMax - 5) }),
  ];
  for (let i = throws.below(8); i >= 0; i--) frames.push(...throws.of(plain)());
  if (throws.below(3) > 0) frames.push(throws.of(faults)());
  // What comes behind a fault is heard by nobody, and may be anything.
  if (throws.below(2) > 0) frames.push({ first: 0x81, payload: Buffer.from('behind it') });
  return frames;
}

/** Waits until the server has answered the last ping, or has ended. */
async function answered({ socket, back, end }: Raw): Promise<void> {
  let isOver = false;
  void end.then(() => (isOver = true));
  const until = Date.now() + 5_000;
  while (!isOver && !Buffer.concat(back).includes('last') && Date.now() < until)
    await new Promise((wait) => setTimeout(wait, 2));
  socket.destroy();
  await end;
}

describe.each([
  ['in this thread', ours],
  ['in a thread of its own', far],
])('a server’s end of a WebSocket %s', (_where, mine) => {
  let hosts: { readonly ours: Host; readonly theirs: Host };
  beforeAll(async () => void (hosts = { ours: await mine(), theirs: await theirs() }));
  afterAll(async () => {
    for (const host of [hosts.ours, hosts.theirs]) await host.end();
  });

  /** What a host makes of it. */
  async function heardBy(host: Host, frames: readonly Frame[], seed: number): Promise<unknown> {
    const throws = dice(seed);
    const connection = await raw(host.port);
    const bytes = Buffer.concat(frames.map((frame) => bytesOf(frame, throws)));
    await sayInPieces(connection.socket, bytes, throws);
    connection.socket.write(bytesOf({ first: 0x89, payload: Buffer.from('last') }, throws));
    await answered(connection);
    await expect.poll(() => host.heard.ended).toBe(true);
    return { messages: host.heard.messages, code: closeCodeIn(connection.back) };
  }

  test('hears what `ws` hears, and ends for the same reason', { timeout: 120_000 }, async () => {
    const codes = new Map<unknown, number>();
    for (let seed = 1; seed <= 150; seed++) {
      const frames = speech(dice(seed));
      const [own, reference] = [
        await heardBy(hosts.ours, frames, seed),
        await heardBy(hosts.theirs, frames, seed),
      ];
      expect(own, `seed ${seed}`).toEqual(reference);
      const { code } = own as { code: unknown };
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    // Every way to end was seen.
    for (const code of [null, 1002, 1005, 1007, 1009, 4001])
      expect(codes.get(code) ?? 0, String(code)).toBeGreaterThan(0);
  });

  test('says what `ws` understands, of every length, and ends politely', async () => {
    const client = new WebSocket(`ws://127.0.0.1:${hosts.ours.port}`);
    const said: string[] = [];
    client.on('message', (data, isBinary) => said.push(textOf(data as Buffer, isBinary)));
    await new Promise((open) => client.once('open', open));
    const { line, heard } = hosts.ours;
    for (const text of someText) line?.say(text);
    // Framed where they lie, one behind the other.
    const lying = new AsciiWriter(16);
    for (const text of someText) {
      lying.skip(headRoom);
      const from = lying.at;
      lying.text(text);
      line?.sayFrame(framed(lying.bytes, from, lying.at));
    }
    const ponged = new Promise((ping) => client.once('ping', ping));
    line?.ping();
    await ponged;
    expect(said).toEqual([...someText, ...someText].map((text) => textOf(Buffer.from(text), false)));
    const closed = new Promise((end) =>
      client.once('close', (code, reason) => end([code, reason.toString()])),
    );
    line?.close(4000, 'limits');
    line?.say('nobody hears this');
    expect(await closed).toEqual([4000, 'limits']);
    expect(said).toHaveLength(2 * someText.length);
    await expect.poll(() => heard.ended).toBe(true);
    expect(heard.signs).toBe(1);
  });

  test('who does not answer its goodbye is cut off, and what is said meanwhile is not heard', async () => {
    const connection = await raw(hosts.ours.port);
    const { line, heard } = hosts.ours;
    line?.pause();
    line?.close(4000, 'limits');
    connection.socket.write(bytesOf({ first: 0x81, payload: Buffer.from('still here') }, dice(1)));
    await connection.end;
    expect(closeCodeIn(connection.back)).toBe(4000);
    await expect.poll(() => heard).toEqual({ messages: [], signs: 0, ended: true });
  });

  test('who hangs up without a word is gone', async () => {
    const connection = await raw(hosts.ours.port);
    const { heard } = hosts.ours;
    connection.socket.end(
      bytesOf({ first: 0x81, payload: Buffer.from('half a frame') }, dice(1)).subarray(0, 7),
    );
    await connection.end;
    await expect.poll(() => heard.ended).toBe(true);
    expect(heard.messages).toEqual([]);
  });

  test('a frame that comes byte by byte takes no more memory than it has', async () => {
    const connection = await raw(hosts.ours.port);
    const { heard } = hosts.ours;
    const frame = bytesOf({ first: 0x82, payload: Buffer.alloc(3_000, 9) }, dice(2));
    for (let at = 0; at < frame.length; at++) {
      connection.socket.write(frame.subarray(at, at + 1));
      if (at % 64 === 0) await new Promise((turn) => setImmediate(turn));
    }
    await expect.poll(() => heard.messages).toEqual([textOf(Buffer.alloc(3_000, 9), true)]);
    connection.socket.destroy();
    await connection.end;
  });

  test.each([
    ['another version', { 'Sec-WebSocket-Version': '8' }],
    ['no version', { 'Sec-WebSocket-Version': null }],
    ['a short key', { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZQ==' }],
    ['no key', { 'Sec-WebSocket-Key': null }],
    ['another protocol', { Upgrade: 'h2c' }],
  ])('%s is no handshake', async (_what, changed) => {
    const { head, socket } = await raw(hosts.ours.port, handshake(hosts.ours.port, changed));
    expect(head).toMatch(/^HTTP\/1\.1 400 /);
    socket.destroy();
  });

  test('the proof of its handshake is that of RFC 6455, section 1.3, and extensions are not agreed to', async () => {
    const offered = { 'Sec-WebSocket-Extensions': 'permessage-deflate', 'Sec-WebSocket-Protocol': 'chat' };
    const { head, socket } = await raw(hosts.ours.port, handshake(hosts.ours.port, offered));
    expect(head).toContain('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    expect(head).not.toMatch(/extensions|protocol:/i);
    socket.destroy();
    const post = await raw(hosts.ours.port, handshake(hosts.ours.port, {}, 'POST'));
    expect(post.head).toMatch(/^HTTP\/1\.1 400 /);
    post.socket.destroy();
  });
});

describe('the bytes of frames', () => {
  test('a mask is taken off where the bytes lie, at every length and place', () => {
    const throws = dice(7);
    for (let length = 0; length < 70; length++) {
      const plain = Buffer.from(Array.from({ length }, () => throws.below(256)));
      const frame = bytesOf({ first: 0x82, payload: plain }, throws);
      const padded = Buffer.concat([Buffer.alloc(length % 5), frame]);
      const payload = padded.subarray(padded.length - length);
      unmask(payload, padded, padded.length - length - 4);
      expect(payload).toEqual(plain);
    }
  });

  test('heads by RFC 6455, section 5.2', () => {
    expect(textFrame('Hello').toString('hex')).toBe('810548656c6c6f');
    expect(textFrame('x'.repeat(126)).subarray(0, 4).toString('hex')).toBe('817e007e');
    expect(textFrame('x'.repeat(65_536)).subarray(0, 10).toString('hex')).toBe('817f0000000000010000');
    expect(controlFrame(opcodes.pong, Buffer.from('Hello')).toString('hex')).toBe('8a0548656c6c6f');
    expect(closeFrame(1000, '').toString('hex')).toBe('880203e8');
    expect(() => controlFrame(opcodes.ping, Buffer.alloc(126))).toThrow('at most 125 bytes');
  });
});
