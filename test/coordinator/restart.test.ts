/** What outlives a coordinator: state, receipts, keys, views; a store that fails or is full; backups; clocks that go back. */
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { restoreDataDir } from '../../src/coordinator/backup.ts';
import { startCoordinator } from '../../src/coordinator/coordinator.ts';
import type { CoordinatorOptions } from '../../src/coordinator/coordinator.ts';
import { MemoryLog } from '../../src/coordinator/log-memory.ts';
import { assertInvariants } from '../../src/core/invariants.ts';
import { freeze } from '../../src/core/snapshot.ts';
import type { JobView, StatusView } from '../../src/wire/views.ts';
import { troubled } from '../contract/log-slow.ts';
import { cheapInput, cheapShelf } from './cheap.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';
import { answerOf, outputsOf, Scripted } from './volunteer.ts';

let open: { close(): Promise<unknown> }[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const one of open.reverse()) await one.close();
  open = [];
  for (const one of folders.splice(0)) rmSync(one, { recursive: true, force: true });
});

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'talka-restart-'));
  folders.push(dir);
  return dir;
}

async function start(options: CoordinatorOptions): Promise<Started> {
  const house = await started(options);
  open.push(house);
  return house;
}

async function stop(house: Started): Promise<void> {
  await house.close();
  open = open.filter((one) => one !== house);
}

const right = (job: JobView, lease: { lease: number; chunk: number }) =>
  answerOf(
    job.job,
    job.agreement,
    lease.lease,
    lease.chunk * job.unitsPerChunk,
    outputsOf(
      cheapInput(job.units),
      lease.chunk * job.unitsPerChunk,
      Math.min(job.units, (lease.chunk + 1) * job.unitsPerChunk),
    ),
  );

/** Two people, one chunk settled, one committed, one leased. */
async function scene(house: Started) {
  const job = await house.job({ units: 80 });
  const [a, b] = [new Scripted(house.url), new Scripted(house.url)];
  for (const one of [a, b]) await one.signIn();
  const first = await a.leaseOf('cheap@1', 0);
  a.commit([right(job, first)]);
  await a.acked(first.lease);
  const second = await b.leaseOf('cheap@1', 0);
  b.commit([right(job, second)]);
  const receipt = await a.settled(first.lease);
  const committed = await a.leaseOf('cheap@1', 1);
  a.commit([right(job, committed)]);
  await a.acked(committed.lease);
  const leased = await a.leaseOf('cheap@1', 2);
  return { job, a, b, first, receipt, committed, leased };
}

describe('a restart', () => {
  test.each([
    ['with a snapshot', true],
    ['by the log alone', false],
  ])('%s: the same state, keys, receipts and leases', async (_how, graceful) => {
    const dataDir = folder();
    const house = await start({ dataDir });
    const { job, a, b, first, receipt, committed, leased } = await scene(house);
    await Promise.all([a.end(), b.end()]);
    const before = freeze(house.runtime.state);
    const head = house.runtime.head;
    if (!graceful) house.runtime.close = async () => {};
    await stop(house);
    const again = await start({ dataDir });
    expect(freeze(again.runtime.state)).toBe(before);
    assertInvariants(again.runtime.state);
    expect(again.runtime.head).toEqual(head);
    expect(again.operatorToken).toBeNull();
    expect(
      (await (await again.operator('/fund', { account: 'x', amountMicro: 1 })).json()) as object,
    ).toEqual({ done: ['funded'] });
    const back = new Scripted(again.url, a.who);
    expect((await back.signIn({ holding: [first.lease, committed.lease, leased.lease] })).holding).toEqual([
      first.lease,
      committed.lease,
      leased.lease,
    ]);
    back.commit([right(job, first)]);
    const same = await back.settled(first.lease);
    expect([same.settled, same.tick]).toEqual([receipt.settled, receipt.tick]);
    back.commit([right(job, leased)]);
    await back.acked(leased.lease);
  });

  test('concluded jobs are still shown', async () => {
    const dataDir = folder();
    const house = await start({ dataDir });
    const job = await house.job();
    await house.operator(`/jobs/${job.job}/cancel`, {});
    const view: unknown = await (await house.call(`/api/jobs/${job.job}`)).json();
    await stop(house);
    const again = await start({ dataDir });
    expect(await (await again.call(`/api/jobs/${job.job}`)).json()).toEqual(view);
    expect(view).toMatchObject({ state: 'cancelled', paidMicro: 0 });
  });

  test('[LS10] leases that fell due while nobody ran may still be brought for half a minute, and then run out', async () => {
    const dataDir = folder();
    let ahead = 0;
    const now = () => Date.now() + ahead;
    const house = await start({ dataDir, now });
    await scene(house);
    const held = house.runtime.state.busy.size;
    expect(held).toBeGreaterThan(0);
    await stop(house);
    ahead = 120_000;
    const again = await start({ dataDir, now });
    // Longer than it takes to look for what is due.
    await sleep(1_200);
    expect(again.runtime.state.busy.size).toBe(held);
    ahead += 30_000;
    for (let tries = 0; again.runtime.state.busy.size > 0 && tries < 100; tries++) await sleep(50);
    expect(again.runtime.state.busy.size).toBe(0);
  });

  test('a clock that goes back never takes the log back', async () => {
    let at = 2_000_000_000_000;
    const house = await start({ now: () => at });
    await house.runtime.run({ c: 'fund', account: 'x', amountMicro: 1 });
    at -= 3_600_000;
    await house.runtime.run({ c: 'fund', account: 'x', amountMicro: 1 });
    expect([house.runtime.state.at, house.runtime.head?.at]).toEqual([2_000_000_000_000, 2_000_000_000_000]);
  });

  test('secrets are readable by their owner only', async () => {
    const dataDir = folder();
    await start({ dataDir });
    expect(statSync(join(dataDir, 'keys.json')).mode & 0o777).toBe(0o600);
  });
});

describe('what cannot start says so in one line', () => {
  test('two coordinators do not share a folder or a port', async () => {
    const dataDir = folder();
    const house = await start({ dataDir });
    const plain = { seed: 'none', anchorShare: 0, webDir: null, shelf: cheapShelf } as const;
    await expect(startCoordinator({ ...plain, dataDir })).rejects.toThrow(/in use by another coordinator/);
    await expect(startCoordinator({ ...plain, dataDir: null, port: house.port })).rejects.toThrow(
      /port \d+ is in use/,
    );
  });

  test('a data folder that is a file, and keys that are none', async () => {
    const dir = folder();
    writeFileSync(join(dir, 'file'), '');
    await expect(startCoordinator({ dataDir: join(dir, 'file'), shelf: cheapShelf })).rejects.toThrow();
    writeFileSync(join(dir, 'keys.json'), '{}');
    await expect(startCoordinator({ dataDir: dir, shelf: cheapShelf })).rejects.toThrow(/not a key file/);
  });
});

describe('[HT2, LO3] a store that fails', () => {
  test('nothing leaves before it is durable; what failed is forgotten, refused with a reason, and works when sent again', async () => {
    const mood = { trouble: { delayMs: 50, failOneIn: 0, seed: 3 }, down: null as 'full' | null };
    const house = await start({ log: troubled(new MemoryLog(), mood) });
    const { job, a, b, committed, leased } = await scene(house);
    const before = freeze(house.runtime.state);
    mood.down = 'full';
    a.commit([right(job, leased)]);
    const refusal = await a.refusal();
    expect(refusal).toMatchObject({ about: 'commit', reason: 'store', detail: 'full' });
    expect(refusal.retryMs).toBeGreaterThan(0);
    expect(a.inbox.filter(({ t }) => t === 'receipt')).toEqual([]);
    expect(freeze(house.runtime.state)).toBe(before);
    const fund = await house.operator('/fund', { account: 'x', amountMicro: 1 });
    expect(fund.status).toBe(507);
    expect(fund.headers.get('retry-after')).not.toBeNull();
    expect((await (await house.call('/api/status')).json()) as StatusView).toMatchObject({
      storeFault: 'full',
    });
    expect((await house.call(`/api/jobs/${job.job}`)).status).toBe(200);
    b.ask('cheap@1', 3);
    expect(await b.refusal()).toMatchObject({ about: 'ask', reason: 'store' });
    mood.down = null;
    for (let tries = 0; house.runtime.storeFault !== null && tries < 100; tries++) await sleep(100);
    expect(house.runtime.storeFault).toBeNull();
    a.commit([right(job, leased)]);
    await a.acked(leased.lease);
    expect((await b.leaseOf('cheap@1', 4)).chunk).toBe(committed.chunk);
    assertInvariants(house.runtime.state);
  });

  test('with one write in six failing, a whole job is settled, paid exactly, and every tick follows the one before', async () => {
    const inner = new MemoryLog();
    const house = await start({
      log: troubled(inner, { trouble: { delayMs: 2, failOneIn: 6, seed: 11 }, down: null }),
    });
    let job: JobView | null = null;
    while (job === null) job = await house.job({ units: 80 }).catch(() => sleep(200).then(() => null));
    const people: Scripted[] = [];
    while (people.length < 2) {
      const one = new Scripted(house.url);
      await one.signIn().then(
        () => people.push(one),
        () => sleep(300),
      );
    }
    await Promise.all(people.map((one) => persist(one, house, job)));
    expect(house.runtime.state.jobs.size).toBe(0);
    assertInvariants(house.runtime.state);
    expect([...house.runtime.state.accounts.values()].map(({ earnedMicro }) => earnedMicro)).toEqual([
      800_000, 800_000,
    ]);
    expect((await inner.read(0, 10_000)).map(({ tick }) => tick)).toEqual(
      Array.from({ length: await inner.size() }, (_, i) => i + 1),
    );
  }, 60_000);

  /** Works as an honest volunteer would, sending again whatever the store refused. */
  async function persist(one: Scripted, house: Started, job: JobView): Promise<void> {
    const outbox = new Map<number, ReturnType<typeof right>>();
    one.ask(job.kernel);
    while (house.runtime.state.jobs.has(job.job)) {
      await sleep(30);
      for (const word of one.inbox.splice(0)) {
        if (word.t === 'lease') {
          for (let i = 0; i < word.count; i++)
            outbox.set(word.lease + i, right(job, { lease: word.lease + i, chunk: word.chunk + i }));
          one.commit([...outbox.values()]);
          one.ask(job.kernel);
        }
        if (word.t === 'receipt') for (const replica of [...word.acks, ...word.lost]) outbox.delete(replica);
        // Of many refusals, one after another, the last may be about a job that is done.
        if (word.t === 'refusal' && word.reason === 'store' && house.runtime.state.jobs.has(job.job)) {
          await sleep(300);
          if (outbox.size > 0) one.commit([...outbox.values()]);
          one.ask(job.kernel);
        }
      }
    }
  }

  test('a disk that is really full: SQLite says so, reads go on, and with room again so do writes', async () => {
    const dataDir = folder();
    const house = await start({ dataDir, pagesMax: 40 });
    const { job } = await scene(house);
    let answer = await house.operator('/fund', { account: 'x', amountMicro: 1 });
    for (let i = 0; answer.status === 200 && i < 2_000; i++)
      answer = await house.operator('/fund', { account: `x${i}`, amountMicro: 1 });
    expect(answer.status).toBe(507);
    expect((await house.call(`/api/jobs/${job.job}`)).status).toBe(200);
    expect((await (await house.call('/api/status')).json()) as StatusView).toMatchObject({
      storeFault: 'full',
    });
    const state = freeze(house.runtime.state);
    await stop(house);
    const again = await start({ dataDir });
    expect(freeze(again.runtime.state)).toBe(state);
    expect((await again.operator('/fund', { account: 'x', amountMicro: 1 })).status).toBe(200);
  }, 60_000);
});

describe('backups', () => {
  test('needs nothing that Node 22.18 lacks, and leaves nothing but itself', async () => {
    const { serialize } = DatabaseSync.prototype;
    Reflect.deleteProperty(DatabaseSync.prototype, 'serialize');
    try {
      const dataDir = folder();
      const house = await start({ dataDir });
      house.house.side.setName('account', 'Nina');
      const file = join(folder(), 'copy');
      await house.house.backup(file);
      expect(readdirSync(dirname(file))).toEqual(['copy']);
      const elsewhere = folder();
      await restoreDataDir(file, elsewhere);
      expect((await start({ dataDir: elsewhere })).house.side.nameOf('account')).toBe('Nina');
    } finally {
      DatabaseSync.prototype.serialize = serialize;
    }
  });

  test('a backup made while people work, put into an empty folder, goes on where it was made', async () => {
    const dataDir = folder();
    const house = await start({ dataDir });
    const { job, a, first, receipt } = await scene(house);
    const bytes = Buffer.from(await (await house.operator('/backup', {})).arrayBuffer());
    const head = house.runtime.head;
    await house.runtime.run({ c: 'fund', account: 'later', amountMicro: 5 });
    const file = join(folder(), 'copy');
    writeFileSync(file, bytes);
    const elsewhere = folder();
    await restoreDataDir(file, elsewhere);
    const restored = await start({ dataDir: elsewhere });
    // One tick more: it says that it goes on from here [RS1].
    expect(restored.runtime.head?.size).toBe((head?.size ?? 0) + 1);
    expect(restored.runtime.state.restored).toMatchObject({ kept: head?.size, root: head?.root });
    expect(restored.house.keys.coordinator.publicText).toBe(house.house.keys.coordinator.publicText);
    const back = new Scripted(restored.url, a.who);
    await back.signIn();
    back.commit([right(job, first)]);
    expect((await back.settled(first.lease)).tick).toEqual(receipt.tick);
    await expect(restoreDataDir(file, dataDir)).rejects.toThrow(/holds data already/);
    await expect(restoreDataDir(join(dataDir, 'side.db'), folder())).rejects.toThrow(/no backup/);
  });
});
