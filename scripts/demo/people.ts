/** People for a demonstration: separate browser profiles that open the page, press Start, and are watched while they compute. */
import type { Browser, BrowserContext, Page } from 'playwright-core';

/** One person with a profile of their own. */
export interface Person {
  readonly name: string;
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the page complained about. */
  readonly faults: string[];
}

/** Opens the page in a fresh profile and presses Start. `gpu=always` uses a software GPU too, as only tests and demonstrations do. */
export async function bring(browser: Browser, name: string, url: string): Promise<Person> {
  const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  await page.goto(`${url}/?gpu=always`);
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  return { name, context, page, faults };
}

/** The account of whoever computes on a page, as it says it. */
export async function accountOn(page: Page): Promise<string> {
  const told = page.locator('code').filter({ hasText: /^[\w-]{16}$/ });
  return (await told.first().textContent()) ?? '';
}
