/** Many changes of what a device keeps become one transaction: of several changes of one thing the last is enough. */
import type { Change } from './outbox.ts';

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
  return `${change.put} ${change.put === 'leases' ? change.value.lease : change.value.replica}`;
}
