/** Forged, malformed and impossible messages, sent to a real coordinator over real sockets: refusals and goodbyes, never an effect. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { assertInvariants } from '../../src/core/invariants.ts';
import type { JobView } from '../../src/wire/views.ts';
import type { CoordinatorOptions } from '../../src/coordinator/coordinator.ts';
import { limits } from '../../src/wire/version.ts';
import { cheapInput } from './cheap.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';
import { answerOf, identity, outputsOf, Scripted } from './volunteer.ts';
import type { Answered } from './volunteer.ts';

let open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of open.reverse()) await one.close();
  open = [];
});

async function start(options: CoordinatorOptions = {}): Promise<Started> {
  const house = await started({ socketThread: true, ...options });
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

describe('[WR7] forged and impossible messages', () => {
  async function scene() {
    const house = await start();
    const job = await house.job({ units: 80 });
    const [a, b] = [await join(house), await join(house)];
    return { house, job, a, b, leaseA: await a.leaseOf('cheap@1'), leaseB: await b.leaseOf('cheap@1', 5) };
  }
  const misdeeds = (house: Started, who: Scripted): number =>
    house.runtime.state.devices.get(who.who.device)?.misdeeds ?? -1;

  test('somebody else’s replica, a second answer, wrong sizes, wrong digests, impossible outputs: each is refused and written down', async () => {
    const { house, job, a, leaseA, leaseB } = await scene();
    const refusedFor = async (answer: Answered): Promise<string> => {
      a.commit([answer]);
      return (await a.refusal()).reason;
    };
    const good = right(job, leaseA);
    expect(await refusedFor(right(job, leaseB))).toBe('not-yours');
    // A unit too many, and a unit too few.
    for (const units of [9, 7])
      expect(
        await refusedFor(answerOf(job.job, 'exact', leaseA.lease, 0, outputsOf(cheapInput(80), 0, units))),
      ).toBe('sizes');
    expect(
      await refusedFor(answerOf(job.job, 'exact', leaseA.lease, 8, outputsOf(cheapInput(80), 8, 16))),
    ).toBe('digests');
    expect(await refusedFor({ ...good, item: { ...good.item, root: 'f'.repeat(64) } })).toBe('digests');
    expect(
      await refusedFor({ ...good, bytes: Buffer.concat([Buffer.of(1), (good.bytes as Buffer).subarray(1)]) }),
    ).toBe('digests');
    expect(
      await refusedFor(
        answerOf(
          job.job,
          'exact',
          leaseA.lease,
          0,
          Array.from({ length: 8 }, () => Buffer.alloc(7)),
        ),
      ),
    ).toBe('bad-output');
    expect(
      await refusedFor(
        answerOf(
          job.job,
          'exact',
          leaseA.lease,
          0,
          Array.from({ length: 8 }, () => Buffer.alloc(17)),
        ),
      ),
    ).toBe('sizes');
    expect(await refusedFor(answerOf(job.job, 'exact', 12_345, 0, outputsOf(cheapInput(80), 0, 8)))).toBe(
      'unknown-replica',
    );
    a.commit([good]);
    await a.acked(leaseA.lease);
    expect(
      await refusedFor(
        answerOf(
          job.job,
          'exact',
          leaseA.lease,
          0,
          Array.from({ length: 8 }, () => Buffer.alloc(8)),
        ),
      ),
    ).toBe('already-committed');
    a.say({ t: 'giveBack', replicas: [leaseB.lease], why: 'failed' });
    expect(await a.refusal()).toMatchObject({ about: 'giveBack', reason: 'not-yours' });
    await house.runtime.durable();
    await sleep(20);
    expect(misdeeds(house, a)).toBe(10);
    // What may only be late is counted, and held against nobody.
    const metrics = await house.house.metrics.text();
    expect(metrics).toContain('talka_refusals_total{reason="unknown-replica"} 1\n');
    // Nothing of it touched the other's work.
    const replica = house.runtime.state.jobs
      .get(job.job)
      ?.chunks.get(leaseB.chunk)
      ?.replicas.find(({ id }) => id === leaseB.lease);
    expect(replica?.phase.is).toBe('leased');
    assertInvariants(house.runtime.state);
  });

  test('[CH7] digests alone are not enough where nobody’s bytes are stored', async () => {
    const { job, a, leaseA } = await scene();
    a.commit([right(job, leaseA, 0, false)]);
    expect(await a.refusal()).toMatchObject({ about: 'commit', reason: 'no-bytes', replica: leaseA.lease });
  });

  test.each([
    ['not JSON', '{'],
    ['an unknown word', '{"t":"gimme"}'],
    ['an unknown key', '{"t":"ask","slots":[{"slot":0,"backend":"wasm","rates":{},"extra":1}]}'],
    ['no slots', '{"t":"ask","slots":[]}'],
    ['a huge slot', '{"t":"ask","slots":[{"slot":1e9,"backend":"wasm","rates":{}}]}'],
    ['a second hello', '{"t":"hello"}'],
    ['deep nesting', '['.repeat(30_000)],
  ])('%s ends the conversation', async (_what, text) => {
    const { house, a } = await scene();
    a.ws.send(text);
    expect((await a.of('bye')).reason).toBe('malformed');
    assertInvariants(house.runtime.state);
  });

  test('a prototype key is no key', async () => {
    const { a } = await scene();
    a.ws.send('{"t":"ask","slots":[{"slot":0,"backend":"wasm","rates":{"__proto__":{"cheap@1":1000}}}]}');
    expect(await a.refusal()).toMatchObject({ about: 'ask', reason: 'nothing-for-this-device' });
  });

  test.each([
    ['an empty frame', Buffer.alloc(0)],
    ['a header longer than the frame', Buffer.from([0, 0, 255, 255, 1, 2])],
    ['a header that is not JSON', Buffer.concat([Buffer.from([0, 0, 0, 2]), Buffer.from('{{')])],
    ['payload beyond the header', Buffer.concat([Buffer.from([0, 0, 0, 2]), Buffer.from('{}xxxx')])],
  ])('%s ends the conversation', async (_what, frame) => {
    const { a } = await scene();
    a.ws.send(frame);
    expect((await a.of('bye')).reason).toBe('malformed');
  });

  test.each([
    ['malformed', (): Buffer => Buffer.concat([Buffer.from([0, 0, 0, 1, 0, 1]), Buffer.alloc(3)])],
    ['oversized', (): Buffer => Buffer.alloc(limits.frameBytesMax + 1)],
  ])(
    'a commitment that is %s gets a goodbye with its reason, and is written down; nobody else notices',
    async (what, frame) => {
      const { house, job, a, b, leaseB } = await scene();
      a.ws.send(frame());
      expect((await a.of('bye')).reason).toBe(what === 'malformed' ? 'malformed' : 'limits');
      b.commit([right(job, leaseB)]);
      await b.acked(leaseB.lease);
      expect([misdeeds(house, a), misdeeds(house, b)]).toEqual([1, 0]);
    },
  );

  test('a hundred misdeeds an hour are written down, then the door is shut for a while', async () => {
    const { house, job, a, leaseB } = await scene();
    for (let i = 0; i < 101; i++) a.commit([right(job, leaseB)]);
    expect(await a.of('bye')).toMatchObject({ reason: 'suspended' });
    await house.runtime.run({ c: 'resumeKernel', kernel: 'none@1' });
    expect(misdeeds(house, a)).toBe(100);
    const again = new Scripted(house.url, a.who);
    await expect(again.signIn()).rejects.toThrow('bye suspended');
  });
});

describe('heads of requests that nobody sends', () => {
  const paths = [
    '//',
    '//[',
    'http://%',
    '*',
    '/%',
    '/ws/../..//',
    `/${'x'.repeat(8_000)}`,
    '/api/jobs/%ff%fe',
    '/blobs/%2e%2e%2fkeys.json',
  ];
  const hosts = ['', '[', ':', '%', 'a:b:c', '127.0.0.1:99999', '\u00ff'];
  const asks = (upgrade: boolean) => [
    ...paths.map((path) => [upgrade, path, null] as const),
    ...hosts.map((host) => [upgrade, upgrade ? '/ws' : '/api/status', host] as const),
  ];

  test.each([...asks(true), ...asks(false)])(
    'upgrade %j of %j, host %j: an answer in the four hundreds, and the house goes on',
    async (upgrade, path, host) => {
      const house = await start();
      const socket = connect(house.port, '127.0.0.1');
      let heard = '';
      socket.on('data', (data: Buffer) => (heard += data.toString('latin1')));
      const lines = [
        `GET ${path} HTTP/1.1`,
        `Host: ${host ?? `127.0.0.1:${house.port}`}`,
        ...(upgrade
          ? ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']
          : []),
        `Connection: ${upgrade ? 'Upgrade' : 'close'}`,
        'X-Forwarded-For: %, [::, 999.1.1.1',
        'Forwarded: for="_gazonk"',
      ];
      socket.write(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
      await new Promise((resolve) => socket.once('close', resolve));
      expect(heard).toMatch(/^HTTP\/1\.1 4\d\d /);
      expect((await house.call('/api/status')).status).toBe(200);
    },
  );
});
