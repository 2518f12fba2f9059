/** Why the rules do not give what somebody asked for: the closed list of reasons. */

/** Why the rules do not give what was asked for. A value, sent back; never an exception. */
export interface Refusal {
  readonly refused: RefusalReason;
  readonly detail?: string;
}

export type RefusalReason =
  | 'unknown-device'
  | 'unknown-job'
  | 'unknown-replica'
  | 'unknown-lease'
  | 'not-yours'
  | 'already-committed'
  | 'same-commitment'
  | 'no-bytes'
  | 'job-closed'
  | 'not-due'
  | 'bad-job'
  | 'insufficient-funds'
  | 'already-so'
  | 'unknown-audit'
  | 'suspended'
  | 'banned'
  | 'no-work'
  | 'no-job-open'
  | 'nothing-for-this-device'
  | 'waiting-for-others'
  | 'holding-enough'
  | 'kernel-paused'
  | 'bad-epoch';
