/** A session's chain of commitments: what a device sent, in order, bound into one hash that it signs now and then [WR8]. */
import type { Chain } from '../wire/volunteer.ts';
import { verifyText } from './auth.ts';
import { chainBytes, chainStart, sha256 } from './digests.ts';
import { StoreFault } from './log.ts';
import { storeRefusal } from './order.ts';
import { fourAtOnce } from './sha256x4.ts';
import type { FourAtOnce } from './sha256x4.ts';
import type { SideTables } from './side.ts';
import type { WhyNot } from './telling.ts';

/**
 * Commitments that no chain has bound yet, over all sessions: hashed some hundreds in a row and four at once, each costs a third of
 * what it does between a message and the next.
 */
const together = 256;
let waiting: Link[] = [];

/** One commitment of a chain. */
export interface Link {
  readonly chain: SessionChain;
  readonly replica: number;
  readonly root: string;
}

/** What is hashed of a link: the chain's hash so far (32 bytes), the replica (8, big-endian), the root (32). */
const linkBytes = 72;
const hashBytes = 32;
let links: Links | null = null;

/** Binds links, each of another chain, at most `together` at once. */
export class Links {
  readonly #four: FourAtOnce | null;
  readonly #bytes: Buffer<ArrayBuffer>;
  readonly #words: Uint32Array;
  readonly #lengths: number;
  readonly #messages: number;
  readonly #out: number;

  /** `four`: null: the platform hashes. */
  constructor(four: FourAtOnce | null = fourAtOnce()) {
    this.#four = four;
    this.#lengths = four?.room ?? 0;
    this.#messages = this.#lengths + 4 * together;
    this.#out = this.#messages + linkBytes * together;
    this.#bytes = four?.bytes ?? Buffer.alloc(this.#out + hashBytes * together);
    this.#words = four?.words ?? new Uint32Array(this.#bytes.buffer);
    this.#words.fill(linkBytes, this.#lengths / 4, this.#messages / 4);
  }

  bind(all: readonly Link[]): void {
    const bytes = this.#bytes;
    for (let i = 0; i < all.length; i++) {
      const { chain, replica, root } = all[i] as Link;
      const at = this.#messages + linkBytes * i;
      chain.lay(this.#words, at / 4);
      bytes.writeUInt32BE(Math.floor(replica / 2 ** 32), at + 32);
      bytes.writeUInt32BE(replica % 2 ** 32, at + 36);
      bytes.write(root, at + 40, 'hex');
    }
    if (this.#four !== null) this.#four.wasm.digests(all.length, this.#lengths, this.#messages, this.#out);
    else this.#byPlatform(all.length);
    for (let i = 0; i < all.length; i++)
      (all[i] as Link).chain.bind(this.#words, (this.#out + hashBytes * i) / 4);
  }

  #byPlatform(count: number): void {
    for (let i = 0; i < count; i++) {
      const at = this.#messages + linkBytes * i;
      this.#bytes.set(sha256(this.#bytes.subarray(at, at + linkBytes)), this.#out + hashBytes * i);
    }
  }
}

/** In rounds, each with at most one link of every chain. */
function bindWaiting(): void {
  if (waiting.length === 0) return;
  links ??= new Links();
  const rounds: Link[][] = [];
  const seen = new Map<SessionChain, number>();
  for (const link of waiting) {
    const round = seen.get(link.chain) ?? 0;
    seen.set(link.chain, round + 1);
    (rounds[round] ??= []).push(link);
  }
  waiting = [];
  for (const round of rounds) links.bind(round);
}

export class SessionChain {
  readonly #nonce: string;
  readonly #hash: Uint32Array<ArrayBuffer>;
  #count = 0;

  constructor(nonce: string) {
    this.#nonce = nonce;
    this.#hash = new Uint32Array(hashBytes / 4);
    Buffer.from(this.#hash.buffer).write(chainStart(nonce), 'hex');
  }

  /** One more commitment was received; its root in hex. */
  add(replica: number, root: string): void {
    if (waiting.push({ chain: this, replica, root }) === together) bindWaiting();
  }

  /** For `Links`: writes its hash so far, and takes the next one. */
  lay(words: Uint32Array, at: number): void {
    for (let i = 0; i < this.#hash.length; i++) words[at + i] = this.#hash[i] as number;
  }

  bind(words: Uint32Array, at: number): void {
    for (let i = 0; i < this.#hash.length; i++) this.#hash[i] = words[at + i] as number;
    this.#count++;
  }

  /** Why a signed head is not that of what was received; null when it is. */
  faultOf({ count, hash, signature }: Chain, publicKey: string): { refused: string; detail: string } | null {
    bindWaiting();
    if (count !== this.#count || hash !== Buffer.from(this.#hash.buffer).toString('hex'))
      return { refused: 'chain', detail: 'this is not the chain of what was received' };
    if (!verifyText(publicKey, chainBytes(this.#nonce, count, hash), signature))
      return { refused: 'signature', detail: 'the chain is not signed by this device' };
    return null;
  }

  /** Keeps a signed head that is right; says why not. Replaces the one before. */
  take(
    word: Chain,
    publicKey: string,
    device: string,
    at: number,
    side: Pick<SideTables, 'keepChain'>,
  ): WhyNot | null {
    const fault = this.faultOf(word, publicKey);
    if (fault !== null) return fault;
    const { count, hash, signature } = word;
    try {
      side.keepChain({ device, nonce: this.#nonce, count, hash, signature, at });
    } catch (error) {
      if (!(error instanceof StoreFault)) throw error;
      return storeRefusal(error);
    }
    return null;
  }
}
