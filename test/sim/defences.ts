/** Defences switched off, to see that it was them: edits of the rules, and desks that do without one of their own. */
import { AuditDesk } from '../../src/coordinator/audit-desk.ts';
import type { Edit } from './plant.ts';

export const claimsUnread: Edit = {
  file: 'auditing.ts',
  from: 'filter((unit) => command.wrong.includes(unit));\n  const right',
  to: 'filter(() => false);\n  const right',
};
export const leaversUnseen: Edit = {
  file: 'leaving.ts',
  from: 'Math.min(undrawn(batch), Math.ceil((short * undrawn(batch)) / total))',
  to: '0',
};
export const auditsUnwaited: Edit = {
  file: 'checking.ts',
  from: 'if (!closed || passed < drawn) return false;',
  to: '',
};
export const noWindow: Edit = {
  file: 'audit.ts',
  from: 'auditedUnits - batch.auditedBefore >= windowUnits',
  to: 'auditedUnits >= batch.auditedBefore - windowUnits',
};
export const nothingDrawn: Edit = {
  file: 'audit.ts',
  from: 'if ((word & mask) === 0) drawn.push(first + unit);',
  to: 'if ((word & mask) === -1) drawn.push(first + unit);',
};

/** A desk that waits for whoever was given an audit once. */
export class PatientDesk extends AuditDesk {
  override isFree(id: number): boolean {
    return this.holdOf(id) === undefined;
  }
  override declined(): void {}
}
/** A desk that believes whoever agrees with a claim. */
export class TrustingDesk extends AuditDesk {
  override isCanary(): boolean {
    return false;
  }
}
