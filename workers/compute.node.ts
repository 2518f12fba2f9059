/** A Node worker thread that computes chunks: the other side of `src/volunteer/engine-node.ts`. */

import { parentPort } from 'node:worker_threads';
import { kernelOf } from './kernels.ts';
import { nodeEndpoint } from '../src/volunteer/node-endpoint.ts';
import { nodeGpu } from './node-gpu.ts';
import { serve } from './serve.ts';

const port = parentPort;
if (port === null) throw new Error('compute.node.ts runs as a worker thread');
serve({ endpoint: nodeEndpoint(port), tell: (beat) => port.postMessage(beat), gpu: nodeGpu, kernelOf });
