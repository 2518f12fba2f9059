/**
 * Asks what a visitor downloads before Start can be pressed, beside its budget: the gzipped scripts of the built page.
 *
 * node bench/size.ts [--json FILE]      needs the built pages (npm run build)
 */
import { budgets, weigh } from '../scripts/size.mjs';
import { report } from './measure.ts';
import type { Line } from './measure.ts';

const lines = Object.entries(budgets).map(([page, budget]): Line => {
  const scripts: number[] = [...(weigh(page) as Map<string, number>).values()];
  if (scripts.length === 0) throw new Error(`${page} loads no script: nothing was weighed`);
  return {
    what: `${page}: ${page.startsWith('embed/') ? 'up to the first chunk' : 'JavaScript before Start'}, gzipped`,
    unit: 'B',
    ours: scripts.reduce((sum, size) => sum + size, 0),
    reference: budget,
    beside: 'its budget',
    goal: { atMost: 1 },
  };
});
report('Size of the pages as built', lines);
