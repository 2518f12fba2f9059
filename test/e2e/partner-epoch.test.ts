/** Through all three doors: a visitor of a partner's page computes, the epoch is sealed, and row, site and proof are checked in the page and by the command. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Browser } from 'playwright-core';
import { buildEmbedded } from '../../scripts/door/embed.mjs';
import { boardWords } from '../../src/app/words/board.ts';
import { words as consent } from '../../src/widget/consent-en.ts';
import { cardWords } from '../../src/widget/words.ts';
import { launchChromium, whyNo } from '../browser/browsers.ts';
import { buildPages } from '../browser/pages-build.ts';
import type { BuiltPages } from '../browser/pages-build.ts';
import { Visitor, WidgetStage } from '../browser/widget-stage.ts';
import { sweep } from './house.ts';
import { factoring } from './orders.ts';
import { downloaded, provenByCommand, sealedBySchedule, seesRow } from './sealed.ts';

const weekMs = 7 * 86_400_000;

describe.skipIf(whyNo.chromium() !== null)('a visitor of a partner’s page', () => {
  let browser: Browser;
  let pages: BuiltPages;
  beforeAll(async () => {
    [pages, browser] = await Promise.all([buildPages(), launchChromium()]);
    await buildEmbedded(join(pages.folder, 'embed'));
  });
  afterAll(async () => {
    await browser?.close();
    pages?.remove();
    sweep();
  });

  it('is in the epoch that is sealed, with the site named; row and proof hold in the page and by the command', async () => {
    let aheadMs = 0;
    const now = (): number => Date.now() + aheadMs;
    const ours = { webDir: pages.folder, epochEveryMs: weekMs, anchorShare: 1, loopbackExempt: true, now };
    const stage = await WidgetStage.open(ours, 0);
    const { door, running, partner } = stage;
    // All that is left of who goes is recomputed: no chance takes part in this story.
    const policy = { kind: 'audit', windowUnits: 1e6, leaverUnits: 1e6 } as const;
    const { job } = await door.submit({ ...factoring(6, 60, 1 << 14), policy });
    const visitor = await Visitor.open(browser, `${partner.url}/?lang=en`);
    await visitor.agree(cardWords.en.look, consent.agree);
    await door.finished(job);
    expect(visitor.faults).toEqual([]);
    const [account = ''] = [...running.runtime.state.devices.values()]
      .filter(({ site }) => site === partner.site.key)
      .map((device) => device.account);
    // In a frame of another site a browser keeps an account of its own: the credits in the widget lead to it.
    const [page] = await Promise.all([
      visitor.context.waitForEvent('page'),
      (await visitor.frame()).getByRole('link', { name: /credits$/ }).click(),
    ]);
    await page.locator('.so-far').waitFor();
    expect(await page.locator('.own code').first().textContent()).toBe(account);
    await visitor.page.close();
    const house = { door, passMs: (ms: number) => void (aheadMs += ms) };
    await sealedBySchedule(house, 1, weekMs);
    // The page has stood open meanwhile, and shows the row by itself.
    const claim = await seesRow(page, house, account, 1);
    const { host } = new URL(partner.url);
    expect(claim.epoch.sites).toEqual([{ site: partner.site.key, creditMicro: claim.epoch.totalMicro }]);
    expect(await page.locator('.sites tbody').innerText()).toMatch(new RegExp(`${host}\\s+[\\d.]+\\s+100%`));
    await page.locator('.sources li').first().waitFor();
    await page.goto(`${door.url}/leaderboard.html?lang=en`);
    await page.getByRole('heading', { name: boardWords.en.sites }).waitFor();
    expect(await page.locator('[aria-labelledby=sites] tbody').innerText()).toContain(host);
    await visitor.close();
    await provenByCommand(await downloaded(house, 1, account), running.house.keys.coordinator.publicText);
    await stage.close();
  });
});
