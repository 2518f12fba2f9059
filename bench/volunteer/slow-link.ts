/**
 * A slow line in front of a server: a TCP relay with a bandwidth shared by all connections, a delay each way and a
 * round trip for each connection's handshake. It slows what a browser's own throttling does not reach: WebSockets
 * and the requests of workers. Counts the bytes in both directions.
 */
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';

export interface LinkSpeed {
  /** Round trip, in ms. */
  readonly rttMs: number;
  /** Bits per second. */
  readonly down: number;
  readonly up: number;
}

/** What throttled tests of pages mean by a slow phone line: 150 ms, 1.6 Mbit/s down, 0.75 up. */
export const slowPhone: LinkSpeed = { rttMs: 150, down: 1_600_000, up: 750_000 };

/** No slower than the machine itself: for counting bytes. */
export const fast: LinkSpeed = { rttMs: 0, down: Number.POSITIVE_INFINITY, up: Number.POSITIVE_INFINITY };

export interface Relay {
  readonly port: number;
  /** Bytes since the last call. */
  takeBytes(): { down: number; up: number };
  close(): Promise<void>;
}

/** One direction of the line: bytes leave one after the other, whichever connection they belong to. */
class Lane {
  readonly #bitsPerMs: number;
  readonly #delayMs: number;
  #freeAt = 0;
  bytes = 0;

  constructor(bitsPerSecond: number, delayMs: number) {
    this.#bitsPerMs = bitsPerSecond / 1000;
    this.#delayMs = delayMs;
  }

  /** When a chunk that comes now, but not before `notBefore`, will have arrived. */
  arrival(size: number, notBefore: number): number {
    this.bytes += size;
    const begins = Math.max(performance.now(), notBefore, this.#freeAt);
    this.#freeAt = begins + (size * 8) / this.#bitsPerMs;
    return this.#freeAt + this.#delayMs;
  }
}

/** About one packet: connections share the line packet by packet, not buffer by buffer. */
const pieceBytes = 1400;

/** Passes on what comes, late; an end is passed on behind everything before it. */
function pass(from: Socket, to: Socket, lane: Lane, notBefore: number): void {
  let last = 0;
  const at = (when: number, act: () => void): void => {
    last = Math.max(last, when);
    const waitMs = last - performance.now();
    // A timer of 0 takes a millisecond; on a fast line nothing waits.
    if (waitMs <= 0) act();
    else setTimeout(act, waitMs);
  };
  from.on('data', (data: Buffer) => {
    for (let i = 0; i < data.length; i += pieceBytes) {
      const piece = data.subarray(i, i + pieceBytes);
      at(lane.arrival(piece.length, notBefore), () => void (to.writable && to.write(piece)));
    }
  });
  from.on('end', () => at(last, () => to.end()));
  from.on('error', () => to.destroy());
  from.on('close', () => at(last, () => to.end()));
}

/** Listens on a free port and relays to another of this machine. */
export async function openRelay(port: number, line: LinkSpeed, listenPort = 0): Promise<Relay> {
  const down = new Lane(line.down, line.rttMs / 2);
  const up = new Lane(line.up, line.rttMs / 2);
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
    // The handshake is a round trip before the first byte goes up.
    pass(near, far, up, performance.now() + line.rttMs);
    pass(far, near, down, 0);
  });
  await new Promise<void>((resolve) => server.listen(listenPort, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the relay has no port');
  return {
    port: address.port,
    takeBytes: () => {
      const taken = { down: down.bytes, up: up.bytes };
      down.bytes = 0;
      up.bytes = 0;
      return taken;
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
