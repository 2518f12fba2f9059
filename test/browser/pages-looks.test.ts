/** Can everybody read and reach what the pages show: in every state, theme and language, at every size of screen and letter? */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyNo } from './browsers.ts';
import * as data from './fixture-data.ts';
import { columnOf, findingsOf } from './pages-looks.ts';
import { close, manyStatesMs, openStage, unfold } from './pages-stage.ts';
import type { Stage } from './pages-stage.ts';
import { board, calm, states } from './pages-states.ts';
import type { State } from './pages-states.ts';

describe.skipIf(whyNo.chromium() !== null)('what the pages look like', () => {
  let stage: Stage;
  const open: Stage['open'] = (...told) => stage.open(...told);
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage?.end());

  it(
    'are readable by everybody in every state, theme and language (axe)',
    async () => {
      for (const [name, state] of Object.entries(states)) {
        for (const [colorScheme, language] of [
          ['light', 'zh'],
          ['dark', 'en'],
        ] as const) {
          const page = await open(state, { colorScheme }, language);
          await unfold(page);
          const found = await findingsOf(page);
          expect(found, `${name}, ${colorScheme}, ${language}`).toEqual([]);
          await close(page);
        }
      }
    },
    manyStatesMs,
  );

  it(
    'never scroll sideways, on the narrowest phone, zoomed in, and with text twice as large',
    async () => {
      for (const [name, state] of Object.entries(states)) {
        for (const language of ['en', 'zh']) {
          const page = await open(state, { viewport: { width: 360, height: 740 } }, language);
          await unfold(page);
          for (const width of [360, 320]) {
            await page.setViewportSize({ width, height: 740 });
            const wide = await page.evaluate(() => document.documentElement.scrollWidth);
            expect(wide, `${name}, ${language}, ${width}`).toBeLessThanOrEqual(width);
          }
          await page.setViewportSize({ width: 390, height: 844 });
          const enlarged = await page.evaluate(() => {
            document.documentElement.style.fontSize = '200%';
            return document.documentElement.scrollWidth;
          });
          expect(enlarged, `${name}, ${language}, text twice as large`).toBeLessThanOrEqual(390);
          await close(page);
        }
      }
    },
    manyStatesMs,
  );

  it(
    'stay one readable column on a wide screen',
    async () => {
      for (const [name, state] of Object.entries(states)) {
        for (const language of ['en', 'zh']) {
          const page = await open(state, { viewport: { width: 1440, height: 900 } }, language);
          await unfold(page);
          const where = `${name}, ${language}`;
          const { scrollWidth, left, right, longest } = await columnOf(page);
          expect(scrollWidth, where).toBeLessThanOrEqual(1440);
          expect(right - left, where).toBeGreaterThan(1000);
          expect(right - left, where).toBeLessThanOrEqual(1088);
          expect(Math.abs(left - (1440 - right)), where).toBeLessThanOrEqual(1);
          expect(longest.letters, `${where}: ${longest.text}`).toBeLessThanOrEqual(90);
          await close(page);
        }
      }
    },
    manyStatesMs,
  );

  it('have Start in sight without scrolling, on phones too, whatever the requester wrote', async () => {
    const wordy = {
      title: 'The longest title that anybody wrote '.repeat(5),
      cause: 'And why. '.repeat(110),
    };
    const begins: Readonly<Record<string, State>> = {
      ...states,
      wordy: { scene: { jobs: [{ ...data.picture, ...wordy }] } },
    };
    for (const [name, state] of Object.entries(begins)) {
      if (state.view !== undefined || state.closeBy === true || state.path?.startsWith(board) === true)
        continue;
      for (const language of ['en', 'zh']) {
        const page = await open(state, {}, language);
        for (const [width, height] of [
          [360, 640],
          [390, 844],
          [1440, 900],
        ] as const) {
          if (name === 'wordy' && width > 1000) continue;
          await page.setViewportSize({ width, height });
          const seen = await page.locator('button.loud').evaluate((button) => {
            const { left, right, top, bottom } = button.getBoundingClientRect();
            const there = document.elementFromPoint((left + right) / 2, bottom - 2);
            return { top, bottom, scrolled: scrollY, uncovered: button.contains(there) };
          });
          const where = `${name}, ${language}, ${width} × ${height}`;
          expect(seen, where).toMatchObject({ scrolled: 0, uncovered: true });
          expect(seen.top, where).toBeGreaterThan(0);
          expect(seen.bottom, where).toBeLessThanOrEqual(height);
        }
        await close(page);
      }
    }
  });

  it('do not move under the reader (CLS), in both languages and with a picture', async () => {
    for (const [path, jobs, language] of [
      ['/?', [data.finished, data.factoring], 'en'],
      ['/?', [data.finishedPicture, data.picture], 'en'],
      ['/?', [data.factoring], 'zh'],
      [`${board}?`, [data.factoring], 'zh'],
    ] as const) {
      for (const width of [390, 1280]) {
        // Slow enough that the page stands before the coordinator has said anything.
        Object.assign(stage.server.scene, calm(), { jobs, delayMs: 400 });
        const context = await stage.browser.newContext({ viewport: { width, height: 844 } });
        const page = await context.newPage();
        await page.addInitScript(() => {
          Reflect.set(window, 'shifted', []);
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries())
              (Reflect.get(window, 'shifted') as number[]).push(Reflect.get(entry, 'value') as number);
          }).observe({ type: 'layout-shift', buffered: true });
        });
        await page.goto(`${stage.server.origin}${path}lang=${language}`);
        await page.locator('.loom-words .figures, .board').first().waitFor();
        await page.waitForTimeout(700);
        const shifted = await page.evaluate(() => Reflect.get(window, 'shifted') as number[]);
        expect(
          shifted.reduce((sum, value) => sum + value, 0),
          `${path} ${language} ${width}`,
        ).toBeLessThan(0.02);
        await context.close();
      }
    }
  });
});
