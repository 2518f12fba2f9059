/**
 * What a device keeps over a reload: its identity and consent, results that are not yet durable on the other
 * side, leases, the last log head it saw, and receipts. In a browser this is IndexedDB; in Node a folder
 * (`outbox-node.ts`).
 */
import { deleteDB, openDB } from 'idb';
import type { DBSchema, IDBPDatabase } from 'idb';
import type { ConsentRecord, JobDescriptor, ReceiptWord, TreeHead } from '../wire/volunteer.ts';
import type { KeptIdentity } from './identity.ts';
import type { LeaseRecord, Restores, ResultName } from './loop/words.ts';

/** A computed chunk with its bytes. */
export interface KeptResult extends ResultName {
  readonly digests: Uint8Array;
  readonly outputs: Uint8Array;
  /** How many bytes of `outputs` belong to each unit. */
  readonly lengths: Uint32Array;
}

/** What proves what a tick did to our credit: a leaf of the tick's receipts, its path, and the signed head over both. */
export interface KeptReceipt {
  readonly leaf: string;
  readonly index: number;
  readonly path: readonly string[];
  readonly tick: Omit<NonNullable<ReceiptWord['tick']>, 'index' | 'path'>;
  /** What the amounts follow from, by job, as it was told with the work; older receipts lack it. */
  readonly jobs?: Readonly<Record<string, JobPrice>>;
}

/** What a chunk's amount follows from. */
export type JobPrice = Pick<JobDescriptor, 'units' | 'unitsPerChunk' | 'unitCostMicro'>;

/** The coordinator we last spoke to (its public key), and what its log was then. */
export interface KeptHead {
  readonly coordinator: string;
  readonly head: TreeHead;
  /** The newest head that it told; absent where it is not newer than the one that was compared. */
  readonly told?: TreeHead | undefined;
  /** Absent where it was never restored. */
  readonly restores?: Restores | undefined;
  /** When we last set out to countersign a head of it [LO9], and the last one that we did; absent where we never have. */
  readonly cosigned?: { readonly at: number; readonly head: TreeHead | null } | undefined;
}

/** From which tick on a coordinator is to be asked for receipts that were missed [HT4]. */
export interface ReceiptMark {
  readonly coordinator: string;
  readonly next: number;
}

/** Everything that was kept. */
export interface Kept {
  readonly identity: KeptIdentity | null;
  readonly consent: ConsentRecord | null;
  readonly head: KeptHead | null;
  readonly mark: ReceiptMark | null;
  readonly results: readonly KeptResult[];
  readonly leases: readonly LeaseRecord[];
}

/** One change of what is kept. */
export type Change =
  | { readonly set: 'identity'; readonly value: KeptIdentity }
  | { readonly set: 'consent'; readonly value: ConsentRecord }
  | { readonly set: 'head'; readonly value: KeptHead }
  | { readonly set: 'mark'; readonly value: ReceiptMark }
  | { readonly put: 'results'; readonly value: KeptResult }
  | { readonly put: 'leases'; readonly value: LeaseRecord }
  | { readonly put: 'receipts'; readonly value: KeptReceipt }
  | { readonly drop: 'results' | 'leases'; readonly id: number };

/** Where a device keeps things. Opening makes it, if need be. */
export interface Outbox {
  /** Whether key objects can be kept as they are; files hold only what can be read. */
  readonly readable: boolean;
  load(): Promise<Kept>;
  /** All of these changes or none, in order. */
  write(changes: readonly Change[]): Promise<void>;
  /** Forgets everything. */
  erase(): Promise<void>;
  close(): void;
}

/** Receipts kept, at most; the oldest go first. */
export const receiptsMax = 10_000;

interface Schema extends DBSchema {
  me: { key: string; value: KeptIdentity | ConsentRecord | KeptHead | ReceiptMark };
  results: { key: number; value: KeptResult };
  leases: { key: number; value: LeaseRecord };
  receipts: { key: [at: number, tick: number]; value: KeptReceipt };
}

const databaseName = 'talka';

/** Opens this origin's outbox; for a partner's site one of its own, so that no two sites share a device key. */
export async function openOutbox(site: string | null = null): Promise<Outbox> {
  const name = nameFor(databaseName, site);
  return new BrowserOutbox(await openDatabase(name), name);
}

/** What something of this origin is called where it is a partner's site's own. */
export function nameFor(name: string, site: string | null): string {
  return site === null ? name : `${name}.${site}`;
}

/** As `receiptKey` says it (`changes.ts`): receipts of what vests pay no replica, by which they were known before. */
const receiptsBy = ['tick.at', 'tick.tick'];

function openDatabase(name = databaseName): Promise<IDBPDatabase<Schema>> {
  return openDB<Schema>(name, 2, {
    async upgrade(database, from, _to, upgrading) {
      if (from < 1) {
        database.createObjectStore('me');
        database.createObjectStore('results', { keyPath: 'replica' });
        database.createObjectStore('leases', { keyPath: 'lease' });
      }
      const kept = from < 1 ? [] : await upgrading.objectStore('receipts').getAll();
      if (from === 1) database.deleteObjectStore('receipts');
      const receipts = database.createObjectStore('receipts', { keyPath: receiptsBy });
      for (const receipt of kept) void receipts.put(receipt);
    },
    // A newer version of this page in another tab wants to go on: let it.
    blocking: (_from, _to, event) => {
      if (event.target instanceof IDBDatabase) event.target.close();
    },
  });
}

/**
 * The receipts that this browser keeps, in the order in which they were earned, and the coordinator they came from. Opens the
 * outbox for as long as it reads; ask only where there is one, since opening makes it.
 */
export async function readReceipts(): Promise<{
  readonly coordinator: string | null;
  readonly account: string | null;
  readonly receipts: readonly KeptReceipt[];
}> {
  const database = await openDatabase();
  try {
    const reading = database.transaction(['me', 'receipts']);
    const me = reading.objectStore('me');
    const [head, identity, receipts] = await Promise.all([
      me.get('head'),
      me.get('identity'),
      reading.objectStore('receipts').getAll(),
    ]);
    return {
      coordinator: head !== undefined && 'head' in head ? head.coordinator : null,
      account: identity !== undefined && 'key' in identity ? identity.account : null,
      receipts,
    };
  } finally {
    database.close();
  }
}

class BrowserOutbox implements Outbox {
  readonly readable = false;
  readonly #database: IDBPDatabase<Schema>;
  readonly #name: string;

  constructor(database: IDBPDatabase<Schema>, name: string) {
    this.#database = database;
    this.#name = name;
  }

  async load(): Promise<Kept> {
    const reading = this.#database.transaction(['me', 'results', 'leases']);
    const me = reading.objectStore('me');
    const [identity, consent, head, mark, results, leases] = await Promise.all([
      me.get('identity'),
      me.get('consent'),
      me.get('head'),
      me.get('mark'),
      reading.objectStore('results').getAll(),
      reading.objectStore('leases').getAll(),
    ]);
    return {
      identity: identity !== undefined && 'key' in identity ? identity : null,
      consent: consent !== undefined && 'text' in consent ? consent : null,
      head: head !== undefined && 'head' in head ? head : null,
      mark: mark !== undefined && 'next' in mark ? mark : null,
      results,
      leases,
    };
  }

  async write(changes: readonly Change[]): Promise<void> {
    // Results survive a crash of the browser, not of the power: they can be computed again.
    const writing = this.#database.transaction(['me', 'results', 'leases', 'receipts'], 'readwrite', {
      durability: 'relaxed',
    });
    const deeds = changes.map((change): Promise<unknown> => {
      if ('set' in change) return writing.objectStore('me').put(change.value, change.set);
      if ('drop' in change) return writing.objectStore(change.drop).delete(change.id);
      switch (change.put) {
        case 'results':
          return writing.objectStore('results').put(change.value);
        case 'leases':
          return writing.objectStore('leases').put(change.value);
        case 'receipts':
          return writing.objectStore('receipts').put(change.value);
        default:
          return change satisfies never;
      }
    });
    if (changes.some((change) => 'put' in change && change.put === 'receipts'))
      deeds.push(trimReceipts(writing.objectStore('receipts')));
    await Promise.all([...deeds, writing.done]);
  }

  async erase(): Promise<void> {
    this.#database.close();
    await deleteDB(this.#name);
  }

  close(): void {
    this.#database.close();
  }
}

/** The little of an object store that trimming needs. */
interface ReceiptStore {
  count(): Promise<number>;
  getAllKeys(query: null, count: number): Promise<Schema['receipts']['key'][]>;
  delete(key: Schema['receipts']['key']): Promise<void>;
}

async function trimReceipts(store: ReceiptStore): Promise<void> {
  const count = await store.count();
  if (count <= receiptsMax) return;
  const oldest = await store.getAllKeys(null, count - receiptsMax);
  await Promise.all(oldest.map((key) => store.delete(key)));
}
