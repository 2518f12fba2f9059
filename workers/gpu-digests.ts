/**
 * Has a GPU digest what it has just computed: SHA-256 in WGSL (FIPS 180-4), one unit an invocation, over the outputs where they
 * lie. A card that is worth hundreds of cores would keep one core busy with nothing but hashing otherwise.
 *
 * The bytes are those of `src/volunteer/digest.ts`. A volunteer answers for its digests, so nothing hangs on a driver's
 * word: of every span, a chunk or several that are computed together, one unit is digested here too, and a card that says
 * something else digests no more.
 */

import { UnitHasher, wireDigestBytes } from '../src/volunteer/digest.ts';
import { digestShader, tagBytesMax, workgroup } from './gpu-digest-shader.ts';
import type { UsualSlot } from '../src/kernels/kernel.ts';

/** Whose units they are. */
export interface Digesting {
  readonly job: string;
  readonly agreement: 'exact' | 'tolerance';
}

/** Unit of the first slot (high, low), bytes before it, words of an output, of a slot, of a digest; slots; largest word; the batch's number; then the tag. */
const paramWords = 12;
const paramBytes = 4 * paramWords + tagBytesMax;

/** The compiled shader of one device. */
export class GpuDigester {
  readonly device: GPUDevice;
  readonly pipeline: GPUComputePipeline;
  /** Whether what it said was right so far. */
  trusted = true;

  /** Null where the device does not take the shader. */
  static async on(device: GPUDevice): Promise<GpuDigester | null> {
    // Others use the device meanwhile: the scope is closed before anything is waited for.
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ code: digestShader() });
    void device.popErrorScope().catch(() => null);
    try {
      const pipeline = await device.createComputePipelineAsync({
        layout: 'auto',
        compute: { module, entryPoint: 'main' },
      });
      return new GpuDigester(device, pipeline);
    } catch {
      return null;
    }
  }

  private constructor(device: GPUDevice, pipeline: GPUComputePipeline) {
    this.device = device;
    this.pipeline = pipeline;
  }

  /** For the units of one job; null where the job's name is too long. */
  for(digesting: Digesting, usual: UsualSlot, slotBytes: number): JobDigests | null {
    const tag = new TextEncoder().encode(`talka/unit/1\0${digesting.job}\0`);
    return tag.length > tagBytesMax ? null : new JobDigests(this, digesting, tag, usual, slotBytes);
  }
}

/** One batch's part of it. */
export interface BatchDigests {
  readonly params: GPUBuffer;
  readonly group: GPUBindGroup;
  /** By which the shader names the batch that it says something of: nothing needs to be cleared before. */
  number: number;
}

/** Digests the batches of one job. */
export class JobDigests {
  /** Of one digest on the wire. */
  readonly bytes: 8 | 32;
  /** Which slots' digests mean something. */
  readonly usual: UsualSlot;
  readonly #digester: GpuDigester;
  readonly #hasher: UnitHasher;
  readonly #params = new Uint32Array(paramBytes / 4);
  #number = 0;

  constructor(
    digester: GpuDigester,
    { job, agreement }: Digesting,
    tag: Uint8Array,
    usual: UsualSlot,
    slotBytes: number,
  ) {
    this.usual = usual;
    this.#digester = digester;
    this.#hasher = new UnitHasher(job);
    this.bytes = wireDigestBytes(agreement);
    this.#params.set([tag.length, usual.bytes / 4, slotBytes / 4, this.bytes / 4], 2);
    this.#params[7] = usual.wordMax ?? 0xffffffff;
    const view = new DataView(this.#params.buffer, 4 * paramWords);
    // Words of a message are big-endian, those of a uniform little-endian.
    tag.forEach((byte, i) => view.setUint8(i ^ 3, byte));
  }

  /** Whether it may be asked at all. */
  get trusted(): boolean {
    return this.#digester.trusted;
  }

  /** Bytes behind the slots of so many units: their digests, and a word by which is said that one of their outputs holds too large a word. */
  bytesBehind(units: number): number {
    return units * this.bytes + 4;
  }

  /** For batches whose slots lie in a buffer with as many bytes behind them. */
  attach(slots: GPUBuffer): BatchDigests {
    const { device, pipeline } = this.#digester;
    const params = device.createBuffer({
      size: paramBytes,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    const buffers = [params, slots];
    const group = device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
    return { params, group, number: 0 };
  }

  /** Says which units a batch holds, before it is submitted. */
  name(batch: BatchDigests, unitFrom: number, units: number): void {
    batch.number = this.#number = (this.#number + 1) >>> 0 || 1;
    this.#params[0] = Math.floor(unitFrom / 2 ** 32);
    this.#params[1] = unitFrom % 2 ** 32;
    this.#params[6] = units;
    this.#params[8] = batch.number;
    this.#digester.device.queue.writeBuffer(batch.params, 0, this.#params);
  }

  /** Digests the batch once its outputs are there. */
  encode(encoder: GPUCommandEncoder, { group }: BatchDigests, units: number): void {
    const pass = encoder.beginComputePass();
    pass.setPipeline(this.#digester.pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(Math.ceil(units / workgroup));
    pass.end();
  }

  /** What was read back from behind a batch's slots. */
  read(bytes: Uint8Array, { number }: BatchDigests): { by: JobDigests; digests: Uint8Array; odd: boolean } {
    const end = bytes.length - 4;
    const said = new DataView(bytes.buffer, bytes.byteOffset + end, 4).getUint32(0, true);
    return { by: this, digests: bytes.subarray(0, end), odd: said === number };
  }

  /** Digests one unit here as well; where the card said something else, it is not asked again. */
  agrees(unit: number, output: Uint8Array, digest: Uint8Array): boolean {
    const own = this.#hasher.digest(unit, output);
    const same = digest.every((byte, i) => byte === own[i]);
    if (!same) this.#digester.trusted = false;
    return same;
  }
}
