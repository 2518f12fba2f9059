/**
 * A machine to which computing costs nothing, as to a card that is worth hundreds of cores: its page hands on all that it computes, for as
 * long as there is work, and nothing is lost on the way.
 */
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { words } from '../../src/app/words/en.ts';
import { launchChromium, whyNo } from '../browser/browsers.ts';
import { Door, freshFolder, openApart, sweep, until } from './house.ts';
import type { Apart } from './house.ts';
import { factoring } from './orders.ts';
import { pressStart, visit } from './person.ts';

/** Goes in front of the worker's program: of every job the first unit is computed, and all others are said to be the same. */
const swift = `
  const Bare = WebAssembly.Instance;
  WebAssembly.Instance = function (module, imports) {
    const bare = new Bare(module, imports).exports;
    let [computed, size] = [false, 0];
    const prepare = () => { computed = false; return bare.prepare(); };
    const run = (unit) => { if (!computed) size = bare.run(unit); computed = true; return size; };
    return { exports: { ...bare, prepare, run } };
  };
`;

/** It takes a page some ten seconds; before, it came to a standstill after ten thousand or twenty. */
const chunks = 40_000;
const kPerUnit = 1 << 21;
const webDir = fileURLToPath(new URL('../../dist/web/', import.meta.url));

describe.skipIf(whyNo.chromium() !== null)('a page that computes faster than its results are taken', () => {
  let browser: Browser;
  let apart: Apart;
  beforeAll(async () => {
    browser = await launchChromium();
    apart = await openApart({ port: 0, dataDir: freshFolder(), webDir, seed: 'none', anchorShare: 0 });
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await apart.end('SIGKILL');
    sweep();
  });

  async function withSwiftWorkers(): Promise<BrowserContext> {
    const context = await browser.newContext({ locale: 'en-US' });
    await context.route(/\/assets\/compute\.worker-[^/]*\.js$/, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: swift + (await response.text()) });
    });
    return context;
  }

  it('hands on every chunk of a job, and loses none', async () => {
    const { url, token } = apart.listening;
    const door = new Door(url, token ?? '');
    const { job } = await door.submit({ ...factoring(chunks, 250, kPerUnit), policy: { kind: 'audit' } });
    const person = await visit(browser, url, '', await withSwiftWorkers());
    await pressStart(person);
    let most = 0;
    const said = new Set<string>();
    await until(
      'every chunk is accepted',
      async () => {
        const { accepted, final, leased, free } = await door.job(job);
        most = Math.max(most, leased);
        if (free > 0) said.add(await person.lede());
        return accepted + final === chunks
          ? { is: true }
          : { not: `${accepted + final} of ${chunks}, ${leased} leased; ${await person.lede()}` };
      },
      120_000,
    );
    // As long as there is work, nobody else is waited for.
    expect([...said]).not.toContain(words.work.plain['waiting-for-others']);
    // It had long leases, not one chunk after the other.
    expect(most).toBeGreaterThan(2_000);
    expect(await person.chunks()).toBe(chunks);
    expect(person.faults).toEqual([]);
  }, 180_000);
});
