/** Kernels and inputs by digest: a port with two implementations (a folder, memory) and one suite (test/contract/blobs.ts). */
import { readFileSync, statSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Hex } from './digests.ts';
import { faultOf } from './faults.ts';

/** The largest blob, in bytes. */
export const blobBytesMax = 64 * 1024 * 1024;

export interface Blobs {
  /** Keeps bytes and says their digest (lower-case hex SHA-256). Durable when it resolves. Throws StoreFault, and keeps nothing. */
  put(bytes: Uint8Array): Promise<string>;
  /** The bytes, whole and checked; null when they are not here. */
  get(digest: string): Promise<Uint8Array | null>;
  has(digest: string): Promise<boolean>;
  list(): Promise<string[]>;
}

/** A file of at most so many bytes is read at once: to ask another thread for it takes longer, above all at a start that waits for it. */
const smallBytes = 128 * 1024;

/** Whether this is a digest at all: nothing else may come near a path. */
export function isDigest(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

export class MemoryBlobs implements Blobs {
  readonly #kept = new Map<string, Uint8Array>();

  async put(bytes: Uint8Array): Promise<string> {
    const digest = sha256Hex(bytes);
    this.#kept.set(digest, Uint8Array.from(bytes));
    return digest;
  }

  async get(digest: string): Promise<Uint8Array | null> {
    return this.#kept.get(digest) ?? null;
  }

  async has(digest: string): Promise<boolean> {
    return this.#kept.has(digest);
  }

  async list(): Promise<string[]> {
    return [...this.#kept.keys()].sort();
  }
}

/** One file for each blob, named by its digest. A file appears whole or not at all. */
export class FolderBlobs implements Blobs {
  readonly #dir: string;
  #drafts = 0;

  constructor(dir: string) {
    this.#dir = dir;
  }

  async put(bytes: Uint8Array): Promise<string> {
    const digest = sha256Hex(bytes);
    if ((await this.get(digest)) !== null) return digest;
    const draft = join(this.#dir, `${digest}.${process.pid}-${this.#drafts++}.part`);
    try {
      await mkdir(this.#dir, { recursive: true });
      await writeFile(draft, bytes, { flush: true });
      await rename(draft, this.#path(digest));
    } catch (error) {
      // What cannot be written cannot always be taken away either.
      await rm(draft, { force: true }).catch(() => {});
      throw faultOf(error);
    }
    return digest;
  }

  /** A file that is not what its name says is as good as missing: `put` replaces it. */
  async get(digest: string): Promise<Uint8Array | null> {
    if (!isDigest(digest)) return null;
    const bytes = await this.#read(this.#path(digest));
    return bytes !== null && sha256Hex(bytes) === digest ? bytes : null;
  }

  async has(digest: string): Promise<boolean> {
    return (await this.get(digest)) !== null;
  }

  async list(): Promise<string[]> {
    const names = await readdir(this.#dir).catch(() => []);
    return names.filter(isDigest).sort();
  }

  async #read(path: string): Promise<Uint8Array | null> {
    try {
      return statSync(path).size <= smallBytes ? readFileSync(path) : await readFile(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  #path(digest: string): string {
    return join(this.#dir, digest);
  }
}
