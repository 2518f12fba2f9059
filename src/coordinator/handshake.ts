/** A server's answer to the handshake that opens a WebSocket (RFC 6455, section 4.2). */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { ServerSocket } from './server-socket.ts';
import type { SocketLimits } from './server-socket.ts';

const handshakeGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Answers a handshake; null when it is none, or the other side has gone already: then nothing was said. */
export function accept(
  request: IncomingMessage,
  connection: Duplex,
  limits: SocketLimits,
): ServerSocket | null {
  const { upgrade, 'sec-websocket-key': key, 'sec-websocket-version': version } = request.headers;
  const isHandshake =
    request.method === 'GET' &&
    upgrade?.toLowerCase() === 'websocket' &&
    version === '13' &&
    key !== undefined &&
    /^[+/0-9A-Za-z]{22}==$/.test(key);
  if (!isHandshake || !connection.readable || !connection.writable) return null;
  const proof = createHash('sha1')
    .update(key + handshakeGuid)
    .digest('base64');
  // What a server of pages waits for is no measure for a socket that may be silent.
  request.socket.setTimeout(0);
  request.socket.setNoDelay();
  connection.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${proof}\r\n\r\n`,
  );
  return new ServerSocket(connection, limits);
}
