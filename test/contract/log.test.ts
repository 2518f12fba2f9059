/** Runs the log's suite on each implementation, and what only SQLite can be asked. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, test } from 'vitest';
import { MemoryLog } from '../../src/coordinator/log-memory.ts';
import { SqliteLog, StoreUnusable } from '../../src/coordinator/log-sqlite.ts';
import { ThreadLog } from '../../src/coordinator/log-thread.ts';
import { StoreFault } from '../../src/coordinator/log.ts';
import { emptyFrontier } from '../../src/core/merkle.ts';
import { batchOf, logSuite } from './log.ts';
import { troubled } from './log-slow.ts';

const dir = mkdtempSync(join(tmpdir(), 'talka-log-'));
afterAll(() => rmSync(dir, { recursive: true }));
let files = 0;
const freshFile = (): string => join(dir, `${files++}.db`);

logSuite('memory', { make: async () => new MemoryLog(), reopen: null });

const paths = new WeakMap<object, string>();
logSuite('sqlite', {
  make: async () => {
    const file = freshFile();
    const log = new SqliteLog(file);
    paths.set(log, file);
    return log;
  },
  reopen: async (log) => {
    await log.close();
    return new SqliteLog(paths.get(log) as string);
  },
});

logSuite('sqlite in a thread', {
  make: async () => {
    const file = freshFile();
    const log = new ThreadLog(file);
    paths.set(log, file);
    return log;
  },
  reopen: async (log) => {
    await log.close();
    return new ThreadLog(paths.get(log) as string);
  },
});

logSuite('slow and failing', {
  make: async () =>
    troubled(new MemoryLog(), { trouble: { delayMs: 50, failOneIn: 4, seed: 7 }, down: null }),
  reopen: null,
});

describe('the log in SQLite', () => {
  test.each([SqliteLog, ThreadLog])(
    'a full store says so, keeps nothing of the tick, stays readable, and takes writes again when there is room (%o)',
    async (Kind) => {
      const file = freshFile();
      const log = new Kind(file, { pagesMax: 30 });
      const frontier = emptyFrontier();
      await log.append(batchOf(frontier));
      const edge = { size: frontier.size, peaks: [...frontier.peaks] };
      const big = {
        replica: 1,
        job: 'j1',
        chunk: 0,
        outputs: { lengths: [300_000], bytes: new Uint8Array(300_000) },
      };
      await expect(log.append(batchOf(frontier, { answers: [big] }))).rejects.toMatchObject({
        name: 'StoreFault',
        reason: 'full',
      });
      await expect(log.probe()).rejects.toThrow(StoreFault);
      expect(await log.size()).toBe(1);
      expect(await log.answer(1)).toBeNull();
      expect(await log.read(0, 10)).toHaveLength(1);
      await log.close();
      const roomier = new SqliteLog(file);
      await roomier.probe();
      await roomier.append(batchOf(edge, { answers: [big] }));
      expect((await roomier.answer(1))?.outputs?.bytes).toHaveLength(300_000);
      await roomier.close();
    },
  );

  test('a file of a newer version is refused in one line and left as it is', async () => {
    const file = freshFile();
    await new SqliteLog(file).close();
    const db = new DatabaseSync(file);
    db.exec('PRAGMA user_version = 99');
    db.close();
    expect(() => new SqliteLog(file)).toThrow(StoreUnusable);
    expect(() => new SqliteLog(file)).toThrow(/newer version/);
  });

  test('a backup made in the middle of writing opens and is whole', async () => {
    const log = new SqliteLog(freshFile());
    const frontier = emptyFrontier();
    for (let i = 0; i < 50; i++) await log.append(batchOf(frontier));
    const copy = freshFile();
    const done = log.backup(copy);
    for (let i = 0; i < 50; i++) await log.append(batchOf(frontier));
    await done;
    const restored = new SqliteLog(copy);
    const size = await restored.size();
    expect(size).toBeGreaterThanOrEqual(50);
    expect((await restored.read(0, 1000)).map(({ tick }) => tick)).toEqual(
      Array.from({ length: size }, (_, i) => i + 1),
    );
    await restored.close();
    await log.close();
  });
});
