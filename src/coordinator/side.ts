/**
 * The side tables: everything about people that may have to be erased, kept out of the log. Names that accounts
 * chose, numbers of network groups (the prefix itself only as a keyed hash), the last signed head of each device's chain,
 * what each device last agreed to, the last countersignature of each witness, what people object to, and partners' sites.
 */
import { createHmac } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { Backend } from '../core/state.ts';
import { migrate } from './database.ts';
import type { ConsentRecord } from '../wire/volunteer.ts';
import { faultOf } from './faults.ts';
import { Sites, sitesLayout } from './sites.ts';
import type { CosignatureView } from '../wire/views.ts';

/** What a device said last about its own commitments [WR8]. */
export interface ChainHead {
  readonly device: string;
  readonly nonce: string;
  readonly count: number;
  readonly hash: string;
  readonly signature: string;
  readonly at: number;
}

/** What a person agreed to on a device, with all that is needed to check it [WR2]. */
export interface KeptConsent extends ConsentRecord {
  readonly device: string;
  readonly account: string;
  /** Whose signature it carries, base64url. */
  readonly publicKey: string;
}

/** A witness's latest countersignature [LO8], and when it came. */
export interface KeptCosignature {
  readonly cosigned: CosignatureView;
  readonly heardAt: number;
}

/** What somebody says of a finding against them [HT3], and what became of it. */
export interface KeptObjection {
  readonly id: number;
  /** Where the log says what was found. */
  readonly tick: number;
  readonly device: string;
  readonly backend: Backend;
  readonly job: string;
  readonly chunk: number;
  readonly account: string;
  readonly at: number;
  readonly text: string;
  /** The digests that were claimed for the wrong units, in hex; null until they were looked up, empty where they were not found. */
  readonly claimed: readonly string[] | null;
  /** Both null until it is answered. */
  readonly answer: string | null;
  readonly answeredAt: number | null;
  readonly readmitted: boolean;
}

/** Objections that are kept; one more takes the place of the one that was answered longest ago. */
export const objectionsMax = 1_000;

export interface SideOptions {
  /** The file's name, for what an operator is told. */
  readonly file?: string;
  /** A limit on the file's size in pages of 8 KiB: the disk's end at a place of one's choice. */
  readonly pagesMax?: number;
}

/** Each step leads to the next layout. Never edited once released; the first found tables there that had no number yet. */
const layouts: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS name (account TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT;
   CREATE TABLE IF NOT EXISTS network (id INTEGER PRIMARY KEY AUTOINCREMENT, mac TEXT NOT NULL UNIQUE) STRICT;
   CREATE TABLE IF NOT EXISTS chain (device TEXT PRIMARY KEY, nonce TEXT NOT NULL, count INTEGER NOT NULL, hash TEXT NOT NULL, signature TEXT NOT NULL, at INTEGER NOT NULL) STRICT;`,
  `CREATE TABLE consent (device TEXT NOT NULL, site TEXT NOT NULL, account TEXT NOT NULL, at INTEGER NOT NULL, record TEXT NOT NULL, PRIMARY KEY (device, site)) STRICT, WITHOUT ROWID;
   CREATE INDEX consent_account ON consent (account);`,
  // `device` is who the key would be as a volunteer: by it a volunteer's countersignature is erased with its account.
  `CREATE TABLE cosignature (witness TEXT PRIMARY KEY, device TEXT NOT NULL, heardAt INTEGER NOT NULL, record TEXT NOT NULL) STRICT, WITHOUT ROWID;
   CREATE INDEX cosignature_device ON cosignature (device);
   CREATE INDEX cosignature_heard ON cosignature (heardAt);`,
  `CREATE TABLE objection (id INTEGER PRIMARY KEY AUTOINCREMENT, tick INTEGER NOT NULL, device TEXT NOT NULL, backend TEXT NOT NULL, job TEXT NOT NULL, chunk INTEGER NOT NULL,
     account TEXT NOT NULL, at INTEGER NOT NULL, text TEXT NOT NULL, claimed TEXT, answer TEXT, answeredAt INTEGER, readmitted INTEGER NOT NULL DEFAULT 0, UNIQUE (device, tick, job, chunk)) STRICT;
   CREATE INDEX objection_account ON objection (account);
   CREATE INDEX objection_answered ON objection (answeredAt);`,
  sitesLayout,
];

export class SideTables {
  /** Partners' sites, and what was taken back there. */
  readonly sites: Sites;
  readonly #db: DatabaseSync;
  readonly #salt: Buffer;
  readonly #names = new Map<string, string>();
  readonly #groups = new Map<string, string>();

  /** Throws StoreUnusable when the file is of a newer version. */
  constructor(db: DatabaseSync, salt: Buffer, { file = 'side.db', pagesMax }: SideOptions = {}) {
    this.#db = db;
    this.#salt = salt;
    // Written once and seldom read: a small cache, so that every newcomer's row does not stay in memory.
    db.exec('PRAGMA secure_delete = ON; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -1000');
    migrate(db, file, layouts);
    if (pagesMax !== undefined) db.exec(`PRAGMA max_page_count = ${pagesMax}`);
    for (const row of db.prepare('SELECT account, name FROM name').all())
      this.#names.set(String(row['account']), String(row['name']));
    this.sites = new Sites(db, (work) => this.#write(work));
  }

  nameOf(account: string): string | null {
    return this.#names.get(account) ?? null;
  }

  /** Throws StoreFault, and the old name stays. */
  setName(account: string, name: string): void {
    this.#write(() =>
      this.#db
        .prepare(
          'INSERT INTO name (account, name) VALUES (?, ?) ON CONFLICT DO UPDATE SET name = excluded.name',
        )
        .run(account, name),
    );
    this.#names.set(account, name);
  }

  /** The number of a network prefix; the same one each time. Throws StoreFault when it has none yet and none can be kept. */
  groupOf(prefix: string): string {
    const mac = createHmac('sha256', this.#salt).update(prefix).digest('base64url');
    const known = this.#groups.get(mac);
    if (known !== undefined) return known;
    const find = this.#db.prepare('SELECT id FROM network WHERE mac = ?');
    const row = this.#write(() => {
      const found = find.get(mac);
      if (found !== undefined) return found;
      this.#db.prepare('INSERT INTO network (mac) VALUES (?)').run(mac);
      return find.get(mac);
    });
    const group = `n${String(row?.['id'])}`;
    this.#groups.set(mac, group);
    return group;
  }

  /** Throws StoreFault, and the head before stays. */
  keepChain({ device, nonce, count, hash, signature, at }: ChainHead): void {
    this.#write(() =>
      this.#db
        .prepare(
          'INSERT OR REPLACE INTO chain (device, nonce, count, hash, signature, at) VALUES (?, ?, ?, ?, ?, ?)',
        )
        .run(device, nonce, count, hash, signature, at),
    );
  }

  chainOf(device: string): ChainHead | null {
    const row = this.#db.prepare('SELECT * FROM chain WHERE device = ?').get(device);
    if (row === undefined) return null;
    const { nonce, count, hash, signature, at } = row;
    return {
      device,
      nonce: String(nonce),
      count: Number(count),
      hash: String(hash),
      signature: String(signature),
      at: Number(at),
    };
  }

  /** Keeps what was agreed to last on this device for this site; what is kept already is not written again. Throws StoreFault. */
  keepConsent(consent: KeptConsent): void {
    const { device, account, site, at } = consent;
    this.#write(() =>
      this.#db
        .prepare(
          `INSERT INTO consent (device, site, account, at, record) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET account = excluded.account, at = excluded.at, record = excluded.record WHERE excluded.at > at`,
        )
        .run(device, site ?? '', account, at, JSON.stringify(consent)),
    );
  }

  /** What was agreed to on an account's devices, the latest for each device and site. */
  consentsOf(account: string): KeptConsent[] {
    return this.#db
      .prepare('SELECT record FROM consent WHERE account = ? ORDER BY at')
      .all(account)
      .map((row) => JSON.parse(String(row['record'])) as KeptConsent);
  }

  /** Keeps a witness's countersignature in place of the one before, and forgets another witness to make room. Throws StoreFault. */
  keepCosignature({ cosigned, heardAt }: KeptCosignature, device: string, instead: string | null): void {
    this.#write(() => {
      this.#db.exec('BEGIN IMMEDIATE');
      if (instead !== null) this.#db.prepare('DELETE FROM cosignature WHERE witness = ?').run(instead);
      this.#db
        .prepare('INSERT OR REPLACE INTO cosignature (witness, device, heardAt, record) VALUES (?, ?, ?, ?)')
        .run(cosigned.witness, device, heardAt, JSON.stringify(cosigned));
      this.#db.exec('COMMIT');
    });
  }

  dropCosignature(witness: string): void {
    this.#write(() => this.#db.prepare('DELETE FROM cosignature WHERE witness = ?').run(witness));
  }

  /** Every witness's latest, the one heard of last first. */
  cosignatures(): KeptCosignature[] {
    return this.#db
      .prepare('SELECT heardAt, record FROM cosignature ORDER BY heardAt DESC, witness')
      .all()
      .map(({ heardAt, record }) => ({
        cosigned: JSON.parse(String(record)) as CosignatureView,
        heardAt: Number(heardAt),
      }));
  }

  cosignatureOf(witness: string): KeptCosignature | null {
    const row = this.#db.prepare('SELECT heardAt, record FROM cosignature WHERE witness = ?').get(witness);
    if (row === undefined) return null;
    return {
      cosigned: JSON.parse(String(row['record'])) as CosignatureView,
      heardAt: Number(row['heardAt']),
    };
  }

  /** Every witness, the one heard of longest ago first. */
  witnesses(): string[] {
    const rows = this.#db.prepare('SELECT witness FROM cosignature ORDER BY heardAt, witness').all();
    return rows.map(({ witness }) => String(witness));
  }

  /** How many witnesses were heard of since then, and when one was last. */
  witnessesSince(at: number): { readonly count: number; readonly lastAt: number | null } {
    const row = this.#db
      .prepare(
        'SELECT COUNT(*) FILTER (WHERE heardAt >= ?) AS count, MAX(heardAt) AS lastAt FROM cosignature',
      )
      .get(at);
    const lastAt = row?.['lastAt'] ?? null;
    return { count: Number(row?.['count'] ?? 0), lastAt: lastAt === null ? null : Number(lastAt) };
  }

  /** Keeps an objection. `twice`: there is one to that finding; `full`: as many as are kept wait for an answer. Throws StoreFault. */
  keepObjection(
    objection: Pick<
      KeptObjection,
      'tick' | 'device' | 'backend' | 'job' | 'chunk' | 'account' | 'at' | 'text'
    >,
  ): 'kept' | 'twice' | 'full' {
    const { tick, device, backend, job, chunk, account, at, text } = objection;
    const one = this.#db.prepare(
      'SELECT id FROM objection WHERE device = ? AND tick = ? AND job = ? AND chunk = ?',
    );
    if (one.get(device, tick, job, chunk) !== undefined) return 'twice';
    return this.#write(() => {
      this.#db.exec('BEGIN IMMEDIATE');
      const { count } = this.#db.prepare('SELECT COUNT(*) AS count FROM objection').get() ?? {};
      if (Number(count) >= objectionsMax) {
        const { changes } = this.#db
          .prepare(
            'DELETE FROM objection WHERE id = (SELECT id FROM objection WHERE answeredAt IS NOT NULL ORDER BY answeredAt, id LIMIT 1)',
          )
          .run();
        if (changes === 0) {
          this.#db.exec('ROLLBACK');
          return 'full';
        }
      }
      this.#db
        .prepare(
          'INSERT INTO objection (tick, device, backend, job, chunk, account, at, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        )
        .run(tick, device, backend, job, chunk, account, at, text);
      this.#db.exec('COMMIT');
      return 'kept';
    });
  }

  /** Those of an account, or with null everybody's: those that wait first, the oldest first; then the others, the last to be answered first. */
  objections(account: string | null, max: number): KeptObjection[] {
    const order = 'ORDER BY answeredAt IS NOT NULL, answeredAt DESC, id LIMIT ?';
    const rows =
      account === null
        ? this.#db.prepare(`SELECT * FROM objection ${order}`).all(max)
        : this.#db.prepare(`SELECT * FROM objection WHERE account = ? ${order}`).all(account, max);
    return rows.map(objectionIn);
  }

  objection(id: number): KeptObjection | null {
    const row = this.#db.prepare('SELECT * FROM objection WHERE id = ?').get(id);
    return row === undefined ? null : objectionIn(row);
  }

  objectionsWaiting(): number {
    const row = this.#db.prepare('SELECT COUNT(*) AS count FROM objection WHERE answeredAt IS NULL').get();
    return Number(row?.['count'] ?? 0);
  }

  /** Whose objections wait: a device for each of them. */
  devicesObjecting(): string[] {
    const rows = this.#db.prepare('SELECT device FROM objection WHERE answeredAt IS NULL').all();
    return rows.map(({ device }) => String(device));
  }

  /** Throws StoreFault. */
  keepClaimed(id: number, claimed: readonly string[]): void {
    this.#write(() =>
      this.#db.prepare('UPDATE objection SET claimed = ? WHERE id = ?').run(JSON.stringify(claimed), id),
    );
  }

  /** Throws StoreFault. */
  answerObjection(id: number, answer: string, at: number, readmitted: boolean): void {
    this.#write(() =>
      this.#db
        .prepare(
          'UPDATE objection SET answer = ?, answeredAt = ?, readmitted = max(readmitted, ?) WHERE id = ?',
        )
        .run(answer, at, readmitted ? 1 : 0, id),
    );
  }

  /** Forgets an account's name, its consents, what it objected to, its devices' chains and countersignatures, and the networks that nobody else is known by. All of it, or throws StoreFault. */
  erase(account: string, devices: readonly string[], groups: readonly string[]): void {
    this.#write(() => {
      this.#db.exec('BEGIN IMMEDIATE');
      this.#db.prepare('DELETE FROM name WHERE account = ?').run(account);
      this.#db.prepare('DELETE FROM consent WHERE account = ?').run(account);
      this.#db.prepare('DELETE FROM objection WHERE account = ?').run(account);
      this.sites.erase(account);
      for (const device of devices) {
        this.#db.prepare('DELETE FROM chain WHERE device = ?').run(device);
        this.#db.prepare('DELETE FROM cosignature WHERE device = ?').run(device);
      }
      for (const group of groups)
        this.#db.prepare('DELETE FROM network WHERE id = ?').run(Number(group.slice(1)));
      this.#db.exec('COMMIT');
    });
    this.#names.delete(account);
    for (const [mac, group] of this.#groups) if (groups.includes(group)) this.#groups.delete(mac);
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  /** SQLite's errors become StoreFaults, and nothing of a transaction remains. */
  #write<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      // A full disk has rolled back already; other faults have not.
      if (this.#db.isOpen && this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw faultOf(error);
    }
  }
}

function objectionIn(row: Readonly<Record<string, unknown>>): KeptObjection {
  const { claimed, answer } = row;
  return {
    id: Number(row['id']),
    tick: Number(row['tick']),
    device: String(row['device']),
    backend: row['backend'] === 'webgpu' ? 'webgpu' : 'wasm',
    job: String(row['job']),
    chunk: Number(row['chunk']),
    account: String(row['account']),
    at: Number(row['at']),
    text: String(row['text']),
    claimed: typeof claimed === 'string' ? (JSON.parse(claimed) as string[]) : null,
    answer: typeof answer === 'string' ? answer : null,
    answeredAt: row['answeredAt'] === null ? null : Number(row['answeredAt']),
    readmitted: row['readmitted'] === 1,
  };
}
