/** A session's chain of commitments: what a device sent, in order, bound into one hash that it signs now and then [WR8]. */
import type { Chain } from '../wire/volunteer.ts';
import { verifyText } from './auth.ts';
import { chainBytes, chainNext, chainStart } from './digests.ts';
import { StoreFault } from './log.ts';
import { storeRefusal } from './order.ts';
import type { SideTables } from './side.ts';
import type { WhyNot } from './telling.ts';

/**
 * Commitments that no chain has bound yet, over all sessions: hashed some hundreds in a row, where the processor has just
 * done nothing else, each costs half of what it does between a message and the next.
 */
const together = 256;
const waiting: { readonly chain: SessionChain; readonly replica: number; readonly root: string }[] = [];

function bindWaiting(): void {
  for (const { chain, replica, root } of waiting) chain.bind(replica, root);
  waiting.length = 0;
}

export class SessionChain {
  readonly #nonce: string;
  #hash: string;
  #count = 0;

  constructor(nonce: string) {
    this.#nonce = nonce;
    this.#hash = chainStart(nonce);
  }

  /** One more commitment was received; its root in hex. */
  add(replica: number, root: string): void {
    if (waiting.push({ chain: this, replica, root }) === together) bindWaiting();
  }

  /** For `bindWaiting`. */
  bind(replica: number, root: string): void {
    this.#hash = chainNext(this.#hash, replica, root);
    this.#count++;
  }

  /** Why a signed head is not that of what was received; null when it is. */
  faultOf({ count, hash, signature }: Chain, publicKey: string): { refused: string; detail: string } | null {
    bindWaiting();
    if (count !== this.#count || hash !== this.#hash)
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
