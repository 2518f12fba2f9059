/** A Web Worker like `workers/compute.worker.ts`, with the test kernels in place of the catalogue, and a way to make it crash. */

import { browserGpu, ownThread } from '../../workers/own-thread.ts';
import { serve } from '../../workers/serve.ts';
import { fixtureOf } from '../kernels/fixtures/mix.ts';

serve({
  endpoint: ownThread,
  tell: (beat) => ownThread.postMessage(beat),
  gpu: browserGpu,
  kernelOf: fixtureOf,
});
globalThis.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  if (data === 'crash') throw new Error('the worker was told to crash');
});
