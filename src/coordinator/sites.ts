/**
 * The sites of partners: each has a key, the origins whose pages may show the widget under it, and a state. And what people
 * took back there: a consent that was given before that opens no door any more. Both are side tables (`side.ts`).
 */
import { randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';

/** `suspended`: known, and given no work until it is resumed. */
export type SiteState = 'active' | 'suspended';

export interface Site {
  /** What stands in `data-site`, in the log and in receipts. No secret: it stands on a public page. */
  readonly key: string;
  /** Scheme and host of the pages that may show the widget; at least one. */
  readonly origins: readonly string[];
  readonly state: SiteState;
  readonly addedAt: number;
}

/** How many sites there may be, and origins of one. */
export const sitesMax = 10_000;
export const originsMax = 8;

/** The tables, as a step of the layout of `side.ts`. */
export const sitesLayout = `CREATE TABLE site (key TEXT PRIMARY KEY, origins TEXT NOT NULL, state TEXT NOT NULL, addedAt INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE revoked (device TEXT NOT NULL, site TEXT NOT NULL, account TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (device, site)) STRICT, WITHOUT ROWID;
   CREATE INDEX revoked_account ON revoked (account);`;

/** A host as policies name it: no star, which would be any, and no sign that ends a policy. */
const plainHost = /^(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])$/;

/** An origin of a site as it is kept, or null where the text is none: scheme, host and port, and nothing else. */
export function siteOrigin(text: string): string | null {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || !plainHost.test(url.hostname)) return null;
  return text.length <= 200 && url.origin === text.replace(/\/$/, '') ? url.origin : null;
}

/** The name that people read: the host of its first origin. */
export function siteName({ origins }: Site): string {
  return new URL(origins[0] ?? 'http://-').host;
}

export class Sites {
  readonly #db: DatabaseSync;
  /** Does something that writes; throws StoreFault where that fails. */
  readonly #write: <T>(work: () => T) => T;
  readonly #known = new Map<string, Site>();

  constructor(db: DatabaseSync, write: <T>(work: () => T) => T) {
    this.#db = db;
    this.#write = write;
    for (const row of db.prepare('SELECT * FROM site ORDER BY addedAt, key').all()) {
      const site = {
        key: String(row['key']),
        origins: JSON.parse(String(row['origins'])) as string[],
        state: row['state'] === 'suspended' ? 'suspended' : 'active',
        addedAt: Number(row['addedAt']),
      } as const;
      this.#known.set(site.key, site);
    }
  }

  find(key: string): Site | null {
    return this.#known.get(key) ?? null;
  }

  /** As people read it: its host; of one that is not known any more, its key. */
  nameOf(key: string): string {
    const site = this.find(key);
    return site === null ? key : siteName(site);
  }

  /** In the order in which they were added. */
  all(): Site[] {
    return [...this.#known.values()];
  }

  /** Adds a site with a key of its own. Throws StoreFault. */
  add(origins: readonly string[], addedAt: number, key = randomBytes(8).toString('hex')): Site {
    const site: Site = { key, origins: [...new Set(origins)], state: 'active', addedAt };
    this.#write(() =>
      this.#db
        .prepare('INSERT INTO site (key, origins, state, addedAt) VALUES (?, ?, ?, ?)')
        .run(key, JSON.stringify(site.origins), site.state, addedAt),
    );
    this.#known.set(key, site);
    return site;
  }

  /** Suspends or resumes a site; null where there is none. Throws StoreFault. */
  turn(key: string, state: SiteState): Site | null {
    const before = this.#known.get(key);
    if (before === undefined) return null;
    const site = { ...before, state };
    this.#write(() => this.#db.prepare('UPDATE site SET state = ? WHERE key = ?').run(state, key));
    this.#known.set(key, site);
    return site;
  }

  /** Why nobody works for this site from a page of that origin; null where they may. */
  faultOf(key: string, origin: string | null): string | null {
    const site = this.find(key);
    if (site === null) return 'this coordinator knows no such site';
    if (site.state === 'suspended') return 'this site is suspended';
    return origin !== null && site.origins.includes(origin)
      ? null
      : 'this site’s key does not belong to that page';
  }

  /** A device takes back what it agreed to for a site until then. Throws StoreFault. */
  revoke(device: string, site: string, account: string, at: number): void {
    this.#write(() =>
      this.#db
        .prepare(
          `INSERT INTO revoked (device, site, account, at) VALUES (?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET at = excluded.at WHERE excluded.at > at`,
        )
        .run(device, site, account, at),
    );
  }

  /** When a device last took back its consent for a site; null where it never did. */
  revokedAt(device: string, site: string): number | null {
    const row = this.#db.prepare('SELECT at FROM revoked WHERE device = ? AND site = ?').get(device, site);
    return row === undefined ? null : Number(row['at']);
  }

  /** Part of the erasure of an account, within its transaction. */
  erase(account: string): void {
    this.#db.prepare('DELETE FROM revoked WHERE account = ?').run(account);
  }
}
