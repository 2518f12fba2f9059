/**
 * Listens to a socket for whoever speaks through it. The listeners are the same functions for all sockets and find their hearer
 * at the socket: closures of its own would cost each of ten thousand idle volunteers a quarter of a kilobyte.
 */
import type { WebSocket } from 'ws';

/** Who hears what comes through a socket. */
export interface Ear {
  hear(data: Buffer, isBinary: boolean): void;
  /** A sign of life without words: a pong. */
  heard(): void;
  closed(): void;
}

const ear = Symbol('ear');
type Heard = WebSocket & { [ear]?: Ear };

/** From now on, and as long as the socket lives. */
export function listenTo(ws: WebSocket, hearer: Ear): void {
  (ws as Heard)[ear] = hearer;
  ws.on('message', onMessage);
  ws.on('pong', onPong);
  ws.on('close', onClose);
  // What went wrong is told by the close that follows.
  ws.on('error', ws.terminate);
}

function onMessage(this: Heard, data: Buffer, isBinary: boolean): void {
  this[ear]?.hear(data, isBinary);
}

function onPong(this: Heard): void {
  this[ear]?.heard();
}

function onClose(this: Heard): void {
  this[ear]?.closed();
}
