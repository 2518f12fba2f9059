/**
 * Measures in a page what the verifiability of a chunk that a GPU computes costs: the GPU's time for digesting it, and the thread's for
 * everything between the readback and the socket: looking at the outputs, copying them, the root, the frame and the chain.
 */
import type { Kernel } from '../../src/kernels/kernel.ts';
import { UnitHasher, wireDigestBytes } from '../../src/volunteer/digest.ts';
import type { ChunkResult, JobData } from '../../src/volunteer/engine.ts';
import type { Span } from '../../workers/backend.ts';
import { GpuDigester } from '../../workers/gpu-digests.ts';
import type { BatchDigests, JobDigests } from '../../workers/gpu-digests.ts';
import { handOver } from '../../workers/gpu-slots.ts';
import { Outputs } from '../../workers/outputs.ts';
import { silentSpan } from '../../workers/self-test.ts';
import { framed, takenIn } from './taken-in.ts';

/** Milliseconds for all chunks of a span, round by round. */
export interface Verifying {
  /** Chunks that were one span, as the engine computes those that wait beside one another. */
  readonly chunks: number;
  readonly onGpuMs: readonly number[];
  /** All that the thread does with the outputs, and as much of it as it would have to do if nobody verified anything: bringing them out and framing them. */
  readonly onThreadMs: readonly number[];
  readonly carryingMs: readonly number[];
}

/** So many digestings, and so many chunks taken in, between two looks at the clock. */
const repeats = 50;
const rounds = 5;
/** What a batch holds, as `workers/gpu-pace.ts` has it where a unit takes microseconds: a submission's 30 ms. */
const submissionMs = 30;
const unitsMax = 2048;

/** What is verified: chunks of so many units that follow one another, which the GPU computed. */
interface Chunks {
  readonly data: JobData;
  readonly kernel: Kernel;
  readonly by: JobDigests;
  readonly slotBytes: number;
  readonly unitFrom: number;
  readonly units: number;
  readonly chunkUnits: number;
  readonly batches: readonly Batch[];
}

/** `unitMs`: how long the GPU takes for a unit; `all` is what it computed. */
export async function verifying(
  data: JobData,
  kernel: Kernel,
  all: Pick<ChunkResult, 'bytes' | 'lengths' | 'digests'>,
  unitMs: number,
  chunkUnits: number,
): Promise<Verifying> {
  const unitFrom = 0;
  requireDigests(data, all, unitFrom);
  const device = await deviceOf();
  const digester = await GpuDigester.on(device);
  const program = kernel.gpu;
  const usual = program?.usual?.(data.input);
  if (digester === null || program === undefined || usual === undefined)
    throw new Error(`${kernel.id} is digested by no GPU here`);
  const slotBytes = program.slotBytes(data.input);
  const by = digester.for(data, usual, slotBytes);
  if (by === null) throw new Error('the name of the job is too long');
  const units = all.lengths.length;
  const slots = slotsOf(all, slotBytes);
  const perBatch = Math.max(1, Math.min(units, Math.floor(submissionMs / unitMs), unitsMax));
  const batches: Batch[] = [];
  for (let from = 0; from < units; from += perBatch)
    batches.push(batchOf(device, by, slots, slotBytes, unitFrom, from, Math.min(units, from + perBatch)));
  for (const batch of batches) batch.digests.set(await batch.digest(1));
  const chunks = { data, kernel, by, slotBytes, unitFrom, units, chunkUnits, batches };
  const onGpuMs: number[] = [];
  const onThreadMs: number[] = [];
  const carryingMs: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    let gpuMs = 0;
    for (const batch of batches) {
      // What handing over and hearing back takes is no digesting: many come in one submission, and one alone is taken off.
      const alone = await timed(() => batch.digest(1));
      gpuMs += Math.max(0, (await timed(() => batch.digest(1 + repeats))) - alone) / repeats;
    }
    // The platform hashes on threads of its own: what this thread waits for it is nobody's work.
    const threadMs = await timed(() =>
      Promise.all(
        Array.from({ length: repeats }, () =>
          takenIn(data, kernel, rangesOf(chunks), (span) => handAll(chunks, span, by)),
        ),
      ),
    );
    const carriedMs = await timed(async () => {
      for (let i = 0; i < repeats; i++) carried(chunks);
    });
    if (round === 0) continue;
    carryingMs.push(carriedMs / repeats);
    onGpuMs.push(gpuMs);
    onThreadMs.push(threadMs / repeats);
  }
  if (!digester.trusted) throw new Error('the GPU digests wrongly');
  device.destroy();
  return { chunks: Math.ceil(units / chunkUnits), onGpuMs, onThreadMs, carryingMs };
}

/** Throws unless what the engine had the GPU digest is what is digested here, every unit of it. */
function requireDigests(
  { job, agreement }: JobData,
  { bytes, lengths, digests }: Pick<ChunkResult, 'bytes' | 'lengths' | 'digests'>,
  unitFrom: number,
): void {
  const width = wireDigestBytes(agreement);
  const hasher = new UnitHasher(job);
  let at = 0;
  for (const [i, length] of lengths.entries()) {
    const own = hasher.digest(unitFrom + i, bytes.subarray(at, at + length));
    if (digests.subarray(i * width, (i + 1) * width).some((byte, k) => byte !== own[k]))
      throw new Error(`unit ${unitFrom + i} has another digest`);
    at += length;
  }
}

async function deviceOf(): Promise<GPUDevice> {
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) throw new Error('there is no adapter');
  return adapter.requestDevice();
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await act();
  return performance.now() - startMs;
}

/** The outputs as they lay in their slots; the rest of a slot is nobody's. */
function slotsOf({ bytes, lengths }: Pick<ChunkResult, 'bytes' | 'lengths'>, slotBytes: number): Uint8Array {
  const slots = new Uint8Array(lengths.length * slotBytes);
  let at = 0;
  for (const [i, length] of lengths.entries()) {
    slots.set(bytes.subarray(at, at + Math.min(length, slotBytes)), i * slotBytes);
    at += length;
  }
  return slots;
}

interface Batch {
  readonly from: number;
  readonly units: number;
  readonly slots: Uint8Array;
  readonly attached: BatchDigests;
  readonly digests: Uint8Array;
  /** Digests it so many times in one submission; gives the digests. */
  digest(times: number): Promise<Uint8Array>;
}

function batchOf(
  device: GPUDevice,
  digests: JobDigests,
  all: Uint8Array,
  slotBytes: number,
  unitFrom: number,
  from: number,
  to: number,
): Batch {
  const units = to - from;
  const slots = all.slice(from * slotBytes, to * slotBytes);
  const { STORAGE, COPY_DST, COPY_SRC, MAP_READ } = GPUBufferUsage;
  const size = digests.bytesBehind(units);
  const own = device.createBuffer({ size: slots.length + size, usage: STORAGE | COPY_DST | COPY_SRC });
  device.queue.writeBuffer(own, 0, new Uint8Array(slots));
  const read = device.createBuffer({ size, usage: MAP_READ | COPY_DST });
  const attached = digests.attach(own);
  digests.name(attached, unitFrom + from, units);
  return {
    ...{ from, units, slots, attached, digests: new Uint8Array(size) },
    async digest(times) {
      const encoder = device.createCommandEncoder();
      for (let i = 0; i < times; i++) digests.encode(encoder, attached, units);
      encoder.copyBufferToBuffer(own, slots.length, read, 0, size);
      device.queue.submit([encoder.finish()]);
      await read.mapAsync(GPUMapMode.READ);
      const got = new Uint8Array(read.getMappedRange()).slice();
      read.unmap();
      return got;
    },
  };
}

/** Where each chunk begins, and where it ends. */
function rangesOf({ unitFrom, units, chunkUnits }: Chunks): [from: number, to: number][] {
  const ranges: [number, number][] = [];
  for (let from = 0; from < units; from += chunkUnits)
    ranges.push([unitFrom + from, unitFrom + Math.min(units, from + chunkUnits)]);
  return ranges;
}

/** Gives a span every batch, as an engine does with what it reads back. */
function handAll({ kernel, data, unitFrom, slotBytes, batches }: Chunks, span: Span, by: JobDigests): void {
  if (kernel.gpu === undefined) return;
  for (const batch of batches)
    handOver(span, kernel.gpu, data.input, {
      ...{ unitFrom: unitFrom + batch.from, units: batch.units, slotBytes, slots: batch.slots },
      digested: by.read(batch.digests, batch.attached),
    });
}

/** The same without any verifiability: the outputs leave the slots and go into frames. */
function carried(chunks: Chunks): void {
  const { by, unitFrom, units } = chunks;
  const all = rangesOf(chunks).map(([from, to]) => ({
    to,
    outputs: new Outputs(chunks.data, null, to - from),
  }));
  let at = 0;
  const whose = (unit: number): (typeof all)[number] => {
    let one = all[at];
    if (one !== undefined && unit >= one.to) one = all[++at];
    if (one === undefined) throw new Error('a unit is nobody’s');
    return one;
  };
  const span = {
    ...silentSpan(unitFrom, unitFrom + units),
    take: (unit: number, output: Uint8Array) => whose(unit).outputs.add(unit, output),
    takeAlike: (first: number, alike: Uint8Array, bytes: number) => {
      for (let i = 0; i < alike.length / bytes;) {
        const { to, outputs } = whose(first + i);
        const end = Math.min(alike.length / bytes, to - first);
        outputs.addAlike(first + i, alike.subarray(i * bytes, end * bytes), bytes, true);
        i = end;
      }
    },
  };
  const none = new Uint8Array(0);
  const digested = { digests: none, odd: false };
  const nobody = { usual: by.usual, bytes: 0, trusted: true, agrees: () => true } as unknown as JobDigests;
  Object.assign(nobody, { read: () => ({ by: nobody, ...digested }) });
  handAll(chunks, span, nobody);
  const root = '0'.repeat(64);
  framed(
    all.map(({ outputs }, i) => {
      const { bytes, lengths } = outputs.finish();
      return { item: { replica: i, root, digestBytes: 0, lengths }, digests: none, bytes };
    }),
  );
}
