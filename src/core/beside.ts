/**
 * How much of what a newcomer is leased under `adaptive` a second person computes too [TR1]: no more at a time than it takes to be known.
 * Answers of others take seconds, and meanwhile it computes on; were all of that computed twice, a visit of a minute would cost most of
 * itself once more.
 */
import { chunkCostMicro, identityKey } from './state.ts';
import type { Device, Job, Lease, State } from './state.ts';
import { probationMicro, provenNow, tierOf } from './trust.ts';

/** A lease begins. One of a newcomer is found by whose it is. */
export function putLease({ leases, besides }: State, lease: Lease): void {
  leases.set(lease.id, lease);
  if (!lease.beside) return;
  const key = identityKey(lease.device, lease.backend);
  const known = besides.get(key);
  if (known === undefined) besides.set(key, new Set([lease.id]));
  else known.add(lease.id);
}

/** Nothing of it is open any more. */
export function dropLease({ leases, besides }: State, lease: Lease): void {
  leases.delete(lease.id);
  if (!lease.beside) return;
  const key = identityKey(lease.device, lease.backend);
  const known = besides.get(key);
  known?.delete(lease.id);
  if (known?.size === 0) besides.delete(key);
}

/** Work of it that a second person computes too and that is not settled, in microcredits. */
function waitingMicro({ besides, leases, jobs }: State, key: string): number {
  let micro = 0;
  for (const id of besides.get(key) ?? []) {
    const { job, chunk, open } = leases.get(id) as Lease;
    micro += open * chunkCostMicro((jobs.get(job) as Job).spec, chunk);
  }
  return micro;
}

/** Whether somebody must be stood beside: a volunteer that is not known yet, in a job whose policy says so. */
export function isNewcomer(
  { identities }: State,
  { spec }: Job,
  { role }: Device,
  key: string,
  at: number,
): boolean {
  if (spec.policy.kind !== 'adaptive' || role !== 'volunteer') return false;
  const identity = identities.get(key);
  return identity === undefined || tierOf(identity, at) === 0;
}

/** Of fresh chunks a newcomer may be leased so many beside others; 0: what waits is enough, and it is looked at as under `audit`. */
export function besideMost(state: State, { spec }: Job, key: string, at: number): number {
  const identity = state.identities.get(key);
  const proven = identity === undefined ? 0 : provenNow(identity, at);
  const left = probationMicro - proven - waitingMicro(state, key);
  return left <= 0 ? 0 : Math.ceil(left / chunkCostMicro(spec, 0));
}
