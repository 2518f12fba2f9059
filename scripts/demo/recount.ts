/** Reads a coordinator's log from its data folder and counts again, from nothing but the events: who computed what, with what, and what it earned. */
import { join } from 'node:path';
import { assertInvariants } from '../../src/core/invariants.ts';
import { evolve } from '../../src/core/evolve.ts';
import { emptyState } from '../../src/core/state.ts';
import type { Backend, Event, State } from '../../src/core/state.ts';
import { SqliteLog } from '../../src/coordinator/log-sqlite.ts';

/** What one account did. */
export interface Share {
  readonly account: string;
  readonly anchor: boolean;
  /** Chunks it was paid for, by `kernel backend`. */
  readonly chunks: Map<string, number>;
  creditMicro: number;
}

export interface Recount {
  readonly state: State;
  readonly events: number;
  readonly ticks: number;
  readonly shares: readonly Share[];
  readonly settledByPeople: number;
  readonly settledWithAnchor: number;
  /** Answers that a settled chunk went against, or that audits found wrong. */
  readonly refuted: number;
  /** Audits that were made, and the units recomputed in them. */
  readonly audits: number;
  readonly audited: number;
  readonly misdeeds: number;
  readonly expired: number;
}

/** Folds the log of a data folder whose coordinator has ended. Throws when an invariant does not hold. */
export async function recount(dataFolder: string): Promise<Recount> {
  const log = new SqliteLog(join(dataFolder, 'log.db'));
  try {
    return await fold(log);
  } finally {
    await log.close();
  }
}

async function fold(log: SqliteLog): Promise<Recount> {
  const state = emptyState();
  const tally = new Tally();
  let events = 0;
  let ticks = 0;
  for (;;) {
    const records = await log.read(ticks, 500);
    if (records.length === 0) break;
    for (const { tick, record } of records) {
      const { at, events: happened } = JSON.parse(new TextDecoder().decode(record)) as {
        at: number;
        events: Event[];
      };
      for (const event of happened) {
        tally.see(state, event);
        evolve(state, event, at);
      }
      events += happened.length;
      ticks = tick;
    }
  }
  assertInvariants(state);
  return { state, events, ticks, ...tally.told() };
}

class Tally {
  readonly #shares = new Map<string, Share>();
  readonly #with = new Map<number, { kernel: string; backend: Backend }>();
  #byPeople = 0;
  #withAnchor = 0;
  #refuted = 0;
  #misdeeds = 0;
  #expired = 0;
  #audits = 0;
  #audited = 0;

  see(state: State, event: Event): void {
    if (event.e === 'joined') this.#share(event.account, event.role === 'anchor');
    else if (event.e === 'leased') {
      const kernel = state.jobs.get(event.job)?.spec.kernel ?? 'unknown';
      for (let i = 0; i < event.count; i++)
        this.#with.set(event.lease + i, { kernel, backend: event.backend });
    } else if (event.e === 'misdeed') this.#misdeeds++;
    else if (event.e === 'expired') this.#expired += event.replicas.length;
    else if (event.e === 'accepted') this.#accepted(event);
    else if (event.e === 'voided') this.#voided(event);
    else if (event.e === 'disproved') this.#refuted++;
    else if (event.e === 'audited') {
      this.#audits++;
      this.#audited += event.units.length;
    }
  }

  /** What was pending for it is taken back. */
  #voided({ account, entries }: Extract<Event, { e: 'voided' }>): void {
    for (const entry of entries)
      if (entry.from === `pending:${account}`) this.#share(account, false).creditMicro -= entry.amountMicro;
  }

  #accepted(event: Extract<Event, { e: 'accepted' }>): void {
    let anchored = false;
    for (const winner of event.winners) {
      const share = this.#share(winner.account, false);
      const how = this.#with.get(winner.replica);
      const key = `${how?.kernel ?? 'unknown'} ${how?.backend ?? 'unknown'}`;
      share.chunks.set(key, (share.chunks.get(key) ?? 0) + 1);
      anchored ||= share.anchor;
    }
    for (const entry of event.entries) {
      if (entry.to.startsWith('vested:') || entry.to.startsWith('pending:'))
        this.#share(entry.to.slice(entry.to.indexOf(':') + 1), false).creditMicro += entry.amountMicro;
    }
    if (anchored) this.#withAnchor++;
    else this.#byPeople++;
    this.#refuted += event.losers.length;
  }

  #share(account: string, anchor: boolean): Share {
    const known = this.#shares.get(account);
    if (known !== undefined) return known;
    const share: Share = { account, anchor, chunks: new Map(), creditMicro: 0 };
    this.#shares.set(account, share);
    return share;
  }

  told(): Omit<Recount, 'state' | 'events' | 'ticks'> {
    return {
      shares: [...this.#shares.values()],
      settledByPeople: this.#byPeople,
      settledWithAnchor: this.#withAnchor,
      refuted: this.#refuted,
      audits: this.#audits,
      audited: this.#audited,
      misdeeds: this.#misdeeds,
      expired: this.#expired,
    };
  }
}
