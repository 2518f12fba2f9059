/** Does the reward page tell how epochs stand, work a row out, check its proof hash by hash, know a changed certificate, and serve everybody? */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { certificateOf, examineCertificate } from '../../src/app/rewards/credit-certificate.ts';
import { boardWords } from '../../src/app/words/board.ts';
import { rewardWords } from '../../src/app/words/rewards.ts';
import { verifyWords } from '../../src/app/words/verify.ts';
import type { Claim } from '../../src/wire/epochs.ts';
import { whyNo } from './browsers.ts';
import { columnOf, findingsOf } from './pages-looks.ts';
import { close, manyStatesMs, unfold } from './pages-stage.ts';
import { openRewardsStage } from './rewards-stage.ts';
import type { RewardsStage } from './rewards-stage.ts';

const en = rewardWords.en;

const states = (page: Page, place: string): Promise<string[]> =>
  page.locator(`${place} .steps > li`).evaluateAll((steps: Element[]) => steps.map((step) => step.className));
const allHold = ['step-holds', 'step-holds', 'step-holds', 'step-holds'];

/** Lays a text before the page as a file, and says what comes of it. */
async function lay(page: Page, text: string): Promise<string> {
  await page.evaluate(() => document.querySelector('#laid-outcome')?.setAttribute('data-before', ''));
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'laid', mimeType: 'text/plain', buffer: Buffer.from(text) });
  await page.locator('#laid-outcome:not([data-before])').waitFor();
  return (await page.locator('#laid-outcome').textContent()) ?? '';
}

describe.skipIf(whyNo.chromium() !== null)('[EP6] the reward page', () => {
  let stage: RewardsStage;
  let claim: Claim;
  beforeAll(async () => {
    stage = await openRewardsStage(2);
    claim = await stage.claim(1, stage.byPaper);
  });
  afterAll(() => stage?.end());

  it('says how the open period stands and lists what is sealed, with the files word for word', async () => {
    const page = await stage.open();
    expect(await page.title()).toBe(en.title);
    const said = (await page.locator('.open-period').textContent()) ?? '';
    expect(said).toContain('Epoch 3 is open. 0.05 credits have become final in it');
    expect(said).toContain(en.open.undated);
    const rows = await page.locator('.sealed tbody tr').allInnerTexts();
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatch(/^2\s/);
    expect(rows[0]).toContain('1,000.00');
    expect(rows[1]).toMatch(/\b11\b/);
    const [, href] = await page
      .locator('.sealed tbody tr:last-child a')
      .evaluateAll((links: HTMLAnchorElement[]) => links.map((link) => link.href));
    expect(await (await fetch(href ?? '')).text()).toContain(`,${stage.byPaper},`);
    await close(page);
  });

  it('works a row out from the link of the leaderboard, and shows every hash of its proof', async () => {
    const page = await stage.open();
    await page.goto(`${stage.house.url}/leaderboard.html?lang=en`);
    await page.locator(`#row-${stage.byPaper}`).getByRole('link').click();
    await page.locator('.epoch-row').waitFor();
    // The newest epoch first; the other by choice.
    expect(await page.locator('.amount').textContent()).toContain('of a budget of 1,000.00');
    await page.locator('select[name=epoch]').selectOption('1');
    await page.getByRole('heading', { name: en.row.heading(1) }).waitFor();
    expect(await states(page, '.epoch-row')).toEqual(allHold);
    expect(await page.locator('.epoch-row .verdict').textContent()).toBe(en.proof.holds);
    await unfold(page);
    const said = (await page.locator('section.own').textContent()) ?? '';
    const { epoch, row, proof } = claim;
    expect(proof.length).toBeGreaterThan(2);
    for (const part of [epoch.id, epoch.root, epoch.coordinator, epoch.signature, row.account, ...proof])
      expect(said).toContain(part);
    expect(said).toContain(en.proof.ours);
    expect(said).toContain('⌊ 1.031992 × 0.40 ÷ 1.031992 ⌋');
    // A partner's page brought it.
    expect(await page.locator('.sites tbody').innerText()).toMatch(/paper\.example\s+0\.40\s+39%/);
    await close(page);
  });

  it('follows the credit to receipts, which it checks itself and which the check page opens', async () => {
    const page = await stage.open(`#${stage.audited}/1`);
    await page.locator('.sources li').first().waitFor();
    const said = (await page.locator('.epoch-row').textContent()) ?? '';
    expect(said).toContain('come to 0.001992 credits: all of it.');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: en.row.receipts.save }).click(),
    ]);
    expect(download.suggestedFilename()).toBe(`talka-epoch-1-${stage.audited}-receipts.jsonl`);
    await page.locator('.sources a').first().click();
    await page.getByRole('heading', { name: verifyWords.en.holds(1) }).waitFor();
    await close(page);
    // What was final at once has its receipts elsewhere, and the page says so.
    const other = await stage.open(`#${stage.byPaper}/1`);
    await other.getByText(en.row.receipts.none).waitFor();
    await close(other);
  });

  it('says plainly who has no row, what is no account, and that this browser has none', async () => {
    const page = await stage.open();
    await page.getByRole('button', { name: en.own.find }).click();
    await page.getByText(en.own.none).waitFor();
    await page.getByLabel(en.own.label).fill('somebody');
    await page.getByRole('button', { name: en.own.look }).click();
    await page.getByText(en.own.malformed).waitFor();
    await page.getByLabel(en.own.label).fill('A'.repeat(16));
    await page.getByRole('button', { name: en.own.look }).click();
    await page.getByText(en.own.unknown).waitFor();
    await page.getByLabel(en.own.label).fill(stage.audited);
    await page.getByRole('button', { name: en.own.look }).click();
    await page.getByText(en.own.noRow(2)).waitFor();
    // What it has is said all the same, and what is pending beside it.
    await page.getByText(en.own.soFar('0.001992', null)).waitFor();
    await page.locator('select[name=epoch]').selectOption('1');
    await page.locator('.epoch-row').waitFor();
    await page.getByRole('link', { name: '中文' }).click();
    await page.getByRole('heading', { level: 1, name: rewardWords.zh.heading }).waitFor();
    expect(await page.locator('.epoch-row .verdict').textContent()).toBe(rewardWords.zh.proof.holds);
    await close(page);
  });

  it.each(['en', 'zh'] as const)(
    'gives out a certificate that it knows again, offline (%s)',
    async (language) => {
      const r = rewardWords[language];
      const page = await stage.open(`#${stage.byPaper}/1`, language);
      await page.locator('.credit-certificate').waitFor();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: r.claim.certificate }).click(),
      ]);
      expect(download.suggestedFilename()).toBe(`talka-epoch-1-${stage.byPaper}.svg`);
      const svg = certificateOf(claim, language);
      expect(svg).not.toMatch(/<script|href|onload|<foreignObject|url\((?!#)/i);
      await page.context().setOffline(true);
      expect(await lay(page, svg)).toBe(r.proof.holds);
      expect(await page.locator('.laid-found').textContent()).toContain(r.laid.drawn);
      expect(await states(page, '.laid-found')).toEqual(allHold);
      // As a mail program may pass it on.
      expect(await lay(page, svg.replaceAll('\n', '\r\n'))).toBe(r.proof.holds);
      expect(await lay(page, JSON.stringify(claim, null, 1))).toBe(r.proof.holds);
      expect(await page.locator('.laid-found').textContent()).not.toContain(r.laid.drawn);
      await close(page);
    },
  );

  it('names what was changed in a certificate or a proof, and what is neither', async () => {
    const page = await stage.open();
    const svg = certificateOf(claim, 'en');
    const [shown] = /has computed [\d.]+ credits/.exec(svg) ?? [''];
    for (const [what, changed, says] of [
      ['the picture', svg.replace(shown, 'has computed 9.400000 credits'), en.laid.notDrawn],
      ['a script in it', svg.replace('</svg>', '<script>alert(1)</script></svg>'), en.laid.notDrawn],
      ['its language', svg.replace('"language":"en"', '"language":"zh"'), en.laid.notDrawn],
      [
        'the amount',
        svg.replace('"amountMicro":"400000"', '"amountMicro":"500000"'),
        en.proof.failsAt.amount,
      ],
      ['the account', svg.replaceAll(claim.row.account, stage.audited), en.proof.failsAt.tree],
      ['the number', svg.replaceAll('"number":1,', '"number":2,'), en.proof.failsAt.text],
      ['when it was sealed', svg.replace('"sealedAt":1', '"sealedAt":2'), en.proof.failsAt.signature],
      ['a receipt', '{"leaf":"x"}', en.laid.nothing],
      ['another picture', '<svg><metadata>{}</metadata></svg>', en.laid.nothing],
      ['a letter', 'Dear all', en.laid.nothing],
    ] as const) {
      expect(changed, what).not.toBe(svg);
      expect(await lay(page, changed), what).toBe(says);
    }
    await lay(page, svg.replace('"sealedAt":1', '"sealedAt":2'));
    expect(await states(page, '.laid-found')).toEqual([
      'step-holds',
      'step-holds',
      'step-holds',
      'step-fails',
    ]);
    await lay(page, svg.replace('"amountMicro":"400000"', '"amountMicro":"500000"'));
    expect(await states(page, '.laid-found')).toEqual([
      'step-holds',
      'step-fails',
      'step-unseen',
      'step-unseen',
    ]);
    // Another coordinator's holds as well, and the page says whose it is.
    expect((await examineCertificate(svg, null)).isDrawn).toBe(true);
    expect((await examineCertificate(svg, 'A'.repeat(43))).fault).toBe('signature');
    await close(page);
  });

  it('shows on the leaderboard what each site brought', async () => {
    for (const language of ['en', 'zh'] as const) {
      const page = await stage.open();
      await page.goto(`${stage.house.url}/leaderboard.html?lang=${language}`);
      await page.getByRole('heading', { name: boardWords[language].sites }).waitFor();
      // 40 + 7 + 5 units of 0.01 credits, of 1.211992 in all.
      expect(await page.locator('[aria-labelledby=sites] tbody').innerText()).toMatch(
        /paper\.example\s+0\.52\s+43%/,
      );
      await page.getByRole('link', { name: boardWords[language].rewards }).click();
      await page.getByRole('heading', { level: 1, name: rewardWords[language].heading }).waitFor();
      await close(page);
    }
  });

  it(
    'is readable by everybody, in every theme and language, on any screen (axe)',
    async () => {
      for (const [colorScheme, language, hash] of [
        ['light', 'zh', `#${stage.audited}/1`],
        ['dark', 'en', `#${stage.byPaper}/1`],
        ['light', 'en', ''],
      ] as const) {
        const page = await stage.open(hash, language, { colorScheme });
        const where = `${colorScheme}, ${language}, ${hash}`;
        if (hash !== '') await page.locator('.credit-certificate').waitFor();
        await lay(page, certificateOf(claim, language));
        await unfold(page);
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
});

describe.skipIf(whyNo.chromium() !== null)('[EP6] the reward page before anything is sealed', () => {
  let stage: RewardsStage;
  beforeAll(async () => {
    stage = await openRewardsStage(0);
  });
  afterAll(() => stage?.end());

  it.each(['en', 'zh'] as const)('is honest and calm about it (%s)', async (language) => {
    const r = rewardWords[language];
    const page = await stage.open('', language);
    await page.getByRole('heading', { name: r.sealed.none }).waitFor();
    const said = (await page.locator('main').textContent()) ?? '';
    expect(said).toContain(r.sealed.noneNote);
    expect(await page.locator('.sealed, select').count()).toBe(0);
    expect(await findingsOf(page)).toEqual([]);
    await close(page);
    // Whoever has credit is told how much, and finds their row there as soon as there is one.
    const other = await stage.open(`#${stage.audited}`, language);
    await other.getByText(r.own.soFar('0.001992', null)).waitFor();
    expect(await other.locator('.own code').first().textContent()).toBe(stage.audited);
    expect(await findingsOf(other)).toEqual([]);
    await close(other);
  });

  it('has something to read before and without scripts', async () => {
    const context = await stage.browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${stage.house.url}/rewards.html`);
    expect(await page.locator('h1').textContent()).toBe(en.heading);
    expect(((await page.locator('.lede').textContent()) ?? '').replace(/\s+/g, ' ').trim()).toBe(en.lede);
    expect(await page.locator('noscript a').getAttribute('href')).toBe('/api/epochs');
    await context.close();
  });
});
