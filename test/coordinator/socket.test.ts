/** Speaks the wire with a real coordinator over real sockets: what honest volunteers get, and what others do not. */
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { assertInvariants } from '../../src/core/invariants.ts';
import { balanceOf } from '../../src/core/ledger.ts';
import type { JobView } from '../../src/wire/views.ts';
import type { CoordinatorOptions } from '../../src/coordinator/coordinator.ts';
import { cheapInput } from './cheap.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';
import { answerOf, helloOf, identity, outputsOf, receiptHolds, Scripted } from './volunteer.ts';
import type { Answered } from './volunteer.ts';

let open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of open.reverse()) await one.close();
  open = [];
});

async function start(options: CoordinatorOptions = {}): Promise<Started> {
  const house = await started(options);
  open.push(house);
  return house;
}

async function join(house: Started, who = identity(), bent = {}): Promise<Scripted> {
  const volunteer = new Scripted(house.url, who);
  await volunteer.signIn(bent);
  return volunteer;
}

/** The right answer to the chunk `offset` of a lease. */
function right(
  job: JobView,
  lease: { lease: number; chunk: number },
  offset = 0,
  withBytes = true,
): Answered {
  const from = (lease.chunk + offset) * job.unitsPerChunk;
  const to = Math.min(job.units, from + job.unitsPerChunk);
  return answerOf(
    job.job,
    job.agreement,
    lease.lease + offset,
    from,
    outputsOf(cheapInput(job.units), from, to),
    withBytes,
  );
}

describe('signing in', () => {
  test('[WR1] an honest device is welcomed with the open jobs', async () => {
    const house = await start();
    const job = await house.job();
    const volunteer = new Scripted(house.url);
    const welcome = await volunteer.signIn();
    expect(welcome).toMatchObject({
      device: volunteer.who.device,
      account: volunteer.who.account,
      holding: [],
      creditMicro: { pending: 0, vested: 0 },
    });
    expect(welcome.jobs.map((one) => one.job)).toEqual([job.job]);
    expect(house.runtime.state.devices.get(volunteer.who.device)).toMatchObject({
      account: volunteer.who.account,
      group: '',
      role: 'volunteer',
    });
  });

  test.each([
    ['a signature for another origin', { signOrigin: 'http://evil.example' }, 'signature'],
    ['a consent of 31 days ago', { consentAt: Date.now() - 31 * 86_400_000 }, 'consent'],
    ['a consent of tomorrow', { consentAt: Date.now() + 86_400_000 }, 'consent'],
    ['a consent given elsewhere', { consentOrigin: 'https://other.example' }, 'consent'],
    ['another version', { protocol: 99 }, 'protocol'],
    ['an account that this key did not found', { account: 'AAAAAAAAAAAAAAAA' }, 'signature'],
  ])('[WR1, WR2] %s is turned away', async (_what, bent, reason) => {
    const house = await start();
    const volunteer = new Scripted(house.url);
    await expect(volunteer.signIn(bent)).rejects.toThrow(`bye ${reason}`);
    await volunteer.closed;
    expect(house.runtime.state.devices.size).toBe(0);
  });

  test('[WR1] a hello that was heard on another socket is of no use', async () => {
    const house = await start();
    const first = new Scripted(house.url);
    await first.of('challenge');
    const second = new Scripted(house.url, first.who);
    await second.of('challenge');
    second.say(helloOf(first.who, first.challenge?.nonce ?? '', house.url));
    expect(await second.of('bye')).toMatchObject({ reason: 'signature' });
  });

  test('[WR3] a stranger who says nothing, or too much, is sent away', async () => {
    const house = await start();
    const quiet = new Scripted(house.url);
    const loud = new Scripted(house.url);
    await loud.of('challenge');
    loud.ws.send('x'.repeat(9_000));
    expect(await loud.of('bye')).toMatchObject({ reason: 'limits' });
    const early = new Scripted(house.url);
    await early.of('challenge');
    early.ask('cheap@1');
    expect(await early.of('bye')).toMatchObject({ reason: 'malformed' });
    expect(await quiet.of('bye')).toMatchObject({ reason: 'limits' });
  });

  test('[WR3] one endless frame of a stranger is cut off while it is still coming', async () => {
    const house = await start();
    const socket = connect(house.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(
      `GET /ws HTTP/1.1\r\nHost: 127.0.0.1:${house.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    );
    await new Promise((resolve) => socket.once('data', resolve));
    // A text frame that says it has 3 MB, of which 20 KB come and then nothing.
    const head = Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 0x30, 0, 0, 0, 0, 0, 0]);
    socket.write(Buffer.concat([head, Buffer.alloc(20_000)]));
    const began = Date.now();
    await new Promise((resolve) => socket.once('close', resolve));
    expect(Date.now() - began).toBeLessThan(4_000);
  });

  test('[WR6] a device has one connection', async () => {
    const house = await start();
    const first = await join(house);
    const second = await join(house, first.who);
    expect(await first.of('bye')).toMatchObject({ reason: 'elsewhere' });
    expect(house.house.live()).toMatchObject({ devices: 1, people: 1 });
    await house.job();
    expect((await second.leaseOf('cheap@1')).chunk).toBe(0);
  });

  test.each([
    ['a name that points here', { host: 'evil.example' }],
    ['another site’s page', { origin: 'https://evil.example' }],
    ['another port of this machine', { origin: 'http://127.0.0.1:1' }],
    ['a page without an origin', { origin: 'null' }],
  ])('[HT1] %s gets no socket', async (_what, headers) => {
    const house = await start();
    const ws = new WebSocket(`${house.url.replace('http', 'ws')}/ws`, { headers });
    const status = await new Promise((resolve) => {
      ws.once('unexpected-response', (_request, response) => resolve(response.statusCode));
      ws.once('error', () => resolve('error'));
      ws.once('open', () => resolve('open'));
    });
    expect(status).toBe(403);
  });
});

describe('work', () => {
  test('[CH4, LG3, WR5] two people settle a chunk; both receipts are signed, in the tree, and of the right amount', async () => {
    const house = await start();
    const job = await house.job();
    const [a, b] = [await join(house), await join(house)];
    const leaseA = await a.leaseOf('cheap@1');
    expect(leaseA).toMatchObject({ job: job.job, chunk: 0, count: 1, bytes: true, slot: 0 });
    a.commit([right(job, leaseA)]);
    const ack = await a.acked(leaseA.lease);
    expect(ack).toMatchObject({ settled: [], lost: [], tick: null });
    const leaseB = await b.leaseOf('cheap@1');
    expect(leaseB).toMatchObject({ chunk: 0, bytes: false });
    b.commit([right(job, leaseB, 0, false)]);
    const [receiptB, receiptA] = [await b.settled(leaseB.lease), await a.settled(leaseA.lease)];
    const key = house.house.keys.coordinator.publicText;
    for (const [{ who }, receipt] of [
      [a, receiptA],
      [b, receiptB],
    ] as const) {
      expect(receiptHolds(receipt, key, who)).toBe(true);
      expect(receipt.settled[0]).toMatchObject({ amountMicro: 80_000, final: true, withAnchor: false });
      const forged = {
        ...receipt,
        settled: receipt.settled.map((one) => ({ ...one, amountMicro: 90_000 })),
      };
      expect(receiptHolds(forged, key, who)).toBe(false);
    }
    expect(balanceOf(house.runtime.state, `vested:${a.who.account}`)).toBe(80_000n);
    assertInvariants(house.runtime.state);
  });

  test('[WR4] several chunks and an ask travel in one message', async () => {
    const house = await start();
    const job = await house.job({ units: 800 });
    const a = await join(house);
    let lease = await a.leaseOf('cheap@1');
    const slot = { slot: 0, backend: 'wasm' as const, rates: { 'cheap@1': 1000 } };
    for (let i = 0; i < 4; i++) {
      a.commit(
        Array.from({ length: lease.count }, (_, offset) => right(job, lease, offset)),
        [slot],
      );
      lease = await a.of('lease');
    }
    expect(lease.count).toBeGreaterThan(8);
    expect(house.runtime.state.devices.get(a.who.device)?.committed).toBe(lease.chunk);
  });

  test('[WR5, CH8] a commitment sent twice is acknowledged twice and counted once; after settling the receipt comes again, the same', async () => {
    const house = await start();
    const job = await house.job();
    const [a, b] = [await join(house), await join(house)];
    const lease = await a.leaseOf('cheap@1');
    a.commit([right(job, lease)]);
    await a.acked(lease.lease);
    a.commit([right(job, lease)]);
    await a.acked(lease.lease);
    expect(house.runtime.state.devices.get(a.who.device)?.committed).toBe(1);
    const other = await b.leaseOf('cheap@1');
    b.commit([right(job, other)]);
    const receipt = await a.settled(lease.lease);
    a.commit([right(job, lease)]);
    const again = await a.settled(lease.lease);
    expect(again.settled).toEqual(receipt.settled);
    expect(again.tick).toEqual(receipt.tick);
    expect(house.runtime.state.devices.get(a.who.device)?.misdeeds).toBe(0);
  });

  test('a receipt among many of a tick is made again with the same path', async () => {
    const house = await start();
    const job = await house.job({ units: 800 });
    const [a, b] = [await join(house), await join(house)];
    const leases: { lease: number; chunk: number; count: number }[] = [];
    for (let slot = 0; slot < 5; slot++) leases.push(await a.leaseOf('cheap@1', slot));
    a.commit(leases.map((lease) => right(job, lease)));
    await a.acked(leases[4]?.lease ?? 0);
    const others: typeof leases = [];
    for (let slot = 0; slot < 5; slot++) others.push(await b.leaseOf('cheap@1', slot));
    b.commit(others.map((lease) => right(job, lease)));
    const receipt = await a.settled(leases[4]?.lease ?? 0);
    expect(receipt.settled.length).toBe(5);
    expect(receiptHolds(receipt, house.house.keys.coordinator.publicText, a.who)).toBe(true);
    a.commit([right(job, leases[4] as (typeof leases)[number])]);
    const again = await a.settled(leases[4]?.lease ?? 0);
    expect(again).toEqual({ ...receipt, acks: again.acks });
  });

  test('[LS5] what is given back is free at once, and somebody who waits gets it', async () => {
    const house = await start();
    await house.job({ units: 8 });
    const [a, b, c] = [await join(house), await join(house), await join(house)];
    const lease = await a.leaseOf('cheap@1');
    await b.leaseOf('cheap@1');
    c.ask('cheap@1');
    const refusal = await c.refusal();
    expect(refusal).toMatchObject({ about: 'ask', slot: 0, reason: 'waiting-for-others' });
    expect(refusal.retryMs).toBeGreaterThan(0);
    a.say({ t: 'giveBack', replicas: [lease.lease], why: 'paused' });
    expect((await c.of('lease')).chunk).toBe(0);
  });

  test('[CH3, LS5] an expired lease is handed on; its holder may still commit while nobody has taken the place', async () => {
    let ahead = 0;
    const house = await start({ now: () => Date.now() + ahead });
    const job = await house.job({ units: 8 });
    const [a, b, c] = [await join(house), await join(house), await join(house)];
    const leaseA = await a.leaseOf('cheap@1');
    await a.end();
    await b.leaseOf('cheap@1');
    c.ask('cheap@1');
    await c.refusal();
    ahead = 31_000;
    const leaseC = await c.of('lease');
    expect(leaseC.chunk).toBe(leaseA.chunk);
    const again = new Scripted(house.url, a.who);
    expect((await again.signIn({ holding: [leaseA.lease, 999] })).holding).toEqual([leaseA.lease]);
    again.commit([right(job, leaseA)]);
    await again.acked(leaseA.lease);
    c.commit([right(job, leaseC)]);
    expect((await again.settled(leaseA.lease)).settled).toHaveLength(1);
    expect(house.runtime.state.jobs.size).toBe(0);
  });

  test('a reconnecting device finds its leases, committed and settled replicas in the welcome', async () => {
    const house = await start();
    const job = await house.job({ units: 800 });
    const [a, b] = [await join(house), await join(house)];
    const settled = await a.leaseOf('cheap@1', 0);
    a.commit([right(job, settled)]);
    await a.acked(settled.lease);
    const other = await b.leaseOf('cheap@1');
    b.commit([right(job, other)]);
    await a.settled(settled.lease);
    const committed = await a.leaseOf('cheap@1', 1);
    a.commit([right(job, committed)]);
    await a.acked(committed.lease);
    const leased = await a.leaseOf('cheap@1', 2);
    await a.end();
    const again = new Scripted(house.url, a.who);
    const welcome = await again.signIn({
      holding: [settled.lease, committed.lease, leased.lease, other.lease + 1_000],
    });
    expect(welcome.holding).toEqual([settled.lease, committed.lease, leased.lease]);
    expect(welcome.creditMicro.vested).toBe(80_000);
  });

  test('a lease whose message was lost with the connection is told again; what is held or done is not', async () => {
    const house = await start();
    const job = await house.job({ units: 800 });
    const a = await join(house);
    const first = await a.leaseOf('cheap@1', 0);
    a.commit([right(job, first)]);
    await a.acked(first.lease);
    const run = await a.leaseOf('cheap@1', 1);
    expect(run.count).toBe(2);
    await a.end();
    const again = new Scripted(house.url, a.who);
    await again.signIn({ holding: [first.lease, run.lease] });
    const told = await again.of('lease');
    expect(told).toMatchObject({
      lease: run.lease + 1,
      chunk: run.chunk + 1,
      count: 1,
      slot: 1,
      job: job.job,
    });
    expect(told.deadlineMs).toBeLessThanOrEqual(run.deadlineMs);
    again.commit([right(job, run, 1)]);
    await again.acked(run.lease + 1);
    await again.end();
    const third = new Scripted(house.url, a.who);
    await third.signIn({ holding: [] });
    expect(await third.of('lease')).toMatchObject({ lease: run.lease, count: 1 });
    expect(third.inbox.filter(({ t }) => t === 'lease')).toEqual([]);
  });

  test('news of a job reaches everybody, and who waits is leased it', async () => {
    const house = await start();
    const a = await join(house);
    a.ask('cheap@1');
    expect(await a.refusal()).toMatchObject({ reason: 'no-job-open' });
    const job = await house.job();
    expect((await a.of('news')).jobs.map((one) => one.job)).toEqual([job.job]);
    expect((await a.of('lease')).job).toBe(job.job);
    await house.operator(`/jobs/${job.job}/cancel`, {});
    expect((await a.of('news')).jobs).toEqual([]);
    expect(
      (await a.next((w): w is Extract<typeof w, { t: 'receipt' }> => w.t === 'receipt')).lost,
    ).toHaveLength(1);
  });

  test('[CH2] two devices of one network are one person, unless the operator exempts loopback', async () => {
    const house = await start({ loopbackExempt: false });
    await house.job({ units: 8 });
    const [a, b] = [await join(house), await join(house)];
    await a.leaseOf('cheap@1');
    b.ask('cheap@1');
    expect(await b.refusal()).toMatchObject({ reason: 'waiting-for-others' });
    expect([...house.runtime.state.devices.values()].map(({ group }) => group)).toEqual(['n1', 'n1']);
    expect(await (await house.call('/api/status')).json()).toMatchObject({
      settings: { loopbackExempt: false },
    });
  });

  test('[WR8] the signed head of a session’s chain is kept; a wrong one is refused', async () => {
    const house = await start();
    const job = await house.job();
    const a = await join(house);
    const lease = await a.leaseOf('cheap@1');
    a.commit([right(job, lease)]);
    await a.acked(lease.lease);
    a.signChain();
    a.ask('cheap@1');
    await a.of('lease');
    expect(house.house.side.chainOf(a.who.device)).toMatchObject({ count: 1, hash: a.chain });
    a.chainCount = 7;
    a.signChain();
    expect(await a.refusal()).toMatchObject({ about: 'chain', reason: 'chain' });
  });
});
