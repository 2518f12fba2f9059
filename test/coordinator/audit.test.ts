/** Jobs under audit with real kernels, sockets, engines and store: accepted at once, recomputed in secret, final or void. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { kernelOf } from '../../src/kernels/catalogue.ts';
import { encodeInput as encodeMersenne } from '../../src/kernels/mersenne-tf/index.ts';
import { shelfOf } from '../../src/coordinator/kernels.ts';
import type { JobView, QuoteView, VerdictsView } from '../../src/wire/views.ts';
import type { CreditWord } from '../../src/wire/volunteer.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';
import { answerOf, Scripted } from './volunteer.ts';

const built = join(import.meta.dirname, '../../build/kernels');
const shelf = await shelfOf(built, kernelOf);
const kernel = 'mersenne-tf@1';

let open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of open.reverse()) await one.close();
  open = [];
});

/** The reference's answers, by the ABI of src/kernels/kernel.ts. */
function referenceOf(input: Uint8Array): (unit: number) => Uint8Array {
  const module = new WebAssembly.Module(readFileSync(join(built, kernel, 'reference.wasm')));
  const abi = new WebAssembly.Instance(module).exports as unknown as {
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

const units = 24;
const unitsPerChunk = 3;
/** 2^67 − 1 = 193707721 × 761838257287; k of the first factor is 1445580. */
const input = encodeMersenne({ exponent: 67, kFrom: 1_440_000n, kPerUnit: 1024, units });
const right = referenceOf(input);

async function submit(house: Started, path = '/jobs'): Promise<Response> {
  const { digest } = (await (await house.operator('/blobs', input)).json()) as { digest: string };
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
  });
}

/** Computes what it is given until there is nothing left; says what each chunk's answers were. */
async function works(
  one: Scripted,
  job: JobView,
  answer: (unit: number) => Uint8Array,
  chunks: number,
): Promise<void> {
  for (let done = 0; done < chunks;) {
    const lease = await one.leaseOf(kernel);
    for (let i = 0; i < lease.count; i++, done++) {
      const from = (lease.chunk + i) * unitsPerChunk;
      const outputs = Array.from({ length: unitsPerChunk }, (_, k) => answer(from + k));
      one.commit([answerOf(job.job, 'exact', lease.lease + i, from, outputs)]);
      await one.acked(lease.lease + i);
    }
  }
}

async function view(house: Started, job: JobView): Promise<JobView> {
  return (await (await house.call(`/api/jobs/${job.job}`)).json()) as JobView;
}

async function until(house: Started, job: JobView, holds: (now: JobView) => boolean): Promise<JobView> {
  for (let tries = 0; tries < 400; tries++) {
    const now = await view(house, job);
    if (holds(now)) return now;
    await sleep(100);
  }
  throw new Error(`it never held: ${JSON.stringify(await view(house, job))}`);
}

/** Reads with the operator's token a path that others may not read yet. */
async function asOperator(house: Started, path: string): Promise<Response> {
  const token = house.operatorToken ?? '';
  return house.call(path, { headers: { authorization: `Bearer ${token}` } });
}

async function resultsOf(house: Started, job: JobView): Promise<Buffer> {
  return Buffer.from(await (await house.call(`/api/jobs/${job.job}/results.bin`)).arrayBuffer());
}

const honestResults = Buffer.concat(
  Array.from({ length: units }, (_, unit) => {
    const output = right(unit);
    const head = Buffer.alloc(4);
    head.writeUInt32BE(output.length);
    return Buffer.concat([head, output]);
  }),
);

describe('a job under audit', () => {
  test('tells price and guarantee before it is submitted', async () => {
    const house = await started({ shelf });
    open.push(house);
    const quote = (await (await submit(house, '/jobs/quote')).json()) as QuoteView;
    expect(quote.policy).toMatchObject({ kind: 'audit', quorum: 1 });
    expect(quote.times).toBeGreaterThan(1);
    expect(quote.priceMicro).toBe(Math.round(quote.times * units * quote.unitCostMicro));
    expect(quote.policy.risks.map(({ hostile }) => hostile)).toEqual([0.05, 0.2, 0.4]);
    for (const { share } of quote.policy.risks) expect(share).toBeGreaterThan(0);
  });

  test('one person’s work is provisional at once, and final when the anchor has recomputed what was drawn', async () => {
    const house = await started({ shelf, anchorShare: 1 });
    open.push(house);
    const job = (await (await submit(house)).json()) as JobView;
    const one = new Scripted(house.url);
    await one.signIn();
    await works(one, job, right, job.chunks);
    const provisional = await view(house, job);
    if (provisional.state === 'open') expect(provisional.accepted + provisional.final).toBe(job.chunks);
    const done = await until(house, job, ({ state }) => state === 'finished');
    expect(done).toMatchObject({
      final: job.chunks,
      settledByPeople: job.chunks,
      settledWithAnchor: 0,
      disputes: 0,
    });
    const credit = await one.next(
      (word): word is CreditWord => word.t === 'credit' && word.creditMicro.pending === 0,
    );
    expect(credit.creditMicro).toMatchObject({ pending: 0, vested: units * job.unitCostMicro });
    expect(house.runtime.state.checks).toMatchObject({
      units,
      mismatches: 0,
      workMicro: units * job.unitCostMicro,
    });
    expect(Buffer.compare(await resultsOf(house, job), honestResults)).toBe(0);
  }, 40_000);

  test('a liar’s unvested work is void and computed again, its person is told which unit and why, and the results are right', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'talka-audit-'));
    open.push({ close: async () => rmSync(dataDir, { recursive: true, force: true }) });
    const house = await started({ shelf, anchorShare: 1, dataDir });
    open.push(house);
    const job = (await (await submit(house)).json()) as JobView;
    const liar = new Scripted(house.url);
    await liar.signIn();
    const lie = (unit: number): Uint8Array => {
      const output = Uint8Array.from(right(unit));
      // A bit of the checksum: nobody sees it without computing the unit.
      if (unit === 5) output[8] = (output[8] as number) ^ 1;
      return output;
    };
    await works(liar, job, lie, job.chunks);
    // Two engines in processes of their own take their time on a busy machine.
    await until(house, job, ({ disputes }) => disputes > 0);
    const judged = await liar.of('judged');
    expect(judged).toMatchObject({
      backend: 'wasm',
      consequence: 'suspend',
      job: job.job,
      chunk: 1,
      wrong: [5],
    });
    await until(house, job, ({ free }) => free > 0);
    expect(house.runtime.state.balances.get(`pending:${liar.who.account}`)).toBeUndefined();
    liar.ask(kernel);
    expect(await liar.refusal()).toMatchObject({ reason: 'suspended' });
    const honest = new Scripted(house.url);
    await honest.signIn();
    await works(honest, job, right, job.chunks);
    const done = await until(house, job, ({ state }) => state === 'finished');
    expect(done).toMatchObject({ final: job.chunks, disputes: 1 });
    expect(house.runtime.state.balances.get(`vested:${liar.who.account}`)).toBeUndefined();
    expect(house.runtime.state.balances.get(`vested:${honest.who.account}`)).toBe(
      BigInt(units * job.unitCostMicro),
    );
    expect(Buffer.compare(await resultsOf(house, job), honestResults)).toBe(0);
  }, 60_000);
});
