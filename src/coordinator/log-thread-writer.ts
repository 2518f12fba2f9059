/** The thread behind `log-thread.ts`: does what it is asked, one wish at a time, and says how it went. */
import { parentPort, workerData } from 'node:worker_threads';
import { SqliteLog } from './log-sqlite.ts';
import type { SqliteLogOptions } from './log-sqlite.ts';
import { StoreFault } from './log.ts';
import type { Reply, There, Wish } from './log-thread.ts';

const { file, options } = workerData as { file: string; options: SqliteLogOptions };
/** Opened with the first wish: until then another thread writes, and this one would not know of it. */
let opened: SqliteLog | null = null;

async function fulfil(wish: Wish): Promise<void> {
  const log = (opened ??= new SqliteLog(file, options));
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
parentPort?.postMessage('there' satisfies There);
