/** Names the test projects: quick (no browser), slow, browser, e2e and sim; `npm test` runs each in turn. */
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Tests that drive a real browser may live beside the others; this ending puts them with the browser ones. */
const browserTests = 'test/**/*.browser.test.{ts,tsx}';

/** What starts and kills whole programs, waits for real clocks or has very much to say is not for every few minutes of a day's work. */
const slowTests = [
  'test/coordinator/{anchor,audit,audit-command,auditors,audits-away,cancelling,certify,claims,closing,drawn-claims,epochs,full,horizon,hostile,hostile-http,kill,kill-audit,limits,lots,main,networks,objections,proxied,receipts,records,restart,seed,server-socket,socket,socket-thread,spec-verifier,tribunal,witnesses}.test.ts',
  'test/core/{checking.prop,chunk.all,merging,merging-older}.test.ts',
  'test/kernels/{mersenne-tf,path-trace,path-trace-agree}.test.ts',
  'test/volunteer/{auditing,cli,engine,engine-host,first-chunk,loop-fast,loop-offline,loop.prop,object,rebuild,receipts-cut,receipts-missed,restored,volunteer,witness,witnessing}.test.ts',
  'test/scripts/soak.test.ts',
  'test/wire/{conversations,hostile}.test.ts',
];

/** What is only looked at in a browser and times nothing: as many of these as there are workers may run beside each other. */
const pageTests =
  'test/browser/{checks,pages,pages-auditing,pages-glass,pages-job,pages-looks,pages-notices,pages-objections,pages-words,rewards,verify,verify-later,widget-looks}.test.ts';

const minuteMs = 60_000;

export default defineConfig({
  test: {
    // The last lines of a run tell what each failure said: whole, or nobody can tell a rare one from it.
    chaiConfig: { truncateThreshold: 400 },
    // Of two cores vitest would leave one alone, although half of the time tests wait for something.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      {
        test: {
          name: 'quick',
          include: ['test/**/*.test.{ts,tsx}'],
          exclude: [browserTests, ...slowTests, 'test/browser/**', 'test/e2e/**', 'test/sim/**'],
          testTimeout: 30_000,
          // What one file has loaded the next one has too: a quarter of the time. A test that puts another module in a module's place is a slow one.
          isolate: false,
        },
      },
      {
        test: {
          name: 'slow',
          include: slowTests,
          testTimeout: minuteMs,
          hookTimeout: minuteMs,
        },
      },
      {
        test: {
          name: 'pages',
          include: [pageTests],
          testTimeout: 2 * minuteMs,
          hookTimeout: 2 * minuteMs,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.{ts,tsx}', browserTests],
          exclude: ['test/e2e/**', pageTests],
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
