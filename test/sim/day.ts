/** How a day of the simulator went. */
import type { Fault, Tally } from './verdicts.ts';
import type { Climate } from './weather.ts';

export interface Day {
  readonly climate: Climate;
  /** SHA-256 of the log, record by record. */
  readonly log: string;
  readonly records: number;
  readonly tally: Tally;
  readonly steps: number;
  readonly crashes: number;
  readonly failedAppends: number;
  /** Results that devices still kept when they came back from long without a network. */
  readonly keptLong: number;
  /** When the last job concluded, in ms after the start. */
  readonly endedMs: number;
  /** What each account has earned for good, in microcredits. */
  readonly vested: ReadonlyMap<string, number>;
  readonly fault: Fault | null;
}
