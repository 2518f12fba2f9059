/** Does the check page stand what is hard: extremes in every place, ten thousand at once, a browser without cryptography? */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { verifyWords } from '../../src/app/words/verify.ts';
import type { KeptReceipt } from '../../src/volunteer/outbox.ts';
import { signedReceipt } from '../volunteer/signed-receipt.ts';
import { whyNo } from './browsers.ts';
import { close } from './pages-stage.ts';
import { lay, openVerifyStage } from './verify-stage.ts';
import type { VerifyStage } from './verify-stage.ts';

describe.skipIf(whyNo.chromium() !== null)('[LO6] the check page, on a hard day', () => {
  let stage: VerifyStage;
  let one: KeptReceipt;
  const open: VerifyStage['open'] = (...told) => stage.open(...told);
  beforeAll(async () => {
    stage = await openVerifyStage();
    one = stage.receipts.toSorted((a, b) => b.path.length - a.path.length)[0] as KeptReceipt;
  });
  afterAll(() => stage?.end());

  const outcome = (page: Page): Promise<string | null> => page.locator('#outcome').textContent();

  it('survives whatever a file holds: extremes in every place are named, and nothing breaks', async () => {
    const { page } = await open();
    const broken: string[] = [];
    page.on('pageerror', ({ message }) => broken.push(message));
    const extremes = [
      null,
      -1,
      0,
      1.5,
      Number.MAX_SAFE_INTEGER,
      1e300,
      '',
      'x'.repeat(5000),
      '<b>',
      [],
      {},
      true,
    ];
    const laid: unknown[] = [...extremes];
    const said = JSON.parse(one.leaf) as unknown[];
    const [row = []] = said[6] as unknown[][];
    for (const extreme of extremes) {
      for (const name of Object.keys(one)) laid.push({ ...one, [name]: extreme });
      for (const name of Object.keys(one.tick)) laid.push({ ...one, tick: { ...one.tick, [name]: extreme } });
      for (const name of ['units', 'unitsPerChunk', 'unitCostMicro'])
        laid.push({ ...one, jobs: { j1: { ...one.jobs?.['j1'], [name]: extreme } } });
      for (let i = 0; i < said.length; i++) {
        const leaf = JSON.stringify(said.with(i, extreme));
        laid.push({ ...one, leaf });
        // The tick says the same time: then it is the next step that does not hold.
        if (i === 5) laid.push({ ...one, leaf, tick: { ...one.tick, at: extreme } });
      }
      for (let i = 0; i < row.length; i++)
        laid.push({ ...one, leaf: JSON.stringify(said.with(6, [row.with(i, extreme)])) });
    }
    await lay(page, JSON.stringify(laid));
    await page.evaluate(async () => {
      for (let more = document.querySelector<HTMLElement>('.receipt-list button.text'); more !== null;) {
        more.click();
        await new Promise((later) => requestAnimationFrame(later));
        more = document.querySelector<HTMLElement>('.receipt-list button.text');
      }
      for (const folded of document.querySelectorAll<HTMLDetailsElement>('.receipt-list li > details'))
        folded.open = true;
      await new Promise((later) => setTimeout(later, 500));
    });
    expect(broken).toEqual([]);
    expect(await page.locator('.receipt-list .steps').count()).toBe(laid.length);
    await close(page);
  });

  it('needs no cryptography of the browser, as on a page that came over plain http, and no network for its own', async () => {
    const context = await stage.browser.newContext();
    await context.addInitScript(() => Object.defineProperty(crypto, 'subtle', { value: undefined }));
    const page = await context.newPage();
    await page.goto(`${stage.house.url}/verify.html?lang=en`);
    await page.locator('[data-whole]').waitFor();
    await context.setOffline(true);
    await lay(page, JSON.stringify(one));
    expect(await outcome(page)).toBe('This receipt holds.');
    const [first] = one.tick.signature;
    const signature = `${first === 'B' ? 'C' : 'B'}${one.tick.signature.slice(1)}`;
    await lay(page, JSON.stringify({ ...one, tick: { ...one.tick, signature } }));
    expect(await outcome(page)).toBe(verifyWords.en.failsAt.signature);
    await context.close();
  });

  it('looks through ten thousand, as many as a browser keeps, and shows how far it is', async () => {
    const { page } = await open();
    const told = await page.evaluate(async (receipts) => {
      const many = Array.from({ length: 10_000 }, (_, i) => receipts[i % receipts.length]);
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([JSON.stringify(many)], 'receipts.json'));
      const heard = new Set<string>();
      const status = document.querySelector('.looking');
      if (status === null) throw new Error('nothing says how far it is');
      const watching = new MutationObserver(() => heard.add(status.textContent ?? ''));
      watching.observe(status, { childList: true, characterData: true, subtree: true });
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
      while (document.querySelector('#outcome') === null) await new Promise((later) => setTimeout(later, 20));
      return [...heard];
    }, stage.receipts as KeptReceipt[]);
    expect(told.filter((said) => /of 10,000 receipts looked at/.test(said)).length).toBeGreaterThan(10);
    expect(await outcome(page)).toBe(verifyWords.en.holds(10_000));
    await page.getByRole('button', { name: verifyWords.en.more(100) }).click();
    expect(await page.locator('.receipt-list li:has(> details)').count()).toBe(120);
    await close(page);
  });

  it('says how much of it was pending when it was signed, and may be void by now', async () => {
    const { page } = await open('zh');
    const paid = await signedReceipt({
      accepted: [
        { replica: 1, job: 'j1', chunk: 0, amountMicro: 600, final: false },
        { replica: 2, job: 'j1', chunk: 1, amountMicro: 500, final: true },
      ],
    });
    await lay(page, JSON.stringify(paid));
    expect(await outcome(page)).toBe(verifyWords.zh.holds(1));
    expect(await page.locator('.signed').textContent()).toContain(verifyWords.zh.pending(1, 600));
    await lay(page, JSON.stringify(one));
    expect(await page.locator('.signed').textContent()).not.toContain('待定');
    await close(page);
  });
});
