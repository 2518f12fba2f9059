/**
 * Runs one job's units through a compiled shader: several units in a batch with one buffer and one readback,
 * a batch in as many submissions as keep each short, two submissions in flight so that the GPU never waits.
 */

import type { GpuProgram } from '../src/kernels/kernel.ts';
import { Fault } from './backend.ts';
import type { OpenJob, Span } from './backend.ts';
import { GpuPace } from './gpu-pace.ts';
import type { GpuPlan } from './gpu-pace.ts';
import type { GpuPipeline } from './gpu-shader.ts';
import { Pool } from './pool.ts';

/** Submissions in flight, and batches between the first and the last of theirs. */
const inFlight = 2;
/** The most bytes that one batch's outputs may take. */
const batchBytesMax = 16 * 1024 * 1024;
/** The smallest storage buffer worth binding: shaders may declare an array of 16-byte elements. */
const bufferBytesMin = 16;

/** One batch's buffers, used again and again. */
interface BatchBuffers {
  readonly units: number;
  readonly dispatches: number;
  readonly params: GPUBuffer;
  readonly out: GPUBuffer;
  readonly read: GPUBuffer;
  readonly group: GPUBindGroup;
}

export class GpuJob implements OpenJob {
  readonly #device: GPUDevice;
  readonly #compiled: GpuPipeline;
  readonly #program: GpuProgram;
  readonly #input: Uint8Array;
  readonly #tables: GPUBuffer[];
  readonly #slotBytes: number;
  /** From one dispatch's params to the next. */
  readonly #stride: number;
  readonly #pace: GpuPace;
  readonly #batches: Pool<BatchBuffers | null>;
  readonly #lanes = new Pool<null>(Array.from({ length: inFlight }, () => null));
  /** When the GPU finished the submission before. */
  #doneMs = 0;

  /** Uploads the tables. Rejects with the `environment` Fault when the GPU's memory does not suffice. */
  static async open(
    device: GPUDevice,
    compiled: GpuPipeline,
    program: GpuProgram,
    input: Uint8Array,
    tables: Uint8Array[],
  ): Promise<GpuJob> {
    const buffers = await guarded(device, () =>
      tables.map((table) => {
        const size = Math.max(bufferBytesMin, table.length);
        const buffer = device.createBuffer({ size, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST });
        device.queue.writeBuffer(buffer, 0, new Uint8Array(table));
        return buffer;
      }),
    );
    return new GpuJob(device, compiled, program, input, buffers);
  }

  private constructor(
    device: GPUDevice,
    compiled: GpuPipeline,
    program: GpuProgram,
    input: Uint8Array,
    tables: GPUBuffer[],
  ) {
    this.#device = device;
    this.#compiled = compiled;
    this.#program = program;
    this.#input = input;
    this.#tables = tables;
    this.#slotBytes = program.slotBytes(input);
    const align = device.limits.minUniformBufferOffsetAlignment;
    this.#stride = Math.ceil(program.paramBytes / align) * align;
    const unitsMax = Math.max(1, Math.floor(batchBytesMax / this.#slotBytes));
    this.#pace = new GpuPace({ piecesMax: program.piecesMax, unitsMax });
    this.#batches = new Pool<BatchBuffers | null>(Array.from({ length: inFlight }, () => null));
  }

  get batchUnits(): number {
    // Twice, so that `measure` sees the overlap that a long run has.
    return this.#pace.batchUnits * inFlight;
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
    const dispatches = plan.units * plan.pieces;
    if (free !== null && free.units >= plan.units && free.dispatches >= dispatches) return free;
    try {
      if (free !== null) destroy(free);
      return await guarded(this.#device, () => this.#makeBatch(plan.units, dispatches));
    } catch (error) {
      this.#batches.give(null);
      throw error;
    }
  }

  #makeBatch(units: number, dispatches: number): BatchBuffers {
    const device = this.#device;
    const size = Math.max(bufferBytesMin, units * this.#slotBytes);
    const params = device.createBuffer({
      size: dispatches * this.#stride,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    const out = device.createBuffer({
      size,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    const read = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    const group = device.createBindGroup({
      layout: this.#compiled.layout,
      entries: [
        { binding: 0, resource: { buffer: params, size: this.#program.paramBytes } },
        { binding: 1, resource: { buffer: out } },
        ...this.#tables.map((buffer, i) => ({ binding: 2 + i, resource: { buffer } })),
      ],
    });
    return { units, dispatches, params, out, read, group };
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
      const workgroups = this.#writeParams(batch, unitFrom, plan);
      for (let at = 0; at < workgroups.length;) {
        await this.#lanes.take();
        let count = 0;
        try {
          await span.pause();
          count = this.#pace.dispatches(workgroups.length - at, plan.pieces);
          const valid = this.#submission(batch, workgroups, at, count, plan);
          // Met in `done` below, which listens only once all is issued.
          valid.catch(() => {});
          done.push(valid);
        } catch (error) {
          this.#lanes.give(null);
          throw error;
        }
        const startMs = performance.now();
        void this.#device.queue
          .onSubmittedWorkDone()
          .then(
            () => this.#observe(count, plan.pieces, startMs, span),
            () => {},
          )
          .finally(() => this.#lanes.give(null));
        at += count;
      }
    })();
    return { issued, done: issued.then(() => Promise.all(done)).then(() => {}) };
  }

  #writeParams(batch: BatchBuffers, unitFrom: number, plan: GpuPlan): (readonly [number, number, number])[] {
    const bytes = new Uint8Array(plan.units * plan.pieces * this.#stride);
    const workgroups = [];
    for (let slot = 0; slot < plan.units; slot++) {
      for (let piece = 0; piece < plan.pieces; piece++) {
        const dispatch = this.#program.dispatch(this.#input, unitFrom + slot, piece, plan.pieces, slot);
        if (dispatch.params.length !== this.#program.paramBytes) {
          throw new Fault({
            reason: 'kernel',
            detail: `params of ${dispatch.params.length} bytes, not ${this.#program.paramBytes}`,
          });
        }
        bytes.set(dispatch.params, workgroups.length * this.#stride);
        workgroups.push(dispatch.workgroups);
      }
    }
    this.#device.queue.writeBuffer(batch.params, 0, bytes);
    return workgroups;
  }

  /** Submits `count` of a batch's dispatches; rejects with the `kernel` Fault when the GPU finds them invalid. */
  async #submission(
    batch: BatchBuffers,
    workgroups: (readonly [number, number, number])[],
    at: number,
    count: number,
    plan: GpuPlan,
  ): Promise<void> {
    const device = this.#device;
    const size = plan.units * this.#slotBytes;
    device.pushErrorScope('validation');
    const encoder = device.createCommandEncoder();
    if (at === 0) encoder.clearBuffer(batch.out, 0, size);
    const pass = encoder.beginComputePass();
    pass.setPipeline(this.#compiled.pipeline);
    for (let i = at; i < at + count; i++) {
      const [x, y, z] = workgroups[i] ?? [0, 0, 0];
      pass.setBindGroup(0, batch.group, [i * this.#stride]);
      if (x * y * z > 0) pass.dispatchWorkgroups(x, y, z);
    }
    pass.end();
    if (at + count === workgroups.length) encoder.copyBufferToBuffer(batch.out, 0, batch.read, 0, size);
    device.queue.submit([encoder.finish()]);
    const error = await device.popErrorScope();
    if (error !== null)
      throw new Fault({ reason: 'kernel', detail: `the GPU refuses the dispatch: ${error.message}` });
  }

  #observe(dispatches: number, pieces: number, startMs: number, span: Span): void {
    const nowMs = performance.now();
    // With two in flight this one began when the one before was done.
    const ms = nowMs - Math.max(startMs, this.#doneMs);
    this.#doneMs = nowMs;
    this.#pace.observe(dispatches, pieces, ms);
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
      await batch.read.mapAsync(GPUMapMode.READ, 0, size);
      try {
        await before;
        const raw = new Uint8Array(batch.read.getMappedRange(0, size));
        for (let slot = 0; slot < plan.units; slot++) {
          const own = raw.slice(slot * this.#slotBytes, (slot + 1) * this.#slotBytes);
          span.take(unitFrom + slot, this.#program.finish(this.#input, unitFrom + slot, own));
        }
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
}
