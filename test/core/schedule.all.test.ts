/** Checks how long a lease is, who gets none, and until when it is left alone [LS1] [LS2] [LS7] [LS9] [JB3], on grids of all that matters, against the words of docs/SPEC.md. */
import { describe, expect, test } from 'vitest';
import { pick } from '../../src/core/schedule.ts';
import type { Pick } from '../../src/core/schedule.ts';
import { knownRateMilli } from '../../src/core/speed.ts';
import { emptyState } from '../../src/core/state.ts';
import type { Device, Job, Shown, Slot, State } from '../../src/core/state.ts';
import { kernel, nobody, slotOf, specOf } from './house.ts';
import { deviceOf, jobOf, now } from './handmade.ts';

/** All that a pick depends on; chunks are of one reference second. */
interface Case {
  readonly device?: Partial<Device>;
  readonly rateMilli?: number;
  /** The speeds of the slots of others that hold a lease. */
  readonly others?: readonly number[];
  /** What the slot itself holds: leases, and work in microcredits. */
  readonly own?: { readonly leases: number; readonly heldMicro: number };
  readonly shown?: Shown;
  readonly free?: number;
  readonly quorum?: number;
  /** When somebody was last given chunks of the job. */
  readonly leasedAt?: number;
}

const none: Shown = { busy: 0, at: 0, busyMs: 0, micro: 0 };

function stateFor({
  device,
  rateMilli = 1_000,
  others = [],
  own,
  shown,
  free = 100,
  quorum = 1,
  leasedAt = 0,
}: Case): { state: State; slot: Slot; job: Job } {
  // prettier-ignore
  const state = emptyState();
  const spec = specOf({ units: 2 * free, unitsPerChunk: 2, unitCostMicro: 500_000, quorum });
  const job = { ...jobOf(free), spec, free: [0, free], leasedAt };
  state.jobs.set('j1', job);
  state.devices.set('a', deviceOf(device));
  const record = { firstAt: 0, devices: 1, chunks: 0, units: 0, earnedMicro: 0, lastAt: 0 };
  if (shown !== undefined) state.accounts.set('A', { ...record, wasm: shown, webgpu: none });
  const busy = (name: string, rate: number, leases: number, heldMicro: number): void => {
    state.busy.set(name, { backend: 'wasm', rateMilli: rate, leases, heldMicro });
    state.busyRateMilli += rate;
  };
  others.forEach((rate, i) => busy(`o${i}/0`, rate, 1, 1));
  if (own !== undefined) busy('a/0', rateMilli, own.leases, own.heldMicro);
  return { state, slot: slotOf({ rates: { [kernel]: rateMilli } }), job };
}

const picked = (one: Case): Pick | string => {
  const { state, slot } = stateFor(one);
  return pick(state, 'a', slot, { live: nobody, networks: undefined }, now);
};
const sum = (of: readonly number[]): number => of.reduce((total, one) => total + one, 0);
const crowds: readonly (readonly number[])[] = [[], [1_000], [400, 500], [4_000, 2_000, 3_000], [100_000]];

describe('[LS1] how long a lease is', () => {
  test('a chunk at first, then twice the record, 15 s, half of a fair share, 4,096: for all of these at once', () => {
    const proof: readonly (Shown | undefined)[] = [undefined, { ...none, busyMs: 10_000, micro: 20_000_000 }, { ...none, busyMs: 10_000, micro: 1_000_000 }]; // prettier-ignore
    for (const committed of [0, 1, 2, 6, 3_000])
      for (const rateMilli of [50, 1_000, 7_500, 1_000_000])
        for (const others of crowds)
          for (const shown of proof)
            for (const free of [1, 2, 3, 9, 31, 20_000])
              for (const quorum of [1, 3]) {
                const one = { device: { committed }, rateMilli, others, ...(shown && { shown }), free, quorum, leasedAt: -1e9 }; // prettier-ignore
                const counts = knownRateMilli(shown, rateMilli, now);
                // Half of the share that its speed is of everybody's, a begun chunk counted.
                let share = 0;
                const all = sum(others) + counts;
                const left = free * quorum;
                share = Math.max(0, Math.floor((left * counts) / (2 * all)) - 1);
                while (2 * share * all < left * counts) share++;
                const bounds = [committed === 0 ? 1 : 2 * committed, Math.floor(15 * (rateMilli / 1_000)), share, 4_096]; // prettier-ignore
                const want = Math.min(free, Math.max(1, Math.min(...bounds)));
                const got = picked(one);
                if (typeof got === 'string' || got.count !== want || got.chunk !== 0)
                  expect.fail(`${JSON.stringify(one)}: ${JSON.stringify(got)}, not ${want}`);
              }
  });

  test('a claim counts as far as was shown, 1.5 cores before there was any credit, a quarter of it where more than ten times as much is claimed', () => {
    for (const micro of [0, 1_000_000, 12_345_678])
      for (const busyMs of [0, 1, 1_000, 7_777])
        for (const busy of [0, 1, 3])
          for (const since of [0, 500, 60_000])
            for (const claim of [1, 149, 1_500, 1_501, 9_999, 10_001, 1e9]) {
              const got = knownRateMilli({ busy, at: now - since, busyMs, micro }, claim, now);
              // Every slot that holds work now has done so since then.
              let seconds = busyMs / 1_000;
              for (let slot = 0; slot < busy; slot++) seconds += since / 1_000;
              const cores = micro / 1e6 / Math.max(0.001, seconds);
              const isBoast = claim / 1_000 > 10 * cores;
              const milli = isBoast ? (cores * 1_000) / 4 : Math.min(claim, cores * 1_000);
              if (micro === 0) expect(got).toBe(claim < 1_500 ? claim : 1_500);
              else expect(got - milli, `${micro} ${busyMs} ${busy} ${since} ${claim}`).toBeGreaterThan(-1e-6);
              // Begun thousandths of a core are counted.
              if (micro > 0) expect(got - milli).toBeLessThan(1 + 1e-6);
            }
  });
});

describe('[LS1] [LS6] [LS9] who is given nothing', () => {
  test('whose slot or device holds enough, or who gave back too much a minute ago: for all around the bounds', () => {
    for (const committed of [0, 1, 5])
      for (const leases of [7, 8, 9, 10, 17, 18])
        for (const held of [0, 1, 2])
          for (const returned of [0, 32, 33, 34, 35, 42, 43])
            for (const agoMs of [0, 59_999, 60_000]) {
              const device = { committed, leases, returned, returnedAt: now - agoMs };
              const got = picked({ device, ...(held > 0 && { own: { leases: held, heldMicro: 1 } }) });
              const isFull = held >= 2 || leases >= 8 + 2 * committed;
              const isPicky = returned > 32 + 2 * committed && agoMs < 60_000;
              expect(typeof got === 'string' ? got : 'some').toBe(
                isFull || isPicky ? 'holding-enough' : 'some',
              );
            }
  });

  test('and nothing of a kernel that is paused or not proven, nor of a job that is cancelled; else of whoever had least: for all of three jobs', () => {
    for (let code = 0; code < 5 ** 3; code++) {
      const { state, slot, job } = stateFor({});
      state.jobs.clear();
      state.pausedKernels.set('paused@1', 'a test');
      const fates = [0, 1, 2].map((i) => (['open', 'first', 'paused', 'unknown', 'closing'] as const)[Math.floor(code / 5 ** i) % 5]); // prettier-ignore
      fates.forEach((fate, i) => {
        const named = fate === 'paused' ? 'paused@1' : fate === 'unknown' ? 'unknown@1' : kernel;
        // Among equals the older one comes first.
        const served = { servedMicro: fate === 'first' ? 1 : 2, submittedAt: 9 - i };
        state.jobs.set(`j${i}`, { ...job, id: `j${i}`, ...served, spec: { ...job.spec, kernel: named }, closingAt: fate === 'closing' ? 1 : null }); // prettier-ignore
      });
      const able = { ...slot, rates: { [kernel]: 1_000, 'paused@1': 1_000 } };
      const got = pick(state, 'a', able, { live: nobody, networks: undefined }, now);
      const want = [fates.lastIndexOf('first'), fates.lastIndexOf('open')].find((i) => i >= 0);
      if (want !== undefined) expect(typeof got === 'string' ? got : got.job.id).toBe(`j${want}`);
      else expect(typeof got).toBe('string');
    }
  });
});

describe('[LS2] [LS7] the end of a job', () => {
  test('until when a lease is left alone: four times what it takes, at the end when all is done, but twice; never too soon or too late', () => {
    for (const committed of [0, 1, 200])
      for (const rateMilli of [2, 100, 1_000, 4_000])
        for (const heldMicro of [0, 3_000_000, 90_000_000])
          for (const others of crowds)
            for (const free of [1, 5, 40, 2_000]) {
              const own = heldMicro === 0 ? {} : { own: { leases: 1, heldMicro } };
              const got = picked({ device: { committed }, rateMilli, others, ...own, free, leasedAt: -1e12 });
              if (typeof got === 'string') throw new Error(got);
              const takesMs = (heldMicro + got.count * 1e6) / rateMilli;
              const allMs = (free * 1e6) / (sum(others) + rateMilli);
              const patient = Math.max(30_000, 4 * takesMs);
              const hurried = Math.max(10_000, 2 * takesMs, allMs);
              const want =
                committed === 0 ? Math.min(patient, 300_000) : Math.min(patient, hurried, 1_800_000);
              expect(got.deadline - now).toBe(Math.ceil(want));
            }
  });

  test('a slot of less than half the others’ speed leaves the last chunks to them for half of its own time', () => {
    let left = 0;
    for (const rateMilli of [10, 100, 499, 500, 501, 1_000])
      for (const others of [...crowds, [1_000, 1_000], [100, 1_900], [1_000, 1_000, 1_000, 1_000]])
        for (const free of [1, 2, 3, 4, 5, 7, 20, 200])
          for (const role of ['volunteer', 'anchor'] as const)
            for (const early of [0, 1]) {
              const chunkMs = 1e6 / rateMilli;
              const leasedAt = now - Math.ceil(chunkMs / 2) + early;
              const got = picked({ device: { role, committed: 9 }, rateMilli, others, free, leasedAt });
              const isSlow = others.length > 0 && sum(others) / others.length > 2 * rateMilli;
              const everybodyMs = (free * 1e6) / (sum(others) + rateMilli);
              const isLeft = isSlow && everybodyMs < 2 * chunkMs && early > 0;
              // An anchor opens nothing.
              const want = isLeft || role === 'anchor' ? 'waiting-for-others' : 'some';
              expect(typeof got === 'string' ? got : 'some', `${rateMilli} ${others.join()} ${free}`).toBe(
                want,
              );
              if (isLeft) left++;
            }
    expect(left).toBeGreaterThan(50);
  });
});
