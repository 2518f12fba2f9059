/** Puts a compute host behind a Node worker thread's line to its parent. */

import { parentPort } from 'node:worker_threads';
import { leaveWord, nodeEndpoint } from '../src/volunteer/node-endpoint.ts';
import type { Kernel } from '../src/kernels/kernel.ts';
import { nodeGpu } from './node-gpu.ts';
import { serve } from './serve.ts';

export function serveThread(kernelOf: (id: string) => Promise<Kernel | null>): void {
  const port = parentPort;
  if (port === null) throw new Error('this runs as a worker thread');
  const host = serve({
    endpoint: nodeEndpoint(port),
    tell: (beat) => port.postMessage(beat),
    gpu: nodeGpu,
    kernelOf,
  });
  port.on('message', (data: unknown) => {
    if (data === leaveWord) void host.leave().finally(() => process.exit(0));
  });
}
