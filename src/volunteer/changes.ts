/** Many changes of what a device keeps become one transaction: of several changes of one thing the last is enough. */
import type { Change, KeptReceipt, KeptResult } from './outbox.ts';

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

/** What is left of a result that is durable on the other side: enough to commit to it once more, and so to ask for its receipt. */
export function withoutBytes(result: KeptResult): KeptResult {
  const [outputs, lengths] = [new Uint8Array(0), new Uint32Array(0)];
  return { ...result, outputs, lengths, outputBytes: 0, bytes: false, durable: true };
}
