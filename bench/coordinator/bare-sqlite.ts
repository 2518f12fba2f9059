/**
 * The reference for the coordinator's rate: lease and settle as bare SQL on the same database engine, without
 * sockets, rules, signatures or a log. Two answers a chunk, or as many as are asked for, with the same bytes; a hundred chunks a transaction.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const schema = `
  CREATE TABLE chunks(id INTEGER PRIMARY KEY, state INTEGER NOT NULL, holders INTEGER NOT NULL, output BLOB, root BLOB);
  CREATE INDEX chunks_by_state ON chunks(state, id);
  CREATE TABLE replicas(id INTEGER PRIMARY KEY, chunk INTEGER NOT NULL, device INTEGER NOT NULL, deadline INTEGER NOT NULL, state INTEGER NOT NULL, digests BLOB);
  CREATE UNIQUE INDEX replicas_by_chunk ON replicas(chunk, device);
  CREATE TABLE entries(id INTEGER PRIMARY KEY, chunk INTEGER NOT NULL, account INTEGER NOT NULL, amount INTEGER NOT NULL);
  CREATE TABLE balances(account INTEGER PRIMARY KEY, amount INTEGER NOT NULL) WITHOUT ROWID;
`;

/** Settled chunks per second over about `seconds`, `batch` chunks to a transaction, `outputBytes` of results and `digestBytes` of digests a chunk. */
export function bareSqlite(
  seconds: number,
  batch: number,
  outputBytes: number,
  digestBytes: number,
  answers = 2,
): number {
  const folder = mkdtempSync(join(tmpdir(), 'talka-bare-'));
  const db = new DatabaseSync(join(folder, 'bare.db'));
  try {
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    db.exec(schema);
    const [output, digests] = [new Uint8Array(outputBytes).fill(7), new Uint8Array(digestBytes).fill(9)];
    return loop(db, seconds, batch, output, digests, answers);
  } finally {
    db.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What any coordinator on SQL must do: find chunks, write both leases, write both commitments, compare them, pay, close. */
function loop(
  db: DatabaseSync,
  seconds: number,
  batch: number,
  output: Uint8Array,
  digests: Uint8Array,
  answersEach: number,
): number {
  const addChunk = db.prepare('INSERT INTO chunks(id, state, holders) VALUES (?, 0, 0)');
  const find = db.prepare('SELECT id FROM chunks WHERE state = 0 ORDER BY id LIMIT ?');
  const hold = db.prepare('UPDATE chunks SET state = ?, holders = holders + 1 WHERE id = ?');
  const lease = db.prepare('INSERT INTO replicas(chunk, device, deadline, state) VALUES (?, ?, ?, 0)');
  const commit = db.prepare('UPDATE replicas SET state = 1, digests = ? WHERE chunk = ? AND device = ?');
  const answers = db.prepare('SELECT device, digests FROM replicas WHERE chunk = ? AND state = 1');
  const settle = db.prepare('UPDATE chunks SET state = 2, output = ?, root = ? WHERE id = ?');
  const entry = db.prepare('INSERT INTO entries(chunk, account, amount) VALUES (?, ?, ?)');
  const pay = db.prepare(
    'INSERT INTO balances(account, amount) VALUES (?, ?) ON CONFLICT(account) DO UPDATE SET amount = amount + excluded.amount',
  );
  const root = digests.subarray(0, 32);
  let made = 0;
  let settled = 0;
  let spentMs = 0;
  const people = (chunk: number): number[] =>
    Array.from({ length: answersEach }, (_, i) => (chunk + i) % 1000);
  while (spentMs < seconds * 1000) {
    // The rows of the job are there before the clock runs: submitting is not settling.
    db.exec('BEGIN');
    for (const until = made + 20 * batch; made < until; made++) addChunk.run(made);
    db.exec('COMMIT');
    const started = performance.now();
    for (let turn = 0; turn < 20; turn++) {
      db.exec('BEGIN');
      const found = find.all(batch) as { id: number }[];
      for (const { id } of found) {
        for (const person of people(id)) {
          hold.run(1, id);
          lease.run(id, person, 1e9);
        }
      }
      db.exec('COMMIT');
      db.exec('BEGIN');
      for (const { id } of found) {
        for (const person of people(id)) commit.run(digests, id, person);
        const given = agreed(answers.all(id) as unknown as Given[], answersEach);
        for (const { device } of given) {
          entry.run(id, device, 250_000);
          pay.run(device, 250_000);
        }
        settle.run(output, root, id);
        settled++;
      }
      db.exec('COMMIT');
    }
    spentMs += performance.now() - started;
  }
  return settled / (spentMs / 1000);
}

interface Given {
  readonly device: number;
  readonly digests: Uint8Array;
}

/** The answers to one chunk, once they were found to be the same. */
function agreed(given: Given[], count: number): Given[] {
  const [first] = given;
  if (
    first === undefined ||
    given.length !== count ||
    given.some((other) => Buffer.compare(first.digests, other.digests) !== 0)
  )
    throw new Error('the answers differ');
  return given;
}

/** Durable one-row transactions per second: what a single insert costs on this disk. */
export function bareInserts(seconds: number): number {
  const folder = mkdtempSync(join(tmpdir(), 'talka-insert-'));
  const db = new DatabaseSync(join(folder, 'bare.db'));
  try {
    db.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE rows(id INTEGER PRIMARY KEY, bytes BLOB);',
    );
    const insert = db.prepare('INSERT INTO rows(bytes) VALUES (?)');
    const bytes = new Uint8Array(100);
    const started = performance.now();
    let rows = 0;
    while (performance.now() - started < seconds * 1000) {
      insert.run(bytes);
      rows++;
    }
    return rows / ((performance.now() - started) / 1000);
  } finally {
    db.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
