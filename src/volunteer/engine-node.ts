/** Makes engines in Node worker threads. */

import { Worker } from 'node:worker_threads';
import { nodeEndpoint } from './node-endpoint.ts';
import { WorkerEngine } from './engine.ts';
import type { Backend, Engine, EngineLimits, WorkerPort } from './engine.ts';

/** An engine in a worker thread of its own. Nothing computes before `start`. */
export function nodeEngine(backend: Backend, limits: Partial<EngineLimits> = {}): Engine {
  return new WorkerEngine(
    backend,
    nodePort(new Worker(new URL('../../workers/compute.node.ts', import.meta.url))),
    limits,
  );
}

/** A Node worker thread as the proxy needs it. */
export function nodePort(worker: Worker): WorkerPort {
  return {
    endpoint: nodeEndpoint(worker),
    onMessage: (listener) => worker.on('message', listener),
    onDeath: (listener) => {
      worker.on('error', (error) => listener(String(error)));
      worker.on('messageerror', () => listener('the thread sent what cannot be read'));
      worker.on('exit', (code) => listener(`the thread ended with code ${code}`));
    },
    terminate: () => void worker.terminate(),
  };
}
