/** Does the page about checks tell its figures rightly, keep them fresh, stand without a coordinator, and serve everybody? */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { usualRules } from '../../src/app/checks/rules.ts';
import { checksWords } from '../../src/app/words/checks.ts';
import { words as en } from '../../src/app/words/en.ts';
import { words as zh } from '../../src/app/words/zh.ts';
import type { ChecksView } from '../../src/wire/views.ts';
import { whyNo } from './browsers.ts';
import * as data from './checks-data.ts';
import { columnOf, findingsOf } from './pages-looks.ts';
import { close, manyStatesMs, openStage } from './pages-stage.ts';
import type { Stage } from './pages-stage.ts';
import { board } from './pages-states.ts';

const path = '/checks.html';
const scenes: Readonly<Record<string, ChecksView>> = {
  fresh: data.fresh(),
  busy: data.busy(),
  crowded: data.crowded(),
};

describe.skipIf(whyNo.chromium() !== null)('the page about checks', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage?.end());

  async function open(
    checks: ChecksView,
    language = 'en',
    options: BrowserContextOptions = {},
  ): Promise<Page> {
    const page = await stage.open({ path, scene: { checks } }, options, language);
    await page.locator('.now').waitFor();
    return page;
  }
  const textOf = async (page: Page, place: string): Promise<string> =>
    (await page.locator(place).allInnerTexts()).join('\n');

  it('tells the figures of its coordinator, the open jobs and what was promised for them', async () => {
    const page = await open(data.busy());
    expect(await page.title()).toBe(checksWords.en.title);
    expect(await textOf(page, '.so-far')).toContain(
      '61,377 units were computed again in 18,204 audits; 3 audits',
    );
    const now = await textOf(page, '.now');
    for (const said of [
      'volunteers made 11,402 of them; now the operator’s machines and volunteers share them',
      '7 waiting to be made, the oldest for 4 seconds',
      '96 chunks given to others anew; machines suspended 2 times, banned once',
      '13 looked at closely (one unit in 64; 4 of them quite new), 31 with a longer record (one in 128)',
      '1 suspended now, 1 banned',
      '28,412 for work, 206.00 for 412 second copies, 918.40 for audits',
      'together 1.04 times the work',
      '1,204 provisional, 8,377 final',
      '12 people want work, on 9 networks',
      'of 10 people the provider is known, 6 providers in all',
      'the largest network holds 25% of them',
    ])
      expect(now).toContain(said);
    const jobs = await page.locator('.checked li').allInnerTexts();
    expect(jobs).toHaveLength(6);
    // 0.2 ÷ (e × 12,000 × 0.85 × 0.8), where a fifth of three quarters looks away: 1 in 110,906; of 30 million units 271.
    expect(jobs[0]).toContain(
      'at most 1 final unit in 110,000 is wrong: on average up to 271 of its 30,000,000',
    );
    expect(jobs[0]).toContain('Final after 32,000 further drawn units');
    expect(jobs[0]).toContain('5,210 of 750,000 chunks final, 900 provisional');
    expect(jobs[1]).toContain(checksWords.en.policies.name('adaptive', 1));
    expect(jobs[2]).toMatch(/3 people 120 of 1,000 chunks final\n/);
    expect(jobs[2]).toContain('once 3 people’s answers are in and agree');
    expect(jobs[3]).toContain(checksWords.en.jobs.unchecked);
    expect(jobs[4]).toContain(`${checksWords.en.policies.name('certify', 1)} 77 of 5,000 chunks final`);
    expect(jobs[4]).toContain(checksWords.en.jobs.certified);
    expect(jobs[5]).toContain(
      `${checksWords.en.jobs.certifiedToo} ${checksWords.en.jobs.terms(32_000, 12_000)}`,
    );
    expect(jobs[5]).toContain('at most 1 final unit in 110,000 is wrong');
    expect(await page.locator('.notice').count()).toBe(0);
    await close(page);
  });

  it('prices each policy and says what it leaves open', async () => {
    const page = await open(data.busy());
    const offers = await page.locator('.policies > ul > li').allInnerTexts();
    expect(offers).toHaveLength(5);
    expect(offers[0]).toContain(checksWords.en.policies.openAll);
    expect(offers[1]).toContain(checksWords.en.policies.openLeftOut);
    for (const said of [
      ...['staying 1 minute: 2 times', 'staying 35 minutes: 1.03 times', 'staying 4 hours: 1.01 times'],
      ...['5% hostile: at most 1 final unit in 590,000', '40% hostile: at most 1 final unit in 34,000'],
    ])
      for (const offer of [offers[1], offers[2]]) expect(offer).toContain(said);
    for (const said of ['2 times the work.', '20% hostile: about 10% of chunks', 'It is no upper bound'])
      expect(offers[4]).toContain(said);
    await close(page);
  });

  it('says where too many are on one network, and where too few networks are here: each by itself', async () => {
    const { alarm, tooFew, exempt } = checksWords.zh.now;
    const { live } = data.crowded();
    for (const [over, said] of [
      [{}, [alarm, tooFew(3, 2)]],
      [{ tooFew: false }, [alarm]],
      [{ alarm: false }, [tooFew(3, 2)]],
      // Where one person is enough and nobody is here, that nobody is here says it.
      [{ alarm: false, needed: 1, places: 0, people: 0 }, []],
    ] as const) {
      const page = await open({ ...data.crowded(), anchored: true, live: { ...live, ...over } }, 'zh');
      expect(await page.locator('.notice').allInnerTexts(), JSON.stringify(over)).toEqual(said);
      if (!('people' in over)) expect(await textOf(page, '.now')).toContain(exempt(1));
      await close(page);
    }
  });

  it('says where no machine of the operator audits', async () => {
    const page = await open({ ...data.busy(), anchored: false }, 'en');
    expect(await page.locator('.notice').allInnerTexts()).toEqual([checksWords.en.now.noAnchor]);
    await close(page);
  });

  it('says plainly that nothing was checked yet', async () => {
    const page = await open(data.fresh());
    expect(await textOf(page, '.so-far')).toBe(checksWords.en.none);
    const now = await textOf(page, '.now');
    for (const said of [en.here.link.live, checksWords.en.now.unpaid, checksWords.en.now.nobody])
      expect(`${now} ${await textOf(page, 'footer')}`).toContain(said);
    await close(page);
  });

  it('asks again every few seconds, and speaks the other language in place', async () => {
    const page = await open(data.busy());
    stage.server.asked();
    stage.server.scene.checks = { ...data.busy(), chunks: { provisional: 4, final: 9_577 } };
    await page.getByText('4 provisional, 9,577 final').waitFor({ timeout: 15_000 });
    expect(stage.server.asked().filter((asked) => asked === '/api/checks').length).toBeLessThan(4);
    await page.getByRole('link', { name: '中文' }).click();
    await page.getByRole('heading', { level: 1, name: checksWords.zh.heading }).waitFor();
    expect(await page.title()).toBe(checksWords.zh.title);
    expect(await textOf(page, '.now')).toContain(checksWords.zh.now.chunksOpen(4, 9_577));
    expect(await textOf(page, '.checked')).toContain('一只兔子的画');
    await close(page);
  });

  it('tells its story without a coordinator, and what it cannot say then', async () => {
    const page = await stage.open({ path, scene: { up: false } });
    expect(await textOf(page, '.so-far')).toBe(en.here.unreachable);
    expect(await page.locator('.story figure svg').count()).toBe(6);
    expect(await textOf(page, '.story')).toContain(checksWords.en.window(usualRules).says[1]);
    expect(await textOf(page, '#limits ~ ul')).toContain('does not check the operator');
    expect(await page.locator('.now, .policies').count()).toBe(0);
    await close(page);
  });

  it('is one quiet link away from the other pages, in the language that was chosen', async () => {
    for (const [from, place, language, w] of [
      ['/', 'footer', 'en', en],
      ['/', '[aria-labelledby=checking]', 'zh', zh],
      [board, 'footer', 'zh', zh],
    ] as const) {
      const page = await stage.open({ path: from, scene: { checks: data.busy() } }, {}, language);
      await page.locator(place).getByRole('link', { name: w.page.checks }).click();
      await page.getByRole('heading', { level: 1, name: checksWords[language].heading }).waitFor();
      await page.locator('.now').waitFor();
      expect(await page.locator('footer').getByRole('link').count()).toBe(0);
      await page.getByRole('link', { name: checksWords[language].further.verify }).click();
      await page.waitForURL(`**/verify.html?lang=${language}`);
      await close(page);
    }
  });

  it(
    'is readable by everybody, in every theme and language, on any screen (axe)',
    async () => {
      for (const [name, checks] of Object.entries(scenes))
        for (const [colorScheme, language] of [
          ['light', 'zh'],
          ['dark', 'en'],
        ] as const) {
          const page = await open(checks, language, { colorScheme });
          const where = `${name}, ${colorScheme}, ${language}`;
          expect(await findingsOf(page), where).toEqual([]);
          await page.setViewportSize({ width: 1440, height: 900 });
          const { scrollWidth, left, right, longest } = await columnOf(page);
          expect(scrollWidth, where).toBeLessThanOrEqual(1440);
          expect(right - left, where).toBeLessThanOrEqual(1088);
          expect(longest.letters, `${where}: ${longest.text}`).toBeLessThanOrEqual(90);
          for (const width of [360, 320]) {
            await page.setViewportSize({ width, height: 740 });
            const wide = await page.evaluate(() => document.documentElement.scrollWidth);
            expect(wide, `${where}, ${width}`).toBeLessThanOrEqual(width);
          }
          await page.setViewportSize({ width: 390, height: 844 });
          const enlarged = await page.evaluate(() => {
            document.documentElement.style.fontSize = '200%';
            return document.documentElement.scrollWidth;
          });
          expect(enlarged, `${where}, text twice as large`).toBeLessThanOrEqual(390);
          await close(page);
        }
    },
    manyStatesMs,
  );

  it('has something to read before and without scripts', async () => {
    const context = await stage.browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${stage.server.origin}${path}`);
    expect(await page.locator('h1').textContent()).toBe(checksWords.en.heading);
    expect((await textOf(page, '.lede')).replace(/\s+/g, ' ')).toBe(checksWords.en.lede);
    expect(await page.locator('noscript a').getAttribute('href')).toBe('/api/checks');
    await context.close();
  });
});
