/** The volunteer's runtime in the other engines, and on an origin without WebCrypto: each finishes a job by itself. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CoordinatorOptions, RunningCoordinator } from '../../src/coordinator/coordinator.ts';
import { words as en } from '../../src/app/words/en.ts';
import { words as zh } from '../../src/app/words/zh.ts';
import { jobOf, startHouse, submitJob } from '../volunteer/house.ts';
import { launchChromium, launchFirefox, launchWebKit, whyNo } from './browsers.ts';
import { buildWeb, pagePath } from './volunteer-web.ts';

/** Runs in the page: storage keeps its promises, then the job is computed until none is left. */
const story = `
  const { talka } = window;
  const faults = [...(await talka.outboxFaults()), ...(await talka.keyFaults())];
  await talka.actions.start({ text: 'yes', language: 'en' });
  const view = await new Promise((resolve) => {
    // That no job is open may be heard before the receipt of what closed the last one.
    const done = ({ computed, final, lost }) => computed > 0 && computed === final + lost;
    const idle = (now) => now.reason?.why === 'no-job-open' && done(now.chunks);
    const look = (now) => (idle(now) || now.phase === 'stopped') && resolve(now);
    talka.store.subscribe(look);
    setTimeout(() => resolve(talka.store.getState()), 40000);
  });
  await talka.actions.finish();
  return { faults, secure: view.secure, reason: view.reason, chunks: view.chunks, account: view.account };`;
const expression = `(async function () { ${story} })()`;

/** Runs in the page: what any script of this origin gets of the device key that the volunteer keeps. */
const readOut = `new Promise((resolve, reject) => {
  const opening = indexedDB.open('talka');
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const reading = opening.result.transaction('me').objectStore('me').get('identity');
    reading.onsuccess = () => resolve(reading.result.key.seed?.length ?? 0);
  };
})`;

interface Told {
  readonly faults: readonly string[];
  readonly secure: boolean;
  readonly reason: unknown;
  readonly chunks: unknown;
  readonly account: string | null;
}

describe('the volunteer', () => {
  let web: Awaited<ReturnType<typeof buildWeb>>;
  let house: RunningCoordinator;
  /** Each has its own: a connection to the one before may be kept here still. */
  let port = 18_353;
  const closing: (() => Promise<unknown>)[] = [];
  beforeAll(async () => void (web = await buildWeb()));
  afterAll(() => web?.remove());
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  async function aJob(options: CoordinatorOptions = {}): Promise<string> {
    house = await startHouse({ port: port++, graceMs: 0, webDir: web.folder, ...options });
    closing.push(() => house.close());
    return submitJob(house, house.operatorToken ?? '', { units: 40, quorum: 1 });
  }

  async function holds(
    job: string,
    told: Told,
    secure: boolean,
    faults: readonly string[] = [],
  ): Promise<void> {
    const { account, ...rest } = told;
    expect(rest).toEqual({
      faults,
      secure,
      reason: { why: 'no-job-open' },
      chunks: { computed: 20, committed: 20, final: 20, provisional: 0, lost: 0 },
    });
    expect(account).toMatch(/^[A-Za-z0-9_-]{16}$/);
    expect((await jobOf(house, job)).state).toBe('finished');
  }

  it.skipIf(whyNo.firefox() !== null)(`works in Firefox ${whyNo.firefox() ?? ''}`, async () => {
    const job = await aJob();
    const browser = await launchFirefox();
    closing.push(() => browser.close());
    const page = await browser.newPage();
    await page.goto(`${house.url}${pagePath}`);
    await holds(job, (await page.evaluate(expression)) as Told, true);
  });

  it.skipIf(whyNo.webkit() !== null)(`works in WebKit ${whyNo.webkit() ?? ''}`, async () => {
    const job = await aJob();
    const browser = await launchWebKit();
    closing.push(() => browser.close());
    await browser.goto(`${house.url}${pagePath}`);
    await holds(job, (await browser.evaluate(story)) as Told, true);
  });

  it.skipIf(whyNo.chromium() !== null)(
    `works on an insecure origin, and says that it is one ${whyNo.chromium() ?? ''}`,
    async () => {
      const origin = `http://talka.test:${port}`;
      const job = await aJob({ allowOrigins: [origin] });
      const browser = await launchChromium({ args: ['--host-resolver-rules=MAP talka.test 127.0.0.1'] });
      closing.push(() => browser.close());
      const page = await browser.newPage();
      await page.goto(`${origin}${pagePath}`);
      expect(
        await page.evaluate(() => [isSecureContext, typeof crypto.subtle, 'locks' in navigator]),
      ).toEqual([false, 'undefined', false]);
      // Without WebCrypto there are no keys that cannot be read out: the test of those says so, and only that.
      await holds(job, await page.evaluate<Told>(expression), false, ['made a seed', 'did not come back']);
      // The key's seed lies open there, and the page says so where it is not secure.
      expect(await page.evaluate(readOut)).toBe(32);
      expect(en.here.insecure).toContain('a device key kept here can be read out');
      expect(zh.here.insecure).toContain('设备密钥也能被读出');
    },
  );
});
