/**
 * Computes the known answers of every kernel of the catalogue in three browser engines, from the very bytes that
 * volunteers are given, and requires the same digests everywhere: what an exact kernel promises.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalogue } from '../../src/kernels/catalogue.ts';
import { launchChromium, launchFirefox, launchWebKit, whyNo } from './browsers.ts';
import { serveFiles } from './serve.ts';
import type { Served } from './serve.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Runs in a worker of the page: no library of ours, only the ABI and the platform's own SHA-256. */
const worker = `
  const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const hexOf = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const compute = async (kernel, vector) => {
    const module = await WebAssembly.compile(await (await fetch('./' + encodeURIComponent(kernel) + '.wasm')).arrayBuffer());
    if (WebAssembly.Module.imports(module).length > 0) throw new Error(kernel + ' imports something');
    const { exports } = await WebAssembly.instantiate(module, {});
    const input = bytesOf(vector.input);
    const at = exports.input(input.length);
    new Uint8Array(exports.memory.buffer).set(input, at);
    if (exports.prepare() !== 0) throw new Error('the input is refused');
    const length = exports.run(BigInt(vector.unit));
    return hexOf(await crypto.subtle.digest('SHA-256', new Uint8Array(exports.memory.buffer, exports.output(), length).slice()));
  };
  onmessage = async ({ data }) => {
    const found = [];
    try {
      for (const vector of data) found.push(await compute(vector.kernel, vector));
      postMessage({ found });
    } catch (fault) {
      postMessage({ fault: String(fault) });
    }
  };`;

const vectors = [...catalogue.values()].flatMap((kernel) =>
  kernel.vectors.map(({ name, input, unit, digest }) => ({
    kernel: kernel.id,
    name,
    input: hex(input),
    unit,
    digest,
  })),
);
const expected = Object.fromEntries(vectors.map(({ kernel, name, digest }) => [`${kernel} ${name}`, digest]));
const named = (found: readonly string[]): Record<string, string> =>
  Object.fromEntries(vectors.map(({ kernel, name }, at) => [`${kernel} ${name}`, found[at] ?? 'missing']));

const askWorker = `
  const worker = new Worker('./worker.js', { type: 'module' });
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => (data.fault ? reject(new Error(data.fault)) : resolve(data.found));
      worker.onerror = (event) => reject(new Error(event.message || 'the worker did not load'));
      worker.postMessage(arguments[0]);
    });
  } finally {
    worker.terminate();
  }`;
const asked = `(async function () { ${askWorker} })(${JSON.stringify(vectors)})`;

let served: Served;
beforeAll(async () => {
  const wasm = [...catalogue.keys()].map((id): [string, Uint8Array] => [
    `/${encodeURIComponent(id)}.wasm`,
    readFileSync(new URL(`../../build/kernels/${id}/reference.wasm`, import.meta.url)),
  ]);
  served = await serveFiles({
    '/page.html': '<!doctype html><html lang="en"><title>kernels</title></html>',
    '/worker.js': worker,
    ...Object.fromEntries(wasm),
  });
});
afterAll(async () => served.close());

it('has something to compare', () => {
  expect(vectors.length).toBeGreaterThanOrEqual(2 * catalogue.size);
});

describe.skipIf(whyNo.chromium() !== null)(`Chromium ${whyNo.chromium() ?? ''}`, () => {
  it('gives every kernel its known answers', async () => {
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      await page.goto(`${served.origin}/page.html`);
      expect(named(await page.evaluate<string[]>(asked))).toEqual(expected);
    } finally {
      await browser.close();
    }
  });
});

describe.skipIf(whyNo.firefox() !== null)(`Firefox ${whyNo.firefox() ?? ''}`, () => {
  it('gives every kernel its known answers', async () => {
    const browser = await launchFirefox();
    try {
      const page = await browser.newPage();
      await page.goto(`${served.origin}/page.html`);
      expect(named((await page.evaluate(asked)) as string[])).toEqual(expected);
    } finally {
      await browser.close();
    }
  });
});

describe.skipIf(whyNo.webkit() !== null)(`WebKit ${whyNo.webkit() ?? ''}`, () => {
  it('gives every kernel its known answers', async () => {
    const browser = await launchWebKit();
    try {
      await browser.goto(`${served.origin}/page.html`);
      expect(named((await browser.evaluate(askWorker, vectors)) as string[])).toEqual(expected);
    } finally {
      await browser.close();
    }
  });
});
