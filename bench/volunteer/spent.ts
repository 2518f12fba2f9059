/** Looks into a page's worker from outside: how much time went into the kernel, without a word of the product being changed. */
import type { BrowserContext, Page, Worker } from 'playwright-core';

/** What a worker has done with its time so far. */
export interface Spent {
  /** Inside the kernel's `run`. */
  readonly kernelMs: number;
  readonly units: number;
  /** The worker's own clock. */
  readonly nowMs: number;
}

/** Goes in front of the worker's program: `run` of every instance is timed. Its own cost is a microsecond a unit. */
const stopwatch = `
  const Bare = WebAssembly.Instance;
  const spent = { kernelMs: 0, units: 0 };
  globalThis.talkaSpent = () => ({ ...spent, nowMs: performance.now() });
  WebAssembly.Instance = function (module, imports) {
    const bare = new Bare(module, imports).exports;
    const run = (unit) => {
      const startMs = performance.now();
      const size = bare.run(unit);
      spent.kernelMs += performance.now() - startMs;
      spent.units++;
      return size;
    };
    return { exports: { ...bare, run } };
  };
`;

/** From now on, workers of this context's pages keep time. */
export async function timeWorkers(context: BrowserContext): Promise<void> {
  await context.route(/\/assets\/compute\.worker-[^/]*\.js$/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: stopwatch + (await response.text()) });
  });
}

/** The page's one worker. */
export function workerOf(page: Page): Worker {
  const [worker, ...others] = page.workers();
  if (worker === undefined || others.length > 0)
    throw new Error(`one worker was expected, there are ${others.length + (worker === undefined ? 0 : 1)}`);
  return worker;
}

/** Read between two units' breaths, so a window's ends cut no unit in two. */
export async function spentIn(worker: Worker): Promise<Spent> {
  return (await worker.evaluate('talkaSpent()')) as Spent;
}
