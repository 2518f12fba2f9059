/** Makes engines in Web Workers. */

import { browserPort } from './browser-port.ts';
import { WorkerEngine } from './engine-proxy.ts';
import type { Backend, Engine, EngineLimits } from './engine.ts';

/** An engine in a Web Worker of its own. Nothing computes before `start`. */
export function browserEngine(backend: Backend, limits: Partial<EngineLimits> = {}): Engine {
  const worker = new Worker(new URL('../../workers/compute.worker.ts', import.meta.url), {
    type: 'module',
    name: `talka ${backend}`,
  });
  return new WorkerEngine(backend, browserPort(worker), limits);
}
