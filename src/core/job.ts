/** What a requester submits: a kernel, its input and a price, and how results are verified. */
import type { AuditTerms } from './audit.ts';
import type { JobTexts } from './texts.ts';

/** How a job's results are verified: chosen by its requester, fixed at submission. */
export type Policy = PlainPolicy | CertifyPolicy | AuditedPolicy;

/** Those under which units are drawn and computed again. */
export type AuditedPolicy = AuditPolicy | CertifyAuditPolicy;

/**
 * `replicate`: `quorum` distinct people must agree on a chunk, which is final at once. `none`: one answer is enough, and
 * nobody looks at it again (quorum 1).
 */
export interface PlainPolicy {
  readonly kind: 'replicate' | 'none';
  /** How many people must agree, 1 … 5. */
  readonly quorum: number;
}

/**
 * `certify`: one answer is enough, and final at once, where the kernel's certificate vouches for each of its outputs. The shell
 * asks it before the rules hear of the answer [CT1]. For certificates that leave nothing out.
 */
export interface CertifyPolicy {
  readonly kind: 'certify';
  readonly quorum: 1;
  /** Lower-case hex SHA-256 of the kernel's certificate, which decides for ever in this job. */
  readonly certificate: string;
}

/** `certify` where the certificate vouches for part of an output: units are drawn for the rest of it, as under `audit` [CT3]. */
export interface CertifyAuditPolicy extends CertifyPolicy, AuditTerms {
  readonly verifyMilli: number;
}

/**
 * `audit`: one answer makes a chunk provisional; units of it are drawn in secret and recomputed, and work is final as
 * [AU3] to [AU5] say. `adaptive`: a newcomer's chunks are computed by a second person too [TR1].
 */
export interface AuditPolicy extends AuditTerms {
  readonly kind: 'audit' | 'adaptive';
  readonly quorum: 1;
  /** What the requester sets aside for audits and second copies, in thousandths of the work's own price [LG5]. */
  readonly verifyMilli: number;
}

/** What a requester submits; fixed for ever once in the log. */
export interface JobSpec {
  /** `name@version` of a kernel of the catalogue. */
  readonly kernel: string;
  /** Lower-case hex SHA-256 of the kernel's WebAssembly, its shader (or null) and the job's input. */
  readonly wasm: string;
  readonly wgsl: string | null;
  readonly input: string;
  /** `exact`: roots are compared. `tolerance`: a GPU's answer counts where the shell found it to agree with a WASM one. */
  readonly agreement: 'exact' | 'tolerance';
  readonly units: number;
  readonly unitsPerChunk: number;
  /** Price of one unit, in microcredits, for each person who is paid for it. */
  readonly unitCostMicro: number;
  readonly policy: Policy;
  /** Share of the coordinator's attention among open jobs; equal weights get equal work. */
  readonly weight: number;
  readonly title: string;
  /** For whom: shown to volunteers before they start. */
  readonly cause: string;
  /** A demonstration says so: its answer is known. */
  readonly demonstration: boolean;
  /** Title and cause once more in other languages (`zh`); absent in older records, and where there is none. */
  readonly texts?: JobTexts;
}

/** What a job's work costs, in microcredits: every unit, for every person its policy asks for. */
export function workMicro({ units, unitCostMicro, policy }: JobSpec): number {
  return units * unitCostMicro * policy.quorum;
}

/** Whether a job's results are recomputed in part. */
export function isAudited({ policy }: JobSpec): boolean {
  return 'windowUnits' in policy;
}
