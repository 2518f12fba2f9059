/** The numbers of the rules that the page's story names, as they stand in `src/core`: shown until the coordinator says its own. */
import type { ChecksView } from '../../wire/views.ts';
import type { Rules } from './catalogue.ts';

export const usualRules: Rules = {
  oneIn: [64, 64, 128],
  probationMicro: 4_000_000,
  tier1Micro: 68_000_000,
  suspendedMs: 3_600_000,
  faultMemoryMs: 30 * 86_400_000,
  leaverAfterMs: 600_000,
  anchorAfterMs: 30_000,
  windowUnits: 32_000,
  leaverUnits: 12_000,
};

/** The rules that a coordinator told of. */
export function rulesOf(view: ChecksView | null): Rules {
  if (view === null) return usualRules;
  const terms = view.offers.find(({ kind }) => kind === 'audit')?.terms ?? usualRules;
  return { ...view.rules, windowUnits: terms.windowUnits, leaverUnits: terms.leaverUnits };
}
