/**
 * A WebSocket of as few instructions as possible, for drivers that share the machine with what they measure: whole
 * frames only, masked with zeros (RFC 6455 asks for a mask, not for a secret one), text in and anything out.
 */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** What must stand before a payload that goes up: head, length and mask. */
export function headRoom(payloadBytes: number): number {
  return payloadBytes < 126 ? 6 : payloadBytes < 65_536 ? 8 : 14;
}

/** Writes the head of a frame into the room before its payload. */
export function putHead(frame: Buffer, isText: boolean): void {
  const room = frame.length < 132 ? 6 : frame.length < 65_544 ? 8 : 14;
  const payload = frame.length - room;
  frame[0] = isText ? 0x81 : 0x82;
  if (room === 6) frame[1] = 0x80 | payload;
  else if (room === 8) {
    frame[1] = 0x80 | 126;
    frame.writeUInt16BE(payload, 2);
  } else {
    frame[1] = 0x80 | 127;
    frame.writeBigUInt64BE(BigInt(payload), 2);
  }
  frame.fill(0, room - 4, room);
}

export class LeanSocket {
  readonly #socket: Socket;
  #rest: Buffer | null = null;
  #isOpen = false;
  onText: (text: string) => void = () => {};
  onError: (error: Error) => void = () => {};
  /** The handshake is done. */
  onOpen: () => void = () => {};

  /** `url`: `http://127.0.0.1:port`. */
  constructor(url: string) {
    const { hostname, port, host } = new URL(url);
    this.#socket = connect(Number(port), hostname, () => {
      this.#socket.write(
        `GET /ws HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${url}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
      );
    });
    this.#socket.setNoDelay(true);
    this.#socket.on('error', (error) => this.onError(error));
    this.#socket.on('data', (data: Buffer) => this.#hear(data));
  }

  sendText(text: string): void {
    const payload = Buffer.byteLength(text);
    const room = headRoom(payload);
    const frame = Buffer.allocUnsafe(room + payload);
    frame.write(text, room);
    putHead(frame, true);
    this.#socket.write(frame);
  }

  /** Sends a frame that has its head already (`putHead`). */
  send(frame: Buffer): void {
    this.#socket.write(frame);
  }

  end(): void {
    this.#socket.destroy();
  }

  #hear(data: Buffer): void {
    let bytes = this.#rest === null ? data : Buffer.concat([this.#rest, data]);
    this.#rest = null;
    if (!this.#isOpen) {
      const end = bytes.indexOf('\r\n\r\n');
      if (end < 0) return void (this.#rest = bytes);
      const head = bytes.toString('latin1', 0, end);
      if (!head.startsWith('HTTP/1.1 101')) return this.onError(new Error(head.split('\r\n')[0]));
      this.#isOpen = true;
      this.onOpen();
      bytes = bytes.subarray(end + 4);
    }
    let at = 0;
    while (bytes.length - at >= 2) {
      const short = (bytes[at + 1] as number) & 0x7f;
      const head = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (bytes.length - at < head) break;
      const length =
        short < 126
          ? short
          : short === 126
            ? bytes.readUInt16BE(at + 2)
            : Number(bytes.readBigUInt64BE(at + 2));
      if (bytes.length - at < head + length) break;
      const kind = (bytes[at] as number) & 0x0f;
      const [from, to] = [at + head, at + head + length];
      at = to;
      if (kind === 1) this.onText(bytes.toString('latin1', from, to));
      else if (kind === 9) this.#pong(bytes.subarray(from, to));
      else if (kind === 8) return this.onError(new Error('the other side closed'));
    }
    if (at < bytes.length) this.#rest = bytes.subarray(at);
  }

  #pong(payload: Buffer): void {
    const frame = Buffer.alloc(6 + payload.length);
    payload.copy(frame, 6);
    putHead(frame, true);
    frame[0] = 0x8a;
    this.#socket.write(frame);
  }
}
