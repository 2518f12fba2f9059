/**
 * Computes random units of random jobs for an hour in real browsers, with the volunteer's own engines, and compares every
 * digest with Node's: bit for bit where a kernel is exact or WebAssembly computes it, by the kernel's own `agree` where a
 * shader may differ. Ends with a table; exit code 1 on any mismatch (its input is kept), and where nothing was computed.
 *
 * npm run soak [-- --minutes 60 --seed N --hardware]
 *
 * Chromium and Firefox compute with WebAssembly, and with WebGPU on a software GPU (SwiftShader; Firefox borrows that of Debian's
 * Chromium). Two browsers on one software GPU still have two compilers of shaders. With `--hardware` Chromium's shaders run on
 * the machine's own GPU, or not at all. What is left out is said.
 */
import { randomInt } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bundled, kernelFiles } from '../bench/gpu/site.ts';
import { catalogue } from '../src/kernels/catalogue.ts';
import type { Backend } from '../src/volunteer/engine.ts';
import { launchChromium, launchFirefox, whyNo } from '../test/browser/browsers.ts';
import { serveFiles } from '../test/browser/serve.ts';
import { dice } from '../test/sim/random.ts';
import { Lane } from './soak/lane.ts';
import type { Driver } from './soak/lane.ts';
import { Reference } from './soak/reference.ts';
import { briefly, tableOf } from './soak/table.ts';
import { installPrograms } from './test/programs.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string' },
    hardware: { type: 'boolean', default: false },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed ?? randomInt(2 ** 32));
const minuteMs = 60_000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const faults: string[] = [];

/** Below `build/`, which nobody commits. */
function keep(job: string, input: Uint8Array): string {
  const folder = new URL('../build/soak/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  const name = `seed ${seed} ${job}.input`.replaceAll(/[^\w.]+/g, '-');
  writeFileSync(new URL(name, folder), input);
  return `build/soak/${name}`;
}

async function chromiumPage(url: string, webgpu: boolean | 'hardware'): Promise<Driver> {
  const browser = await launchChromium({ webgpu });
  const page = await browser.newPage();
  await page.goto(url);
  return {
    engine: `Chromium ${browser.version()}`,
    evaluate: (expression) => page.evaluate(expression),
    close: () => browser.close(),
  };
}

async function firefoxPage(url: string, webgpu: boolean): Promise<Driver> {
  const browser = await launchFirefox(undefined, { webgpu });
  const page = await browser.newPage();
  await page.goto(url);
  return {
    engine: (await browser.version()).replace(/^firefox\//i, 'Firefox '),
    evaluate: (expression) => page.evaluate(expression),
    close: () => browser.close(),
  };
}

/** What might compute here: a browser of its own for each, so that no page is ever in the background. */
const candidates: readonly {
  name: string;
  backend: Backend;
  whyNo: string | null;
  launch(url: string): Promise<Driver>;
}[] = [
  { name: 'Chromium', backend: 'wasm', whyNo: whyNo.chromium(), launch: (url) => chromiumPage(url, false) },
  {
    name: 'Chromium',
    backend: 'webgpu',
    whyNo: whyNo.chromium(),
    launch: (url) => chromiumPage(url, values.hardware ? 'hardware' : true),
  },
  { name: 'Firefox', backend: 'wasm', whyNo: whyNo.firefox(), launch: (url) => firefoxPage(url, false) },
  { name: 'Firefox', backend: 'webgpu', whyNo: whyNo.firefox(), launch: (url) => firefoxPage(url, true) },
];

async function main(): Promise<void> {
  const files = {
    ...(await bundled(fileURLToPath(new URL('./soak/', import.meta.url)))),
    ...kernelFiles([...catalogue.keys()]),
  };
  const wasm = new Map(
    [...catalogue.keys()].map((id) => [
      id,
      readFileSync(new URL(`../build/kernels/${id}/reference.wasm`, import.meta.url)),
    ]),
  );
  const served = await serveFiles(files);
  const open: { close(): Promise<void> }[] = [served];
  const lanes: Lane[] = [];
  try {
    for (const { name, backend, whyNo: missing, launch } of candidates) {
      if (missing !== null) {
        say(`left out: ${name} ${backend}: ${missing}`);
        continue;
      }
      const driver = await launch(`${served.origin}/page.html`);
      const reference = new Reference();
      open.push(driver, reference);
      const thrown = dice(seed).fork(`${name} ${backend}`);
      const wasmOf = (id: string): Uint8Array => wasm.get(id) ?? new Uint8Array(0);
      const lane = new Lane({ driver, backend, reference, dice: thrown, files, wasmOf, keep, say });
      const why = await lane.open(values.hardware);
      if (why === null) lanes.push(lane);
      else say(`left out: ${name} ${backend}: ${why}`);
    }
    await soak(lanes);
  } finally {
    for (const one of open.toReversed()) await one.close();
  }
  judge(lanes);
}

/** Lets every lane go until the time is over or somebody presses Ctrl-C; a line a minute. */
async function soak(lanes: readonly Lane[]): Promise<void> {
  const startMs = performance.now();
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const rest = sleep(minutes * minuteMs, null, { signal: stop.signal }).catch(() => null);
  let going = true;
  const ticking = setInterval(() => {
    const passed = Math.round((performance.now() - startMs) / minuteMs);
    say(`minute ${passed} of ${minutes}: ${briefly(lanes.flatMap(({ rows }) => rows))}`);
  }, minuteMs);
  const running = lanes.map((lane) =>
    lane
      .run(() => going)
      .catch((error: unknown) => void faults.push(`an engine was given up: ${String(error)}`)),
  );
  await Promise.race([rest, Promise.all(running)]);
  going = false;
  await Promise.all(running);
  clearInterval(ticking);
  stop.abort();
}

function judge(lanes: readonly Lane[]): void {
  const rows = lanes.flatMap((lane) => lane.rows);
  say(`\n${tableOf(rows)}\n`);
  const lost = lanes.reduce((sum, lane) => sum + lane.lost, 0);
  if (lost > 0) say(`engines that were lost and opened again: ${lost}`);
  if (rows.length === 0 || rows.some(({ units }) => units === 0)) faults.push('something computed nothing');
  if (rows.some(({ mismatches }) => mismatches > 0)) faults.push('there are mismatches');
  for (const fault of faults) say(`FAILED: ${fault} (seed ${seed})`);
  if (faults.length > 0) process.exitCode = 1;
}

if (!(minutes > 0) || !Number.isSafeInteger(seed)) {
  say('--minutes takes a number above 0, --seed a whole one');
  process.exit(2);
}
installPrograms(['Chromium', 'Firefox']);
say(`seed ${seed}, ${minutes} minutes`);
await main();
