/** A Node worker thread that computes chunks: the other side of `src/volunteer/engine-node.ts`. */

import { kernelOf } from './kernels.ts';
import { serveThread } from './thread.node.ts';

serveThread(kernelOf);
