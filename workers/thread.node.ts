/** Puts a compute host behind the line to its parent: a Node worker thread's, or a process's. */

import { parentPort } from 'node:worker_threads';
import { nodeEndpoint, processLine } from '../src/volunteer/node-endpoint.ts';
import type { Kernel } from '../src/kernels/kernel.ts';
import { nodeGpu } from './gpu.node.ts';
import { serve } from './serve.ts';

export function serveThread(kernelOf: (id: string) => Promise<Kernel | null>): void {
  const line = parentPort ?? processLine(process);
  if (parentPort === null) liveWithParent();
  serve({
    endpoint: nodeEndpoint(line),
    tell: (beat) => line.postMessage(beat),
    gpu: nodeGpu,
    kernelOf,
  });
}

/** A process ends when its parent does, and not by the Ctrl-C that asks the parent to finish. */
function liveWithParent(): void {
  if (process.send === undefined) throw new Error('this runs as a worker thread, or forked');
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.on('SIGINT', () => {});
}
