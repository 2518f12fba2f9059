/** The loop in random weather: nothing is computed twice, nothing computed is lost, everything taken ends, and calm brings every job to its end. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JobSpec } from '../../src/core/state.ts';
import { World, calm } from './world/world.ts';
import type { Weather } from './world/world.ts';

const spec = (units: number, quorum: number): JobSpec => ({
  kernel: 'sum@1',
  wasm: 'a'.repeat(64),
  wgsl: 'b'.repeat(64),
  input: 'c'.repeat(64),
  agreement: 'exact',
  units,
  unitsPerChunk: 4,
  unitCostMicro: 100_000,
  policy: { kind: 'replicate', quorum },
  weight: 1,
  title: 't',
  cause: 'c',
  demonstration: true,
});

const weather: fc.Arbitrary<Weather> = fc.record({
  breakSocket: fc.constantFrom(0, 0.02, 0.1),
  double: fc.constantFrom(0, 0.2),
  reorder: fc.constantFrom(0, 0.2),
  loseWorker: fc.constantFrom(0, 0.01, 0.05),
  trap: fc.constantFrom(0, 0.01),
  environment: fc.constantFrom(0, 0.02),
  storeFull: fc.constantFrom(0, 0.1),
  whim: fc.constantFrom(0, 0.05, 0.2),
});

const sum = (units: ReadonlyMap<number, number>): number =>
  [...units.values()].reduce((total, one) => total + one, 0);

/** What is wrong with the ends of a world's replicas, once everything has come to rest. */
function ends(world: World): string[] {
  const faults = [...world.faults];
  for (const profile of world.profiles) {
    const { loop } = profile;
    if (loop.audits.held.size > 0 || loop.audits.back.length > 0) faults.push(`${profile.name} holds audits`);
    if (loop.audits.checked.units !== sum(profile.checked))
      faults.push(`${profile.name} shows ${loop.audits.checked.units} units checked`);
    for (const [replica, chunk] of profile.taken) {
      const open = loop.held.has(replica) || loop.unsent.has(replica);
      // Durable, and its chunk not settled: what asks for its receipt is kept.
      const waits = profile.results.get(replica)?.durable === true && world.state.replicas.has(replica);
      if (open || (profile.results.has(replica) && !waits))
        faults.push(`${profile.name} still holds ${replica} (${chunk})`);
      if (profile.computed.has(replica) && !profile.closedBy.has(replica) && !profile.results.has(replica))
        faults.push(`a result for ${replica} vanished`);
    }
  }
  // A line that died took a receipt with it: it was asked for again.
  for (const { account, replica } of world.paid)
    if (world.profiles.find((one) => one.account === account)?.paid.has(replica) !== true)
      faults.push(`${account} was paid for ${replica}, and has no receipt of it`);
  return faults;
}

describe('the loop', () => {
  it('finishes a job in fair weather, each chunk once for each of its people', () => {
    const world = new World(1, calm);
    world.submit(spec(200, 2));
    world.add('ann-------------');
    world.add('bob-------------');
    world.run(120_000);
    expect(ends(world)).toEqual([]);
    expect(world.finished).toBe(1);
    const computed = world.profiles.map((profile) => profile.computed.size);
    expect(computed).toEqual([50, 50]);
    expect(world.profiles.every(({ loop }) => loop.counts.final === 50 && loop.counts.lost === 0)).toBe(true);
  });

  it('[WR5] keeps every promise in any weather, and comes to its end in calm', { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(fc.integer(), weather, fc.integer({ min: 1, max: 3 }), (seed, conditions, quorum) => {
        const world = new World(seed, conditions);
        world.submit(spec(240, quorum));
        for (const name of ['ann-------------', 'bob-------------', 'cat-------------'])
          world.whims(world.add(name));
        world.run(60_000);
        world.calmDown();
        world.run(30_000);
        // One may have finished or stopped of itself in the storm's last moments.
        world.calmDown();
        world.run(3_000_000);
        expect(ends(world)).toEqual([]);
        // Nobody spins: most of the time there is nothing to do but to wait.
        expect(world.steps).toBeLessThan(60_000);
        // Chunks that failed too often here have no other home in this world.
        if (conditions.trap === 0 && conditions.environment === 0 && conditions.loseWorker === 0)
          expect(world.finished).toBe(1);
      }),
      { numRuns: 80 },
    );
  });

  it('[AU7] checks others’ units in fair weather, each audit once, and its own chunks besides', () => {
    const world = new World(3, calm);
    world.submit(spec(4_000, 2));
    for (const name of ['ann-------------', 'bob-------------']) world.auditing(world.add(name));
    world.run(600_000);
    expect(ends(world)).toEqual([]);
    expect(world.finished).toBe(1);
    expect(world.profiles.map(({ computed }) => computed.size)).toEqual([1_000, 1_000]);
    const ended = [...world.audits.values()].map(({ ended: how }) => how);
    expect(ended).not.toContain(null);
    expect(ended.filter((how) => how === 'answered').length).toBeGreaterThan(ended.length / 2);
    for (const { checked } of world.profiles) expect(checked.size).toBeGreaterThan(5);
  });

  it(
    '[AU7] answers audits or gives them back in any weather, and never while it rests',
    {
      timeout: 120_000,
    },
    () => {
      const total = { answered: 0, returned: 0 };
      fc.assert(
        fc.property(fc.integer(), weather, (seed, conditions) => {
          const world = new World(seed, conditions);
          world.submit(spec(2_000, 1));
          for (const name of ['ann-------------', 'bob-------------']) {
            const profile = world.add(name);
            world.whims(profile);
            world.auditing(profile);
          }
          world.run(60_000);
          world.calmDown();
          world.run(30_000);
          const before = world.audits.size;
          world.calmDown();
          world.run(30_000);
          for (const { ended } of world.audits.values()) if (ended !== null) total[ended] += 1;
          // In calm nothing is left open but what was asked for in the last moments.
          const open = [...world.audits].filter(([id, { ended }]) => id > before && ended === null);
          expect(open.length).toBeLessThan(8);
          expect(world.faults).toEqual([]);
          for (const { loop, checked } of world.profiles)
            expect(loop.audits.checked.units).toBe(sum(checked));
        }),
        { numRuns: 60 },
      );
      expect(total.answered).toBeGreaterThan(500);
      expect(total.returned).toBeGreaterThan(50);
    },
  );
});
