/**
 * Windows that have been open for a while, as somebody's has who opens an address: a new one of Chromium 156 loads pages of its
 * own for the address bar, which take a core for its first half second or more.
 */
import type { BrowserContext, Page } from 'playwright-core';

/** By then a window has nothing more to do for itself. */
export const settledMs = 3_000;

/** A new window's page, once the window has been open for so long. */
export async function pageIn(context: BrowserContext, openMs: number): Promise<Page> {
  const page = await context.newPage();
  await new Promise((later) => setTimeout(later, openMs));
  return page;
}
