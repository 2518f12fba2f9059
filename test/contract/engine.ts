/**
 * What every engine must keep, whatever runs it: a list of named checks that throw. It needs no test framework,
 * because half of its engines live in a browser page.
 */

import { answerChecks } from './engine-answers.ts';
import { endingChecks } from './engine-endings.ts';
import { recomputeChecks } from './engine-recompute.ts';
import type { Check } from './engine-world.ts';

export { codeOf, equal, fails, jobOf } from './engine-world.ts';
export type { Check, World } from './engine-world.ts';

export const engineChecks: readonly Check[] = [...answerChecks, ...endingChecks, ...recomputeChecks];
