/** What makes a device different from others: what it computes, how fast, what it says and what it hears. */
import type { Backend } from '../../src/core/state.ts';
import type { FromCoordinator, JobDescriptor } from '../../src/wire/volunteer.ts';
import type { UpMessage } from './messages.ts';

export interface Manner {
  /** What its engine gives out for a chunk; null = it never finishes. */
  answer(job: JobDescriptor, chunk: number, backend: Backend): string | null;
  /** What it says of a chunk that it audits, where that is not what it would answer itself. */
  audit?(job: JobDescriptor, chunk: number): string | null;
  /** How many times longer than honest a chunk takes just now. */
  slowness(): number;
  /** What really goes out in place of a message. */
  outgoing(message: UpMessage): readonly UpMessage[];
  /** What it hears in place of a word, and what it says to it beside. */
  readonly incoming?: (word: FromCoordinator) => {
    readonly hears: readonly FromCoordinator[];
    readonly says: readonly UpMessage[];
  };
}
