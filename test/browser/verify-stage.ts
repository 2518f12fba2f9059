/** A stage for tests of the check page: the built pages on a real coordinator, real receipts that volunteers earned there, and Chromium. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { RunningCoordinator } from '../../src/coordinator/coordinator.ts';
import type { KeptReceipt } from '../../src/volunteer/outbox.ts';
import { agreed, freshFolder, joinHouse, startHouse, submitJob, until } from '../volunteer/house.ts';
import { launchChromium } from './browsers.ts';
import { buildPages } from './pages-build.ts';

export interface VerifyStage {
  readonly house: RunningCoordinator;
  readonly browser: Browser;
  /** As a volunteer in a folder keeps them. */
  readonly receipts: readonly KeptReceipt[];
  /** The coordinator's public key. */
  readonly key: string;
  /**
   * The check page, loaded whole, in a browser context of its own; `asked` fills with what it asks the coordinator for,
   * and with whatever it fetches once it is whole.
   */
  open(
    language?: string,
    options?: BrowserContextOptions,
  ): Promise<{ readonly page: Page; readonly asked: string[] }>;
  end(): Promise<void>;
}

export async function openVerifyStage(): Promise<VerifyStage> {
  const [built, browser] = await Promise.all([buildPages(), launchChromium()]);
  const house = await startHouse({ graceMs: 0, webDir: built.folder });
  const folders = [freshFolder(), freshFolder(), freshFolder()] as const;
  const volunteers = folders.map(({ path }) => joinHouse(house.url, path, 1));
  // Two people settle a chunk in one tick, so that receipts have neighbours in their tree.
  await Promise.all(volunteers.map(({ actions }) => actions.start(agreed)));
  // All are there before there is work: on a busy machine two would be done with it before the third comes.
  await Promise.all(volunteers.map((one) => until(one, ({ connection }) => connection === 'open')));
  await submitJob(house, house.operatorToken ?? '', { units: 121, kPerUnit: 1 << 15 });
  // That no job is open may be heard before the receipt of what closed the last one.
  await Promise.all(
    volunteers.map((one) =>
      until(
        one,
        ({ reason, chunks: { computed, final, lost } }) =>
          reason?.why === 'no-job-open' && final > 0 && computed === final + lost,
      ),
    ),
  );
  await Promise.all(volunteers.map(({ actions }) => actions.finish()));
  const receipts = folders.flatMap(({ path }) => receiptsOf(house, path));
  return {
    house,
    browser,
    receipts,
    key: house.house.keys.coordinator.publicText,
    open: (language = 'en', options = {}) => openPage(browser, house, language, options),
    end: async () => {
      await browser.close();
      await house.close();
      built.remove();
      for (const folder of folders) folder.remove();
    },
  };
}

function receiptsOf(house: RunningCoordinator, folder: string): KeptReceipt[] {
  const file = join(folder, new URL(house.url).host.replace(':', '_'), 'receipts.jsonl');
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as KeptReceipt);
}

async function openPage(
  browser: Browser,
  house: RunningCoordinator,
  language: string,
  options: BrowserContextOptions,
): Promise<{ page: Page; asked: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const asked: string[] = [];
  let isWhole = false;
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    // Before, only what is no part of the page counts; and browsers fetch a page's icon when they please.
    if (isWhole ? pathname !== '/icon.svg' : /^\/(api|blobs|ws)\b/.test(pathname)) asked.push(request.url());
  });
  await page.goto(`${house.url}/verify.html?lang=${language}`);
  await page.locator('[data-whole]').waitFor();
  isWhole = true;
  return { page, asked };
}

/** Lays a text before the page as a file, and waits for what comes of it. */
export async function lay(page: Page, text: string): Promise<void> {
  await page.evaluate(() => document.querySelector('#outcome')?.setAttribute('data-before', ''));
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'receipts.jsonl', mimeType: 'text/plain', buffer: Buffer.from(text) });
  await page.locator('#outcome:not([data-before])').waitFor();
}
