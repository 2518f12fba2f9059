/** What volunteers and the simulated coordinator say to each other: the wire's words, with roots in place of digests, bytes and signatures. */
import type { Slot } from '../../src/core/state.ts';
import type { FromCoordinator, FromVolunteer, ReceiptWord } from '../../src/wire/volunteer.ts';

export interface CommitItem {
  readonly replica: number;
  readonly root: string;
  readonly bytes: boolean;
  /** What the bytes really hold, where that is not what the root says. */
  readonly output?: string;
}

/** A commit: a root stands for digests and, where it says so, for bytes. */
export interface CommitMessage {
  readonly t: 'commit';
  readonly items: readonly CommitItem[];
  readonly slots: readonly Slot[];
}

/** What a device says when it signs in; the signature is taken for granted. */
export interface HelloMessage {
  readonly t: 'hello';
  readonly device: string;
  readonly account: string;
  readonly group: string;
  readonly role: 'volunteer' | 'anchor';
  readonly holding: readonly number[];
  readonly nonce: string;
}

/** The answer to an audit: for each unit the answer to its chunk stands for the unit's bytes. */
export interface AuditAnswerMessage {
  readonly t: 'auditAnswer';
  readonly audit: number;
  readonly answers: readonly (string | null)[];
}

export type UpMessage =
  | HelloMessage
  | CommitMessage
  | AuditAnswerMessage
  | Exclude<FromVolunteer, { t: 'hello' }>;

export interface Outgoing {
  readonly socket: number;
  readonly word: FromCoordinator;
}

/** A receipt that is still being written: the lists grow. */
export type OpenReceipt = ReceiptWord & { readonly acks: number[]; readonly lost: number[] };

/** A receipt without leaves and paths: the simulator's volunteers do not check them. */
export function receipt(over: {
  acks?: number[];
  settled?: ReceiptWord['settled'];
  lost?: number[];
}): OpenReceipt {
  return {
    t: 'receipt',
    acks: over.acks ?? [],
    settled: over.settled ?? [],
    lost: over.lost ?? [],
    tick: null,
  };
}

/** One settled replica of a receipt. */
export function settledWord(
  replica: number,
  job: string,
  chunk: number,
  { amountMicro, withAnchor }: { readonly amountMicro: number; readonly withAnchor: boolean },
): ReceiptWord['settled'][number] {
  return { replica, job, chunk, amountMicro, withAnchor, final: true };
}
