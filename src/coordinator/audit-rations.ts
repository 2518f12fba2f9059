/**
 * How much auditing an account is given: about an eighth of what it does. It is counted by account and not by connection, so that nobody
 * gets more by coming and going.
 */
import type { State } from '../core/state.ts';

/** Audits ÷ accepted work, and what is given beside that to whoever has just come, in microcredits. */
const share = 1 / 8;
const allowanceMicro = 4_000_000;
/** Accounts that are remembered; the one counted first is forgotten when one more comes. */
const accountsMax = 10_000;

interface Ration {
  /** What it had earned by work when it was first given an audit. */
  readonly earnedBefore: number;
  given: number;
}

export class Rations {
  readonly #ofAccount = new Map<string, Ration>();

  /** Whether an account may be given an audit of this cost. */
  allows(state: State, account: string, costMicro: number): boolean {
    const ration = this.#ofAccount.get(account);
    if (ration === undefined) return costMicro <= allowanceMicro;
    // What is void is earned no more.
    const earned = Math.max(0, earnedOf(state, account) - ration.earnedBefore);
    return ration.given + costMicro <= allowanceMicro + earned * share;
  }

  gave(state: State, account: string, costMicro: number): void {
    const known = this.#ofAccount.get(account);
    if (known !== undefined) {
      known.given += costMicro;
      return;
    }
    const [first] = this.#ofAccount.keys();
    if (this.#ofAccount.size >= accountsMax && first !== undefined) this.#ofAccount.delete(first);
    this.#ofAccount.set(account, { earnedBefore: earnedOf(state, account), given: costMicro });
  }
}

function earnedOf(state: State, account: string): number {
  return state.accounts.get(account)?.earnedMicro ?? 0;
}
