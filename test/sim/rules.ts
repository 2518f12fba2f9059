/** The rules as they are, for a day in which no bug is planted. */
import { AuditDesk } from '../../src/coordinator/audit-desk.ts';
import { whoMay } from '../../src/core/auditing.ts';
import { upkeep } from '../../src/core/checking.ts';
import { decide } from '../../src/core/machine.ts';
import { evolve } from '../../src/core/evolve.ts';
import type { Rules } from './disk.ts';

export const realRules: Rules = {
  decide,
  evolve,
  upkeep,
  whoMay,
  Desk: AuditDesk,
  matches: (root, output) => root === output,
};
