/** Somebody asks for a volunteer's socket: what is known of them, what a socket takes, and how they are sent away. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { limits } from '../wire/version.ts';
import type { SocketLimits } from './server-socket.ts';

/** What a volunteer's socket takes; before it has signed in 8 KiB and the frames' own heads. */
export const socketLimits: SocketLimits = {
  messageBytesMax: limits.frameBytesMax,
  strangerBytesMax: limits.strangerBytesMax + 64,
};

/** Who does not end as well by then is cut off. */
const refusedMs = 2_000;

/** Says so and ends. */
export function refuseUpgrade(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  // Read on, or its own end would not be heard.
  socket.resume();
  setTimeout(() => socket.destroy(), refusedMs).unref();
}

/** Who asks for a socket, and how. */
export interface Knock {
  readonly url: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly forwardedFor: string | undefined;
  readonly remoteAddress: string | undefined;
}

export function knockOf({ url = '/', headers, socket }: IncomingMessage): Knock {
  const { host, origin, 'x-forwarded-for': forwarded } = headers;
  const forwardedFor = Array.isArray(forwarded) ? forwarded.join(',') : forwarded;
  return { url, host, origin, forwardedFor, remoteAddress: socket.remoteAddress };
}
