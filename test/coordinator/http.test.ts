/** Calls the coordinator's HTTP as a function: views, proofs, names, and who may change what. */
import { sign } from 'node:crypto';
import { request } from 'node:http';
import type { ClientRequest } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { tree } from '../../src/coordinator/digests.ts';
import { verifyConsistency, verifyInclusion } from '../../src/core/merkle.ts';
import type { AccountView, JobView, LeaderboardView, PulseView, StatusView } from '../../src/wire/views.ts';
import { protocol } from '../../src/wire/version.ts';
import type { CoordinatorOptions } from '../../src/coordinator/coordinator.ts';
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
  const house = await started(options);
  open.push(house);
  return house;
}

/** Two scripted people settle so many chunks of a job (each chunk by both). */
async function settle(house: Started, job: JobView, chunks: number): Promise<[Scripted, Scripted]> {
  const people = [new Scripted(house.url), new Scripted(house.url)] as const;
  for (const one of people) await one.signIn();
  for (let done = 0; done < chunks; done++) {
    for (const one of people) {
      const lease = await one.leaseOf(job.kernel);
      const answers: Answered[] = [];
      for (let i = 0; i < lease.count; i++) {
        const from = (lease.chunk + i) * job.unitsPerChunk;
        const outputs = outputsOf(cheapInput(job.units), from, Math.min(job.units, from + job.unitsPerChunk));
        if (lease.chunk + i < chunks)
          answers.push(answerOf(job.job, job.agreement, lease.lease + i, from, outputs));
        else one.say({ t: 'giveBack', replicas: [lease.lease + i], why: 'settings' });
      }
      // In one frame: then one receipt speaks of all of them.
      one.commit(answers);
      await one.acked(lease.lease);
      if (lease.chunk + lease.count >= chunks && one === people[1]) done = chunks;
    }
  }
  return [people[0], people[1]];
}

const json = async <T>(answer: Promise<Response>): Promise<T> => (await (await answer).json()) as T;

describe('views', () => {
  test('a job’s numbers sum up, its cloth shows what is settled, and its price what is paid', async () => {
    const house = await start();
    const job = await house.job({ units: 80 });
    await settle(house, job, 3);
    const view = await json<JobView>(house.call(`/api/jobs/${job.job}`));
    expect(view).toMatchObject({
      state: 'open',
      chunks: 10,
      final: 3,
      settledByPeople: 3,
      settledWithAnchor: 0,
      priceMicro: 1_600_000,
      paidMicro: 3 * 160_000,
      etaMs: null,
    });
    expect(view.free + view.leased + view.committed + view.final).toBe(10);
    const cloth = new Uint8Array(
      await (await house.call(`/api/jobs/${job.job}/cloth?bins=10`)).arrayBuffer(),
    );
    expect(Array.from({ length: 10 }, (_, bin) => cloth[bin * 3 + 2])).toEqual([
      255, 255, 255, 0, 0, 0, 0, 0, 0, 0,
    ]);
    const coarse = new Uint8Array(
      await (await house.call(`/api/jobs/${job.job}/cloth?bins=2`)).arrayBuffer(),
    );
    expect([coarse[2], coarse[5]]).toEqual([153, 0]);
    const fine = new Uint8Array(
      await (await house.call(`/api/jobs/${job.job}/cloth?bins=4096`)).arrayBuffer(),
    );
    expect(fine.filter((value, i) => i % 3 === 2 && value === 255)).toHaveLength(Math.floor((4096 * 3) / 10));
    const window = await house.call(`/api/jobs/${job.job}/cloth?from=2&to=4&bins=2`);
    expect([...new Uint8Array(await window.arrayBuffer())]).toEqual([0, 0, 255, 0, 0, 0]);
    expect((await house.call(`/api/jobs/${job.job}/cloth?from=4&to=11`)).status).toBe(400);
    expect((await house.call('/api/jobs/j99')).status).toBe(404);
    expect((await house.call('/api/jobs/j99/cloth')).status).toBe(404);
  });

  test('accounts, ranks and the leaderboard', async () => {
    const house = await start();
    const [a, b] = await settle(house, await house.job(), 4);
    const board = await json<LeaderboardView>(house.call('/api/leaderboard?limit=1'));
    expect(board).toMatchObject({
      accounts: 2,
      rows: [{ rank: 1, name: null, creditMicro: 320_000, chunks: 4, units: 32 }],
    });
    const view = await json<AccountView>(house.call(`/api/account/${a.who.account}`));
    expect(view).toMatchObject({ rank: 1, vestedMicro: 320_000, pendingMicro: 0, chunks: 4, units: 32 });
    expect((await house.call(`/api/account/${identity().account}`)).status).toBe(404);
    expect(b.who.account).not.toBe(a.who.account);
  });

  test('a finished job stays to be seen, with its results for all who may', async () => {
    const house = await start();
    const shown = await house.job();
    await settle(house, shown, 4);
    const hidden = await house.job({ demonstration: false });
    expect(await json<JobView>(house.call(`/api/jobs/${shown.job}`))).toMatchObject({
      state: 'finished',
      final: 4,
      free: 0,
      paidMicro: 640_000,
    });
    const bytes = Buffer.from(await (await house.call(`/api/jobs/${shown.job}/results.bin`)).arrayBuffer());
    const expected = outputsOf(cheapInput(32), 0, 32).map((output) =>
      Buffer.concat([Buffer.from([0, 0, 0, 8]), output]),
    );
    expect(bytes.equals(Buffer.concat(expected))).toBe(true);
    expect((await house.call(`/api/jobs/${hidden.job}/results.bin`)).status).toBe(403);
    expect((await house.call(`/api/jobs/${shown.job}/picture.png`)).status).toBe(404);
  });

  test('the status says who we are and what we serve', async () => {
    const house = await start();
    const status = await json<StatusView>(house.call('/api/status'));
    expect(status).toMatchObject({
      name: 'Talka',
      protocol,
      coordinator: house.house.keys.coordinator.publicText,
      settings: { loopbackExempt: true },
      storeFault: null,
    });
    expect(status.kernels.map(({ id }) => id)).toEqual(['cheap@1', 'tolerant@1']);
  });

  test('the live stream pulses, at most once a second, and only durable things', async () => {
    const house = await start();
    const answer = await fetch(`${house.url}/api/live`);
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    const pulses: { at: number; view: PulseView }[] = [];
    const listen = (async () => {
      for (let text = ''; pulses.length < 3;) {
        const { value, done } = await reader.read();
        if (done) return;
        text += Buffer.from(value).toString();
        for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
          const data = /data: (.*)/.exec(text.slice(0, end))?.[1];
          if (data !== undefined) pulses.push({ at: performance.now(), view: JSON.parse(data) as PulseView });
          text = text.slice(end + 2);
        }
      }
    })();
    const timer = setInterval(() => void house.runtime.run({ c: 'fund', account: 'x', amountMicro: 1 }), 50);
    const job = await house.job();
    await house.operator(`/jobs/${job.job}/cancel`, {});
    // What has ended is in the list, and not sent again each second.
    const opened = await house.job();
    await listen;
    clearInterval(timer);
    await reader.cancel();
    expect(pulses.at(-1)?.view.jobs.map((view) => view.job)).toEqual([opened.job]);
    expect((pulses[2]?.at ?? 0) - (pulses[1]?.at ?? 0)).toBeGreaterThan(700);
  });
});

describe('[HT1] who may ask', () => {
  test.each(['evil.example', 'evil.example:8787', '127.0.0.1', '127.0.0.1.evil.example'])(
    'a request for the name %s is refused',
    async (host) => {
      const house = await start();
      expect((await house.call('/api/status', { headers: { host } })).status).toBe(403);
    },
  );

  test('a page of another site changes nothing, even with the token', async () => {
    const house = await start();
    const init = {
      method: 'POST',
      headers: { authorization: `Bearer ${house.operatorToken}`, origin: 'https://evil.example' },
      body: '{"account":"x","amountMicro":5}',
    };
    expect((await house.call('/api/operator/fund', init)).status).toBe(403);
    expect(
      (await house.call('/api/operator/fund', { ...init, headers: { ...init.headers, origin: house.url } }))
        .status,
    ).toBe(200);
  });

  test('the operator’s paths want the operator’s token', async () => {
    const house = await start();
    for (const authorization of [undefined, 'Bearer wrong', 'Basic x']) {
      const answer = await house.call('/api/operator/fund', {
        method: 'POST',
        body: '{}',
        headers: authorization === undefined ? {} : { authorization },
      });
      expect(answer.status).toBe(401);
    }
    expect((await house.operator('/fund', { account: 'x', amountMicro: -1 })).status).toBe(409);
    expect((await house.operator('/fund', { account: 'x', amountMicro: 1, more: 1 })).status).toBe(400);
    expect(
      (await house.operator('/jobs', { kernel: 'none@1', input: '0'.repeat(64), title: 't', cause: 'c' }))
        .status,
    ).toBe(400);
    expect((await house.operator('/jobs/j7/cancel', {})).status).toBe(404);
  });

  test('a job cannot be submitted without its price', async () => {
    const house = await start();
    const { digest } = await json<{ digest: string }>(house.operator('/blobs', cheapInput(10)));
    const wish = { kernel: 'cheap@1', input: digest, title: 't', cause: 'c' };
    expect(await json(house.operator('/jobs', wish))).toMatchObject({ refused: 'insufficient-funds' });
    await house.operator('/fund', { account: 'operator', amountMicro: 200_000 });
    expect((await house.operator('/jobs', wish)).status).toBe(201);
  });

  test('a paused kernel is leased to nobody', async () => {
    const house = await start();
    await house.job();
    expect((await house.operator('/kernels/cheap@1/pause', { reason: 'wrong results' })).status).toBe(200);
    expect(await json<StatusView>(house.call('/api/status'))).toMatchObject({
      pausedKernels: [{ kernel: 'cheap@1', reason: 'wrong results' }],
    });
    const a = new Scripted(house.url);
    await a.signIn();
    a.ask('cheap@1');
    expect(await a.refusal()).toMatchObject({ reason: 'kernel-paused' });
    await house.operator('/kernels/cheap@1/resume', {});
    await a.of('lease');
  });
});

describe('the loopback exemption', () => {
  const others = ['https://talka.example'];
  test.for([
    ['is on where only this machine can come in', {}, true],
    ['stays on beside another name of this machine', { allowOrigins: ['http://localhost:9'] }, true],
    ['is off where others come in', { allowOrigins: others }, false],
    ['is off where the operator says so', { loopbackExempt: false }, false],
    ['is on among others where the operator says so', { allowOrigins: others, loopbackExempt: true }, true],
  ] as const)('%s', async ([, options, loopbackExempt]) => {
    const house = await start(options);
    expect(await json<StatusView>(house.call('/api/status'))).toMatchObject({ settings: { loopbackExempt } });
  });
});

describe('names', () => {
  const signed = (who: ReturnType<typeof identity>, tag: string, parts: readonly unknown[]) =>
    sign(null, Buffer.from(`${tag}\0${JSON.stringify(parts)}`), who.privateKey).toString('base64url');

  test('[HT0] an account chooses a name, once for each signature, and can be forgotten', async () => {
    const house = await start({ loopbackExempt: false });
    const a = new Scripted(house.url);
    await a.signIn();
    const { publicKey, account } = a.who;
    const at = Date.now();
    const body = {
      publicKey,
      account,
      at,
      name: 'Nina ✿',
      signature: signed(a.who, 'talka/name/1', [house.url, publicKey, account, 'Nina ✿', at]),
    };
    const post = (path: string, value: unknown) =>
      house.call(path, { method: 'POST', body: JSON.stringify(value) });
    expect((await post('/api/account/name', { ...body, name: 'Mallory' })).status).toBe(401);
    expect((await post('/api/account/name', body)).status).toBe(200);
    expect((await post('/api/account/name', body)).status).toBe(401);
    expect(await json<AccountView>(house.call(`/api/account/${account}`))).toMatchObject({ name: 'Nina ✿' });
    const old = {
      ...body,
      at: at - 120_000,
      signature: signed(a.who, 'talka/name/1', [house.url, publicKey, account, 'Nina ✿', at - 120_000]),
    };
    expect((await post('/api/account/name', old)).status).toBe(401);
    expect(house.house.side.groupOf('127.0.0.0/24')).toBe('n1');
    const erase = {
      publicKey,
      account,
      at,
      signature: signed(a.who, 'talka/erase/1', [house.url, publicKey, account, at]),
    };
    expect((await post('/api/account/erase', erase)).status).toBe(200);
    expect(await json<AccountView>(house.call(`/api/account/${account}`))).toMatchObject({ name: null });
    expect(house.house.side.groupOf('127.0.0.0/24')).toBe('n2');
  });
});

describe('[LO2, LO6] the log over HTTP', () => {
  test('every tick is proven to be in it, and every head to begin with the ones before', async () => {
    const house = await start();
    const roots: string[] = [];
    for (let i = 0; i < 9; i++) {
      await house.runtime.run({ c: 'fund', account: 'x', amountMicro: 1 });
      roots.push(house.runtime.head?.root ?? '');
    }
    const bytes = (text: string): Buffer => Buffer.from(text, 'hex');
    for (let tick = 1; tick <= 9; tick++) {
      const proof = await json<{ leaf: string; path: string[]; index: number }>(
        house.call(`/api/log/inclusion?tick=${tick}&size=9`),
      );
      expect(
        verifyInclusion(
          tree,
          bytes(proof.leaf),
          proof.index,
          9,
          proof.path.map(bytes),
          bytes(roots[8] as string),
        ),
      ).toBe(true);
      const grown = await json<{ path: string[] }>(house.call(`/api/log/consistency?from=${tick}&to=9`));
      expect(
        verifyConsistency(
          tree,
          tick,
          9,
          bytes(roots[tick - 1] as string),
          bytes(roots[8] as string),
          grown.path.map(bytes),
        ),
      ).toBe(true);
    }
    for (const query of [
      'consistency?from=5&to=4',
      'consistency?from=1&to=99',
      'inclusion?tick=0',
      'inclusion?tick=10',
      'inclusion?tick=x',
    ]) {
      expect((await house.call(`/api/log/${query}`)).status).toBe(400);
    }
  });
});

test('metrics are the operator’s, or this machine’s', async () => {
  const house = await start();
  await house.job();
  expect((await house.call('/metrics')).status).toBe(401);
  const text = await (await fetch(`${house.url}/metrics`)).text();
  expect(text).toMatch(/talka_events_total\{event="submitted"\} 1/);
  expect(text).toMatch(/talka_jobs_open 1/);
});

describe('a body whose length nobody announced', () => {
  const closeLater = (sending: ClientRequest): void =>
    void open.push({ close: async () => void sending.destroy() });
  /** Sends it in pieces, chunked, over a real connection. */
  const sent = (house: Started, path: string, bytes: Buffer, token: string | null): Promise<number> =>
    new Promise((done, failed) => {
      const headers = token === null ? {} : { authorization: `Bearer ${token}` };
      const sending = request(`${house.url}${path}`, { method: 'POST', headers }, (answer) => {
        answer.resume();
        done(answer.statusCode ?? 0);
      });
      sending.on('error', failed);
      for (let at = 0; at < bytes.length; at += 50_000) sending.write(bytes.subarray(at, at + 50_000));
      // Who is nobody never comes to an end, and is answered all the same.
      if (token !== null || path.startsWith('/api/log')) sending.end();
      else closeLater(sending);
    });

  test('is taken where it may be so long, and else refused by what has come', async () => {
    const house = await start();
    const token = house.operatorToken as string;
    expect(await sent(house, '/api/operator/blobs', Buffer.alloc(300_000, 5), token)).toBe(201);
    expect(await sent(house, '/api/operator/fund', Buffer.from('{}'), token)).toBe(400);
    expect(await sent(house, '/api/operator/fund', Buffer.from('{}'), null)).toBe(401);
    // Of somebody who is not the operator nothing is kept, however much comes.
    expect(await sent(house, '/api/operator/blobs', Buffer.alloc(300_000, 5), null)).toBe(401);
    expect(await sent(house, '/api/log/cosignatures', Buffer.alloc(300_000, 5), null)).toBe(413);
    expect(await (await house.call('/metrics')).text()).not.toContain('reason="internal"');
  });
});
