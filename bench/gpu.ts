/**
 * Asks what a visitor's GPU adds: units per second of each catalogue kernel's shader beside its WebAssembly on one core,
 * both in one browser through the volunteer's own engine, by turns, and their answers compared; and what of it reaches a
 * coordinator from a page that works for it (in Chromium).
 *
 * node bench/gpu.ts [--firefox] [--software] [--json FILE]
 *
 * In Chromium, or with `--firefox` in Firefox, which takes the Vulkan driver that `VK_ICD_FILENAMES` names.
 * Without a hardware adapter nothing is measured, and it says so. `--software` takes SwiftShader, which only shows
 * that the path works: an emulated GPU is slower than the core it runs on.
 */
import process from 'node:process';
import { catalogue } from '../src/kernels/catalogue.ts';
import type { Kernel } from '../src/kernels/kernel.ts';
import { demoJob as factoring } from '../src/kernels/mersenne-tf/demo.ts';
import { encodeInput } from '../src/kernels/mersenne-tf/index.ts';
import { demoJob as picture } from '../src/kernels/path-trace/demo.ts';
import type { Backend } from '../src/volunteer/engine.ts';
import type { Browser } from 'playwright-core';
import { launchChromium, launchFirefox, whyNo } from '../test/browser/browsers.ts';
import { serveFiles } from '../test/browser/serve.ts';
import type { Found, Stretch } from './gpu/page.ts';
import type { Verifying } from './gpu/verifying.ts';
import { gpuSite } from './gpu/site.ts';
import { workedUnitsPerSecond } from './gpu/working.ts';
import { median, quantile, report } from './measure.ts';
import type { Line } from './measure.ts';

const rounds = 3;
const software = process.argv.includes('--software');
const browserName = process.argv.includes('--firefox') ? 'Firefox' : 'Chromium';
/** How long a stretch should take, on either backend; an emulation is not worth waiting for. */
const stretchMs = software ? 500 : 2000;
/** How many units of each round are computed by both and compared. */
const compared = 24;

/** The jobs of a first start: long enough for any GPU. */
const inputs: ReadonlyMap<string, Uint8Array> = new Map([
  ['mersenne-tf@1', encodeInput(factoring('seed'))],
  ['path-trace@1', picture('seed')],
]);

/** A page of either browser, as far as it is needed. */
interface Page {
  evaluate<T>(expression: string): Promise<T>;
}

function notMeasured(why: string): void {
  console.log(`not measured: ${why}`);
}

/** Calls a function of `bench/gpu/page.ts`. */
function call<T>(
  page: Page,
  name: 'open' | 'load' | 'compute' | 'verify' | 'submitted',
  ...args: readonly (string | number)[]
): Promise<T> {
  return page.evaluate<T>(`gpuBench.${name}(...${JSON.stringify(args)})`);
}

const bytesOf = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, 'base64'));

/** Throws at the first unit whose two answers would not be accepted together. */
function requireAgreement(
  kernel: Kernel,
  input: Uint8Array,
  unitFrom: number,
  wasm: Stretch,
  gpu: Stretch,
): number {
  const both = Math.min(wasm.outputs.length, gpu.outputs.length);
  if (both === 0) throw new Error(`${kernel.id}: nothing to compare`);
  for (let i = 0; i < both; i++) {
    const reference = bytesOf(wasm.outputs[i] ?? '');
    const other = bytesOf(gpu.outputs[i] ?? '');
    const unit = unitFrom + i;
    const agree =
      kernel.agree === undefined
        ? Buffer.from(reference).equals(other)
        : kernel.agree(input, unit, reference, other).agree;
    if (!agree)
      throw new Error(`${kernel.id}: the GPU's answer to unit ${unit} does not agree with WebAssembly's`);
  }
  return both;
}

async function compare(page: Page, kernel: Kernel, input: Uint8Array): Promise<Line> {
  const unitsMax = Math.floor(kernel.units(input) / rounds);
  const stretchOf = async (backend: Backend): Promise<(unitFrom: number) => Promise<Stretch>> => {
    const unitMs = await call<number>(page, 'load', backend, kernel.id, kernel.agreement);
    const units = Math.max(1, Math.min(unitsMax, Math.round(stretchMs / unitMs)));
    return (unitFrom) => call<Stretch>(page, 'compute', backend, kernel.id, unitFrom, units, compared);
  };
  const onWasm = await stretchOf('wasm');
  const onGpu = await stretchOf('webgpu');
  const rates: number[] = [];
  const wasmRates: number[] = [];
  let same = 0;
  for (let round = 0; round < rounds; round++) {
    const unitFrom = round * unitsMax;
    const wasm = await onWasm(unitFrom);
    const gpu = await onGpu(unitFrom);
    same += requireAgreement(kernel, input, unitFrom, wasm, gpu);
    rates.push((1000 * gpu.units) / gpu.wallMs);
    wasmRates.push((1000 * wasm.units) / wasm.wallMs);
  }
  const how = kernel.agreement === 'exact' ? 'the same bytes' : 'within the bounds of the kernel';
  console.log(`${kernel.id}: ${same} units computed by both, ${how}`);
  return {
    what: kernel.id,
    unit: 'units/s',
    ours: median(rates),
    reference: median(wasmRates),
    ratio: median(rates.map((rate, round) => rate / (wasmRates[round] ?? NaN))),
    beside: 'WebAssembly, one core',
    goal: null,
  };
}

/** What checking, digesting and committing may take of the GPU's time, on the GPU and on the thread beside it together. */
const verificationShareMax = 0.005;
/** A chunk takes the card about so long, where a chunk may have so many units. */
const verifiedMs = 100;

/** Units that an engine computes together where chunks follow one another: 30 ms of the card, as `workers/gpu-pace.ts` has it. */
const jointUnits = (unitMs: number): number => Math.min(2_048, Math.floor(30 / unitMs));

/** How many units a chunk of the demonstrations has, and one that is as long as suits the card. */
function chunkUnits(kernel: Kernel, input: Uint8Array, unitMs: number): { seeded: number; long: number } {
  const seeded = Math.max(1, Math.round(250_000 / kernel.unitCostMicro(input)));
  const long = Math.min(kernel.units(input), 4_096, Math.max(seeded, Math.round(verifiedMs / unitMs)));
  return { seeded, long };
}

/**
 * The price of a chunk's verifiability: of those that the demonstrations have, which wait beside one another and are computed
 * together, as many as suit the card; of one that is as long as suits it; and of a quarter of that.
 */
async function verifications(page: Page, kernel: Kernel, input: Uint8Array, unitMs: number): Promise<Line[]> {
  const { seeded, long } = chunkUnits(kernel, input, unitMs);
  const together = Math.max(1, Math.floor(Math.min(kernel.units(input), jointUnits(unitMs)) / seeded));
  const lines: Line[] = [];
  const wanted: readonly [units: number, chunks: number][] = [
    [seeded, 1],
    [seeded, together],
    [Math.max(seeded, Math.round(long / 4)), 1],
    [long, 1],
  ];
  const told = new Set<string>();
  for (const [units, chunks] of wanted) {
    if (told.has(`${units} ${chunks}`)) continue;
    told.add(`${units} ${chunks}`);
    const found = await call<Verifying>(page, 'verify', kernel.id, kernel.agreement, units, chunks, unitMs);
    const all = found.chunks * units * unitMs;
    const [onGpuMs, onThreadMs, carryingMs] = [found.onGpuMs, found.onThreadMs, found.carryingMs].map(
      median,
    ) as [number, number, number];
    const share = (ms: number): string => `${((100 * ms) / all).toFixed(2)} %`;
    const onThread = Math.max(0, onThreadMs - carryingMs);
    lines.push({
      what:
        `${kernel.id}: checking, digesting, committing ${found.chunks} × ${units} units: ${share(onGpuMs)} on the GPU, ` +
        `${share(onThread)} on its thread (which takes ${share(carryingMs)} to frame them anyway)`,
      unit: 'ms',
      ours: onGpuMs + onThread,
      reference: all,
      beside: 'the GPU’s time for them',
      goal: units === long ? { atMost: verificationShareMax } : null,
    });
  }
  return lines;
}

/** What a dispatch may take at most, in ms: none is longer than its submission. */
const dispatchMsMax = 50;

/** How long the card is busy with a submission: it cannot be interrupted in one, and a screen waits for it. */
async function submissionLine(page: Page, kernel: Kernel): Promise<Line> {
  const all = await call<number[]>(page, 'submitted', kernel.id, kernel.agreement, 2 * stretchMs);
  const most = quantile(all, 0.99);
  return {
    what: `${kernel.id}: busy with one submission, 99 in 100 of ${all.length} (median ${median(all).toFixed(1)} ms, longest ${Math.max(...all).toFixed(1)})`,
    unit: 'ms',
    ours: most,
    reference: dispatchMsMax,
    beside: 'what a dispatch may take',
    goal: { atMost: 1 },
  };
}

/** What a working page brings, beside what its engine alone computes. */
async function workingLines(
  browser: Browser,
  kernel: Kernel,
  input: Uint8Array,
  alone: number,
): Promise<Line[]> {
  const { seeded, long } = chunkUnits(kernel, input, 1000 / alone);
  const lines: Line[] = [];
  for (const units of new Set([seeded, long]))
    lines.push({
      what: `${kernel.id}: accepted from a page that works, chunks of ${units} units`,
      unit: 'units/s',
      ours: await workedUnitsPerSecond(browser, kernel, units, software ? '?gpu=always' : ''),
      reference: alone,
      beside: 'its GPU alone',
      goal: null,
    });
  return lines;
}

async function measure({ page, browser }: Opened): Promise<void> {
  const { capability, missing } = await call<Found>(page, 'open', 'webgpu');
  if (capability === null) return notMeasured(missing);
  const { vendor = '', architecture = '', device = '', description = '' } = capability.adapter ?? {};
  const adapter = [vendor, architecture, device, description].filter((part) => part !== '').join(' ');
  if (capability.software && !software)
    return notMeasured(
      `the only WebGPU adapter is an emulation (${adapter}); --software takes it all the same`,
    );
  await call<Found>(page, 'open', 'wasm');
  const lines: Line[] = [];
  for (const kernel of catalogue.values()) {
    const input = inputs.get(kernel.id);
    if (input === undefined) throw new Error(`no job is known for ${kernel.id}`);
    if (kernel.gpu === undefined) continue;
    const line = await compare(page, kernel, input);
    lines.push(line, await submissionLine(page, kernel));
    lines.push(...(await verifications(page, kernel, input, 1000 / line.ours)));
    if (browser !== null) lines.push(...(await workingLines(browser, kernel, input, line.ours)));
  }
  report(
    `WebGPU beside WebAssembly in the same ${browserName}, medians of ${rounds} rounds: ${adapter}`,
    lines,
  );
}

interface Opened {
  readonly page: Page;
  /** Where people with profiles of their own can be had. */
  readonly browser: Browser | null;
  close(): Promise<void>;
}

async function openChromium(url: string): Promise<Opened> {
  const browser = await launchChromium({ webgpu: software ? true : 'hardware' });
  const page = await browser.newPage();
  await page.goto(url);
  return { page, browser, close: () => browser.close() };
}

async function openFirefox(url: string): Promise<Opened> {
  const browser = await launchFirefox(undefined, { webgpu: true });
  const page = await browser.newPage();
  await page.goto(url);
  return {
    page: { evaluate: async <T>(expression: string) => (await page.evaluate(expression)) as T },
    browser: null,
    close: () => browser.close(),
  };
}

async function main(): Promise<void> {
  const why = browserName === 'Firefox' ? whyNo.firefoxWithGpu() : whyNo.chromium();
  if (why !== null) return notMeasured(why);
  const served = await serveFiles(await gpuSite(inputs));
  const url = `${served.origin}/page.html`;
  const opened = await (browserName === 'Firefox' ? openFirefox(url) : openChromium(url));
  try {
    await measure(opened);
  } finally {
    await opened.close();
    await served.close();
  }
}

await main();
