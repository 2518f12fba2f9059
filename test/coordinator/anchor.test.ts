/** The operator's anchor with real kernels: it settles what waits for a second person, and leaves alone what people can do. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { setTimeout as sleep } from 'node:timers/promises';
import { decode as decodePng } from 'fast-png';
import { afterEach, describe, expect, test } from 'vitest';
import { kernelOf } from '../../src/kernels/catalogue.ts';
import { encodeInput as encodeMersenne } from '../../src/kernels/mersenne-tf/index.ts';
import { demoScene } from '../../src/kernels/path-trace/demo.ts';
import { encodeInput as encodeScene } from '../../src/kernels/path-trace/index.ts';
import type { AnchorAnswer, AnchorWork } from '../../src/coordinator/anchor-thread.ts';
import { MemoryLog } from '../../src/coordinator/log-memory.ts';
import { troubled } from '../contract/log-slow.ts';
import { shelfOf } from '../../src/coordinator/kernels.ts';
import type { JobView } from '../../src/wire/views.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';
import { answerOf, Scripted } from './volunteer.ts';

const built = join(import.meta.dirname, '../../build/kernels');
const shelf = shelfOf(built, kernelOf);

let open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of open.reverse()) await one.close();
  open = [];
});

/** What a kernel's reference answers to one unit, by the ABI of src/kernels/kernel.ts. */
function referenceOf(kernel: string, input: Uint8Array): (unit: number) => Uint8Array {
  const { exports } = new WebAssembly.Instance(
    new WebAssembly.Module(readFileSync(join(built, kernel, 'reference.wasm'))),
  );
  const abi = exports as unknown as {
    memory: WebAssembly.Memory;
    input(n: number): number;
    prepare(): number;
    run(unit: bigint): number;
    output(): number;
  };
  new Uint8Array(abi.memory.buffer).set(input, abi.input(input.length));
  expect(abi.prepare()).toBe(0);
  return (unit) => {
    const length = abi.run(BigInt(unit));
    return new Uint8Array(abi.memory.buffer).slice(abi.output(), abi.output() + length);
  };
}

async function submit(
  house: Started,
  kernel: string,
  input: Uint8Array,
  unitsPerChunk: number,
): Promise<JobView> {
  const { digest } = (await (await house.operator('/blobs', input)).json()) as { digest: string };
  await house.operator('/fund', { account: 'operator', amountMicro: 10 ** 12 });
  const answer = await house.operator('/jobs', {
    kernel,
    input: digest,
    title: 'real',
    cause: 'tests',
    unitsPerChunk,
    quorum: 2,
    demonstration: true,
  });
  expect(answer.status).toBe(201);
  return (await answer.json()) as JobView;
}

/** One volunteer does a whole job by itself. */
async function alone(house: Started, job: JobView, input: Uint8Array): Promise<Scripted> {
  const one = new Scripted(house.url);
  await one.signIn();
  const run = referenceOf(job.kernel, input);
  for (let done = 0; done < job.chunks;) {
    const lease = await one.leaseOf(job.kernel);
    for (let i = 0; i < lease.count; i++, done++) {
      const from = (lease.chunk + i) * job.unitsPerChunk;
      const outputs = Array.from({ length: Math.min(job.units, from + job.unitsPerChunk) - from }, (_, k) =>
        run(from + k),
      );
      one.commit([answerOf(job.job, job.agreement, lease.lease + i, from, outputs)]);
      await one.acked(lease.lease + i);
    }
  }
  return one;
}

async function finished(house: Started, job: JobView): Promise<JobView> {
  for (let tries = 0; tries < 200; tries++) {
    const view = (await (await house.call(`/api/jobs/${job.job}`)).json()) as JobView;
    if (view.state === 'finished') return view;
    await sleep(100);
  }
  throw new Error('the job did not finish');
}

describe('[LS4] the anchor', () => {
  test('stands in for the second person once a chunk has waited, is paid, and shows on no leaderboard; the report tells the find', async () => {
    let ahead = 0;
    const house = await started({ shelf, anchorShare: 1, now: () => Date.now() + ahead });
    open.push(house);
    // 2^67 − 1 = 193707721 × 761838257287; k of the first factor is 1445580.
    const input = encodeMersenne({ exponent: 67, kFrom: 1_440_000n, kPerUnit: 4096, units: 4 });
    const job = await submit(house, 'mersenne-tf@1', input, 1);
    const one = await alone(house, job, input);
    one.ask(job.kernel);
    expect(await one.refusal()).toMatchObject({ reason: 'waiting-for-others' });
    await sleep(200);
    expect((await (await house.call(`/api/jobs/${job.job}`)).json()) as JobView).toMatchObject({
      final: 0,
      committed: 4,
    });
    ahead = 31_000;
    const view = await finished(house, job);
    expect(view).toMatchObject({ settledWithAnchor: 4, settledByPeople: 0, disputes: 0 });
    expect(house.runtime.state.balances.get('vested:anchor')).toBe(BigInt(4 * job.unitCostMicro));
    const board = (await (await house.call('/api/leaderboard')).json()) as { rows: { account: string }[] };
    expect(board.rows.map(({ account }) => account)).toEqual([one.who.account]);
    expect(await (await house.call(`/api/jobs/${job.job}/report.txt`)).text()).toContain(
      'M67 has a factor: 193707721',
    );
  }, 40_000);

  test('leaves chunks alone that somebody who is connected could take', async () => {
    let ahead = 0;
    const house = await started({ shelf, anchorShare: 1, now: () => Date.now() + ahead });
    open.push(house);
    const input = encodeMersenne({ exponent: 67, kFrom: 1_440_000n, kPerUnit: 4096, units: 1 });
    const job = await submit(house, 'mersenne-tf@1', input, 1);
    const one = new Scripted(house.url);
    await one.signIn();
    const lease = await one.leaseOf(job.kernel);
    const other = new Scripted(house.url);
    await other.signIn();
    // It wants work of that kernel, and just now has given this chunk back: it may take it again.
    const given = await other.leaseOf(job.kernel);
    other.say({ t: 'giveBack', replicas: [given.lease], why: 'failed' });
    one.commit([answerOf(job.job, 'exact', lease.lease, 0, [referenceOf(job.kernel, input)(0)])]);
    await one.acked(lease.lease);
    ahead = 40_000;
    await sleep(6_000);
    expect((await (await house.call(`/api/jobs/${job.job}`)).json()) as JobView).toMatchObject({ final: 0 });
    await other.end();
    await finished(house, job);
  }, 40_000);
});

describe('the anchor and a store that fails', () => {
  test('is let in later where the store took no writes at its first try', async () => {
    const mood = { trouble: { delayMs: 0, failOneIn: 0, seed: 1 }, down: 'full' as 'full' | null };
    const house = await started({ shelf, anchorShare: 1, log: troubled(new MemoryLog(), mood) });
    open.push(house);
    const isIn = (): boolean =>
      [...house.runtime.state.devices.values()].some(({ role }) => role === 'anchor');
    expect([house.runtime.storeFault?.reason, isIn()]).toEqual(['full', false]);
    mood.down = null;
    for (let tries = 0; !isIn() && tries < 300; tries++) await sleep(100);
    expect(isIn()).toBe(true);
  }, 40_000);
});

describe('a quarter of a core', () => {
  /** Has units computed by a thread of the anchor; says what part of the time it worked. */
  async function shareOf(kernel: string, input: Uint8Array, to: number, share: number): Promise<number> {
    const { wasm } = shelf.get(kernel) ?? { wasm: new Uint8Array(0) };
    const thread = new Worker(new URL('../../src/coordinator/anchor-thread.ts', import.meta.url));
    const work: AnchorWork = {
      kernel,
      wasm,
      input,
      inputDigest: 'x',
      units: Array.from({ length: to }, (_, i) => i),
      share,
    };
    // Starting a thread is not the anchor's work; an answer to nothing says that it is up.
    await new Promise((resolve) => {
      thread.once('message', resolve);
      thread.postMessage({ ...work, units: [], wasm: new Uint8Array(0) });
    });
    const began = performance.now();
    const answer = await new Promise<AnchorAnswer>((resolve) => {
      thread.once('message', resolve);
      thread.postMessage(work);
    });
    const wallMs = performance.now() - began;
    await thread.terminate();
    if ('failed' in answer) throw new Error(answer.failed);
    return (answer.prepareMs + answer.busyMs) / wallMs;
  }

  const factoring = encodeMersenne({ exponent: 67, kFrom: 1_440_000n, kPerUnit: 1_048_576, units: 8 });

  test('is what the anchor takes, unit by unit', async () => {
    const used = await shareOf('mersenne-tf@1', factoring, 8, 0.25);
    expect(used).toBeLessThanOrEqual(0.27);
    expect(used).toBeGreaterThan(0.05);
  }, 60_000);

  test('getting a kernel and its input ready counted', async () => {
    // A scene takes longer to prepare than its first small tile to trace.
    const used = await shareOf('path-trace@1', encodeScene(demoScene(320, 200, 1, 1)), 1, 0.25);
    expect(used).toBeLessThanOrEqual(0.27);
  }, 60_000);

  test('and not less than there is, where it may take a whole one', async () => {
    expect(await shareOf('mersenne-tf@1', factoring, 8, 1)).toBeGreaterThan(0.5);
  }, 60_000);
});

describe('pictures', () => {
  test('a preview grows with what is settled; the picture is whole at the end', async () => {
    let ahead = 0;
    const house = await started({ shelf, anchorShare: 1, now: () => Date.now() + ahead });
    open.push(house);
    const input = encodeScene(demoScene(320, 200, 1, 1));
    const job = await submit(house, 'path-trace@1', input, 100);
    expect(job).toMatchObject({ agreement: 'tolerance', chunks: 10 });
    const empty = decodePng(await (await house.call(`/api/jobs/${job.job}/preview.png`)).arrayBuffer());
    expect([empty.width, empty.height]).toEqual([160, 100]);
    expect(alphas(empty.data)).toBe(0);
    expect((await house.call(`/api/jobs/${job.job}/picture.png`)).status).toBe(403);
    await alone(house, job, input);
    expect(
      alphas(decodePng(await (await house.call(`/api/jobs/${job.job}/preview.png`)).arrayBuffer()).data),
    ).toBe(0);
    ahead = 31_000;
    await finished(house, job);
    const preview = decodePng(await (await house.call(`/api/jobs/${job.job}/preview.png`)).arrayBuffer());
    expect(alphas(preview.data)).toBe(160 * 100);
    const picture = decodePng(await (await house.call(`/api/jobs/${job.job}/picture.png`)).arrayBuffer());
    expect([picture.width, picture.height, alphas(picture.data)]).toEqual([320, 200, 320 * 200]);
    expect(new Set(picture.data).size).toBeGreaterThan(100);
  }, 60_000);
});

/** Pixels that are opaque. */
function alphas(data: ArrayLike<number>): number {
  let count = 0;
  for (let i = 3; i < data.length; i += 4) if (data[i] === 255) count++;
  return count;
}
