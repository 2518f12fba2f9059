/**
 * Measures in a page what a chunk's verifiability costs whoever computes it, beside the chunk's own kernel time: every
 * output is looked at, copied and digested, the root is built, the commitment framed and taken into the chain. For `bench/volunteer.ts`.
 */
import { kernelOf } from '../../src/kernels/catalogue.ts';
import { hexOf, joined } from '../../src/volunteer/crypto.ts';
import { plainDigest, wireDigestBytes } from '../../src/volunteer/digest.ts';
import type { JobData } from '../../src/volunteer/engine.ts';
import { encodeCommit } from '../../src/wire/frame.ts';
import { Gathered } from '../../workers/gathered.ts';
import { compileKernel, WasmJob } from '../../workers/wasm.ts';
import { takenIn } from '../gpu/taken-in.ts';

export interface VerificationWish {
  readonly kernel: string;
  readonly agreement: 'exact' | 'tolerance';
  readonly units: number;
  readonly rounds: number;
}

/** Milliseconds of a chunk, round by round, and how long its outputs are together. */
export interface Verification {
  readonly kernelMs: readonly number[];
  readonly verifyMs: readonly number[];
  readonly outputBytes: number;
}

/** A page's clock may tick in tenths of a millisecond: so many chunks are verified between two looks at it. */
const repeats = 20;

async function bytesAt(path: string): Promise<Uint8Array> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** Everything between the kernel's last word and the socket. */
async function verified(data: JobData, outputs: readonly Uint8Array[], chain: Uint8Array): Promise<void> {
  const kernel = kernelOf(data.code.id) ?? null;
  const gathered = new Gathered(data, kernel, 0, outputs.length);
  for (const [unit, output] of outputs.entries()) gathered.add(unit, output);
  const { digests, root, bytes, lengths } = await gathered.finish();
  const item = {
    replica: 1,
    root: hexOf(root),
    digestBytes: digests.length,
    lengths,
  };
  encodeCommit({ header: { t: 'commit', items: [item] }, parts: [{ item, digests, bytes }] });
  plainDigest(joined(chain, new Uint8Array(8), root));
}

/** How long the thread beside a GPU takes for each of so many chunks, as it computes and digests those that follow one another together, in ms. */
async function measureJoint({ kernel: id, agreement, units, rounds }: VerificationWish): Promise<number[]> {
  const [wasm, input] = [await bytesAt(`/${id}/reference.wasm`), await bytesAt(`/${id}/input`)];
  const data: JobData = { job: 'j1', code: { id, wasm, wgsl: null }, input, agreement };
  const job = new WasmJob(await compileKernel(wasm), input);
  const one = job.run(0).slice();
  // Somebody else digested them, and all outputs of a kernel that a GPU digests are as long: one is as good as another.
  const outputs = new Uint8Array(one.length * units * jointChunks);
  for (let at = 0; at < outputs.length; at += one.length) outputs.set(one, at);
  const digests = new Uint8Array(wireDigestBytes(agreement) * units * jointChunks);
  const ranges = Array.from({ length: jointChunks }, (_, i) => [i * units, (i + 1) * units] as const);
  const found: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const startMs = performance.now();
    for (let i = 0; i < repeats; i++)
      await takenIn(data, null, ranges, (span) => span.takeAlike?.(0, outputs, one.length, digests, true));
    if (round > 0) found.push((performance.now() - startMs) / repeats / jointChunks);
  }
  return found;
}

/** So many fit a submission of a card that takes half a millisecond for one; and a frame. */
const jointChunks = 64;

async function measureVerification(wish: VerificationWish): Promise<Verification> {
  const { kernel: id, agreement, units, rounds } = wish;
  const [wasm, input] = [await bytesAt(`/${id}/reference.wasm`), await bytesAt(`/${id}/input`)];
  const data: JobData = { job: 'j1', code: { id, wasm, wgsl: null }, input, agreement };
  const job = new WasmJob(await compileKernel(wasm), input);
  const chain = new Uint8Array(32);
  const kernelMs: number[] = [];
  const verifyMs: number[] = [];
  let outputBytes = 0;
  // The first round holds the engine's compiling, of both.
  for (let round = 0; round <= rounds; round++) {
    const outputs: Uint8Array[] = [];
    let inKernel = 0;
    for (let unit = 0; unit < units; unit++) {
      const startMs = performance.now();
      const output = job.run(unit);
      inKernel += performance.now() - startMs;
      outputs.push(output.slice());
    }
    const startMs = performance.now();
    for (let i = 0; i < repeats; i++) await verified(data, outputs, chain);
    const took = (performance.now() - startMs) / repeats;
    outputBytes = outputs.reduce((sum, { length }) => sum + length, 0);
    if (round === 0) continue;
    kernelMs.push(inKernel);
    verifyMs.push(took);
  }
  return { kernelMs, verifyMs, outputBytes };
}

Object.assign(globalThis, { measureVerification, measureJoint });
