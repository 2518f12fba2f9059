/** What oracles say and keep: a fault, a day's tally, and their own books of each open job. */
import type { JobSpec } from '../../src/core/state.ts';

export type Oracle = 'safe' | 'progress' | 'fair' | 'honest';

/** What an oracle found wrong. */
export interface Fault {
  readonly oracle: Oracle;
  readonly sentence: string;
}

/** Thrown at the first fault: what follows it would only be noise. */
export class OracleFault extends Error {
  readonly fault: Fault;
  constructor(fault: Fault) {
    super(`${fault.oracle}: ${fault.sentence}`);
    this.fault = fault;
  }
}

export interface Tally {
  commands: number;
  leased: number;
  committed: number;
  accepted: number;
  wrong: number;
  expired: number;
  returned: number;
  disputes: number;
  misdeeds: number;
  finished: number;
  cancelled: number;
  withAnchor: number;
  /** Provisional chunks that were wrong; what of it became final; what was void; who was disproved. */
  provisionallyWrong: number;
  wrongFinal: number;
  voided: number;
  disproved: number;
  audited: number;
  /** Audits that volunteers made; those of them that called right what was wrong; auditors that were found wrong. */
  byPeople: number;
  vouched: number;
  auditorsWrong: number;
  /** Canaries and disputes. */
  rechecked: number;
}

/** Nothing has happened yet. */
export function emptyTally(): Tally {
  return {
    commands: 0,
    leased: 0,
    committed: 0,
    accepted: 0,
    wrong: 0,
    expired: 0,
    returned: 0,
    disputes: 0,
    misdeeds: 0,
    finished: 0,
    cancelled: 0,
    withAnchor: 0,
    provisionallyWrong: 0,
    wrongFinal: 0,
    voided: 0,
    disproved: 0,
    audited: 0,
    byPeople: 0,
    vouched: 0,
    auditorsWrong: 0,
    rechecked: 0,
  };
}

/** What the oracles know of an open job. */
export interface JobRecord {
  readonly spec: JobSpec;
  priceMicro: number;
  paidMicro: number;
  readonly final: Set<number>;
  /** Chunks that are only provisional, with what was answered and by whom. */
  readonly provisional: Map<number, { readonly root: string; readonly devices: readonly string[] }>;
  readonly leases: Map<number, number>;
}

/** Throws a fault where something does not hold. */
export function demand(holds: boolean, oracle: Oracle, sentence: () => string): void {
  if (!holds) throw new OracleFault({ oracle, sentence: sentence() });
}
