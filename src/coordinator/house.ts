/** The coordinator's rooms, as its HTTP side sees them: put together in `coordinator.ts`. */
import type { BlockList } from 'node:net';
import type { Auditor } from './auditor.ts';
import type { Blobs } from './blobs.ts';
import type { ChecksBoard } from './checks-view.ts';
import type { Epochs } from './epochs.ts';
import type { Inputs } from './inputs.ts';
import type { Shelf } from './kernels.ts';
import type { Keys } from './keys.ts';
import type { Log } from './log.ts';
import type { NetworkTable } from './networks.ts';
import type { Metrics } from './metrics.ts';
import type { Origins } from './origins.ts';
import type { Results } from './results.ts';
import type { Runtime } from './runtime.ts';
import type { SideTables } from './side.ts';
import type { Views } from './views.ts';
import type { ByeReason } from '../wire/version.ts';
import type { LiveView } from '../wire/views.ts';

export interface House {
  readonly name: string;
  readonly version: string;
  readonly runtime: Runtime;
  readonly log: Log;
  readonly keys: Keys;
  readonly side: SideTables;
  readonly views: Views;
  readonly checks: ChecksBoard;
  readonly epochs: Epochs;
  readonly results: Results;
  /** Gives out what was drawn, to the anchor here and to those elsewhere. */
  readonly auditor: Auditor;
  readonly blobs: Blobs;
  readonly inputs: Inputs;
  readonly shelf: Shelf;
  readonly metrics: Metrics;
  readonly origins: Origins;
  readonly proxies: BlockList;
  /** The operator's table of networks; null: there is none. */
  readonly networks: NetworkTable | null;
  readonly loopbackExempt: boolean;
  readonly anchorShare: number;
  /** Where the built pages lie; null when there are none. */
  readonly webDir: string | null;
  now(): number;
  live(): LiveView;
  /** Says goodbye to whoever computes for that site now; where a device is named, to that one alone. */
  dismiss(whom: { readonly site: string; readonly device?: string }, reason: ByeReason, detail: string): void;
  /** Writes everything that must not be lost into one file. */
  backup(file: string): Promise<void>;
}
