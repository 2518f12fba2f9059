/** Does the working page say, calmly and only once it is so, that this machine checked others' work, and at which core it does just now? */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditingWords } from '../../src/app/words/auditing.ts';
import { words as en } from '../../src/app/words/en.ts';
import { ownWords } from '../../src/app/words/own.ts';
import { words as zh } from '../../src/app/words/zh.ts';
import { whyNo } from './browsers.ts';
import * as data from './fixture-data.ts';
import { close, openStage } from './pages-stage.ts';
import type { Stage } from './pages-stage.ts';

describe.skipIf(whyNo.chromium() !== null)('a machine that checks others', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage?.end());

  it.each([
    ['en', en],
    ['zh', zh],
  ] as const)('says so beside its own units, and what for (%s)', async (language, w) => {
    const a = auditingWords[language];
    const page = await stage.open({ view: data.checking }, {}, language);
    const units = page.locator('.tally > div', { hasText: ownWords[language].tally.units });
    expect(await units.locator('.figure').textContent()).toBe(w.f.count(data.checking.units));
    expect(await units.locator('.note').allTextContents()).toEqual([a.checked(12)]);
    expect(await page.getByText(a.note).count()).toBe(1);
    const rows = await page.locator('.thread-row .what').allTextContents();
    expect(rows.filter((text) => text === a.now(4))).toHaveLength(1);
    expect(rows.filter((text) => text.startsWith(w.work.workerStates.computing))).toHaveLength(3);
    await close(page);
  });

  it('says nothing of it before the first', async () => {
    const page = await stage.open({ view: data.running });
    const a = auditingWords.en;
    expect(await page.getByText(a.note).count()).toBe(0);
    expect(await page.locator('.tally .note', { hasText: 'of others' }).count()).toBe(0);
    await close(page);
  });
});
