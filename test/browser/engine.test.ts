/** The engine contract, kept in real browsers' workers: by the WASM engine in three, by the WebGPU engine in Chromium. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/volunteer/engine.ts';
import { engineChecks } from '../contract/engine.ts';
import { launchChromium, launchFirefox, launchWebKit, whyNo } from './browsers.ts';
import { engineSite } from './engine-site.ts';
import { serveFiles } from './serve.ts';
import type { Served } from './serve.ts';

/** A browser with the page open: runs an expression in it that gives a failure's sentence, or null. */
interface Opened {
  ask(expression: string): Promise<unknown>;
  close(): Promise<void>;
}

const browsers: readonly {
  name: string;
  missing: string | null;
  backends: readonly Backend[];
  open(url: string): Promise<Opened>;
}[] = [
  {
    name: 'Chromium',
    missing: whyNo.chromium(),
    backends: ['wasm', 'webgpu'],
    open: async (url) => {
      const browser = await launchChromium({ webgpu: true });
      const page = await browser.newPage();
      await page.goto(url);
      return { ask: (expression) => page.evaluate(expression), close: () => browser.close() };
    },
  },
  {
    name: 'Firefox',
    missing: whyNo.firefox(),
    backends: ['wasm'],
    open: async (url) => {
      const browser = await launchFirefox();
      const page = await browser.newPage();
      await page.goto(url);
      return { ask: (expression) => page.evaluate(expression), close: () => browser.close() };
    },
  },
  {
    name: 'WebKit',
    missing: whyNo.webkit(),
    backends: ['wasm'],
    open: async (url) => {
      const browser = await launchWebKit();
      await browser.goto(url);
      return { ask: (expression) => browser.evaluate(`return ${expression}`), close: () => browser.close() };
    },
  },
];

let served: Served;
beforeAll(async () => {
  served = await serveFiles(await engineSite());
});
afterAll(() => served?.close());

for (const { name, missing, backends, open } of browsers) {
  describe.skipIf(missing !== null)(
    `engines in ${name}${missing === null ? '' : ` (skipped: ${missing})`}`,
    () => {
      let opened: Opened;
      beforeAll(async () => {
        opened = await open(`${served.origin}/page.html`);
      });
      afterAll(() => opened?.close());

      for (const backend of backends) {
        describe(`the ${backend} engine`, () => {
          for (const check of engineChecks.filter(({ on }) => on.includes(backend))) {
            it(check.name, async () => {
              expect(
                await opened.ask(`check(${JSON.stringify(backend)}, ${JSON.stringify(check.name)})`),
              ).toBeNull();
            });
          }
        });
      }

      if (backends.includes('webgpu')) {
        it('digests on the GPU what is digested here, whatever the shape', async () => {
          expect(await opened.ask('compareDigests()')).toBeNull();
        });

        it('has the GPU digest its chunks, and gives the same bytes', async () => {
          expect(await opened.ask('digestItself(false)')).toBeNull();
        });

        it('digests itself what a GPU digests wrongly', async () => {
          expect(await opened.ask('digestItself(true)')).toBeNull();
        });

        it('reports a device that is taken away, and ends every call', async () => {
          expect(await opened.ask('loseDevice()')).toBeNull();
        });
      }
    },
  );
}
