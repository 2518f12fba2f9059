/** Writes `dist/coordinator/`: the coordinator's program, in few files, and the threads that every start of it waits for, in one each. */
import { inFewFiles } from './door/few-files.mjs';

await inFewFiles(
  'dist/coordinator',
  [
    'src/coordinator/main.ts',
    'src/coordinator/log-thread-writer.ts',
    'src/coordinator/socket-thread-worker.ts',
  ],
  { soon: ['src/coordinator/coordinator.ts'] },
);
