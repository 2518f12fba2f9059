/**
 * Which records of the log everybody may read [LO10]: those that say nothing any more that somebody could gain by. What is
 * held back follows from the record and the state alone, and no clock is asked: a record that is public once stays so.
 */
import { has } from '../core/intervals.ts';
import type { Audit, Event, State } from '../core/state.ts';

/** Why a record is not public yet. */
export type Held =
  /** It tells of answers to a chunk that may still be computed by somebody: it is not final, and its job not over. */
  | 'answer'
  /** It tells which units are drawn, and they were not all recomputed. */
  | 'draw'
  /** It tells who computes a chunk that nobody's answer has settled. */
  | 'lease';

/** The audits of a chunk that are still to be made. */
export type Awaited = (job: string, chunk: number) => readonly Audit[];

interface Sorted {
  readonly next: number;
  readonly size: number;
  readonly byChunk: Map<string, Audit[]>;
}

/** Audits in order of their chunks, by the map that holds them: putting many in order for each record would cost more than reading it. */
const inOrder = new WeakMap<State['audits'], Sorted>();

/**
 * Looks audits up by chunk. One that has lost an author since they were put in order may be found with all it had: then a
 * record is held back for longer, never for less.
 */
export function awaitedIn({ audits, nextAudit: next }: State): Awaited {
  return (job, chunk) => {
    let known = inOrder.get(audits);
    if (known?.next !== next || known.size !== audits.size)
      inOrder.set(audits, (known = { next, size: audits.size, byChunk: sorted(audits.values()) }));
    return known.byChunk.get(`${job}/${chunk}`) ?? [];
  };
}

function sorted(audits: Iterable<Audit>): Map<string, Audit[]> {
  const byChunk = new Map<string, Audit[]>();
  for (const audit of audits) {
    const key = `${audit.job}/${audit.chunk}`;
    const known = byChunk.get(key);
    if (known === undefined) byChunk.set(key, [audit]);
    else known.push(audit);
  }
  return byChunk;
}

/** Why a record with these events is not public yet; null when it is. The state must be a durable one. */
export function heldFor(state: State, events: readonly Event[], awaited = awaitedIn(state)): Held | null {
  for (const event of events) {
    const held = heldBy(state, event, awaited);
    if (held !== null) return held;
  }
  return null;
}

function heldBy(state: State, event: Event, awaited: Awaited): Held | null {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- all others tell of no answer, draw or lease
  switch (event.e) {
    case 'leased':
      // Known for as long as one of its chunks is open, however its replicas ended.
      return state.leases.has(event.lease) ? 'lease' : null;
    case 'disproved':
      // An auditor was wrong, and what it was to look at still is to be recomputed: so these units are drawn.
      if (event.audit !== undefined && state.audits.has(event.audit)) return 'draw';
      return isSettled(state, event.job, event.chunk) ? null : 'answer';
    case 'rechecked':
      // That others still are to look at these units tells that they were drawn.
      if (state.audits.has(event.audit)) return 'draw';
      return isSettled(state, event.job, event.chunk) ? null : 'answer';
    case 'committed':
    case 'audited':
      return isSettled(state, event.job, event.chunk) ? null : 'answer';
    case 'accepted': {
      const { winners, job, chunk, drawn = [] } = event;
      if (!isSettled(state, job, chunk)) return 'answer';
      return winners.some(({ device }) => isAwaited(awaited(job, chunk), device, drawn)) ? 'draw' : null;
    }
    case 'drawn':
      for (const [chunk, units] of event.drawn) {
        if (!isSettled(state, event.job, chunk)) return 'answer';
        if (isAwaited(awaited(event.job, chunk), event.device, units)) return 'draw';
      }
      return null;
    default:
      return null;
  }
}

/** Whether nobody will compute a chunk again: it is final, or its job is over. A provisional one may become void, and free. */
function isSettled({ jobs }: State, id: string, chunk: number): boolean {
  const job = jobs.get(id);
  return job === undefined || has(job.final, chunk);
}

/** Whether one of these units of a device's answer is still to be recomputed. */
function isAwaited(audits: readonly Audit[], device: string, drawn: readonly number[]): boolean {
  return audits.some(
    ({ authors, units }) =>
      authors.some((key) => key.startsWith(`${device}/`)) && drawn.some((unit) => units.includes(unit)),
  );
}
