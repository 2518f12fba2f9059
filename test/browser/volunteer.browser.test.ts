/** The volunteer's runtime in a real Chromium against a real coordinator: first impression, reload, offline, two tabs, GPU. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RunningCoordinator } from '../../src/coordinator/coordinator.ts';
import { deviceId } from '../../src/coordinator/digests.ts';
import { readWitnessed } from '../../src/volunteer/witness.ts';
import type { CosignaturesView } from '../../src/wire/views.ts';
import type { VolunteerView } from '../../src/volunteer/store.ts';
import { jobOf, startHouse, submitJob } from '../volunteer/house.ts';
import { launchChromium, whyNo } from './browsers.ts';
import { buildWeb, pagePath as path } from './volunteer-web.ts';

describe.skipIf(whyNo.chromium() !== null)('the volunteer in Chromium', () => {
  let browser: Browser;
  let web: Awaited<ReturnType<typeof buildWeb>>;
  let house: RunningCoordinator;
  const contexts: BrowserContext[] = [];

  beforeAll(async () => {
    web = await buildWeb();
    browser = await launchChromium({ webgpu: true });
  });
  afterAll(async () => {
    await browser?.close();
    web?.remove();
  });
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
    await house?.close();
  });

  async function aHouse(port = 18_352, dataDir: string | null = null): Promise<void> {
    house = await startHouse({ port, dataDir, graceMs: 0, webDir: web.folder });
  }

  /** A person with a browser profile of their own. */
  async function aPerson(): Promise<BrowserContext> {
    const context = await browser.newContext();
    contexts.push(context);
    return context;
  }

  async function aPage(context: BrowserContext, query = ''): Promise<Page> {
    const page = await context.newPage();
    page.on('pageerror', (error) => process.stderr.write(`page: ${error.message}\n`));
    await page.goto(`${house.url}${path}${query}`);
    await page.waitForFunction(() => 'talka' in window);
    return page;
  }

  const start = (page: Page): Promise<void> =>
    page.evaluate(() => window.talka.actions.start({ text: 'yes', language: 'en' }));
  const view = (page: Page): Promise<VolunteerView> => page.evaluate(() => window.talka.store.getState());

  /** Waits until the view is as wanted, in the page. */
  async function until(
    page: Page,
    wanted: (view: VolunteerView) => boolean,
    ms = 30_000,
  ): Promise<VolunteerView> {
    const end = Date.now() + ms;
    for (;;) {
      const now = await view(page);
      if (wanted(now)) return now;
      if (Date.now() > end) throw new Error(`still ${JSON.stringify({ ...now, stitches: [] })}`);
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  it('stores and asks for nothing before start', async () => {
    await aHouse();
    const context = await aPerson();
    const asked: string[] = [];
    context.on('request', (request) => asked.push(new URL(request.url()).pathname));
    const page = await aPage(context);
    await page.waitForTimeout(500);
    expect(
      asked.filter(
        (one) => one.startsWith('/api') || one.startsWith('/blobs') || one.includes('compute.worker'),
      ),
    ).toEqual([]);
    expect(
      await page.evaluate(async () => [localStorage.length, (await indexedDB.databases()).length]),
    ).toEqual([0, 0]);
    expect((await view(page)).reason).toEqual({ why: 'not-started' });
  });

  it('IndexedDB keeps the contract of an outbox, and keys that cannot be read', async () => {
    await aHouse();
    const page = await aPage(await aPerson());
    expect(await page.evaluate(() => window.talka.outboxFaults())).toEqual([]);
    expect(await page.evaluate(() => window.talka.keyFaults())).toEqual([]);
  });

  it('two people finish a job; the first commit comes soon', async () => {
    await aHouse();
    const job = await submitJob(house, house.operatorToken ?? '', { units: 60 });
    const pages = [await aPage(await aPerson()), await aPage(await aPerson())];
    await Promise.all(pages.map(start));
    await Promise.all(pages.map((page) => until(page, ({ chunks }) => chunks.final === 30)));
    expect((await jobOf(house, job)).state).toBe('finished');
    const first = await Promise.all(pages.map((page) => page.evaluate(() => window.talka.first)));
    for (const { start: started, open, committed } of first) {
      process.stderr.write(
        `from start to signed in ${Math.round(open - started)} ms, to the first commit acknowledged ${Math.round(committed - started)} ms\n`,
      );
    }
  });

  it('[LO9] countersigns the log with its device key, once, after its first chunk', async () => {
    await aHouse();
    await submitJob(house, house.operatorToken ?? '', { units: 60_000, quorum: 1 });
    const context = await aPerson();
    const sent: number[] = [];
    context.on('request', (request) => {
      if (request.method() === 'POST' && request.url().endsWith('/api/log/cosignatures'))
        sent.push(Date.now());
    });
    const page = await aPage(context);
    await start(page);
    const { device } = await until(page, ({ chunks }) => chunks.committed > 0);
    expect(sent).toEqual([]);
    const list = async (): Promise<CosignaturesView> =>
      (await (await fetch(`${house.url}/api/log/cosignatures`)).json()) as CosignaturesView;
    await expect.poll(async () => (await list()).cosignatures.length, { timeout: 30_000 }).toBe(1);
    const { coordinator, cosignatures, witnesses } = await list();
    const [said] = cosignatures;
    expect(witnesses.count).toBe(1);
    expect(await readWitnessed({ ...said, coordinator })).not.toHaveProperty('malformed');
    expect(deviceId(Buffer.from(said?.witness ?? '', 'base64url'))).toBe(device);
    // A reload does not make it say so again: it is not yet due.
    await page.goto(`${house.url}${path}?resume`);
    await page.waitForFunction(() => 'talka' in window);
    await until(page, ({ chunks }) => chunks.committed > 0);
    await page.waitForTimeout(7_000);
    expect(sent).toHaveLength(1);
  });

  it('[WR5] a reload in the middle loses nothing: identity, leases and results come back, and nobody is asked again', async () => {
    await aHouse();
    const job = await submitJob(house, house.operatorToken ?? '', {
      units: 600,
      quorum: 1,
      unitsPerChunk: 4,
    });
    const page = await aPage(await aPerson());
    await start(page);
    const before = await until(page, ({ chunks }) => chunks.committed >= 5);
    for (let i = 0; i < 3; i++) {
      await page.goto(`${house.url}${path}?resume`);
      await page.waitForFunction(() => 'talka' in window);
      await until(page, ({ chunks }) => chunks.committed >= 3);
    }
    const after = await until(page, ({ reason }) => reason?.why === 'no-job-open', 25_000);
    expect(after.account).toBe(before.account);
    const done = await jobOf(house, job);
    expect([done.state, done.final, done.disputes]).toEqual(['finished', 150, 0]);
  });

  it('results and leases of a page that was killed are resumed by the next one', async () => {
    await aHouse();
    const job = await submitJob(house, house.operatorToken ?? '', {
      units: 1_600,
      quorum: 1,
      unitsPerChunk: 4,
    });
    const context = await aPerson();
    const page = await aPage(context);
    await start(page);
    // So many that a busy machine is not through with them before the pause.
    await until(page, ({ chunks, workers }) => chunks.committed >= 6 && (workers[0]?.queued ?? 0) > 30);
    // No ask may be on its way: a lease granted to a line that is cut is only free again at its deadline.
    await page.evaluate(() => window.talka.actions.pause());
    await page.waitForTimeout(500);
    // Cut off first, so that no word of leave-taking arrives; then what it computes stays in the outbox.
    await context.setOffline(true);
    await until(page, ({ connection }) => connection !== 'open');
    await page.evaluate(() => window.talka.actions.resume());
    await until(page, ({ outbox, connection }) => outbox > 0 && connection !== 'open');
    await page.evaluate(() => window.talka.actions.pause());
    await page.waitForTimeout(300);
    const before = await view(page);
    await page.close();
    await context.setOffline(false);
    const next = await aPage(context, '?resume');
    const end = await until(next, ({ reason }) => reason?.why === 'no-job-open', 20_000);
    expect(end.account).toBe(before.account);
    const done = await jobOf(house, job);
    expect([done.state, done.final]).toEqual(['finished', 400]);
    expect(end.chunks.lost).toBe(0);
  });

  it('offline for a while, it goes on computing, says why it waits, and delivers when it is back', async () => {
    await aHouse();
    await submitJob(house, house.operatorToken ?? '', { units: 4000, quorum: 1, unitsPerChunk: 8 });
    const context = await aPerson();
    const page = await aPage(context);
    await start(page);
    await until(page, ({ chunks }) => chunks.committed >= 3);
    await context.setOffline(true);
    const offline = await until(page, ({ reason }) => reason?.why === 'offline');
    expect(offline.outbox).toBeGreaterThan(0);
    expect(offline.chunks.computed).toBe(offline.chunks.committed + offline.outbox);
    await context.setOffline(false);
    const back = await until(
      page,
      ({ chunks, reason }) => reason === null && chunks.committed > offline.chunks.computed,
    );
    expect(back.chunks.lost).toBe(0);
  });

  it('[WR6] computes in one tab at a time; the other can take over', async () => {
    await aHouse();
    await submitJob(house, house.operatorToken ?? '', { units: 20_000, quorum: 1 });
    const context = await aPerson();
    const one = await aPage(context);
    await start(one);
    await until(one, ({ chunks }) => chunks.committed > 0);
    const two = await aPage(context);
    await start(two);
    expect(await view(two)).toMatchObject({ phase: 'stopped', reason: { why: 'elsewhere' }, device: null });
    expect(await view(one)).toMatchObject({ phase: 'running' });
    await two.evaluate(() => window.talka.actions.takeOver());
    await until(two, ({ chunks }) => chunks.committed > 0);
    expect(await view(one)).toMatchObject({ phase: 'stopped', reason: { why: 'elsewhere' } });
    // The tab that stops leaves the turn to the next.
    await two.evaluate(() => window.talka.actions.finish());
    await start(one);
    const committed = (await view(one)).chunks.committed;
    await until(one, ({ chunks }) => chunks.committed > committed);
  });

  it('uses an emulated GPU only when it is told to, and then after a core’s first chunk', async () => {
    await aHouse();
    await submitJob(house, house.operatorToken ?? '', {
      units: 12_000,
      quorum: 1,
      unitsPerChunk: 2,
      kPerUnit: 1 << 14,
    });
    const plain = await aPage(await aPerson(), '?gpu');
    await start(plain);
    const found = await until(plain, ({ gpu }) => gpu.state !== 'unknown');
    expect((await until(plain, ({ gpu }) => gpu.state !== 'testing')).gpu.state).toBe('software');
    expect(found.chunks.computed).toBeGreaterThan(0);
    await plain.evaluate(() => window.talka.actions.finish());
    const told = await aPage(await aPerson(), '?gpu=always');
    await start(told);
    const on = await until(
      told,
      ({ workers }) => workers.some(({ backend, state }) => backend === 'webgpu' && state === 'computing'),
      60_000,
    );
    expect(on.gpu).toMatchObject({ state: 'on' });
    const { counts } = { counts: on.chunks };
    await until(told, ({ chunks }) => chunks.committed > counts.committed + 3);
  });
});
