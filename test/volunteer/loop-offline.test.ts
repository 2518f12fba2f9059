/** An hour without a network: what was leased before it and computed during it comes to a definite end after it, and nobody is paid twice. */
import { describe, expect, it } from 'vitest';
import type { JobSpec } from '../../src/core/state.ts';
import type { Profile } from './world/profile.ts';
import { World, calm } from './world/world.ts';

const hourMs = 3_600_000;

const spec: JobSpec = {
  kernel: 'sum@1',
  wasm: 'a'.repeat(64),
  wgsl: null,
  input: 'c'.repeat(64),
  agreement: 'exact',
  units: 800,
  unitsPerChunk: 4,
  unitCostMicro: 100_000,
  policy: { kind: 'replicate', quorum: 2 },
  weight: 1,
  title: 't',
  cause: 'c',
  demonstration: true,
};
const chunks = spec.units / spec.unitsPerChunk;
const chunkMicro = spec.unitsPerChunk * spec.unitCostMicro;

/** Ann computes among others, loses her network with leases in hand, and is back an hour later. */
function anHourAway(seed: number, others: readonly string[]): { world: World; ann: Profile; kept: number[] } {
  const world = new World(seed, calm);
  world.submit(spec);
  const ann = world.add('ann-------------');
  for (const name of others) world.add(name);
  // Leases grow with what was committed: by then she holds several chunks.
  world.run(12_000);
  world.hangUp(ann);
  world.step(ann, { on: 'online', online: false });
  expect(ann.loop.held.size).toBeGreaterThan(2);
  world.run(hourMs);
  expect(ann.loop.held.size).toBe(0);
  const kept = [...ann.loop.unsent.keys()];
  expect(kept.length).toBeGreaterThan(2);
  const unsent = [...ann.results.values()].filter(({ durable }) => durable !== true);
  expect(unsent.map(({ replica }) => replica)).toEqual(kept);
  return { world, ann, kept };
}

/** She is back: every result has its end, the outbox is empty, and each chunk was paid to two people once. */
function comesBack(world: World, ann: Profile, kept: readonly number[]): void {
  world.step(ann, { on: 'online', online: true });
  world.run(300_000);
  expect(world.faults).toEqual([]);
  // Durable and told so, or of no use and told so: the rules and her device agree on every single one.
  for (const replica of kept)
    expect([replica, ann.closedBy.get(replica)]).toEqual([
      replica,
      world.committed.has(replica)
        ? expect.stringMatching(/^(acked|settled)$/)
        : expect.stringMatching(/^(over|lost|refused)$/),
    ]);
  expect(ann.loop.unsent.size + ann.results.size).toBe(0);
  expect(world.finished).toBe(1);
  expect(new Set(world.paid.map(({ chunk, account }) => `${chunk} ${account}`)).size).toBe(world.paid.length);
  expect(world.paid).toHaveLength(2 * chunks);
  const earned = world.profiles.map(({ account }) =>
    Number(world.state.balances.get(`vested:${account}`) ?? 0n),
  );
  expect(earned.reduce((sum, micro) => sum + micro, 0)).toBe(2 * chunks * chunkMicro);
}

describe('offline for an hour', () => {
  const seeds = [1, 2, 3];

  it.each(seeds)(
    '[CH3] others took her places meanwhile: her results are lost or late, and told so (seed %i)',
    (seed) => {
      const { world, ann, kept } = anHourAway(seed, ['bob-------------', 'cat-------------']);
      expect(world.finished).toBe(1);
      const early = kept.filter((replica) => world.committed.has(replica));
      // At most what was on its way when the network went.
      expect(early.length).toBeLessThan(kept.length);
      comesBack(world, ann, kept);
      expect(kept.filter((replica) => world.committed.has(replica))).toEqual(early);
    },
  );

  it.each(seeds)(
    '[CH3] nobody else was there: what she kept for an hour is acknowledged and paid (seed %i)',
    (seed) => {
      const { world, ann, kept } = anHourAway(seed, ['bob-------------']);
      expect(world.finished).toBe(0);
      comesBack(world, ann, kept);
      expect(kept.filter((replica) => world.committed.has(replica))).toEqual(kept);
    },
  );

  it.each(seeds)(
    'the page was closed and opened again in that hour: the same from the outbox (seed %i)',
    (seed) => {
      const { world, ann, kept } = anHourAway(seed, ['bob-------------']);
      world.reload(ann, false);
      comesBack(world, ann, kept);
      expect(kept.filter((replica) => world.committed.has(replica))).toEqual(kept);
    },
  );
});
