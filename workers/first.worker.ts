/**
 * Computes one chunk by itself, the first of a visit: a kernel's reference, proven on its vectors, with the platform's own SHA-256.
 * As little as that takes, so that work begins while the engine with all it can do is still on its way.
 */
import type { FirstAnswer, FirstRun } from '../src/volunteer/first.ts';
import { firstDigests } from './first-digests.ts';
import { kernelOf } from './kernels.ts';
import { compileKernel, WasmJob } from './wasm.ts';

const tell = (answer: FirstAnswer): void => globalThis.postMessage(answer);

async function compute(run: FirstRun): Promise<void> {
  const [module, kernel] = await Promise.all([compileKernel(run.wasm), kernelOf(run.kernel)]);
  for (const { input, unit, digest } of kernel?.vectors ?? []) {
    const known = new WasmJob(module, input).run(unit).slice();
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', known));
    if (hash.some((byte, i) => byte !== Number.parseInt(digest.slice(2 * i, 2 * i + 2), 16)))
      throw new Error('a known answer came out otherwise');
  }
  tell({ is: 'computing' });
  const job = new WasmJob(module, run.input);
  const outputs: Uint8Array[] = [];
  for (let unit = run.unitFrom; unit < run.unitTo; unit++) outputs.push(job.run(unit).slice());
  tell({ is: 'done', ...(await firstDigests(run, outputs)) });
}

addEventListener('message', ({ data }: MessageEvent<FirstRun>) => {
  compute(data).catch(() => tell({ is: 'failed' }));
});
