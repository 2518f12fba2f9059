/** Does the page say of a job what is so, by its policy, and show what there is of it: stitches, and the picture, provisional or not? */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { words as en } from '../../src/app/words/en.ts';
import { words as zh } from '../../src/app/words/zh.ts';
import { whyNo } from './browsers.ts';
import * as data from './fixture-data.ts';
import { close, openStage } from './pages-stage.ts';
import type { Stage } from './pages-stage.ts';

describe.skipIf(whyNo.chromium() !== null)('a job on the page', () => {
  let stage: Stage;
  const open: Stage['open'] = (...told) => stage.open(...told);
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage?.end());

  it('says how a graphics processor’s answer is compared, where it is compared within bounds', async () => {
    for (const [language, w] of [
      ['en', en],
      ['zh', zh],
    ] as const) {
      const sentences = [true, false].map((audited) => w.job.tolerance(audited));
      const page = await open({ scene: { jobs: [data.picture] } }, {}, language);
      for (const [agreement, policy, quorum, said] of [
        ['exact', 'replicate', 2, []],
        ['tolerance', 'replicate', 2, [w.job.tolerance(false)]],
        ['tolerance', 'audit', 1, [w.job.tolerance(true)]],
        // Nobody looks at the answer again: it is held against nothing.
        ['tolerance', 'none', 1, []],
        ['tolerance', 'adaptive', 1, [w.job.tolerance(true)]],
      ] as const) {
        stage.server.scene.jobs = [{ ...data.picture, agreement, policy, quorum }];
        stage.server.pulse();
        // Each differs from the one before.
        await expect
          .poll(
            async () => {
              const text = (await page.locator('section[aria-labelledby=checking]').textContent()) ?? '';
              return sentences.filter((sentence) => text.includes(sentence));
            },
            { message: `${agreement} under ${policy}, ${language}`, timeout: 5_000 },
          )
          .toEqual(said);
      }
      await close(page);
      // Under audits an answer stands alone, and parts of it are computed again [CH6].
      expect(w.job.tolerance(true)).toMatch(/computed again|重算/);
      expect(w.job.tolerance(false)).not.toMatch(/computed again|重算/);
    }
  });

  it.each([
    ['audit', en.job.computedBy],
    ['replicate', en.job.settled],
  ] as const)(
    'says under %s whether people settled what is done, or the anchor stepped in',
    async (policy, said) => {
      const page = await open({ scene: { jobs: [{ ...data.factoring, policy }] } });
      const checking = page.locator('section[aria-labelledby=checking]');
      for (const withAnchor of [0, 56]) {
        stage.server.scene.jobs = [{ ...data.factoring, policy, settledWithAnchor: withAnchor }];
        stage.server.pulse();
        await expect
          .poll(() => checking.textContent())
          .toContain(said(data.factoring.settledByPeople, withAnchor));
      }
      await close(page);
    },
  );

  it('counts what is accepted and not yet verified among what was returned, as the cloth does, and weaves it at once', async () => {
    const job = { ...data.factoring, free: data.factoring.free - 300, accepted: 300 };
    const page = await open({ scene: { jobs: [job] } });
    const returned = String(job.committed + 300);
    expect(await page.locator('.loom canvas').getAttribute('aria-label')).toContain(`${returned} returned`);
    await page.locator('.loom .twin summary').click();
    const cells = await page.locator('.loom .twin tbody td:nth-child(2)').allTextContents();
    expect(cells[2]).toBe(returned);
    expect(cells.reduce((sum, cell) => sum + Number(cell.replaceAll(',', '')), 0)).toBe(job.chunks);
    // The canvas follows although nothing else has moved.
    await page.waitForTimeout(2_200);
    stage.server.asked();
    stage.server.scene.jobs = [{ ...job, free: job.free - 1, accepted: 301 }];
    stage.server.pulse();
    await expect
      .poll(() => stage.server.asked().some((path) => path.includes('/cloth')), { timeout: 8_000 })
      .toBe(true);
    await close(page);
  });

  it('shows a picture as soon as tiles are accepted, none of them verified yet, and more of it as more come', async () => {
    const job = { ...data.picture, free: 1350, final: 0, accepted: 0, settledByPeople: 0 };
    const address = `/api/jobs/${job.job}/preview.png`;
    const page = await open({ scene: { jobs: [job] } });
    expect(await page.locator('.picture').count()).toBe(0);
    for (const [accepted, final] of [
      [1, 0],
      [300, 0],
      [200, 130],
    ] as const) {
      stage.server.asked();
      stage.server.scene.jobs = [{ ...job, free: job.free - accepted - final, accepted, final }];
      stage.server.pulse();
      await expect.poll(() => stage.server.asked().includes(address), { timeout: 5_000 }).toBe(true);
      await page.getByRole('img', { name: en.cloth.picture(job.title) }).waitFor();
      expect(await page.locator('main').getAttribute('class')).toContain('pictured');
    }
    // A tile more is no reason to fetch it again.
    stage.server.scene.jobs = [{ ...job, free: job.free - 331, accepted: 201, final: 130 }];
    stage.server.pulse();
    await page.getByText(en.job.progress(130, 201, job.chunks)).waitFor();
    expect(stage.server.asked()).not.toContain(address);
    for (const w of [en, zh]) expect(w.cloth.picture('')).toMatch(/provisional|暂时/);
    await close(page);
  });
});
