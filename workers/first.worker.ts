/**
 * Computes one chunk by itself, the first of a visit: a kernel's reference, proven on its vectors before anything is leased, with the
 * platform's own SHA-256. As little as that takes, so that work begins while the engine with all it can do is still on its way.
 */
import type { FirstAnswer, FirstProgram, FirstUnits } from '../src/volunteer/first.ts';
import { firstDigests } from './first-digests.ts';
import { kernelOf } from './kernels.ts';
import { compileKernel, WasmJob } from './wasm.ts';

let proven: { readonly program: FirstProgram; readonly module: WebAssembly.Module } | null = null;

async function prove(program: FirstProgram): Promise<FirstAnswer> {
  const [module, kernel] = await Promise.all([compileKernel(program.wasm), kernelOf(program.kernel)]);
  for (const { input, unit, digest } of kernel?.vectors ?? []) {
    const known = new WasmJob(module, input).run(unit).slice();
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', known));
    if (hash.some((byte, i) => byte !== Number.parseInt(digest.slice(2 * i, 2 * i + 2), 16)))
      throw new Error('a known answer came out otherwise');
  }
  proven = { program, module };
  return { is: 'proven' };
}

async function compute({ unitFrom, unitTo }: FirstUnits): Promise<FirstAnswer> {
  if (proven === null) throw new Error('nothing was proven');
  const { program, module } = proven;
  const job = new WasmJob(module, program.input);
  const outputs: Uint8Array[] = [];
  for (let unit = unitFrom; unit < unitTo; unit++) outputs.push(job.run(unit).slice());
  return { is: 'done', ...(await firstDigests({ ...program, unitFrom }, outputs)) };
}

/** A chunk is handed over to the page, not copied: nobody here needs it any more. */
function handedOver(answer: FirstAnswer): ArrayBuffer[] {
  if (answer.is !== 'done') return [];
  const { digests, root, outputs, lengths } = answer;
  return [digests, root, outputs, lengths].map(({ buffer }) => buffer);
}

addEventListener('message', ({ data }: MessageEvent<FirstProgram | FirstUnits>) => {
  void ('wasm' in data ? prove(data) : compute(data))
    .catch((): FirstAnswer => ({ is: 'failed' }))
    .then((answer) => globalThis.postMessage(answer, { transfer: handedOver(answer) }));
});
