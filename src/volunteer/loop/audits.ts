/** What the loop remembers of audits: units of others that it was asked to recompute. Nothing of it outlives a connection. */

/** An audit that is ours to make, and at which core. */
export interface HeldAudit {
  readonly audit: number;
  readonly job: string;
  /** Numbers in the job, ascending. */
  readonly units: readonly number[];
  readonly slot: number;
  /** The slot's engine when it was taken. A later one knows nothing of it. */
  readonly engine: number;
  running: boolean;
  /** Then somebody else is asked. */
  readonly until: number;
}

export interface Audits {
  readonly held: Map<number, HeldAudit>;
  /** Answered, and not heard of since: how many units each has. */
  readonly answered: Map<number, number>;
  /** Those that counted on this connection: whichever word of them comes again, it is old. */
  readonly counted: Set<number>;
  /** On their way back. */
  back: number[];
  /** What counted, in this visit. */
  checked: { audits: number; units: number; amountMicro: number };
}

/** Before the first. */
export function noAudits(): Audits {
  return {
    held: new Map(),
    answered: new Map(),
    counted: new Set(),
    back: [],
    checked: { audits: 0, units: 0, amountMicro: 0 },
  };
}
