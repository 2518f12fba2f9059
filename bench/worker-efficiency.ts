/**
 * How much of a worker's time goes into the kernel: kernel time ÷ wall time over queued chunks, in a Node
 * thread and in Chromium (WASM, and WebGPU on SwiftShader), for units of several lengths.
 *
 * node bench/worker-efficiency.ts [--json FILE]
 */

import { Worker } from 'node:worker_threads';
import { WorkerEngine } from '../src/volunteer/engine-proxy.ts';
import type { Backend } from '../src/volunteer/engine.ts';
import { threadPort } from '../src/volunteer/engine-node.ts';
import { launchChromium, whyNo } from '../test/browser/browsers.ts';
import { engineSite } from '../test/browser/engine-site.ts';
import { serveFiles } from '../test/browser/serve.ts';
import { compileMix, mixShader } from '../test/kernels/fixtures/compile.ts';
import { median, report } from './measure.ts';
import type { Line } from './measure.ts';
import { efficiency } from './worker-efficiency-run.ts';
import type { Efficiency } from './worker-efficiency-run.ts';

const rounds = 3;
/** Length of a unit in ms, and the share of the time that must go into the kernel. */
const lengths = [
  { unitMs: 1, atLeast: 0.9 },
  { unitMs: 5, atLeast: 0.97 },
  { unitMs: 20, atLeast: 0.99 },
  { unitMs: 80, atLeast: 0.99 },
];

async function inNode(unitMs: number): Promise<Efficiency> {
  const thread = new Worker(new URL('../test/volunteer/engine-fixture.node.ts', import.meta.url));
  return efficiency(
    new WorkerEngine('wasm', threadPort(thread)),
    { id: 'mix@1', wasm: await compileMix('mix'), wgsl: mixShader },
    unitMs,
  );
}

function lineOf(where: string, unitMs: number, atLeast: number | null, runs: Efficiency[]): Line {
  const middle = median(runs.map(({ kernelMs, wallMs }) => kernelMs / wallMs));
  const wallMs = median(runs.map((run) => run.wallMs));
  const took = median(runs.map((run) => run.unitMs));
  return {
    what: `${where}, units of ${unitMs} ms (${took.toFixed(2)} in fact)`,
    unit: 'ms',
    ours: middle * wallMs,
    reference: wallMs,
    beside: 'wall time',
    goal: atLeast === null ? null : { atLeast },
  };
}

async function several(run: () => Promise<Efficiency>): Promise<Efficiency[]> {
  const runs = [];
  for (let round = 0; round < rounds; round++) runs.push(await run());
  return runs;
}

async function chromiumLines(): Promise<Line[]> {
  const served = await serveFiles(await engineSite());
  const browser = await launchChromium({ webgpu: true });
  try {
    const page = await browser.newPage();
    await page.goto(`${served.origin}/page.html`);
    const ask = (backend: Backend, unitMs: number): Promise<Efficiency> =>
      page.evaluate(`measureEfficiency('${backend}', ${unitMs})`);
    const lines = [];
    for (const { unitMs, atLeast } of lengths)
      lines.push(lineOf('Chromium, WASM', unitMs, atLeast, await several(() => ask('wasm', unitMs))));
    for (const unitMs of [5, 20])
      lines.push(
        lineOf('Chromium, SwiftShader busy', unitMs, null, await several(() => ask('webgpu', unitMs))),
      );
    return lines;
  } finally {
    await browser.close();
    await served.close();
  }
}

const lines: Line[] = [];
for (const { unitMs, atLeast } of lengths)
  lines.push(lineOf('Node thread, WASM', unitMs, atLeast, await several(() => inNode(unitMs))));
const missing = whyNo.chromium();
if (missing === null) lines.push(...(await chromiumLines()));
else console.error(`Chromium is left out: ${missing}`);
report(
  'Worker efficiency: kernel time ÷ wall time, three rounds, chunks of about half a second queued one ahead',
  lines,
);
