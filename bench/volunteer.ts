/**
 * How well a volunteer's page uses the machine it is lent, in real Chromium beside a real coordinator in another
 * process: kernel time ÷ worker wall time over chunk and lease boundaries, the longest task that blocks the page,
 * what a chunk's verifiability costs beside its kernel time, and whether the backend it chooses is the best one it has.
 *
 * node bench/volunteer.ts [--json FILE]
 */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { words } from '../src/app/words/en.ts';
import type { Backend } from '../src/core/state.ts';
import type { Kernel } from '../src/kernels/kernel.ts';
import { demoJob as factoringJob } from '../src/kernels/mersenne-tf/demo.ts';
import { encodeInput, mersenneTf } from '../src/kernels/mersenne-tf/index.ts';
import { demoJob as pictureJob } from '../src/kernels/path-trace/demo.ts';
import { pathTrace } from '../src/kernels/path-trace/index.ts';
import { launchChromium, whyNo } from '../test/browser/browsers.ts';
import { serveFiles } from '../test/browser/serve.ts';
import type { Served } from '../test/browser/serve.ts';
import { Door, freshFolder, holds, openApart, sweep } from '../test/e2e/house.ts';
import { factoring } from '../test/e2e/orders.ts';
import { pressStart, settledMs, visit } from '../test/e2e/person.ts';
import type { Person } from '../test/e2e/person.ts';
import { median, report } from './measure.ts';
import type { Line } from './measure.ts';
import { measuredIn, watchMeasuring, wishesOfGpu } from './volunteer/measured.ts';
import type { Rates, RatesWish } from './volunteer/rates-page.ts';
import { buildSite, bundle } from './volunteer/site.ts';
import { spentIn, timeWorkers, workerOf } from './volunteer/spent.ts';
import type { Verification, VerificationWish } from './volunteer/verification-page.ts';

const windows = 5;
const windowMs = 5_000;
/** The engine's compiling and the growing leases of a new device are over by then. */
const warmChunks = 6;
const longTaskMsMax = 50;
const rounds = 5;
/** An emulated GPU takes its time to prove itself. */
const measuredMsMax = 300_000;

/** Lengths of a unit on the reference core, by how many k it covers, and the share of the time that must go into the kernel. */
const lengths = [
  { unitMs: 5, atLeast: 0.97 },
  { unitMs: 20, atLeast: 0.99 },
];

/** The k of a unit that costs about so much. */
function kPerUnitOf(unitMs: number): number {
  const cost = (kPerUnit: number): number => mersenneTf.unitCostMicro(factoring(1, 1, kPerUnit).input);
  const kPerUnit = 1 << 18;
  return Math.round((kPerUnit * unitMs * 1000) / cost(kPerUnit) / 256) * 256;
}

/** The page computes with one worker, so that the other core is left to everything else. */
async function oneCore(page: Page): Promise<void> {
  const fewer = page.getByRole('button', { name: words.cost.fewer });
  while (await fewer.isEnabled()) await fewer.click();
}

const observeLongTasks = `
  globalThis.longTasks = [];
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longTasks.push(duration);
  }).observe({ type: 'longtask', buffered: true });
`;

interface Efficiency {
  readonly shares: number[];
  readonly unitMs: number;
  /** Longest tasks of the page's own thread: until the first chunks are done, and afterwards. 0: none above 50 ms. */
  readonly opening: number;
  readonly working: number;
}

async function efficiency(browser: Browser, webDir: string, unitMs: number): Promise<Efficiency> {
  const apart = await openApart({ port: 0, dataDir: freshFolder(), webDir, seed: 'none' });
  try {
    const { url, token } = apart.listening;
    await new Door(url, token ?? '').submit(factoring(5_000, 500, kPerUnitOf(unitMs)));
    const context = await browser.newContext({ locale: 'en-US' });
    await timeWorkers(context);
    await context.addInitScript(observeLongTasks);
    const person = await visit(browser, url, '', context, settledMs);
    await oneCore(person.page);
    await pressStart(person);
    await person.computed(warmChunks);
    const opening = await longestTask(person);
    const worker = workerOf(person.page);
    const first = await spentIn(worker);
    const shares: number[] = [];
    let before = first;
    for (let i = 0; i < windows; i++) {
      await sleep(windowMs);
      const now = await spentIn(worker);
      shares.push((now.kernelMs - before.kernelMs) / (now.nowMs - before.nowMs));
      before = now;
    }
    const working = await longestTask(person);
    await context.close();
    return {
      shares,
      opening,
      working,
      unitMs: (before.kernelMs - first.kernelMs) / (before.units - first.units),
    };
  } finally {
    await apart.end('SIGKILL');
  }
}

/** The longest task of the page's thread since this was asked for last; 0 where none was longer than 50 ms. */
async function longestTask(person: Person): Promise<number> {
  return Number(await person.ask('Math.max(0, ...longTasks.splice(0))'));
}

/** The page of a new coordinator: both demonstrations, the picture as it emerges, and as much of the machine as is proposed. */
async function demonstrations(
  browser: Browser,
  webDir: string,
): Promise<Pick<Efficiency, 'opening' | 'working'>> {
  const apart = await openApart({ port: 0, dataDir: freshFolder(), webDir, seed: 'seed' });
  try {
    const context = await browser.newContext({ locale: 'en-US' });
    await context.addInitScript(observeLongTasks);
    const person = await visit(browser, apart.listening.url, '', context, settledMs);
    await pressStart(person);
    await person.computed(warmChunks);
    const opening = await longestTask(person);
    await sleep(windows * windowMs);
    const working = await longestTask(person);
    await context.close();
    return { opening, working };
  } finally {
    await apart.end('SIGKILL');
  }
}

async function efficiencyLines(webDir: string): Promise<Line[]> {
  const browser = await launchChromium({ stock: true });
  const lines: Line[] = [];
  const opening: number[] = [];
  const working: number[] = [];
  try {
    for (const { unitMs, atLeast } of lengths) {
      const found = await efficiency(browser, webDir, unitMs);
      const middle = median(found.shares);
      const what = `kernel time, units of ${unitMs} ms (${found.unitMs.toFixed(1)} in fact)`;
      lines.push({
        what,
        unit: 'ms',
        ours: middle * windowMs,
        reference: windowMs,
        beside: 'the worker’s wall time',
        goal: { atLeast },
      });
      opening.push(found.opening);
      working.push(found.working);
    }
    const both = await demonstrations(browser, webDir);
    opening.push(both.opening);
    working.push(both.working);
  } finally {
    await browser.close();
  }
  const task = (what: string, found: number[]): Line => ({
    what: `longest task of the page’s thread, ${what}, one job of each length and both demonstrations (0: none of 50)`,
    unit: 'ms',
    ours: Math.max(...found),
    reference: longTaskMsMax,
    beside: 'what people notice',
    goal: { atMost: 1 },
  });
  return [...lines, task('until the first chunks', opening), task('while computing', working)];
}

/** What the backends are measured on: a unit from the middle of the small demonstrations. */
const subjects = [
  { kernel: mersenneTf, input: encodeInput(factoringJob('demo')) },
  { kernel: pathTrace, input: pictureJob('demo') },
] as const;

/** A page with one of this folder's scripts, both kernels and their inputs. */
async function serveSubjects(entry: string): Promise<Served> {
  const files: Record<string, string | Uint8Array> = {
    ...(await bundle(entry)),
    '/page.html': '<script type="module" src="/page.js"></script>',
  };
  const built = new URL('../build/kernels/', import.meta.url);
  for (const { kernel, input } of subjects) {
    files[`/${kernel.id}/input`] = input;
    for (const name of ['reference.wasm', 'shader.wgsl'])
      files[`/${kernel.id}/${name}`] = readFileSync(new URL(`${kernel.id}/${name}`, built));
  }
  return serveFiles(files);
}

/** A chunk of about so much time. */
const verifiedChunkMs = 1_000;
/** What hashing and committing may take of a chunk's kernel time. */
const verificationShareMax = 0.005;

async function verificationLines(): Promise<Line[]> {
  const [browser, served] = [await launchChromium(), await serveSubjects('verification-page.ts')];
  try {
    const page = await browser.newPage();
    await page.goto(`${served.origin}/page.html`);
    const lines: Line[] = [];
    for (const { kernel, input } of subjects) {
      const units = Math.min(
        kernel.units(input),
        Math.ceil((verifiedChunkMs * 1000) / kernel.unitCostMicro(input)),
      );
      const wish: VerificationWish = { kernel: kernel.id, agreement: kernel.agreement, units, rounds };
      const { kernelMs, verifyMs, outputBytes } = await page.evaluate<Verification>(
        `measureVerification(${JSON.stringify(wish)})`,
      );
      const [ours, computed] = [median(verifyMs), median(kernelMs)];
      const share = `${((100 * ours) / computed).toFixed(3)} % of its kernel time`;
      lines.push({
        what: `${kernel.id}: checking, digesting, committing ${units} units (${outputBytes} bytes): ${share}`,
        unit: 'ms',
        ours,
        reference: computed * verificationShareMax,
        beside: `${100 * verificationShareMax} % of ${computed.toFixed(0)} ms in the kernel`,
        goal: { atMost: 1 },
      });
    }
    for (const { kernel, input } of subjects)
      lines.push(await jointLine(page, kernel, Math.round(250_000 / kernel.unitCostMicro(input))));
    return lines;
  } finally {
    await served.close();
    await browser.close();
  }
}

/** What is left to the thread where a GPU has computed and digested the demonstrations' chunks, framing them included. */
async function jointLine(
  page: Page,
  { id, agreement }: Pick<Kernel, 'id' | 'agreement'>,
  units: number,
): Promise<Line> {
  const wish: VerificationWish = { kernel: id, agreement, units, rounds };
  const ms = median(await page.evaluate<number[]>(`measureJoint(${JSON.stringify(wish)})`));
  return {
    what: `${id}: the thread beside a GPU that has digested them, for a chunk of ${units} units among 64`,
    unit: 'µs',
    ours: 1000 * ms,
    reference: 1000 * 5 * verificationShareMax,
    beside: `${100 * verificationShareMax} % of a chunk that takes the GPU 5 ms`,
    goal: null,
  };
}

/** Every backend's time for one unit, in turns. */
async function ratesOf(browser: Browser): Promise<Map<string, Rates>> {
  const served = await serveSubjects('rates-page.ts');
  try {
    const page = await browser.newPage();
    await page.goto(`${served.origin}/page.html`);
    const rates = new Map<string, Rates>();
    for (const { kernel, input } of subjects) {
      const wish: RatesWish = {
        kernel: kernel.id,
        agreement: kernel.agreement,
        unit: Math.floor(kernel.units(input) / 2),
        rounds,
      };
      rates.set(kernel.id, await page.evaluate<Rates>(`measureRates(${JSON.stringify(wish)})`));
    }
    return rates;
  } finally {
    await served.close();
  }
}

/**
 * With what the product computes each kernel when it may choose by measuring: the emulated GPU counts as a real one. Every
 * kernel's GPU must really have been measured; it is chosen where it then asks for work, and the cores always are.
 */
async function choices(browser: Browser, webDir: string): Promise<Map<string, Backend>> {
  const apart = await openApart({ port: 0, dataDir: freshFolder(), webDir, seed: 'demo' });
  try {
    const { url } = apart.listening;
    const context = await browser.newContext({ locale: 'en-US' });
    await watchMeasuring(context);
    const person = await visit(browser, url, '?gpu=measured', context);
    const wishes = wishesOfGpu(person.page);
    const { jobs } = (await (await fetch(`${url}/api/jobs`)).json()) as {
      jobs: { job: string; kernel: string }[];
    };
    await pressStart(person);
    await holds(
      'the GPU is measured on every kernel',
      async () => {
        const measured = await measuredIn(person.page);
        return jobs.every(({ job }) => measured.includes(`webgpu ${job}`));
      },
      measuredMsMax,
    );
    // A GPU that idles asks in the very step that hears the measurement; one that computes, with its next wish.
    const before = wishes.length;
    await sleep(5_000);
    if (wishes.length > 0) await holds('the GPU asks again', () => wishes.length > before, measuredMsMax);
    const asked = new Set(wishes.at(-1));
    await context.close();
    return new Map(jobs.map(({ kernel }) => [kernel, asked.has(kernel) ? 'webgpu' : 'wasm']));
  } finally {
    await apart.end('SIGTERM');
  }
}

async function choiceLines(webDir: string): Promise<Line[]> {
  const browser = await launchChromium({ webgpu: true });
  try {
    const [rates, chosen] = [await ratesOf(browser), await choices(browser, webDir)];
    return subjects.map(({ kernel: { id } }) => {
      const perSecond = (backend: Backend): number =>
        1000 / median(rates.get(id)?.[backend] ?? [Number.POSITIVE_INFINITY]);
      const best = Math.max(perSecond('wasm'), perSecond('webgpu'));
      const backend = chosen.get(id);
      return {
        what: `${id}: the backend chosen by measuring (${backend ?? 'none'})`,
        unit: 'units/s',
        ours: backend === undefined ? 0 : perSecond(backend),
        reference: best,
        beside: `the best of wasm ${perSecond('wasm').toFixed(1)} and webgpu ${perSecond('webgpu').toFixed(1)}`,
        goal: { atLeast: 0.9 },
      };
    });
  } finally {
    await browser.close();
  }
}

const missing = whyNo.chromium();
if (missing !== null) {
  console.error(`This bench needs Chromium: ${missing}`);
  process.exit(1);
}
const site = await buildSite();
try {
  const lines = [
    ...(await efficiencyLines(site.folder)),
    ...(await verificationLines()),
    ...(await choiceLines(site.folder)),
  ];
  report(
    `A volunteer’s page in Chromium, medians of ${windows} windows of ${windowMs / 1000} s and of ${rounds} turns; the GPU is SwiftShader`,
    lines,
  );
} finally {
  site.remove();
  sweep();
}
