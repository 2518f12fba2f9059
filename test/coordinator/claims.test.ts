/** What was claimed, as whoever was found wrong is told it [HT3]: looked up in the log once, one after the other, and honestly missing. */
import { afterEach, describe, expect, test } from 'vitest';
import { claimsWaitingMax } from '../../src/coordinator/claims.ts';
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
  test('is looked up in the log once, however often and by how many at once it is asked for', async () => {
    const house = await start();
    const { liar } = await disproved(house);
    const all = counted(house);
    const found = await Promise.all([100, 200, 300].map((apart) => told(house, liar.who, apart)));
    expect(found.map(([finding]) => finding?.claimed?.length)).toEqual(
      found.map(([finding]) => finding?.wrong.length),
    );
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

  test('is not asked for by more than may wait: they come again in a moment', async () => {
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
    const asked = Array.from({ length: claimsWaitingMax + 1 }, (_, i) => {
      const body = requestOf(house, liar.who, 'talka/objections/1', [], now - i);
      return post(house, 'objections', body);
    });
    const early = await Promise.race(asked.map(async (one) => (await one)[0]));
    expect(early).toBe(429);
    goOn();
    const statuses = (await Promise.all(asked)).map(([status]) => status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([
      ...Array.from({ length: claimsWaitingMax }, () => 200),
      429,
    ]);
    await liar.end();
  }, 30_000);
});
