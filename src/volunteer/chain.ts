/** The chain of one connection's commitments, which its device signs about once a minute [WR8]. */
import { base64urlOf, hexOf, sha256, tagged, u64 } from './crypto.ts';
import type { Identity } from './identity.ts';

/**
 * A large card makes a hundred thousand commitments a minute, and each trip to the platform's SHA-256 takes longer than ours takes
 * for the hash. Of so many links one still goes there, so that the page is heard meanwhile.
 */
const manyLinks = 1_024;

/**
 * The chain of one connection's commitments [WR8]. Commitments are noted as they are sent and hashed only
 * when the chain is signed, so that sending never waits.
 */
export class CommitChain {
  readonly #nonce: string;
  #hash: Uint8Array | null = null;
  #count = 0;
  #pending: { readonly replica: number; readonly root: Uint8Array }[] = [];

  constructor(nonce: string) {
    this.#nonce = nonce;
  }

  note(replica: number, root: Uint8Array): void {
    this.#pending.push({ replica, root });
  }

  /** Takes in what was sent since, and signs the head. */
  async sign(identity: Identity): Promise<{ t: 'chain'; count: number; hash: string; signature: string }> {
    const pending = this.#pending;
    this.#pending = [];
    let hash = this.#hash ?? (await sha256(tagged('talka/chain/1', this.#nonce)));
    const link = new Uint8Array(32 + 8 + 32);
    const quick = pending.length < manyLinks ? null : (await import('./digest.ts')).plainDigest;
    for (const [i, { replica, root }] of pending.entries()) {
      link.set(hash);
      link.set(u64(replica), 32);
      link.set(root, 40);
      hash = quick === null || i % manyLinks === 0 ? await sha256(link) : quick(link);
    }
    this.#hash = hash;
    this.#count += pending.length;
    const words = tagged('talka/chain/1', `${this.#nonce}\0`, u64(this.#count), hash);
    return {
      t: 'chain',
      count: this.#count,
      hash: hexOf(hash),
      signature: base64urlOf(await identity.key.sign(words)),
    };
  }
}
