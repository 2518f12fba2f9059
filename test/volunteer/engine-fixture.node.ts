/** A Node worker thread like `workers/compute.node.ts`, with the test kernels in place of the catalogue, and a way to make it crash. */

import { parentPort } from 'node:worker_threads';
import { nodeEndpoint } from '../../src/volunteer/node-endpoint.ts';
import { nodeGpu } from '../../workers/node-gpu.ts';
import { serve } from '../../workers/serve.ts';
import { fixtureOf } from '../kernels/fixtures/mix.ts';

const port = parentPort;
if (port === null) throw new Error('runs as a worker thread');
serve({
  endpoint: nodeEndpoint(port),
  tell: (beat) => port.postMessage(beat),
  gpu: nodeGpu,
  kernelOf: fixtureOf,
});
port.on('message', (data: unknown) => {
  if (data === 'crash') throw new Error('the thread was told to crash');
});
