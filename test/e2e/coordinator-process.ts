/** A coordinator in a process of its own, for stories that kill it and benches that run beside it; ends when its parent does. */
import process from 'node:process';
import { startCoordinator } from '../../src/coordinator/coordinator.ts';
import type { CoordinatorOptions } from '../../src/coordinator/coordinator.ts';
import type { Listening } from './house.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as CoordinatorOptions;
// As `npm start` does: its sockets are a thread's.
const running = await startCoordinator({ socketThread: true, ...options });
const stop = (): void => void running.close().finally(() => process.exit(0));
process.on('SIGTERM', stop);
process.on('disconnect', () => process.exit(0));
process.send?.({ url: running.url, token: running.operatorToken } satisfies Listening);
