/** What a member of the zoo is: who it is, what is demanded of its day, and what is switched off to see that it was that. */
import type { Rules } from './disk.ts';
import type { Oracle } from './oracles.ts';
import type { Role } from './people.ts';
import type { Edit } from './plant.ts';
import type { Story } from './zoo-rules.ts';

/**
 * Oracles of a day's end. `earnings`: who cheats earns less than who does not. `accomplices`: who lies together falls together.
 * `shares`: nobody gets more of a job than its machine is worth. `leases`: the log holds no leases without end. `record`: what was
 * done stands in the log against who did it, and against nobody else. `completion`: the job ends without them.
 */
export type EndOracle = 'earnings' | 'accomplices' | 'shares' | 'leases' | 'record' | 'completion';

export interface Member {
  readonly role: Role;
  /** How many of them there are; fresh keys come one after another and stay for a while. */
  readonly count?: number;
  readonly freshKeys?: boolean;
  /** Volunteers audit too: else what it earns would hold what its audits are paid. */
  readonly auditors?: true;
  /** In so many of a thousand chunks a gang lies, where that is not as many as usual. */
  readonly lies?: number;
  /** Units of its job, where that is larger than usual. */
  readonly units?: number;
  /** The terms that a requester gets who names no numbers; else every unit is recomputed before it is final. */
  readonly terms?: 'usual';
  /** All behind one address. */
  readonly together?: boolean;
  readonly kind: 'audit' | 'adaptive' | 'certify';
  readonly uneven?: boolean;
  /** Which oracle looks at the day's end, beside those that follow the day; what it demands of this member, in words and as a rule. */
  readonly end: EndOracle;
  readonly demands: string;
  readonly holds: (story: Story) => boolean;
  /** What is decided by lot, and so is demanded of one of its days only. */
  readonly holdsOnce?: (story: Story) => boolean;
  /** What is switched off, and what tells that the member gets through then. */
  readonly defence: string;
  readonly off: readonly Edit[] | Partial<Rules>;
  readonly toldBy: Oracle | EndOracle;
  readonly seeds?: readonly number[];
}
