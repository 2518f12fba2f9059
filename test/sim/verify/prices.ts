/** What the guarantee costs whoever's volunteers have fewer cores or longer units than the simulated ones: the price that is quoted, by its formula. */
import { priceMultiplier } from '../../../src/core/audit.ts';
import type { AuditTerms } from '../../../src/core/audit.ts';
import { tier1Micro } from '../../../src/core/trust.ts';

const stays = [
  ['60 s, once', 60],
  ['35 min', 2_100],
  ['4 h', 14_400],
] as const;
const cases = [4, 1].flatMap((cores) => [5, 17].map((unitMs) => ({ cores, unitMs })));

/** A table: its title, its head and its rows. */
export function pricesOf(terms: AuditTerms): [title: string, head: string[], rows: string[][]] {
  const rows = stays.map(([name, seconds]) => [
    name,
    ...cases.map(({ cores, unitMs }) =>
      priceMultiplier(terms, seconds * cores, unitMs * 1_000, 0, tier1Micro).toFixed(2),
    ),
  ]);
  return [
    'R by the formula of the price, all honest, under audit and the same terms; the bounds ask it of 4 cores and 5 ms',
    ['stay', ...cases.map(({ cores, unitMs }) => `${cores} ${cores === 1 ? 'core' : 'cores'}, ${unitMs} ms`)],
    rows,
  ];
}
