/** What a browser profile keeps over a reload, and what a test watches of it. */
import type { Loop, LoopEffect } from '../../../src/volunteer/loop.ts';
import type { LeaseRecord, Remembered, ResultName } from '../../../src/volunteer/loop/words.ts';
import type { Engines } from './engines.ts';

type EffectOf<K extends LoopEffect['do']> = Extract<LoopEffect, { readonly do: K }>;

/** How a replica ended for its device: durable, paid, or of no use any more. */
export type Ending = 'acked' | 'settled' | 'lost' | 'refused' | 'over';

/** What a browser profile keeps over a reload, and what the test watches. */
export interface Profile {
  readonly name: string;
  readonly account: string;
  loop: Loop;
  /** Raised by a reload: what was under way for the page before is nobody's. */
  visit: number;
  socket: number | null;
  wake: number | null;
  readonly results: Map<number, ResultName>;
  readonly leases: Map<number, LeaseRecord>;
  coordinator: string | null;
  /** Everything that was ever said about a replica to this device, and by it. */
  readonly taken: Map<number, string>;
  readonly computed: Map<number, string>;
  /** Replicas that the coordinator closed in a word that arrived, and how: the last word counts. */
  readonly closedBy: Map<number, Ending>;
  /** Replicas whose receipt it was told. */
  readonly paid: Set<number>;
  listed: number[];
  engines: Engines;
  /** Audits that were begun in this visit and neither answered nor dropped. */
  readonly answers: Set<number>;
  /** Units of others that counted in this visit, by audit, as the words say that came. */
  readonly checked: Map<number, number>;
  /** Programs on which its cores have proven themselves, in this visit or before. */
  readonly proven: Set<string>;
}

/** What the next visit finds. */
export function rememberedBy({ name, account, coordinator, results, leases }: Profile): Remembered {
  return {
    device: name,
    account,
    coordinator,
    head: null,
    results: [...results.values()],
    leases: [...leases.values()],
  };
}

/** Keeps what the loop wants kept; says what is wrong with that. */
export function keep(
  profile: Profile,
  effect: EffectOf<'keepResult' | 'keepDurable' | 'dropResults' | 'keepLease' | 'dropLeases' | 'keepHead'>,
): string[] {
  const faults: string[] = [];
  switch (effect.do) {
    case 'keepResult': {
      const { replica, root } = effect.result;
      if (profile.computed.has(replica)) faults.push(`two results for ${replica}`);
      profile.computed.set(replica, root);
      profile.results.set(replica, effect.result);
      break;
    }
    case 'keepDurable':
      for (const id of effect.replicas) {
        const result = profile.results.get(id);
        if (result === undefined) faults.push(`the outbox lost ${id}, which is durable`);
        else profile.results.set(id, { ...result, bytes: false, durable: true });
      }
      break;
    case 'dropResults':
      for (const id of effect.replicas) {
        if (profile.results.delete(id) && !profile.closedBy.has(id)) faults.push(`the outbox lost ${id}`);
      }
      break;
    case 'keepLease':
      profile.leases.set(effect.lease.lease, effect.lease);
      break;
    case 'dropLeases':
      for (const id of effect.leases) profile.leases.delete(id);
      break;
    case 'keepHead':
      profile.coordinator = effect.coordinator;
      break;
    default:
      effect satisfies never;
  }
  return faults;
}
