/** A stage for tests of the pages: the built pages, a coordinator that says what a test wants, Chromium, and ways to open and unfold. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { words as en } from '../../src/app/words/en.ts';
import { words as zh } from '../../src/app/words/zh.ts';
import { launchChromium } from './browsers.ts';
import { serveFixture } from './fixture-server.ts';
import type { FixtureServer } from './fixture-server.ts';
import { buildPages } from './pages-build.ts';
import { calm, harness } from './pages-states.ts';
import type { State } from './pages-states.ts';

/** Tests that open every state several times get so long. */
export const manyStatesMs = 300_000;

export interface Stage {
  readonly server: FixtureServer;
  readonly browser: Browser;
  /** Opens a state in a fresh browser context. */
  open(state: State, options?: BrowserContextOptions, language?: string): Promise<Page>;
  end(): Promise<void>;
}

/** Builds, serves and launches once for a file of tests. */
export async function openStage(): Promise<Stage> {
  const [built, browser] = await Promise.all([buildPages(), launchChromium()]);
  const server = await serveFixture(built.folder, calm());
  return {
    server,
    browser,
    open: (state, options = {}, language = 'en') => openState({ server, browser }, state, options, language),
    end: async () => {
      await browser.close();
      await server.close();
      built.remove();
    },
  };
}

async function openState(
  { server, browser }: Pick<Stage, 'server' | 'browser'>,
  state: State,
  options: BrowserContextOptions,
  language: string,
): Promise<Page> {
  Object.assign(server.scene, calm(), state.scene);
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const [path, hash] = (state.path ?? `${harness}?`).split('#');
  await page.goto(
    `${server.origin}${path}${path?.includes('?') === true ? '' : '?'}lang=${language}${hash === undefined ? '' : `#${hash}`}`,
  );
  await page.locator('footer').waitFor();
  await page.waitForFunction(() => !document.querySelector('footer')?.textContent?.includes('Asking'));
  if (state.view !== undefined) {
    await page.locator('button.loud').click();
    // Starting says that it runs: what a state says comes after that.
    await page.waitForFunction(() => window.asked.some(([what]) => what === 'start'));
    await page.evaluate(
      ([view, found]) => {
        window.found = found;
        window.say(view);
      },
      [state.view, state.found ?? []] as const,
    );
    await page.waitForTimeout(250);
  }
  if (state.closeBy === true) {
    const name = language === 'zh' ? zh.cloth.closer : en.cloth.closer;
    await page.locator('.loom').getByRole('button', { name }).click();
    await page.locator('.glass-said').waitFor();
  }
  return page;
}

/** Opens everything that can be opened. */
export async function unfold(page: Page): Promise<void> {
  await page.evaluate(() => {
    for (const folded of document.querySelectorAll('details')) folded.open = true;
  });
  await page.waitForTimeout(100);
}

/** Closes a page with all that its person had. */
export function close(page: Page): Promise<void> {
  return page.context().close();
}
