/** The engine contract, kept in Node worker threads by the WASM engine and, where Node has a GPU, by the WebGPU engine in a process. */

import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { WorkerEngine } from '../../src/volunteer/engine-proxy.ts';
import type { EngineLimits } from '../../src/volunteer/engine.ts';
import { gpuProcess, processPort, threadPort } from '../../src/volunteer/engine-node.ts';
import { engineChecks, fails, jobOf } from '../contract/engine.ts';
import type { World } from '../contract/engine.ts';
import { compileVariants, mixShader } from '../kernels/fixtures/compile.ts';
import { mixInput } from '../kernels/fixtures/mix.ts';

let wasm: World['wasm'];
beforeAll(async () => {
  wasm = await compileVariants();
}, 60_000);

const program = new URL('engine-fixture.node.ts', import.meta.url);

interface ThreadEngine {
  readonly engine: WorkerEngine;
  readonly thread: Worker;
  crash(): void;
}

function threadEngine(limits: Partial<EngineLimits> = {}): ThreadEngine {
  const thread = new Worker(program);
  const engine = new WorkerEngine('wasm', threadPort(thread), limits);
  return { engine, thread, crash: () => thread.postMessage('crash') };
}

function processEngine(limits: Partial<EngineLimits> = {}): Omit<ThreadEngine, 'thread'> {
  const child = gpuProcess(program);
  const engine = new WorkerEngine('webgpu', processPort(child), limits);
  return { engine, crash: () => child.send('crash') };
}

/** Why Node has no GPU here, or null when it has (the optional package `webgpu`, and a driver). */
async function whyNoGpu(): Promise<string | null> {
  const { engine } = processEngine();
  const why = await engine.start().then(
    () => null,
    (error: Error) => error.message,
  );
  engine.dispose();
  return why;
}
/** Debian's chromium brings an emulated GPU with its loader: Dawn finds them when it is told. */
const emulated = '/usr/lib/chromium';

/** The same, with the emulated GPU where there is no other. */
async function whyNoGpuAtAll(): Promise<string | null> {
  const why = await whyNoGpu();
  const driver = `${emulated}/vk_swiftshader_icd.json`;
  if (why === null || process.env.VK_ICD_FILENAMES !== undefined || !existsSync(driver)) return why;
  vi.stubEnv('VK_ICD_FILENAMES', driver);
  vi.stubEnv('LD_LIBRARY_PATH', emulated);
  return whyNoGpu();
}
const noGpu = await whyNoGpuAtAll();

describe('the WASM engine in Node threads', () => {
  for (const check of engineChecks.filter(({ on }) => on.includes('wasm'))) {
    it(check.name, () =>
      check.act({ backend: 'wasm', wasm, wgsl: mixShader, engine: (limits) => threadEngine(limits) }),
    );
  }

  it('ends every call when its thread is killed from outside in the middle of a unit', async () => {
    const { engine, thread } = threadEngine();
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
  `the WebGPU engine in a Node process${noGpu === null ? '' : ` (skipped: ${noGpu})`}`,
  () => {
    for (const check of engineChecks.filter(({ on }) => on.includes('webgpu'))) {
      it(check.name, () =>
        check.act({
          backend: 'webgpu',
          wasm,
          wgsl: mixShader,
          engine: (limits) => processEngine(limits),
        }),
      );
    }
  },
);

it.skipIf(noGpu === null)('says that there is no GPU in Node where there is none', () => {
  expect(noGpu).toMatch(/^unavailable: /);
});
