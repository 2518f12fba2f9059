/** A receipt for every movement of a volunteer's credit: what was accepted, what of it vested or was void, and what audits were paid. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { Allowance } from '../../src/coordinator/allowance.ts';
import { readBytes, receiptsOf } from '../../src/coordinator/http-receipts.ts';
import { leafOf, readRecord } from '../../src/coordinator/record.ts';
import type { Event } from '../../src/core/state.ts';
import type { AccountReceipts, JobView } from '../../src/wire/views.ts';
import type { CreditWord, ReceiptWord } from '../../src/wire/volunteer.ts';
import { answers, stage } from './auditors.ts';
import { cheapInput } from './cheap.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';
import { answerOf, outputsOf, receiptHolds, Scripted } from './volunteer.ts';
import type { Answered } from './volunteer.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

const kernel = 'cheap@1';
const [units, unitsPerChunk] = [20, 8];
const chunks = 3;
const input = cheapInput(units);

async function houseWith(options: Parameters<typeof started>[0] = {}): Promise<Started> {
  const house = await started(options);
  open.push(house);
  await house.runtime.run({
    c: 'join',
    device: 'anchor',
    account: 'anchor',
    site: null,
    group: 'anchor',
    role: 'anchor',
  });
  await house.operator('/fund', { account: 'operator', amountMicro: 10 ** 9 });
  return house;
}

/** A job under audit, whose leavers have every unit recomputed: no chance takes part. */
async function audited(house: Started): Promise<JobView> {
  const { digest } = (await (await house.operator('/blobs', input)).json()) as { digest: string };
  const answer = await house.operator('/jobs', {
    kernel,
    input: digest,
    title: 'audited',
    cause: 'tests',
    unitsPerChunk,
    policy: { kind: 'audit', windowUnits: 1_000, leaverUnits: 1_000 },
  });
  return (await answer.json()) as JobView;
}

async function person(house: Started, bent: Parameters<Scripted['signIn']>[0] = {}, who?: Scripted['who']) {
  const one = new Scripted(house.url, who);
  open.push({ close: () => one.ws.close() });
  await one.signIn(bent);
  return one;
}

/** Computes the whole job; `lie` changes outputs. Gives back what it answered. */
async function works(one: Scripted, lie: (unit: number, output: Buffer) => Buffer = (_, output) => output) {
  const given: Answered[] = [];
  while (given.length < chunks) {
    const lease = await one.leaseOf(kernel);
    for (let i = 0; i < lease.count; i++) {
      const from = (lease.chunk + i) * unitsPerChunk;
      const to = Math.min(units, from + unitsPerChunk);
      const outputs = outputsOf(input, from, to).map((output, k) => lie(from + k, output));
      given.push(answerOf(lease.job, 'exact', lease.lease + i, from, outputs));
      one.commit(given.slice(-1));
      await one.acked(lease.lease + i);
    }
  }
  return given;
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 400) throw new Error('it never held');
    await sleep(25);
  }
}

/** Answers all audits as the operator's anchor would, once all units of the job are drawn. */
async function allAudited(house: Started, wrongUnits: readonly number[] = [], waiting = units) {
  const { state } = house.runtime;
  const drawn = (): number => [...state.audits.values()].reduce((sum, audit) => sum + audit.units.length, 0);
  await until(() => drawn() >= waiting);
  for (const { id, units: some } of [...state.audits.values()]) {
    const wrong = some.filter((unit) => wrongUnits.includes(unit));
    const right = wrong.map(() => '00'.repeat(32));
    await house.runtime.run({ c: 'audit', audit: id, device: 'anchor', wrong, right });
  }
}

const later = (word: { t: string }): word is ReceiptWord =>
  word.t === 'receipt' && ('vested' in word || 'voided' in word || 'audits' in word);
const receiptsAt = async (house: Started, account: string, query = ''): Promise<AccountReceipts> =>
  (await (await house.call(`/api/account/${account}/receipts${query}`)).json()) as AccountReceipts;

describe('[RC1, RC3] receipts of what became of work', () => {
  test('what vests is receipted in the tick that vests it: signed, in the tree, and the sum of what was pending', async () => {
    const house = await houseWith();
    const job = await audited(house);
    const one = await person(house);
    await works(one);
    const key = house.house.keys.coordinator.publicText;
    const pending = one.receipts.filter(({ settled }) => settled.length > 0);
    expect(pending.flatMap(({ settled }) => settled.map(({ final }) => final))).toEqual([
      false,
      false,
      false,
    ]);
    for (const receipt of pending) {
      expect(receiptHolds(receipt, key, one.who)).toBe(true);
      expect(receipt).not.toHaveProperty('vested');
    }
    await allAudited(house);
    const receipt = await one.next(later);
    const amountMicro = units * job.unitCostMicro;
    expect(receipt.vested).toEqual([{ job: job.job, chunks: [0, 3], amountMicro }]);
    expect(receipt).toMatchObject({ settled: [], acks: [] });
    expect(receipt).not.toHaveProperty('voided');
    expect(receiptHolds(receipt, key, one.who)).toBe(true);
    const vested = [{ job: job.job, chunks: [0, 3], amountMicro: amountMicro + 1 }];
    expect(receiptHolds({ ...receipt, vested }, key, one.who)).toBe(false);
    const credit = await one.next(
      (word): word is CreditWord => word.t === 'credit' && word.creditMicro.pending === 0,
    );
    expect(credit.creditMicro).toMatchObject({ pending: 0, vested: amountMicro });
  });

  test('what is void is receipted too, run by run', async () => {
    const house = await houseWith();
    const job = await audited(house);
    const liar = await person(house);
    await works(liar, (unit, output) => (unit === 9 || unit === 17 ? Buffer.alloc(8) : output));
    await allAudited(house, [9, 17]);
    // Whatever is right of it may vest all the same; what is wrong never does.
    const found: ReceiptWord[] = [];
    const isVoid = (): boolean => found.some(({ voided = [] }) => voided.length > 0);
    while (!isVoid()) {
      const [next] = await Promise.all([liar.next(later), allAudited(house, [9, 17], 0)]);
      found.push(next);
    }
    const key = house.house.keys.coordinator.publicText;
    for (const receipt of found) expect(receiptHolds(receipt, key, liar.who)).toBe(true);
    const voided = found.flatMap((receipt) => receipt.voided ?? []);
    for (const { chunks: runs, amountMicro, job: id } of voided) {
      expect(id).toBe(job.job);
      let owed = 0;
      for (let i = 0; i < runs.length; i += 2)
        owed += Math.min(units, (runs[i + 1] ?? 0) * unitsPerChunk) - (runs[i] ?? 0) * unitsPerChunk;
      expect(amountMicro).toBe(owed * job.unitCostMicro);
    }
  });

  test('[RC5] a program from before these receipts is told what it was paid, and nothing that it would take for forged', async () => {
    const house = await houseWith();
    await audited(house);
    const one = await person(house, { receipts: null });
    await works(one);
    await allAudited(house);
    await one.next((word): word is CreditWord => word.t === 'credit' && word.creditMicro.pending === 0);
    const told = one.receipts.filter(({ settled }) => settled.length > 0);
    expect(told.flatMap(({ settled }) => settled)).toHaveLength(chunks);
    for (const receipt of one.receipts) {
      expect(receipt.tick).toBeNull();
      expect(Object.keys(receipt).sort()).toEqual(['acks', 'lost', 'settled', 't', 'tick']);
    }
  });

  test('[WR5] who asks again is told the same, word for word, after a restart too', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'talka-receipts-'));
    open.push({ close: () => rmSync(dataDir, { recursive: true, force: true }) });
    const first = await houseWith({ dataDir });
    await audited(first);
    const one = await person(first);
    const given = await works(one);
    await allAudited(first);
    await one.next(later);
    await one.end();
    await until(() => first.runtime.state.jobs.size === 0);
    const before = await receiptsAt(first, one.who.account);
    await open.splice(1, 1)[0]?.close();
    const house = await started({ dataDir });
    open.push(house);
    expect((await receiptsAt(house, one.who.account)).receipts).toEqual(before.receipts);
    const again = await person(house, {}, one.who);
    again.commit(given);
    for (const { item } of given) {
      const receipt = await again.settled(item.replica);
      const was = one.receipts.find(({ settled }) => settled.some(({ replica }) => replica === item.replica));
      expect({ ...receipt, acks: [] }).toEqual({ ...was, acks: [] });
    }
  });

  test('[RC5] a device that came by another site since is told by which its receipt is', async () => {
    const house = await houseWith();
    await audited(house);
    const one = await person(house);
    await works(one);
    const { device, account } = one.who;
    await house.runtime.run({ c: 'join', device, account, site: 'fair', group: '', role: 'volunteer' });
    await allAudited(house);
    const receipt = await one.next(later);
    expect(receipt.site).toBe('fair');
    expect(receiptHolds(receipt, house.house.keys.coordinator.publicText, one.who)).toBe(true);
    const { site: _site, ...without } = receipt;
    expect(receiptHolds(without, house.house.keys.coordinator.publicText, one.who)).toBe(false);
  });

  test('an audit that a volunteer made is receipted; nobody else may know of it before the chunk is final', async () => {
    const at = await stage();
    open.push(at.house);
    const author = await at.person(1, { audits: false });
    const auditor = await at.person(2);
    const audit = await at.drawn(author);
    answers(auditor, await auditor.of('audit'));
    const receipt = await auditor.next(later);
    const paid = { audit: audit.id, job: at.job.job, units: audit.units.length };
    const amountMicro = audit.units.length * at.job.unitCostMicro;
    expect(receipt.audits).toEqual([{ ...paid, amountMicro }]);
    expect(receipt).not.toHaveProperty('vested');
    const key = at.house.house.keys.coordinator.publicText;
    expect(receiptHolds(receipt, key, auditor.who)).toBe(true);
    expect(receiptHolds({ ...receipt, audits: [{ ...paid, amountMicro: 1 }] }, key, auditor.who)).toBe(false);
    const told = await receiptsAt(at.house, auditor.who.account);
    expect(told).toMatchObject({ receipts: [], next: receipt.tick?.tick });
  });
});

describe('[HT4] receipts of an account', () => {
  test('whoever was away when its work vested finds the receipt later, and anybody may', async () => {
    const house = await houseWith();
    const job = await audited(house);
    const one = await person(house);
    await works(one);
    expect(await receiptsAt(house, one.who.account)).toMatchObject({ receipts: [] });
    const { device, account } = one.who;
    await one.end();
    await allAudited(house);
    await until(() => house.runtime.state.jobs.size === 0);
    const { receipts, next, size } = await receiptsAt(house, account);
    expect(next).toBe(size + 1);
    expect(receipts).toHaveLength(1);
    const [receipt] = receipts;
    const key = house.house.keys.coordinator.publicText;
    const amountMicro = units * job.unitCostMicro;
    const { tick, index, path = [], leaf = '' } = receipt ?? {};
    expect(JSON.parse(leaf)).toEqual([
      'talka/receipt/3',
      key,
      account,
      device,
      null,
      tick?.at,
      [],
      [[job.job, [0, 3], amountMicro]],
      [],
      [],
    ]);
    expect(receipt?.jobs).toEqual({ [job.job]: { units, unitsPerChunk, unitCostMicro: job.unitCostMicro } });
    const word = { ...tick, index, path } as ReceiptWord['tick'];
    const vested = [{ job: job.job, chunks: [0, 3], amountMicro }];
    expect(
      receiptHolds({ t: 'receipt', acks: [], settled: [], vested, lost: [], tick: word }, key, one.who),
    ).toBe(true);
    expect(await receiptsAt(house, account, `?from=${(tick?.tick ?? 0) + 1}`)).toMatchObject({
      receipts: [],
    });
    expect(await receiptsAt(house, 'nobody')).toMatchObject({ receipts: [], next: size + 1 });
    for (const query of ['?from=0', '?from=x', `?from=${size + 2}`, '?count=0'])
      expect((await house.call(`/api/account/${account}/receipts${query}`)).status, query).toBe(400);
  });

  test('whoever was away when a second person settled its chunk finds that receipt too; whoever was told does not need it', async () => {
    const house = await houseWith();
    const job = await house.job({ units, unitsPerChunk, quorum: 2 });
    const [away, there] = [await person(house), await person(house)];
    for (const one of [away, there]) {
      const lease = await one.leaseOf(kernel);
      one.commit([answerOf(job.job, 'exact', lease.lease, 0, outputsOf(input, 0, unitsPerChunk))]);
      await one.acked(lease.lease);
      if (one === away) await one.end();
    }
    const { receipts } = await receiptsAt(house, away.who.account);
    const rows = receipts.map(({ leaf }) => (JSON.parse(leaf) as unknown[])[6]);
    expect(rows).toMatchObject([[[job.job, 0, expect.any(Number), unitsPerChunk * job.unitCostMicro, true]]]);
    expect(await receiptsAt(house, there.who.account)).toMatchObject({ receipts: [] });
  });

  test('several ticks come one after the other, as many as are asked for, and none twice', async () => {
    const house = await houseWith();
    const one = await person(house);
    for (let i = 0; i < 3; i++) {
      await audited(house);
      await works(one);
      await allAudited(house);
      await until(() => house.runtime.state.jobs.size === 0);
    }
    const seen: number[] = [];
    let from = 1;
    for (let asked = 0; asked < 5; asked++) {
      const { receipts, next } = await receiptsAt(house, one.who.account, `?from=${from}&count=2`);
      seen.push(...receipts.map(({ tick }) => tick.tick));
      from = next;
    }
    expect(seen).toHaveLength(3);
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
  });

  test('[LO10] nothing is told before the record is public, and what is held back is asked for again', async () => {
    const house = await houseWith();
    await audited(house);
    const one = await person(house);
    await works(one);
    await allAudited(house);
    await until(() => house.runtime.state.jobs.size === 0);
    const { receipts, size } = await receiptsAt(house, one.who.account);
    const tick = receipts[0]?.tick.tick ?? 0;
    // The tick also says something of a chunk that is still open: its record is held back until that is final, or its job over.
    const other = await audited(house);
    const { log } = house.house;
    const found = { e: 'disproved', job: other.job, chunk: 0 } as unknown as Event;
    const read: typeof log.read = async (after, max) =>
      (await log.read(after, max)).map((row) => {
        const { at, receipts: root, events } = readRecord(row.record);
        return { ...row, record: leafOf(row.tick, at, root, [...events, found]).subarray(1) };
      });
    const rooms: Parameters<typeof receiptsOf>[0] = {
      ...house.house,
      log: {
        ...log,
        creditedIn: (account, from, max) => log.creditedIn(account, from, max),
        read,
      },
      now: () => 0,
    };
    const ask = (allowance = new Allowance(readBytes, 0)) =>
      receiptsOf(rooms, allowance, one.who.account, 1, 100);
    expect(await ask()).toMatchObject({ receipts: [], next: tick });
    await house.operator(`/jobs/${other.job}/cancel`, {});
    const now = await ask();
    expect(now).toMatchObject({ receipts });
    expect(now?.next).toBeGreaterThan(size);
    // What is read for all who ask is rationed.
    expect(await ask(new Allowance(1, 0))).toBeNull();
  });
});
