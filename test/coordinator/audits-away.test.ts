/** Audits over HTTP [AU2]: who may take them, what is told, who answers, and what an answer that is none leads to. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { encodeOutputs } from '../../src/wire/audits.ts';
import type { Taken, TakenAudit } from '../../src/wire/audits.ts';
import type { JobView } from '../../src/wire/views.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';
import { lie, right, shelf, submit, units, until, works } from './under-audit.ts';
import { Scripted } from './volunteer.ts';

let open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of open.reverse()) await one.close();
  open = [];
});

interface Stage {
  readonly house: Started;
  readonly job: JobView;
  readonly author: Scripted;
  /** How many audits there are; every unit is in one. */
  readonly count: number;
  /** Puts the coordinator's clock forward. */
  pass(ms: number): void;
}

/** A job all of whose units are drawn, answered by one person; no anchor is here. */
async function stage(compute = right): Promise<Stage> {
  let ahead = 0;
  const house = await started({ shelf, now: () => Date.now() + ahead });
  open.push(house);
  const job = (await (await submit(house)).json()) as JobView;
  const author = new Scripted(house.url);
  await author.signIn();
  await works(author, job, compute, job.chunks);
  // Some were drawn with their commitment, the others when there was nothing left to do: so there may be two of one chunk.
  const { audits } = house.runtime.state;
  const drawn = (): number => [...audits.values()].reduce((sum, audit) => sum + audit.units.length, 0);
  for (let tries = 0; drawn() < units && tries < 100; tries++) await sleep(50);
  expect(drawn()).toBe(units);
  return { house, job, author, count: audits.size, pass: (ms) => void (ahead += ms) };
}

async function take(house: Started, max = 1): Promise<Taken> {
  const response = await house.operator('/audits/take', { max });
  expect(response.status).toBe(200);
  return (await response.json()) as Taken;
}

async function takeOne(house: Started): Promise<TakenAudit> {
  const [audit] = (await take(house)).audits;
  if (audit === undefined) throw new Error('there is no audit to take');
  return audit;
}

const idsOf = ({ audits }: Taken): number[] => audits.map(({ audit }) => audit);

async function answer(house: Started, audit: number, body: Uint8Array): Promise<[number, unknown]> {
  const response = await house.operator(`/audits/${audit}`, body);
  return [response.status, await response.json()];
}

const isAbout5 = (audit: TakenAudit): boolean => audit.units.includes(5);
const outputsOf = (audit: TakenAudit, compute = right): Uint8Array => encodeOutputs(audit.units.map(compute));

describe('an audit over HTTP', () => {
  test('is given without its claim, and its right answer counts in the anchor’s name', async () => {
    const { house, job, count } = await stage();
    expect(house.runtime.state.devices.has(house.house.auditor.device)).toBe(false);
    const { audits, limitMs, waiting } = await take(house);
    expect([audits.length, waiting]).toEqual([1, count]);
    expect(limitMs).toBeGreaterThanOrEqual(60_000);
    const [audit] = audits as [TakenAudit];
    expect(Object.keys(audit).sort()).toEqual(['audit', 'input', 'job', 'kernel', 'units', 'wasm']);
    // Neither digests nor bytes of the claim, nor who made it.
    const claimed = Buffer.from(right(audit.units[0] as number))
      .toString('hex')
      .slice(0, 16);
    for (const secret of [claimed, 'root', 'author', 'digests'])
      expect(JSON.stringify(audit)).not.toContain(secret);
    expect((await house.call(`/blobs/${audit.wasm}`)).status).toBe(200);
    expect((await house.call(`/blobs/${audit.input}`)).status).toBe(200);
    expect(await answer(house, audit.audit, outputsOf(audit))).toEqual([200, { became: 'right' }]);
    const { state } = house.runtime;
    expect([state.audits.size, state.checks.audits, state.checks.units]).toEqual([
      count - 1,
      1,
      audit.units.length,
    ]);
    expect(state.devices.get(house.house.auditor.device)).toMatchObject({
      account: 'anchor',
      role: 'anchor',
    });
    expect(state.balances.get('vested:anchor')).toBe(BigInt(audit.units.length * job.unitCostMicro));
    expect(await answer(house, audit.audit, outputsOf(audit))).toEqual([404, { refused: 'unknown-audit' }]);
  }, 30_000);

  test('is for whoever has the token: 401 without, and nothing happens', async () => {
    const { house } = await stage();
    const audit = await takeOne(house);
    const before = house.runtime.head?.size;
    for (const authorization of [undefined, 'Bearer wrong', 'Basic eA=='])
      for (const [path, body] of [
        ['take', JSON.stringify({ max: 1 })],
        ['return', JSON.stringify({ audits: [audit.audit] })],
        [audit.audit, outputsOf(audit)],
      ] as const) {
        const response = await house.call(`/api/operator/audits/${path}`, {
          method: 'POST',
          headers: authorization === undefined ? {} : { authorization },
          body: body as BodyInit,
        });
        expect([response.status, await response.json()]).toEqual([401, { refused: 'operator-only' }]);
      }
    expect(house.runtime.head?.size).toBe(before);
    // It is still the first one's.
    expect(idsOf(await take(house, 64))).not.toContain(audit.audit);
  }, 30_000);

  test('is never given to two at once, however many ask', async () => {
    const { house, count } = await stage();
    const all = await Promise.all(Array.from({ length: 12 }, (_, i) => take(house, 1 + (i % 3))));
    const ids = all.flatMap(idsOf);
    expect(ids.length).toBe(count);
    expect(new Set(ids).size).toBe(ids.length);
    expect(idsOf(await take(house, 64))).toEqual([]);
  }, 30_000);

  test('gives way when its limit has passed; who is late may answer all the same, once', async () => {
    const { house, pass } = await stage();
    const { audits, limitMs } = await take(house, 64);
    pass(limitMs - 1_000);
    expect(idsOf(await take(house, 64))).toEqual([]);
    pass(2_000);
    const others = await take(house, 64);
    expect(idsOf(others)).toEqual(audits.map(({ audit }) => audit));
    const [audit] = audits as [TakenAudit];
    expect(await answer(house, audit.audit, outputsOf(audit))).toEqual([200, { became: 'right' }]);
    expect(await answer(house, audit.audit, outputsOf(audit))).toEqual([404, { refused: 'unknown-audit' }]);
    expect(house.runtime.state.checks.audits).toBe(1);
  }, 30_000);

  test('that is given back, or taken under a clock that was put back, is there for others', async () => {
    const { house, pass } = await stage();
    const given = idsOf(await take(house, 3));
    expect((await house.operator('/audits/return', { audits: [...given, 999_999] })).status).toBe(200);
    const again = await take(house, 3);
    expect(idsOf(again)).toEqual(given);
    pass(-3_600_000);
    expect(idsOf(await take(house, 3))).toEqual(given);
  }, 30_000);

  test('is not given while its kernel is paused', async () => {
    const { house, job, count } = await stage();
    await house.operator(`/kernels/${job.kernel}/pause`, { reason: 'a test' });
    expect(idsOf(await take(house, 64))).toEqual([]);
    await house.operator(`/kernels/${job.kernel}/resume`, {});
    expect(idsOf(await take(house, 64)).length).toBe(count);
  }, 30_000);
});

describe('an answer that is none', () => {
  test('is refused by its name, without effect', async () => {
    const { house, count } = await stage();
    const audit = await takeOne(house);
    const size = house.runtime.head?.size;
    const right1 = outputsOf(audit);
    const cut = right1.slice(0, -1);
    const more = Buffer.concat([right1, Buffer.of(0)]);
    const fewer = encodeOutputs(audit.units.slice(1).map(right));
    const huge = encodeOutputs(audit.units.map(() => new Uint8Array(100_000)));
    const lengths = Uint8Array.from(right1).fill(0xff, 4, 8);
    const noise = Buffer.from('<html>not an answer</html>');
    for (const body of [new Uint8Array(0), cut, more, fewer, huge, lengths, noise]) {
      const [status, said] = await answer(house, audit.audit, body);
      expect([status, said]).toMatchObject([400, { refused: 'malformed' }]);
      expect(JSON.stringify(said)).toMatch(/"detail":"outputs: /);
    }
    const empty = encodeOutputs(audit.units.map(() => new Uint8Array(0)));
    const refused = await answer(house, audit.audit, empty);
    expect(refused).toMatchObject([400, { refused: 'bad-output' }]);
    expect(JSON.stringify(refused)).toMatch(/"detail":"unit \d+: /);
    const [other] = [...house.runtime.state.audits.keys()].filter((id) => id !== audit.audit);
    expect(await answer(house, other as number, right1)).toEqual([409, { refused: 'not-taken' }]);
    expect(await answer(house, 999_999, right1)).toEqual([404, { refused: 'unknown-audit' }]);
    for (const [path, body] of [
      ['take', { max: 0 }],
      ['take', { max: 65 }],
      ['take', { max: 1.5 }],
      ['take', { max: 1, device: 'mine' }],
      ['take', []],
      ['return', { audits: ['1'] }],
      ['return', {}],
    ] as const)
      expect((await house.operator(`/audits/${path}`, body)).status).toBe(400);
    expect((await house.operator('/audits/-1', right1)).status).toBe(404);
    const { state } = house.runtime;
    expect([house.runtime.head?.size, state.audits.size, state.checks.audits]).toEqual([size, count, 0]);
    expect(await answer(house, audit.audit, right1)).toEqual([200, { became: 'right' }]);
  }, 30_000);

  test('blames nobody where the anchor itself was wrong: two engines say so, and it is told', async () => {
    const { house, author } = await stage();
    const { audits } = await take(house, 64);
    const audit = audits.find(isAbout5) as TakenAudit;
    const judging = answer(house, audit.audit, outputsOf(audit, lie));
    await sleep(100);
    // One answer at a time.
    expect(await answer(house, audit.audit, outputsOf(audit))).toEqual([
      409,
      { refused: 'already-answered' },
    ]);
    await house.operator('/audits/return', { audits: [audit.audit] });
    expect(idsOf(await take(house, 64))).toEqual([]);
    const [status, said] = await judging;
    // On a busy machine two engines may take longer than an answer waits for.
    if (status === 200) expect(said).toEqual({ became: 'overruled', units: [5] });
    else expect([status, said]).toEqual([202, { became: 'disputed' }]);
    const { state } = house.runtime;
    for (let tries = 0; state.checks.audits === 0 && tries < 600; tries++) await sleep(100);
    expect(state.checks).toMatchObject({ audits: 1, mismatches: 0, suspended: 0 });
    expect(state.identities.get(`${author.who.device} wasm`)?.phase ?? 'open').toBe('open');
  }, 90_000);
});

describe('a liar', () => {
  test('is found by an anchor that is elsewhere', async () => {
    const { house, job, author } = await stage(lie);
    const { audits } = await take(house, 64);
    for (const audit of audits.filter((one) => !isAbout5(one)))
      expect(await answer(house, audit.audit, outputsOf(audit))).toEqual([200, { became: 'right' }]);
    const found = audits.find(isAbout5) as TakenAudit;
    const [status, said] = await answer(house, found.audit, outputsOf(found));
    if (status === 200) expect(said).toEqual({ became: 'wrong', units: [5] });
    else expect([status, said]).toEqual([202, { became: 'disputed' }]);
    expect(await author.of('judged')).toMatchObject({ chunk: 1, wrong: [5], consequence: 'suspend' });
    await until(house, job, ({ free, disputes }) => free > 0 && disputes === 1);
  }, 90_000);
});

describe('the operator sees', () => {
  test('how many audits wait, and since when the oldest does', async () => {
    const { house, count, pass } = await stage();
    const gauge = async (name: string): Promise<number> => {
      const headers = { authorization: `Bearer ${house.operatorToken ?? ''}` };
      const text = await (await house.call('/metrics', { headers })).text();
      return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
    };
    expect(await gauge('talka_audits_waiting')).toBe(count);
    const first = await gauge('talka_audit_oldest_seconds');
    pass(90_000);
    expect((await gauge('talka_audit_oldest_seconds')) - first).toBeGreaterThanOrEqual(90);
    for (const audit of (await take(house, 64)).audits) await answer(house, audit.audit, outputsOf(audit));
    expect([await gauge('talka_audits_waiting'), await gauge('talka_audit_oldest_seconds')]).toEqual([0, 0]);
  }, 30_000);
});
