/**
 * One of the tribunal's two processes where it has no browsers: computes the units it is sent with whichever compiler its command
 * line left to V8, answers once and ends. It computes in a thread, so that its main thread hears when the coordinator is gone and
 * ends an endless unit with it.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { answered } from './tribunal-compute.ts';
import type { TribunalAnswer, TribunalWork } from './tribunal-compute.ts';

/** The main thread: one question, one answer, and no life without the coordinator. */
function keep(): void {
  process.once('disconnect', () => process.exit(1));
  process.once('message', (work: TribunalWork) => {
    const thread = new Worker(new URL(import.meta.url), { workerData: work });
    const answer = (given: TribunalAnswer): void => void process.send?.(given);
    thread.once('message', answer);
    thread.once('error', (error) => answer({ failed: String(error) }));
  });
}

if (isMainThread) keep();
else parentPort?.postMessage(answered(workerData as TribunalWork));
