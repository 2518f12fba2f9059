/** The engine contract, kept by the WASM engine in Node worker threads. */

import { Worker } from 'node:worker_threads';
import { beforeAll, describe, expect, it } from 'vitest';
import { WorkerEngine } from '../../src/volunteer/engine.ts';
import type { EngineLimits } from '../../src/volunteer/engine.ts';
import { nodePort } from '../../src/volunteer/engine-node.ts';
import { engineChecks, fails, jobOf } from '../contract/engine.ts';
import type { World } from '../contract/engine.ts';
import { compileVariants, mixShader } from '../kernels/fixtures/compile.ts';
import { mixInput } from '../kernels/fixtures/mix.ts';

let wasm: World['wasm'];
beforeAll(async () => {
  wasm = await compileVariants();
});

function threadEngine(limits: Partial<EngineLimits> = {}): {
  engine: WorkerEngine;
  thread: Worker;
  crash(): void;
} {
  const thread = new Worker(new URL('engine-fixture.node.ts', import.meta.url));
  return {
    engine: new WorkerEngine('wasm', nodePort(thread, 'wasm'), limits),
    thread,
    crash: () => thread.postMessage('crash'),
  };
}

describe('the WASM engine in Node threads', () => {
  for (const check of engineChecks.filter(({ on }) => on.includes('wasm'))) {
    it(check.name, () => check.act({ backend: 'wasm', wasm, wgsl: mixShader, engine: threadEngine }));
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

  it('has no GPU where Node has none', async () => {
    const thread = new Worker(new URL('engine-fixture.node.ts', import.meta.url));
    const engine = new WorkerEngine('webgpu', nodePort(thread, 'webgpu'));
    const started = await engine.start().then(
      () => 'started',
      (error: Error) => error.message,
    );
    engine.dispose();
    expect(['started', 'unavailable: no webgpu here']).toContain(started);
  });
});
