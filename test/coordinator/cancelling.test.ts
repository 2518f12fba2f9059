/** [LG6] A job that is cancelled while work of it is pending: over for everybody at once, while its last answers are still checked; with real engines. */
import { afterEach, describe, expect, test } from 'vitest';
import { freeze, thaw } from '../../src/core/snapshot.ts';
import type { JobView, PulseView } from '../../src/wire/views.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';
import { kernel, lie, right, shelf, submit, units, unitsPerChunk, view, works } from './under-audit.ts';
import { Scripted } from './volunteer.ts';

let open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of open.reverse()) await one.close();
  open = [];
});

/** A job under audit of which somebody answered the first chunks, and is at the next. */
async function begun(
  answer: (unit: number) => Uint8Array,
  anchorShare = 1,
): Promise<{ house: Started; job: JobView; one: Scripted; held: number; accepted: number }> {
  const house = await started({ shelf, anchorShare });
  open.push(house);
  const job = (await (await submit(house)).json()) as JobView;
  const one = new Scripted(house.url);
  await one.signIn();
  await works(one, job, answer, 2);
  const { lease } = await one.leaseOf(kernel);
  const accepted = house.runtime.state.jobs.get(job.job)?.acceptedChunks ?? 0;
  return { house, job, one, held: lease, accepted };
}

const balance = (
  house: Started,
  account: 'operator' | `${'vested' | 'pending' | 'requester' | 'escrow'}:${string}`,
): bigint => house.runtime.state.balances.get(account) ?? 0n;

describe('[LG6] a job that is cancelled', () => {
  test('is over for everybody at once, and pays what turns out right when that is known', async () => {
    // Nobody audits yet.
    const { house, job, one, held, accepted } = await begun(right, 0);
    const before = balance(house, 'requester:operator');
    expect((await house.operator(`/jobs/${job.job}/cancel`, {})).status).toBe(200);
    const now = await view(house, job);
    expect(now).toMatchObject({ state: 'cancelled', accepted, final: 0, etaMs: null });
    expect(now.endedAt).not.toBeNull();
    await one.lost(held);
    const back = balance(house, 'requester:operator') - before;
    const price = BigInt(job.priceMicro);
    // What is pending, and as much of what was set aside for audits as recomputing all of it would cost.
    const pending = BigInt(accepted * unitsPerChunk * job.unitCostMicro);
    const setAside = price - BigInt(units * job.unitCostMicro);
    const kept = setAside < pending ? setAside : pending;
    expect([back, balance(house, `pending:${one.who.account}`)]).toEqual([price - pending - kept, pending]);
    expect(BigInt(now.paidMicro)).toBe(pending);
    // It stands among those that have ended, and nothing is given out of it.
    const { jobs } = (await (await house.call('/api/jobs')).json()) as PulseView;
    expect(jobs.map(({ state }) => state)).toEqual(['cancelled']);
    one.ask(kernel);
    expect(await one.refusal()).toMatchObject({ reason: 'no-job-open' });
    const metrics = await (await fetch(`${house.url}/metrics`)).text();
    expect(metrics).toContain('talka_jobs_open 0');
    expect(metrics).toContain('talka_jobs_closing 1');
    expect((await house.operator(`/jobs/${job.job}/cancel`, {})).status).toBe(409);
    // A snapshot goes on as the state does.
    const { state } = house.runtime;
    expect(freeze(thaw(freeze(state)) as typeof state)).toBe(freeze(state));
  }, 40_000);

  test('what was right of it is paid, and garbage is not', async () => {
    for (const answer of [right, lie]) {
      const { house, job, one, accepted } = await begun(answer);
      await house.operator(`/jobs/${job.job}/cancel`, {});
      for (let tries = 0; house.runtime.state.jobs.size > 0 && tries < 400; tries++)
        await new Promise((done) => setTimeout(done, 100));
      const kept = accepted - (answer === lie ? 1 : 0);
      expect(balance(house, `vested:${one.who.account}`)).toBe(
        BigInt(kept * unitsPerChunk * job.unitCostMicro),
      );
      expect([balance(house, `pending:${one.who.account}`), balance(house, `escrow:${job.job}`)]).toEqual([
        0n,
        0n,
      ]);
      const ended = await view(house, job);
      expect(ended).toMatchObject({ state: 'cancelled', final: kept });
      // All that was not paid for work or for audits has come back.
      expect(ended.paidMicro).toBeGreaterThanOrEqual(kept * unitsPerChunk * job.unitCostMicro);
      expect(balance(house, 'requester:operator')).toBe(BigInt(10 ** 12 - ended.paidMicro));
      expect(ended.paidMicro).toBeLessThan(units * job.unitCostMicro);
    }
  }, 60_000);
});
