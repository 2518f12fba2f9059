/** A Node worker thread, or process, like `workers/compute.node.ts`, with the test kernels in place of the catalogue, and a way to make it crash. */

import { parentPort } from 'node:worker_threads';
import { serveThread } from '../../workers/thread.node.ts';
import { fixtureOf } from '../kernels/fixtures/mix.ts';

serveThread(fixtureOf);
(parentPort ?? process).on('message', (data: unknown) => {
  if (data === 'crash') throw new Error('the thread was told to crash');
});
