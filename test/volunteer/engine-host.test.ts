/** The host and the proxy in one thread: what can only be seen with both ends in hand. */

import { MessageChannel } from 'node:worker_threads';
import { expose, transfer } from 'comlink';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { WorkerEngine } from '../../src/volunteer/engine-proxy.ts';
import type { Beat, ChunkResult, EngineHost, Outcome } from '../../src/volunteer/engine.ts';
import { nodeEndpoint } from '../../src/volunteer/node-endpoint.ts';
import { Breath } from '../../workers/breath.ts';
import { ComputeHost } from '../../workers/host.ts';
import { memoryLimits } from '../../workers/wasm-memory.ts';
import { WasmBackend } from '../../workers/wasm.ts';
import { fails, jobOf } from '../contract/engine.ts';
import { compileMix, mixShader } from '../kernels/fixtures/compile.ts';
import { fixtureOf, mixInput } from '../kernels/fixtures/mix.ts';

let wasm: Uint8Array;
beforeAll(async () => {
  wasm = await compileMix('mix');
}, 60_000);
afterEach(() => void vi.useRealTimers());

/** A proxy and a host over a message channel; `silent` takes the place of a host that never says anything. */
function pair(
  host?: EngineHost,
  limits = {},
): { engine: WorkerEngine; answers: Outcome<ChunkResult>[]; say(beat: Beat): void; terminated(): number } {
  const { port1, port2 } = new MessageChannel();
  const answers: Outcome<ChunkResult>[] = [];
  let terminated = 0;
  const real = new ComputeHost({
    tell: (beat) => port2.postMessage(beat),
    kernelOf: fixtureOf,
    transfer: (answer, buffers) => {
      answers.push(answer as object as Outcome<ChunkResult>);
      return transfer(answer, buffers);
    },
    open: async () => new WasmBackend(),
  });
  expose(host ?? real, nodeEndpoint(port2));
  const engine = new WorkerEngine(
    'wasm',
    {
      endpoint: nodeEndpoint(port1),
      onMessage: (listener) => port1.on('message', listener),
      onDeath: () => {},
      terminate: () => {
        terminated++;
        port1.close();
      },
    },
    limits,
  );
  return { engine, answers, say: (beat) => port2.postMessage(beat), terminated: () => terminated };
}

/** A host that hears and never answers. */
const silent: EngineHost = {
  start: () => new Promise(() => {}),
  load: () => new Promise(() => {}),
  unload: () => {},
  selfTest: () => new Promise(() => {}),
  measure: () => new Promise(() => {}),
  run: () => new Promise(() => {}),
  recompute: () => new Promise(() => {}),
  cancel: () => {},
  setShare: () => {},
};
const run = { replica: 'r', job: 'job', unitFrom: 0, unitTo: 100 };
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('host and proxy', () => {
  it('hand a result over without copying it', async () => {
    const { engine, answers } = pair();
    await engine.start();
    await engine.load(
      jobOf({ wasm: { mix: wasm }, wgsl: mixShader }, mixInput({ seed: 1, rounds: 1, values: 1000 })),
    );
    const result = await engine.run(run, () => {});
    expect(result.bytes.length).toBe(4 * (100 * 1000 - 99));
    const sent = answers[0];
    if (sent === undefined || !sent.ok) throw new Error('no answer');
    for (const part of [sent.value.bytes, sent.value.digests, sent.value.lengths, sent.value.root])
      expect(part.buffer.byteLength).toBe(0);
    engine.dispose();
  });

  it('gather in a buffer no larger than needed when units are alike', async () => {
    const { engine } = pair();
    await engine.start();
    await engine.load(
      jobOf({ wasm: { mix: wasm }, wgsl: mixShader }, mixInput({ seed: 1, rounds: 1, values: 1000 })),
    );
    const { bytes } = await engine.run(run, () => {});
    expect(bytes.buffer.byteLength / bytes.length).toBeLessThan(1.01);
    engine.dispose();
  });

  it('do not suspect a worker while this thread itself was asleep', async () => {
    const { engine } = pair(silent, { silenceMs: 400 });
    const call = engine.run(run, () => {}).catch((error: Error) => error.message);
    const blockedUntil = performance.now() + 1000;
    while (performance.now() < blockedUntil);
    expect(await Promise.race([call, pause(150).then(() => 'alive')])).toBe('alive');
    expect(await call).toMatch(/^stuck/);
  });

  it('are silent only when nothing at all is heard', async () => {
    const { engine, say, terminated } = pair(silent, { silenceMs: 300 });
    const call = engine.run(run, () => {});
    for (let i = 0; i < 8; i++) {
      await pause(100);
      say({ beat: 'progress', replica: 'r', unitsDone: i });
    }
    expect(terminated()).toBe(0);
    say({ beat: 'resting' });
    await pause(700);
    expect(terminated()).toBe(0);
    say({ beat: 'awake' });
    await fails(call, 'stuck');
    expect(terminated()).toBe(1);
  });

  it('end a call that is not a run after its own time, however lively the worker', async () => {
    const { engine, say } = pair(silent, { silenceMs: 200, setupMs: 500 });
    const call = engine.load(
      jobOf({ wasm: { mix: wasm }, wgsl: mixShader }, mixInput({ seed: 1, rounds: 1, values: 3 })),
    );
    const startMs = performance.now();
    const beats = setInterval(() => say({ beat: 'progress', replica: null, unitsDone: 0 }), 50);
    await fails(call, 'stuck');
    clearInterval(beats);
    expect(performance.now() - startMs).toBeGreaterThan(400);
  });

  it('keep no watch while nothing is asked', async () => {
    vi.useFakeTimers();
    const { engine } = pair(silent);
    expect(vi.getTimerCount()).toBe(0);
    engine.dispose();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('reject with a lost device when the worker says so', async () => {
    const { engine, say } = pair(silent);
    const call = engine.run(run, () => {});
    say({ beat: 'lost', reason: 'device-lost', detail: 'gone' });
    await fails(call, 'device-lost');
  });
});

describe('a breath', () => {
  it('is due after 50 ms of work, not of idleness', async () => {
    const breath = new Breath(() => {});
    await pause(80);
    breath.begin();
    expect(breath.due()).toBeNull();
    const untilMs = performance.now() + 55;
    while (performance.now() < untilMs);
    expect(breath.due()).not.toBeNull();
    await breath.due();
    breath.end();
  });

  it('takes idleness for neither work nor rest, so that a small share is no long sleep', async () => {
    const breath = new Breath(() => {});
    breath.setShare(0.5);
    await pause(600);
    breath.begin();
    const untilMs = performance.now() + 60;
    while (performance.now() < untilMs);
    const startMs = performance.now();
    await breath.due();
    expect(performance.now() - startMs).toBeLessThan(300);
    breath.end();
  });
});

describe('a module’s memory', () => {
  const header = [0, 97, 115, 109, 1, 0, 0, 0];
  const limits = (...rest: number[]) => memoryLimits(new Uint8Array([...header, ...rest]));
  it('is read from its bytes', () => {
    expect(limits(5, 4, 1, 1, 3, 9)).toEqual({ pagesMin: 3, pagesMax: 9 });
    expect(limits(1, 1, 0, 5, 6, 1, 1, 0x80, 0x02, 0x80, 0x20)).toEqual({ pagesMin: 256, pagesMax: 4096 });
  });
  it('is refused when unbounded, shared, 64-bit, double, missing or cut off', () => {
    expect(limits(5, 3, 1, 0, 3)).toBeNull();
    expect(limits(5, 4, 1, 3, 3, 3)).toBeNull();
    expect(limits(5, 4, 1, 5, 3, 3)).toBeNull();
    expect(limits(5, 7, 2, 1, 3, 3, 1, 3, 3)).toBeNull();
    expect(limits()).toBeNull();
    expect(limits(1, 0x80)).toBeNull();
  });
});
