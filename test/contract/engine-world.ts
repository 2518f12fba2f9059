/** What the engine contract's checks share: the world they take place in, jobs, and sentences that throw. */

import { commitmentRoot, wireDigest, wireDigestBytes } from '../../src/volunteer/digest.ts';
import { EngineError } from '../../src/volunteer/engine.ts';
import type {
  Backend,
  ChunkResult,
  Engine,
  EngineFailure,
  EngineLimits,
  JobData,
  KernelCode,
} from '../../src/volunteer/engine.ts';
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

export const both: readonly Backend[] = ['wasm', 'webgpu'];
export const wasmOnly: readonly Backend[] = ['wasm'];
export const gpuOnly: readonly Backend[] = ['webgpu'];
export const quiet = (): void => {};

/** Cheap units: microseconds each. */
export const light: MixInput = { seed: 7, rounds: 8, values: 100 };
/** About 5 ms a unit in WASM on an ordinary core. */
export const heavy: MixInput = { seed: 9, rounds: 5000, values: 300 };

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
export function verify(
  result: ChunkResult | undefined,
  input: Uint8Array,
  from: number,
  to: number,
  agreement: 'exact' | 'tolerance',
  job = 'job',
): void {
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
    equal(
      hex(result.digests.subarray(i * width, (i + 1) * width)),
      hex(wireDigest(job, unit, right, agreement)),
      `digest of unit ${unit}`,
    );
    at += length;
  }
  equal(result.bytes.length, at, 'length of the bytes');
  equal(hex(result.root), hex(commitmentRoot(job, from, result.digests)), 'root');
}

export async function using(
  world: World,
  limits: Partial<EngineLimits>,
  act: (made: ReturnType<World['engine']>) => Promise<void>,
): Promise<void> {
  const made = world.engine(limits);
  try {
    await act(made);
  } finally {
    made.engine.dispose();
  }
}

/** An engine that has started and loaded `job`. */
export function started(
  world: World,
  mix: MixInput,
  act: (engine: Engine, input: Uint8Array) => Promise<void>,
): Promise<void> {
  return using(world, {}, async ({ engine }) => {
    const input = mixInput(mix);
    await engine.start();
    await engine.load(jobOf(world, input));
    await act(engine, input);
  });
}

/** Throws unless the promise rejects with an EngineError of that reason. */
export async function fails(
  call: Promise<unknown>,
  reason: EngineFailure,
  more: { unit?: number; code?: number } = {},
): Promise<void> {
  let error: unknown;
  try {
    await call;
  } catch (thrown) {
    error = thrown;
  }
  if (!(error instanceof EngineError))
    throw new Error(`should fail with ${reason}, not ${error instanceof Error ? error.message : 'succeed'}`);
  equal(error.reason, reason, error.message);
  if (more.unit !== undefined) equal(error.unit, more.unit, 'unit');
  if (more.code !== undefined) equal(error.code, more.code, 'code');
}

export function ensure(condition: boolean, sentence: string): void {
  if (!condition) throw new Error(`not so: ${sentence}`);
}

export function equal(got: unknown, wanted: unknown, what: string): void {
  if (got !== wanted)
    throw new Error(`${what}: got ${String(got).slice(0, 200)}, wanted ${String(wanted).slice(0, 200)}`);
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
