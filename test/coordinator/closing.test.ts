/** Whoever goes away gives back what it never heard of too: a lease that its last ask brings, or that it was given unasked. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { cheapInput } from './cheap.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';
import { answerOf, outputsOf, Scripted } from './volunteer.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

const kernel = 'cheap@1';
const slot = { slot: 0, backend: 'wasm', rates: { [kernel]: 1000 } } as const;

async function house(): Promise<Started> {
  const one = await started({ socketThread: true });
  open.push(one);
  return one;
}

async function person(url: string, who?: Scripted['who']): Promise<Scripted> {
  const one = new Scripted(url, who);
  open.push({ close: () => one.ws.close() });
  await one.signIn();
  return one;
}

/** Chunks that a device is leased. */
function leasedTo({ runtime: { state } }: Started, { who }: Scripted): number[] {
  const leased: number[] = [];
  for (const { chunks } of state.jobs.values())
    for (const { replicas } of chunks.values())
      for (const { id, device, phase } of replicas)
        if (device === who.device && phase.is === 'leased') leased.push(id);
  return leased;
}

/** Everything that was said has been decided. */
async function decided({ runtime }: Started): Promise<void> {
  const { size = 0 } = runtime.head ?? {};
  for (let tries = 0; (runtime.head?.size ?? 0) <= size && tries < 40; tries++) await sleep(10);
  await runtime.durable();
}

describe('[WR13] a goodbye', () => {
  test('frees the lease that an ask on its way brings', async () => {
    const place = await house();
    await place.job();
    const one = await person(place.url);
    // In one piece, as a tab that closes says it: nothing is heard in between.
    one.ws.send(JSON.stringify({ t: 'ask', slots: [slot, { ...slot, slot: 1 }] }));
    one.say({ t: 'giveBack', replicas: [], why: 'closing', keeps: [] });
    one.ws.close();
    await one.closed;
    await decided(place);
    // Both slots were leased something, of which nobody has heard.
    expect(place.runtime.state.nextReplica).toBe(3);
    expect(leasedTo(place, one)).toEqual([]);
    // At once: somebody else is given that very chunk.
    const other = await person(place.url);
    expect((await other.leaseOf(kernel)).chunk).toBe(0);
  });

  test('frees what was given unasked meanwhile, and nothing is given after it', async () => {
    const place = await house();
    const one = await person(place.url);
    one.ask(kernel);
    expect(await one.refusal()).toMatchObject({ reason: 'no-job-open' });
    await place.job({ units: 8 });
    const lease = await one.of('lease');
    expect(leasedTo(place, one)).toEqual([lease.lease]);
    one.ask(kernel, 1);
    one.say({ t: 'giveBack', replicas: [], why: 'closing', keeps: [] });
    await decided(place);
    expect(leasedTo(place, one)).toEqual([]);
    await place.job({ units: 8 });
    await sleep(50);
    await place.runtime.durable();
    expect(leasedTo(place, one)).toEqual([]);
  });

  test('leaves what the device keeps: a result on its way is taken after the next sign-in', async () => {
    const place = await house();
    const { job } = await place.job({ units: 8, quorum: 1 });
    const one = await person(place.url);
    const { lease } = await one.leaseOf(kernel);
    one.say({ t: 'giveBack', replicas: [], why: 'closing', keeps: [lease] });
    await one.end();
    await place.runtime.durable();
    expect(leasedTo(place, one)).toEqual([lease]);
    const again = await person(place.url, one.who);
    again.commit([answerOf(job, 'exact', lease, 0, outputsOf(cheapInput(8), 0, 8))]);
    expect((await again.settled(lease)).settled).toHaveLength(1);
  });

  test('frees nobody else’s, and without a word of what is kept what is named alone', async () => {
    const place = await house();
    await place.job();
    const one = await person(place.url);
    const other = await person(place.url);
    const mine = [(await one.leaseOf(kernel)).lease, (await one.leaseOf(kernel, 1)).lease];
    const { lease } = await other.leaseOf(kernel);
    one.say({ t: 'giveBack', replicas: [mine[0]], why: 'settings' });
    await decided(place);
    expect(leasedTo(place, one)).toEqual([mine[1]]);
    one.say({ t: 'giveBack', replicas: [], why: 'closing', keeps: [] });
    await decided(place);
    expect(leasedTo(place, one)).toEqual([]);
    expect(leasedTo(place, other)).toEqual([lease]);
  });

  test('of a tab whose place another has taken says nothing', async () => {
    const place = await house();
    await place.job();
    const one = await person(place.url);
    const { lease } = await one.leaseOf(kernel);
    const again = new Scripted(place.url, one.who);
    open.push({ close: () => again.ws.close() });
    await again.signIn({ holding: [lease] });
    await one.closed.catch(() => null);
    if (one.ws.readyState === 1) one.say({ t: 'giveBack', replicas: [], why: 'closing', keeps: [] });
    await sleep(50);
    await place.runtime.durable();
    expect(leasedTo(place, again)).toEqual([lease]);
  });
});
