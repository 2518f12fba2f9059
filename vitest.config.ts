/** Names the test projects: quick (no browser), browser, e2e and sim; `npm test` runs each in turn. */
import { defineConfig } from 'vitest/config';

/** Tests that drive a real browser may live beside the others; this ending puts them with the browser ones. */
const browserTests = 'test/**/*.browser.test.{ts,tsx}';

const minuteMs = 60_000;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'quick',
          include: ['test/**/*.test.{ts,tsx}'],
          exclude: [browserTests, 'test/browser/**', 'test/e2e/**', 'test/sim/**'],
          testTimeout: 30_000,
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
