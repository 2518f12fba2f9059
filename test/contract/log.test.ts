/** Runs the log's suite on each implementation, and what only SQLite can be asked. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, test } from 'vitest';
import { MemoryLog } from '../../src/coordinator/log-memory.ts';
import { migrate, openDatabase, StoreUnusable } from '../../src/coordinator/database.ts';
import { SqliteLog } from '../../src/coordinator/log-sqlite.ts';
import { ThreadLog } from '../../src/coordinator/log-thread.ts';
import { StoreFault } from '../../src/coordinator/log.ts';
import { SideTables } from '../../src/coordinator/side.ts';
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

// Written by the thread from the first moment; by the one that asks, as in the first moments; and first by one, then by the other.
for (const [name, aloneMs] of [
  ['a thread', 0],
  ['a thread to come', 60_000],
  ['a thread that comes', 1],
] as const)
  // prettier-ignore
  logSuite(`sqlite in ${name}`, {
    make: async () => {
      const file = freshFile();
      const log = new ThreadLog(file, {}, aloneMs);
      paths.set(log, file);
      return log;
    },
    reopen: async (log) => {
      await log.close();
      return new ThreadLog(paths.get(log) as string, {}, aloneMs);
    },
  });

logSuite('slow and failing', {
  make: async () =>
    troubled(new MemoryLog(), { trouble: { delayMs: 50, failOneIn: 4, seed: 7 }, down: null }),
  reopen: null,
});

describe('the log in SQLite', () => {
  test.each([
    ['by itself', (file: string) => new SqliteLog(file, { pagesMax: 30 })],
    ['in a thread', (file: string) => new ThreadLog(file, { pagesMax: 30 }, 0)],
    ['with a thread to come', (file: string) => new ThreadLog(file, { pagesMax: 30 })],
  ] as const)(
    '[LO4] a full store says so, keeps nothing of the tick, stays readable, and takes writes again when there is room (%s)',
    async (_, open) => {
      const file = freshFile();
      const log = open(file);
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

  test('[LO0] a long record lies compressed in the file, and comes back as the text that it was', async () => {
    const file = freshFile();
    const log = new SqliteLog(file);
    const record = Buffer.from(`{"tick":1,"says":"${'word '.repeat(2_000)}"}`);
    await log.append(batchOf(emptyFrontier(), { record }));
    await log.close();
    expect(readFileSync(file).includes('word word word')).toBe(false);
    const again = new SqliteLog(file);
    const [row] = await again.read(0, 10);
    expect(Buffer.from(row?.record ?? []).toString()).toBe(record.toString());
    await again.close();
  });

  test('goes on in a thread where another began, with nothing lost and nothing twice between the two', async () => {
    const file = freshFile();
    const log = new ThreadLog(file, {}, 1);
    const frontier = emptyFrontier();
    expect(log.isHanded).toBe(false);
    const until = performance.now() + 1_000;
    while (performance.now() < until) {
      await log.append(batchOf(frontier));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(log.isHanded).toBe(true);
    const size = await log.size();
    expect((await log.read(0, 1_000_000)).map(({ tick }) => tick)).toEqual(
      Array.from({ length: size }, (_, i) => i + 1),
    );
    await log.close();
    const again = new SqliteLog(file);
    expect(await again.size()).toBe(size);
    await again.close();
  });

  test('a file of a newer version is refused in one line and left as it is', async () => {
    const file = freshFile();
    await new SqliteLog(file).close();
    const db = new DatabaseSync(file);
    db.exec('PRAGMA user_version = 99');
    db.close();
    expect(() => new SqliteLog(file)).toThrow(StoreUnusable);
    expect(() => new SqliteLog(file)).toThrow(/newer version/);
  });

  test('a file of the first layout is brought to the newest one as it is opened, and keeps what was in it', async () => {
    const file = freshFile();
    const log = new SqliteLog(file);
    const frontier = emptyFrontier();
    await log.append(batchOf(frontier));
    await log.close();
    const db = new DatabaseSync(file);
    db.exec('DROP TABLE credited; DELETE FROM migration WHERE version > 1; PRAGMA user_version = 1');
    db.close();
    const again = new SqliteLog(file);
    expect(await again.size()).toBe(1);
    await again.append(batchOf(frontier, { credited: ['a'] }));
    expect(await again.creditedIn('a', 1, 5)).toEqual([2]);
    await again.close();
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

describe('bringing a file up to date', () => {
  const steps = [
    'CREATE TABLE one (a INTEGER) STRICT; INSERT INTO one VALUES (7)',
    'ALTER TABLE one ADD COLUMN b TEXT',
  ];
  const layoutOf = (file: string) => {
    const db = new DatabaseSync(file);
    const number = db.prepare('PRAGMA user_version').get()?.['user_version'];
    const kept = db.prepare('SELECT version FROM migration ORDER BY version').all();
    const rows = db
      .prepare('SELECT * FROM one')
      .all()
      .map((row) => ({ ...row }));
    db.close();
    return { number, kept: kept.map((row) => row['version']), rows };
  };
  const open = (file: string, list: readonly string[]) => {
    const db = openDatabase(file);
    migrate(db, file, list);
    db.close();
  };

  test('takes the steps that are missing, in order, and each once', () => {
    const file = freshFile();
    open(file, steps.slice(0, 1));
    expect(layoutOf(file)).toEqual({ number: 1, kept: [1], rows: [{ a: 7 }] });
    open(file, steps);
    open(file, steps);
    expect(layoutOf(file)).toEqual({ number: 2, kept: [1, 2], rows: [{ a: 7, b: null }] });
  });

  test('a step that fails half-way leaves the file where it was, and says so in one line; the next version goes on from there', () => {
    const file = freshFile();
    const broken = [steps[0] as string, 'INSERT INTO one VALUES (8); INSERT INTO nowhere VALUES (1)'];
    expect(() => open(file, broken)).toThrow(StoreUnusable);
    expect(() => open(file, broken)).toThrow(
      /^[^\n]+ stays at layout 1: the step to layout 2 failed \(no such table: nowhere\)$/,
    );
    expect(layoutOf(file)).toEqual({ number: 1, kept: [1], rows: [{ a: 7 }] });
    open(file, steps);
    expect(layoutOf(file).number).toBe(2);
  });

  test('a file of a newer layout is refused and left as it is', () => {
    const file = freshFile();
    open(file, steps);
    expect(() => open(file, steps.slice(0, 1))).toThrow(
      /newer version of Talka \(layout 2; this one knows 1\)/,
    );
    expect(layoutOf(file).number).toBe(2);
  });
});

describe('the side tables’ layout', () => {
  const salt = Buffer.alloc(32);

  test('tables from before there were numbers are taken over with what is in them', () => {
    const file = freshFile();
    const old = new DatabaseSync(file);
    old.exec(`CREATE TABLE name (account TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT;
      INSERT INTO name VALUES ('account', 'Nina')`);
    old.close();
    const side = new SideTables(openDatabase(file), salt, { file });
    expect(side.nameOf('account')).toBe('Nina');
    side.close();
    const db = new DatabaseSync(file);
    expect(Number(db.prepare('PRAGMA user_version').get()?.['user_version'])).toBeGreaterThan(0);
    db.close();
  });

  test('a newer one is refused in one line', () => {
    const file = freshFile();
    new SideTables(openDatabase(file), salt, { file }).close();
    const db = new DatabaseSync(file);
    db.exec('PRAGMA user_version = 99');
    db.close();
    expect(() => new SideTables(openDatabase(file), salt, { file })).toThrow(/newer version/);
  });
});
