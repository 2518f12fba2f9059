/**
 * Runs one job's units through a compiled shader: several units in a batch with one buffer and one readback, several to a
 * dispatch where one does not fill the GPU, a batch in as many submissions as keep each short, and more than one of those in
 * flight so that the GPU never waits.
 */

import type { GpuProgram } from '../src/kernels/kernel.ts';
import { Fault } from './backend.ts';
import type { OpenJob, Span } from './backend.ts';
import { GpuPace } from './gpu-pace.ts';
import type { GpuPlan } from './gpu-pace.ts';
import { GpuQueue, inFlightMax } from './gpu-queue.ts';
import type { BatchDigests, JobDigests } from './gpu-digests.ts';
import type { GpuPipeline } from './gpu-shader.ts';
import { handOver } from './gpu-slots.ts';
import { Pool } from './pool.ts';

/** The most bytes that one batch's outputs may take. */
const batchBytesMax = 16 * 1024 * 1024;
/** The smallest storage buffer worth binding: shaders may declare an array of 16-byte elements. */
const bufferBytesMin = 16;

/** One batch's buffers, used again and again. */
interface BatchBuffers {
  readonly units: number;
  /** Pieces of units. */
  readonly steps: number;
  readonly params: GPUBuffer;
  readonly out: GPUBuffer;
  readonly read: GPUBuffer;
  readonly group: GPUBindGroup;
  /** Null where nothing is digested on the GPU. */
  readonly digests: BatchDigests | null;
}

/** What is computed. */
export interface GpuWork {
  readonly program: GpuProgram;
  readonly input: Uint8Array;
  readonly tables: readonly Uint8Array[];
  /** Comes when the device has compiled what it takes; until then, and where it is null, each output is digested by whoever takes it. */
  readonly digests: Promise<JobDigests | null>;
}

/** One dispatch of a batch. */
interface Dispatched {
  /** Where its params begin. */
  readonly at: number;
  readonly workgroups: readonly [number, number, number];
  /** Units, or a piece of one: how many params it has. */
  readonly steps: number;
}

export class GpuJob implements OpenJob {
  readonly #device: GPUDevice;
  readonly #compiled: GpuPipeline;
  readonly #program: GpuProgram;
  readonly #input: Uint8Array;
  readonly #tables: GPUBuffer[];
  #digests: JobDigests | null = null;
  readonly #slotBytes: number;
  /** Where a dispatch's params may begin: at multiples of this. */
  readonly #align: number;
  readonly #pace: GpuPace;
  readonly #batches: Pool<BatchBuffers | null>;
  readonly #queue = new GpuQueue();
  /** When the GPU finished the submission before. */
  #doneMs = 0;

  /** Uploads the tables. Rejects with the `environment` Fault when the GPU's memory does not suffice. */
  static async open(device: GPUDevice, compiled: GpuPipeline, work: GpuWork): Promise<GpuJob> {
    const buffers = await guarded(device, () =>
      work.tables.map((table) => {
        const size = Math.max(bufferBytesMin, table.length);
        const buffer = device.createBuffer({ size, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST });
        device.queue.writeBuffer(buffer, 0, new Uint8Array(table));
        return buffer;
      }),
    );
    return new GpuJob(device, compiled, work, buffers);
  }

  private constructor(
    device: GPUDevice,
    compiled: GpuPipeline,
    { program, input, digests }: GpuWork,
    tables: GPUBuffer[],
  ) {
    this.#device = device;
    this.#compiled = compiled;
    this.#program = program;
    this.#input = input;
    this.#tables = tables;
    // Drivers take up to seconds for it: nobody waits.
    void digests.then(
      (ready) => (this.#digests = ready),
      () => {},
    );
    this.#slotBytes = program.slotBytes(input);
    this.#align = device.limits.minUniformBufferOffsetAlignment;
    const unitsMax = Math.max(1, Math.floor(batchBytesMax / this.#slotBytes));
    const { joinedMax } = compiled;
    this.#pace = new GpuPace({ piecesMax: program.piecesMax, unitsMax, joinedMax });
    this.#batches = new Pool<BatchBuffers | null>(Array.from({ length: inFlightMax }, () => null));
  }

  get batchUnits(): number {
    // Twice, so that `measure` sees the overlap that a long run has.
    return this.#pace.batchUnits * 2;
  }

  get jointUnits(): number {
    return this.#pace.batchUnits;
  }

  async compute(span: Span): Promise<void> {
    /** Batches are read back one after another; the first failure ends the span. */
    let collected: Promise<void> = Promise.resolve();
    try {
      for (let unit = span.unitFrom; unit < span.unitTo;) {
        const plan = this.#pace.plan(span.unitTo - unit);
        const batch = await this.#batchFor(plan);
        const computed = this.#submit(batch, unit, plan, span);
        collected = this.#collect(collected, computed, batch, unit, plan, span);
        // Its failure is met below; until then nobody listens.
        collected.catch(() => {});
        await computed.issued;
        unit += plan.units;
      }
      span.issued();
    } finally {
      await collected;
    }
  }

  close(): void {
    for (const buffer of this.#tables) buffer.destroy();
    for (const batch of this.#batches.close()) if (batch !== null) destroy(batch);
  }

  /** A free batch that is large enough. */
  async #batchFor(plan: GpuPlan): Promise<BatchBuffers> {
    const free = await this.#batches.take();
    const steps = plan.units * plan.pieces;
    const isWhole = free?.digests !== null || this.#digests === null;
    if (free !== null && isWhole && free.units >= plan.units && free.steps >= steps) return free;
    try {
      if (free !== null) destroy(free);
      return await guarded(this.#device, () => this.#makeBatch(plan.units, steps));
    } catch (error) {
      this.#batches.give(null);
      throw error;
    }
  }

  #makeBatch(units: number, steps: number): BatchBuffers {
    const device = this.#device;
    const size = Math.max(bufferBytesMin, units * this.#slotBytes);
    // What a dispatch binds is as long as for the most units that one may have, also at the end.
    const bound = this.#compiled.joinedMax * this.#program.paramBytes;
    const params = device.createBuffer({
      size: steps * this.#aligned(this.#program.paramBytes) + bound,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    const sizeAll = size + (this.#digests?.bytesBehind(units) ?? 0);
    const out = device.createBuffer({
      size: sizeAll,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    const read = device.createBuffer({
      size: sizeAll,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    const group = device.createBindGroup({
      layout: this.#compiled.layout,
      entries: [
        { binding: 0, resource: { buffer: params, size: bound } },
        { binding: 1, resource: { buffer: out, size } },
        ...this.#tables.map((buffer, i) => ({ binding: 2 + i, resource: { buffer } })),
      ],
    });
    const digests = this.#digests?.attach(out) ?? null;
    return { units, steps, params, out, read, group, digests };
  }

  /** What is read back of a batch: its slots, and what was digested of them behind. */
  #readBytes({ digests }: BatchBuffers, { units }: GpuPlan): number {
    const behind = digests === null ? 0 : (this.#digests?.bytesBehind(units) ?? 0);
    return units * this.#slotBytes + behind;
  }

  #aligned(bytes: number): number {
    return Math.ceil(bytes / this.#align) * this.#align;
  }

  /** `issued`: all of the batch is with the GPU. `done`: the GPU is through with it, and it was valid. */
  #submit(
    batch: BatchBuffers,
    unitFrom: number,
    plan: GpuPlan,
    span: Span,
  ): { issued: Promise<void>; done: Promise<void> } {
    const done: Promise<void>[] = [];
    const issued = (async () => {
      const dispatches = this.#writeParams(batch, unitFrom, plan);
      for (let at = 0; at < dispatches.length;) {
        await this.#queue.room();
        let end = at;
        let steps = 0;
        try {
          await span.pause();
          const wanted = this.#pace.steps(plan.units * plan.pieces, plan.pieces);
          do steps += dispatches[end++]?.steps ?? 0;
          while (end < dispatches.length && steps + (dispatches[end]?.steps ?? 0) <= wanted);
          const valid = this.#submission(batch, dispatches, at, end, plan);
          // Met in `done` below, which listens only once all is issued.
          valid.catch(() => {});
          done.push(valid);
        } catch (error) {
          this.#queue.done(null);
          throw error;
        }
        this.#watch(steps, plan.pieces, span);
        at = end;
      }
    })();
    return { issued, done: issued.then(() => Promise.all(done)).then(() => {}) };
  }

  /** Learns from a submission, once it is through, how long it took. */
  #watch(steps: number, pieces: number, span: Span): void {
    const startMs = performance.now();
    void this.#device.queue.onSubmittedWorkDone().then(
      () => {
        this.#observe(steps, pieces, startMs, span);
        this.#queue.done(performance.now() - startMs);
      },
      () => this.#queue.done(null),
    );
  }

  /** Lays out the params of a batch's dispatches. Units whose dispatches have the same shape share one. */
  #writeParams(batch: BatchBuffers, unitFrom: number, plan: GpuPlan): Dispatched[] {
    const { paramBytes } = this.#program;
    const bytes = new Uint8Array(plan.units * plan.pieces * this.#aligned(paramBytes));
    const dispatches: Dispatched[] = [];
    let next = 0;
    for (let slot = 0; slot < plan.units; slot++) {
      for (let piece = 0; piece < plan.pieces; piece++) {
        const dispatch = this.#program.dispatch(this.#input, unitFrom + slot, piece, plan.pieces, slot);
        if (dispatch.params.length !== paramBytes) {
          throw new Fault({
            reason: 'kernel',
            detail: `params of ${dispatch.params.length} bytes, not ${paramBytes}`,
          });
        }
        const [x, y, z] = dispatch.workgroups;
        const last = dispatches.at(-1);
        const fits = last !== undefined && last.steps < plan.joined && z === 1;
        if (fits && last.workgroups[0] === x && last.workgroups[1] === y) {
          bytes.set(dispatch.params, last.at + last.steps * paramBytes);
          dispatches[dispatches.length - 1] = {
            at: last.at,
            workgroups: [x, y, last.steps + 1],
            steps: last.steps + 1,
          };
        } else {
          bytes.set(dispatch.params, next);
          dispatches.push({ at: next, workgroups: [x, y, z], steps: 1 });
        }
        next = this.#aligned((dispatches.at(-1)?.at ?? 0) + (dispatches.at(-1)?.steps ?? 0) * paramBytes);
      }
    }
    this.#device.queue.writeBuffer(batch.params, 0, bytes, 0, next);
    if (batch.digests !== null) this.#digests?.name(batch.digests, unitFrom, plan.units);
    return dispatches;
  }

  /** Submits a batch's dispatches from `at` to before `end`; rejects with the `kernel` Fault when the GPU finds them invalid. */
  async #submission(
    batch: BatchBuffers,
    dispatches: readonly Dispatched[],
    at: number,
    end: number,
    plan: GpuPlan,
  ): Promise<void> {
    const device = this.#device;
    const size = plan.units * this.#slotBytes;
    device.pushErrorScope('validation');
    const encoder = device.createCommandEncoder();
    if (at === 0) encoder.clearBuffer(batch.out, 0, size);
    const pass = encoder.beginComputePass();
    pass.setPipeline(this.#compiled.pipeline);
    for (const { at: offset, workgroups } of dispatches.slice(at, end)) {
      const [x, y, z] = workgroups;
      pass.setBindGroup(0, batch.group, [offset]);
      if (x * y * z > 0) pass.dispatchWorkgroups(x, y, z);
    }
    pass.end();
    if (end === dispatches.length) {
      if (batch.digests !== null) this.#digests?.encode(encoder, batch.digests, plan.units);
      encoder.copyBufferToBuffer(batch.out, 0, batch.read, 0, this.#readBytes(batch, plan));
    }
    device.queue.submit([encoder.finish()]);
    const error = await device.popErrorScope();
    if (error !== null)
      throw new Fault({ reason: 'kernel', detail: `the GPU refuses the dispatch: ${error.message}` });
  }

  #observe(steps: number, pieces: number, startMs: number, span: Span): void {
    const nowMs = performance.now();
    // With several in flight this one began when the one before was done.
    const ms = nowMs - Math.max(startMs, this.#doneMs);
    this.#doneMs = nowMs;
    this.#pace.observe(steps, pieces, ms);
    span.spent(ms);
  }

  async #collect(
    before: Promise<void>,
    computed: { done: Promise<void> },
    batch: BatchBuffers,
    unitFrom: number,
    plan: GpuPlan,
    span: Span,
  ): Promise<void> {
    try {
      await computed.done;
      const size = plan.units * this.#slotBytes;
      const sizeAll = this.#readBytes(batch, plan);
      await batch.read.mapAsync(GPUMapMode.READ, 0, sizeAll);
      try {
        await before;
        const all = new Uint8Array(batch.read.getMappedRange(0, sizeAll));
        handOver(span, this.#program, this.#input, {
          ...{ unitFrom, units: plan.units, slotBytes: this.#slotBytes },
          slots: all.subarray(0, size),
          digested:
            batch.digests === null ? null : (this.#digests?.read(all.subarray(size), batch.digests) ?? null),
        });
      } finally {
        batch.read.unmap();
      }
    } catch (error) {
      // What was asked of a device that is gone ends in these two ways (WebGPU, 5.2 and 22.2).
      if (error instanceof Error && /^(Abort|Operation)Error$/.test(error.name))
        throw new Fault({ reason: 'device-lost', detail: error.message });
      throw error;
    } finally {
      this.#batches.give(batch);
    }
  }
}

/** Creates GPU objects, and turns what the GPU says about it into a Fault. */
async function guarded<T>(device: GPUDevice, create: () => T): Promise<T> {
  device.pushErrorScope('validation');
  device.pushErrorScope('out-of-memory');
  const created = attempt(create);
  const [scarce, invalid] = await Promise.all([device.popErrorScope(), device.popErrorScope()]);
  if (scarce !== null)
    throw new Fault({ reason: 'environment', detail: `the GPU has no memory left: ${scarce.message}` });
  if (invalid !== null) throw new Fault({ reason: 'kernel', detail: invalid.message });
  return created();
}

/** Does something at once, and says only later how it went. */
function attempt<T>(act: () => T): () => T {
  try {
    const value = act();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

function destroy(batch: BatchBuffers): void {
  batch.params.destroy();
  batch.out.destroy();
  batch.read.destroy();
  batch.digests?.params.destroy();
}
