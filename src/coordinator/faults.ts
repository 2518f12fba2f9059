/**
 * Tells the world's faults from ours: what SQLite and the file system say about a full, locked, read-only or broken
 * disk becomes a StoreFault; everything else is our own bug and stays what it is.
 */
import { StoreFault } from './log.ts';
import type { StoreReason } from './log.ts';

/** SQLite's primary result codes, as far as they are the world's and not our fault. */
const sqliteReasons: Readonly<Record<number, StoreReason>> = {
  5: 'busy',
  6: 'busy',
  8: 'read-only',
  10: 'io',
  13: 'full',
  14: 'io',
};

/** What the file system says. */
const fileReasons: Readonly<Record<string, StoreReason>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EROFS: 'read-only',
  EIO: 'io',
};

/** What to throw instead of an error of SQLite or of the file system. */
export function faultOf(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof StoreFault) return error;
  const code = 'code' in error ? String(error.code) : '';
  // A database that was closed under us.
  if (code === 'ERR_INVALID_STATE') return new StoreFault('closed', error.message);
  const reason = fileReasons[code];
  if (reason !== undefined) return new StoreFault(reason, error.message);
  if (!('errcode' in error) || typeof error.errcode !== 'number') return error;
  return new StoreFault(sqliteReasons[error.errcode & 0xff] ?? 'io', error.message);
}

/** Waits for something that writes files. Throws StoreFault where the disk does not take it. */
export async function stored<T>(writing: Promise<T>): Promise<T> {
  try {
    return await writing;
  } catch (error) {
    throw faultOf(error);
  }
}
