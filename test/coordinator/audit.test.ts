/** Jobs under audit with real kernels, sockets, engines and store: accepted at once, recomputed in secret, final or void. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { count } from '../../src/core/intervals.ts';
import type { JobView, QuoteView, VerdictsView } from '../../src/wire/views.ts';
import type { CreditWord } from '../../src/wire/volunteer.ts';
import { started } from './started.ts';
import {
  asOperator,
  honestResults,
  kernel,
  lie,
  madeUp,
  resultsOf,
  right,
  shelf,
  submit,
  units,
  unitsPerChunk,
  until,
  view,
  works,
} from './under-audit.ts';
import { Scripted } from './volunteer.ts';

let open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of open.reverse()) await one.close();
  open = [];
});

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
    // For whom that price was worked out; nobody where it hangs on no stay, or the requester named the sum.
    expect(quote.staySeconds).toBe(600);
    for (const policy of [{ kind: 'replicate' }, { kind: 'audit', verifyMilli: 20 }]) {
      const other = (await (await submit(house, '/jobs/quote', undefined, { policy })).json()) as QuoteView;
      expect(other.staySeconds).toBeNull();
    }
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
    const verdicts = (await (await house.call(`/api/jobs/${job.job}/verdicts`)).json()) as VerdictsView;
    if (verdicts.final !== null)
      expect(count([...verdicts.provisional]) + count([...verdicts.final])).toBe(job.chunks);
    // Results are the requester's, provisional ones too.
    if (verdicts.state === 'open') expect((await house.call(`/api/jobs/${job.job}/chunks`)).status).toBe(403);
    const lines = await (await asOperator(house, `/api/jobs/${job.job}/chunks?from=1&count=100`)).text();
    const given = lines
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { chunk: number; verdict: string; outputs: string[] });
    expect(given.map(({ chunk }) => chunk)).toEqual(Array.from({ length: job.chunks - 1 }, (_, i) => i + 1));
    expect(Buffer.from(given[0]?.outputs[2] ?? '', 'base64')).toEqual(Buffer.from(right(5)));
    for (const query of ['from=-1', `from=${job.chunks}`, 'count=0', 'count=99999'])
      expect((await asOperator(house, `/api/jobs/${job.job}/chunks?${query}`)).status).toBe(400);
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

  test('of a machine that erred once the chunk is void and computed again, the rest is kept; its person is told which unit and why, and the results are right', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'talka-audit-'));
    open.push({ close: async () => rmSync(dataDir, { recursive: true, force: true }) });
    const house = await started({ shelf, anchorShare: 1, dataDir });
    open.push(house);
    const job = (await (await submit(house)).json()) as JobView;
    const liar = new Scripted(house.url);
    await liar.signIn();
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
    await until(house, job, ({ free, final }) => free === 1 && final === job.chunks - 1);
    const chunkMicro = BigInt(unitsPerChunk * job.unitCostMicro);
    expect(house.runtime.state.balances.get(`pending:${liar.who.account}`)).toBeUndefined();
    expect(house.runtime.state.balances.get(`vested:${liar.who.account}`)).toBe(
      BigInt(job.chunks - 1) * chunkMicro,
    );
    liar.ask(kernel);
    expect(await liar.refusal()).toMatchObject({ reason: 'suspended' });
    const honest = new Scripted(house.url);
    await honest.signIn();
    await works(honest, job, right, 1);
    const done = await until(house, job, ({ state }) => state === 'finished');
    expect(done).toMatchObject({ final: job.chunks, disputes: 1 });
    expect(house.runtime.state.balances.get(`vested:${honest.who.account}`)).toBe(chunkMicro);
    expect(Buffer.compare(await resultsOf(house, job), honestResults)).toBe(0);
  }, 60_000);

  test('a liar is found out by the examination of its work: all of it is void, computed again, and right', async () => {
    const house = await started({ shelf, anchorShare: 1 });
    open.push(house);
    const job = (await (await submit(house)).json()) as JobView;
    const liar = new Scripted(house.url);
    await liar.signIn();
    await works(liar, job, madeUp, job.chunks);
    await until(house, job, ({ free }) => free === job.chunks);
    expect((await liar.of('judged')).consequence).toBe('suspend');
    expect((await liar.of('judged')).consequence).toBe('ban');
    liar.ask(kernel);
    expect(await liar.refusal()).toMatchObject({ reason: 'banned' });
    const honest = new Scripted(house.url);
    await honest.signIn();
    await works(honest, job, right, job.chunks);
    await until(house, job, ({ state }) => state === 'finished');
    const { balances } = house.runtime.state;
    expect(balances.get(`vested:${liar.who.account}`)).toBeUndefined();
    expect(balances.get(`vested:${honest.who.account}`)).toBe(BigInt(units * job.unitCostMicro));
    expect(Buffer.compare(await resultsOf(house, job), honestResults)).toBe(0);
  }, 60_000);

  test('[AU2] an anchor goes no further than to a wrong unit: no other of the chunk is recomputed, counted or paid', async () => {
    const house = await started({ shelf, anchorShare: 1 });
    open.push(house);
    const perChunk = units / 2;
    const job = (await (
      await submit(house, '/jobs', undefined, { unitsPerChunk: perChunk })
    ).json()) as JobView;
    const liar = new Scripted(house.url);
    await liar.signIn();
    await works(liar, job, madeUp, 2, perChunk);
    await until(house, job, ({ free }) => free === 2);
    const { checks } = house.runtime.state;
    expect(checks).toMatchObject({ mismatches: 2, voidedChunks: 2, suspended: 1 });
    // One of each; of a chunk of which up to three were drawn at once, these.
    expect(checks.units).toBeLessThanOrEqual(6);
    expect(checks.auditMicro).toBe(checks.units * job.unitCostMicro);
  }, 60_000);
});
