/**
 * Renews the tables of what comes and goes, so that memory is let go of soon. A `Map` out of which as much is taken as put in
 * lays its entries out anew time after time, and what it leaves behind points to what followed. Where one of those has grown old,
 * V8, which collects what is young without looking at what is old, takes all that came later to be in use: measured,
 * four fifths of all leases outlived their end by a second. A table that begins anew is followed by nothing.
 */
import { evolve } from './evolve.ts';
import type { Event, Job, State } from './state.ts';

/** Leases between two renewals, at least; a multiple of it and a power of two where more are open, so that each costs the same. */
const leasesMin = 1024;

type Leased = Extract<Event, { e: 'leased' }>;

/** `evolve`, where work goes on and on; whoever folds a log has no use for tables that begin anew. */
export function evolveAtWork(state: State, event: Event, at: number): void {
  evolve(state, event, at);
  if (event.e === 'leased') renewTables(state, event);
}

/** Sees that a lease was given; called last. Nothing in the state is another afterwards, only what holds it. */
export function renewTables(
  state: State,
  { job: id, lease, count }: Pick<Leased, 'job' | 'lease' | 'count'>,
): void {
  let every = leasesMin;
  while (every < state.replicas.size) every *= 2;
  if (Math.floor(lease / every) === Math.floor((lease + count) / every)) return;
  const job = state.jobs.get(id) as Job;
  state.leases = copyOf(state.leases);
  state.replicas = copyOf(state.replicas);
  state.busy = copyOf(state.busy);
  job.chunks = copyOf(job.chunks);
  job.wanting = copyOf(job.wanting);
  job.wantingKey = copyOf(job.wantingKey);
}

function copyOf<K, V>(table: ReadonlyMap<K, V>): Map<K, V> {
  const copy = new Map<K, V>();
  for (const [key, value] of table) copy.set(key, value);
  return copy;
}
