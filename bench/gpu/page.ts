/** What `bench/gpu.ts` runs inside a browser's page: the volunteer's own engines, on a catalogue kernel, in Web Workers. */
import { kernelOf } from '../../src/kernels/catalogue.ts';
import { browserEngine } from '../../src/volunteer/engine-browser.ts';
import { EngineError } from '../../src/volunteer/engine.ts';
import type { Backend, Capability, Engine, JobData } from '../../src/volunteer/engine.ts';

import { submissions } from './submissions.ts';
import { verifying } from './verifying.ts';
import type { Verifying } from './verifying.ts';

/** What a backend is here, or why it is not. */
export type Found =
  | { readonly capability: Capability; readonly missing: null }
  | { readonly capability: null; readonly missing: string };

/** Units computed in one go. */
export interface Stretch {
  readonly units: number;
  /** From the first unit starting until outputs and digests are there. */
  readonly wallMs: number;
  /** The first outputs, base64, for comparing. */
  readonly outputs: readonly string[];
}

const engines = new Map<Backend, Engine>();

function engineOf(backend: Backend): Engine {
  const engine = engines.get(backend);
  if (engine === undefined) throw new Error(`${backend} was not opened`);
  return engine;
}

async function open(backend: Backend): Promise<Found> {
  const engine = browserEngine(backend);
  try {
    const capability = await engine.start();
    engines.set(backend, engine);
    return { capability, missing: null };
  } catch (error) {
    engine.dispose();
    if (error instanceof EngineError && error.reason === 'unavailable')
      return { capability: null, missing: error.message };
    throw error;
  }
}

async function bytesAt(path: string): Promise<Uint8Array> {
  return new Uint8Array(await (await fetch(path)).arrayBuffer());
}

async function jobOf(id: string, agreement: JobData['agreement']): Promise<JobData> {
  const at = `/${encodeURIComponent(id)}`;
  const wgsl = new TextDecoder().decode(await bytesAt(`${at}.wgsl`));
  const code = { id, wasm: await bytesAt(`${at}.wasm`), wgsl };
  return { job: id, code, input: await bytesAt(`${at}.input`), agreement };
}

/** Known answers first, then the job; gives how long a unit takes, in ms. */
async function load(backend: Backend, id: string, agreement: JobData['agreement']): Promise<number> {
  const engine = engineOf(backend);
  const job = await jobOf(id, agreement);
  const tested = await engine.selfTest(job.code);
  if (!tested.ok) throw new Error(`${id} on ${backend} fails its known answer ${tested.vector}`);
  await engine.load(job);
  return (await engine.measure(id, 0)).unitMs;
}

async function compute(
  backend: Backend,
  id: string,
  unitFrom: number,
  units: number,
  compared: number,
): Promise<Stretch> {
  const run = { replica: `${backend} ${id} ${unitFrom}`, job: id, unitFrom, unitTo: unitFrom + units };
  const { bytes, lengths, wallMs } = await engineOf(backend).run(run, () => {});
  const outputs: string[] = [];
  let at = 0;
  for (const length of lengths.subarray(0, compared)) {
    outputs.push(btoa(String.fromCharCode(...bytes.subarray(at, at + length))));
    at += length;
  }
  return { units, wallMs, outputs };
}

/** What so many chunks of so many units, computed as one span, cost beyond computing them. */
async function verify(
  id: string,
  agreement: JobData['agreement'],
  chunkUnits: number,
  chunks: number,
  unitMs: number,
): Promise<Verifying> {
  const kernel = kernelOf(id);
  if (kernel === undefined) throw new Error(`${id} is in no catalogue`);
  const unitTo = Math.min(chunkUnits * chunks, kernel.units((await jobOf(id, agreement)).input));
  const run = { replica: `verify ${id} ${chunkUnits} ${chunks}`, job: id, unitFrom: 0, unitTo };
  const all = await engineOf('webgpu').run(run, () => {});
  return verifying(await jobOf(id, agreement), kernel, all, unitMs, chunkUnits);
}

/** How long each submission keeps the GPU busy. */
async function submitted(id: string, agreement: JobData['agreement'], spanMs: number): Promise<number[]> {
  const kernel = kernelOf(id);
  if (kernel === undefined) throw new Error(`${id} is in no catalogue`);
  return submissions(await jobOf(id, agreement), kernel, spanMs);
}

Object.assign(globalThis, { gpuBench: { open, load, compute, verify, submitted } });
