/** The engine contract, kept in Node worker threads by the WASM engine and, where Node has a GPU, by the WebGPU engine. */

import { Worker } from 'node:worker_threads';
import { beforeAll, describe, expect, it } from 'vitest';
import { WorkerEngine } from '../../src/volunteer/engine.ts';
import type { Backend, EngineLimits } from '../../src/volunteer/engine.ts';
import { nodePort } from '../../src/volunteer/engine-node.ts';
import { engineChecks, fails, jobOf } from '../contract/engine.ts';
import type { World } from '../contract/engine.ts';
import { compileVariants, mixShader } from '../kernels/fixtures/compile.ts';
import { mixInput } from '../kernels/fixtures/mix.ts';

let wasm: World['wasm'];
beforeAll(async () => {
  wasm = await compileVariants();
}, 60_000);

interface ThreadEngine {
  readonly engine: WorkerEngine;
  readonly thread: Worker;
  crash(): void;
}

function threadEngine(backend: Backend, limits: Partial<EngineLimits> = {}): ThreadEngine {
  const thread = new Worker(new URL('engine-fixture.node.ts', import.meta.url));
  const engine = new WorkerEngine(backend, nodePort(thread, backend), limits);
  return { engine, thread, crash: () => thread.postMessage('crash') };
}

/** Why Node has no GPU here, or null when it has (the optional package `webgpu`, and a driver). */
async function whyNoGpu(): Promise<string | null> {
  const { engine } = threadEngine('webgpu');
  const why = await engine.start().then(
    () => null,
    (error: Error) => error.message,
  );
  engine.dispose();
  return why;
}
const noGpu = await whyNoGpu();

describe('the WASM engine in Node threads', () => {
  for (const check of engineChecks.filter(({ on }) => on.includes('wasm'))) {
    it(check.name, () =>
      check.act({ backend: 'wasm', wasm, wgsl: mixShader, engine: (limits) => threadEngine('wasm', limits) }),
    );
  }

  it('ends every call when its thread is killed from outside in the middle of a unit', async () => {
    const { engine, thread } = threadEngine('wasm');
    await engine.start();
    await engine.load(
      jobOf({ wasm, wgsl: mixShader }, mixInput({ seed: 1, rounds: 1, values: 3, mode: 'endless' })),
    );
    const calls = [0, 1].map((i) =>
      engine.run({ replica: `r${i}`, job: 'job', unitFrom: 0, unitTo: 9 }, () => {}),
    );
    void thread.terminate();
    for (const call of calls) await fails(call, 'died');
  });
});

describe.skipIf(noGpu !== null)(
  `the WebGPU engine in Node threads${noGpu === null ? '' : ` (skipped: ${noGpu})`}`,
  () => {
    // A thread that dies by itself takes Dawn, and so the whole process, with it.
    for (const check of engineChecks.filter(
      ({ on, name }) => on.includes('webgpu') && !name.includes('dies'),
    )) {
      it(check.name, () =>
        check.act({
          backend: 'webgpu',
          wasm,
          wgsl: mixShader,
          engine: (limits) => threadEngine('webgpu', limits),
        }),
      );
    }
  },
);

it.skipIf(noGpu === null)('says that there is no GPU in Node where there is none', () => {
  expect(noGpu).toMatch(/^unavailable: /);
});
