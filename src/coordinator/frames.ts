/**
 * The bytes of WebSocket frames (RFC 6455, section 5.2), as a server writes them (final and not masked, head and payload in
 * one piece: two make the system call dearer) and as it unmasks a client's.
 */

/** What a frame is. */
export const opcodes = { more: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Status codes of a close frame (RFC 6455, section 7.4.1). */
export const closeCodes = { protocol: 1002, text: 1007, tooMuch: 1008, tooLong: 1009 } as const;

const final = 0x80;
const controlBytesMax = 125;

/** The frame that carries `text`. */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(headRoom + length);
  bytes.write(text, headRoom);
  return framed(bytes, headRoom, headRoom + length);
}

/** The longest head of ours: so much room is left before a text that is framed where it lies. */
export const headRoom = 10;

/** The frame of the UTF-8 text in bytes [from, to): its head is put right before it, and nothing is copied. */
export function framed(bytes: Buffer, from: number, to: number): Buffer {
  const head = headOf(to - from);
  bytes.set(head, from - head.length);
  return bytes.subarray(from - head.length, to);
}

/** What stands before so many bytes of text. */
function headOf(length: number): readonly number[] {
  if (length < 126) return [final | opcodes.text, length];
  if (length < 65_536) return [final | opcodes.text, 126, length >> 8, length & 255];
  const bytes = Array.from({ length: 8 }, (_, i) => Math.floor(length / 256 ** (7 - i)) % 256);
  return [final | opcodes.text, 127, ...bytes];
}

/** A frame of the protocol itself, with at most 125 bytes. */
export function controlFrame(opcode: number, payload?: Uint8Array): Buffer {
  const length = payload?.length ?? 0;
  if (length > controlBytesMax) throw new Error('a control frame carries at most 125 bytes');
  const frame = Buffer.allocUnsafe(2 + length);
  frame[0] = final | opcode;
  frame[1] = length;
  if (payload !== undefined) frame.set(payload, 2);
  return frame;
}

/** The frame that ends a connection, and why. */
export function closeFrame(code: number, reason: string): Buffer {
  const payload = Buffer.allocUnsafe(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code, 0);
  payload.write(reason, 2);
  return controlFrame(opcodes.close, payload);
}

/** Takes a client's mask off where the bytes lie; the mask's four bytes are at `maskAt` of `bytes`. */
export function unmask(payload: Buffer, bytes: Buffer, maskAt: number): void {
  const [a, b, c, d] = [bytes[maskAt], bytes[maskAt + 1], bytes[maskAt + 2], bytes[maskAt + 3]] as [
    number,
    number,
    number,
    number,
  ];
  if ((a | b | c | d) === 0) return;
  const whole = payload.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    payload[i] = (payload[i] as number) ^ a;
    payload[i + 1] = (payload[i + 1] as number) ^ b;
    payload[i + 2] = (payload[i + 2] as number) ^ c;
    payload[i + 3] = (payload[i + 3] as number) ^ d;
  }
  for (let i = whole; i < payload.length; i++)
    payload[i] = (payload[i] as number) ^ (bytes[maskAt + (i & 3)] as number);
}

/** Payload length of a frame whose head is all there. */
export function lengthAt(bytes: Buffer, at: number): number {
  const short = (bytes[at + 1] as number) & 0x7f;
  if (short < 126) return short;
  if (short === 126) return bytes.readUInt16BE(at + 2);
  return bytes.readUInt32BE(at + 2) * 2 ** 32 + bytes.readUInt32BE(at + 6);
}

/** Codes that may stand in a close frame. */
export function isCloseCode(code: number): boolean {
  return (
    (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) ||
    (code >= 3000 && code <= 4999)
  );
}
