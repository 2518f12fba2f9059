/** A Node worker thread that computes chunks: the other side of `src/volunteer/engine-node.ts`. */

import { kernelOf } from './kernels.ts';
import { serveThread } from './node-thread.ts';

serveThread(kernelOf);
