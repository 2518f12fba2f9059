/** Does the check page accept real receipts without a network, name whatever was tampered with, and serve everybody? */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { sidesOf } from '../../src/app/verify/model.ts';
import type { StepName } from '../../src/app/verify/model.ts';
import { receiptWords } from '../../src/app/words/receipts.ts';
import { verifyWords } from '../../src/app/words/verify.ts';
import { words as en } from '../../src/app/words/en.ts';
import type { KeptReceipt } from '../../src/volunteer/outbox.ts';
import type { ReceiptFault } from '../../src/volunteer/receipt-check.ts';
import { submitJob } from '../volunteer/house.ts';
import { tamperings } from '../volunteer/tampered.ts';
import { levelsOf, pathIn } from '../../src/core/merkle.ts';
import { whyNo } from './browsers.ts';
import { columnOf, findingsOf } from './pages-looks.ts';
import { close, manyStatesMs, unfold } from './pages-stage.ts';
import { lay, openVerifyStage } from './verify-stage.ts';
import type { VerifyStage } from './verify-stage.ts';

const stepOf: Readonly<Record<ReceiptFault, StepName>> = {
  shape: 'text',
  time: 'text',
  'not-in-tree': 'tree',
  'other-coordinator': 'signature',
  signature: 'signature',
  amount: 'amounts',
};

describe.skipIf(whyNo.chromium() !== null)('[LO6] the check page', () => {
  let stage: VerifyStage;
  /** The receipt whose way to the root is longest. */
  let one: KeptReceipt;
  const open: VerifyStage['open'] = (...told) => stage.open(...told);
  beforeAll(async () => {
    stage = await openVerifyStage();
    one = stage.receipts.toSorted((a, b) => b.path.length - a.path.length)[0] as KeptReceipt;
    expect(one.path.length, 'two people settle in one tick').toBeGreaterThan(0);
  });
  afterAll(() => stage?.end());

  const outcome = (page: Page): Promise<string | null> => page.locator('#outcome').textContent();
  const states = (page: Page): Promise<string[]> =>
    page.locator('.steps > li').evaluateAll((steps: Element[]) => steps.map((step) => step.className));

  it('accepts a real receipt offline, step by step, and says who signed what for whom', async () => {
    const { page, asked } = await open();
    await page.context().setOffline(true);
    await lay(page, JSON.stringify(one));
    expect(await outcome(page)).toBe('This receipt holds.');
    expect(await states(page)).toEqual(['step-holds', 'step-holds', 'step-holds', 'step-holds']);
    const said = (await page.locator('.outcome').textContent()) ?? '';
    const [, key, account] = JSON.parse(one.leaf) as [string, string, string];
    expect(key).toBe(stage.key);
    for (const part of [key, account, `tick ${one.tick.tick}`, verifyWords.en.keyUnknown])
      expect(said).toContain(part);
    await unfold(page);
    const shown = (await page.locator('.steps').textContent()) ?? '';
    for (const part of [one.leaf, one.tick.receipts, one.tick.signature, ...one.path])
      expect(shown).toContain(part);
    await page.getByLabel(verifyWords.en.keyAsk).fill('A'.repeat(43));
    await page.getByText(verifyWords.en.keyDiffers).waitFor();
    await page.getByLabel(verifyWords.en.keyAsk).fill(key);
    await page.getByText(verifyWords.en.keySame).waitFor();
    // The other language needs no network either.
    await page.getByRole('link', { name: '中文' }).click();
    await page.getByRole('heading', { level: 1, name: verifyWords.zh.heading }).waitFor();
    expect(await outcome(page)).toBe(verifyWords.zh.holds(1));
    expect(await page.title()).toBe(verifyWords.zh.title);
    expect(asked).toEqual([]);
    await close(page);
  });

  it.each(['one a line', 'as an array'])('accepts all of them in one file, %s, and adds up', async (how) => {
    const { page } = await open();
    await page.context().setOffline(true);
    const { receipts } = stage;
    await lay(
      page,
      how === 'as an array'
        ? JSON.stringify(receipts)
        : receipts.map((each) => JSON.stringify(each)).join('\n'),
    );
    expect(await outcome(page)).toBe(verifyWords.en.holds(receipts.length));
    const rows = receipts.flatMap(({ leaf }) => (JSON.parse(leaf) as unknown[])[6] as number[][]);
    const micro = rows.reduce((sum, row) => sum + (row[3] ?? 0), 0);
    // Every chunk of the job was paid to two people.
    expect(rows).toHaveLength(2 * 61);
    expect(await page.locator('.sum-paid').textContent()).toBe(verifyWords.en.paid(2 * 61, micro, 3));
    await page.locator('.receipt-list summary').nth(2).click();
    expect(await states(page)).toEqual(['step-holds', 'step-holds', 'step-holds', 'step-holds']);
    // The same file twice: nothing is counted twice.
    await lay(page, JSON.stringify([...receipts, ...receipts]));
    await page.getByText(verifyWords.en.twice(2 * 61)).waitFor();
    expect(await page.locator('.sum-paid').textContent()).toBe(verifyWords.en.paid(2 * 61, micro, 3));
    await close(page);
  });

  it.each(['en', 'zh'] as const)(
    'names whatever was tampered with at its step, offline (%s)',
    async (language) => {
      const { page } = await open(language);
      await page.context().setOffline(true);
      const r = verifyWords[language];
      for (const [what, change, fault] of tamperings) {
        const step = stepOf[fault];
        await lay(page, JSON.stringify(change(one)));
        expect(await outcome(page), what).toBe(r.failsAt[step]);
        const broken = page.locator('.steps > .step-fails');
        expect(await broken.count(), what).toBe(1);
        expect(await broken.locator('h3').textContent(), what).toBe(`${r.steps[step]} ${r.states.fails}`);
        // Nothing is said to hold after what does not, and nothing of it is counted or asked about.
        const all = await states(page);
        const at = all.indexOf('step-fails');
        expect(all, what).toEqual([
          ...Array.from({ length: at }, () => 'step-holds'),
          'step-fails',
          ...Array.from({ length: 3 - at }, () => 'step-unseen'),
        ]);
        expect(await page.locator('.sum-paid, .asked').count(), what).toBe(0);
        // Among others it is the one that is named, and the others count.
        await lay(page, JSON.stringify([...stage.receipts, change(one)]));
        expect(await outcome(page), what).toBe(r.fails(1, stage.receipts.length + 1));
        expect(await page.locator('.receipt-list li.fails').textContent(), what).toContain(r.steps[step]);
      }
      await close(page);
    },
  );

  it('says what a receipt without its price, an empty file and a line that is cut come to', async () => {
    const { page } = await open();
    const { jobs: _jobs, ...older } = one;
    await lay(page, JSON.stringify(older));
    expect(await states(page)).toEqual(['step-holds', 'step-holds', 'step-holds', 'step-partly']);
    await lay(page, '\n');
    expect(await outcome(page)).toBe(verifyWords.en.nothing);
    const lines = stage.receipts.map((each) => JSON.stringify(each));
    await lay(page, `${lines.slice(0, 3).join('\n')}\n${lines[3]?.slice(0, 99)}`);
    expect(await outcome(page)).toBe(verifyWords.en.fails(1, 4));
    await close(page);
  });

  it('takes a receipt by keyboard alone, by pasting, and dropped anywhere', async () => {
    const { page } = await open();
    const focused = (): Promise<string> =>
      page.evaluate(() => document.activeElement?.id || (document.activeElement?.textContent?.trim() ?? ''));
    const tabTo = async (wanted: string): Promise<void> => {
      for (let i = 0; i < 30 && (await focused()) !== wanted; i++) await page.keyboard.press('Tab');
      expect(await focused()).toBe(wanted);
    };
    await tabTo('pasted');
    await page.keyboard.insertText(JSON.stringify(one));
    await tabTo(verifyWords.en.check);
    await page.keyboard.press('Enter');
    await page.locator('#outcome').waitFor();
    await page.waitForFunction(() => document.activeElement?.id === 'outcome');
    expect(await outcome(page)).toBe('This receipt holds.');
    await tabTo(verifyWords.en.tree.show);
    await page.keyboard.press('Enter');
    await page.getByText(one.tick.receipts).first().waitFor();
    const give = (kind: 'paste' | 'drop', text: string): Promise<void> =>
      page.evaluate(
        ([name, given]) => {
          const data = new DataTransfer();
          if (name === 'paste') data.setData('text', given);
          else data.items.add(new File([given], 'receipts.jsonl'));
          const field = document.querySelector('#pasted');
          const event =
            name === 'paste'
              ? new ClipboardEvent('paste', { clipboardData: data, bubbles: true })
              : new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true });
          (name === 'paste' ? field : document.body)?.dispatchEvent(event);
        },
        [kind, text] as const,
      );
    await give('drop', JSON.stringify({ ...one, index: one.index + 1 }));
    await page.getByRole('heading', { name: verifyWords.en.failsAt.tree }).waitFor();
    await page.locator('#pasted').fill('');
    await give('paste', JSON.stringify(one));
    await page.getByRole('heading', { name: 'This receipt holds.' }).waitFor();
    await close(page);
  });

  it('asks the coordinator only when told to, and keeps its word apart', async () => {
    const { page, asked } = await open();
    await lay(page, JSON.stringify(stage.receipts));
    expect(asked).toEqual([]);
    await page.getByRole('button', { name: verifyWords.en.ask.button }).click();
    await page.locator('.asked .agrees').waitFor();
    const compared = new Set(stage.receipts.map(({ tick }) => tick.size)).size;
    const newest = Math.max(...stage.receipts.map(({ tick }) => tick.size));
    const now = stage.house.runtime.head?.size ?? 0;
    expect(await page.locator('.asked .agrees').textContent()).toContain(
      verifyWords.en.ask.extends(now, newest, Math.min(20, compared)),
    );
    expect(new Set(asked.map((url) => new URL(url).pathname))).toEqual(
      new Set(['/api/status', '/api/log/head', '/api/log/consistency']),
    );
    await page.context().setOffline(true);
    await page.getByRole('button', { name: verifyWords.en.ask.button }).click();
    await page.getByText(verifyWords.en.ask.unanswered).waitFor();
    expect(await outcome(page)).toBe(verifyWords.en.holds(stage.receipts.length));
    await close(page);
  });

  it('stores nothing, asks nobody, and says when it can go on without a network', async () => {
    const { page, asked } = await open();
    await page.getByText(verifyWords.en.loaded).waitFor();
    await page.getByRole('button', { name: verifyWords.en.own }).click();
    await page.getByText(verifyWords.en.ownNone).waitFor();
    await lay(page, JSON.stringify(one));
    await page.waitForTimeout(300);
    expect(asked).toEqual([]);
    const kept = await page.evaluate(async () => [
      (await indexedDB.databases()).length,
      localStorage.length,
      sessionStorage.length,
      document.cookie,
    ]);
    expect(kept).toEqual([0, 0, 0, '']);
    await close(page);
  });

  it('a volunteer saves its receipts as a file, beside its credit; the page takes them from there and from the browser', async () => {
    await submitJob(stage.house, stage.house.operatorToken ?? '', {
      units: 12,
      quorum: 1,
      kPerUnit: 1 << 15,
    });
    const context = await stage.browser.newContext({ viewport: { width: 390, height: 844 } });
    const page = await context.newPage();
    await page.goto(`${stage.house.url}/?lang=en`);
    await page.locator('button.loud:enabled').click();
    const save = page.getByRole('button', { name: receiptWords.en.save });
    await save.waitFor();
    await page.getByText(en.work.plain['no-job-open']).first().waitFor({ timeout: 60_000 });
    // The outbox writes a moment later.
    await page.waitForTimeout(1_000);
    const [download] = await Promise.all([page.waitForEvent('download'), save.click()]);
    expect(download.suggestedFilename()).toMatch(/^talka-receipts-127\.0\.0\.1_\d+\.jsonl$/);
    await page.getByText(/receipts? handed out as a file/).waitFor();
    const file = await download.path();
    const account = await page.locator('.me code').textContent();
    await page.getByRole('link', { name: receiptWords.en.check }).click();
    await page.locator('[data-whole]').waitFor();
    await context.setOffline(true);
    await page.locator('input[type=file]').setInputFiles(file);
    await page.locator('#outcome').waitFor();
    const said = await outcome(page);
    expect(said).toMatch(/holds\.|receipts hold\./);
    expect(await page.locator('.sum-paid').textContent()).toContain('for 6 chunks.');
    await page.getByText(verifyWords.en.keyKnown).waitFor();
    expect(await page.locator('.who-paid').textContent()).toBe(`${account} (${verifyWords.en.mine})`);
    await lay(page, '{}');
    await page.getByRole('button', { name: verifyWords.en.own }).click();
    await page.getByRole('heading', { name: said ?? '' }).waitFor();
    await context.close();
  });

  it(
    'is readable by everybody in every state, theme and language, on any screen (axe)',
    async () => {
      const bent = { ...one, index: one.index + 1 };
      const laid: Readonly<Record<string, string | null>> = {
        empty: null,
        holds: JSON.stringify(one),
        fails: JSON.stringify(bent),
        misshapen: '{"leaf": 5}',
        many: JSON.stringify([...stage.receipts, bent, 5]),
        nothing: '',
      };
      for (const [name, text] of Object.entries(laid)) {
        for (const [colorScheme, language] of [
          ['light', 'zh'],
          ['dark', 'en'],
        ] as const) {
          const { page } = await open(language, { colorScheme });
          if (text !== null) await lay(page, text);
          await unfold(page);
          const where = `${name}, ${colorScheme}, ${language}`;
          expect(await findingsOf(page), where).toEqual([]);
          await page.setViewportSize({ width: 1440, height: 900 });
          const { scrollWidth, right, left, longest } = await columnOf(page);
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
      }
    },
    manyStatesMs,
  );

  it('has something to read before and without scripts', async () => {
    const context = await stage.browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${stage.house.url}/verify`);
    expect(await page.locator('h1').textContent()).toBe(verifyWords.en.heading);
    expect(await page.locator('noscript').textContent()).toContain('talka -- verify');
    await context.close();
  });
});

describe('the way from a leaf to its root', () => {
  it('is drawn with every other hash on the side on which it is joined', () => {
    const join = (left: string, right: string): string => `(${left}${right})`;
    for (let count = 1; count <= 40; count++) {
      const levels = levelsOf(
        join,
        Array.from({ length: count }, (_, i) => `${i}.`),
      );
      for (let index = 0; index < count; index++) {
        const path = pathIn(levels, index);
        const sides = sidesOf(index, count, path.length);
        const way = path.reduce(
          (own, other, i) => (sides[i] === 'left' ? join(other, own) : join(own, other)),
          `${index}.`,
        );
        expect(way, `${index} of ${count}`).toBe(levels.at(-1)?.[0]);
      }
    }
  });
});
