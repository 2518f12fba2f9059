/** Do three engines, as three people, finish real jobs with answers that agree bit for bit, and are those that Node computes? */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { words } from '../../src/app/words/en.ts';
import { priceOf } from '../../src/core/machine.ts';
import type { JobView } from '../../src/wire/views.ts';
import { launchChromium, launchFirefox, launchWebKit, whyNo } from '../browser/browsers.ts';
import { buildPages } from '../browser/pages-build.ts';
import type { BuiltPages } from '../browser/pages-build.ts';
import { Door, freshFolder, openApart, sweep, until } from './house.ts';
import type { Apart } from './house.ts';
import { answersOf, factorFound, factoring, picture } from './orders.ts';
import { accountOn, pressMain, pressStart } from './person.ts';
import type { View } from './person.ts';
import { toldIn } from './told.ts';
import type { Told } from './told.ts';

type Engine = 'chromium' | 'firefox' | 'webkit';
const engines: readonly Engine[] = ['chromium', 'firefox', 'webkit'];
const missing = engines.flatMap((engine) => whyNo[engine]() ?? []);

/** A browser at the page, and its end. */
interface Opened extends View {
  close(): Promise<void>;
}

/** Opens an engine's page. Chromium also computes with a GPU, software-made as everywhere in tests. */
const open: Readonly<Record<Engine, (url: string) => Promise<Opened>>> = {
  chromium: async (url) => {
    const browser = await launchChromium({ webgpu: true });
    const page = await browser.newPage();
    await page.goto(`${url}/?gpu=always`);
    return { ask: (expression) => page.evaluate(expression), close: () => browser.close() };
  },
  firefox: async (url) => {
    const browser = await launchFirefox();
    const page = await browser.newPage();
    await page.goto(url);
    return { ask: (expression) => page.evaluate(expression), close: () => browser.close() };
  },
  webkit: async (url) => {
    const browser = await launchWebKit();
    await browser.goto(url);
    return { ask: (expression) => browser.evaluate(`return ${expression}`), close: () => browser.close() };
  },
};

/** Opens the page and presses Start; nothing is open yet, so the page waits. */
async function started(engine: Engine, url: string): Promise<Opened> {
  const person = await open[engine](url);
  await pressStart(person);
  return person;
}

const gpuState = `document.querySelector('.settings')?.textContent ?? ''`;

/** An emulated GPU takes long to prove itself: the others pause until it has, over a job that they finish later. */
async function leadForTheGpu(people: ReadonlyMap<Engine, View>, door: Door): Promise<void> {
  const others = engines
    .filter((engine) => engine !== 'chromium')
    .flatMap((engine) => people.get(engine) ?? []);
  for (const other of others) await pressMain(other, words.start.pause);
  for (const order of [factoring(2, 20), picture(64, 64, 1, 20)]) await door.submit(order);
  await until('the GPU is in use', async () => {
    const said = String(await people.get('chromium')?.ask(gpuState));
    return said.includes(inUse) ? { is: true } : { not: said };
  });
  for (const other of others) await pressMain(other, words.start.resume);
}

const inUse = words.settings.gpuStates({ state: 'on', name: '' }).split(':')[0] ?? '';

const found = missing.length === 0 ? 'found' : missing.join('; ');
describe.skipIf(missing.length > 0)(`three engines, three people, two jobs (${found})`, () => {
  const orders = [factoring(36, 200), picture(256, 160, 2, 200)];
  const accounts = new Map<string, Engine>();
  const answers = new Map<string, Uint8Array>();
  let pages: BuiltPages;
  let coordinator: Apart;
  let jobs: JobView[];
  let report = '';
  let told: Told;

  /** The whole story; what came of it is looked at below. */
  beforeAll(async () => {
    pages = await buildPages();
    const dataDir = freshFolder();
    coordinator = await openApart({ port: 0, dataDir, webDir: pages.folder, seed: 'none', anchorShare: 0 });
    const { url, token } = coordinator.listening;
    const door = new Door(url, token ?? '');
    const people = new Map<Engine, Opened>();
    try {
      for (const engine of engines) people.set(engine, await started(engine, url));
      for (const [engine, person] of people) accounts.set(await accountOn(person), engine);
      await leadForTheGpu(people, door);
      // The others settle the first chunks between them: a quick engine must not leave a slow one without a share.
      const quick = people.get('chromium');
      if (quick !== undefined) await pressMain(quick, words.start.pause);
      jobs = [];
      for (const order of orders) jobs.push(await door.submit(order));
      for (const { job } of jobs)
        await until('the others have settled some', async () => {
          const { final } = await door.job(job);
          return final > 0 ? { is: true } : { not: String(final) };
        });
      if (quick !== undefined) await pressMain(quick, words.start.resume);
      for (const { job } of jobs) await door.finished(job, 170_000);
    } finally {
      for (const person of people.values()) await person.close();
    }
    for (const { job } of jobs) answers.set(job, await door.bytes(`/api/jobs/${job}/results.bin`));
    report = Buffer.from(await door.bytes(`/api/jobs/${jobs[0]?.job}/report.txt`)).toString();
    await coordinator.end('SIGTERM');
    told = await toldIn(dataDir);
  }, 240_000);

  afterAll(async () => {
    await coordinator?.end('SIGKILL');
    pages?.remove();
    sweep();
  });

  it('each engine is a person of its own', () => {
    expect([...accounts.values()]).toEqual(engines);
  });

  it.for(engines)("%s's chunks are accepted, in both jobs", (engine) => {
    const of = (job: string): number =>
      told.settlements.filter(
        (settled) =>
          settled.job === job && settled.accounts.some((account) => accounts.get(account) === engine),
      ).length;
    for (const { job } of jobs) expect(of(job)).toBeGreaterThan(0);
  });

  it('every chunk was settled by two different engines, and every pair of engines settled some', () => {
    const pairs = told.settlements.map(({ accounts: both }) =>
      both
        .map((account) => accounts.get(account) ?? account)
        .sort()
        .join(' + '),
    );
    const known = new Set(['chromium + firefox', 'chromium + webkit', 'firefox + webkit']);
    for (const pair of pairs) expect(known).toContain(pair);
    expect(new Set(pairs)).toEqual(known);
  });

  it('WebAssembly and WebGPU both took part, and agreed', () => {
    const backends = new Set(told.settlements.flatMap((settled) => settled.backends));
    expect(backends).toEqual(new Set(['wasm', 'webgpu']));
  });

  it('nobody lost, nobody did wrong, and everybody has what was earned', () => {
    expect(told.settlements.flatMap(({ losers }) => losers)).toEqual([]);
    expect(told.misdeeds).toBe(0);
    for (const { job, chunks } of jobs)
      expect(told.settlements.filter((settled) => settled.job === job).length).toBe(chunks);
    const submitted = told.of('submitted').map(({ job, spec }) => ({ job, priceMicro: priceOf(spec) }));
    const finished = new Set(told.of('finished').map(({ job }) => job));
    const paid = [...accounts.keys()].reduce((sum, account) => sum + told.paidMicro(account), 0);
    expect(paid).toBe(
      submitted.reduce((sum, { job, priceMicro }) => sum + (finished.has(job) ? priceMicro : 0), 0),
    );
  });

  it('the results are those that Node computes', () => {
    for (const [i, order] of orders.entries()) {
      const job = jobs[i];
      if (job === undefined) throw new Error('each order is a job');
      expect(Buffer.compare(answers.get(job.job) ?? Buffer.alloc(0), answersOf(order, job.units))).toBe(0);
    }
  });

  it('the factor is found', () => {
    expect(report).toContain(factorFound);
  });
});
