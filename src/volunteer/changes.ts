/** Many changes of what a device keeps become one transaction: of several changes of one thing the last is enough. */
import type { Change, KeptReceipt } from './outbox.ts';

/** The changes that matter, in the order in which they were last made. */
export function lastOnly(changes: readonly Change[]): Change[] {
  const last = new Map<string, Change>();
  for (const change of changes) {
    const key = keyOf(change);
    last.delete(key);
    last.set(key, change);
  }
  return [...last.values()];
}

function keyOf(change: Change): string {
  if ('set' in change) return change.set;
  if ('drop' in change) return `${change.drop} ${change.id}`;
  switch (change.put) {
    case 'leases':
      return `leases ${change.value.lease}`;
    case 'results':
      return `results ${change.value.replica}`;
    case 'receipts':
      return `receipts ${receiptKey(change.value).join(' ')}`;
    default:
      return change satisfies never;
  }
}

/** What a receipt is known by: after a restore ticks are counted again, but never at a time that was. */
export function receiptKey({ tick: { at, tick } }: KeptReceipt): [at: number, tick: number] {
  return [at, tick];
}
