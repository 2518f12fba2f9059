/** The engine contract, kept by the WASM and the WebGPU engine in a real Chromium's workers. */

import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineChecks } from '../contract/engine.ts';
import { compileVariants, mixShader } from '../kernels/fixtures/compile.ts';
import { launchChromium, whyNo } from './browsers.ts';
import { serveFiles } from './serve.ts';
import type { Served } from './serve.ts';

declare global {
  var check: (backend: string, name: string) => Promise<string | null>;
  var loseDevice: () => Promise<string | null>;
}

const missing = whyNo.chromium();

describe.skipIf(missing !== null)(`engines in Chromium${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  let browser: Browser;
  let page: Page;
  let served: Served;

  beforeAll(async () => {
    served = await serveFiles({ ...(await bundle()), ...(await kernels()), '/page.html': '<script type="module" src="/page.js"></script>' });
    browser = await launchChromium({ webgpu: true });
    page = await browser.newPage();
    await page.goto(`${served.origin}/page.html`);
  });
  afterAll(async () => {
    await browser?.close();
    await served?.close();
  });

  for (const backend of ['wasm', 'webgpu'] as const) {
    describe(`the ${backend} engine`, () => {
      for (const { name } of engineChecks.filter(({ on }) => on.includes(backend))) {
        it(name, async () => {
          expect(await page.evaluate(([b, n]) => globalThis.check(b, n), [backend, name] as const)).toBeNull();
        });
      }
    });
  }

  it('reports a device that is taken away, and ends every call', async () => {
    expect(await page.evaluate(() => globalThis.loseDevice())).toBeNull();
  });
});

/** The page and its worker, bundled as the site is. */
async function bundle(): Promise<Record<string, string | Uint8Array>> {
  const built = await build({
    configFile: false,
    root: fileURLToPath(new URL('.', import.meta.url)),
    logLevel: 'error',
    worker: { format: 'es' },
    build: {
      write: false,
      target: 'es2022',
      rolldownOptions: { input: fileURLToPath(new URL('engine-page.ts', import.meta.url)), output: { entryFileNames: 'page.js' } },
    },
  });
  const files: Record<string, string | Uint8Array> = {};
  for (const { output } of [built].flat().filter((part) => 'output' in part)) {
    for (const part of output) files[`/${part.fileName}`] = part.type === 'chunk' ? part.code : part.source;
  }
  return files;
}

async function kernels(): Promise<Record<string, string | Uint8Array>> {
  const variants = await compileVariants();
  const modules = Object.entries(variants).map(([name, wasm]) => [`/${name}.wasm`, wasm] as const);
  return { ...Object.fromEntries(modules), '/mix.wgsl': mixShader };
}
