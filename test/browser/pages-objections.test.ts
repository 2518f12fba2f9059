/** Can somebody whose answer was found wrong say that it was not, with the keyboard, in both languages, and read what was answered? */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { objectedKey } from '../../src/app/objected.ts';
import { judgedWords } from '../../src/app/words/judged.ts';
import { whyNo } from './browsers.ts';
import * as data from './fixture-data.ts';
import { findingsOf } from './pages-looks.ts';
import { close, openStage } from './pages-stage.ts';
import type { Stage } from './pages-stage.ts';

const { job, chunk } = data.judged;
const wrong = { view: { ...data.running, judged: data.judged } };

const objected = (page: Page): Promise<unknown[]> =>
  page.evaluate(() => window.asked.filter(([what]) => what === 'object'));
const status = (page: Page): Promise<string | null> =>
  page.locator('.objection > [role=status]').first().textContent();

/** Opens the form, writes and sends, with nothing but keys. */
async function write(page: Page, text: string): Promise<void> {
  await page.locator('.objection summary').focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.insertText(text);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => window.asked.some(([what]) => what === 'object'));
}

describe.skipIf(whyNo.chromium() !== null)(`objections (${whyNo.chromium() ?? 'found'})`, () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage?.end());

  it.for(['en', 'zh'] as const)(
    'are written and sent with the keyboard, once, and an answer takes the place of the wait: %s',
    async (language) => {
      const j = judgedWords[language];
      const page = await stage.open(wrong, {}, language);
      expect(await page.locator('.objecting').isVisible(), 'it is quiet').toBe(false);
      const [waiting, answered] = [
        data.foundWrong({}),
        data.foundWrong({ answer: '我们错了。', readmitted: true }),
      ];
      await page.evaluate((found) => {
        window.found = [found];
      }, waiting);
      await write(page, 'A\u0007 day\r\nof tests\u202e\tshowed nothing ');
      expect(await objected(page)).toEqual([['object', job, chunk, 'A day\nof tests showed nothing']]);
      await page.getByText(j.sent, { exact: true }).waitFor();
      expect(await page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('status');
      expect(await page.locator('.objecting').count()).toBe(0);
      expect(await page.locator('.judged').count(), 'what was heard and what was asked are one').toBe(1);
      for (const digest of [...data.judged.right, ...(waiting.claimed ?? [])])
        expect(await page.getByText(digest, { exact: true }).count(), digest).toBe(1);
      expect(await page.locator('.judged').getByText(j.wasClaimed).count()).toBeGreaterThan(0);
      expect(await page.getByText(j.unclaimed).count()).toBe(0);
      expect(await page.locator('.objection blockquote').textContent()).toBe(waiting.objection?.text);
      expect(await findingsOf(page)).toEqual([]);
      await close(page);
      const later = await stage.open(
        { view: { ...data.running, reason: { why: 'banned' } }, found: [answered] },
        {},
        language,
      );
      await later.getByText('我们错了。', { exact: true }).waitFor();
      for (const said of [j.readmitted, j.reload])
        expect(await later.getByText(said, { exact: true }).count()).toBe(1);
      expect(await later.locator('.judged').getByText(j.open).count()).toBe(1);
      expect(await later.locator('.objecting').count()).toBe(0);
      await close(later);
    },
  );

  it.for(['en', 'zh'] as const)('say so where what was claimed is not kept: %s', async (language) => {
    const j = judgedWords[language];
    const view = { ...data.running, reason: { why: 'suspended' as const } };
    const page = await stage.open({ view, found: [data.foundWrong(null, { claimed: null })] }, {}, language);
    await page.getByText(j.unclaimed).waitFor();
    const listed = await page.locator('.digests').textContent();
    for (const digest of data.judged.right) expect(listed).toContain(digest);
    expect(listed).not.toContain(j.wasClaimed);
    expect(await findingsOf(page)).toEqual([]);
    await close(page);
  });

  it('keep what was written where it was not taken, and say why', async () => {
    const j = judgedWords.en;
    const page = await stage.open(wrong);
    for (const [refused, said] of [
      ['full', j.full],
      ['503', j.failed],
    ] as const) {
      await page.evaluate((why) => {
        window.refused = why;
        window.asked = [];
      }, refused);
      await page.locator('.objection details').evaluate((form) => {
        (form as HTMLDetailsElement).open = true;
      });
      await page.locator('.objecting textarea').fill('x'.repeat(500));
      await page.locator('.objecting button').click();
      await page.getByText(said, { exact: true }).waitFor();
      expect(await page.locator('.objecting textarea').inputValue()).toBe('x'.repeat(500));
    }
    // Sent from another tab: it is sent.
    await page.evaluate(() => {
      window.refused = 'already-so';
    });
    await page.locator('.objecting button').click();
    await page.getByText(j.sent, { exact: true }).waitFor();
    await close(page);
  });

  it('take no more letters than the coordinator does, and not none', async () => {
    const page = await stage.open(wrong);
    await page.locator('.objection summary').click();
    const field = page.locator('.objecting textarea');
    await field.fill('   ');
    await page.locator('.objecting button').click();
    await field.focus();
    await page.keyboard.press('Control+A');
    await page.keyboard.insertText('y'.repeat(600));
    expect((await field.inputValue()).length).toBe(500);
    expect(await objected(page)).toEqual([]);
    expect(await status(page)).toBe('');
    await close(page);
  });

  it('ask nothing of who works as ever, and look for an answer where one may wait', async () => {
    const asked = (page: Page): Promise<number> =>
      page.evaluate(() => window.asked.filter(([what]) => what === 'findings').length);
    const page = await stage.open({ view: data.running, found: [data.foundWrong({ answer: 'No.' })] });
    expect([await asked(page), await page.locator('.judged').count()]).toEqual([0, 0]);
    await page.evaluate((key) => localStorage.setItem(key, 'yes'), objectedKey);
    await page.reload();
    await page.evaluate(
      (found) => {
        window.found = found;
      },
      [data.foundWrong({ answer: 'No.' }, { open: true })],
    );
    await page.locator('button.loud').click();
    await page.waitForFunction(() => window.asked.some(([what]) => what === 'start'));
    await page.evaluate((view) => window.say(view), data.running);
    await page.getByText('No.', { exact: true }).waitFor();
    expect(await asked(page)).toBeGreaterThan(0);
    await close(page);
  });
});
