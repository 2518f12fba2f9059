/** Makes engines in Web Workers. */

import { WorkerEngine } from './engine.ts';
import type { Backend, Engine, EngineLimits, WorkerPort } from './engine.ts';

/** An engine in a Web Worker of its own. Nothing computes before `start`. */
export function browserEngine(backend: Backend, limits: Partial<EngineLimits> = {}): Engine {
  const worker = new Worker(new URL('../../workers/compute.worker.ts', import.meta.url), { type: 'module', name: `talka ${backend}` });
  return new WorkerEngine(backend, browserPort(worker), limits);
}

/** A Web Worker as the proxy needs it. */
export function browserPort(worker: Worker): WorkerPort {
  return {
    endpoint: worker,
    onMessage: (listener) => worker.addEventListener('message', ({ data }: MessageEvent<unknown>) => listener(data)),
    onDeath: (listener) => {
      worker.addEventListener('error', (event) => listener(event.message || 'the worker could not be loaded'));
      worker.addEventListener('messageerror', () => listener('the worker sent what cannot be read'));
    },
    terminate: () => worker.terminate(),
  };
}
