/** Makes engines in Node worker threads. */

import { Worker } from 'node:worker_threads';
import { leaveWord, nodeEndpoint } from './node-endpoint.ts';
import { WorkerEngine } from './engine.ts';
import type { Backend, Engine, EngineLimits, WorkerPort } from './engine.ts';

/**
 * How long a thread with a GPU may take to leave by itself before it is ended. Dawn 0.6.2 takes the whole process
 * down (SIGABRT, "Promise not resolved or rejected") when its thread ends while it still owes an answer (November 2026).
 */
const leaveMs = 1500;

/** An engine in a worker thread of its own. Nothing computes before `start`. */
export function nodeEngine(backend: Backend, limits: Partial<EngineLimits> = {}): Engine {
  const thread = new Worker(new URL('../../workers/compute.node.ts', import.meta.url));
  return new WorkerEngine(backend, nodePort(thread, backend), limits);
}

/** A Node worker thread as the proxy needs it. */
export function nodePort(worker: Worker, backend: Backend): WorkerPort {
  return {
    endpoint: nodeEndpoint(worker),
    onMessage: (listener) => worker.on('message', listener),
    onDeath: (listener) => {
      worker.on('error', (error) => listener(String(error)));
      worker.on('messageerror', () => listener('the thread sent what cannot be read'));
      worker.on('exit', (code) => listener(`the thread ended with code ${code}`));
    },
    terminate: () => {
      if (backend === 'wasm') {
        void worker.terminate();
        return;
      }
      worker.postMessage(leaveWord);
      setTimeout(() => void worker.terminate(), leaveMs).unref();
    },
  };
}
