/** What a requester offers: whether a job's numbers and texts are within bounds, and what it costs at most. */
import { workMicro } from './job.ts';
import type { AuditedPolicy, JobSpec } from './job.ts';
import { chunksOf } from './state.ts';
import { textsFault } from './texts.ts';

/** Limits of a job, checked when it is submitted. */
export const unitsMax = 2 ** 53 - 1;
export const unitsPerChunkMax = 4096;
export const chunksMax = 2 ** 31;
export const quorumMax = 5;
export const auditUnitsMax = 1_000_000_000;
/** Audits and second copies never cost more than four times the work. */
export const verifyMilliMax = 4_000;

const isWhole = (value: number, min: number, max: number): boolean =>
  Number.isSafeInteger(value) && value >= min && value <= max;

/** What a job costs at most: its work, and what is set aside for audits and second copies [LG5]. */
export function priceOf(spec: JobSpec): number {
  const { policy } = spec;
  const work = workMicro(spec);
  return 'verifyMilli' in policy ? work + Math.ceil((work / 1000) * policy.verifyMilli) : work;
}

/** What is wrong with a job's numbers and texts; null when nothing is. */
export function faultOf(spec: JobSpec): string | null {
  if (!isWhole(spec.units, 1, unitsMax)) return 'units must be a whole number from 1 to 2^53 - 1';
  if (!isWhole(spec.unitsPerChunk, 1, unitsPerChunkMax))
    return `unitsPerChunk must be a whole number from 1 to ${unitsPerChunkMax}`;
  if (chunksOf(spec) > chunksMax) return 'too many chunks: make them larger';
  if (!isWhole(spec.unitCostMicro, 1, 1e12)) return 'unitCostMicro must be a whole number from 1 to 10^12';
  const policyFault = faultOfPolicy(spec.policy);
  if (policyFault !== null) return policyFault;
  if (!Number.isSafeInteger(priceOf(spec))) return 'the price is too large';
  if (!(spec.weight > 0 && spec.weight <= 1000)) return 'weight must be above 0 and at most 1000';
  return textsFault(spec, spec.texts);
}

/** What is wrong with how the results shall be verified; null when nothing is. */
function faultOfPolicy(policy: JobSpec['policy']): string | null {
  switch (policy.kind) {
    case 'replicate':
      return isWhole(policy.quorum, 1, quorumMax)
        ? null
        : `quorum must be a whole number from 1 to ${quorumMax}`;
    case 'none':
      return policy.quorum === 1 ? null : 'without verification the quorum is 1';
    case 'certify':
      if (policy.quorum !== 1) return 'under a certificate the quorum is 1';
      if (!/^[0-9a-f]{64}$/.test(policy.certificate)) return 'certificate must be a SHA-256 in hex';
      return 'windowUnits' in policy ? faultOfTerms(policy) : null;
    case 'audit':
    case 'adaptive':
      return policy.quorum === 1 ? faultOfTerms(policy) : 'under audits the quorum is 1';
    default:
      return policy satisfies never;
  }
}

/** What is wrong with the numbers of audits; null when nothing is. */
function faultOfTerms({ windowUnits, leaverUnits, verifyMilli }: AuditedPolicy): string | null {
  if (!isWhole(windowUnits, 1, auditUnitsMax) || !isWhole(leaverUnits, 1, auditUnitsMax))
    return `windowUnits and leaverUnits must be whole numbers from 1 to ${auditUnitsMax}`;
  return isWhole(verifyMilli, 0, verifyMilliMax)
    ? null
    : `verifyMilli must be a whole number from 0 to ${verifyMilliMax}`;
}
