/** What was claimed, as whoever was found wrong is told it [HT3]: looked up in the log once, one after the other, and honestly missing. */
import { afterEach, describe, expect, test } from 'vitest';
import { Claims, claimsWaitingMax } from '../../src/coordinator/claims.ts';
import { closeAll, disproved, listed, object, post, requestOf, start, told } from './objecting.ts';
import type { Started } from './started.ts';

afterEach(closeAll);

/** How often the log was read in steps, as who looks back through it does. */
function counted({ house: { log } }: Started): { lookedBack: number } {
  const all = { lookedBack: 0 };
  const read = log.read.bind(log);
  log.read = async (after, max) => {
    if (max > 1) all.lookedBack += 1;
    return read(after, max);
  };
  return all;
}

describe('what was claimed', () => {
  test('is looked up in the log once, however often it is asked for, by the operator at once too', async () => {
    const house = await start();
    const { liar } = await disproved(house);
    const all = counted(house);
    const [[finding]] = await Promise.all([told(house, liar.who), listed(house)]);
    expect(finding?.claimed?.length).toBe(finding?.wrong.length);
    const { lookedBack } = all;
    expect(lookedBack).toBeGreaterThan(0);
    await told(house, liar.who);
    expect(all.lookedBack, 'it is remembered').toBe(lookedBack);
    await liar.end();
  }, 30_000);

  test('is null where the log does not say it', async () => {
    const house = await start();
    const { liar, job } = await disproved(house);
    const { log } = house.house;
    const read = log.read.bind(log);
    log.read = async (after, max) => (max === 1 ? read(after, max) : []);
    expect(await told(house, liar.who)).toMatchObject([{ job: job.job, claimed: null }]);
    expect(await object(house, liar.who, job.job)).toEqual([201, null]);
    expect((await listed(house)).objections).toMatchObject([{ evidence: { claimed: null } }]);
    expect(await told(house, liar.who)).toMatchObject([{ claimed: null, objection: { answer: null } }]);
    await liar.end();
  }, 30_000);

  test('is waited for by an account once, and by no more than so many', async () => {
    const house = await start();
    const { liar } = await disproved(house);
    const { log } = house.house;
    const read = log.read.bind(log);
    let goOn = (): void => {};
    const gate = new Promise<void>((resolve) => (goOn = resolve));
    log.read = async (after, max) => {
      if (max > 1) await gate;
      return read(after, max);
    };
    const now = Date.now();
    const asked = Array.from({ length: 3 }, (_, i) => {
      const body = requestOf(house, liar.who, 'talka/objections/1', [], now - i);
      return post(house, 'objections', body);
    });
    const early = await Promise.race(asked.map(async (one) => (await one)[0]));
    expect(early).toBe(429);
    goOn();
    const statuses = (await Promise.all(asked)).map(([status]) => status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 429, 429]);
    await liar.end();
    const claims = new Claims(house.house);
    const answer = new Promise<string>((resolve) => (goOn = () => resolve('heard')));
    const waiting = Array.from({ length: claimsWaitingMax }, (_, i) => claims.among(`a${i}`, () => answer));
    expect(await claims.among('one more', () => answer)).toBeNull();
    goOn();
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['heard']));
    expect(await claims.among('one more', () => answer)).toBe('heard');
  }, 30_000);
});
