/** What a Web Worker finds around itself: the line to its page, and perhaps a GPU. */

import type { Endpoint } from 'comlink';

/** The message line to the page that made this worker, in words that are right in a worker and not only in a window. */
export const ownThread: Endpoint = {
  postMessage: (message: unknown, transfer: Transferable[] = []) =>
    globalThis.postMessage(message, { transfer }),
  addEventListener: (type, listener) => globalThis.addEventListener(type, listener),
  removeEventListener: (type, listener) => globalThis.removeEventListener(type, listener),
};

/** Absent in Firefox on Linux, on plain HTTP, and where a policy forbids it. */
export async function browserGpu(): Promise<GPU | null> {
  // The types promise it everywhere, browsers do not.
  const gpu: GPU | undefined = navigator.gpu;
  return gpu ?? null;
}
