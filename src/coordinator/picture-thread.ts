/** Develops one picture and ends: the whole life of a thread that `results.ts` starts. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Picture } from '../kernels/path-trace/index.ts';
import { pngOf } from './results.ts';

parentPort?.postMessage(await pngOf(workerData as Picture));
