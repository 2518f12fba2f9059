/** Small things the simulated coordinator asks: where a replica stands, which answers agree, which refusals wait. */
import type { Chunk, Command, Decision, Event, Job, RefusalReason, State } from '../../src/core/state.ts';
import type { JobDescriptor } from '../../src/wire/volunteer.ts';
import { valueOf } from './truth.ts';

/** What became of an order: a decision, or the store that took nothing. */
export type Outcome = Decision | { readonly refused: 'store' };

/** Whether a refused ask waits at the coordinator. Where no job is open it does not: news of one brings a fresh ask, with fresh speeds. */
export function waits(refused: RefusalReason): boolean {
  return refused !== 'unknown-device' && refused !== 'no-job-open';
}

export function isStoreRefusal(outcome: Outcome): outcome is { readonly refused: 'store' } {
  return 'refused' in outcome && outcome.refused === 'store';
}

export function descriptorOf({ id, spec }: Job): JobDescriptor {
  const { kernel, wasm, wgsl, input, agreement, units, unitsPerChunk, unitCostMicro } = spec;
  return { job: id, kernel, wasm, wgsl, input, agreement, units, unitsPerChunk, unitCostMicro };
}

/** Who gives chunks back for one of these wants no others for now. */
export const restReasons: ReadonlySet<string> = new Set(['paused', 'finished', 'closing']);
/** What may make work for somebody who waits. */
export const makesWork: ReadonlySet<Event['e']> = new Set([
  'leased',
  'committed',
  'returned',
  'expired',
  'submitted',
  'kernelResumed',
  'voided',
]);

/** A replica of an open chunk, with all around it; null when no open chunk knows it. */
export function whereIs(
  state: State,
  id: number,
): { readonly job: Job; readonly chunk: Chunk; readonly replica: Chunk['replicas'][number] } | null {
  const lease = state.leases.get(state.replicas.get(id) ?? -1);
  const job = lease === undefined ? undefined : state.jobs.get(lease.job);
  const chunk = lease === undefined ? undefined : job?.chunks.get(lease.chunk + (id - lease.id));
  const replica = chunk?.replicas.find((one) => one.id === id);
  return job === undefined || chunk === undefined || replica === undefined ? null : { job, chunk, replica };
}

/** Which committed answers of its chunk a new one agrees with, as the shell finds by comparing bytes. */
export function agreeing(state: State, id: number, root: string): number[] {
  const found = whereIs(state, id);
  if (found === null || found.job.spec.agreement === 'exact') return [];
  const { chunk, replica } = found;
  return chunk.replicas
    .filter(
      (r) =>
        r.id !== id &&
        r.backend !== replica.backend &&
        r.phase.is === 'committed' &&
        valueOf(r.phase.root) === valueOf(root),
    )
    .map((r) => r.id);
}

/** The network that a group is in, as its name says (`net3@as1`); '' where it says none. */
export function networkOf(group: string): string {
  return group.split('@')[1] ?? '';
}

/**
 * A command with all that depends on what was decided just before it: which answers a commitment agrees with; and of whoever
 * goes away, what it is leased and does not keep [WR13].
 */
export function whole(state: State, command: Command, keeps?: readonly number[]): Command {
  if (command.c === 'commit') return { ...command, agrees: agreeing(state, command.replica, command.root) };
  if (command.c !== 'giveBack' || keeps === undefined) return command;
  const held: number[] = [];
  for (const { id, device, count, left } of state.leases.values())
    if (device === command.device && left > 0) for (let i = 0; i < count; i++) held.push(id + i);
  return { ...command, replicas: [...command.replicas, ...held.filter((id) => !keeps.includes(id))] };
}
