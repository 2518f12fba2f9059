/** A Web Worker as the engine's proxy needs it. */

import type { WorkerPort } from './engine.ts';

export function browserPort(worker: Worker): WorkerPort {
  return {
    endpoint: worker,
    onMessage: (listener) =>
      worker.addEventListener('message', ({ data }: MessageEvent<unknown>) => listener(data)),
    onDeath: (listener) => {
      worker.addEventListener('error', (event) =>
        listener(event.message || 'the worker could not be loaded'),
      );
      worker.addEventListener('messageerror', () => listener('the worker sent what cannot be read'));
    },
    terminate: () => worker.terminate(),
  };
}
