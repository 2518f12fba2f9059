/** The device in whose name whatever the operator computes is answered and paid, wherever that is computed. */
import type { Outcome } from './order.ts';
import type { Runtime } from './runtime.ts';
import { anchorAccount } from './views.ts';

/** It joins, where it has not. Refused by a store that takes no writes perhaps. */
export async function anchorJoins(runtime: Pick<Runtime, 'state' | 'run'>, device: string): Promise<Outcome> {
  if (runtime.state.devices.has(device)) return { refused: null, events: [] };
  const who = { device, account: anchorAccount, site: null, group: 'anchor', role: 'anchor' } as const;
  const outcome = await runtime.run({ c: 'join', ...who });
  // Two may come first at once.
  return outcome.refused === 'already-so' ? { refused: null, events: [] } : outcome;
}
