/** Opens SQLite files with the house's pragmas, and brings older ones up to date, one transaction for each step. */
import { DatabaseSync } from 'node:sqlite';

/** Why a data file cannot be used at all; the message is one line for the operator. */
export class StoreUnusable extends Error {
  override name = 'StoreUnusable';
}

/** How long a write waits for a backup that another process makes of the file. */
const busyMs = 5_000;

/** Opens or creates a database. Throws StoreUnusable with one line. */
export function openDatabase(file: string): DatabaseSync {
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(file, { timeout: busyMs });
    db.exec(
      'PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -32000',
    );
    return db;
  } catch (error) {
    if (db?.isOpen === true) db.close();
    throw new StoreUnusable(`${file} cannot be opened: ${textOf(error)}`);
  }
}

/**
 * Brings a file up to date: step n of `steps` leads from layout n to n + 1. A step that fails leaves the file at the
 * layout before it. Closes the file and throws StoreUnusable, with one line, when that or a newer layout is found.
 */
export function migrate(db: DatabaseSync, file: string, steps: readonly string[]): void {
  const found = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
  if (found > steps.length) {
    db.close();
    throw new StoreUnusable(
      `${file} was written by a newer version of Talka (layout ${found}; this one knows ${steps.length})`,
    );
  }
  let next = found;
  try {
    db.exec('CREATE TABLE IF NOT EXISTS migration (version INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT');
    for (; next < steps.length; next++) {
      db.exec('BEGIN IMMEDIATE');
      db.exec(steps[next] as string);
      db.prepare('INSERT INTO migration (version, at) VALUES (?, ?)').run(next + 1, Date.now());
      db.exec(`PRAGMA user_version = ${next + 1}`);
      db.exec('COMMIT');
    }
  } catch (error) {
    // Closing takes back what was not committed.
    db.close();
    throw new StoreUnusable(
      `${file} stays at layout ${next}: the step to layout ${next + 1} failed (${textOf(error)})`,
    );
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
