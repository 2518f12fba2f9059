/** The way back [HT3], [TR8]: who was found wrong objects, the operator sees the evidence and answers, and lets them in again. */
import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import type { FindingView, ObjectionView } from '../../src/wire/objections.ts';
import { objectionsPerGroupMax } from '../../src/coordinator/http-objections.ts';
import { objectionsMax } from '../../src/coordinator/side.ts';
import {
  answersAudited,
  banned,
  closeAll,
  disproved,
  lies,
  listed,
  object,
  objectionOf,
  post,
  requestOf,
  start,
  told,
  truth,
  unitDigest,
  units,
  until,
} from './objecting.ts';
import { Scripted } from './volunteer.ts';

afterEach(closeAll);

describe('the way back', () => {
  test('disproved, objects, is looked at, is let in again, and works from the beginning', async () => {
    const house = await start();
    const { liar, job } = await disproved(house);
    const { who } = liar;
    liar.ask('cheap@1');
    expect(await liar.refusal()).toMatchObject({ about: 'ask', reason: 'suspended' });
    // Also who was not there when it was found is told what keeps them away.
    const [finding] = (await told(house, who)) as [FindingView];
    const where = { device: who.device, backend: 'wasm', job: job.job, chunk: 0 };
    expect(finding).toMatchObject({ ...where, consequence: 'suspend', open: false, objection: null });
    // Which of the units the first audit was about is chance's.
    const { wrong } = finding;
    const digestsOf = (outputs: readonly Buffer[]) =>
      wrong.map((unit) => unitDigest(job.job, unit, outputs[unit] as Buffer));
    const right = digestsOf(truth);
    expect(wrong.length).toBeGreaterThan(0);
    const claimed = digestsOf(lies).map((digest) => digest.slice(0, 16));
    expect([finding.right, finding.claimed]).toEqual([right, claimed]);
    expect(await object(house, who, job.job)).toEqual([201, null]);
    const first = await listed(house);
    expect(first.waiting).toBe(1);
    expect(first.objections).toMatchObject([
      {
        ...{ ...where, account: who.account },
        ...{ text: 'My memory is fine.\n请再看一看。', answer: null, phase: 'suspended' },
        evidence: { consequence: 'suspend', wrong, right, claimed },
      },
    ]);
    const { id } = first.objections[0] as ObjectionView;
    const decided = await house.operator(`/objections/${id}`, {
      answer: 'It was our engine. We are sorry.',
      readmit: true,
    });
    expect(await decided.json()).toMatchObject({ id, readmitted: true, phase: 'open' });
    expect(house.runtime.state.identities.get(`${who.device}/wasm`)).toMatchObject({
      ...{ phase: 'open', faults: 0, faultAt: null, provenMicro: 0 },
    });
    expect(await told(house, who)).toMatchObject([
      { claimed, open: true, objection: { answer: 'It was our engine. We are sorry.', readmitted: true } },
    ]);
    expect((await listed(house)).waiting).toBe(0);
    // What it is given now is looked at as a newcomer's, and final.
    await answersAudited(house, liar, job, truth);
    await until(() => !house.runtime.state.jobs.has(job.job));
    expect(await (await house.call(`/api/jobs/${job.job}`)).json()).toMatchObject({ state: 'finished' });
    const vested = house.runtime.state.balances.get(`vested:${who.account}`);
    expect(vested).toBe(BigInt(units * job.unitCostMicro));
    await liar.end();
  }, 30_000);

  test('who asks on and on is told to wait, and keeps nobody else from being told', async () => {
    const house = await start();
    const { liar: first, job } = await disproved(house);
    const second = new Scripted(house.url);
    await second.signIn();
    await answersAudited(house, second, job, lies);
    await second.of('judged');
    const now = Date.now();
    const statusOf = async (who: Scripted['who'], apart: number): Promise<number> => {
      const body = requestOf(house, who, 'talka/objections/1', [], now - apart);
      return (await post(house, 'objections', body))[0];
    };
    const heard: number[] = [];
    for (let tries = 0; tries < 130; tries++) heard.push(await statusOf(first.who, tries));
    expect(heard.slice(0, 30)).toEqual(Array(30).fill(200));
    expect(heard.at(-1)).toBe(429);
    expect(await statusOf(second.who, 0)).toBe(200);
    for (const one of [first, second]) await one.end();
  }, 60_000);

  test('who is banned sees a no, and what was said to it; a later yes lets them in', async () => {
    const house = await start();
    const { liar, job, chunk } = await banned(house);
    const mine = () => house.runtime.state.identities.get(`${liar.who.device}/wasm`);
    await until(() => mine()?.phase === 'banned' && mine()?.open.size === 0);
    expect(await told(house, liar.who)).toMatchObject([{ consequence: 'ban', untilMs: null, open: false }]);
    expect(await object(house, liar.who, job.job, { chunk })).toEqual([201, null]);
    const [{ id }] = (await listed(house)).objections as [ObjectionView];
    await house.operator(`/objections/${id}`, { answer: 'So much is no accident.', readmit: false });
    expect(mine()?.phase).toBe('banned');
    expect(await told(house, liar.who)).toMatchObject([
      { open: false, objection: { answer: 'So much is no accident.', readmitted: false } },
    ]);
    await house.operator(`/objections/${id}`, { answer: 'We found the broken fan.', readmit: true });
    expect(mine()).toMatchObject({ phase: 'open', faults: 0 });
    // Who is let in already can be told so again.
    const again = await house.operator(`/objections/${id}`, { answer: 'Welcome back.', readmit: true });
    expect([again.status, (await told(house, liar.who))[0]?.objection?.answer]).toEqual([
      200,
      'Welcome back.',
    ]);
    // Nothing stands against it any more: there is nothing to object to.
    expect(await object(house, liar.who, job.job, { chunk })).toEqual([404, 'not-disproved']);
    await liar.end();
  }, 30_000);

  test('the operator may let in without being asked, and is told why not', async () => {
    const house = await start();
    const { liar } = await disproved(house);
    const { device } = liar.who;
    const said = { device, backend: 'wasm', reason: 'our mistake' };
    expect((await house.operator('/readmit', said)).status).toBe(200);
    expect((await house.operator('/readmit', said)).status).toBe(409);
    expect((await house.operator('/readmit', { ...said, device: 'A'.repeat(16) })).status).toBe(404);
    expect((await house.operator('/readmit', { ...said, reason: '' })).status).toBe(400);
    await liar.end();
  }, 30_000);
});

describe('[HT3] an objection is refused', () => {
  test('by name, and nothing of it is kept: forged, another’s, too long, of nothing found, late, twice', async () => {
    const house = await start();
    const { liar, job } = await disproved(house);
    const { who } = liar;
    const other = new Scripted(house.url);
    await other.signIn();
    const mine = objectionOf(house, who, job.job);
    const forged = { ...mine, signature: objectionOf(house, other.who, job.job)['signature'] };
    expect((await post(house, 'object', forged))[0]).toBe(401);
    expect((await post(house, 'object', { ...mine, text: 'something else' }))[0]).toBe(401);
    expect((await post(house, 'object', { ...mine, account: other.who.account }))[0]).toBe(401);
    expect(await object(house, who, job.job, { tag: 'talka/name/1' })).toEqual([401, 'signature']);
    expect(await object(house, who, job.job, { at: Date.now() - 61_000 })).toEqual([401, 'signature']);
    // Somebody else’s finding, by their device or by one's own.
    for (const device of [who.device, other.who.device, 'A'.repeat(16)])
      expect(await object(house, other.who, job.job, { device })).toEqual([404, 'not-disproved']);
    expect(await object(house, who, job.job, { chunk: 1 })).toEqual([404, 'not-disproved']);
    expect(await object(house, who, 'j9')).toEqual([404, 'not-disproved']);
    for (const text of ['', ' \n ', 'x'.repeat(501), 'bell\u0007', 'turned \u202e round'])
      expect(await object(house, who, job.job, { text }), JSON.stringify(text)).toEqual([400, 'malformed']);
    for (const bent of [{ device: 'x' }, { job: '../j1' }, { chunk: -1 }, { chunk: 0.5 }])
      expect(await object(house, who, job.job, bent)).toEqual([400, 'malformed']);
    expect((await post(house, 'object', { ...mine, more: 1 }))[0]).toBe(400);
    expect((await listed(house)).objections).toEqual([]);
    expect((await post(house, 'object', mine))[0]).toBe(201);
    expect((await post(house, 'object', mine))[0], 'the same once more').toBe(401);
    expect(await object(house, who, job.job, { text: 'again' })).toEqual([409, 'already-so']);
    expect((await listed(house)).objections).toHaveLength(1);
    // Nobody else is told of it, and nobody but the operator may answer.
    expect(await told(house, other.who)).toEqual([]);
    expect((await house.call('/api/operator/objections')).status).toBe(401);
    const [{ id }] = (await listed(house)).objections as [ObjectionView];
    const yes = JSON.stringify({ answer: 'yes', readmit: true });
    const asIf = await house.call(`/api/operator/objections/${id}`, { method: 'POST', body: yes });
    expect(asIf.status).toBe(401);
    const bad = [
      { answer: 'y'.repeat(501), readmit: true },
      { answer: 'yes' },
      { answer: '', readmit: true },
    ];
    for (const body of bad) expect((await house.operator(`/objections/${id}`, body)).status).toBe(400);
    expect((await house.operator('/objections/99', { answer: 'yes', readmit: true })).status).toBe(404);
    for (const one of [liar, other]) await one.end();
  }, 30_000);

  test('where a thousand wait; where one of them was answered, it takes that one’s place', async () => {
    const house = await start();
    const { liar, job } = await disproved(house);
    const { side } = house.house;
    for (let i = 0; i < objectionsMax; i++) side.keepObjection({ ...someone(i), job: 'j7', chunk: i });
    expect(side.objectionsWaiting()).toBe(objectionsMax);
    expect(await object(house, liar.who, job.job)).toEqual([503, 'full']);
    for (const [id, at] of [
      [7, 20],
      [8, 10],
    ] as const)
      side.answerObjection(id, 'no', at, false);
    expect(await object(house, liar.who, job.job)).toEqual([201, null]);
    expect([side.objection(7)?.answer, side.objection(8)]).toEqual(['no', null]);
    expect(side.objectionsWaiting()).toBe(objectionsMax - 1);
    await liar.end();
  }, 30_000);

  test('where twenty of the same network wait, though there is room; another network is heard', async () => {
    const house = await start();
    const { liar, job } = await disproved(house);
    const { side } = house.house;
    const { device, account } = liar.who;
    const joins = (who: { device: string; account: string }, group: string) =>
      house.runtime.run({ c: 'join', ...who, site: null, group, role: 'volunteer' });
    for (let i = 0; i < objectionsPerGroupMax; i++) {
      const one = { device: `device of ${i}`, account: `account of ${i}` };
      await joins(one, 'g7');
      side.keepObjection({ ...someone(i), ...one, job: 'j7', chunk: i });
    }
    await joins({ device, account }, 'g7');
    expect(await object(house, liar.who, job.job)).toEqual([429, 'network-full']);
    await joins({ device, account }, 'g8');
    expect(await object(house, liar.who, job.job)).toEqual([201, null]);
    await liar.end();
  }, 30_000);

  test('by nobody once erased: what an account wrote goes with it', async () => {
    const house = await start();
    const { liar, job } = await disproved(house);
    const { side } = house.house;
    side.keepObjection({ ...someone(1), job: 'j7', chunk: 1 });
    expect(await object(house, liar.who, job.job)).toEqual([201, null]);
    const body = requestOf(house, liar.who, 'talka/erase/1', [], Date.now());
    expect((await post(house, 'erase', body))[0]).toBe(200);
    expect(side.objections(liar.who.account, 10)).toEqual([]);
    expect(side.objectionsWaiting()).toBe(1);
    await liar.end();
  }, 30_000);

  test('for a while by who asks again and again, though honest people are not kept from asking', async () => {
    const house = await start();
    const { liar } = await disproved(house);
    const body = (at: number) => requestOf(house, liar.who, 'talka/objections/1', [], at);
    const now = Date.now();
    const statuses = new Set<number>();
    for (let i = 0; i < 150; i++) statuses.add((await post(house, 'objections', body(now - i)))[0]);
    expect(statuses).toEqual(new Set([200, 429]));
    const other = new Scripted(house.url);
    await other.signIn();
    expect(await told(house, other.who)).toEqual([]);
    for (const one of [liar, other]) await one.end();
  }, 30_000);
});

/** Somebody's objection, of a thousand. */
function someone(i: number) {
  const id = randomBytes(12).toString('base64url');
  return { tick: i + 1, device: id, backend: 'wasm' as const, account: id, at: i, text: 'no' };
}
