/** A small real job under audit, with who computes it honestly or lies, for the tests of what audits come to. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { kernelOf } from '../../src/kernels/catalogue.ts';
import { encodeInput as encodeMersenne } from '../../src/kernels/mersenne-tf/index.ts';
import { shelfOf } from '../../src/coordinator/kernels.ts';
import type { JobView } from '../../src/wire/views.ts';
import type { Started } from './started.ts';
import { answerOf } from './volunteer.ts';
import type { Scripted } from './volunteer.ts';

const built = join(import.meta.dirname, '../../build/kernels');
export const shelf = shelfOf(built, kernelOf);
export const kernel = 'mersenne-tf@1';

/** The reference's answers, by the ABI of src/kernels/kernel.ts. */
export function referenceOf(input: Uint8Array): (unit: number) => Uint8Array {
  const module = new WebAssembly.Module(readFileSync(join(built, kernel, 'reference.wasm')));
  const abi = new WebAssembly.Instance(module).exports as unknown as {
    memory: WebAssembly.Memory;
    input(n: number): number;
    prepare(): number;
    run(unit: bigint): number;
    output(): number;
  };
  new Uint8Array(abi.memory.buffer).set(input, abi.input(input.length));
  if (abi.prepare() !== 0) throw new Error('the kernel refuses its input');
  return (unit) => {
    const length = abi.run(BigInt(unit));
    return new Uint8Array(abi.memory.buffer).slice(abi.output(), abi.output() + length);
  };
}

export const units = 24;
export const unitsPerChunk = 3;
/** 2^67 − 1 = 193707721 × 761838257287; k of the first factor is 1445580. */
export const input = encodeMersenne({ exponent: 67, kFrom: 1_440_000n, kPerUnit: 1024, units });
export const right = referenceOf(input);

export async function submit(
  house: Started,
  path = '/jobs',
  bytes = input,
  over: Record<string, unknown> = {},
): Promise<Response> {
  const { digest } = (await (await house.operator('/blobs', bytes)).json()) as { digest: string };
  await house.operator('/fund', { account: 'operator', amountMicro: 10 ** 12 });
  return house.operator(path, {
    kernel,
    input: digest,
    title: 'real',
    cause: 'tests',
    unitsPerChunk,
    demonstration: true,
    // So many that who leaves has every unit recomputed: no chance takes part in this test.
    policy: { kind: 'audit', windowUnits: 1_000, leaverUnits: 1_000 },
    ...over,
  });
}

/** Computes what it is given until there is nothing left; says what each chunk's answers were. */
export async function works(
  one: Scripted,
  job: JobView,
  answer: (unit: number) => Uint8Array,
  chunks: number,
  perChunk = unitsPerChunk,
): Promise<void> {
  for (let done = 0; done < chunks;) {
    const lease = await one.leaseOf(kernel);
    for (let i = 0; i < lease.count; i++, done++) {
      const from = (lease.chunk + i) * perChunk;
      const outputs = Array.from({ length: perChunk }, (_, k) => answer(from + k));
      one.commit([answerOf(job.job, 'exact', lease.lease + i, from, outputs)]);
      await one.acked(lease.lease + i);
    }
  }
}

export async function view(house: Started, job: JobView): Promise<JobView> {
  return (await (await house.call(`/api/jobs/${job.job}`)).json()) as JobView;
}

export async function until(
  house: Started,
  job: JobView,
  holds: (now: JobView) => boolean,
): Promise<JobView> {
  for (let tries = 0; tries < 400; tries++) {
    const now = await view(house, job);
    if (holds(now)) return now;
    await sleep(100);
  }
  throw new Error(`it never held: ${JSON.stringify(await view(house, job))}`);
}

/** Reads with the operator's token a path that others may not read yet. */
export async function asOperator(house: Started, path: string): Promise<Response> {
  const token = house.operatorToken ?? '';
  return house.call(path, { headers: { authorization: `Bearer ${token}` } });
}

export async function resultsOf(house: Started, job: JobView): Promise<Buffer> {
  return Buffer.from(await (await house.call(`/api/jobs/${job.job}/results.bin`)).arrayBuffer());
}

export const honestResults = Buffer.concat(
  Array.from({ length: units }, (_, unit) => {
    const output = right(unit);
    const head = Buffer.alloc(4);
    head.writeUInt32BE(output.length);
    return Buffer.concat([head, output]);
  }),
);

/** Right but for unit 5: a bit of its checksum, which nobody sees without computing the unit. */
export function lie(unit: number): Uint8Array {
  const output = Uint8Array.from(right(unit));
  if (unit === 5) output[8] = (output[8] as number) ^ 1;
  return output;
}

/** Every unit wrong. */
export function madeUp(unit: number): Uint8Array {
  const output = Uint8Array.from(right(unit));
  output[8] = (output[8] as number) ^ 1;
  return output;
}
