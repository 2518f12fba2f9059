/** What the engine tests run inside a browser's page: the contract's checks by name, a device that is taken away, and a bench's round. */

import { expose, transfer } from 'comlink';
import { WorkerEngine } from '../../src/volunteer/engine-proxy.ts';
import { browserPort } from '../../src/volunteer/browser-port.ts';
import type { Backend, Beat, EngineLimits, LostReason, WorkerPort } from '../../src/volunteer/engine.ts';
import { ComputeHost } from '../../workers/host.ts';
import { WebGpuBackend } from '../../workers/webgpu.ts';
import { efficiency } from '../../bench/worker-efficiency-run.ts';
import type { Efficiency } from '../../bench/worker-efficiency-run.ts';
import { codeOf, engineChecks, equal, fails, jobOf } from '../contract/engine.ts';
import type { World } from '../contract/engine.ts';
import { fixtureOf, mixInput } from '../kernels/fixtures/mix.ts';

type Bytes = World['wasm'];
let bytes: Bytes | null = null;

async function wasmOf(name: keyof Bytes): Promise<Uint8Array> {
  return new Uint8Array(await (await fetch(`/${name}.wasm`)).arrayBuffer());
}

async function materials(): Promise<Pick<World, 'wasm' | 'wgsl'>> {
  bytes ??= {
    mix: await wasmOf('mix'),
    growing: await wasmOf('growing'),
    unbounded: await wasmOf('unbounded'),
    importing: await wasmOf('importing'),
    gigantic: await wasmOf('gigantic'),
  };
  return { wasm: bytes, wgsl: await (await fetch('/mix.wgsl')).text() };
}

/** Runs one check; answers with the sentence of its failure, or null. */
async function check(backend: Backend, name: string): Promise<string | null> {
  const found = engineChecks.find((candidate) => candidate.name === name);
  if (found === undefined) return `no check is called ${name}`;
  return sentenceOf(async () =>
    found.act({ backend, ...(await materials()), engine: (limits) => inWorker(backend, limits) }),
  );
}

function inWorker(backend: Backend, limits: Partial<EngineLimits> = {}): ReturnType<World['engine']> {
  const worker = new Worker(new URL('./engine-fixture.worker.ts', import.meta.url), { type: 'module' });
  return {
    engine: new WorkerEngine(backend, browserPort(worker), limits),
    crash: () => worker.postMessage('crash'),
  };
}

/** The same engine with its host in this very thread, so that a test can reach the device. */
function inPage(): { engine: WorkerEngine; device(): GPUDevice | null; terminated(): boolean } {
  const { port1, port2 } = new MessageChannel();
  let backend: WebGpuBackend | null = null;
  let terminated = false;
  const host = new ComputeHost({
    tell: (beat: Beat) => port2.postMessage(beat),
    kernelOf: fixtureOf,
    transfer,
    open: async (_, lost) => (backend = new WebGpuBackend(navigator.gpu, lost)),
  });
  expose(host, port2);
  const port: WorkerPort = {
    endpoint: port1,
    onMessage: (listener) =>
      port1.addEventListener('message', ({ data }: MessageEvent<unknown>) => listener(data)),
    onDeath: () => {},
    terminate: () => (terminated = true),
  };
  return {
    engine: new WorkerEngine('webgpu', port),
    device: () => backend?.device ?? null,
    terminated: () => terminated,
  };
}

/** Takes the device away while chunks are computed. */
async function loseDevice(): Promise<string | null> {
  return sentenceOf(async () => {
    const { engine, device, terminated } = inPage();
    await engine.start();
    await engine.load(jobOf(await materials(), mixInput({ seed: 1, rounds: 5000, values: 300 })));
    const lost = new Promise<LostReason>((resolve) => engine.onLost(resolve));
    const going = engine.run({ replica: 'going', job: 'job', unitFrom: 0, unitTo: 100_000 }, () =>
      device()?.destroy(),
    );
    const waiting = engine.run({ replica: 'waiting', job: 'job', unitFrom: 0, unitTo: 10 }, () => {});
    await fails(going, 'device-lost');
    await fails(waiting, 'device-lost');
    equal(await lost, 'device-lost', 'told');
    equal(terminated(), true, 'the thread is ended');
    await fails(engine.start(), 'device-lost');
  });
}

async function sentenceOf(act: () => Promise<void>): Promise<string | null> {
  try {
    await act();
    return null;
  } catch (error) {
    return error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error);
  }
}

async function measureEfficiency(backend: Backend, unitMs: number): Promise<Efficiency> {
  return efficiency(inWorker(backend).engine, codeOf(await materials()), unitMs);
}

Object.assign(globalThis, { check, loseDevice, measureEfficiency });
