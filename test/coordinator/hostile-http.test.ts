/**
 * Sends thousands of bent bodies to every route of HTTP that takes one. Each is answered with a typed refusal or a valid success,
 * never with a fault of ours; without the operator's token nothing changes, and with it nothing of somebody else's [HT0, HT1].
 */
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { shelfOf } from '../../src/coordinator/kernels.ts';
import { assertInvariants } from '../../src/core/invariants.ts';
import { freeze, thaw } from '../../src/core/snapshot.ts';
import { kernelOf } from '../../src/kernels/catalogue.ts';
import { dice } from '../sim/random.ts';
import type { Dice } from '../sim/random.ts';
import { cheapInput, cheapShelf } from './cheap.ts';
import { askAccount, askCosigned } from './asked/account.ts';
import type { Sides } from './asked/account.ts';
import { askOperator } from './asked/operator.ts';
import type { Asked, Known } from './asked/operator.ts';
import { closeAll, disproved, object, post, requestOf, start } from './objecting.ts';
import type { Started } from './started.ts';
import { answerOf, outputsOf, Scripted } from './volunteer.ts';

/** Of each of the three. */
const requests = 1_800;
/** Between one request and the next: allowances fill again. */
const stepMs = 400;

afterEach(closeAll);

interface Town extends Sides {
  readonly house: Started;
  readonly throws: Dice;
  readonly known: Known;
  /** Nina's job. */
  readonly job: string;
  /** Goes on by steps. */
  readonly clock: { at: number };
}

/** Two people: mallory, who was found wrong and objects, and nina, who has a name, credit, a site and a job that is not done. */
async function townOf(seed: number): Promise<Town> {
  const clock = { at: 0 };
  const shelf = new Map([
    ...cheapShelf,
    ...shelfOf(join(import.meta.dirname, '../../build/kernels'), kernelOf),
  ]);
  const house = await start({ shelf, now: () => (clock.at === 0 ? Date.now() : clock.at) });
  const { liar, job: lost } = await disproved(house);
  await object(house, liar.who, lost.job);
  await liar.end();
  await house.operator(`/jobs/${lost.job}/cancel`, {});
  const { nina, job, replayed } = await ninaIn(house);
  house.house.side.sites.add(['https://nina.example'], house.house.now(), 'ninas');
  const digests = new Map<string, string[]>();
  const inputs: Uint8Array[] = [];
  for (const { kernel } of shelf.values()) {
    const own = [cheapInput(100), ...kernel.vectors.map(({ input }) => input)];
    inputs.push(...own);
    digests.set(kernel.id, await Promise.all(own.map((input) => house.house.blobs.put(input))));
  }
  const devices = [liar.who.device, nina.device, 'A'.repeat(16)];
  const kernels = [...shelf.keys()];
  clock.at = Date.now() + 1_000;
  return {
    ...{ house, throws: dice(seed).fork('http'), job, nina, replayed, clock },
    ...{ mallory: liar.who, found: { job: lost.job, chunk: 0 } },
    known: { kernels, inputs, digests, devices, objections: [1], jobs: [], sites: [] },
  };
}

/** Nina works for some of a job, and asks for what her account may ask for. */
async function ninaIn(house: Started): Promise<Pick<Town, 'nina' | 'job' | 'replayed'>> {
  const [units, unitsPerChunk] = [32_000, 8];
  const { job } = await house.job({ units, unitsPerChunk, quorum: 1 });
  const working = new Scripted(house.url);
  const nina = working.who;
  await working.signIn();
  const { lease, chunk, count } = await working.leaseOf('cheap@1');
  const answers = Array.from({ length: count }, (_, i) => {
    const from = (chunk + i) * unitsPerChunk;
    return answerOf(job, 'exact', lease + i, from, outputsOf(cheapInput(units), from, from + unitsPerChunk));
  });
  working.commit(answers);
  await working.acked(lease + count - 1);
  await working.end();
  const now = Date.now();
  const named = (name: string): object => ({ ...requestOf(house, nina, 'talka/name/1', [name], now), name });
  const looking = requestOf(house, nina, 'talka/objections/1', [], now);
  // What she is called no more, said again, would name her so.
  const asked = [
    ['name', named('Nora')],
    ['name', named('Nina')],
    ['objections', looking],
  ] as const;
  for (const [path, body] of asked) expect((await post(house, path, body))[0]).toBe(200);
  return { nina, job, replayed: asked.map(([, body]) => body) };
}

/** Everything that is kept, but for blobs that nobody reads, in words. */
function everything({ house: { runtime, house }, mallory, nina }: Town): string {
  const { side } = house;
  return JSON.stringify([
    freeze(runtime.state),
    runtime.head,
    ...[mallory, nina].map(({ account }) => [side.nameOf(account), side.consentsOf(account)]),
    ...[mallory, nina].map(({ device }) => ['s1', 'none'].map((site) => side.sites.revokedAt(device, site))),
    side.objections(null, 100),
    side.sites.all(),
    side.cosignatures(),
  ]);
}

/** What is nina's, in words, whatever others do. */
function ninas({ house: { runtime, house }, nina, job }: Town): string {
  const { state } = runtime;
  const own = state.jobs.get(job);
  return JSON.stringify([
    own && [[...own.chunks], own.free, own.accepted, own.final, own.spec, own.owedMicro, own.closingAt],
    state.accounts.get(nina.account),
    state.devices.get(nina.device),
    [...state.identities].filter(([key]) => key.startsWith(nina.device)),
    [...state.balances]
      .filter(([name]) => name.includes(nina.account) || name === `escrow:${job}`)
      .map(String),
    [house.side.nameOf(nina.account), house.side.consentsOf(nina.account), house.side.sites.find('ninas')],
    ['s1', 'none', ''].map((site) => house.side.sites.revokedAt(nina.device, site)),
    house.side.objections(nina.account, 9),
    house.side.cosignatureOf(nina.publicKey),
  ]);
}

async function sent(town: Town, { path, body }: Asked, headers: Record<string, string>): Promise<Response> {
  town.clock.at += stepMs;
  return town.house.call(path, {
    method: 'POST',
    headers,
    body: body.length === 0 ? null : Uint8Array.from(body),
  });
}

/** What is wrong with an answer; null where it is a typed refusal or a success in JSON. */
async function faultOf(answer: Response): Promise<string | null> {
  const { status } = answer;
  const text = await answer.text();
  if (answer.headers.get('content-type')?.startsWith('application/json') !== true)
    return `${status}, which is no JSON`;
  const said = JSON.parse(text) as Record<string, unknown>;
  if (status >= 200 && status < 300) return 'refused' in said ? `${status}: ${text}` : valuesFault(said);
  if (status < 400 || status >= 500) return `${status}: ${text}`;
  const { refused, detail = '', ...more } = said;
  const isTyped = typeof refused === 'string' && /^[a-z][a-z-]*$/.test(refused) && typeof detail === 'string';
  return isTyped && Object.keys(more).length === 0 ? null : `${status}: ${text}`;
}

/** A price, or a number of units, that none is: JSON has no word for it but null. */
function valuesFault(said: Record<string, unknown>): string | null {
  for (const key of ['units', 'unitsPerChunk', 'unitCostMicro', 'priceMicro', 'times']) {
    const value = said[key];
    if (value !== undefined && !(typeof value === 'number' && value > 0 && value <= Number.MAX_SAFE_INTEGER))
      return `${key} is ${JSON.stringify(value)}`;
  }
  return null;
}

interface Heard {
  readonly statuses: Map<string, number>;
  readonly faults: string[];
}

/** Sends so many, and looks at each answer; `after` is told of each. */
async function sendAll(
  town: Town,
  ask: () => { asked: Asked; headers: Record<string, string> },
  after: (asked: Asked, answer: Response, i: number) => void,
): Promise<Heard> {
  const heard: Heard = { statuses: new Map(), faults: [] };
  for (let i = 0; i < requests && heard.faults.length < 5; i++) {
    const { asked, headers } = ask();
    const answer = await sent(town, asked, headers);
    const fault = await faultOf(answer);
    const told = `${asked.path.slice(0, 80)} ${answer.status}`;
    if (fault !== null)
      heard.faults.push(`${told}: ${fault}, after ${asked.body.toString('latin1', 0, 300)}`);
    heard.statuses.set(told, (heard.statuses.get(told) ?? 0) + 1);
    after(asked, answer, i);
  }
  return heard;
}

/** How often that was the end of a path and the answer. */
const count = ({ statuses }: Heard, end: string): number =>
  [...statuses].reduce((sum, [told, times]) => sum + (told.endsWith(`/${end}`) ? times : 0), 0);

/** Everything that everybody may see is shown as ever. */
async function stands({ house, nina, job }: Town): Promise<void> {
  const paths = ['status', 'jobs', `jobs/${job}`, 'leaderboard', 'checks', 'sites', 'epochs', 'log/head'];
  for (const path of [...paths, 'log/records?from=1', 'log/cosignatures', `account/${nina.account}`])
    expect([path, (await house.call(`/api/${path}`)).status]).toEqual([path, 200]);
  const { state } = house.runtime;
  assertInvariants(state);
  expect(thaw(freeze(state))).not.toBeNull();
}

/** Who is not the operator, however they say it. */
function notOperator(throws: Dice, token: string): Record<string, string> {
  const bent = [token.slice(1), `${token}x`, token.toUpperCase(), ` ${token}`, `${token} ${token}`, ''];
  return throws.of([
    {},
    { authorization: token },
    { authorization: `Basic ${token}` },
    { authorization: `bearer ${token}` },
    { cookie: `token=${token}` },
    ...bent.map((one) => ({ authorization: `Bearer ${one}` })),
    { authorization: `Bearer ${token}`, origin: 'https://evil.example' },
    { authorization: `Bearer ${token}`, host: 'evil.example' },
  ] as Record<string, string>[]);
}

describe(`${3 * requests} bodies to HTTP`, () => {
  test('without the operator’s token, its routes change nothing at all', async () => {
    const t = await townOf(1);
    const { house, throws, known } = t;
    const token = house.operatorToken ?? '';
    const before = everything(t);
    const blobs = (await house.house.blobs.list()).length;
    // Here they may name what is there.
    const all = { ...known, jobs: [t.job], sites: ['ninas'] };
    const heard = await sendAll(
      t,
      () => {
        const { path, body } = throws.chance(20)
          ? { path: '/backup', body: Buffer.alloc(0) }
          : askOperator(throws, all);
        return { asked: { path: `/api/operator${path}`, body }, headers: notOperator(throws, token) };
      },
      (_, answer, i) => {
        expect([401, 403]).toContain(answer.status);
        if (i % 50 === 0) expect(everything(t)).toBe(before);
      },
    );
    expect(heard.faults).toEqual([]);
    expect(everything(t)).toBe(before);
    expect(await house.house.blobs.list()).toHaveLength(blobs);
    await stands(t);
  });

  test('with it they change what was asked for, and nothing of nina’s', async () => {
    const t = await townOf(2);
    const { house, throws, known } = t;
    const issued = (): bigint => -(house.runtime.state.balances.get('issue') ?? 0n);
    const [before, first] = [ninas(t), issued()];
    let funded = 0n;
    const headers = { authorization: `Bearer ${house.operatorToken}` };
    const heard = await sendAll(
      t,
      () => {
        const { path, body } = askOperator(throws, known);
        return { asked: { path: `/api/operator${path}`, body }, headers };
      },
      ({ path, body }, { status }, i) => {
        if (path.endsWith('/fund') && status === 200)
          funded += BigInt(
            (JSON.parse(body.toString('utf8').replace(/^\ufeff/, '')) as { amountMicro: number }).amountMicro,
          );
        expect(issued() - first).toBe(funded);
        expect([path, ninas(t)]).toEqual([path, before]);
        if (i % 20 === 0) assertInvariants(house.runtime.state);
      },
    );
    expect(heard.faults).toEqual([]);
    // Each of them was also asked rightly, or this would prove little.
    for (const path of [
      'blobs 201',
      'fund 200',
      'jobs/quote 200',
      'jobs 201',
      'audits/take 200',
      'audits/return 200',
    ])
      expect([path, count(heard, path) > 15]).toEqual([path, true]);
    for (const path of ['sites 201', 'epochs 201', 'objections/1 200', 'kernels/cheap@1/pause 200'])
      expect([path, count(heard, path) > 0]).toEqual([path, true]);
    await stands(t);
  });

  test('an account changes what is its own, and nothing of nina’s', async () => {
    const t = await townOf(3);
    const { house, throws, nina } = t;
    const [before, state] = [ninas(t), freeze(house.runtime.state)];
    const heard = await sendAll(
      t,
      () => {
        const ask = throws.chance(850) ? askAccount : askCosigned;
        return { asked: ask(throws, house, t, t.clock.at), headers: {} };
      },
      ({ path }) => {
        expect([path, ninas(t)]).toEqual([path, before]);
        expect(house.house.side.nameOf(nina.account)).toBe('Nina');
      },
    );
    expect(heard.faults).toEqual([]);
    for (const path of [
      'name 200',
      'erase 200',
      'revoke 200',
      'object 201',
      'objections 200',
      'cosignatures 200',
    ])
      expect([path, count(heard, path) > 0]).toEqual([path, true]);
    // What is signed is beside the log: not a word of it is written there.
    expect(freeze(house.runtime.state)).toBe(state);
    await stands(t);
  });
});

test.each([
  ['copies that are too many to count', { quorum: 2 ** 53 - 1 }],
  ['the same as a policy', { policy: { kind: 'replicate', quorum: 1e308 } }],
  ['chunks of nothing', { unitsPerChunk: 0 }],
  ['a weight of nothing', { weight: 0 }],
  ['audits without end', { policy: { kind: 'audit', verifyMilli: 1e300 } }],
])('a quote for %s is refused as the job would be, at once', async (_, wish) => {
  const house = await start();
  const input = await house.house.blobs.put(cheapInput(100));
  const body = { kernel: 'cheap@1', input, title: 'a title', cause: 'a cause', ...wish };
  for (const path of ['/jobs/quote', '/jobs']) {
    const answer = await house.operator(path, body);
    expect([path, answer.status, await answer.json()]).toMatchObject([path, 409, { refused: 'bad-job' }]);
  }
});
