/** [EP1]–[EP6] Epochs over HTTP while people are paid: sealed once, without a gap, rebuilt from their files and from the public log. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { CoordinatorOptions } from '../../src/coordinator/coordinator.ts';
import { readEpochs } from '../../src/wire/epochs.ts';
import type { Claim, EpochFile, EpochsView } from '../../src/wire/epochs.ts';
import { examineClaim, rebuildEpoch } from '../../src/volunteer/epoch-check.ts';
import { holdAgainst } from '../../src/volunteer/epoch-records.ts';
import { cheapInput } from './cheap.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';
import { answerOf, outputsOf, Scripted } from './volunteer.ts';

let open: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of open.reverse()) await close();
  open = [];
});

const unit = 10_000;
const dayMs = 86_400_000;

async function start(options: CoordinatorOptions = {}): Promise<Started & { passMs(ms: number): void }> {
  let ahead = 0;
  const house = await started({ now: () => Date.now() + ahead, ...options });
  open.push(() => house.close());
  return { ...house, passMs: (ms) => void (ahead += ms) };
}

/** One person computes a whole job of so many units under `replicate(1)`: paid at once. */
async function works(house: Started, units: number, known?: Scripted): Promise<Scripted> {
  const job = await house.job({ units, unitsPerChunk: units, quorum: 1 });
  const who = known ?? new Scripted(house.url);
  if (known === undefined) await who.signIn();
  const { lease } = await who.leaseOf(job.kernel);
  who.commit([answerOf(job.job, 'exact', lease, 0, outputsOf(cheapInput(units), 0, units))]);
  await who.settled(lease);
  open.push(() => who.ws.close());
  return who;
}

const json = async <T>(answer: Promise<Response>): Promise<T> => (await (await answer).json()) as T;
const sealed = async (house: Started, wish: object = {}): Promise<EpochFile> => {
  const answer = await house.operator('/epochs', wish);
  expect(answer.status, await answer.clone().text()).toBe(201);
  return (await answer.json()) as EpochFile;
};
const text = async (house: Started, path: string): Promise<string> => (await house.call(path)).text();
const filesOf = async (house: Started, number: number): Promise<{ json: string; csv: string }> => ({
  json: await text(house, `/api/epochs/${number}`),
  csv: await text(house, `/api/epochs/${number}/rows.csv`),
});
const records = async (house: Started): Promise<string[]> =>
  (await text(house, '/api/log/records')).split('\n').slice(0, -1);

describe('[EP3] sealing', () => {
  test('shares out what vested, and the files, the claims and the public log say the same', async () => {
    const house = await start();
    const [a, b] = [await works(house, 7), await works(house, 2)];
    const epoch = await sealed(house, { budgetMicro: '1000' });
    expect(epoch).toMatchObject({
      number: 1,
      from: 1,
      accounts: 2,
      totalMicro: String(9 * unit),
      sharedMicro: '999',
    });
    expect(epoch.sites).toEqual([{ site: null, creditMicro: String(9 * unit) }]);
    const key = house.house.keys.coordinator.publicText;
    const files = await filesOf(house, 1);
    const rebuilt = await rebuildEpoch(files, key);
    if (!rebuilt.holds) throw new Error(rebuilt.says);
    const amounts = new Map(rebuilt.rows.map(({ account, amountMicro }) => [account, amountMicro]));
    // 1000 × 7 ÷ 9 and 1000 × 2 ÷ 9, rounded down.
    expect([amounts.get(a.who.account), amounts.get(b.who.account)]).toEqual([777n, 222n]);
    for (const who of [a, b]) {
      const claim = await json<Claim>(house.call(`/api/epochs/1/rows/${who.who.account}`));
      expect(await examineClaim(claim, key)).toMatchObject({ fault: null });
      expect(claim.epoch).toEqual(epoch);
    }
    expect(holdAgainst(await records(house), rebuilt.epoch, rebuilt.rows)).toEqual({
      holds: true,
      records: house.runtime.head?.size,
      sealed: true,
    });
  });

  test('goes on where the last one ended: nothing is sealed twice, nothing is left out', async () => {
    const house = await start();
    expect((await house.operator('/epochs', {})).status).toBe(409);
    const a = await works(house, 4);
    const first = await sealed(house);
    const again = await house.operator('/epochs', {});
    expect([again.status, await again.json()]).toEqual([
      409,
      { refused: 'bad-epoch', detail: 'nothing vested in this period' },
    ]);
    await works(house, 5, a);
    const [second, third] = await Promise.all([house.operator('/epochs', {}), house.operator('/epochs', {})]);
    expect([second.status, third.status]).toEqual([201, 409]);
    const next = (await second.json()) as EpochFile;
    expect([next.number, next.from, next.fromAt, next.totalMicro]).toEqual([
      2,
      first.to,
      first.toAt,
      String(5 * unit),
    ]);
    const view = await json<EpochsView>(house.call('/api/epochs'));
    expect(readEpochs(view)).not.toBeNull();
    expect(view.epochs.map(({ number }) => number)).toEqual([2, 1]);
    expect(view.open).toMatchObject({
      number: 3,
      from: next.to,
      fromAt: next.toAt,
      dueAt: null,
      vestedMicro: '0',
    });
  });

  test('ends a period where it is told: what vested later is of the next', async () => {
    const house = await start();
    const a = await works(house, 3);
    house.passMs(dayMs);
    const until = Date.now() + dayMs / 2;
    await works(house, 6, a);
    const epoch = await sealed(house, { until });
    expect([epoch.totalMicro, epoch.toAt]).toEqual([String(3 * unit), until]);
    expect((await sealed(house)).totalMicro).toBe(String(6 * unit));
    for (const wrong of [until - 1, Date.now() + 9 * dayMs]) {
      const answer = await house.operator('/epochs', { until: wrong });
      expect([answer.status, ((await answer.json()) as { refused: string }).refused]).toEqual([
        409,
        'bad-epoch',
      ]);
    }
  });

  test('seals by itself when it is due, over what was missed, with the budget that was set', async () => {
    const house = await start({ epochEveryMs: 7 * dayMs, epochBudgetMicro: 50n });
    await works(house, 3);
    const { open: period } = await json<EpochsView>(house.call('/api/epochs'));
    expect(period).toMatchObject({ dueAt: (period.fromAt ?? 0) + 7 * dayMs, budgetMicro: '50' });
    house.passMs(15 * dayMs);
    for (let tries = 0; house.runtime.state.epochs.length === 0; tries++) {
      if (tries > 100) throw new Error('it was never sealed');
      await new Promise((done) => setTimeout(done, 100));
    }
    const [epoch] = house.runtime.state.epochs;
    expect(epoch).toMatchObject({ number: 1, budgetMicro: '50', toAt: (period.fromAt ?? 0) + 14 * dayMs });
  });

  test('holds no name, and keeps a row when its owner has everything erased', async () => {
    const house = await start();
    const who = await works(house, 4);
    const { account } = who.who;
    house.house.side.setName(account, 'Ada');
    const epoch = await sealed(house);
    house.house.side.erase(account, [who.who.device], []);
    const files = await filesOf(house, 1);
    expect(files.csv).toBe(`index,account,creditMicro,amountMicro\n0,${account},40000,40000\n`);
    expect(files.json).not.toContain('Ada');
    expect(epoch.accounts).toBe(1);
  });

  test('is the operator’s, within bounds', async () => {
    const house = await start();
    const post = (body: string, token: string | null): Promise<Response> =>
      house.call('/api/operator/epochs', {
        method: 'POST',
        headers: token === null ? {} : { authorization: `Bearer ${token}` },
        body,
      });
    expect((await post('{}', null)).status).toBe(401);
    for (const body of ['{"until":-1}', '{"budgetMicro":5}', '{"budgetMicro":"0"}', '{"budget":"1"}'])
      expect((await post(body, house.operatorToken)).status, body).toBe(400);
  });
});

describe('[EP6] what is given out', () => {
  test('says what it does not have', async () => {
    const house = await start();
    await works(house, 4);
    for (const path of [
      '/api/epochs/1',
      '/api/epochs/0',
      '/api/epochs/x',
      '/api/epochs/1/rows.csv',
      '/api/epochs/1/rows/A',
    ])
      expect([path, (await house.call(path)).status]).toEqual([path, 404]);
    await sealed(house);
    const none = await house.call('/api/epochs/1/rows/AAAAAAAAAAAAAAAA');
    expect([none.status, ((await none.json()) as { refused: string }).refused]).toEqual([
      404,
      'unknown-account',
    ]);
  });

  test('[EP5] files that are lost or changed are made again from the log, word for word, also after a restart', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'talka-epochs-'));
    open.push(() => rmSync(dataDir, { recursive: true, force: true }));
    let house = await started({ dataDir });
    const who = await works(house, 5);
    await works(house, 3);
    await sealed(house);
    const files = await filesOf(house, 1);
    const claim = await text(house, `/api/epochs/1/rows/${who.who.account}`);
    const folder = join(dataDir, 'epochs');
    expect(readdirSync(folder).sort()).toEqual(['epoch-1-rows.csv', 'epoch-1.json']);
    expect(readFileSync(join(folder, 'epoch-1.json'), 'utf8')).toBe(files.json);
    for (const spoil of [
      () => rmSync(folder, { recursive: true }),
      () => writeFileSync(join(folder, 'epoch-1-rows.csv'), files.csv.replace('50000', '50001')),
      () => writeFileSync(join(folder, 'epoch-1.json'), files.json.slice(1)),
      () => writeFileSync(join(folder, 'epoch-1.json'), files.json.replace('"number": 1', '"number": 2')),
      () => {},
    ]) {
      await house.close();
      spoil();
      house = await started({ dataDir });
      expect(await filesOf(house, 1)).toEqual(files);
      expect(await text(house, `/api/epochs/1/rows/${who.who.account}`)).toBe(claim);
    }
    await house.close();
  }, 60_000);
});
