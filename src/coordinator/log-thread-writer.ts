/** The thread behind `log-thread.ts`: does what it is asked, one wish at a time, and says how it went. */
import { parentPort, workerData } from 'node:worker_threads';
import { SqliteLog } from './log-sqlite.ts';
import type { SqliteLogOptions } from './log-sqlite.ts';
import { StoreFault } from './log.ts';
import type { Reply, Wish } from './log-thread.ts';

const { file, options } = workerData as { file: string; options: SqliteLogOptions };
const log = new SqliteLog(file, options);

async function fulfil(wish: Wish): Promise<void> {
  switch (wish.is) {
    case 'append':
      return log.appendPacked(wish.batch);
    case 'snapshot':
      return log.saveSnapshot(wish.snapshot);
    case 'probe':
      return log.probe();
    case 'close':
      return log.close();
    default:
      wish satisfies never;
  }
}

parentPort?.on('message', (wish: Wish) => {
  fulfil(wish).then(
    () => parentPort?.postMessage({ fault: null } satisfies Reply),
    (error: unknown) => {
      // What is not the store's fault is ours: the thread ends, and with it the coordinator.
      if (!(error instanceof StoreFault)) throw error;
      parentPort?.postMessage({ fault: error.reason, detail: error.message } satisfies Reply);
    },
  );
});
