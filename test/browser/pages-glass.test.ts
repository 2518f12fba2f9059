/** Can the cloth be looked at down to a single chunk: by keys, wheel, fingers and words, also of a million chunks? */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BrowserContextOptions, Page } from 'playwright-core';
import {
  chunkAt,
  closer,
  layOf,
  moved,
  partsOf,
  placeOf,
  showing,
  spanMin,
  stitchesMax,
  wholeOf,
} from '../../src/app/glass/glance.ts';
import { Pages } from '../../src/app/glass/pages.ts';
import { glassWords } from '../../src/app/glass/words.ts';
import { words as en } from '../../src/app/words/en.ts';
import type { JobView } from '../../src/wire/views.ts';
import { whyNo } from './browsers.ts';
import * as data from './fixture-data.ts';
import { close, openStage } from './pages-stage.ts';
import type { Stage } from './pages-stage.ts';
import { calm, harness } from './pages-states.ts';

const frames = [
  { width: 1088, height: 300 },
  { width: 320, height: 192 },
] as const;

describe('a glance', () => {
  it.each([1, 2, 5, 65, 3000, 4097, 1_000_003])(
    'at %i chunks goes from all of them to single ones',
    (chunks) => {
      for (const frame of frames) {
        let glance = wholeOf(chunks);
        const target = Math.floor(chunks * 0.7);
        for (let step = 0; step < 25; step++) {
          const lay = layOf(glance, frame);
          expect(lay.columns * lay.rows).toBeLessThanOrEqual(stitchesMax * 1.2);
          expect([lay.from >= 0, lay.to <= chunks, lay.from < lay.to]).toEqual([true, true, true]);
          glance = showing(closer(glance, 2, frame, target), target, frame);
          const { from, to } = layOf(glance, frame);
          expect(from <= target && target < to, `${from} to ${to} without ${target}`).toBe(true);
        }
        expect(glance.span).toBe(Math.min(chunks, spanMin));
        expect(layOf(glance, frame).each).toBe(1);
        for (let step = 0; step < 25; step++) glance = closer(glance, 0.5, frame, target);
        expect(glance).toEqual(wholeOf(chunks));
      }
    },
  );

  it('knows which chunk lies where, and shows whichever is asked for', () => {
    const [frame] = frames;
    for (const chunks of [65, 3000, 1_000_003]) {
      let glance = closer(wholeOf(chunks), chunks / 40, frame, 0);
      for (const chunk of [0, chunks - 1, Math.floor(chunks / 2), 17, chunks - 2]) {
        glance = showing(glance, chunk, frame);
        const lay = layOf(glance, frame);
        const { x, y } = placeOf(lay, chunk);
        expect(chunkAt(lay, x + lay.width / 2, y + lay.height / 2)).toBe(chunk);
        expect(y > -1 && y + lay.height < frame.height + 1).toBe(true);
      }
      const far = layOf(moved(glance, 1e9, frame), frame);
      expect(far.to).toBe(chunks);
      expect(layOf(moved(moved(glance, 1e9, frame), -1, frame), frame).top).toBeCloseTo(far.top - 1);
    }
  });

  it('is cut into equal parts that leave nothing out', () => {
    expect(partsOf(3, 10, 12)).toHaveLength(7);
    const parts = partsOf(5, 1005, 12);
    expect([parts.length, parts[0]?.[0], parts.at(-1)?.[1]]).toEqual([12, 5, 1005]);
    for (let i = 1; i < parts.length; i++) expect(parts[i]?.[0]).toBe(parts[i - 1]?.[1]);
  });
});

describe('pages of chunks', () => {
  it('are asked for one at a time, only where somebody looks, and again when the job has moved', async () => {
    const asked: string[] = [];
    const answers: ((bytes: Uint8Array | null) => void)[] = [];
    const pages = new Pages(
      1_000_000,
      (from, to, bins) =>
        new Promise((resolve, reject) => {
          asked.push(`${from} ${to} ${bins}`);
          answers.push((bytes) => (bytes === null ? reject(new Error('none')) : resolve(bytes)));
        }),
      () => Uint8Array.of(0, 0, 255, 255, 0, 0),
      () => {},
    );
    const turn = (): Promise<void> => new Promise((next) => setTimeout(next));
    expect(pages.standing(1, 999_999)).toMatchObject({ leased: 1, final: 0 });
    pages.want(1, 2000, 2100);
    pages.want(1, 500_000, 500_010);
    expect(asked).toEqual(['0 2048 2048']);
    answers.shift()?.(new Uint8Array(3 * 2048).fill(0));
    await turn();
    expect(asked).toEqual(['0 2048 2048', '499712 501760 2048']);
    expect([pages.knows(2000), pages.knows(500_000)]).toEqual([true, false]);
    answers.shift()?.(null);
    await turn();
    expect([asked.length, pages.failed]).toEqual([2, true]);
    pages.outdate();
    const final = new Uint8Array(3 * 2048);
    final[2 + 3 * (500_003 - 499_712)] = 255;
    answers.shift()?.(Uint8Array.from(final));
    await turn();
    expect([asked.length, pages.failed]).toEqual([3, false]);
    expect(pages.standing(1, 500_003)).toMatchObject({ final: 1, changedAt: null });
    pages.outdate();
    final[2 + 3 * (500_004 - 499_712)] = 255;
    answers.shift()?.(Uint8Array.from(final));
    await turn();
    expect(pages.standing(1, 500_004)?.changedAt).not.toBeNull();
  });
});

describe.skipIf(whyNo.chromium() !== null)('the cloth from close by', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage?.end());

  async function open(job: JobView, options: BrowserContextOptions = {}): Promise<Page> {
    Object.assign(stage.server.scene, calm(), { jobs: [job] });
    const context = await stage.browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const page = await context.newPage();
    await page.goto(`${stage.server.origin}${harness}?lang=en`);
    const button = page.getByRole('button', { name: en.cloth.closer });
    await button.waitFor();
    stage.server.asked();
    await button.click();
    await page.locator('.glass-said').waitFor();
    return page;
  }
  const said = async (page: Page): Promise<string> => (await page.locator('.glass-said').textContent()) ?? '';
  const g = glassWords.en;
  /** What the fixture's coordinator says of one chunk. */
  const stateOf = (job: JobView, chunk: number): string => {
    const [leased, committed, final] = data.clothOf(job, 1, chunk, chunk + 1);
    return en.states[final ? 'final' : committed ? 'committed' : leased ? 'leased' : 'free'];
  };

  it('tells number and state of whichever chunk is chosen, by keys alone, and gives the focus back', async () => {
    const page = await open(data.million);
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe(g.closer);
    for (const chunk of [0, 499_123, 499_124, 500_700, 999_999]) {
      await page.getByLabel(g.number).fill(String(chunk + 1));
      await page.keyboard.press('Enter');
      await page
        .getByText(g.chunk(chunk + 1, stateOf(data.million, chunk), false))
        .first()
        .waitFor();
    }
    const range = page.getByLabel(g.place);
    await range.focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    await page
      .getByText(g.chunk(2, stateOf(data.million, 1), false))
      .first()
      .waitFor();
    await expect
      .poll(() => range.getAttribute('aria-valuetext'))
      .toBe(g.chunk(2, stateOf(data.million, 1), false));
    for (let i = 0; i < 25; i++) await page.keyboard.press('-');
    await expect.poll(() => said(page)).toContain(g.inView(1, 1_000_000, 1_000_000));
    for (let i = 0; i < 25; i++) await page.keyboard.press('+');
    await expect.poll(() => said(page)).toMatch(/In view: chunks 1 to (6|8) of/);
    await page.keyboard.press('Escape');
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe(en.cloth.closer);
    expect(await page.locator('.glass').count()).toBe(0);
    await close(page);
  });

  it('has a table that says the same as the coordinator', async () => {
    const page = await open(data.factoring);
    for (let i = 0; i < 4; i++) await page.keyboard.press('+');
    await page.getByText(g.table).click();
    const rows = await page
      .locator('.glass tbody tr')
      .evaluateAll((all) => all.map((row) => row.textContent));
    expect(rows.length).toBeGreaterThan(5);
    expect(rows.length).toBeLessThanOrEqual(48);
    const from = /chunks ([\d,]+) to/.exec(await said(page))?.[1] ?? '';
    const first = Number(from.replaceAll(',', '')) - 1;
    expect(rows).toEqual(
      rows.map((_, i) => `${en.f.whole(first + i + 1)}${stateOf(data.factoring, first + i)}`),
    );
    for (let i = 0; i < 25; i++) await page.keyboard.press('-');
    await expect.poll(() => page.locator('.glass tbody tr').count()).toBe(12);
    expect(await page.locator('.glass thead').textContent()).toContain(en.states.committed);
    await close(page);
  });

  it('follows wheel, fingers and mouse, and leaves the page its wheel', async () => {
    const page = await open(data.million, { viewport: { width: 1280, height: 500 } });
    const canvas = page.locator('.glass canvas');
    await canvas.scrollIntoViewIfNeeded();
    const box = (await canvas.boundingBox()) ?? { x: 0, y: 0 };
    await page.mouse.move(box.x + 200, box.y + 100);
    const view = async (): Promise<string> => /In view.*?\./.exec(await said(page))?.[0] ?? '';
    const before = await view();
    await page.mouse.wheel(0, 120);
    await expect.poll(() => page.evaluate(() => scrollY)).toBeGreaterThan(0);
    expect(await view()).toBe(before);
    // Browsers scroll smoothly: what comes next is measured once that is over.
    await page.waitForTimeout(500);
    const scrolled = await page.evaluate(() => scrollY);
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, -240);
    await page.keyboard.up('Control');
    await expect.poll(view).not.toBe(before);
    expect(await page.evaluate(() => scrollY)).toBe(scrolled);

    const closerView = await view();
    const now = (await canvas.boundingBox()) ?? { x: 0, y: 0 };
    await page.mouse.move(now.x + 200, now.y + 150);
    await page.mouse.down();
    await page.mouse.move(now.x + 200, now.y + 20, { steps: 8 });
    await page.mouse.up();
    await expect.poll(view).not.toBe(closerView);
    const dragged = await said(page);
    await page.mouse.click(now.x + 300, now.y + 120);
    await expect.poll(() => said(page)).not.toBe(dragged);
    expect(await view()).toBe(/In view.*?\./.exec(dragged)?.[0]);

    const span = async (): Promise<number> => {
      const [from = 0, to = 0] = [...(await view()).matchAll(/[\d,]+/g)].map(([n]) =>
        Number(n.replaceAll(',', '')),
      );
      return to - from + 1;
    };
    const apart = await span();
    await canvas.evaluate((element) => {
      element.setPointerCapture = () => {};
      const { left, top } = element.getBoundingClientRect();
      const finger = (type: string, pointerId: number, x: number): void => {
        const at = { pointerId, clientX: left + x, clientY: top + 100, bubbles: true };
        element.dispatchEvent(new PointerEvent(type, { ...at, pointerType: 'touch' }));
      };
      finger('pointerdown', 7, 300);
      finger('pointerdown', 8, 400);
      for (let step = 1; step <= 10; step++) finger('pointermove', 8, 400 + 30 * step);
      finger('pointerup', 7, 300);
      finger('pointerup', 8, 700);
    });
    await expect.poll(span).toBeLessThan(apart / 2);
    await close(page);
  });

  it('asks for little, whatever the size of the job, and for nothing before it is opened', async () => {
    Object.assign(stage.server.scene, calm(), { jobs: [data.million] });
    const context = await stage.browser.newContext();
    const page = await context.newPage();
    const loaded: string[] = [];
    page.on('request', (request) => loaded.push(request.url()));
    await page.goto(`${stage.server.origin}${harness}?lang=en`);
    await page.getByRole('button', { name: en.cloth.closer }).waitFor();
    await page.waitForTimeout(400);
    expect(loaded.filter((url) => /Glass|glass/.test(url))).toEqual([]);
    await page.getByRole('button', { name: en.cloth.closer }).click();
    await page.locator('.glass-said').waitFor();
    for (let i = 0; i < 20; i++) await page.keyboard.press(i % 2 === 0 ? '-' : '+');
    const range = page.getByLabel(g.place);
    await range.focus();
    for (let i = 0; i < 40; i++) await page.keyboard.press('PageDown');
    await page.waitForTimeout(500);
    const windows = loaded.filter((url) => url.includes('/cloth?')).map((url) => new URL(url).searchParams);
    for (const window of windows) expect(Number(window.get('bins'))).toBeLessThanOrEqual(4096);
    expect(windows.length).toBeLessThan(40);
    await context.close();
  });

  it('stands still at once for those who want no motion, and comes in gently for others', async () => {
    for (const reducedMotion of ['reduce', 'no-preference'] as const) {
      const page = await open(data.factoring, { reducedMotion });
      await page.waitForTimeout(600);
      const ghosts = await page.evaluate(async () => {
        let painted = 0;
        const { drawImage } = CanvasRenderingContext2D.prototype;
        CanvasRenderingContext2D.prototype.drawImage = function (...all: unknown[]) {
          painted++;
          Reflect.apply(drawImage, this, all);
        };
        document.querySelector<HTMLButtonElement>('.glass-bar button:nth-child(2)')?.click();
        await new Promise((later) => setTimeout(later, 500));
        return painted;
      });
      if (reducedMotion === 'reduce') expect(ghosts).toBe(0);
      else expect(ghosts).toBeGreaterThan(0);
      await close(page);
    }
  });

  it('says so when the coordinator does not answer, and shows the last that it knew', async () => {
    const page = await open(data.million);
    stage.server.scene.up = false;
    await page.getByLabel(g.number).fill('900000');
    await page.getByLabel(g.number).press('Enter');
    await page.getByText(g.unanswered).waitFor();
    await expect.poll(() => said(page)).toContain(g.chunk(900_000, null, false));
    stage.server.scene.up = true;
    await close(page);
  });

  it('leaves alone what somebody types, whatever it is told meanwhile', async () => {
    const page = await open(data.million);
    const field = page.getByLabel(g.number);
    await field.fill('900000');
    await page.getByLabel(g.place).evaluate((range: HTMLInputElement) => {
      range.value = '5';
      range.dispatchEvent(new Event('input', { bubbles: true }));
    });
    await expect.poll(() => said(page)).toContain('Chunk 5');
    expect(await field.inputValue()).toBe('900000');
    await field.press('Enter');
    await expect.poll(() => said(page)).toContain('Chunk 900,000');
    expect(await field.inputValue()).toBe('900000');
    await field.fill('7');
    await page.getByLabel(g.place).focus();
    // Left without Enter: as browsers have it, that is a choice as well.
    await expect.poll(() => said(page)).toContain('Chunk 7');
    await close(page);
  });
});
