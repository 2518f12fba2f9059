/**
 * Measures in a page how long a GPU is busy with one submission of the engine's, once it has found its pace: what cannot be
 * interrupted, and what a screen would wait for. No dispatch is longer than the submission that it is part of.
 */
import type { Kernel } from '../../src/kernels/kernel.ts';
import type { JobData } from '../../src/volunteer/engine.ts';
import { GpuPace } from '../../workers/gpu-pace.ts';
import { silentSpan } from '../../workers/self-test.ts';
import { WebGpuBackend } from '../../workers/webgpu.ts';

/** Finding the pace begins with one unit in its smallest pieces, and doubles. */
const warmMs = 2_000;

/** Milliseconds of each submission in about so long after that. */
export async function submissions(data: JobData, kernel: Kernel, spanMs: number): Promise<number[]> {
  const found: number[] = [];
  const { observe } = GpuPace.prototype;
  const startMs = performance.now();
  GpuPace.prototype.observe = function (steps, pieces, ms) {
    if (performance.now() - startMs > warmMs) found.push(ms);
    observe.call(this, steps, pieces, ms);
  };
  try {
    const backend = new WebGpuBackend(navigator.gpu, () => {});
    await backend.start();
    const job = await backend.open(data.code, kernel, data.input);
    const units = kernel.units(data.input);
    for (let unit = 0; performance.now() - startMs < warmMs + spanMs;) {
      const end = Math.min(units, unit + job.batchUnits);
      await job.compute(silentSpan(unit, end));
      unit = end === units ? 0 : end;
    }
    job.close();
    backend.device?.destroy();
  } finally {
    GpuPace.prototype.observe = observe;
  }
  return found;
}
