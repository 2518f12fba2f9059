/** A scripted volunteer that speaks the wire by hand: signs in, asks, computes the cheap kernel, commits, checks its receipts. */
import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { WebSocket } from 'ws';
import { verifyInclusion } from '../../src/core/merkle.ts';
import { chainBytes, chainStart, headBytes, tree } from '../../src/coordinator/digests.ts';
import { chainNext } from './links.ts';
import { encodeCommit } from '../../src/wire/frame.ts';
import { check, isMalformed } from '../../src/wire/schema.ts';
import { limits, protocol } from '../../src/wire/version.ts';
import { fromCoordinator } from '../../src/wire/volunteer.ts';
import type {
  Bye,
  Challenge,
  CommitHeader,
  FromCoordinator,
  LeaseWord,
  ReceiptWord,
  RefusalWord,
  SlotWord,
  Welcome,
} from '../../src/wire/volunteer.ts';
import { cheapOutput } from './cheap.ts';

const sha = (...parts: readonly (string | Uint8Array)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

const u64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
};

/** A device's key pair and what follows from it, written from the specification and not from the coordinator's code. */
export interface Identity {
  readonly privateKey: KeyObject;
  readonly publicKey: string;
  readonly device: string;
  readonly account: string;
}

export function identity(): Identity {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const text = String(publicKey.export({ format: 'jwk' }).x);
  const bytes = Buffer.from(text, 'base64url');
  const id = (tag: string): string => sha(tag, '\0', bytes).toString('base64url').slice(0, 16);
  return { privateKey, publicKey: text, device: id('talka/device/1'), account: id('talka/account/1') };
}

/** What a device signs: a tag, and the parts as JSON. */
export const signText = (key: KeyObject, tag: string, parts: readonly unknown[]): string =>
  sign(null, Buffer.from(`${tag}\0${JSON.stringify(parts)}`), key).toString('base64url');

/** The hello that answers a challenge; anything in it may be bent. */
export function helloOf(
  who: Identity,
  nonce: string,
  origin: string,
  bent: {
    holding?: number[];
    consentAt?: number;
    site?: string | null;
    signOrigin?: string;
    consentOrigin?: string;
    protocol?: number;
    account?: string;
    /** Whether it says that it audits. */
    audits?: true;
    /** null: a program from before there were receipts of what vests. */
    receipts?: null;
  } = {},
): Record<string, unknown> {
  const { publicKey } = who;
  const account = bent.account ?? who.account;
  const site = bent.site ?? null;
  const text = 'c'.repeat(64);
  const at = bent.consentAt ?? Date.now();
  const version = bent.protocol ?? protocol;
  const consentOrigin = bent.consentOrigin ?? origin;
  return {
    t: 'hello',
    protocol: version,
    publicKey,
    account,
    site,
    consent: {
      text,
      language: 'en',
      origin: consentOrigin,
      site,
      at,
      signature: signText(who.privateKey, 'talka/consent/1', [text, 'en', consentOrigin, site, at, account]),
    },
    holding: bent.holding ?? [],
    head: null,
    cores: 4,
    gpu: false,
    ...(bent.audits === true ? { audits: true } : {}),
    ...(bent.receipts === null ? {} : { receipts: 3 }),
    signature: signText(who.privateKey, 'talka/hello/1', [
      nonce,
      bent.signOrigin ?? origin,
      publicKey,
      account,
      site,
      text,
      at,
      version,
    ]),
  };
}

/** What an answer to a chunk looks like on the wire. */
export interface Answered {
  readonly item: CommitHeader['items'][number];
  readonly digests: Buffer;
  readonly bytes: Buffer | null;
}

/** The root of a chunk's digests, whose first unit is `from`. */
export function rootOf(job: string, from: number, digests: Uint8Array): string {
  return sha('talka/root/1', '\0', job, '\0', u64(from), digests).toString('hex');
}

/** Computes units [from, to) of a job with the cheap kernel. `bend` changes outputs, `forge` changes digests afterwards. */
export function answerOf(
  job: string,
  agreement: 'exact' | 'tolerance',
  replica: number,
  from: number,
  outputs: readonly Uint8Array[],
  withBytes = true,
): Answered {
  const width = limits.digestBytes[agreement];
  const digests = Buffer.concat(
    outputs.map((output, i) =>
      sha('talka/unit/1', '\0', job, '\0', u64(from + i), output).subarray(0, width),
    ),
  );
  return {
    item: {
      replica,
      root: rootOf(job, from, digests),
      digestBytes: digests.length,
      lengths: withBytes ? outputs.map((output) => output.length) : null,
    },
    digests,
    bytes: withBytes ? Buffer.concat(outputs) : null,
  };
}

export class Scripted {
  readonly ws: WebSocket;
  readonly who: Identity;
  readonly inbox: FromCoordinator[] = [];
  readonly receipts: ReceiptWord[] = [];
  challenge: Challenge | null = null;
  chain = '';
  chainCount = 0;
  closed: Promise<number>;
  readonly #origin: string;
  #waiters: { take: (word: FromCoordinator) => boolean; done: (word: FromCoordinator) => void }[] = [];
  #isOver = false;

  /** `query`: what follows the socket's path, such as `?from=…` of a widget. */
  constructor(url: string, who: Identity = identity(), headers: Record<string, string> = {}, query = '') {
    this.who = who;
    this.#origin = headers['origin'] ?? new URL(url).origin;
    this.ws = new WebSocket(`${url.replace(/^http/, 'ws')}/ws${query}`, {
      headers,
      perMessageDeflate: false,
    });
    this.closed = new Promise((resolve) => {
      this.ws.on('close', (code) => {
        this.#isOver = true;
        for (const { done } of this.#waiters) done({ t: 'bye', reason: 'slow', detail: 'the socket closed' });
        resolve(code);
      });
    });
    this.ws.on('error', () => {});
    this.ws.on('message', (data: Buffer) => {
      for (const word of [JSON.parse(data.toString()) as unknown].flat()) this.#hear(word);
    });
  }

  #hear(value: unknown): void {
    const word = check(fromCoordinator, value);
    if (isMalformed(word))
      throw new Error(
        `the coordinator said what the wire does not know: ${word.malformed} in ${JSON.stringify(value)}`,
      );
    if (word.t === 'challenge') {
      this.challenge = word;
      this.chain = chainStart(word.nonce);
    }
    if (word.t === 'receipt') this.receipts.push(word);
    const index = this.#waiters.findIndex(({ take }) => take(word));
    if (index < 0) this.inbox.push(word);
    else this.#waiters.splice(index, 1)[0]?.done(word);
  }

  /** The next message that fits, heard already or to come. */
  next<T extends FromCoordinator>(take: (word: FromCoordinator) => word is T): Promise<T> {
    const index = this.inbox.findIndex(take);
    if (index >= 0) return Promise.resolve(this.inbox.splice(index, 1)[0] as T);
    if (this.#isOver) return Promise.reject(new Error('the socket is closed'));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`nothing came; heard: ${JSON.stringify(this.inbox).slice(0, 500)}`)),
        8_000,
      );
      this.#waiters.push({
        take,
        done: (word) => {
          clearTimeout(timer);
          if (take(word)) resolve(word);
          else reject(new Error('the socket closed'));
        },
      });
    });
  }

  of<K extends FromCoordinator['t']>(kind: K): Promise<Extract<FromCoordinator, { t: K }>> {
    return this.next((word): word is Extract<FromCoordinator, { t: K }> => word.t === kind);
  }

  say(word: unknown): void {
    this.ws.send(JSON.stringify(word));
  }

  async signIn(bent: Parameters<typeof helloOf>[3] = {}): Promise<Welcome> {
    const { nonce } = this.challenge ?? (await this.of('challenge'));
    this.say(helloOf(this.who, nonce, this.#origin, bent));
    const word = await this.next((w): w is Welcome | Bye => w.t === 'welcome' || w.t === 'bye');
    if (word.t === 'bye') throw new Error(`bye ${word.reason}: ${word.detail ?? ''}`);
    return word;
  }

  ask(kernel: string, slot = 0, over: Partial<SlotWord> = {}): void {
    this.say({ t: 'ask', slots: [{ slot, backend: 'wasm', rates: { [kernel]: 1000 }, ...over }] });
  }

  async leaseOf(kernel: string, slot = 0, over: Partial<SlotWord> = {}): Promise<LeaseWord> {
    this.ask(kernel, slot, over);
    return this.of('lease');
  }

  commit(answers: readonly Answered[], slots?: readonly SlotWord[]): void {
    for (const { item } of answers) {
      this.chain = chainNext(this.chain, item.replica, item.root);
      this.chainCount++;
    }
    const header: CommitHeader = {
      t: 'commit',
      items: answers.map(({ item }) => item),
      ...(slots === undefined ? {} : { slots: [...slots] }),
    };
    this.ws.send(encodeCommit({ header, parts: answers }));
  }

  signChain(): void {
    const { nonce } = this.challenge as Challenge;
    const signature = sign(
      null,
      chainBytes(nonce, this.chainCount, this.chain),
      this.who.privateKey,
    ).toString('base64url');
    this.say({ t: 'chain', count: this.chainCount, hash: this.chain, signature });
  }

  refusal(): Promise<RefusalWord> {
    return this.of('refusal');
  }

  /** The receipt that settles a replica. */
  settled(replica: number): Promise<ReceiptWord> {
    const is = (word: FromCoordinator): word is ReceiptWord =>
      word.t === 'receipt' && word.settled.some((one) => one.replica === replica);
    return this.next(is);
  }

  acked(replica: number): Promise<ReceiptWord> {
    const is = (word: FromCoordinator): word is ReceiptWord =>
      word.t === 'receipt' && word.acks.includes(replica);
    return this.next(is);
  }

  /** Word that a replica is no longer wanted. */
  lost(replica: number): Promise<ReceiptWord> {
    return this.next((word): word is ReceiptWord => word.t === 'receipt' && word.lost.includes(replica));
  }

  end(): Promise<number> {
    this.ws.close();
    return this.closed;
  }
}

/** The outputs of a chunk of a cheap job. */
export function outputsOf(input: Uint8Array, from: number, to: number): Buffer[] {
  return Array.from({ length: to - from }, (_, i) => cheapOutput(input, from + i));
}

/** Whether a message's payments to `who` are signed by the coordinator and in its tree, written from the specification. */
export function receiptHolds(word: ReceiptWord, coordinator: string, who: Identity): boolean {
  const { tick, settled, vested = [], voided = [], audits = [] } = word;
  if (tick === null) return settled.length === 0;
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: coordinator }, format: 'jwk' });
  const bytes = headBytes(
    tick.tick,
    tick.at,
    tick.size,
    Buffer.from(tick.root, 'hex'),
    Buffer.from(tick.receipts, 'hex'),
  );
  if (!verify(null, bytes, key, Buffer.from(tick.signature, 'base64url'))) return false;
  const rows = settled.map(({ job, chunk, replica, amountMicro, final }) => [
    job,
    chunk,
    replica,
    amountMicro,
    final,
  ]);
  const batches = [vested, voided].map((list) =>
    list.map(({ job, chunks, amountMicro }) => [job, chunks, amountMicro]),
  );
  const made = audits.map(({ audit, job, units, amountMicro }) => [audit, job, units, amountMicro]);
  const { account, device } = who;
  const head = ['talka/receipt/3', coordinator, account, device, word.site ?? null, tick.at];
  const leaf = JSON.stringify([...head, rows, ...batches, made]);
  return verifyInclusion(
    tree,
    tree.leaf(Buffer.from(leaf)),
    tick.index,
    tick.count,
    tick.path.map((hash) => Buffer.from(hash, 'hex')),
    Buffer.from(tick.receipts, 'hex'),
  );
}
