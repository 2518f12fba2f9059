/**
 * Makes a Node message port or worker thread look like the browser's, for Comlink. (Comlink ships such an
 * adapter, but without types that resolve for an ES module.)
 */

import type { MessagePort, Worker } from 'node:worker_threads';
import type { Endpoint } from 'comlink';

/** Asks a thread to give everything up and end by itself. */
export const leaveWord = 'leave';

export function nodeEndpoint(port: MessagePort | Worker): Endpoint {
  const hearing = new Map<EventListenerOrEventListenerObject, (data: unknown) => void>();
  return {
    postMessage: (message: unknown, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer),
    addEventListener: (_type, listener) => {
      const hear = (data: unknown): void => {
        const event = new MessageEvent('message', { data });
        if (typeof listener === 'function') listener(event);
        else listener.handleEvent(event);
      };
      hearing.set(listener, hear);
      port.on('message', hear);
    },
    removeEventListener: (_type, listener) => {
      const hear = hearing.get(listener);
      if (hear !== undefined) port.off('message', hear);
      hearing.delete(listener);
    },
  };
}
