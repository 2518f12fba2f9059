/**
 * Makes a Node message port, worker thread or process look like the browser's worker, for Comlink. (Comlink ships an
 * adapter for ports, but without types that resolve for an ES module.)
 */

import type { ChildProcess } from 'node:child_process';
import type { Endpoint } from 'comlink';

/** What a message port and a worker thread have in common, and what a process is made to have. */
export interface Line {
  postMessage(message: unknown, transfer?: ArrayBuffer[]): void;
  on(event: 'message', hear: (data: unknown) => void): unknown;
  off(event: 'message', hear: (data: unknown) => void): unknown;
}

export function nodeEndpoint(line: Line): Endpoint {
  const hearing = new Map<EventListenerOrEventListenerObject, (data: unknown) => void>();
  return {
    postMessage: (message: unknown, transfer: ArrayBuffer[] = []) => line.postMessage(message, transfer),
    addEventListener: (_type, listener) => {
      const hear = (data: unknown): void => {
        const event = new MessageEvent('message', { data });
        if (typeof listener === 'function') listener(event);
        else listener.handleEvent(event);
      };
      hearing.set(listener, hear);
      line.on('message', hear);
    },
    removeEventListener: (_type, listener) => {
      const hear = hearing.get(listener);
      if (hear !== undefined) line.off('message', hear);
      hearing.delete(listener);
    },
  };
}

/** The line to another process, from either side; between processes everything is copied. What the other end cannot hear any more is dropped. */
export function processLine(end: ChildProcess | NodeJS.Process): Line {
  return {
    postMessage: (message) => {
      if (end.connected) end.send?.(message as object, undefined, {}, () => {});
    },
    on: (event, hear) => end.on(event, hear),
    off: (event, hear) => end.off(event, hear),
  };
}
