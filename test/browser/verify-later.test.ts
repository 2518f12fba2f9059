/** Does the check page say what vested, what is void and what audits were paid, in both languages, and follow a link to a receipt? */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { brokenStep } from '../../src/app/verify/model.ts';
import { verifyWords } from '../../src/app/words/verify.ts';
import { makeKey, openKey } from '../../src/volunteer/crypto.ts';
import type { KeptReceipt } from '../../src/volunteer/outbox.ts';
import { examineReceipt } from '../../src/volunteer/receipt-check.ts';
import type { AccountReceipts } from '../../src/wire/views.ts';
import { agreed, auditWhole, freshFolder, joinHouse, submitJob, until } from '../volunteer/house.ts';
import { oneOfEach, price, signedReceipt } from '../volunteer/signed-receipt.ts';
import { laterTamperings } from '../volunteer/tampered.ts';
import { whyNo } from './browsers.ts';
import { findingsOf } from './pages-looks.ts';
import { close, unfold } from './pages-stage.ts';
import { lay, openVerifyStage } from './verify-stage.ts';
import type { VerifyStage } from './verify-stage.ts';

/** Where pictures go, for whoever wants to look at them. */
const pictures = process.env['TALKA_PICTURES'];
async function picture(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}

const languages = ['en', 'zh'] as const;
const wholeSteps = Array.from({ length: 4 }, () => 'step-holds');

describe.skipIf(whyNo.chromium() !== null)('[RC3, RC4] the check page, of what became of work', () => {
  let stage: VerifyStage;
  let one: KeptReceipt;
  const jobs = { j1: price };
  beforeAll(async () => {
    stage = await openVerifyStage();
    one = await signedReceipt(oneOfEach, { jobs });
  });
  afterAll(() => stage?.end());

  const outcome = (page: Page): Promise<string | null> => page.locator('#outcome').textContent();
  const said = (page: Page, part: string): Promise<string | null> => page.locator(part).textContent();
  const states = (page: Page): Promise<string[]> =>
    page.locator('.steps > li').evaluateAll((steps: Element[]) => steps.map((step) => step.className));

  it.each(languages)('says of each kind what it means, and what is pending still (%s)', async (language) => {
    const r = verifyWords[language];
    for (const [size, width, colorScheme] of [
      ['desktop', 1280, 'light'],
      ['phone', 390, 'dark'],
    ] as const) {
      const { page, asked } = await stage.open(language, { colorScheme, viewport: { width, height: 844 } });
      await lay(page, JSON.stringify(one));
      expect(await outcome(page)).toBe(r.holds(1));
      expect(await states(page)).toEqual(wholeSteps);
      expect(await said(page, '.sum-paid')).toBe(r.paid(1, 200, 1));
      expect(await said(page, '.sum-vested')).toBe(r.vested(4, 700));
      expect(await said(page, '.sum-voided')).toBe(r.voided(1, 200));
      expect(await said(page, '.sum-audits')).toBe(r.audits(1, 3, 300));
      // One receipt alone adds up to nothing.
      expect(await page.locator('.sum-left').count()).toBe(0);
      await unfold(page);
      const table = (await said(page, '.steps table')) ?? '';
      for (const kind of ['pending', 'vested', 'voided', 'audit'] as const)
        expect(table).toContain(r.amounts.kinds[kind]);
      expect(await findingsOf(page)).toEqual([]);
      await picture(page, `later-${language}-${size}`);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      expect(asked).toEqual([]);
      await close(page);
    }
  });

  it.each(languages)('adds up several, kind by kind, and lists them (%s)', async (language) => {
    const r = verifyWords[language];
    const key = await openKey(await makeKey(true));
    const accepted = [0, 1, 2].map((chunk) => ({
      job: 'j1',
      chunk,
      replica: chunk + 1,
      amountMicro: 200,
      final: false,
    }));
    const row = { job: 'j1', chunks: [0, 2], amountMicro: 400 };
    const both = [
      await signedReceipt({ accepted }, { key, jobs, tick: 1 }),
      await signedReceipt({ accepted: [], vested: [row] }, { key, jobs, tick: 2 }),
    ];
    const { page } = await stage.open(language);
    await lay(page, JSON.stringify(both));
    expect(await said(page, '.sum-left')).toBe(r.left(200));
    expect(await page.locator('.receipt-list summary').nth(1).textContent()).toContain(r.sums.vested(2, 400));
    await picture(page, `several-${language}`);
    // The first is not among them: more has vested than they show as accepted.
    await lay(
      page,
      JSON.stringify([both[1], await signedReceipt({ accepted: [], vested: [row] }, { key, jobs, tick: 3 })]),
    );
    expect(await said(page, '.sum-left')).toBe(r.left(null));
    await close(page);
  });

  it.each(languages)('names what was tampered with at its step (%s)', async (language) => {
    const r = verifyWords[language];
    const { page } = await stage.open(language);
    for (const [what, change] of laterTamperings) {
      const step = brokenStep(await examineReceipt(change(one), null)) ?? 'text';
      await lay(page, JSON.stringify(change(one)));
      expect(await outcome(page), what).toBe(r.failsAt[step]);
    }
    await close(page);
  });

  it('finds the receipts that an older page kept in this browser, and keeps them', async () => {
    const r = verifyWords.en;
    const { page } = await stage.open();
    const older = await signedReceipt({ accepted: oneOfEach.accepted }, { jobs, form: 2 });
    await page.evaluate(async (kept) => {
      localStorage.setItem(
        'talka.consent',
        JSON.stringify({ text: 'a', language: 'en', at: 1, running: false }),
      );
      const opening = indexedDB.open('talka', 1);
      await new Promise<void>((done, failed) => {
        opening.addEventListener('upgradeneeded', () => {
          opening.result.createObjectStore('me');
          for (const name of ['results', 'receipts'])
            opening.result.createObjectStore(name, { keyPath: 'replica' });
          opening.result.createObjectStore('leases', { keyPath: 'lease' });
          opening.transaction?.objectStore('receipts').put({ ...kept, replica: 9 });
        });
        opening.addEventListener('success', () => done());
        opening.addEventListener('error', () => failed(new Error('the database does not open')));
      });
      opening.result.close();
    }, older);
    for (let visit = 0; visit < 2; visit++) {
      await page.reload();
      await page.locator('[data-whole]').waitFor();
      await page.getByRole('button', { name: r.own }).click();
      await page.locator('#outcome').waitFor();
      expect(await outcome(page)).toBe(r.holds(1));
      expect(await said(page, '.sum-paid')).toBe(r.paid(1, 200, 1));
    }
    await close(page);
  });

  it('follows a link to the receipt of what vested, from a real coordinator, and says where it is from', async () => {
    const { house, browser } = stage;
    const job = await submitJob(house, house.operatorToken ?? '', {
      units: 9,
      kPerUnit: 1 << 15,
      isAudited: true,
    });
    const folder = freshFolder();
    const volunteer = joinHouse(house.url, folder.path, 1);
    await volunteer.actions.start(agreed);
    await until(volunteer, ({ chunks }) => chunks.provisional === 5);
    await volunteer.actions.finish();
    await auditWhole(house, job);
    folder.remove();
    const account = [...house.runtime.state.devices.values()].at(-2)?.account ?? '';
    const answer = await fetch(`${house.url}/api/account/${account}/receipts`);
    const { receipts } = (await answer.json()) as AccountReceipts;
    const [receipt] = receipts;
    expect(receipts).toHaveLength(1);
    const cost = receipt?.jobs[job]?.unitCostMicro ?? 0;
    for (const language of languages) {
      const r = verifyWords[language];
      const page = await browser.newPage();
      await page.goto(
        `${house.url}/verify.html?lang=${language}#account=${account}&tick=${receipt?.tick.tick}`,
      );
      await page.locator('#outcome').waitFor();
      expect(await outcome(page)).toBe(r.holds(1));
      expect(await said(page, '.sum-vested')).toBe(r.vested(5, 9 * cost));
      expect(await said(page, '.linked')).toBe(r.linked(new URL(house.url).host));
      await picture(page, `link-${language}`);
      // Something else is laid down: that came from nowhere.
      await lay(page, JSON.stringify(one));
      expect(await page.locator('.linked').count()).toBe(0);
      await page.goto(`${house.url}/verify.html?lang=${language}#account=${account}&tick=1`);
      await page.reload();
      await page.getByText(r.linkNone).waitFor();
      await page.route('**/api/account/**', (route) => route.abort());
      await page.reload();
      await page.getByText(r.linkGone).waitFor();
      await page.close();
    }
  });
});
