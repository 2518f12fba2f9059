/** Does the page say whom this coordinator counts as different people, before Start and while it computes? */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Browser } from 'playwright-core';
import { words as en } from '../../src/app/words/en.ts';
import { words as zh } from '../../src/app/words/zh.ts';
import { launchChromium, whyNo } from './browsers.ts';
import * as data from './fixture-data.ts';
import { serveFixture } from './fixture-server.ts';
import type { FixtureServer } from './fixture-server.ts';
import { buildPages } from './pages-build.ts';
import type { BuiltPages } from './pages-build.ts';
import { calm, harness } from './pages-states.ts';

describe.skipIf(whyNo.chromium() !== null)(`notices (${whyNo.chromium() ?? 'found'})`, () => {
  let built: BuiltPages;
  let server: FixtureServer;
  let browser: Browser;

  beforeAll(async () => {
    [built, browser] = await Promise.all([buildPages(), launchChromium()]);
    server = await serveFixture(built.folder, calm());
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    built?.remove();
  });

  it.for([
    ['en', true, en],
    ['en', false, en],
    ['zh', true, zh],
    ['zh', false, zh],
  ] as const)(
    'browsers of one machine count as different people where the operator says so, and only there: %s, exempt %s',
    async ([language, loopbackExempt, w]) => {
      const settings = { loopbackExempt, anchorAfterMs: 30_000, anchorShare: 0.1 };
      Object.assign(server.scene, calm(), { status: data.status({ settings }) });
      const page = await browser.newPage();
      await page.goto(`${server.origin}${harness}?lang=${language}`);
      await page.locator('footer').waitFor();
      await page.waitForFunction(() => !document.querySelector('footer')?.textContent?.includes('Asking'));
      const said = page.getByText(w.here.loopback, { exact: true });
      const isSaid = async (): Promise<boolean> => (await said.count()) === 1 && (await said.isVisible());
      expect(await isSaid(), 'before Start').toBe(loopbackExempt);
      await page.locator('button.loud').click();
      await page.evaluate((view) => window.say(view), data.running);
      await page.getByRole('heading', { level: 1, name: w.work.heading.running }).waitFor();
      expect(await isSaid(), 'running').toBe(loopbackExempt);
      await page.close();
    },
  );
});
