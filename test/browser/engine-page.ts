/** What the engine tests run inside a browser's page: the contract's checks by name, a device that is taken away, and a bench's round. */

import { expose, transfer } from 'comlink';
import { WorkerEngine } from '../../src/volunteer/engine-proxy.ts';
import { browserPort } from '../../src/volunteer/browser-port.ts';
import type { Backend, Beat, EngineLimits, LostReason, WorkerPort } from '../../src/volunteer/engine.ts';
import { wireDigest } from '../../src/volunteer/digest.ts';
import { GpuDigester, JobDigests } from '../../workers/gpu-digests.ts';
import { Joint } from '../../workers/joint.ts';
import { ComputeHost } from '../../workers/host.ts';
import { WebGpuBackend } from '../../workers/webgpu.ts';
import { efficiency } from '../../bench/worker-efficiency-run.ts';
import type { Efficiency } from '../../bench/worker-efficiency-run.ts';
import { codeOf, engineChecks, equal, fails, jobOf } from '../contract/engine.ts';
import { hex, light, verify } from '../contract/engine-world.ts';
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
    open: async (_, lost) => (backend = new WebGpuBackend(navigator.gpu, lost, true)),
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

/** A shader's digests of slots that hold anything, beside those that are made here, over every shape that a message can have. */
async function compareDigests(): Promise<string | null> {
  return sentenceOf(async () => {
    const adapter = await navigator.gpu.requestAdapter();
    const device = await adapter?.requestDevice();
    if (device === undefined) throw new Error('there is no device');
    const digester = await GpuDigester.on(device);
    if (digester === null) throw new Error('the shader does not compile');
    let compared = 0;
    for (const shape of shapes()) compared += await compareShape(digester, shape);
    equal(compared, 130 * 40, 'units compared');
    equal(digester.trusted, true, 'trusted');
    device.destroy();
  });
}

/** An engine whose GPU digests what it computes, once its shader is compiled; `bends`: what it says is not right. */
async function digestItself(bends: boolean): Promise<string | null> {
  const { encode, read } = JobDigests.prototype;
  const { issued } = Joint.prototype;
  const counts = { encoded: 0, read: 0, joint: 0 };
  Joint.prototype.issued = function () {
    counts.joint++;
    issued.call(this);
  };
  JobDigests.prototype.encode = function (...args) {
    counts.encoded++;
    encode.apply(this, args);
  };
  JobDigests.prototype.read = function (said, batch) {
    counts.read++;
    return read.call(this, bends ? said.map((byte) => byte ^ 1) : said, batch);
  };
  const { engine } = inPage();
  try {
    return await sentenceOf(async () => {
      const input = mixInput(light);
      await engine.start();
      await engine.load(jobOf(await materials(), input));
      const until = performance.now() + 30_000;
      for (let chunk = 0; counts.encoded < 4; chunk++) {
        if (performance.now() > until) throw new Error('the GPU digests nothing');
        // What waits beside one another is computed together, and each is what it would be by itself.
        const parts = [0, 77, 78, 85, 100].map((at) => 100 * chunk + at);
        const asked = parts.slice(1).map((unitTo, i) => {
          const unitFrom = parts[i] ?? 0;
          return engine.run({ replica: `${unitFrom}`, job: 'job', unitFrom, unitTo }, () => {});
        });
        for (const [i, result] of (await Promise.all(asked)).entries())
          verify(result, input, parts[i] ?? 0, parts[i + 1] ?? 0, 'exact');
      }
      equal(counts.read > 0, true, 'its digests were read');
      equal(counts.joint > 0, true, 'chunks were computed together');
    });
  } finally {
    engine.dispose();
    Object.assign(JobDigests.prototype, { encode, read });
    Object.assign(Joint.prototype, { issued });
  }
}

interface Shape {
  readonly job: string;
  readonly agreement: 'exact' | 'tolerance';
  readonly outputBytes: number;
  readonly unitFrom: number;
}

/** Names that end anywhere in a word and in a block, outputs of none to many blocks, units on both sides of 2^32. */
function shapes(): Shape[] {
  return Array.from({ length: 40 }, (_, i) => ({
    job: `${'n'.repeat(i < 32 ? i : 70 + 4 * i)}ü`,
    agreement: i % 2 === 0 ? ('exact' as const) : ('tolerance' as const),
    outputBytes: [0, 4, 16, 36, 40, 44, 48, 52, 56, 60, 64, 120, 768][i % 13] as number,
    unitFrom: [0, 2 ** 32 - 60, 2 ** 33 + 5][i % 3] as number,
  }));
}

/** How many units were compared. Throws at the first that differs. */
async function compareShape(
  digester: GpuDigester,
  { job, agreement, outputBytes, unitFrom }: Shape,
): Promise<number> {
  const [units, slotBytes] = [130, outputBytes + 8];
  // In 130 outputs of one word it is as likely as not that none is larger.
  const wordMax = Math.floor(2 ** 32 * (1 - 1 / 200));
  const usual = { bytes: outputBytes, zeroAt: null, wordMax };
  const digests = digester.for({ job, agreement }, usual, slotBytes);
  if (digests === null) throw new Error(`${job} is too long a name`);
  const slots = Uint8Array.from({ length: units * slotBytes }, () => Math.random() * 256);
  const { device } = digester;
  const { STORAGE, COPY_DST, COPY_SRC, MAP_READ } = GPUBufferUsage;
  const size = digests.bytesBehind(units);
  const own = device.createBuffer({ size: slots.length + size, usage: STORAGE | COPY_DST | COPY_SRC });
  const read = device.createBuffer({ size, usage: MAP_READ | COPY_DST });
  device.queue.writeBuffer(own, 0, slots);
  const batch = digests.attach(own);
  digests.name(batch, unitFrom, units);
  const encoder = device.createCommandEncoder();
  digests.encode(encoder, batch, units);
  encoder.copyBufferToBuffer(own, slots.length, read, 0, size);
  device.queue.submit([encoder.finish()]);
  await read.mapAsync(GPUMapMode.READ);
  const { digests: got, odd } = digests.read(new Uint8Array(read.getMappedRange()), batch);
  const words = new Uint32Array(slots.buffer);
  const isOwn = (i: number): boolean => i % (slotBytes / 4) < outputBytes / 4;
  const larger = words.some((word, i) => isOwn(i) && word > wordMax);
  equal(odd, larger, `a word of ${outputBytes} bytes that is too large`);
  for (let i = 0; i < units; i++) {
    const output = slots.subarray(i * slotBytes, i * slotBytes + outputBytes);
    const digest = got.subarray(i * digests.bytes, (i + 1) * digests.bytes);
    const what = `unit ${unitFrom + i} of ${job}, ${outputBytes} bytes`;
    equal(hex(digest), hex(wireDigest(job, unitFrom + i, output, agreement)), what);
    equal(digests.agrees(unitFrom + i, output, digest), true, what);
  }
  for (const buffer of [own, read, batch.params]) buffer.destroy();
  return units;
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

Object.assign(globalThis, { check, compareDigests, digestItself, loseDevice, measureEfficiency });
