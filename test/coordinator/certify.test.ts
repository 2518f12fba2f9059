/** Jobs under `certify` with the real kernel and its real certificate, over sockets: nine of ten lie about what is certified. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { served } from '../../src/coordinator/kernels.ts';
import type { ServedKernel } from '../../src/coordinator/kernels.ts';
import { termsFor } from '../../src/core/audit.ts';
import { assertInvariants } from '../../src/core/invariants.ts';
import { decodeOutput, encodeInput } from '../../src/kernels/mersenne-tf/index.ts';
import type { MersenneOutput } from '../../src/kernels/mersenne-tf/index.ts';
import { encodeOutput } from '../../src/kernels/mersenne-tf/output.ts';
import type { JobView, QuoteView, RefusalView } from '../../src/wire/views.ts';
import type { ReceiptWord, RefusalWord } from '../../src/wire/volunteer.ts';
import { cheapInput, cheapShelf } from './cheap.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';
import {
  honestResults,
  kernel,
  referenceOf,
  resultsOf,
  right as small,
  shelf,
  submit,
  until,
  view,
  works,
} from './under-audit.ts';
import { answerOf, Scripted } from './volunteer.ts';

let open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of open.reverse()) await one.close();
  open = [];
});

/** 2^37 − 1 = 223 × 616318177, whose k are 3 and 8328624, and 223 × 616318177 itself is beyond: two finds in 160 units. */
const spec = { exponent: 37, kFrom: 0n, kPerUnit: 65_536, units: 160 };
const input = encodeInput(spec);
const right = referenceOf(input);
const unitsPerChunk = 4;
const truth = [3n, 8_328_624n];

async function post(house: Started, path: string, over: object = {}, bytes: Uint8Array = input) {
  const { digest } = (await (await house.operator('/blobs', bytes)).json()) as { digest: string };
  await house.operator('/fund', { account: 'operator', amountMicro: 10 ** 12 });
  return house.operator(path, {
    ...{ kernel, input: digest, title: 'finds', cause: 'tests', unitsPerChunk, demonstration: true },
    policy: { kind: 'certify' },
    ...over,
  });
}

async function scene(anchorShare = 0): Promise<{ house: Started; job: JobView }> {
  const house = await started({ shelf, anchorShare });
  open.push(house);
  return { house, job: (await (await post(house, '/jobs')).json()) as JobView };
}

async function signedIn(house: Started): Promise<Scripted> {
  const one = new Scripted(house.url);
  await one.signIn();
  return one;
}

/** The outputs of one chunk, one after another in `results.bin`. */
function outputsOf(results: Buffer): Uint8Array[] {
  const outputs: Uint8Array[] = [];
  for (let at = 0; at < results.length;) {
    const end = at + 4 + results.readUInt32BE(at);
    outputs.push(results.subarray(at + 4, end));
    at = end;
  }
  return outputs;
}

const namedIn = (outputs: readonly Uint8Array[]): bigint[] =>
  outputs.flatMap((output) => decodeOutput(output).factors);

/** Lies about what is certified, told of one unit: another factor, a false count, twice the same, a bit of it. */
const bends: fc.Arbitrary<(output: MersenneOutput, unit: number) => Uint8Array> = fc.oneof(
  fc.nat(spec.kPerUnit - 1).map((offset) => (output: MersenneOutput, unit: number) => {
    const k = BigInt(unit * spec.kPerUnit + offset);
    // What is true by chance is no lie.
    const factors = [...output.factors, truth.includes(k) ? k + 1n : k].sort((a, b) => (a < b ? -1 : 1));
    return encodeOutput({ ...output, factorCount: factors.length, factors });
  }),
  fc.constantFrom(...truth).map((k) => (output: MersenneOutput, unit: number) => {
    const isOwn = output.factors.includes(k);
    // A true factor in a unit that it does not lie in, or twice in its own.
    const factors = isOwn ? [k, k] : unit === 0 ? [k + 4n] : [k];
    return encodeOutput({ ...output, factorCount: factors.length, factors });
  }),
  fc.integer({ min: 1, max: 2 ** 32 - 1 }).map((more) => (output: MersenneOutput) => {
    const bent = encodeOutput(output);
    new DataView(bent.buffer).setUint32(0, (output.factorCount + more) >>> 0, true);
    return bent;
  }),
);

describe('[CT1] a job under certify', () => {
  test('takes nothing wrong where nine of ten answers lie about what is certified, and refuses each of them', async () => {
    const { house, job } = await scene(1);
    const liars = await Promise.all(Array.from({ length: 18 }, () => signedIn(house)));
    const bent = fc.sample(bends, { numRuns: job.chunks * 9, seed: 37 });
    const reasons = new Map<string, number>();
    let lies = 0;
    for (let chunk = 0; chunk < job.chunks; chunk++) {
      for (let i = 0; i < 9; i++, lies++) {
        const liar = liars[lies % liars.length] as Scripted;
        const lease = await liar.leaseOf(kernel, lies % 4);
        const from = lease.chunk * unitsPerChunk;
        const outputs = Array.from({ length: unitsPerChunk }, (_, k) => right(from + k));
        const at = lies % unitsPerChunk;
        outputs[at] = (bent[lies] as (typeof bent)[number])(
          decodeOutput(outputs[at] as Uint8Array),
          from + at,
        );
        liar.commit([answerOf(job.job, 'exact', lease.lease, from, outputs)]);
        const { reason } = await liar.refusal();
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
        liar.say({ t: 'giveBack', replicas: [lease.lease], why: 'failed' });
      }
      const honest = await signedIn(house);
      const lease = await honest.leaseOf(kernel);
      const from = lease.chunk * unitsPerChunk;
      const outputs = Array.from({ length: unitsPerChunk }, (_, k) => right(from + k));
      honest.commit([answerOf(job.job, 'exact', lease.lease, from, outputs)]);
      await honest.acked(lease.lease);
      await honest.end();
    }
    const done = await until(house, job, ({ state }) => state === 'finished');
    expect(done).toMatchObject({ policy: 'certify', quorum: 1, final: job.chunks, accepted: 0 });
    expect(reasons).toEqual(new Map([['uncertified', lies]]));
    const outputs = outputsOf(await resultsOf(house, job));
    const wrong = outputs.filter((output) =>
      decodeOutput(output).factors.some((k) => !truth.includes(k)),
    ).length;
    console.log(
      `certify: ${wrong} wrong of ${outputs.length} final units at 90 % hostile (${lies} answers bent in what is certified, ${reasons.get('uncertified')} refused)`,
    );
    expect(wrong).toBe(0);
    expect(outputs).toHaveLength(spec.units);
    expect(namedIn(outputs)).toEqual(truth);
    // Each lie stands in its liar's record, and paid nothing.
    const { devices, balances } = house.runtime.state;
    const noted = liars.map(({ who }) => devices.get(who.device)?.misdeeds ?? 0);
    expect(noted.reduce((sum, count) => sum + count, 0)).toBe(lies);
    for (const { who } of liars) expect(balances.get(`vested:${who.account}`)).toBeUndefined();
    assertInvariants(house.runtime.state);
  }, 60_000);

  test('[CT3] has the rest of it audited: who names nothing and has computed nothing is found, and is paid nothing', async () => {
    const house = await started({ shelf, anchorShare: 1 });
    open.push(house);
    const policy = { kind: 'certify', windowUnits: 1_000, leaverUnits: 1_000 };
    const job = (await (await submit(house, '/jobs', undefined, { policy })).json()) as JobView;
    expect(job).toMatchObject({ policy: 'certify', audited: true });
    const one = await signedIn(house);
    // A factor kept back, any checksum: the certificate has nothing to say about either.
    const nothingFound = (unit: number): Uint8Array =>
      encodeOutput({ ...decodeOutput(small(unit)), factorCount: 0, factors: [], checksum: 7n });
    await works(one, job, nothingFound, job.chunks);
    expect(await view(house, job)).toMatchObject({ final: 0 });
    await until(house, job, ({ disputes }) => disputes > 0);
    expect(await one.of('judged')).toMatchObject({ backend: 'wasm', job: job.job });
    // Who is suspended has the rest recomputed, and all of it is wrong.
    await until(house, job, ({ accepted, final }) => accepted === 0 && final === 0);
    const { balances } = house.runtime.state;
    expect(balances.get(`vested:${one.who.account}`)).toBeUndefined();
    expect(balances.get(`pending:${one.who.account}`) ?? 0n).toBe(0n);
    const honest = await signedIn(house);
    await works(honest, job, small, job.chunks);
    await until(house, job, ({ state }) => state === 'finished');
    expect(Buffer.compare(await resultsOf(house, job), honestResults)).toBe(0);
  }, 60_000);

  test('is final at once where the certificate leaves nothing out, unless audits are wished for', async () => {
    const { kernel: meaning, wasm, wgsl, certificate } = shelf.get(kernel) as ServedKernel;
    const whole = served(
      { ...meaning, certifies: { says: 'all of it', saysNot: null } },
      wasm,
      wgsl,
      certificate,
    );
    const house = await started({ shelf: new Map([[kernel, whole]]) });
    open.push(house);
    const quote = (await (await post(house, '/jobs/quote')).json()) as QuoteView;
    expect(quote).toMatchObject({ times: 1, staySeconds: null, policy: { terms: null, risks: [] } });
    expect(quote.certified).toEqual({ says: 'all of it', saysNot: null });
    const wished = { policy: { kind: 'certify', windowUnits: 60 } };
    const other = (await (await post(house, '/jobs/quote', wished)).json()) as QuoteView;
    expect(other.policy.terms).toMatchObject({ windowUnits: 60 });
    expect(other.times).toBeGreaterThan(1);
    const job = (await (await post(house, '/jobs')).json()) as JobView;
    expect(job.audited).toBeUndefined();
    const one = await signedIn(house);
    const lease = await one.leaseOf(kernel);
    const from = lease.chunk * unitsPerChunk;
    const outputs = Array.from({ length: unitsPerChunk }, (_, k) => right(from + k));
    one.commit([answerOf(job.job, 'exact', lease.lease, from, outputs)]);
    await one.acked(lease.lease);
    expect(await view(house, job)).toMatchObject({ final: 1, accepted: 0, settledByPeople: 1 });
    expect(house.runtime.state.audits.size + house.runtime.state.identities.size).toBe(0);
  });

  test('is asked in such jobs alone: 2047 divides 2^11 − 1, but 23 divides it, so the sieve leaves it out', async () => {
    const house = await started({ shelf });
    open.push(house);
    const bytes = encodeInput({ exponent: 11, kFrom: 0n, kPerUnit: 256, units: 1 });
    const honest = decodeOutput(referenceOf(bytes)(0));
    const more = encodeOutput({ ...honest, factorCount: 3, factors: [1n, 4n, 93n] });
    const one = await signedIn(house);
    for (const [kind, expected] of [
      ['none', 'receipt'],
      ['certify', 'uncertified'],
    ] as const) {
      const job = (await (await post(house, '/jobs', { policy: { kind } }, bytes)).json()) as JobView;
      const lease = await one.leaseOf(kernel);
      one.commit([answerOf(job.job, 'exact', lease.lease, 0, [more])]);
      const word = await one.next(
        (said): said is ReceiptWord | RefusalWord =>
          said.t === 'refusal' || (said.t === 'receipt' && said.acks.includes(lease.lease)),
      );
      expect('reason' in word ? word.reason : word.t).toBe(expected);
    }
  });

  test('goes on after a restart, by the certificate that it was submitted with, even where the kernel has none any more', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'talka-certify-'));
    open.push({ close: async () => rmSync(dataDir, { recursive: true, force: true }) });
    const before = await started({ shelf, dataDir });
    const job = (await (await post(before, '/jobs')).json()) as JobView;
    await before.close();
    const { kernel: meaning, wasm, wgsl } = shelf.get(kernel) as ServedKernel;
    const house = await started({ shelf: new Map([[kernel, served(meaning, wasm, wgsl)]]), dataDir });
    open.push(house);
    const one = await signedIn(house);
    const lease = await one.leaseOf(kernel);
    const outputs = Array.from({ length: unitsPerChunk }, (_, k) => right(k));
    const bent = encodeOutput({ ...decodeOutput(outputs[0] as Uint8Array), factors: [4n] });
    one.commit([answerOf(job.job, 'exact', lease.lease, 0, outputs.with(0, bent))]);
    expect((await one.refusal()).reason).toBe('uncertified');
    one.commit([answerOf(job.job, 'exact', lease.lease, 0, outputs)]);
    await one.acked(lease.lease);
    expect((await post(house, '/jobs')).status).toBe(400);
    await open.pop()?.close();
    // Where its bytes are lost too, nothing is taken at all, and nobody is blamed.
    const policy = house.runtime.state.jobs.get(job.job)?.spec.policy;
    if (policy?.kind === 'certify') rmSync(join(dataDir, 'blobs', policy.certificate));
    const blind = await started({ shelf: new Map([[kernel, served(meaning, wasm, wgsl)]]), dataDir });
    open.push(blind);
    const other = await signedIn(blind);
    const next = await other.leaseOf(kernel);
    const from = next.chunk * unitsPerChunk;
    const again = Array.from({ length: unitsPerChunk }, (_, k) => right(from + k));
    other.commit([answerOf(job.job, 'exact', next.lease, from, again)]);
    expect(await other.refusal()).toMatchObject({ reason: 'internal', retryMs: 5_000 });
    expect(blind.runtime.state.devices.get(other.who.device)?.misdeeds).toBe(0);
  }, 30_000);

  test('says price and guarantee before it is submitted, and is fixed to the certificate that it was submitted with', async () => {
    const { house, job } = await scene();
    const quote = (await (await post(house, '/jobs/quote')).json()) as QuoteView;
    // What audits cost and leave open is told of it too: its certificate leaves something out [CT3].
    const audited = (await (
      await post(house, '/jobs/quote', { policy: { kind: 'audit' } })
    ).json()) as QuoteView;
    expect(audited.certified).toBeNull();
    expect(quote).toMatchObject({ times: audited.times, staySeconds: audited.staySeconds });
    expect(quote.policy).toEqual({ ...audited.policy, kind: 'certify' });
    expect(quote.times).toBeGreaterThan(1);
    expect(quote.certified?.says).toContain('Every factor that a result names divides the number');
    expect(quote.certified?.saysNot).toContain('names no factor, or no further one, is not certified');
    const certificate = shelf.get(kernel)?.certificateDigest;
    expect(house.runtime.state.jobs.get(job.job)?.spec.policy).toMatchObject({
      ...{ kind: 'certify', quorum: 1, certificate },
      ...termsFor(spec.units),
    });
    const bytes = new Uint8Array(await (await house.call(`/blobs/${certificate}`)).arrayBuffer());
    expect(Buffer.compare(bytes, shelf.get(kernel)?.certificate ?? new Uint8Array())).toBe(0);
  });

  test('is refused with a sentence where the kernel brings no certificate', async () => {
    const house = await started();
    open.push(house);
    for (const path of ['/jobs', '/jobs/quote']) {
      const answer = await post(house, path, { kernel: 'cheap@1' }, cheapInput(8));
      expect(answer.status).toBe(400);
      const said = (await answer.json()) as RefusalView;
      expect(said.refused).toBe('no-certificate');
      expect(said.detail).toContain('cheap@1 brings no certificate');
    }
    expect(house.runtime.state.jobs.size).toBe(0);
  });

  test('is refused where the certificate does not take the input', async () => {
    const certificate = (shelf.get(kernel) as ServedKernel).certificate;
    const [id, { kernel: cheap, wasm }] = [...cheapShelf][0] as [string, ServedKernel];
    const house = await started({ shelf: new Map([[id, served(cheap, wasm, null, certificate)]]) });
    open.push(house);
    const answer = await post(house, '/jobs', { kernel: id }, cheapInput(8));
    expect([answer.status, await answer.json()]).toMatchObject([400, { refused: 'bad-input' }]);
  });
});
