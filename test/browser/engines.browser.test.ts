/** Proves that the three engines are real here: a page loads, a worker runs, WASM SIMD multiplies, WebGPU adds. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium, launchFirefox, launchWebKit, whyNo } from './browsers.ts';
import { serveFiles } from './serve.ts';
import type { Served } from './serve.ts';

/** A section of a WebAssembly module, or anything else with its length in front. */
const sized = (...bytes: number[]): number[] => [bytes.length, ...bytes];

/**
 * `(func (export "dot") (param i32 i32) (result i32) (local v128) …)`: splats both numbers over four lanes,
 * multiplies lane by lane and adds the lanes up: 4·a·b. Does not compile without SIMD.
 */
const splat = [0xfd, 0x11];
const multiplyLanes = [0xfd, 0xb5, 0x01];
const keptLane = (lane: number): number[] => [0x20, 2, 0xfd, 0x1b, lane];
const dotBody = [
  ...[1, 1, 0x7b],
  ...[0x20, 0, ...splat, 0x20, 1, ...splat, ...multiplyLanes, 0x21, 2],
  ...[...keptLane(0), ...keptLane(1), 0x6a, ...keptLane(2), ...keptLane(3), 0x6a, 0x6a, 0x0b],
];
const dotModule = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, ...sized(1, 0x60, 2, 0x7f, 0x7f, 1, 0x7f)],
  ...[3, ...sized(1, 0)],
  ...[7, ...sized(1, ...sized(0x64, 0x6f, 0x74), 0, 0)],
  ...[10, ...sized(1, ...sized(...dotBody))],
]);

const worker = `
  import { double } from './part.js';
  const dot = async (a, b) => {
    const bytes = await (await fetch('./dot.wasm')).arrayBuffer();
    const { instance } = await WebAssembly.instantiate(bytes);
    return instance.exports.dot(a, b);
  };
  const add = async (numbers) => {
    const adapter = await navigator.gpu?.requestAdapter();
    if (!adapter) return null;
    const device = await adapter.requestDevice();
    const code = \`
      @group(0) @binding(0) var<storage, read_write> data: array<u32>;
      @compute @workgroup_size(4) fn main(@builtin(global_invocation_id) id: vec3u) { data[id.x] += 1000u; }\`;
    const pipeline = device.createComputePipeline({
      layout: 'auto', compute: { module: device.createShaderModule({ code }), entryPoint: 'main' },
    });
    const size = numbers.length * 4;
    const data = device.createBuffer({ size, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST });
    const back = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    device.queue.writeBuffer(data, 0, Uint32Array.from(numbers));
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0), entries: [{ binding: 0, resource: { buffer: data } }],
    }));
    pass.dispatchWorkgroups(1);
    pass.end();
    encoder.copyBufferToBuffer(data, 0, back, 0, size);
    device.queue.submit([encoder.finish()]);
    await back.mapAsync(GPUMapMode.READ);
    const sums = [...new Uint32Array(back.getMappedRange())];
    device.destroy();
    return sums;
  };
  onmessage = async ({ data }) => {
    try {
      postMessage({ dot: await dot(data.a, data.b), double: double(data.a), gpu: data.gpu ? await add(data.gpu) : null });
    } catch (fault) {
      postMessage({ fault: String(fault) });
    }
  };`;

const files = {
  '/page.html': '<!doctype html><html lang="en"><title>three engines</title><p id="here">here</p></html>',
  '/worker.js': worker,
  '/part.js': 'export const double = (x) => 2 * x;',
  '/dot.wasm': dotModule,
};

/** Runs in the page: asks the worker once. */
const askWorker = `
  const worker = new Worker('./worker.js', { type: 'module' });
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => reject(new Error(event.message || 'the worker did not load'));
      worker.postMessage(arguments[0]);
    });
  } finally {
    worker.terminate();
  }`;
/** The same as an expression, for drivers that take one. */
const asked = (question: object): string =>
  `(async function () { ${askWorker} })(${JSON.stringify(question)})`;

let served: Served;
beforeAll(async () => {
  served = await serveFiles(files);
});
afterAll(async () => served.close());

describe.skipIf(whyNo.chromium() !== null)(`Chromium ${whyNo.chromium() ?? ''}`, () => {
  it('loads a page, runs SIMD and WebGPU in a module worker', async () => {
    const browser = await launchChromium({ webgpu: true });
    try {
      const page = await browser.newPage();
      await page.goto(`${served.origin}/page.html`);
      expect(await page.textContent('#here')).toBe('here');
      const answer = await page.evaluate(asked({ a: 6, b: 7, gpu: [1, 2, 3, 4] }));
      expect(answer).toEqual({ dot: 168, double: 12, gpu: [1001, 1002, 1003, 1004] });
    } finally {
      await browser.close();
    }
  });

  it('has no WebGPU unless it is asked for', async () => {
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      await page.goto(`${served.origin}/page.html`);
      expect(await page.evaluate(asked({ a: 1, b: 1, gpu: [1] }))).toEqual({ dot: 4, double: 2, gpu: null });
    } finally {
      await browser.close();
    }
  });
});

describe.skipIf(whyNo.firefox() !== null)(`Firefox ${whyNo.firefox() ?? ''}`, () => {
  it('loads a page and runs SIMD in a module worker', async () => {
    const browser = await launchFirefox();
    try {
      const page = await browser.newPage();
      await page.goto(`${served.origin}/page.html`);
      expect(await page.$eval('#here', (element) => element.textContent)).toBe('here');
      expect(await page.evaluate(asked({ a: 6, b: 7 }))).toEqual({ dot: 168, double: 12, gpu: null });
    } finally {
      await browser.close();
    }
  });
});

describe.skipIf(whyNo.firefoxWithGpu() !== null)(`Firefox’s WebGPU ${whyNo.firefoxWithGpu() ?? ''}`, () => {
  it('runs in a module worker, on the emulated GPU', async () => {
    const browser = await launchFirefox(undefined, { webgpu: true });
    try {
      const page = await browser.newPage();
      await page.goto(`${served.origin}/page.html`);
      const answer = await page.evaluate(asked({ a: 6, b: 7, gpu: [1, 2, 3, 4] }));
      expect(answer).toEqual({ dot: 168, double: 12, gpu: [1001, 1002, 1003, 1004] });
    } finally {
      await browser.close();
    }
  });
});

describe.skipIf(whyNo.webkit() !== null)(`WebKit ${whyNo.webkit() ?? ''}`, () => {
  it('loads a page, runs SIMD in a module worker, gives a picture and tells faults', async () => {
    const browser = await launchWebKit();
    try {
      await browser.goto(`${served.origin}/page.html`);
      expect(await browser.evaluate(`return document.querySelector('#here').textContent`)).toBe('here');
      expect(await browser.evaluate(askWorker, { a: 6, b: 7 })).toEqual({ dot: 168, double: 12, gpu: null });
      expect((await browser.screenshot()).subarray(1, 4).toString()).toBe('PNG');
      await expect(browser.evaluate(`throw new Error('as expected')`)).rejects.toThrow('as expected');
    } finally {
      await browser.close();
    }
  });
});
