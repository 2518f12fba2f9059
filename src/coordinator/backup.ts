/**
 * One file that holds everything that must not be lost: the log, the keys, the side tables and the blobs. Made
 * while the coordinator runs, by itself or from another process; and put back into an empty data folder.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { backup as copyDatabase, DatabaseSync } from 'node:sqlite';
import { FolderBlobs } from './blobs.ts';
import { openDatabase } from './database.ts';
import { keyFileOf, openKeys } from './keys.ts';
import { SqliteLog } from './log-sqlite.ts';
import type { Log } from './log.ts';
import { stateRestore } from './restored.ts';

/** Keeps other processes out of a data folder until the process ends or calls what it gets back. Throws with one line. */
export function lockDataDir(dataDir: string): () => void {
  const file = join(dataDir, 'lock.db');
  let db: DatabaseSync | null = null;
  try {
    // SQLite's own file lock: it ends with the process, whichever way that goes.
    db = new DatabaseSync(file, { timeout: 0 });
    db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    if (db?.isOpen === true) db.close();
    const busy = error instanceof Error && 'errcode' in error && error.errcode === 5;
    throw new Error(
      busy
        ? `${dataDir} is in use by another coordinator`
        : `${dataDir} is not writable: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  const held = db;
  return () => held.close();
}

const keptTable = 'CREATE TABLE kept (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT';

/** Writes the backup. Its mode is 600: the keys are in it. */
export async function backupHouse(
  { log, dataDir }: { log: Log; dataDir: string | null },
  file: string,
): Promise<void> {
  await rm(file, { force: true });
  await log.backup(file);
  await chmod(file, 0o600);
  if (dataDir === null) return;
  const db = new DatabaseSync(file);
  try {
    db.exec(`PRAGMA journal_mode = DELETE; ${keptTable}; BEGIN`);
    const keep = db.prepare('INSERT INTO kept (name, bytes) VALUES (?, ?)');
    keep.run('keys.json', readFileSync(keyFileOf(dataDir)));
    keep.run('side.db', await copyOf(join(dataDir, 'side.db'), `${file}.side`));
    const blobs = new FolderBlobs(join(dataDir, 'blobs'));
    for (const digest of await blobs.list()) {
      const bytes = await blobs.get(digest);
      if (bytes !== null) keep.run(`blobs/${digest}`, bytes);
    }
    db.exec('COMMIT');
  } finally {
    db.close();
  }
}

/** A database's bytes as of one moment, while others write to it. `draft` is where they lie meanwhile. */
async function copyOf(database: string, draft: string): Promise<Uint8Array> {
  writeFileSync(draft, '', { mode: 0o600 });
  const db = new DatabaseSync(database);
  try {
    await copyDatabase(db, draft);
    return readFileSync(draft);
  } finally {
    db.close();
    rmSync(draft, { force: true });
  }
}

/** The same from a process of its own, beside a running coordinator or without one. */
export async function backupDataDir(dataDir: string, file: string): Promise<void> {
  if (!existsSync(join(dataDir, 'log.db'))) throw new Error(`${dataDir} holds no coordinator's data`);
  const log = new SqliteLog(join(dataDir, 'log.db'));
  try {
    await backupHouse({ log, dataDir }, file);
  } finally {
    await log.close();
  }
}

/** The restored log says itself that it goes on from a backup, before anybody can start it [RS1]. */
async function stateRestored(draft: string, dataDir: string): Promise<void> {
  const log = new SqliteLog(draft);
  try {
    await stateRestore(log, openKeys(dataDir).coordinator, Date.now);
  } finally {
    await log.close();
  }
}

/** Puts a backup into a data folder that holds none yet. Throws with one line. */
export async function restoreDataDir(file: string, dataDir: string): Promise<void> {
  if (!existsSync(file)) throw new Error(`${file} is not there`);
  if (existsSync(join(dataDir, 'log.db')))
    throw new Error(`${dataDir} holds data already: restore into an empty folder`);
  mkdirSync(join(dataDir, 'blobs'), { recursive: true, mode: 0o700 });
  const unlock = lockDataDir(dataDir);
  const draft = join(dataDir, 'log.db.part');
  try {
    writeFileSync(draft, readFileSync(file), { mode: 0o600 });
    const db = openDatabase(draft);
    if (db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'kept'").get() === undefined) {
      db.close();
      throw new Error(`${file} is no backup of a coordinator`);
    }
    for (const { name, bytes } of db.prepare('SELECT name, bytes FROM kept').iterate()) {
      if (!/^(keys\.json|side\.db|blobs\/[0-9a-f]{64})$/.test(String(name))) continue;
      writeFileSync(join(dataDir, String(name)), bytes as Uint8Array, { mode: 0o600 });
    }
    db.exec('DROP TABLE kept; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)');
    db.close();
    await stateRestored(draft, dataDir);
    renameSync(draft, join(dataDir, 'log.db'));
  } finally {
    for (const left of readdirSync(dataDir).filter((name) => name.startsWith('log.db.part')))
      rmSync(join(dataDir, left), { force: true });
    unlock();
  }
}
