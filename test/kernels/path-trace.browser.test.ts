/** Does the shader of path-trace@1 agree with its reference, in a real browser, however a unit is cut? */
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoScene } from '../../src/kernels/path-trace/demo.ts';
import { encodeInput, pathTrace } from '../../src/kernels/path-trace/index.ts';
import { launchChromium, whyNo } from '../browser/browsers.ts';
import { serveFiles } from '../browser/serve.ts';
import type { Served } from '../browser/serve.ts';
import { openReference } from './path-trace-reference.ts';

const shader = readFileSync(new URL('../../src/kernels/path-trace/shader.wgsl', import.meta.url), 'utf8');

/** What the page is given to compute: a batch of slots and the dispatches that fill them. */
interface Batch {
  readonly wgsl: string;
  readonly entryPoint: string;
  readonly tables: string[];
  readonly outBytes: number;
  readonly dispatches: { readonly params: string; readonly workgroups: readonly [number, number, number] }[];
}

/** In the page: every dispatch into one cleared buffer, as `GpuProgram` says. Bytes travel as base64. */
async function runInPage(batch: Batch): Promise<string> {
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
  const filled = (base64: string, usage: number): GPUBuffer => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const buffer = device.createBuffer({ size: bytes.length, usage: usage | GPUBufferUsage.COPY_DST });
    device.queue.writeBuffer(buffer, 0, bytes);
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
  const tables = batch.tables.map((table) => filled(table, GPUBufferUsage.STORAGE));
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
  const letters = Array.from(new Uint8Array(back.getMappedRange()), (byte) => String.fromCharCode(byte)).join(
    '',
  );
  device.destroy();
  return btoa(letters);
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

describe.skipIf(whyNo.chromium() !== null)(
  `path-trace.wgsl in Chromium (${whyNo.chromium() ?? 'found'})`,
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
      wgsl = shader,
    ): Promise<Uint8Array[]> {
      const gpu = pathTrace.gpu;
      if (gpu === undefined) throw new Error('there is no shader');
      const slotBytes = gpu.slotBytes(input);
      const dispatches: Batch['dispatches'] = [];
      units.forEach((unit, slot) => {
        for (let piece = 0; piece < pieces; piece++) {
          const { params, workgroups } = gpu.dispatch(input, unit, piece, pieces, slot);
          expect(params.length).toBe(gpu.paramBytes);
          dispatches.push({ params: base64(params), workgroups });
        }
      });
      const batch = {
        wgsl,
        entryPoint: gpu.entryPoint,
        tables: gpu.tables(input).map(base64),
        outBytes: slotBytes * units.length,
        dispatches,
      };
      const raw = Uint8Array.from(Buffer.from(await page.evaluate(runInPage, batch), 'base64'));
      return units.map((unit, slot) =>
        gpu.finish(input, unit, raw.slice(slot * slotBytes, (slot + 1) * slotBytes)),
      );
    }

    function verdicts(input: Uint8Array, units: readonly number[], tiles: readonly Uint8Array[]): boolean[] {
      const reference = openReference(input);
      return units.map((unit, i) => {
        const tile = tiles[i] ?? new Uint8Array();
        expect(pathTrace.checkOutput(input, unit, tile)).toBeNull();
        return pathTrace.agree?.(input, unit, reference.run(unit), tile).agree ?? false;
      });
    }

    it.each(pathTrace.vectors.map((vector) => [vector.name, vector] as const))(
      '%s',
      async (_, { input, unit }) => {
        expect(verdicts(input, [unit], await compute(input, [unit], 1))).toEqual([true]);
      },
    );

    const demo = encodeInput(demoScene(320, 200, 96, 4));
    const units = [0, 1500, 2333, 3999, 41, 612];

    it('the demo scene, the same bytes in any number of pieces', async () => {
      const whole = await compute(demo, units, 1);
      expect(verdicts(demo, units, whole)).toEqual(units.map(() => true));
      for (const pieces of [3, 64]) expect(await compute(demo, units, pieces)).toEqual(whole);
    });

    it.each([
      [
        'a paler glaze',
        'inverseEta = 1.0 / real(material + 8u);',
        'inverseEta = 1.0 / (real(material + 8u) * 1.05);',
      ],
      ['no direct light', 'let own = fall * INV_PI;', 'let own = 0.0;'],
      ['other random numbers', 'x *= 0x846ca68bu;', 'x *= 0x846ca68du;'],
      ['a shorter path', 'let depthMax = min(word(6u), 64u);', 'let depthMax = min(word(6u), 3u);'],
    ])('a shader with %s does not agree', async (_, right, wrong) => {
      expect(shader).toContain(right);
      const tiles = await compute(demo, units, 1, shader.replace(right, wrong));
      expect(verdicts(demo, units, tiles).filter((agrees) => agrees).length).toBeLessThanOrEqual(
        units.length / 2,
      );
    });
  },
);
