/** How V8 collects what a busy coordinator throws away. */
import process from 'node:process';

/**
 * From now on all that is made is young at first. V8 notices where much of what is made stays in use, as it does while a log is folded, and makes
 * it old at once there; leases and commitments, which come and go by the thousand, were then collected a second late, and slowly. To be called when
 * the state has been read, where it spares a fifth of the time, and behind `flushCompileCache`: code that was compiled with other flags is not used by the next start. A Node whose V8 knows this no more says so on the error stream, and goes on.
 */
export function beginYoung(): void {
  process.getBuiltinModule('node:v8').setFlagsFromString('--no-allocation-site-pretenuring');
}
