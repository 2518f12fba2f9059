/** The engine contract: what comes out is right, and what cannot be computed is refused by name. */

import { mixInput } from '../kernels/fixtures/mix.ts';
import {
  both,
  codeOf,
  ensure,
  equal,
  fails,
  gpuOnly,
  heavy,
  jobOf,
  light,
  quiet,
  started,
  using,
  verify,
  wasmOnly,
} from './engine-world.ts';
import type { Check } from './engine-world.ts';

export const answerChecks: readonly Check[] = [
  {
    name: 'says what it is when it starts',
    on: both,
    act: (world) =>
      using(world, {}, async ({ engine }) => {
        const capability = await engine.start();
        equal(capability.backend, world.backend, 'backend');
        equal(engine.backend, world.backend, 'engine.backend');
        equal(capability.adapter === null, world.backend === 'wasm', 'only a GPU has an adapter');
      }),
  },
  {
    name: 'computes a chunk: outputs, lengths, digests and root',
    on: both,
    act: (world) =>
      started(world, light, async (engine, input) => {
        const done: number[] = [];
        const result = await engine.run(
          { replica: 'r1', job: 'job', unitFrom: 1000, unitTo: 1037 },
          (units) => done.push(units),
        );
        verify(result, input, 1000, 1037, 'exact');
        equal(done.at(-1), 37, 'the last progress');
        ensure(
          done.every((units, i) => units > (done[i - 1] ?? 0)),
          'progress only rises',
        );
      }),
  },
  {
    name: 'gives whole digests for a tolerance job',
    on: both,
    act: (world) =>
      using(world, {}, async ({ engine }) => {
        await engine.start();
        const input = mixInput(light);
        await engine.load({ ...jobOf(world, input), agreement: 'tolerance' });
        verify(
          await engine.run({ replica: 'r', job: 'job', unitFrom: 0, unitTo: 3 }, quiet),
          input,
          0,
          3,
          'tolerance',
        );
      }),
  },
  {
    name: 'computes units beyond 2^32, and the same unit alike in any chunk',
    on: both,
    act: (world) =>
      started(world, light, async (engine, input) => {
        const from = 2 ** 33 + 5;
        const wide = await engine.run(
          { replica: 'a', job: 'job', unitFrom: from, unitTo: from + 200 },
          quiet,
        );
        verify(wide, input, from, from + 200, 'exact');
        const one = await engine.run(
          { replica: 'b', job: 'job', unitFrom: from + 150, unitTo: from + 151 },
          quiet,
        );
        verify(one, input, from + 150, from + 151, 'exact');
      }),
  },
  {
    name: 'keeps several jobs apart',
    on: both,
    act: (world) =>
      using(world, {}, async ({ engine }) => {
        await engine.start();
        const inputs = [mixInput(light), mixInput({ ...light, seed: 8, values: 50 })];
        for (const [i, input] of inputs.entries())
          await engine.load({ ...jobOf(world, input), job: `job ${i}` });
        const results = await Promise.all(
          inputs.map((_, i) =>
            engine.run({ replica: `r${i}`, job: `job ${i}`, unitFrom: 0, unitTo: 20 }, quiet),
          ),
        );
        for (const [i, input] of inputs.entries()) verify(results[i], input, 0, 20, 'exact', `job ${i}`);
      }),
  },
  {
    name: 'goes from one chunk to the next by itself, in order',
    on: both,
    act: (world) =>
      started(world, heavy, async (engine, input) => {
        const units = 30;
        const done = { a: 0, b: 0, c: 0 };
        const early: string[] = [];
        const before = { a: null, b: 'a', c: 'b' } as const;
        const runs = (['a', 'b', 'c'] as const).map(async (replica, i) => {
          const chunk = { replica, job: 'job', unitFrom: i * units, unitTo: (i + 1) * units };
          const result = await engine.run(chunk, (unitsDone) => {
            done[replica] = unitsDone;
            const first = before[replica];
            if (first !== null && done[first] < units) early.push(replica);
          });
          verify(result, input, chunk.unitFrom, chunk.unitTo, 'exact');
        });
        await Promise.all(runs);
        equal(early.join(), '', 'begun before the one before was done');
        equal(Object.values(done).join(), `${units},${units},${units}`, 'units done');
      }),
  },
  {
    name: 'refuses what is not there: jobs, chunks, a replica twice',
    on: both,
    act: (world) =>
      started(world, heavy, async (engine) => {
        await fails(engine.run({ replica: 'r', job: 'other', unitFrom: 0, unitTo: 1 }, quiet), 'job');
        for (const [unitFrom, unitTo] of [
          [5, 5],
          [5, 4],
          [-1, 2],
          [0.5, 2],
          [2 ** 40 - 1, 2 ** 40 + 1],
          [0, Number.NaN],
        ] as const) {
          await fails(engine.run({ replica: 'r', job: 'job', unitFrom, unitTo }, quiet), 'job');
        }
        const first = engine.run({ replica: 'same', job: 'job', unitFrom: 0, unitTo: 20 }, quiet);
        await fails(engine.run({ replica: 'same', job: 'job', unitFrom: 0, unitTo: 20 }, quiet), 'job');
        await first;
        await fails(engine.measure('other', 0), 'job');
      }),
  },
  {
    name: 'proves itself on the vectors, and says which one failed',
    on: both,
    act: (world) =>
      using(world, {}, async ({ engine }) => {
        await engine.start();
        equal(JSON.stringify(await engine.selfTest(codeOf(world))), '{"ok":true,"vectors":3}', 'self-test');
        const wrong = await engine.selfTest(codeOf(world, 'mix-wrong@1'));
        ensure(
          !wrong.ok && wrong.vector === 'another unit' && wrong.got.length === 64,
          `which one failed: ${JSON.stringify(wrong)}`,
        );
      }),
  },
  {
    name: 'measures what a unit takes',
    on: both,
    act: (world) =>
      started(world, heavy, async (engine) => {
        const { unitMs } = await engine.measure('job', 3);
        const { kernelMs } = await engine.run({ replica: 'r', job: 'job', unitFrom: 0, unitTo: 40 }, quiet);
        ensure(unitMs > 0 && kernelMs > 0, 'it took time');
        const ratio = unitMs / (kernelMs / 40);
        ensure(ratio > 0.25 && ratio < 4, `measured ${unitMs} ms a unit, then needed ${kernelMs / 40}`);
        await engine.load({ ...jobOf(world, mixInput({ seed: 1, rounds: 1, values: 3 })), job: 'tiny' });
        const tiny = await engine.measure('tiny', 2 ** 40 - 1);
        ensure(tiny.unitMs > 0 && tiny.unitMs < unitMs, `a tiny unit takes ${tiny.unitMs} ms`);
      }),
  },
  {
    name: 'sends nobody an output that cannot be right',
    on: both,
    act: (world) =>
      using(world, {}, async ({ engine }) => {
        await engine.start();
        await engine.load({ ...jobOf(world, mixInput(light)), code: codeOf(world, 'mix-distrusted@1') });
        await fails(engine.run({ replica: 'r', job: 'job', unitFrom: 4, unitTo: 8 }, quiet), 'environment', {
          unit: 4,
        });
      }),
  },
  {
    name: 'reports a trap with its unit and lives on',
    on: wasmOnly,
    act: (world) =>
      started(world, { ...light, mode: 'trap', modeFrom: 5 }, async (engine, input) => {
        await fails(engine.run({ replica: 'r', job: 'job', unitFrom: 0, unitTo: 9 }, quiet), 'trap', {
          unit: 5,
        });
        verify(
          await engine.run({ replica: 's', job: 'job', unitFrom: 0, unitTo: 5 }, quiet),
          input,
          0,
          5,
          'exact',
        );
      }),
  },
  {
    name: 'reports a negative answer as a trap with its code',
    on: wasmOnly,
    act: (world) =>
      started(world, { ...light, mode: 'negative', modeFrom: 5 }, async (engine) => {
        await fails(engine.run({ replica: 'r', job: 'job', unitFrom: 0, unitTo: 9 }, quiet), 'trap', {
          unit: 5,
          code: -42,
        });
      }),
  },
  {
    name: 'reads no output outside the memory',
    on: wasmOnly,
    act: (world) =>
      started(world, { ...light, mode: 'huge', modeFrom: 2 }, async (engine, input) => {
        await fails(engine.run({ replica: 'r', job: 'job', unitFrom: 0, unitTo: 9 }, quiet), 'kernel', {
          unit: 2,
        });
        // A stranger's kernel says nowhere how long its outputs may be.
        await engine.load({ ...jobOf(world, input), job: 'strange', code: codeOf(world, 'stranger@1') });
        await fails(engine.run({ replica: 's', job: 'strange', unitFrom: 2, unitTo: 9 }, quiet), 'kernel', {
          unit: 2,
        });
      }),
  },
  {
    name: 'does not take an exhausted stack for the answer',
    on: wasmOnly,
    act: (world) =>
      started(world, { ...light, mode: 'deep', modeFrom: 1 }, async (engine, input) => {
        await fails(engine.run({ replica: 'r', job: 'job', unitFrom: 0, unitTo: 3 }, quiet), 'environment', {
          unit: 1,
        });
        verify(
          await engine.run({ replica: 's', job: 'job', unitFrom: 0, unitTo: 1 }, quiet),
          input,
          0,
          1,
          'exact',
        );
      }),
  },
  {
    name: 'refuses modules that break the ABI, and inputs that the kernel refuses',
    on: wasmOnly,
    act: (world) =>
      using(world, {}, async ({ engine }) => {
        await engine.start();
        const job = jobOf(world, mixInput(light));
        const garbage = {
          garbage: new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 9]),
          empty: new Uint8Array(0),
        };
        const { mix: _, ...broken } = { ...world.wasm, ...garbage };
        for (const [name, wasm] of Object.entries(broken)) {
          await fails(
            engine.load({ ...job, job: name, code: { id: `${name}@1`, wasm, wgsl: null } }),
            'kernel',
          );
        }
        await fails(engine.load({ ...job, input: new Uint8Array(21) }), 'input');
        await fails(engine.load({ ...job, input: mixInput({ ...light, values: 20_000 }) }), 'input', {
          code: 7,
        });
        await engine.load(job);
      }),
  },
  {
    name: 'computes a kernel that is not in the catalogue',
    on: wasmOnly,
    act: (world) =>
      using(world, {}, async ({ engine }) => {
        await engine.start();
        const code = codeOf(world, 'stranger@1');
        equal(JSON.stringify(await engine.selfTest(code)), '{"ok":true,"vectors":0}', 'self-test');
        const input = mixInput(light);
        await engine.load({ ...jobOf(world, input), code });
        verify(
          await engine.run({ replica: 'r', job: 'job', unitFrom: 0, unitTo: 9 }, quiet),
          input,
          0,
          9,
          'exact',
        );
      }),
  },
  {
    name: 'says that a shader does not compile, or that there is none',
    on: gpuOnly,
    act: (world) =>
      using(world, {}, async ({ engine }) => {
        await engine.start();
        const job = jobOf(world, mixInput(light));
        await fails(
          engine.load({ ...job, code: { ...job.code, wgsl: 'fn main() { return 1; }' } }),
          'kernel',
        );
        await fails(
          engine.load({ ...job, code: { ...job.code, wgsl: world.wgsl.replace('fn main', 'fn other') } }),
          'kernel',
        );
        await fails(
          engine.load({
            ...job,
            code: { ...job.code, wgsl: world.wgsl.replace('@binding(2)', '@binding(5)') },
          }),
          'kernel',
        );
        await fails(engine.load({ ...job, code: { ...job.code, wgsl: null } }), 'unavailable');
        await fails(engine.load({ ...job, code: { ...job.code, id: 'stranger@1' } }), 'unavailable');
        await engine.load(job);
      }),
  },
  {
    name: 'lets a tolerance kernel be a little off, and no more',
    on: gpuOnly,
    act: (world) =>
      using(world, {}, async ({ engine }) => {
        await engine.start();
        const roughly = await engine.selfTest(codeOf(world, 'mix-roughly@1'));
        equal(JSON.stringify(roughly), '{"ok":true,"vectors":3}', 'self-test');
        const tooRoughly = await engine.selfTest(codeOf(world, 'mix-too-roughly@1'));
        ensure(!tooRoughly.ok && tooRoughly.vector === 'first', 'too far off');
      }),
  },
  {
    name: 'reports a dispatch that the GPU refuses, and lives on',
    on: gpuOnly,
    act: (world) =>
      using(world, {}, async ({ engine }) => {
        await engine.start();
        await engine.load({
          ...jobOf(world, mixInput({ seed: 1, rounds: 1, values: 3 })),
          code: codeOf(world, 'mix-too-wide@1'),
        });
        await fails(engine.run({ replica: 'r', job: 'job', unitFrom: 0, unitTo: 2 }, quiet), 'kernel');
        const input = mixInput(light);
        await engine.load({ ...jobOf(world, input), job: 'fine' });
        verify(
          await engine.run({ replica: 's', job: 'fine', unitFrom: 0, unitTo: 9 }, quiet),
          input,
          0,
          9,
          'exact',
          'fine',
        );
      }),
  },
];
