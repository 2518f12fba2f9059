/** What can be measured of a page as it stands before a reader: what axe finds wrong, how wide its column and its lines are. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Frame, Page } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Every violation of WCAG 2.2 AA and of good practice that axe finds, with its place. */
export async function findingsOf(page: Page | Frame): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { axe: tool } = window as unknown as {
      axe: {
        run(
          options: object,
        ): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>;
      };
    };
    const { violations } = await tool.run({
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'],
    });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
    );
  });
}

/** Where the column stands, in CSS pixels, and its longest line of running text. */
export interface Column {
  readonly scrollWidth: number;
  readonly left: number;
  readonly right: number;
  /** `letters`: its width in zeros of its own face, which is what typographers count. */
  readonly longest: { readonly text: string; readonly letters: number };
}

export function columnOf(page: Page): Promise<Column> {
  return page.evaluate(() => {
    const pen = document.createElement('canvas').getContext('2d');
    const main = document.querySelector('main')?.getBoundingClientRect();
    if (pen === null || main === undefined) throw new Error('the page has no main column');
    const lines = [...document.querySelectorAll('main p')].map((line) => {
      pen.font = getComputedStyle(line).font;
      const range = document.createRange();
      range.selectNodeContents(line);
      const letters = range.getBoundingClientRect().width / pen.measureText('0').width;
      return { text: line.textContent, letters };
    });
    return {
      scrollWidth: document.documentElement.scrollWidth,
      left: main.left,
      right: main.right,
      longest: lines.reduce((long, line) => (line.letters > long.letters ? line : long)),
    };
  });
}
