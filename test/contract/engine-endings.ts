/** The engine contract: every run ends when it must, and rests when it is told. */

import type { LostReason } from '../../src/volunteer/engine.ts';
import { mixInput } from '../kernels/fixtures/mix.ts';
import {
  both,
  ensure,
  equal,
  fails,
  heavy,
  jobOf,
  light,
  quiet,
  sleep,
  started,
  using,
  verify,
  wasmOnly,
} from './engine-world.ts';
import type { Check } from './engine-world.ts';

export const endingChecks: readonly Check[] = [
  {
    name: 'cancels a run that is going on, and one that waits, without harm to the rest',
    on: both,
    act: (world) =>
      started(world, heavy, async (engine, input) => {
        let atMs = 0;
        const going = engine.run({ replica: 'going', job: 'job', unitFrom: 0, unitTo: 100_000 }, () => {
          if (atMs > 0) return;
          atMs = performance.now();
          engine.cancel('waiting');
          engine.cancel('going');
        });
        const waiting = engine.run({ replica: 'waiting', job: 'job', unitFrom: 0, unitTo: 10 }, quiet);
        const after = engine.run({ replica: 'after', job: 'job', unitFrom: 5, unitTo: 10 }, quiet);
        await fails(waiting, 'cancelled');
        await fails(going, 'cancelled');
        ensure(performance.now() - atMs < 3000, 'cancelling is soon heard');
        verify(await after, input, 5, 10, 'exact');
      }),
  },
  {
    name: 'unloads a job, cancels its runs and knows it no more',
    on: both,
    act: (world) =>
      started(world, heavy, async (engine, input) => {
        const going = engine.run({ replica: 'r', job: 'job', unitFrom: 0, unitTo: 100_000 }, () =>
          engine.unload('job'),
        );
        await fails(going, 'cancelled');
        await fails(engine.run({ replica: 's', job: 'job', unitFrom: 0, unitTo: 1 }, quiet), 'job');
        await engine.load(jobOf(world, input));
        verify(
          await engine.run({ replica: 't', job: 'job', unitFrom: 0, unitTo: 2 }, quiet),
          input,
          0,
          2,
          'exact',
        );
      }),
  },
  {
    name: 'rests at share 0 for as long as it must, unsuspected, and goes on when raised',
    on: both,
    act: (world) =>
      using(world, { silenceMs: 1500 }, async ({ engine }) => {
        const input = mixInput(heavy);
        await engine.start();
        await engine.load(jobOf(world, input));
        let units = 0;
        const run = engine.run({ replica: 'r', job: 'job', unitFrom: 0, unitTo: 150 }, (done) => {
          if (units === 0) engine.setShare(0);
          units = done;
        });
        while (units === 0) await sleep(20);
        await sleep(500);
        const resting = units;
        ensure(resting < 150, 'it stopped before the end');
        await sleep(2000);
        equal(units, resting, 'units done while resting');
        engine.setShare(1);
        verify(await run, input, 0, 150, 'exact');
      }),
  },
  {
    name: 'keeps to a share of its time',
    on: wasmOnly,
    act: (world) =>
      started(world, heavy, async (engine) => {
        engine.setShare(0.25);
        // Several times as long as messages ever wait: the last stretch is not rested after.
        const result = await engine.run({ replica: 'r', job: 'job', unitFrom: 0, unitTo: 150 }, quiet);
        const share = result.kernelMs / result.wallMs;
        ensure(share > 0.1 && share < 0.4, `a quarter of the time, not ${share}`);
      }),
  },
  {
    name: 'gives a chunk up at its deadline and goes on',
    on: both,
    act: (world) =>
      started(world, heavy, async (engine, input) => {
        await fails(
          engine.run({ replica: 'r', job: 'job', unitFrom: 0, unitTo: 100_000, deadlineMs: 300 }, quiet),
          'deadline',
        );
        verify(
          await engine.run({ replica: 's', job: 'job', unitFrom: 0, unitTo: 2 }, quiet),
          input,
          0,
          2,
          'exact',
        );
      }),
  },
  {
    name: 'ends every call when it is disposed of, and tells once',
    on: both,
    act: (world) =>
      started(world, heavy, async (engine) => {
        const told: LostReason[] = [];
        engine.onLost((reason) => told.push(reason));
        const calls = [0, 1].map((i) =>
          engine.run({ replica: `r${i}`, job: 'job', unitFrom: 0, unitTo: 100_000 }, quiet),
        );
        engine.dispose();
        engine.dispose();
        for (const call of calls) await fails(call, 'stopped');
        await fails(engine.measure('job', 0), 'stopped');
        equal(told.join(), 'stopped', 'told');
      }),
  },
  {
    name: 'ends every call when its thread dies',
    on: both,
    act: (world) =>
      using(world, {}, async ({ engine, crash }) => {
        await engine.start();
        await engine.load(jobOf(world, mixInput(heavy)));
        const lost = new Promise<LostReason>((resolve) => engine.onLost(resolve));
        const calls = [0, 1].map((i) =>
          engine.run({ replica: `r${i}`, job: 'job', unitFrom: 0, unitTo: 100_000 }, quiet),
        );
        const measuring = engine.measure('job', 0);
        crash();
        for (const call of [...calls, measuring]) await fails(call, 'died');
        equal(await lost, 'died', 'told');
        await fails(engine.start(), 'died');
        equal(await new Promise((resolve) => engine.onLost(resolve)), 'died', 'told whoever asks late');
      }),
  },
  {
    name: 'stops a kernel that never ends',
    on: wasmOnly,
    act: (world) =>
      using(world, { silenceMs: 600 }, async ({ engine }) => {
        await engine.start();
        await engine.load(jobOf(world, mixInput({ ...light, mode: 'endless', modeFrom: 50 })));
        const lost = new Promise<LostReason>((resolve) => engine.onLost(resolve));
        const startMs = performance.now();
        const fine = await engine.run({ replica: 'fine', job: 'job', unitFrom: 0, unitTo: 50 }, quiet);
        equal(fine.lengths.length, 50, 'units before');
        const endless = engine.run({ replica: 'endless', job: 'job', unitFrom: 40, unitTo: 60 }, quiet);
        const behind = engine.run({ replica: 'behind', job: 'job', unitFrom: 0, unitTo: 1 }, quiet);
        await fails(endless, 'stuck');
        await fails(behind, 'stuck');
        equal(await lost, 'stuck', 'told');
        ensure(performance.now() - startMs < 10_000, 'soon');
      }),
  },
  {
    name: 'stops a kernel whose preparation never ends',
    on: wasmOnly,
    act: (world) =>
      using(world, { setupMs: 1500 }, async ({ engine }) => {
        await engine.start();
        await engine.load(jobOf(world, mixInput({ ...light, mode: 'endless' })));
        await fails(engine.measure('job', 0), 'stuck');
      }),
  },
  {
    name: 'lets slow units be, as long as they come',
    on: wasmOnly,
    act: (world) =>
      using(world, { silenceMs: 3500 }, async ({ engine }) => {
        await engine.start();
        const input = mixInput({ seed: 3, rounds: 60_000, values: 300 });
        await engine.load(jobOf(world, input));
        const result = await engine.run({ replica: 'r', job: 'job', unitFrom: 0, unitTo: 125 }, quiet);
        ensure(
          result.wallMs > 3500,
          `the whole takes longer than the silence that is allowed: ${result.wallMs}`,
        );
      }),
  },
];
