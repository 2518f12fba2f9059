/** The state as JSON text and back, so that a restart costs a snapshot and a tail and not the whole log. */
import { emptyState } from './state.ts';
import type { BusySlot, Job, LedgerAccount, State } from './state.ts';

/** Changes whenever the shape below does: a snapshot of another shape is not read, the log is folded instead. */
export const snapshotSchema = 3;

/** The state as text. Order within maps and sets is kept: a restored machine picks as the old one would have. */
export function freeze(state: State): string {
  return JSON.stringify({
    schema: snapshotSchema,
    at: state.at,
    nextReplica: state.nextReplica,
    nextJob: state.nextJob,
    devices: [...state.devices],
    accounts: [...state.accounts],
    jobs: [...state.jobs.values()].map((job) => ({
      ...job,
      chunks: [...job.chunks],
      wanting: [...job.wanting].map(([key, chunks]) => [key, [...chunks]]),
      wantingKey: [...job.wantingKey],
    })),
    replicas: [...state.replicas],
    leases: [...state.leases],
    balances: [...state.balances].map(([account, balance]) => [account, balance.toString()]),
    pausedKernels: [...state.pausedKernels],
    busy: [...state.busy],
    busyRateMilli: state.busyRateMilli,
  });
}

type Frozen = Omit<Record<keyof State, unknown>, 'at' | 'nextReplica' | 'nextJob' | 'busyRateMilli'> &
  Pick<State, 'at' | 'nextReplica' | 'nextJob' | 'busyRateMilli'> & {
    schema: number;
    devices: [string, never][];
    accounts: [string, never][];
    jobs: (Omit<Job, 'chunks' | 'wanting' | 'wantingKey'> & {
      chunks: [number, never][];
      wanting: [string, number[]][];
      wantingKey: [number, string][];
    })[];
    replicas: [number, number][];
    leases: [number, never][];
    balances: [LedgerAccount, string][];
    pausedKernels: [string, string][];
    busy: [string, BusySlot][];
  };

/** The state that `freeze` wrote; null when the text is of another schema. The text is our own: it is trusted. */
export function thaw(text: string): State | null {
  const frozen = JSON.parse(text) as Frozen;
  if (frozen.schema !== snapshotSchema) return null;
  const jobs = frozen.jobs.map((job): [string, Job] => [
    job.id,
    {
      ...job,
      chunks: new Map(job.chunks),
      wanting: new Map(job.wanting.map(([key, chunks]) => [key, new Set(chunks)])),
      wantingKey: new Map(job.wantingKey),
    },
  ]);
  return {
    ...emptyState(),
    at: frozen.at,
    nextReplica: frozen.nextReplica,
    nextJob: frozen.nextJob,
    devices: new Map(frozen.devices),
    accounts: new Map(frozen.accounts),
    jobs: new Map(jobs),
    replicas: new Map(frozen.replicas),
    leases: new Map(frozen.leases),
    balances: new Map(frozen.balances.map(([account, balance]) => [account, BigInt(balance)])),
    pausedKernels: new Map(frozen.pausedKernels),
    busy: new Map(frozen.busy),
    busyRateMilli: frozen.busyRateMilli,
  };
}
