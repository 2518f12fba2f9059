/** Runs the shader of `mersenne-tf@1` in a real browser and compares it, bit for bit, with the known answers. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeInput, mersenneTf } from '../../src/kernels/mersenne-tf/index.ts';
import { launchChromium, whyNo } from '../browser/browsers.ts';
import { serveFiles } from '../browser/serve.ts';
import type { Served } from '../browser/serve.ts';
import { openReference } from './mersenne-tf-reference.ts';

const shader = readFileSync(new URL('../../src/kernels/mersenne-tf/shader.wgsl', import.meta.url), 'utf8');

/** What the page is given to compute: a batch of slots and the dispatches that fill them. */
interface Batch {
  readonly wgsl: string;
  readonly entryPoint: string;
  readonly tables: number[][];
  readonly outBytes: number;
  readonly dispatches: {
    readonly params: number[];
    readonly workgroups: readonly [number, number, number];
  }[];
}

/** In the page: one dispatch after the other into one cleared buffer, as `GpuProgram` says. */
async function runInPage(batch: Batch): Promise<number[]> {
  const adapter = await navigator.gpu.requestAdapter();
  if (adapter === null) throw new Error('no adapter');
  const device = await adapter.requestDevice();
  device.pushErrorScope('validation');
  const module = device.createShaderModule({ code: batch.wgsl });
  const { messages } = await module.getCompilationInfo();
  if (messages.length > 0)
    throw new Error(messages.map(({ lineNum, message }) => `${lineNum}: ${message}`).join('\n'));
  const pipeline = await device.createComputePipelineAsync({
    layout: 'auto',
    compute: { module, entryPoint: batch.entryPoint },
  });
  const filled = (bytes: number[], usage: number): GPUBuffer => {
    const buffer = device.createBuffer({ size: bytes.length, usage: usage | GPUBufferUsage.COPY_DST });
    device.queue.writeBuffer(buffer, 0, Uint8Array.from(bytes));
    return buffer;
  };
  const out = device.createBuffer({
    size: batch.outBytes,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC,
  });
  const back = device.createBuffer({
    size: batch.outBytes,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  const tables = batch.tables.map((bytes) => filled(bytes, GPUBufferUsage.STORAGE));
  for (const { params, workgroups } of batch.dispatches) {
    const buffers = [filled(params, GPUBufferUsage.UNIFORM), out, ...tables];
    const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(...workgroups);
    pass.end();
    device.queue.submit([encoder.finish()]);
  }
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(out, 0, back, 0, batch.outBytes);
  device.queue.submit([encoder.finish()]);
  const fault = await device.popErrorScope();
  if (fault !== null) throw new Error(fault.message);
  await back.mapAsync(GPUMapMode.READ);
  const bytes = [...new Uint8Array(back.getMappedRange())];
  device.destroy();
  return bytes;
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe.skipIf(whyNo.chromium() !== null)(
  `mersenne-tf.wgsl in Chromium (${whyNo.chromium() ?? 'found'})`,
  () => {
    let served: Served;
    let browser: Browser;
    let page: Page;

    beforeAll(async () => {
      served = await serveFiles({ '/page.html': '<!doctype html><html lang="en"><title>shader</title>' });
      browser = await launchChromium({ webgpu: true });
      page = await browser.newPage();
      await page.goto(`${served.origin}/page.html`);
    });
    afterAll(async () => {
      await browser?.close();
      await served?.close();
    });

    /** Canonical outputs of some units of one job, each cut in `pieces`. */
    async function compute(
      input: Uint8Array,
      units: readonly number[],
      pieces: number,
    ): Promise<Uint8Array[]> {
      const gpu = mersenneTf.gpu;
      if (gpu === undefined) throw new Error('there is no shader');
      const slotBytes = gpu.slotBytes(input);
      const dispatches: Batch['dispatches'] = [];
      units.forEach((unit, slot) => {
        for (let piece = 0; piece < pieces; piece++) {
          const { params, workgroups } = gpu.dispatch(input, unit, piece, pieces, slot);
          expect(params.length).toBe(gpu.paramBytes);
          dispatches.push({ params: [...params], workgroups });
        }
      });
      const tables = gpu.tables(input).map((bytes) => [...bytes]);
      const batch = {
        wgsl: shader,
        entryPoint: gpu.entryPoint,
        tables,
        outBytes: slotBytes * units.length,
        dispatches,
      };
      const raw = Uint8Array.from(await page.evaluate(runInPage, batch));
      return units.map((unit, slot) =>
        gpu.finish(input, unit, raw.slice(slot * slotBytes, (slot + 1) * slotBytes)),
      );
    }

    it.each(mersenneTf.vectors.map((vector) => [vector.name, vector] as const))(
      '%s',
      async (_, { input, unit, digest: expected }) => {
        const [output] = await compute(input, [unit], 1);
        expect(digest(output ?? new Uint8Array())).toBe(expected);
      },
    );

    it('gives the same bytes however a batch is ordered and a unit is cut', async () => {
      const input = encodeInput({ exponent: 332193149, kFrom: 568114000000n, kPerUnit: 1 << 17, units: 8 });
      const reference = openReference(input);
      const units = [6, 0, 5, 5];
      const expected = units.map((unit) => digest(reference.run(unit)));
      for (const pieces of [1, 3, 16])
        expect((await compute(input, units, pieces)).map(digest)).toEqual(expected);
    });

    it('keeps its head just below 2^80, in units that end inside a workgroup', async () => {
      const input = encodeInput({ exponent: 2147483647, kFrom: 1n << 48n, kPerUnit: 129 * 256, units: 3 });
      const reference = openReference(input);
      const outputs = await compute(input, [2, 1], 2);
      expect(outputs.map(digest)).toEqual([2, 1].map((unit) => digest(reference.run(unit))));
    });
  },
);
