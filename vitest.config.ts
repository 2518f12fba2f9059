/** Names the test projects: quick (no browser), processes, browser, e2e and sim; `npm test` runs each in turn. */
import { defineConfig } from 'vitest/config';

/** Tests that drive a real browser may live beside the others; this ending puts them with the browser ones. */
const browserTests = 'test/**/*.browser.test.{ts,tsx}';

/** What starts, interrupts and kills whole programs takes long, and is not for every few minutes of a day's work. */
const processTests = ['test/coordinator/{kill,main}.test.ts', 'test/volunteer/cli.test.ts'];

const minuteMs = 60_000;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'quick',
          include: ['test/**/*.test.{ts,tsx}'],
          exclude: [browserTests, ...processTests, 'test/browser/**', 'test/e2e/**', 'test/sim/**'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'processes',
          include: processTests,
          testTimeout: minuteMs,
          hookTimeout: minuteMs,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.{ts,tsx}', browserTests],
          exclude: ['test/e2e/**'],
          testTimeout: 2 * minuteMs,
          hookTimeout: 2 * minuteMs,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.{ts,tsx}'],
          testTimeout: 5 * minuteMs,
          hookTimeout: 3 * minuteMs,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'sim',
          include: ['test/sim/**/*.test.{ts,tsx}'],
          testTimeout: 10 * minuteMs,
        },
      },
    ],
  },
});
