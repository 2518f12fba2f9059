/** Makes engines in Web Workers. */

import { browserPort } from './browser-port.ts';
import { WorkerEngine } from './engine-proxy.ts';
import type { Backend, Engine, EngineLimits } from './engine.ts';

/** An engine in a Web Worker of its own, or in one that has begun already. Nothing computes before `start`. */
export function browserEngine(
  backend: Backend,
  begun: Worker | null = null,
  limits: Partial<EngineLimits> = {},
): Engine {
  return new WorkerEngine(backend, browserPort(begun ?? newWorker(backend)), limits);
}

function newWorker(backend: Backend): Worker {
  return new Worker(new URL('../../workers/compute.worker.ts', import.meta.url), {
    type: 'module',
    name: `talka ${backend}`,
  });
}
