/** Reads back from a coordinator's folder what happened in a story: every event, who settled what with whom, and what was paid. */
import { join } from 'node:path';
import { SqliteLog } from '../../src/coordinator/log-sqlite.ts';
import { has } from '../../src/core/intervals.ts';
import type { Backend, Event } from '../../src/core/state.ts';
import { recount } from '../../scripts/demo/recount.ts';
import type { Recount } from '../../scripts/demo/recount.ts';

/** The events of a kind; some kinds share a shape. */
type EventOf<K extends Event['e'], E extends Event = Event> = E extends unknown
  ? K extends E['e']
    ? E
    : never
  : never;

/** One settled chunk, with the accounts that were paid for it. */
export interface Settlement {
  readonly job: string;
  readonly chunk: number;
  readonly accounts: readonly string[];
  readonly backends: readonly Backend[];
  readonly losers: readonly number[];
}

/** What a log says. */
export interface Told extends Recount {
  readonly all: readonly Event[];
  readonly settlements: readonly Settlement[];
  of<K extends Event['e']>(kind: K): EventOf<K>[];
  /** What an account was paid, by the entries alone. */
  paidMicro(account: string): number;
}

/** Reads the folder of a coordinator that has ended. Throws when an invariant does not hold, or anything was paid twice. */
export async function toldIn(folder: string): Promise<Told> {
  const counted = await recount(folder);
  const all = await eventsIn(folder);
  const of = <K extends Event['e']>(kind: K): EventOf<K>[] =>
    all.filter((event): event is Event & EventOf<K> => event.e === kind);
  const backends = new Map<number, Backend>();
  for (const { lease, count, backend } of of('leased'))
    for (let i = 0; i < count; i++) backends.set(lease + i, backend);
  const settlements = standing(all).map(({ job, chunk, winners, losers }) => ({
    job,
    chunk,
    accounts: winners.map(({ account }) => account),
    backends: winners.map(({ replica }) => backends.get(replica) ?? 'wasm'),
    losers,
  }));
  nothingTwice(settlements);
  const paidMicro = (account: string): number =>
    of('accepted')
      .flatMap(({ entries }) => entries)
      .filter(({ to }) => to === `vested:${account}` || to === `pending:${account}`)
      .reduce((sum, { amountMicro }) => sum + amountMicro, 0);
  return { ...counted, all, settlements, of, paidMicro };
}

/** The verdicts that stand: those on chunks that were not void and computed again. */
function standing(all: readonly Event[]): EventOf<'accepted'>[] {
  let verdicts: EventOf<'accepted'>[] = [];
  for (const event of all) {
    if (event.e === 'accepted') verdicts.push(event);
    if (event.e === 'voided')
      verdicts = verdicts.filter(({ job, chunk }) => job !== event.job || !has([...event.reopened], chunk));
  }
  return verdicts;
}

/** A chunk settles once, and nobody is paid twice for it. */
function nothingTwice(settlements: readonly Settlement[]): void {
  const seen = new Set<string>();
  for (const { job, chunk, accounts } of settlements) {
    for (const one of [`${job}/${chunk}`, ...accounts.map((account) => `${job}/${chunk} to ${account}`)]) {
      if (seen.has(one)) throw new Error(`paid twice: ${one}`);
      seen.add(one);
    }
  }
}

/** Every event of a log, also while its coordinator runs. */
export async function eventsIn(folder: string): Promise<Event[]> {
  const log = new SqliteLog(join(folder, 'log.db'));
  try {
    const all: Event[] = [];
    for (let after = 0; ;) {
      const records = await log.read(after, 500);
      const last = records.at(-1);
      if (last === undefined) return all;
      for (const { record } of records)
        all.push(...(JSON.parse(new TextDecoder().decode(record)) as { events: Event[] }).events);
      after = last.tick;
    }
  } finally {
    await log.close();
  }
}
