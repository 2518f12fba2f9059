/** The second door, told whole: a visitor of a partner's page agrees, computes, is credited with the site named, stops; in Chromium and in Firefox. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Browser } from 'playwright-core';
import type { Browser as Firefox, Frame, Page } from 'puppeteer-core';
import { words as consent } from '../../src/widget/consent-en.ts';
import { words as later } from '../../src/widget/later-en.ts';
import { cardWords } from '../../src/widget/words.ts';
import type { AccountView } from '../../src/wire/views.ts';
import type { KeptConsent } from '../../src/coordinator/side.ts';
import { launchChromium, launchFirefox, whyNo } from '../browser/browsers.ts';
import { orGone, Visitor, WidgetStage } from '../browser/widget-stage.ts';
import { freshFolder, holds, sweep, until } from './house.ts';
import { toldIn } from './told.ts';

const card = cardWords.en;

/** Everything that a device of a site did, by what the coordinator's log and HTTP say; the coordinator has ended by then. */
async function credited(stage: WidgetStage, folder: string): Promise<void> {
  const { key } = stage.partner.site;
  const { devices } = stage.running.runtime.state;
  const guests = [...devices].filter(([, { site }]) => site === key);
  expect(guests.length).toBe(1);
  const [device, { account }] = guests[0] ?? ['', { account: '' }];
  const view = (await (await fetch(`${stage.running.url}/api/account/${account}`)).json()) as AccountView;
  expect(view.pendingMicro + view.vestedMicro).toBeGreaterThan(0);
  expect(view.sites).toEqual([{ site: key, name: new URL(stage.partner.url).host }]);
  const consents = stage.running.house.side.consentsOf(account) satisfies KeptConsent[];
  expect(consents.map(({ site, origin }) => [site, origin])).toEqual([[key, stage.running.url]]);
  const revokedAt = stage.running.house.side.sites.revokedAt(device, key) ?? 0;
  expect(revokedAt).toBeGreaterThanOrEqual(consents[0]?.at ?? Number.POSITIVE_INFINITY);
  await stage.close();
  const told = await toldIn(folder);
  const mine = told.all.filter((event) => 'account' in event && event.account === account && 'site' in event);
  expect(mine.length).toBeGreaterThan(3);
  for (const event of mine) expect('site' in event && event.site).toBe(key);
  const kinds = new Set(mine.map(({ e }) => e));
  for (const kind of ['joined', 'leased', 'committed'] as const) expect(kinds).toContain(kind);
  const paid = told
    .of('accepted')
    .flatMap(({ winners }) => winners.filter((winner) => winner.account === account));
  expect(paid.length).toBeGreaterThan(0);
  for (const winner of paid) expect(winner.site).toBe(key);
  expect(told.paidMicro(account)).toBeGreaterThan(0);
  expect(told.misdeeds + told.refuted).toBe(0);
}

describe.skipIf(whyNo.chromium() !== null)('by way of a partner’s page, in Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    sweep();
  });

  it('a visitor agrees, computes, is credited with the site named, and Stop takes it back', async () => {
    const folder = freshFolder();
    const stage = await WidgetStage.open({ dataDir: folder, loopbackExempt: true });
    const visitor = await Visitor.open(browser, `${stage.partner.url}/?lang=en`);
    await visitor.agree(card.look, consent.agree);
    await visitor.computes(4);
    await until('credit shows', async () => {
      const text = await visitor.text();
      return text.includes(later.credit(0)) ? { not: text } : { is: true };
    });
    await visitor.press(card.stop);
    await visitor.says(later.stopped(new URL(stage.partner.url).host, true)[1]);
    expect(visitor.faults).toEqual([]);
    await visitor.close();
    await credited(stage, folder);
  });
});

describe.skipIf(whyNo.firefox() !== null)('by way of a partner’s page, in Firefox', () => {
  let firefox: Firefox;
  beforeAll(async () => {
    firefox = await launchFirefox(4);
  });
  afterEach(sweep);
  afterAll(async () => {
    await firefox?.close();
  });

  /** The widget's frame. */
  function frameOf(page: Page): Promise<Frame> {
    return until('the widget’s frame is there', async () => {
      const frame = page.frames().find((one) => one.url().includes('/embed/frame'));
      return frame === undefined ? { not: 'none yet' } : { is: frame };
    });
  }

  const textOf = (where: Frame | Page): Promise<string> =>
    where.evaluate(() => (document.body as HTMLElement | null)?.innerText ?? '');

  /** Presses a button by its name as a person does. */
  async function press(where: Frame | Page, name: string): Promise<void> {
    await holds(`there is ${name}`, async () => (await textOf(where)).includes(name));
    const button = await until(name, async () => {
      for (const one of await where.$$('button'))
        if (
          await one.evaluate((element, wanted) => element.textContent === wanted && !element.disabled, name)
        )
          return { is: one };
      return { not: 'not to be pressed yet' };
    });
    await orGone(where, button.click());
  }

  it('whose frames cannot tell what covers them, the consent opens in a window of our own', async () => {
    const folder = freshFolder();
    const stage = await WidgetStage.open({ dataDir: folder, loopbackExempt: true });
    const page = await firefox.newPage();
    await page.goto(`${stage.partner.url}/?lang=en`);
    const frame = await frameOf(page);
    await holds('the card is there', async () => (await textOf(frame)).includes(card.invite));
    const opening = new Promise<Page>((done) =>
      firefox.once('targetcreated', (target) => void target.page().then((one) => one !== null && done(one))),
    );
    await press(frame, card.look);
    const opened = await opening;
    await holds('the frame says so', async () => (await textOf(frame)).includes(card.inWindow));
    await opened.bringToFront();
    await press(opened, consent.agree);
    await page.bringToFront();
    await holds('it computes', async () => Number(/(\d+) chunks/.exec(await textOf(frame))?.[1] ?? 0) >= 4);
    await press(frame, card.stop);
    await holds('it has stopped', async () =>
      (await textOf(frame)).includes(later.stopped(new URL(stage.partner.url).host, true)[1]),
    );
    await page.close();
    await credited(stage, folder);
  });
});
