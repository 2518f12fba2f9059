/** Double entry: credits move only by entries, and the sum over all accounts is zero, always. */
import { escrowAccount } from './keys.ts';
import type { Entry, Job, LedgerAccount, State } from './state.ts';

/** Balance in microcredits; 0 for an account never used. */
export function balanceOf(state: State, account: LedgerAccount): bigint {
  return state.balances.get(account) ?? 0n;
}

/** Moves one entry's amount. An account whose balance returns to zero is forgotten. */
function move(balances: Map<LedgerAccount, bigint>, account: LedgerAccount, amount: bigint): void {
  const after = (balances.get(account) ?? 0n) + amount;
  if (after === 0n) balances.delete(account);
  else balances.set(account, after);
}

/** Posts entries to the balances; each is one debit and one credit of equal amount. */
export function post(balances: Map<LedgerAccount, bigint>, entries: readonly Entry[]): void {
  for (let i = 0; i < entries.length;) {
    // What one account pays in a row leaves it in one go.
    const { from } = entries[i] as Entry;
    let sum = 0n;
    for (let entry = entries[i]; entry !== undefined && entry.from === from; entry = entries[++i]) {
      const amount = BigInt(entry.amountMicro);
      sum += amount;
      move(balances, entry.to, amount);
    }
    move(balances, from, -sum);
  }
}

/** What is left of a job's price goes back to its requester; nothing when nothing is left. */
export function refund(state: State, job: string, requester: string, paidNowMicro: bigint): Entry[] {
  const left = balanceOf(state, escrowAccount(job)) - paidNowMicro;
  return left > 0n
    ? [{ from: escrowAccount(job), to: `requester:${requester}`, amountMicro: Number(left) }]
    : [];
}

/** What is left in a job's escrow beyond the work it must still pay: for audits and second copies [LG5]. */
export function spareMicro(state: State, job: Job): number {
  return Number(balanceOf(state, escrowAccount(job.id))) - job.owedMicro;
}
