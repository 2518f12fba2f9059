/**
 * The log in one SQLite file (WAL, synchronous FULL): what `append` has resolved survives the process and the power.
 * One row a tick, one a committed replica and one a settled chunk; nothing else is written on the hot path.
 */
import { backup as copyDatabase, DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { migrate, openDatabase } from './database.ts';
import { faultOf } from './faults.ts';
import { jobNumber, nodePosition, packBatch, StoreFault, unpackOutputs } from './log.ts';
import type { Answer, Concluded, Log, PackedBatch, Settled, Snapshot, TickBatch, TickRecord } from './log.ts';
import type { TreePlace } from '../core/merkle.ts';

/** Each brings the file from the version of its place to the next. Never edited once released: a change is a new line. */
const migrations: readonly string[] = [
  `CREATE TABLE tick (tick INTEGER PRIMARY KEY, record BLOB NOT NULL, root BLOB NOT NULL) STRICT;
   CREATE TABLE node (position INTEGER PRIMARY KEY, hash BLOB NOT NULL) STRICT;
   CREATE TABLE answer (replica INTEGER PRIMARY KEY, job INTEGER NOT NULL, chunk INTEGER NOT NULL, outputs BLOB) STRICT;
   CREATE TABLE settled (job INTEGER NOT NULL, chunk INTEGER NOT NULL, replica INTEGER NOT NULL, tick INTEGER NOT NULL, PRIMARY KEY (job, chunk)) STRICT, WITHOUT ROWID;
   CREATE TABLE concluded (job INTEGER PRIMARY KEY, view TEXT NOT NULL) STRICT;
   CREATE TABLE snapshot (tick INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
   CREATE TABLE probe (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;`,
  // Nothing to fill it with: ticks of before have no receipts of what vested or was void.
  `CREATE TABLE credited (account TEXT NOT NULL, tick INTEGER NOT NULL, PRIMARY KEY (account, tick)) STRICT, WITHOUT ROWID;`,
  // What is in it can be made again from the log.
  `DROP TABLE snapshot;
   CREATE TABLE snapshot (tick INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;`,
];

/** More pages than any file has. */
const allPages = 2 ** 31 - 1;

/** Records from this length on are compressed. */
const recordBytesMin = 4_096;
/** A snapshot comes out of it in few pieces, and goes into it so. */
const inOne = { chunkSize: 1 << 20 };
const utf8 = new TextEncoder();
/**
 * So many appends after a start the write-ahead log may be folded into the file: a process that was killed leaves a long
 * one, and whoever waits for the first lease should not wait for that.
 */
const appendsBeforeCheckpoint = 64;
const checkpointPages = 4_000;
/** What a probe writes: more than fits into pages that happen to be free already. */
const probeBytes = 262_144;

export interface SqliteLogOptions {
  /** A limit on the file's size in pages of 8 KiB: the disk's end at a place of one's choice. */
  readonly pagesMax?: number;
}

export class SqliteLog implements Log {
  readonly #file: string;
  readonly #db: DatabaseSync;
  readonly #sql: ReturnType<typeof prepareAll>;
  #size: number;
  #appendsLeft = appendsBeforeCheckpoint;

  /** Opens or creates the file. Throws StoreUnusable when it is of a newer version or no data file of ours. */
  constructor(file: string, options: SqliteLogOptions = {}) {
    this.#file = file;
    this.#db = openDatabase(file);
    migrate(this.#db, file, migrations);
    if (options.pagesMax !== undefined) this.#db.exec(`PRAGMA max_page_count = ${options.pagesMax}`);
    this.#db.exec('PRAGMA wal_autocheckpoint = 0');
    this.#sql = prepareAll(this.#db);
    this.#size = numberOf(this.#sql.lastTick.get()?.['tick']);
  }

  append(batch: TickBatch): Promise<void> {
    return this.appendPacked(packBatch(batch));
  }

  /** The same for a tick whose outputs are packed already. */
  async appendPacked(batch: PackedBatch): Promise<void> {
    if (batch.tick !== this.#size + 1)
      throw new StoreFault('io', `tick ${batch.tick} does not follow tick ${this.#size}`);
    this.#write(() => {
      const { tick, record, root, block, answers, settled } = batch;
      const stored = shrink(record);
      this.#sql.addTick.run(tick, stored, root);
      if (stored !== record) letGo(stored);
      for (const node of batch.nodes) this.#sql.addNode.run(nodePosition(node), node.hash);
      let at = 0;
      for (let i = 0; i < answers.length; i += 4) {
        const length = answers[i + 3] as number;
        const outputs = length < 0 ? null : block.subarray(at, (at += length));
        this.#sql.addAnswer.run(
          answers[i] as number,
          answers[i + 1] as number,
          answers[i + 2] as number,
          outputs,
        );
      }
      for (let i = 0; i < settled.length; i += 3)
        this.#sql.addSettled.run(
          settled[i] as number,
          settled[i + 1] as number,
          settled[i + 2] as number,
          tick,
        );
      for (const { job, from, to } of batch.reopened) {
        this.#sql.dropReopened.run(jobNumber(job), from, to);
        this.#sql.reopen.run(jobNumber(job), from, to);
      }
      for (const replica of batch.dropped) this.#sql.dropOutputs.run(replica);
      for (const { job, view } of batch.concluded) this.#sql.addConcluded.run(jobNumber(job), view);
      for (const account of batch.credited) this.#sql.addCredited.run(account, tick);
    });
    this.#size = batch.tick;
    if (--this.#appendsLeft === 0) this.#db.exec(`PRAGMA wal_autocheckpoint = ${checkpointPages}`);
  }

  async size(): Promise<number> {
    return this.#size;
  }

  async read(after: number, max: number): Promise<TickRecord[]> {
    return this.#read(() =>
      this.#sql.ticks.all(after, max).map((row) => ({
        tick: numberOf(row['tick']),
        record: unshrink(bytesOf(row['record'])),
        root: bytesOf(row['root']),
      })),
    );
  }

  async nodes(places: readonly TreePlace[]): Promise<Uint8Array[]> {
    return this.#read(() =>
      places.map((place) => {
        const row = this.#sql.node.get(nodePosition(place));
        if (row === undefined) throw new Error(`the log's tree has no node ${place.level}/${place.index}`);
        return bytesOf(row['hash']);
      }),
    );
  }

  async saveSnapshot({ tick, text }: Snapshot): Promise<void> {
    this.#write(() => {
      const bytes = utf8.encode(text);
      const squeezed = squeeze(bytes);
      letGo(bytes);
      this.#sql.addSnapshot.run(tick, squeezed);
      letGo(squeezed);
      // The one before stays: it costs little and a reader may still be at it.
      this.#sql.dropSnapshots.run();
    });
  }

  async latestSnapshot(): Promise<Snapshot | null> {
    const row = this.#read(() => this.#sql.lastSnapshot.get());
    return row === undefined
      ? null
      : { tick: numberOf(row['tick']), text: zstdDecompressSync(bytesOf(row['bytes']), inOne).toString() };
  }

  async answer(replica: number): Promise<Answer | null> {
    const row = this.#read(() => this.#sql.answer.get(replica));
    return row === undefined ? null : answerOf(row);
  }

  async settled(job: string, chunk: number): Promise<Settled | null> {
    const row = this.#read(() => this.#sql.settled.get(jobNumber(job), chunk));
    return row === undefined
      ? null
      : { job, chunk, replica: numberOf(row['replica']), tick: numberOf(row['tick']) };
  }

  async results(job: string, from: number, max: number): Promise<Answer[]> {
    return this.#read(() => this.#sql.results.all(jobNumber(job), from, max).map(answerOf));
  }

  async concluded(): Promise<Concluded[]> {
    return this.#read(() =>
      this.#sql.concluded
        .all()
        .map((row) => ({ job: `j${numberOf(row['job'])}`, view: String(row['view']) })),
    );
  }

  async creditedIn(account: string, from: number, max: number): Promise<number[]> {
    return this.#read(() => this.#sql.credited.all(account, from, max).map((row) => numberOf(row['tick'])));
  }

  async probe(): Promise<void> {
    this.#write(() => this.#sql.addProbe.run(new Uint8Array(probeBytes)));
    this.#write(() => this.#sql.dropProbes.run());
  }

  async backup(file: string): Promise<void> {
    // By a connection of its own, in one step: it reads as of one moment, and whoever writes meanwhile neither waits nor disturbs it.
    const own = new DatabaseSync(this.#file, { readOnly: true, timeout: 5_000 });
    try {
      await copyDatabase(own, file, { rate: allPages });
    } finally {
      own.close();
    }
  }

  async close(): Promise<void> {
    if (this.#db.isOpen) this.#db.close();
  }

  /** One transaction; SQLite's errors become StoreFaults, and nothing of it remains. */
  #write(work: () => void): void {
    try {
      this.#sql.begin.run();
      work();
      this.#sql.commit.run();
    } catch (error) {
      // A full disk has rolled back already; a refused row has not.
      if (this.#db.isOpen && this.#db.isTransaction) this.#sql.rollback.run();
      throw faultOf(error);
    }
  }

  #read<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw faultOf(error);
    }
  }
}

function prepareAll(db: DatabaseSync) {
  const sql = (text: string): StatementSync => db.prepare(text);
  return {
    begin: sql('BEGIN IMMEDIATE'),
    commit: sql('COMMIT'),
    rollback: sql('ROLLBACK'),
    addTick: sql('INSERT INTO tick (tick, record, root) VALUES (?, ?, ?)'),
    addNode: sql('INSERT INTO node (position, hash) VALUES (?, ?)'),
    addAnswer: sql('INSERT INTO answer (replica, job, chunk, outputs) VALUES (?, ?, ?, ?)'),
    addSettled: sql('INSERT INTO settled (job, chunk, replica, tick) VALUES (?, ?, ?, ?)'),
    dropOutputs: sql('UPDATE answer SET outputs = NULL WHERE replica = ?'),
    addConcluded: sql('INSERT INTO concluded (job, view) VALUES (?, ?)'),
    addCredited: sql('INSERT INTO credited (account, tick) VALUES (?, ?)'),
    credited: sql('SELECT tick FROM credited WHERE account = ? AND tick >= ? ORDER BY tick LIMIT ?'),
    lastTick: sql('SELECT max(tick) AS tick FROM tick'),
    ticks: sql('SELECT tick, record, root FROM tick WHERE tick > ? ORDER BY tick LIMIT ?'),
    node: sql('SELECT hash FROM node WHERE position = ?'),
    addSnapshot: sql('INSERT OR REPLACE INTO snapshot (tick, bytes) VALUES (?, ?)'),
    dropSnapshots: sql(
      'DELETE FROM snapshot WHERE tick NOT IN (SELECT tick FROM snapshot ORDER BY tick DESC LIMIT 2)',
    ),
    lastSnapshot: sql('SELECT tick, bytes FROM snapshot ORDER BY tick DESC LIMIT 1'),
    answer: sql('SELECT replica, job, chunk, outputs FROM answer WHERE replica = ?'),
    dropReopened: sql(
      'UPDATE answer SET outputs = NULL WHERE replica IN (SELECT replica FROM settled WHERE job = ? AND chunk >= ? AND chunk < ?)',
    ),
    reopen: sql('DELETE FROM settled WHERE job = ? AND chunk >= ? AND chunk < ?'),
    settled: sql('SELECT replica, tick FROM settled WHERE job = ? AND chunk = ?'),
    results: sql(
      `SELECT a.replica, a.job, a.chunk, a.outputs FROM settled s JOIN answer a ON a.replica = s.replica
       WHERE s.job = ? AND s.chunk >= ? ORDER BY s.chunk LIMIT ?`,
    ),
    concluded: sql('SELECT job, view FROM concluded ORDER BY job'),
    addProbe: sql('INSERT INTO probe (bytes) VALUES (?)'),
    dropProbes: sql('DELETE FROM probe'),
  };
}

/** Records are repetitive text: a third of the bytes is a third of the writing. Short ones are not worth it. */
function shrink(record: Uint8Array): Uint8Array {
  return record.length < recordBytesMin ? record : squeeze(record);
}

/** Zstd at its fastest. It is told how long the bytes are: else it takes a megabyte for each record. */
function squeeze(bytes: Uint8Array): Uint8Array {
  return zstdCompressSync(bytes, {
    params: { [constants.ZSTD_c_compressionLevel]: 1 },
    pledgedSrcSize: bytes.length,
    chunkSize: Math.min(inOne.chunkSize, Math.max(1_024, bytes.length)),
  });
}

/** Gives memory back at once: garbage is collected when there are dozens of megabytes of it. What may be of the pool, which others share, is left. */
function letGo({ buffer }: Uint8Array): void {
  // ES2024, which browsers of ours need not have.
  if (buffer.byteLength > Buffer.poolSize)
    (buffer as ArrayBuffer & { transfer(to: number): void }).transfer(0);
}

/** A record begins with `{`, a compressed one with zstd's magic number. */
function unshrink(stored: Uint8Array): Uint8Array {
  return stored[0] === 0x28 ? zstdDecompressSync(stored) : stored;
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

function bytesOf(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array(0);
}

function answerOf(row: Record<string, unknown>): Answer {
  const outputs = row['outputs'];
  return {
    replica: numberOf(row['replica']),
    job: `j${numberOf(row['job'])}`,
    chunk: numberOf(row['chunk']),
    outputs: outputs instanceof Uint8Array ? unpackOutputs(outputs) : null,
  };
}
