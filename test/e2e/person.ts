/** People in real browsers: a profile of their own, the real page, Start pressed, and what their page shows. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { ownWords } from '../../src/app/words/own.ts';
import { holds, until } from './house.ts';

/** What a browser test asks of the page: enough for three engines with three drivers. */
export interface View {
  /** Evaluates an expression in the page; JSON values only. */
  ask(expression: string): Promise<unknown>;
}

/** Stories are told on a machine of two cores, wherever they run: how many workers compute decides what happens when. */
export const twoCores = `Object.defineProperty(navigator, 'hardwareConcurrency', { value: 2 })`;

const startButton = `document.querySelector('button.loud')`;

/** Presses Start as soon as it can be pressed. */
export async function pressStart(view: View): Promise<void> {
  await holds(
    'Start can be pressed',
    async () => (await view.ask(`${startButton} !== null && !${startButton}.disabled`)) === true,
  );
  await view.ask(`void ${startButton}.click()`);
}

const mainButton = `document.querySelector('button.main')`;

/** Presses the one button that is always the next sensible thing, once it has the name that is expected. */
export async function pressMain(view: View, name: string): Promise<void> {
  await holds(
    `the button says ${name}`,
    async () => (await view.ask(`${mainButton}?.textContent ?? ''`)) === name,
  );
  await view.ask(`void ${mainButton}.click()`);
}

/** The account that a page computes for, once it has one. */
export async function accountOn(view: View): Promise<string> {
  return until('the page shows an account', async () => {
    const account = await view.ask(`document.querySelector('.me code')?.textContent ?? ''`);
    return typeof account === 'string' && account !== '' ? { is: account } : { not: 'none' };
  });
}

/** One person in Chromium. */
export class Person implements View {
  readonly context: BrowserContext;
  /** What the page threw. */
  readonly faults: string[] = [];
  page: Page;

  constructor(context: BrowserContext, page: Page) {
    this.context = context;
    this.page = page;
    this.#listen(page);
  }

  /** Another tab of the same person becomes the one that is looked at. */
  turnTo(page: Page): void {
    this.page = page;
    this.#listen(page);
  }

  ask(expression: string): Promise<unknown> {
    return this.page.evaluate(expression);
  }

  account(): Promise<string> {
    return accountOn(this);
  }

  /** The one heading that says how it stands. */
  async heading(): Promise<string> {
    return (
      (await this.page
        .locator('#state')
        .textContent({ timeout: 1_000 })
        .catch(() => null)) ?? ''
    );
  }

  /** The sentence below it. */
  async lede(): Promise<string> {
    return (
      (await this.page
        .locator('.work-head .lede')
        .textContent({ timeout: 1_000 })
        .catch(() => null)) ?? ''
    );
  }

  /** All that the page says. */
  async text(): Promise<string> {
    return (await this.page.locator('#page').textContent()) ?? '';
  }

  /** Chunks computed in this visit, as the page counts them. */
  async chunks(): Promise<number> {
    return this.#figure(ownWords.en.tally.chunks);
  }

  async units(): Promise<number> {
    return this.#figure(ownWords.en.tally.units);
  }

  async #figure(term: string): Promise<number> {
    const figure = this.page.locator('.tally > div', { hasText: term }).first().locator('.figure');
    return Number(((await figure.textContent({ timeout: 5_000 })) ?? '').replace(/[^0-9]/g, ''));
  }

  async says(what: string, maxMs?: number): Promise<void> {
    await until(
      `the page says “${what}”`,
      async () =>
        (await this.text()).includes(what)
          ? { is: true }
          : { not: `${await this.heading()}: ${await this.lede()}` },
      maxMs,
    );
  }

  async stands(heading: string, maxMs?: number): Promise<void> {
    await until(
      `the page's heading is “${heading}”`,
      async () =>
        (await this.heading()) === heading
          ? { is: true }
          : { not: `${await this.heading()}: ${await this.lede()}` },
      maxMs,
    );
  }

  async computed(chunks: number, maxMs?: number): Promise<void> {
    await until(
      `${chunks} chunks are computed`,
      async () => {
        const now = await this.chunks();
        return now >= chunks ? { is: now } : { not: `${now}; ${await this.heading()}: ${await this.lede()}` };
      },
      maxMs,
    );
  }

  #listen(page: Page): void {
    page.on('pageerror', (error) => this.faults.push(String(error)));
  }
}

/**
 * Opens the page, in a fresh profile unless one is given. `query`: what follows the address; `openMs`: how long its window
 * has been open by then.
 */
export async function visit(
  browser: Browser,
  url: string,
  query = '',
  profile?: BrowserContext,
  openMs = 0,
): Promise<Person> {
  // A certificate of a coordinator's own making is what its operator would be asked to accept.
  const how = { locale: 'en-US', viewport: { width: 1280, height: 900 }, ignoreHTTPSErrors: true };
  const context = profile ?? (await browser.newContext(how));
  await context.addInitScript(twoCores);
  const page = await pageIn(context, openMs);
  const person = new Person(context, page);
  await page.goto(`${url}/${query}`);
  return person;
}

/**
 * A new window's page, once the window has been open for so long: a new one of Chromium 156 loads pages of its own for the
 * address bar, which take a core for its first half second or more.
 */
export async function pageIn(context: BrowserContext, openMs: number): Promise<Page> {
  const page = await context.newPage();
  if (openMs > 0) await new Promise((later) => setTimeout(later, openMs));
  return page;
}

/** By then a window has nothing more to do for itself. */
export const settledMs = 3_000;

/** Opens the page and presses Start. */
export async function join(
  browser: Browser,
  url: string,
  query = '',
  profile?: BrowserContext,
): Promise<Person> {
  const person = await visit(browser, url, query, profile);
  await pressStart(person);
  return person;
}
