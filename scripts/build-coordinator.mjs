/** Writes `dist/coordinator/`: the coordinator's program, and the thread that every start of it waits for, in one file each. */
import { inOneFile } from './door/one-file.mjs';

await inOneFile('dist/coordinator', [
  'src/coordinator/main.ts',
  'src/coordinator/log-thread-writer.ts',
  'src/coordinator/socket-thread-worker.ts',
]);
