/** One start, timed from outside: opens a data folder with the coordinator's rules and leases one chunk, then says so. */
import process from 'node:process';
import { firstLease, openRules } from './restart-fill.ts';

const runtime = await openRules(process.argv[2] as string);
const outcome = await firstLease(runtime, `again${String(process.pid).padStart(11, '0')}`);
if (outcome !== 'leased') throw new Error(`no lease: ${outcome}`);
// Whoever ends it with a kind signal lets it keep what it compiled; the signal may come right behind the word.
process.on('SIGTERM', () => process.exit(0));
process.stdout.write('leased\n');
setInterval(() => {}, 60_000);
