/** Do bad machines cost nobody anything: programs that never end, workers that die, graphics processors that are lost, and one that lies? */
import { describe, expect, it } from 'vitest';
import { words } from '../../src/app/words/en.ts';
import { whyNo } from '../browser/browsers.ts';
import { holds, until } from './house.ts';
import { answersOf, endless, factoring, shelfWithMix } from './orders.ts';
import type { Person } from './person.ts';
import { pressStart } from './person.ts';
import { stage } from './stage.ts';

/** How a row of the page's list of workers stands. */
function worker(person: Person, slot: number, state: string): Promise<unknown> {
  return person.ask(`document.querySelector('.thread-row.${state}[data-slot="${slot}"]') !== null`);
}

const gpuSlot = 256;

/**
 * What a liar puts in front of the program in the worker: it passes every test with the reference's answers, and
 * turns one bit of the checksum in each answer of the one job whose input is given.
 */
function lie(input: Uint8Array): string {
  return `
    const Honest = WebAssembly.Instance;
    const checksumAt = 8;
    const target = ${JSON.stringify([...input].join())};
    WebAssembly.Instance = function (module, imports) {
      const real = new Honest(module, imports).exports;
      let at = 0;
      let length = 0;
      let lies = false;
      return {
        exports: {
          ...real,
          input: (bytes) => (at = real.input((length = bytes))),
          prepare: () => {
            lies = new Uint8Array(real.memory.buffer, at, length).join() === target;
            return real.prepare();
          },
          run: (unit) => {
            const size = real.run(unit);
            if (lies) new Uint8Array(real.memory.buffer)[real.output() + checksumAt] ^= 1;
            return size;
          },
        },
      };
    };
  `;
}

describe.skipIf(whyNo.chromium() !== null)('bad machines', () => {
  const scene = stage();

  it('a program that never ends holds up no page: workers give it up, the operator cancels it, the next job is done', async () => {
    const units = 8;
    const house = await scene.house({ shelf: await shelfWithMix(units) });
    const bad = await house.door.submit(endless(units, units - 1));
    const people = [await scene.person(house.door.url), await scene.person(house.door.url)];
    await holds('all that ends is settled', async () => (await house.door.job(bad.job)).final === units - 1);
    for (const person of people) await person.says(words.work.plain['waiting-for-others'], 120_000);
    expect((await house.door.job(bad.job)).state).toBe('open');
    await house.door.cancel(bad.job);
    for (const person of people) await person.says(words.work.plain['no-job-open']);
    const good = await house.door.submit(factoring(16, 50));
    await house.door.finished(good.job);
    const told = await scene.told(house);
    expect(told.settlements.filter(({ job }) => job === good.job).length).toBe(good.chunks);
    const given = told.of('returned').filter(({ job }) => job === bad.job);
    expect(given.map(({ why }) => why)).toContain('failed');
    expect(told.misdeeds + told.refuted).toBe(0);
  });

  it('a worker that dies without a word is replaced, and its chunk goes back', async () => {
    const house = await scene.house();
    const { job } = await house.door.submit(factoring(200, 100));
    const ona = await scene.person(house.door.url);
    const account = await ona.account();
    await ona.computed(3);
    const known = ona.page.workers();
    const [thread] = known;
    if (thread === undefined) throw new Error('a page that computes has a worker');
    await thread.evaluate('self.close()').catch(() => null);
    const before = await ona.chunks();
    await holds('its chunk went back', async () => {
      const after = ona.page.workers();
      const isReplaced = after.length > 0 && after.every((other) => !known.includes(other));
      return isReplaced && (await ona.chunks()) > before + 3;
    });
    await house.door.cancel(job);
    const told = await scene.told(house);
    const returned = told.of('returned').filter((event) => event.account === account);
    expect(returned[0]?.why).toBe('failed');
    expect(returned[0]?.replicas.length).toBe(1);
    expect(told.expired + told.misdeeds).toBe(0);
  });

  it('a graphics processor that is lost gives its chunks back, proves itself again and goes on', async () => {
    const house = await scene.house();
    await house.door.submit(factoring(600, 60));
    const browser = await scene.browser({ webgpu: true });
    const ona = await scene.person(house.door.url, { browser, query: '?gpu=always' });
    await holds('the GPU computes', async () => (await worker(ona, gpuSlot, 'computing')) === true);
    const used = await ona.ask(`document.querySelector('.settings').textContent`);
    const session = await browser.newBrowserCDPSession();
    await session.send('Browser.crashGpuProcess').catch(() => null);
    await ona.says('was taken away by the system');
    const cores = await ona.chunks();
    await ona.computed(cores + 2);
    await holds('the GPU computes again', async () => (await worker(ona, gpuSlot, 'computing')) === true);
    expect(String(used)).toContain('In use');
    const told = await scene.told(house);
    expect(told.of('returned').map(({ why }) => why)).toContain('gpu-lost');
    expect(told.misdeeds + told.refuted + told.expired).toBe(0);
  });

  it('who lies is out-voted and earns nothing, and the results are right', async () => {
    const house = await scene.house();
    const order = factoring(24, 50);
    const { job, chunks, units } = await house.door.submit(order);
    const liar = await scene.person(house.door.url, { looks: true });
    await liar.context.route(/\/assets\/compute\.worker-[^/]*\.js$/, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: lie(order.input) + (await response.text()) });
    });
    await pressStart(liar);
    const account = await liar.account();
    await liar.computed(3);
    await scene.person(house.door.url);
    await scene.person(house.door.url);
    const { disputes } = await house.door.finished(job);
    const results = await house.door.bytes(`/api/jobs/${job}/results.bin`);
    await until('the page says that its answers did not count', async () => {
      const said = await liar.text();
      return /[1-9][0-9]* chunks? settled without this machine’s answer/.test(said)
        ? { is: true }
        : { not: await liar.lede() };
    });
    const told = await scene.told(house);
    const lies = told
      .of('committed')
      .filter((event) => event.account === account)
      .map(({ replica }) => replica);
    expect(lies.length).toBeGreaterThan(0);
    expect(told.settlements.length).toBe(chunks);
    expect(new Set(told.settlements.flatMap(({ losers }) => losers))).toEqual(new Set(lies));
    expect(told.paidMicro(account)).toBe(0);
    expect(disputes).toBeGreaterThan(0);
    expect(Buffer.compare(results, answersOf(order, units))).toBe(0);
  });
});
