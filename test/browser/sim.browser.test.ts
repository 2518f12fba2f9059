/** Plays the simulator's days in a real Chromium: the same seed must give the same log there as in Node, byte for byte. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { play } from '../sim/world.ts';
import { launchChromium, whyNo } from './browsers.ts';
import { serveFiles } from './serve.ts';
import type { Served } from './serve.ts';

const seeds = [1, 4, 6, 11, 17];

/** The simulator as one script that leaves `play` on the page. */
async function bundle(): Promise<string> {
  const outDir = mkdtempSync(join(tmpdir(), 'talka-sim-'));
  try {
    const result = await build({
      configFile: false,
      root: join(import.meta.dirname, '../..'),
      publicDir: false,
      logLevel: 'error',
      build: {
        outDir,
        write: false,
        minify: false,
        lib: { entry: join(import.meta.dirname, '../sim/world.ts'), formats: ['es'], fileName: 'sim' },
      },
    });
    const [output] = Array.isArray(result) ? result : [result];
    if (output === undefined || !('output' in output)) throw new Error('the simulator was not bundled');
    return output.output[0].code;
  } finally {
    rmSync(outDir, { recursive: true, force: true });
  }
}

describe.skipIf(whyNo.chromium() !== null)('the simulator in Chromium', () => {
  let served: Served;
  let chromium: Awaited<ReturnType<typeof launchChromium>>;

  beforeAll(async () => {
    const html =
      '<!doctype html><title>sim</title><script type="module">import { play } from "./sim.js"; window.play = play;</script>';
    served = await serveFiles({ '/index.html': html, '/sim.js': await bundle() });
    chromium = await launchChromium();
  });

  afterAll(async () => {
    await chromium?.close();
    await served?.close();
  });

  test('the same seeds give the same logs as in Node', async () => {
    const page = await chromium.newPage();
    await page.goto(`${served.origin}/index.html`);
    await page.waitForFunction('typeof window.play === "function"');
    const there = await page.evaluate(
      `${JSON.stringify(seeds)}.map((seed) => { const day = window.play(seed); return { log: day.log, fault: day.fault }; })`,
    );
    expect(there).toEqual(seeds.map((seed) => ({ log: play(seed).log, fault: null })));
  });
});
