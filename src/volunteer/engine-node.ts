/** Makes engines in Node: WASM in worker threads, and each GPU in a process of its own. */

import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import { nodeEndpoint, processLine } from './node-endpoint.ts';
import { WorkerEngine } from './engine-proxy.ts';
import type { Backend, Engine, EngineLimits, WorkerPort } from './engine.ts';

const program = new URL('../../workers/compute.node.ts', import.meta.url);

/** An engine of its own. Nothing computes before `start`. */
export function nodeEngine(backend: Backend, limits: Partial<EngineLimits> = {}): Engine {
  const port = backend === 'wasm' ? threadPort(new Worker(program)) : processPort(gpuProcess(program));
  return new WorkerEngine(backend, port, limits);
}

/**
 * Dawn 0.6.2 takes the whole process down (SIGABRT) when its thread ends while it still owes an answer, and so does a
 * driver that crashes (November 2026): it gets a process that may go down, and results of ours that stay.
 */
export function gpuProcess(path: URL): ChildProcess {
  return fork(path, { serialization: 'advanced', stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
}

/** A Node worker thread as the proxy needs it. */
export function threadPort(worker: Worker): WorkerPort {
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

/** A Node process as the proxy needs it. */
export function processPort(child: ChildProcess): WorkerPort {
  return {
    endpoint: nodeEndpoint(processLine(child)),
    onMessage: (listener) => child.on('message', listener),
    onDeath: (listener) => {
      child.on('error', (error) => listener(String(error)));
      child.on('exit', (code, signal) =>
        listener(`the GPU’s process ended with ${signal ?? `code ${code}`}`),
      );
    },
    // Nothing in it is worth a farewell, and Dawn does not survive one.
    terminate: () => void child.kill('SIGKILL'),
  };
}
