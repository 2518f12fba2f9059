/** One start, timed from outside: opens a data folder the way the coordinator does and leases one chunk (`ours`), or only opens its database (`bare`). */
import { join } from 'node:path';
import process from 'node:process';
import { DatabaseSync } from 'node:sqlite';

const [how, dataDir] = process.argv.slice(2) as ['ours' | 'bare', string];

async function ours(): Promise<void> {
  const { fill } = await import('./restart-fill.ts');
  const filled = await fill(dataDir);
  const outcome = await filled.lease(`again${process.pid}`);
  if (outcome !== 'leased') throw new Error(`no lease: ${outcome}`);
}

function bare(): void {
  const db = new DatabaseSync(join(dataDir, 'log.db'));
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  const row = db
    .prepare('SELECT count(*) AS ticks FROM (SELECT tick FROM tick ORDER BY tick DESC LIMIT 1)')
    .get();
  if (row === undefined) throw new Error('the database is empty');
  db.close();
}

if (how === 'ours') await ours();
else bare();
// Ended without ado: a graceful stop would write a snapshot for the next start to find.
process.exit(0);
