/** Which leases a device holds: for telling it again what it may never have heard. */
import type { Backend, Command, Event, Lease, State } from '../core/state.ts';
import type { LeaseRun } from './batch.ts';

type GiveBackCommand = Extract<Command, { c: 'giveBack' }>;

/** So many leases of a device are remembered before those that are over are thrown out. */
const tidyAt = 64;

export class LeasesByDevice {
  readonly #ids = new Map<string, number[]>();

  /** A lease was given. */
  add(state: State, { device, lease }: Pick<Extract<Event, { e: 'leased' }>, 'device' | 'lease'>): void {
    const ids = this.#ids.get(device);
    if (ids === undefined) this.#ids.set(device, [lease]);
    else if (ids.push(lease) % tidyAt === 0)
      this.#ids.set(
        device,
        ids.filter((id) => isHeld(state, id)),
      );
  }

  /** All that the state knows, from the beginning. */
  reset(state: State): void {
    this.#ids.clear();
    for (const { device, id } of state.leases.values()) this.add(state, { device, lease: id });
  }

  of(state: State, device: string): Lease[] {
    return (this.#ids.get(device) ?? []).flatMap((id) => state.leases.get(id) ?? []);
  }

  /** Replicas that a device still has to compute (with this backend; null: with any), and perhaps some that it has not. */
  heldBy(state: State, device: string, backend: Backend | null): number[] {
    return this.of(state, device)
      .filter((lease) => (backend === null || lease.backend === backend) && lease.left > 0)
      .flatMap(({ id, count }) => Array.from({ length: count }, (_, i) => id + i));
  }

  /**
   * What is given back, with all that its device was leased and does not say it keeps. Asked when it is decided: by then
   * what it asked for before is leased, although it may never have heard of it.
   */
  allBut(state: State, command: GiveBackCommand, keeps: readonly number[]): GiveBackCommand {
    const kept = new Set(keeps);
    const others = this.heldBy(state, command.device, null).filter((id) => !kept.has(id));
    return { ...command, replicas: [...command.replicas, ...others] };
  }
}

function isHeld(state: State, id: number): boolean {
  return (state.leases.get(id)?.left ?? 0) > 0;
}

/**
 * The runs of a device's leased chunks that it did not say it holds. A lease whose message was lost with a connection
 * is told again so, instead of waiting for its deadline; who knows it already does not mind.
 */
export function unheardOf(
  state: State,
  leases: readonly Lease[],
  holding: ReadonlySet<number>,
): (LeaseRun & { deadline: number })[] {
  const runs: (LeaseRun & { deadline: number })[] = [];
  for (const { id, job, chunk, count, slot, deadline } of leases) {
    let from = -1;
    for (let i = 0; i <= count; i++) {
      const unheard = i < count && !holding.has(id + i) && isLeased(state, job, chunk + i, id + i);
      if (unheard && from < 0) from = i;
      if (unheard || from < 0) continue;
      runs.push({ lease: id + from, job, chunk: chunk + from, count: i - from, slot, deadline });
      from = -1;
    }
  }
  return runs;
}

function isLeased(state: State, job: string, chunk: number, replica: number): boolean {
  const replicas = state.jobs.get(job)?.chunks.get(chunk)?.replicas;
  return replicas?.some(({ id, phase }) => id === replica && phase.is === 'leased') === true;
}
