/** Real volunteers in Node against a real coordinator: a job comes to its end, interruptions lose nothing, a pause is quick. */
import { afterEach, describe, expect, it } from 'vitest';
import type { RunningCoordinator } from '../../src/coordinator/coordinator.ts';
import { rmSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeptReceipt } from '../../src/volunteer/outbox.ts';
import { nodePlatform } from '../../src/volunteer/platform-node.ts';
import type { Volunteer } from '../../src/volunteer/volunteer.ts';
import { agreed, freshFolder, jobOf, joinHouse, startHouse, submitJob, until } from './house.ts';

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function aHouse(options: Parameters<typeof startHouse>[0] = {}): Promise<RunningCoordinator> {
  const house = await startHouse({ graceMs: 0, ...options });
  open.push(() => house.close());
  return house;
}

function aFolder(): string {
  const { path, remove } = freshFolder();
  open.push(remove);
  return path;
}

function aVolunteer(...args: Parameters<typeof joinHouse>): Volunteer {
  const volunteer = joinHouse(...args);
  open.push(() => {
    volunteer.actions.leave();
    return volunteer.actions.finish();
  });
  return volunteer;
}

describe('volunteers', () => {
  it(
    'finish a job together; each is paid for what both computed, and keeps receipts',
    { timeout: 60_000 },
    async () => {
      const house = await aHouse();
      const job = await submitJob(house, house.operatorToken ?? '', { units: 40 });
      const folders = [aFolder(), aFolder()];
      const volunteers = folders.map((folder) => aVolunteer(house.url, folder));
      const views = volunteers.map(({ store }) => store.getState());
      expect(views.map(({ phase, device }) => [phase, device])).toEqual([
        ['idle', null],
        ['idle', null],
      ]);
      expect(folders.map((folder) => readdirSync(folder))).toEqual([[], []]);
      const startedAt = performance.now();
      await Promise.all(volunteers.map(({ actions }) => actions.start(agreed)));
      await Promise.all(
        volunteers.map((volunteer) => until(volunteer, ({ chunks }) => chunks.committed > 0)),
      );
      process.stderr.write(
        `first commit acknowledged ${Math.round(performance.now() - startedAt)} ms after start\n`,
      );
      const ends = await Promise.all(
        volunteers.map((volunteer) => until(volunteer, ({ chunks }) => chunks.final === 20, 40_000)),
      );
      expect((await jobOf(house, job)).state).toBe('finished');
      expect(ends.map(({ chunks }) => chunks)).toEqual(
        [1, 2].map(() => ({ computed: 20, committed: 20, final: 20, provisional: 0, lost: 0 })),
      );
      expect(new Set(ends.map(({ account }) => account)).size).toBe(2);
      expect(ends[0]?.credit.sessionMicro).toBe(ends[1]?.credit.sessionMicro);
      await Promise.all(volunteers.map(({ actions }) => actions.finish()));
      for (const folder of folders) {
        const home = join(folder, new URL(house.url).host.replace(':', '_'));
        expect(readdirSync(join(home, 'results'))).toEqual([]);
        // One receipt for each tick that paid, and all chunks in them.
        const receipts = readFileSync(join(home, 'receipts.jsonl'), 'utf8').trim().split('\n');
        const paid = receipts.flatMap(
          (line) => (JSON.parse((JSON.parse(line) as KeptReceipt).leaf) as unknown[][])[6],
        );
        expect(paid).toHaveLength(20);
        expect(readdirSync(folder)).not.toContain('running.pid');
      }
    },
  );

  it('[WR8] sign a chain of exactly what the coordinator received', { timeout: 30_000 }, async () => {
    const house = await aHouse();
    await submitJob(house, house.operatorToken ?? '', { units: 400, quorum: 1 });
    const chains: unknown[] = [];
    const keep = house.house.side.keepChain.bind(house.house.side);
    house.house.side.keepChain = (chain) => {
      chains.push(chain.count);
      keep(chain);
    };
    const volunteer = aVolunteer(house.url, aFolder());
    await volunteer.actions.start(agreed);
    await until(volunteer, ({ chunks }) => chunks.committed >= 5);
    await volunteer.actions.finish();
    const { chunks } = volunteer.store.getState();
    expect(chains).toEqual([chunks.committed]);
  });

  it(
    'pause within 100 ms in the middle of a chunk, keep their lease, and go on with it',
    { timeout: 60_000 },
    async () => {
      const house = await aHouse();
      // A chunk takes seconds: it is the engine that must rest, not only the loop.
      await submitJob(house, house.operatorToken ?? '', {
        units: 800,
        quorum: 1,
        unitsPerChunk: 200,
        kPerUnit: 1 << 22,
      });
      const volunteer = aVolunteer(house.url, aFolder());
      await volunteer.actions.start(agreed);
      await until(volunteer, ({ units }) => units > 5);
      volunteer.actions.pause();
      await new Promise((done) => setTimeout(done, 100));
      const quiet = process.cpuUsage();
      await new Promise((done) => setTimeout(done, 1000));
      // All threads of this process together: a core at work would have used a second.
      expect(process.cpuUsage(quiet).user).toBeLessThan(400_000);
      const view = volunteer.store.getState();
      expect(view).toMatchObject({
        phase: 'paused',
        reason: { why: 'paused-by-you' },
        chunks: { computed: 0 },
      });
      expect(view.workers[0]).toMatchObject({ state: 'paused', chunk: 0 });
      volunteer.actions.resume();
      const later = await until(volunteer, ({ chunks }) => chunks.committed > 0, 40_000);
      expect(later.chunks.lost).toBe(0);
      expect(later.stitches[0]).toMatchObject({ chunk: 0 });
    },
  );

  it(
    '[WR5] deliver after the coordinator was gone: nothing computed is lost, nothing is computed twice',
    { timeout: 60_000 },
    async () => {
      const dataDir = aFolder();
      const port = 18_351;
      const first = await startHouse({ dataDir, port, graceMs: 0 });
      const job = await submitJob(first, first.operatorToken ?? '', {
        units: 120,
        quorum: 1,
        unitsPerChunk: 4,
      });
      // Lucky dice: the waits between its attempts are short.
      const volunteer = aVolunteer(first.url, aFolder(), 1, { random: () => 0.02 });
      await volunteer.actions.start(agreed);
      await until(volunteer, ({ chunks }) => chunks.committed >= 3);
      await first.close();
      await until(volunteer, ({ connection }) => connection === 'waiting');
      // It goes on with the leases it has; what it computes stays in its outbox.
      const alone = await until(volunteer, ({ outbox, reason }) => outbox > 0 || reason !== null);
      expect(alone.chunks.lost).toBe(0);
      const second = await aHouse({ dataDir, port });
      const end = await until(volunteer, ({ chunks }) => chunks.final === 30, 40_000);
      expect(end.chunks).toEqual({ computed: 30, committed: 30, final: 30, provisional: 0, lost: 0 });
      expect((await jobOf(second, job)).state).toBe('finished');
    },
  );

  it('resume their leases and results when their process was killed', { timeout: 60_000 }, async () => {
    const house = await aHouse();
    const job = await submitJob(house, house.operatorToken ?? '', {
      units: 160,
      quorum: 1,
      unitsPerChunk: 4,
    });
    const folder = aFolder();
    // A process that is killed takes no leave: here its sockets and engines end without a word.
    const engines: { dispose(): void }[] = [];
    const sockets: WebSocket[] = [];
    const doomed = joinHouse(house.url, folder, 1, doomedParts(house.url, folder, engines, sockets));
    await doomed.actions.start(agreed);
    await until(doomed, ({ chunks, workers }) => chunks.committed >= 6 && (workers[0]?.queued ?? 0) >= 3);
    // No ask is on its way: a lease that is granted to a socket that is gone is only free again at its deadline.
    doomed.actions.pause();
    await new Promise((done) => setTimeout(done, 500));
    const before = doomed.store.getState();
    expect(before.workers[0]?.queued).toBeGreaterThan(0);
    for (const socket of sockets) socket.close();
    for (const engine of engines) engine.dispose();
    doomed.actions.configure({ cores: 1 });
    rmSync(join(folder, 'running.pid'), { force: true });
    const volunteer = aVolunteer(house.url, folder);
    await volunteer.actions.start(agreed);
    const end = await until(volunteer, ({ reason }) => reason?.why === 'no-job-open', 25_000);
    expect(end.account).toBe(before.account);
    expect((await jobOf(house, job)).state).toBe('finished');
    expect(end.chunks.lost).toBe(0);
  });

  it('say so when their identity computes elsewhere, and can take over', { timeout: 30_000 }, async () => {
    const house = await aHouse();
    await submitJob(house, house.operatorToken ?? '', { units: 4000, quorum: 1 });
    const folder = aFolder();
    const first = aVolunteer(house.url, folder, 1, { takeTurn: async () => ({ end: () => {} }) });
    await first.actions.start(agreed);
    await until(first, ({ chunks }) => chunks.committed > 0);
    const second = aVolunteer(house.url, folder, 1, { takeTurn: async () => ({ end: () => {} }) });
    await second.actions.start(agreed);
    // Without locks it is the coordinator that tells the first [WR6].
    expect(await until(first, ({ phase }) => phase === 'stopped')).toMatchObject({
      reason: { why: 'elsewhere' },
    });
    await until(second, ({ chunks }) => chunks.committed > 0);
    await first.actions.takeOver();
    expect(await until(second, ({ phase }) => phase === 'stopped')).toMatchObject({
      reason: { why: 'elsewhere' },
    });
    const committed = first.store.getState().chunks.committed;
    await until(first, ({ chunks }) => chunks.committed > committed);
  });

  it(
    'refuse a second process in their folder before it has spoken to anybody',
    { timeout: 30_000 },
    async () => {
      const house = await aHouse();
      const folder = aFolder();
      const first = aVolunteer(house.url, folder);
      await first.actions.start(agreed);
      // Another process of this machine that lives: the one that started this.
      const { writeFileSync } = await import('node:fs');
      writeFileSync(join(folder, 'running.pid'), `${process.ppid}\n`);
      const second = aVolunteer(house.url, folder);
      await second.actions.start(agreed);
      expect(second.store.getState()).toMatchObject({
        phase: 'stopped',
        reason: { why: 'elsewhere' },
        device: null,
      });
    },
  );

  it('forget everything when asked, and not while they run', { timeout: 30_000 }, async () => {
    const house = await aHouse();
    const folder = aFolder();
    const volunteer = aVolunteer(house.url, folder);
    await volunteer.actions.start(agreed);
    const { device } = await until(volunteer, ({ connection }) => connection === 'open');
    await expect(volunteer.actions.forget()).rejects.toThrow(/finish first/);
    expect(volunteer.store.getState().reason).toEqual({ why: 'no-job-open' });
    await volunteer.actions.finish();
    await volunteer.actions.forget();
    expect(readdirSync(folder)).toEqual([]);
    await volunteer.actions.start(agreed);
    expect(volunteer.store.getState().device).not.toBe(device);
  });
});

/** Surroundings whose engines and sockets a test can end from outside, and whose storage then takes nothing more. */
function doomedParts(
  url: string,
  folder: string,
  engines: { dispose(): void }[],
  sockets: WebSocket[],
): Parameters<typeof joinHouse>[3] {
  const platform = nodePlatform({ url, folder, gpu: false });
  let dead = false;
  return {
    engine: (backend) => {
      const engine = platform.engine(backend);
      engines.push({ dispose: () => ((dead = true), engine.dispose()) });
      return engine;
    },
    socket: (address) => {
      const socket = dead ? new WebSocket('ws://127.0.0.1:9/') : platform.socket(address);
      sockets.push(socket);
      return socket;
    },
    openOutbox: async () => {
      const outbox = await platform.openOutbox();
      return {
        ...outbox,
        readable: true,
        load: () => outbox.load(),
        erase: () => outbox.erase(),
        close: () => {},
        write: async (changes) => (dead ? undefined : outbox.write(changes)),
      };
    },
  };
}
