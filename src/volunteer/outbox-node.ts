/**
 * The outbox in a folder, for volunteers without a browser: `identity.json` for all coordinators, and one folder per
 * coordinator with its consent, leases and head, a file per result, and receipts as lines. Only the owner may read them.
 */
import { appendFile, chmod, mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { base64urlOf, bytesOfBase64url } from './crypto.ts';
import { check, isMalformed } from '../wire/schema.ts';
import { consentRecord, restoredWord, treeHead } from '../wire/volunteer.ts';
import { receiptKey } from './changes.ts';
import type { KeptIdentity } from './identity.ts';
import type { Change, Kept, KeptReceipt, KeptResult, Outbox } from './outbox.ts';
import type { LeaseRecord } from './loop/words.ts';

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const bytes32 = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/));
const identityFile = v.strictObject({
  version: v.literal(1),
  seed: bytes32,
  publicKey: bytes32,
  account: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{16}$/)),
});
const leaseRecord = v.strictObject({
  lease: natural,
  slot: natural,
  job: v.string(),
  chunk: natural,
  count: natural,
  done: natural,
  bytes: v.boolean(),
  grantedAt: natural,
  deadlineAt: natural,
});
const restores = v.strictObject({
  statedAt: natural,
  accepted: v.array(v.strictObject({ before: treeHead, stated: restoredWord, told: treeHead, at: natural })),
});
const stateFile = v.strictObject({
  version: v.literal(1),
  consent: v.nullable(consentRecord),
  head: v.nullable(
    v.strictObject({
      coordinator: v.string(),
      head: treeHead,
      told: v.optional(treeHead),
      restores: v.optional(restores),
      cosigned: v.optional(v.strictObject({ at: natural, head: v.nullable(treeHead) })),
    }),
  ),
  mark: v.optional(v.strictObject({ coordinator: v.string(), next: natural })),
  leases: v.array(leaseRecord),
});
const resultHead = v.strictObject({
  replica: natural,
  job: v.string(),
  chunk: natural,
  root: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  digestBytes: natural,
  outputBytes: natural,
  units: natural,
  bytes: v.boolean(),
  durable: v.optional(v.literal(true)),
  lengths: v.array(natural),
});

/** What a receipt is known by. */
const keyed = v.object({ tick: v.object({ at: natural, tick: natural }) });

const privateMode = 0o600;
const receiptsBytesMax = 8 * 1024 * 1024;

/** Opens, and if need be makes, the outbox for one coordinator in `folder`. Throws when it cannot be used. */
export async function openNodeOutbox(folder: string, coordinator: string): Promise<Outbox> {
  const home = join(folder, coordinator.replaceAll(/[^A-Za-z0-9.-]+/g, '_'));
  await mkdir(join(home, 'results'), { recursive: true, mode: 0o700 });
  const outbox = new NodeOutbox(folder, home);
  await outbox.read();
  return outbox;
}

/** The identity that lies in a folder; null where there is none. Makes nothing. Throws when it cannot be read. */
export async function identityIn(folder: string): Promise<KeptIdentity | null> {
  const kept = await readJson(identityPath(folder), identityFile);
  if (kept === null) return null;
  const { seed, publicKey, account } = kept;
  const key = { publicKey: bytesOfBase64url(publicKey), seed: bytesOfBase64url(seed) };
  return { key: { kind: 'seed', ...key }, account };
}

const identityPath = (folder: string): string => join(folder, 'identity.json');

class NodeOutbox implements Outbox {
  readonly readable = true;
  readonly #folder: string;
  readonly #home: string;
  readonly #leases = new Map<number, LeaseRecord>();
  #identity: KeptIdentity | null = null;
  #consent: Kept['consent'] = null;
  #head: Kept['head'] = null;
  #mark: Kept['mark'] = null;
  /** Receipts that stand in the file, as `receiptKey` knows them; null before it was read. */
  #known: Set<string> | null = null;

  constructor(folder: string, home: string) {
    this.#folder = folder;
    this.#home = home;
  }

  async read(): Promise<void> {
    this.#identity = await identityIn(this.#folder);
    const state = await readJson(this.#statePath, stateFile);
    if (state === null) return;
    this.#consent = state.consent;
    this.#head = state.head;
    this.#mark = state.mark ?? null;
    for (const lease of state.leases) this.#leases.set(lease.lease, lease);
  }

  async load(): Promise<Kept> {
    const results: KeptResult[] = [];
    for (const name of await readdir(join(this.#home, 'results'))) {
      if (!/^[0-9]+$/.test(name)) continue;
      const result = await readResult(join(this.#home, 'results', name));
      if (result === null) await rm(join(this.#home, 'results', name), { force: true });
      else results.push(result);
    }
    results.sort((a, b) => a.replica - b.replica);
    return {
      identity: this.#identity,
      consent: this.#consent,
      head: this.#head,
      mark: this.#mark,
      results,
      leases: [...this.#leases.values()],
    };
  }

  async write(changes: readonly Change[]): Promise<void> {
    let state = false;
    // Before what could ask for them again is dropped.
    const receipts = changes.flatMap((change) =>
      'put' in change && change.put === 'receipts' ? [change.value] : [],
    );
    if (receipts.length > 0) await this.#writeReceipts(receipts);
    for (const change of changes) {
      if ('put' in change && change.put === 'receipts') continue;
      if ('set' in change && change.set === 'identity') await this.#writeIdentity(change.value);
      else if ('put' in change && change.put === 'results')
        await writePrivate(this.#resultPath(change.value.replica), resultBytes(change.value));
      else if ('drop' in change && change.drop === 'results')
        await rm(this.#resultPath(change.id), { force: true });
      else {
        this.#note(change);
        state = true;
      }
    }
    if (state) await this.#writeState();
  }

  async erase(): Promise<void> {
    await rm(this.#home, { recursive: true, force: true });
    await rm(identityPath(this.#folder), { force: true });
  }

  close(): void {}

  get #statePath(): string {
    return join(this.#home, 'state.json');
  }

  #resultPath(replica: number): string {
    return join(this.#home, 'results', String(replica));
  }

  #note(change: Change): void {
    if ('set' in change) {
      if (change.set === 'consent') this.#consent = change.value;
      if (change.set === 'head') this.#head = change.value;
      if (change.set === 'mark') this.#mark = change.value;
    } else if ('drop' in change) this.#leases.delete(change.id);
    else if (change.put === 'leases') this.#leases.set(change.value.lease, change.value);
  }

  async #writeIdentity(identity: KeptIdentity): Promise<void> {
    if (identity.key.kind !== 'seed') throw new Error('a file cannot hold a key that cannot be read');
    const { seed, publicKey } = identity.key;
    this.#identity = identity;
    await writePrivate(
      identityPath(this.#folder),
      JSON.stringify({
        version: 1,
        seed: base64urlOf(seed),
        publicKey: base64urlOf(publicKey),
        account: identity.account,
      }),
    );
  }

  async #writeState(): Promise<void> {
    await writePrivate(
      this.#statePath,
      JSON.stringify({
        version: 1,
        consent: this.#consent,
        head: this.#head,
        ...(this.#mark === null ? {} : { mark: this.#mark }),
        leases: [...this.#leases.values()],
      }),
    );
  }

  /** Receipts are lines, each once; when they have grown too many, the older half makes room. */
  async #writeReceipts(receipts: readonly KeptReceipt[]): Promise<void> {
    const path = join(this.#home, 'receipts.jsonl');
    this.#known ??= new Set([...(await receiptKeys(`${path}.older`)), ...(await receiptKeys(path))]);
    const fresh = receipts.filter((receipt) => !this.#known?.has(receiptKey(receipt).join(' ')));
    const size = await stat(path).then(
      (found) => found.size,
      () => 0,
    );
    if (size > receiptsBytesMax) await rename(path, `${path}.older`);
    await appendFile(path, fresh.map((receipt) => `${JSON.stringify(receipt)}\n`).join(''), {
      mode: privateMode,
    });
    for (const receipt of fresh) this.#known.add(receiptKey(receipt).join(' '));
  }
}

/** The receipts that stand in a file; a line that is not whole is none. */
async function receiptKeys(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    const read = v.safeParse(keyed, parsed(line));
    return read.success ? [`${read.output.tick.at} ${read.output.tick.tick}`] : [];
  });
}

/** Writes beside and moves into place, so that a crash leaves the old or the new. */
async function writePrivate(path: string, content: string | Uint8Array): Promise<void> {
  const draft = `${path}.part`;
  await writeFile(draft, content, { mode: privateMode });
  await chmod(draft, privateMode);
  await rename(draft, path);
}

/** Null when the file is not there. Throws one line when it is not ours. */
async function readJson<T extends object>(
  path: string,
  schema: v.GenericSchema<unknown, T>,
): Promise<T | null> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  const read = check(schema, parsed(text));
  if (isMalformed(read)) throw new Error(`${path} is not of this version of Talka (${read.malformed})`);
  return read;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** One line of JSON, then the digests and the outputs. */
function resultBytes(result: KeptResult): Uint8Array {
  const { digests, outputs, lengths, ...name } = result;
  const { replica, job, chunk, root, digestBytes, outputBytes, units, bytes, durable } = name;
  const more = { ...(durable === true ? { durable } : {}), lengths: [...lengths] };
  const head = { replica, job, chunk, root, digestBytes, outputBytes, units, bytes, ...more };
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), digests, outputs]);
}

/** Null when the file is damaged or has just gone: what it held can be computed again, or was delivered by who computes here now. */
async function readResult(path: string): Promise<KeptResult | null> {
  const content = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (content === null) return null;
  const end = content.indexOf(0x0a);
  const read = check(resultHead, parsed(content.subarray(0, Math.max(0, end)).toString()));
  if (isMalformed(read)) return null;
  const { lengths, ...name } = read;
  const payload = new Uint8Array(content.subarray(end + 1));
  if (payload.length !== name.digestBytes + name.outputBytes) return null;
  return {
    ...name,
    digests: payload.slice(0, name.digestBytes),
    outputs: payload.slice(name.digestBytes),
    lengths: Uint32Array.from(lengths),
  };
}
