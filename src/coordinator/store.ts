/** Where a coordinator keeps everything: its keys, the log, the side tables and the blobs, in a folder or in memory. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { lockDataDir } from './backup.ts';
import { FolderBlobs, MemoryBlobs } from './blobs.ts';
import { openDatabase } from './database.ts';
import { makeKeys, openKeys } from './keys.ts';
import type { Log } from './log.ts';
import { MemoryLog } from './log-memory.ts';
import { ThreadLog } from './log-thread.ts';
import { SideTables } from './side.ts';

export interface StoreOptions {
  /** null: everything in memory, gone at the end. */
  readonly dataDir?: string | null;
  /** For tests and benches: another log. */
  readonly log?: Log;
  /** Limits on the files of the log and of the side tables, in pages of 8 KiB: a disk that is full at a place of one's choice. */
  readonly pagesMax?: number;
  readonly sidePagesMax?: number;
}

/** Everything that must be closed again, in order of opening. */
export type Closing = (() => void | Promise<void>)[];

export type Store = ReturnType<typeof storeOf>;

/** Opens it, or makes it. Throws with one line when that cannot be. */
export function storeOf(options: StoreOptions, closing: Closing) {
  const dataDir = options.dataDir ?? null;
  if (dataDir === null) {
    const { keys } = makeKeys();
    const log = options.log ?? new MemoryLog();
    const side = new SideTables(new DatabaseSync(':memory:'), keys.groupSalt);
    closing.push(
      () => side.close(),
      () => log.close(),
    );
    return { dataDir, keys, log, side, blobs: new MemoryBlobs() };
  }
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const unlock = lockDataDir(dataDir);
  closing.push(unlock);
  const keys = openKeys(dataDir);
  const log =
    options.log ??
    new ThreadLog(
      join(dataDir, 'log.db'),
      options.pagesMax === undefined ? {} : { pagesMax: options.pagesMax },
    );
  closing.push(() => log.close());
  const sideFile = join(dataDir, 'side.db');
  const side = new SideTables(openDatabase(sideFile), keys.groupSalt, {
    file: sideFile,
    ...(options.sidePagesMax === undefined ? {} : { pagesMax: options.sidePagesMax }),
  });
  closing.push(() => side.close());
  return { dataDir, keys, log, side, blobs: new FolderBlobs(join(dataDir, 'blobs')) };
}
