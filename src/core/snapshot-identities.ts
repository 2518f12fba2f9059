/** Identities and their unvested work, as a snapshot has them. */
import { identityKey } from './state.ts';
import type { Batch, Identity, State } from './state.ts';

/**
 * All identities in one row, one after the other, since reading many small rows takes longer than reading what is in them. Of each: device, backend, account; work, and how long ago it was counted; audited units;
 * faults, and how long ago the last one was (null: never); phase; how long it is kept away; what its examination came to (units,
 * wrong, chunks); how long ago it committed; and how many jobs it has unvested work in. Of each of these: its id, and how many batches. Of
 * each of these what `batchRow` says, and in `runs` its chunks (none where `batchRow` has them as text), what was wrong and what the operator pays, each behind its length: small numbers alone.
 */
export interface Identities {
  row: (number | string | null)[];
  runs: number[];
}
export function identitiesRow({ identities, at }: State): Identities {
  const row: Identities['row'] = [];
  const runs: number[] = [];
  for (const one of identities.values()) {
    const { units, wrong, chunks } = one.examined;
    row.push(one.device, one.backend, one.account, one.provenMicro, at - one.provenAt, one.auditedUnits);
    row.push(one.faults, one.faultAt === null ? null : at - one.faultAt, one.phase, one.awayMs);
    row.push(units, wrong, chunks, at - one.lastAt, one.open.size);
    for (const [job, batches] of one.open) {
      row.push(job, batches.length);
      for (const batch of batches) {
        batchRow(row, batch);
        putSet(runs, batch.packed === '' ? batch.chunks : []);
        putSet(runs, batch.wrong);
        putSet(runs, batch.byOperator);
      }
    }
  }
  return { row, runs };
}

function putSet(runs: number[], set: readonly number[]): void {
  runs.push(set.length);
  for (let i = 0; i < set.length; i++) runs.push(set[i] as number);
}

function batchRow(row: Identities['row'], batch: Batch): void {
  const { units, drawn, drawnUnits, passed, vouched, auditedBefore, escrowMicro, operatorMicro } = batch;
  row.push(units, drawn, drawnUnits, passed, vouched, auditedBefore, escrowMicro, operatorMicro);
  row.push(batch.closed ? 1 : 0, batch.packed);
}

/** Puts the identities into a state that knows its time already. Read by position: this runs once, cold, while somebody waits for the first lease. */
export function putIdentities(state: State, { row, runs }: Identities): void {
  const { at: now } = state;
  let next = 0;
  const set = (): number[] => {
    const from = next + 1;
    next = from + (runs[next] as number);
    return runs.slice(from, next);
  };
  for (let at = 0; at < row.length;) {
    const device = row[at] as string;
    const backend = row[at + 1] as Identity['backend'];
    const open = new Map<string, Batch[]>();
    const faultAgo = row[at + 7] as number | null;
    const key = identityKey(device, backend);
    state.identities.set(key, {
      provenMicro: row[at + 3] as number,
      provenAt: now - (row[at + 4] as number),
      auditedUnits: row[at + 5] as number,
      faults: row[at + 6] as number,
      faultAt: faultAgo === null ? null : now - faultAgo,
      phase: row[at + 8] as Identity['phase'],
      awayMs: row[at + 9] as number,
      examined: {
        units: row[at + 10] as number,
        wrong: row[at + 11] as number,
        chunks: row[at + 12] as number,
      },
      device,
      backend,
      account: row[at + 2] as string,
      lastAt: now - (row[at + 13] as number),
      open,
    });
    const jobs = row[at + 14] as number;
    if (jobs > 0) state.owing.add(key);
    at += 15;
    for (let job = 0; job < jobs; job++) {
      const batches: Batch[] = [];
      open.set(row[at] as string, batches);
      let left = row[at + 1] as number;
      for (at += 2; left > 0; left--, at += 10) batches.push(batchFrom(row, at, set));
    }
  }
}

/** `set`: takes the next set of chunks. */
function batchFrom(row: Identities['row'], at: number, set: () => number[]): Batch {
  return {
    chunks: set(),
    packed: row[at + 9] as string,
    units: row[at] as number,
    drawn: row[at + 1] as number,
    drawnUnits: row[at + 2] as string,
    passed: row[at + 3] as number,
    vouched: row[at + 4] as string,
    auditedBefore: row[at + 5] as number,
    wrong: set(),
    escrowMicro: row[at + 6] as number,
    operatorMicro: row[at + 7] as number,
    byOperator: set(),
    closed: row[at + 8] === 1,
  };
}
