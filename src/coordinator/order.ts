/** What the loop is asked to decide, and what it answers. */
import type { Command, Event, RefusalReason } from '../core/state.ts';
import type { Outputs, StoreFault } from './log.ts';

/** Something that shall be decided, and who wants to know. */
export interface Order {
  readonly command: Command;
  /** Of a `giveBack`: all else that its device is leased when this is decided comes back too, but for these. */
  readonly keeps?: readonly number[];
  /** What came with a commit. */
  readonly outputs: Outputs | null;
  /** Called once: when it is durable, or refused. */
  readonly done: ((outcome: Outcome) => void) | null;
}

/** Who hears what became of its commitment. */
interface Author {
  commitAnswered(replica: number, outcome: Outcome): void;
}

type Commit = Extract<Command, { c: 'commit' }>;

/** A volunteer's commitment: one object for all of it, since there is one for every chunk. */
export class CommitOrder implements Order {
  readonly command: Commit;
  readonly outputs: Outputs | null;
  readonly #from: Author;

  constructor(from: Author, command: Commit, outputs: Outputs | null) {
    this.command = command;
    this.outputs = outputs;
    this.#from = from;
  }

  done(outcome: Outcome): void {
    this.#from.commitAnswered(this.command.replica, outcome);
  }
}

export type Outcome = { readonly refused: null; readonly events: readonly Event[] } | RefusedOrder;

export interface RefusedOrder {
  readonly refused: RefusalReason | 'store' | 'busy' | 'stopping' | 'internal';
  readonly detail?: string;
  /** Worth trying again after so long. */
  readonly retryMs?: number;
}

/** When to try again where the store failed. */
export const storeRetryMs = 5_000;

/** What everybody hears while the store takes no writes. */
export function storeRefusal(fault: StoreFault): RefusedOrder {
  return { refused: 'store', detail: fault.reason, retryMs: storeRetryMs };
}
