/** [TR1] How much of a newcomer's fresh work is computed twice, in all small cases: chunk by chunk as it lacks of its four seconds, whatever it holds already. */
import { expect, test } from 'vitest';
import { besideMost, dropLease, isNewcomer, putLease } from '../../src/core/beside.ts';
import { emptyState, identityKey } from '../../src/core/state.ts';
import type { Identity, Lease, State } from '../../src/core/state.ts';
import { halfLifeMs, newStanding, probationMicro } from '../../src/core/trust.ts';
import { deviceOf, jobOf } from './handmade.ts';
import { auditedSpec } from './house.ts';

const key = identityKey('a', 'wasm');
const leaseOf = (id: number, over: Partial<Lease>): Lease => ({
  ...{ id, job: 'j1', chunk: id, count: 4, device: 'a', slot: 0, backend: 'wasm', rateMilli: 1_000 },
  ...{ deadline: 0, beside: true, left: 0, open: 4, ...over },
});
const identityOf = (provenMicro: number): Identity => {
  const record = { ...newStanding(0), provenMicro };
  return { ...record, device: 'a', backend: 'wasm', account: 'A', lastAt: 0, open: new Map() };
};

/** A state with one job whose chunks cost so much. */
function stateWith(chunkMicro: number, provenMicro: number | null): State {
  const state = emptyState();
  const sizes = { units: 4_000, unitsPerChunk: 1, unitCostMicro: chunkMicro };
  state.jobs.set('j1', jobOf(0, { spec: auditedSpec({ kind: 'adaptive' }, sizes) }));
  if (provenMicro !== null) state.identities.set(key, identityOf(provenMicro));
  return state;
}
const most = (state: State, at = 0): number => {
  const job = state.jobs.get('j1');
  if (job === undefined) throw new Error('no job');
  return besideMost(state, job, key, at);
};

/** Chunk by chunk: one more as long as what is known and what waits is less than makes it known. */
function counted(chunkMicro: number, provenMicro: number, waiting: number): number {
  let more = 0;
  while (provenMicro + (waiting + more) * chunkMicro < probationMicro) more++;
  return more;
}

const costs = [1_000, 499_999, 500_000, 1_000_000, 3_999_999, 4_000_000, 4_000_001, 60_000_000];
const records = [null, 0, 1, 499_999, 500_000, 3_500_000, 3_999_999, 4_000_000, 68_000_000];

test('of a record, a price and what waits: in all of them', () => {
  let cases = 0;
  for (const cost of costs)
    for (const record of records)
      for (const first of [0, 1, 4])
        for (const second of [0, 1, 8]) {
          const state = stateWith(cost, record);
          const leases = [first, second].flatMap((open, id) =>
            open === 0 ? [] : [leaseOf(id + 1, { open })],
          );
          for (const lease of leases) putLease(state, lease);
          // Somebody else's, another backend's, and its own that nobody stands beside, say nothing.
          for (const [id, over] of [{ device: 'b' }, { backend: 'webgpu' }, { beside: false }].entries())
            putLease(state, leaseOf(10 + id, over as Partial<Lease>));
          expect(most(state)).toBe(counted(cost, record ?? 0, first + second));
          for (const lease of leases) dropLease(state, lease);
          expect(most(state)).toBe(counted(cost, record ?? 0, 0));
          expect(state.besides.has(key)).toBe(false);
          cases++;
        }
  expect(cases).toBe(costs.length * records.length * 9);
});

test('a record that is old counts half, and so lacks more', () => {
  const state = stateWith(500_000, probationMicro);
  expect([most(state), most(state, halfLifeMs - 1), most(state, halfLifeMs)]).toEqual([0, 0, 4]);
});

test('a newcomer is a volunteer who is not known yet, where the policy asks for that, and nobody else', () => {
  for (const kind of ['audit', 'adaptive'] as const)
    for (const role of ['volunteer', 'anchor'] as const)
      for (const record of records) {
        const state = stateWith(500_000, record);
        const job = jobOf(1, { spec: auditedSpec({ kind }) });
        const want = kind === 'adaptive' && role === 'volunteer' && (record ?? 0) < probationMicro;
        expect(isNewcomer(state, job, deviceOf({ role }), key, 0)).toBe(want);
      }
});
