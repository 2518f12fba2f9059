/** The engine contract: scattered units are recomputed beside chunks, to the same bytes, and neither harms the other. */

import type { UnitsResult } from '../../src/volunteer/engine.ts';
import { mixInput, mixOutput } from '../kernels/fixtures/mix.ts';
import {
  ensure,
  equal,
  fails,
  gpuOnly,
  heavy,
  hex,
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

/** Throws unless these outputs are what the kernel's meaning says, in the order of the units. */
function verifyUnits(result: UnitsResult, input: Uint8Array, units: readonly number[]): void {
  equal(result.lengths.length, units.length, 'units');
  let at = 0;
  for (const [i, unit] of units.entries()) {
    const length = result.lengths[i] ?? -1;
    equal(hex(result.bytes.subarray(at, at + length)), hex(mixOutput(input, unit)), `output of unit ${unit}`);
    at += length;
  }
  equal(result.bytes.length, at, 'length of the bytes');
}

export const recomputeChecks: readonly Check[] = [
  {
    name: 'recomputes scattered units to the bytes that a chunk has for them',
    on: wasmOnly,
    act: (world) =>
      started(world, light, async (engine, input) => {
        const units = [0, 3, 4, 5, 17, 39, 2 ** 33 + 1];
        const result = await engine.recompute({ name: 'audit 1', job: 'job', units });
        equal(result.name, 'audit 1', 'name');
        verifyUnits(result, input, units);
        const chunk = await engine.run({ replica: 'r', job: 'job', unitFrom: 0, unitTo: 40 }, quiet);
        const starts = [...chunk.lengths].map((_, i) =>
          chunk.lengths.subarray(0, i).reduce((sum, length) => sum + length, 0),
        );
        let at = 0;
        for (const [i, unit] of units.slice(0, -1).entries()) {
          const length = result.lengths[i] ?? 0;
          const from = starts[unit] ?? 0;
          equal(
            hex(result.bytes.subarray(at, at + length)),
            hex(chunk.bytes.subarray(from, from + length)),
            `unit ${unit} in the chunk`,
          );
          at += length;
        }
      }),
  },
  {
    name: 'lets a chunk stand aside for it, which then goes on unharmed',
    on: wasmOnly,
    act: (world) =>
      started(world, heavy, async (engine, input) => {
        const units = [3, 400, 401, 999];
        const asked: Promise<UnitsResult>[] = [];
        let isChunkDone = false;
        let wasChunkDone = true;
        const chunk = { replica: 'r', job: 'job', unitFrom: 0, unitTo: 200 };
        const running = engine.run(chunk, () => {
          if (asked.length > 0) return;
          const answer = engine.recompute({ name: 'audit 1', job: 'job', units });
          asked.push(answer.finally(() => (wasChunkDone = isChunkDone)));
        });
        const next = engine.run({ replica: 's', job: 'job', unitFrom: 200, unitTo: 203 }, quiet);
        const first = await running;
        isChunkDone = true;
        const [answer] = await Promise.all(asked);
        if (answer === undefined) throw new Error('nothing was asked');
        ensure(!wasChunkDone, 'the answer came before the chunk that was under way was done');
        verifyUnits(answer, input, units);
        verify(first, input, 0, 200, 'exact');
        verify(await next, input, 200, 203, 'exact');
      }),
  },
  {
    name: 'recomputes one after the other, and alone as well',
    on: wasmOnly,
    act: (world) =>
      started(world, heavy, async (engine, input) => {
        const asked = [[5], [1, 2, 3], [900, 1000]];
        const answers = await Promise.all(
          asked.map((units, i) => engine.recompute({ name: `audit ${i}`, job: 'job', units })),
        );
        for (const [i, units] of asked.entries()) verifyUnits(answers[i] as UnitsResult, input, units);
        const chunk = engine.run({ replica: 'r', job: 'job', unitFrom: 0, unitTo: 5 }, quiet);
        verify(await chunk, input, 0, 5, 'exact');
      }),
  },
  {
    name: 'refuses what are no units of a loaded job, by name, and lives on',
    on: wasmOnly,
    act: (world) =>
      started(world, light, async (engine, input) => {
        for (const units of [[], [4, 3], [3, 3], [-1], [0.5], [2 ** 40]])
          await fails(engine.recompute({ name: 'a', job: 'job', units }), 'job');
        await fails(engine.recompute({ name: 'a', job: 'other', units: [1] }), 'job');
        verifyUnits(await engine.recompute({ name: 'a', job: 'job', units: [1] }), input, [1]);
      }),
  },
  {
    name: 'reports a trap among scattered units, and the chunk beside them goes on',
    on: wasmOnly,
    act: (world) =>
      started(world, { ...heavy, mode: 'trap', modeFrom: 500 }, async (engine, input) => {
        const chunk = engine.run({ replica: 'r', job: 'job', unitFrom: 0, unitTo: 60 }, quiet);
        const bad = engine.recompute({ name: 'a', job: 'job', units: [7, 499, 500, 501] });
        await fails(bad, 'trap', { unit: 500 });
        verify(await chunk, input, 0, 60, 'exact');
      }),
  },
  {
    name: 'gives a recomputation up when it is told, when it is late and when its job goes',
    on: wasmOnly,
    act: (world) =>
      started(world, heavy, async (engine, input) => {
        const many = Array.from({ length: 4000 }, (_, i) => 2 * i);
        const chunk = engine.run({ replica: 'r', job: 'job', unitFrom: 0, unitTo: 60 }, quiet);
        const told = engine.recompute({ name: 'told', job: 'job', units: many });
        const behind = engine.recompute({ name: 'behind', job: 'job', units: [8] });
        setTimeout(() => engine.cancel('told'), 150);
        await fails(told, 'cancelled');
        verifyUnits(await behind, input, [8]);
        verify(await chunk, input, 0, 60, 'exact');
        await fails(engine.recompute({ name: 'late', job: 'job', units: many, deadlineMs: 150 }), 'deadline');
        const orphan = engine.recompute({ name: 'orphan', job: 'job', units: many });
        setTimeout(() => engine.unload('job'), 100);
        await fails(orphan, 'cancelled');
        await engine.load(jobOf(world, input));
        verifyUnits(await engine.recompute({ name: 'told', job: 'job', units: [9] }), input, [9]);
      }),
  },
  {
    name: 'recomputes nothing while it is paused, and goes on when it may',
    on: wasmOnly,
    act: (world) =>
      using(world, { silenceMs: 1500 }, async ({ engine }) => {
        const input = mixInput(heavy);
        await engine.start();
        await engine.load(jobOf(world, input));
        const units = Array.from({ length: 100 }, (_, i) => 3 * i);
        engine.setShare(0);
        let isDone = false;
        const answer = engine.recompute({ name: 'a', job: 'job', units }).finally(() => (isDone = true));
        await sleep(2500);
        ensure(!isDone, 'it rests');
        engine.setShare(1);
        verifyUnits(await answer, input, units);
      }),
  },
  {
    name: 'is no audit’s: its numbers may differ from the reference',
    on: gpuOnly,
    act: (world) =>
      started(world, light, async (engine) => {
        await fails(engine.recompute({ name: 'a', job: 'job', units: [1] }), 'unavailable');
      }),
  },
];
