/**
 * What every engine must keep, whatever runs it: a list of named checks that throw. It needs no test framework,
 * because half of its engines live in a browser page.
 */

import { commitmentRoot, wireDigest, wireDigestBytes } from '../../src/volunteer/digest.ts';
import { EngineError } from '../../src/volunteer/engine.ts';
import type { Backend, ChunkResult, Engine, EngineFailure, EngineLimits, JobData, KernelCode, LostReason } from '../../src/volunteer/engine.ts';
import { mixInput, mixOutput } from '../kernels/fixtures/mix.ts';
import type { MixInput } from '../kernels/fixtures/mix.ts';

/** Where the checks take place. */
export interface World {
  readonly backend: Backend;
  readonly wasm: Readonly<Record<'mix' | 'growing' | 'unbounded' | 'importing' | 'gigantic', Uint8Array>>;
  readonly wgsl: string;
  /** A fresh engine whose kernels are the fixtures; `crash` makes its thread throw as soon as it listens. */
  engine(limits?: Partial<EngineLimits>): { engine: Engine; crash(): void };
}

export interface Check {
  readonly name: string;
  /** The backends that it is about. */
  readonly on: readonly Backend[];
  act(world: World): Promise<void>;
}

const both: readonly Backend[] = ['wasm', 'webgpu'];
const wasmOnly: readonly Backend[] = ['wasm'];
const gpuOnly: readonly Backend[] = ['webgpu'];
const quiet = (): void => {};

/** Cheap units: microseconds each. */
const light: MixInput = { seed: 7, rounds: 8, values: 100 };
/** About 5 ms a unit in WASM on an ordinary core. */
const heavy: MixInput = { seed: 9, rounds: 5000, values: 300 };

export const engineChecks: readonly Check[] = [
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
        const result = await engine.run({ replica: 'r1', job: 'job', unitFrom: 1000, unitTo: 1037 }, (units) => done.push(units));
        verify(result, input, 1000, 1037, 'exact');
        equal(done.at(-1), 37, 'the last progress');
        equal(done.join(), [...done].sort((a, b) => a - b).join(), 'progress only rises');
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
        verify(await engine.run({ replica: 'r', job: 'job', unitFrom: 0, unitTo: 3 }, quiet), input, 0, 3, 'tolerance');
      }),
  },
  {
    name: 'computes units beyond 2^32, and the same unit alike in any chunk',
    on: both,
    act: (world) =>
      started(world, light, async (engine, input) => {
        const from = 2 ** 33 + 5;
        const wide = await engine.run({ replica: 'a', job: 'job', unitFrom: from, unitTo: from + 200 }, quiet);
        verify(wide, input, from, from + 200, 'exact');
        const one = await engine.run({ replica: 'b', job: 'job', unitFrom: from + 150, unitTo: from + 151 }, quiet);
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
        for (const [i, input] of inputs.entries()) await engine.load({ ...jobOf(world, input), job: `job ${i}` });
        const results = await Promise.all(
          inputs.map((_, i) => engine.run({ replica: `r${i}`, job: `job ${i}`, unitFrom: 0, unitTo: 20 }, quiet)),
        );
        for (const [i, input] of inputs.entries()) verify(results[i], input, 0, 20, 'exact', `job ${i}`);
      }),
  },
  {
    name: 'goes from one chunk to the next by itself, in order',
    on: both,
    act: (world) =>
      started(world, heavy, async (engine, input) => {
        const order: string[] = [];
        const runs = ['a', 'b', 'c'].map(async (replica, i) => {
          const result = await engine.run({ replica, job: 'job', unitFrom: i * 10, unitTo: i * 10 + 10 }, quiet);
          order.push(replica);
          verify(result, input, i * 10, i * 10 + 10, 'exact');
        });
        await Promise.all(runs);
        equal(order.join(), 'a,b,c', 'order');
      }),
  },
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
        const going = engine.run({ replica: 'r', job: 'job', unitFrom: 0, unitTo: 100_000 }, () => engine.unload('job'));
        await fails(going, 'cancelled');
        await fails(engine.run({ replica: 's', job: 'job', unitFrom: 0, unitTo: 1 }, quiet), 'job');
        await engine.load(jobOf(world, input));
        verify(await engine.run({ replica: 't', job: 'job', unitFrom: 0, unitTo: 2 }, quiet), input, 0, 2, 'exact');
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
        const run = engine.run({ replica: 'r', job: 'job', unitFrom: 0, unitTo: 60 }, (done) => {
          if (units === 0) engine.setShare(0);
          units = done;
        });
        while (units === 0) await sleep(20);
        await sleep(500);
        const resting = units;
        ensure(resting < 60, 'it stopped before the end');
        await sleep(2000);
        equal(units, resting, 'units done while resting');
        engine.setShare(1);
        verify(await run, input, 0, 60, 'exact');
      }),
  },
  {
    name: 'keeps to a share of its time',
    on: wasmOnly,
    act: (world) =>
      started(world, heavy, async (engine) => {
        engine.setShare(0.25);
        const result = await engine.run({ replica: 'r', job: 'job', unitFrom: 0, unitTo: 60 }, quiet);
        const share = result.kernelMs / result.wallMs;
        ensure(share > 0.1 && share < 0.4, `a quarter of the time, not ${share}`);
      }),
  },
  {
    name: 'gives a chunk up at its deadline and goes on',
    on: both,
    act: (world) =>
      started(world, heavy, async (engine, input) => {
        await fails(engine.run({ replica: 'r', job: 'job', unitFrom: 0, unitTo: 100_000, deadlineMs: 300 }, quiet), 'deadline');
        verify(await engine.run({ replica: 's', job: 'job', unitFrom: 0, unitTo: 2 }, quiet), input, 0, 2, 'exact');
      }),
  },
  {
    name: 'refuses what is not there: jobs, chunks, a replica twice',
    on: both,
    act: (world) =>
      started(world, heavy, async (engine) => {
        await fails(engine.run({ replica: 'r', job: 'other', unitFrom: 0, unitTo: 1 }, quiet), 'job');
        for (const [unitFrom, unitTo] of [[5, 5], [5, 4], [-1, 2], [0.5, 2], [2 ** 40 - 1, 2 ** 40 + 1], [0, Number.NaN]] as const) {
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
        ensure(!wrong.ok && wrong.vector === 'another unit' && wrong.got.length === 64, `which one failed: ${JSON.stringify(wrong)}`);
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
        await fails(engine.run({ replica: 'r', job: 'job', unitFrom: 4, unitTo: 8 }, quiet), 'environment', { unit: 4 });
      }),
  },
  {
    name: 'ends every call when it is disposed of, and tells once',
    on: both,
    act: (world) =>
      started(world, heavy, async (engine) => {
        const told: LostReason[] = [];
        engine.onLost((reason) => told.push(reason));
        const calls = [0, 1].map((i) => engine.run({ replica: `r${i}`, job: 'job', unitFrom: 0, unitTo: 100_000 }, quiet));
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
        const calls = [0, 1].map((i) => engine.run({ replica: `r${i}`, job: 'job', unitFrom: 0, unitTo: 100_000 }, quiet));
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
      using(world, { silenceMs: 1000 }, async ({ engine }) => {
        await engine.start();
        const input = mixInput({ seed: 3, rounds: 150_000, values: 300 });
        await engine.load(jobOf(world, input));
        const result = await engine.run({ replica: 'r', job: 'job', unitFrom: 0, unitTo: 12 }, quiet);
        ensure(result.wallMs > 1000, `the whole takes longer than the silence that is allowed: ${result.wallMs}`);
      }),
  },
  {
    name: 'reports a trap with its unit and lives on',
    on: wasmOnly,
    act: (world) =>
      started(world, { ...light, mode: 'trap', modeFrom: 5 }, async (engine, input) => {
        await fails(engine.run({ replica: 'r', job: 'job', unitFrom: 0, unitTo: 9 }, quiet), 'trap', { unit: 5 });
        verify(await engine.run({ replica: 's', job: 'job', unitFrom: 0, unitTo: 5 }, quiet), input, 0, 5, 'exact');
      }),
  },
  {
    name: 'reports a negative answer as a trap with its code',
    on: wasmOnly,
    act: (world) =>
      started(world, { ...light, mode: 'negative', modeFrom: 5 }, async (engine) => {
        await fails(engine.run({ replica: 'r', job: 'job', unitFrom: 0, unitTo: 9 }, quiet), 'trap', { unit: 5, code: -42 });
      }),
  },
  {
    name: 'reads no output outside the memory',
    on: wasmOnly,
    act: (world) =>
      started(world, { ...light, mode: 'huge', modeFrom: 2 }, async (engine) => {
        await fails(engine.run({ replica: 'r', job: 'job', unitFrom: 0, unitTo: 9 }, quiet), 'kernel', { unit: 2 });
      }),
  },
  {
    name: 'does not take an exhausted stack for the answer',
    on: wasmOnly,
    act: (world) =>
      started(world, { ...light, mode: 'deep', modeFrom: 1 }, async (engine, input) => {
        await fails(engine.run({ replica: 'r', job: 'job', unitFrom: 0, unitTo: 3 }, quiet), 'environment', { unit: 1 });
        verify(await engine.run({ replica: 's', job: 'job', unitFrom: 0, unitTo: 1 }, quiet), input, 0, 1, 'exact');
      }),
  },
  {
    name: 'refuses modules that break the ABI, and inputs that the kernel refuses',
    on: wasmOnly,
    act: (world) =>
      using(world, {}, async ({ engine }) => {
        await engine.start();
        const job = jobOf(world, mixInput(light));
        const garbage = { garbage: new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 9]), empty: new Uint8Array(0) };
        const { mix: _, ...broken } = { ...world.wasm, ...garbage };
        for (const [name, wasm] of Object.entries(broken)) {
          await fails(engine.load({ ...job, job: name, code: { id: `${name}@1`, wasm, wgsl: null } }), 'kernel');
        }
        await fails(engine.load({ ...job, input: new Uint8Array(21) }), 'input');
        await fails(engine.load({ ...job, input: mixInput({ ...light, values: 20_000 }) }), 'input', { code: 7 });
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
        verify(await engine.run({ replica: 'r', job: 'job', unitFrom: 0, unitTo: 9 }, quiet), input, 0, 9, 'exact');
      }),
  },
  {
    name: 'says that a shader does not compile, or that there is none',
    on: gpuOnly,
    act: (world) =>
      using(world, {}, async ({ engine }) => {
        await engine.start();
        const job = jobOf(world, mixInput(light));
        await fails(engine.load({ ...job, code: { ...job.code, wgsl: 'fn main() { return 1; }' } }), 'kernel');
        await fails(engine.load({ ...job, code: { ...job.code, wgsl: world.wgsl.replace('fn main', 'fn other') } }), 'kernel');
        await fails(engine.load({ ...job, code: { ...job.code, wgsl: world.wgsl.replace('@binding(2)', '@binding(5)') } }), 'kernel');
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
        await engine.load({ ...jobOf(world, mixInput({ seed: 1, rounds: 1, values: 3 })), code: codeOf(world, 'mix-too-wide@1') });
        await fails(engine.run({ replica: 'r', job: 'job', unitFrom: 0, unitTo: 2 }, quiet), 'kernel');
        const input = mixInput(light);
        await engine.load({ ...jobOf(world, input), job: 'fine' });
        verify(await engine.run({ replica: 's', job: 'fine', unitFrom: 0, unitTo: 9 }, quiet), input, 0, 9, 'exact', 'fine');
      }),
  },
];

/** The artefacts of `mix`. */
interface Artefacts {
  readonly wasm: { readonly mix: Uint8Array };
  readonly wgsl: string;
}

export function codeOf(world: Artefacts, id = 'mix@1'): KernelCode {
  return { id, wasm: world.wasm.mix, wgsl: world.wgsl };
}

export function jobOf(world: Artefacts, input: Uint8Array): JobData {
  return { job: 'job', code: codeOf(world), input, agreement: 'exact' };
}

/** Throws unless a result is what the kernel's meaning says, byte for byte and digest for digest. */
export function verify(result: ChunkResult | undefined, input: Uint8Array, from: number, to: number, agreement: 'exact' | 'tolerance', job = 'job'): void {
  if (result === undefined) throw new Error('no result');
  equal(result.lengths.length, to - from, 'units');
  const width = wireDigestBytes(agreement);
  equal(result.digests.length, (to - from) * width, 'length of the digests');
  let at = 0;
  for (let unit = from; unit < to; unit++) {
    const i = unit - from;
    const right = mixOutput(input, unit);
    const length = result.lengths[i] ?? -1;
    equal(hex(result.bytes.subarray(at, at + length)), hex(right), `output of unit ${unit}`);
    equal(hex(result.digests.subarray(i * width, (i + 1) * width)), hex(wireDigest(job, unit, right, agreement)), `digest of unit ${unit}`);
    at += length;
  }
  equal(result.bytes.length, at, 'length of the bytes');
  equal(hex(result.root), hex(commitmentRoot(job, from, result.digests)), 'root');
}

async function using(world: World, limits: Partial<EngineLimits>, act: (made: ReturnType<World['engine']>) => Promise<void>): Promise<void> {
  const made = world.engine(limits);
  try {
    await act(made);
  } finally {
    made.engine.dispose();
  }
}

/** An engine that has started and loaded `job`. */
function started(world: World, mix: MixInput, act: (engine: Engine, input: Uint8Array) => Promise<void>): Promise<void> {
  return using(world, {}, async ({ engine }) => {
    const input = mixInput(mix);
    await engine.start();
    await engine.load(jobOf(world, input));
    await act(engine, input);
  });
}

/** Throws unless the promise rejects with an EngineError of that reason. */
export async function fails(call: Promise<unknown>, reason: EngineFailure, more: { unit?: number; code?: number } = {}): Promise<void> {
  let error: unknown;
  try {
    await call;
  } catch (thrown) {
    error = thrown;
  }
  if (!(error instanceof EngineError)) throw new Error(`should fail with ${reason}, not ${String(error ?? 'succeed')}`);
  equal(error.reason, reason, error.message);
  if (more.unit !== undefined) equal(error.unit, more.unit, 'unit');
  if (more.code !== undefined) equal(error.code, more.code, 'code');
}

export function ensure(condition: boolean, sentence: string): void {
  if (!condition) throw new Error(`not so: ${sentence}`);
}

export function equal(got: unknown, wanted: unknown, what: string): void {
  if (got !== wanted) throw new Error(`${what}: got ${String(got).slice(0, 200)}, wanted ${String(wanted).slice(0, 200)}`);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
