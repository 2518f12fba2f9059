/** A line that dies unnoticed takes receipts with it: the coordinator believes to have told them. Whoever comes back has every one of them all the same. */
import { readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { RunningCoordinator } from '../../src/coordinator/coordinator.ts';
import type { KeptReceipt } from '../../src/volunteer/outbox.ts';
import { examineReceipt } from '../../src/volunteer/receipt-check.ts';
import { missedReceipts } from '../../src/volunteer/receipt-asking.ts';
import { paidBy } from '../../src/volunteer/receipt-sum.ts';
import type { Paid } from '../../src/volunteer/receipt-sum.ts';
import type { Volunteer } from '../../src/volunteer/volunteer.ts';
import { Cable } from '../cable.ts';
import { agreed, freshFolder, joinHouse, startHouse, submitJob, until } from './house.ts';

const chunks = 6;
const wish = { units: 2 * chunks, kPerUnit: 1 << 14 };

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

/** A house, a cable to it, and Ann at its other end, whose network comes and goes as the test wills. */
async function scene() {
  const port = await freePort();
  const house = await startHouse({ graceMs: 0, allowOrigins: [`http://127.0.0.1:${port}`] });
  open.push(() => house.close());
  const cable = await Cable.lay(port, () => Number(new URL(house.url).port));
  open.push(() => cable.close());
  const [hers, his] = [freshFolder(), freshFolder()];
  open.push(hers.remove, his.remove);
  let online: (is: boolean) => void = () => {};
  const ann = (): Volunteer =>
    joinHouse(cable.url, hers.path, 1, {
      watch: (surroundings) => {
        online = surroundings.online;
        return () => {};
      },
    });
  const bob = joinHouse(house.url, his.path);
  return { house, cable, folder: hers.path, ann, bob, online: (is: boolean) => online(is) };
}

const home = (folder: string, url: string): string => join(folder, new URL(url).host.replace(':', '_'));

/** What she holds proof of. */
async function proven(house: RunningCoordinator, folder: string, url: string): Promise<Paid | undefined> {
  const text = readFileSync(join(home(folder, url), 'receipts.jsonl'), { encoding: 'utf8', flag: 'a+' });
  const kept = text.split('\n').filter((line) => line !== '');
  const key = house.house.keys.coordinator.publicText;
  const verdicts = await Promise.all(
    kept.map((line) => examineReceipt(JSON.parse(line) as KeptReceipt, key)),
  );
  expect(verdicts.map(({ fault }) => fault)).toEqual(verdicts.map(() => null));
  return paidBy(verdicts)[0];
}

async function holds(what: string, probe: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await probe()); tries++) {
    if (tries > 300) throw new Error(`never: ${what}`);
    await sleep(50);
  }
}

/** She has answered everything, her line dies and nobody hears of it, and the second person answers. */
async function paidIntoNothing() {
  const all = await scene();
  const { house, cable, folder, ann, bob } = all;
  const job = await submitJob(house, house.operatorToken ?? '', wish);
  const her = ann();
  await her.actions.start(agreed);
  await until(her, ({ chunks: { committed } }) => committed === chunks);
  const account = her.store.getState().account ?? '';
  cable.silence('up', 'down');
  await bob.actions.start(agreed);
  await holds('the job is finished', () => !house.runtime.state.jobs.has(job));
  await bob.actions.finish();
  // The coordinator takes her for present, and has told her; the public receipts do not hold what she was told.
  await holds('she alone is taken for present', () => house.house.live().people === 1);
  const vested = Number(house.runtime.state.balances.get(`vested:${account}`));
  expect(vested).toBeGreaterThan(0);
  expect(await proven(house, folder, cable.url)).toBeUndefined();
  const payee = { coordinator: house.house.keys.coordinator.publicText, account, device: '', site: null };
  expect((await missedReceipts(house.url, payee, 1)).receipts).toEqual([]);
  return { ...all, her, vested };
}

describe('[WR5] receipts that went into nothing', () => {
  it('come over the next line of the same visit', async () => {
    const { house, cable, folder, her, online, vested } = await paidIntoNothing();
    online(false);
    online(true);
    await holds('she has them all', async () => (await proven(house, folder, cable.url))?.micro === vested);
    expect(await proven(house, folder, cable.url)).toMatchObject({ twice: 0, left: 0 });
    const view = await until(her, ({ chunks: { final } }) => final === chunks);
    expect(view.chunks.lost).toBe(0);
    expect(view.credit.vestedMicro).toBe(vested);
    await her.actions.finish();
    // Nothing is left that would ask again.
    expect(readdirSync(join(home(folder, cable.url), 'results'))).toEqual([]);
  }, 60_000);

  it('come in the next visit, where there was none before', async () => {
    const { house, cable, folder, her, ann, vested } = await paidIntoNothing();
    await her.actions.finish();
    const again = ann();
    await again.actions.start(agreed);
    await holds('she has them all', async () => (await proven(house, folder, cable.url))?.micro === vested);
    expect(await proven(house, folder, cable.url)).toMatchObject({ twice: 0, left: 0 });
    expect(again.store.getState().credit.vestedMicro).toBe(vested);
    await again.actions.finish();
    expect(readdirSync(join(home(folder, cable.url), 'results'))).toEqual([]);
  }, 60_000);
});
