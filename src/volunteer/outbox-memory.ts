/** An outbox without memory of its own, for surroundings that forbid storage: everything lasts as long as the visit. */
import type { Change, Kept, KeptResult, Outbox } from './outbox.ts';
import type { LeaseRecord } from './loop/words.ts';

/** An empty one. */
export function memoryOutbox(): Outbox {
  const results = new Map<number, KeptResult>();
  const leases = new Map<number, LeaseRecord>();
  const nobody = { identity: null, consent: null, head: null, mark: null };
  let me: Pick<Kept, keyof typeof nobody> = nobody;
  const apply = (change: Change): void => {
    if ('set' in change) me = { ...me, [change.set]: change.value };
    else if ('drop' in change) (change.drop === 'results' ? results : leases).delete(change.id);
    else if (change.put === 'results') results.set(change.value.replica, change.value);
    else if (change.put === 'leases') leases.set(change.value.lease, change.value);
  };
  return {
    readable: false,
    load: async () => ({ ...me, results: [...results.values()], leases: [...leases.values()] }),
    write: async (changes) => changes.forEach(apply),
    erase: async () => {
      results.clear();
      leases.clear();
      me = nobody;
    },
    close: () => {},
  };
}
