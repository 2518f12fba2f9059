/**
 * What any restart does at least: a fresh Node, the database opened as it was left (which reads what the last process
 * left in its write-ahead log), the last row read. Plain JavaScript, so that nothing but that is timed.
 */
import process from 'node:process';
import { DatabaseSync } from 'node:sqlite';

const db = new DatabaseSync(process.argv[2]);
db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
const row = db.prepare('SELECT tick, record, root FROM tick ORDER BY tick DESC LIMIT 1').get();
if (row === undefined) throw new Error('the database is empty');
process.stdout.write('opened\n');
// Left open: closing would tidy up what the next start is to find.
setInterval(() => {}, 60_000);
