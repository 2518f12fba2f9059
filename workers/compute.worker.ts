/** A Web Worker that computes chunks: the browser's side of `src/volunteer/engine-browser.ts`. */

import { kernelOf } from './kernels.ts';
import { browserGpu, ownThread } from './own-thread.ts';
import { serve } from './serve.ts';

serve({
  endpoint: ownThread,
  tell: (beat) => ownThread.postMessage(beat),
  gpu: browserGpu,
  kernelOf,
});
