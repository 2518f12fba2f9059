/** Do three engines, as three people, finish real jobs with answers that agree bit for bit, and are those that Node computes? */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { words } from '../../src/app/words/en.ts';
import { ownWords } from '../../src/app/words/own.ts';
import { priceOf } from '../../src/core/offer.ts';
import type { JobView } from '../../src/wire/views.ts';
import { launchChromium, launchFirefox, launchWebKit, whyNo } from '../browser/browsers.ts';
import { buildPages } from '../browser/pages-build.ts';
import type { BuiltPages } from '../browser/pages-build.ts';
import { Door, freshFolder, openApart, sweep, until } from './house.ts';
import type { Apart, Order } from './house.ts';
import { answersOf, factorFound, factoring, picture } from './orders.ts';
import { accountOn, pressMain, pressStart, twoCores } from './person.ts';
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
    await page.addInitScript(twoCores);
    await page.goto(`${url}/?gpu=always`);
    return { ask: (expression) => page.evaluate(expression), close: () => browser.close() };
  },
  firefox: async (url) => {
    const browser = await launchFirefox(2);
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

const inUse = ownWords.en.settings.gpuStates({ state: 'on', name: '' }).split(':')[0] ?? '';

const orders = [factoring(30, 200), picture(192, 128, 2, 200)];

/** Two of the three finish both jobs between them while the third rests. */
async function doneWithout(resting: View, engine: Engine, door: Door): Promise<Asked[]> {
  await pressMain(resting, words.start.pause);
  const asked: Asked[] = [];
  for (const order of orders) asked.push({ ...(await door.submit(order)), order, without: engine });
  for (const { job } of asked) await door.finished(job, 200_000);
  await pressMain(resting, words.start.resume);
  return asked;
}

/** A job as submitted, and who rested over it. */
interface Asked extends JobView {
  readonly order: Order;
  readonly without: Engine;
}

const found = missing.length === 0 ? 'found' : missing.join('; ');
describe.skipIf(missing.length > 0)(`three engines, three people, two jobs (${found})`, () => {
  const accounts = new Map<string, Engine>();
  const answers = new Map<string, Uint8Array>();
  let pages: BuiltPages;
  let coordinator: Apart;
  const jobs: Asked[] = [];
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
      for (const [engine, person] of people) jobs.push(...(await doneWithout(person, engine, door)));
    } finally {
      for (const person of people.values()) await person.close();
    }
    for (const { job } of jobs) answers.set(job, await door.bytes(`/api/jobs/${job}/results.bin`));
    report = Buffer.from(await door.bytes(`/api/jobs/${jobs[0]?.job}/report.txt`)).toString();
    await coordinator.end('SIGTERM');
    told = await toldIn(dataDir);
  }, 600_000);

  afterAll(async () => {
    await coordinator?.end('SIGKILL');
    pages?.remove();
    sweep();
  });

  it('each engine is a person of its own', () => {
    expect([...accounts.values()]).toEqual(engines);
  });

  it('every chunk was settled by the two different engines that did not rest', () => {
    const settled = (job: string): Set<string> =>
      new Set(
        told.settlements
          .filter((settlement) => settlement.job === job)
          .map(({ accounts: both }) =>
            both
              .map((account) => accounts.get(account) ?? account)
              .toSorted()
              .join(' + '),
          ),
      );
    for (const { job, without } of jobs)
      expect(settled(job)).toEqual(new Set([engines.filter((engine) => engine !== without).join(' + ')]));
  });

  it.each(orders)('WebAssembly and WebGPU both took part in $kernel, and agreed', (order) => {
    const those = new Set(jobs.filter((job) => job.order === order).map(({ job }) => job));
    const backends = told.settlements
      .filter(({ job }) => those.has(job))
      .flatMap((settled) => settled.backends);
    expect(new Set(backends)).toEqual(new Set(['wasm', 'webgpu']));
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
    const honest = orders.map((order) =>
      answersOf(order, jobs.find((job) => job.order === order)?.units ?? 0),
    );
    for (const { job, order } of jobs)
      expect(
        Buffer.compare(answers.get(job) ?? Buffer.alloc(0), honest[orders.indexOf(order)] ?? Buffer.of(1)),
      ).toBe(0);
  });

  it('the factor is found', () => {
    expect(report).toContain(factorFound);
  });
});
