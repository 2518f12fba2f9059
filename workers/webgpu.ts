/**
 * Computes units with a kernel's WGSL shader: finds the adapter, keeps the device and the compiled pipelines,
 * and tells when the device is lost. What runs on it is in `gpu-job.ts`.
 *
 * The device is asked for with default limits: every adapter has them, and asking for more than a kernel
 * needs only makes this device easier to recognise.
 */

import type { AdapterFacts, Capability, KernelCode } from '../src/volunteer/engine.ts';
import type { GpuProgram, Kernel } from '../src/kernels/kernel.ts';
import { CompiledCache, Fault } from './backend.ts';
import type { ComputeBackend, OpenJob } from './backend.ts';
import { GpuDigester } from './gpu-digests.ts';
import type { Digesting, JobDigests } from './gpu-digests.ts';
import { GpuJob } from './gpu-job.ts';
import { compileShader } from './gpu-shader.ts';
import type { GpuPipeline } from './gpu-shader.ts';

/** Names under which CPU emulations of a GPU go: Chromium's, Mesa's, Windows'. */
const softwareNames = /swiftshader|llvmpipe|lavapipe|softpipe|software|basic render|\bwarp\b|\bcpu\b/i;

/** How long to wait before each further question for an adapter. */
const askAgainMs = [100, 400, 1500];

/** What an adapter is called, and whether it is an emulation. */
function adapterFacts(adapter: GPUAdapter): {
  facts: Omit<AdapterFacts, 'storageBytesMax'>;
  software: boolean;
} {
  const { vendor, architecture, device, description } = adapter.info;
  const facts = { vendor, architecture, device, description };
  // The flag moved from the adapter to its info in 2025; older browsers have only the first.
  const flagged = adapter.info.isFallbackAdapter || Reflect.get(adapter, 'isFallbackAdapter') === true;
  return {
    facts,
    software: flagged || softwareNames.test(`${vendor} ${architecture} ${device} ${description}`),
  };
}

export class WebGpuBackend implements ComputeBackend {
  readonly #gpu: GPU;
  readonly #lost: (detail: string) => void;
  readonly #pipelines = new CompiledCache<string, GpuPipeline>((a, b) => a === b);
  readonly #emulatedDigests: boolean;
  /** Whether the device digests what it computes. */
  #digests = false;
  #digester: Promise<GpuDigester | null> | null = null;
  #device: GPUDevice | null = null;
  #gone = false;

  /**
   * `lost` is called once, when the device has gone away or done something that no kernel explains. An emulated GPU digests
   * only where a test wants it: it is the same processor, and compiling costs it seconds.
   */
  constructor(gpu: GPU, lost: (detail: string) => void, emulatedDigests = false) {
    this.#gpu = gpu;
    this.#lost = lost;
    this.#emulatedDigests = emulatedDigests;
  }

  /** The device, for whoever must watch or end it; null before `start`. */
  get device(): GPUDevice | null {
    return this.#device;
  }

  async start(): Promise<Capability> {
    const adapter = await this.#findAdapter();
    if (adapter === null) throw new Fault({ reason: 'unavailable', detail: 'WebGPU gives no adapter' });
    const { facts, software } = adapterFacts(adapter);
    const device = await adapter.requestDevice();
    this.#device = device;
    this.#digests = !software || this.#emulatedDigests;
    void device.lost.then(({ reason, message }) => this.#lose(`${reason}: ${message}`));
    device.onuncapturederror = ({ error }) => this.#lose(`unexpected error: ${error.message}`);
    return {
      backend: 'webgpu',
      software,
      adapter: { ...facts, storageBytesMax: device.limits.maxStorageBufferBindingSize },
    };
  }

  async open(
    code: KernelCode,
    kernel: Kernel | null,
    input: Uint8Array,
    digesting?: Digesting,
  ): Promise<OpenJob> {
    const device = this.#device;
    if (device === null || this.#gone)
      throw new Fault({ reason: 'device-lost', detail: 'there is no device' });
    const { wgsl } = code;
    const program = kernel?.gpu;
    if (wgsl === null || program === undefined)
      throw new Fault({ reason: 'unavailable', detail: `${code.id} has no shader` });
    const tables = tablesOf(program, input);
    refuseTooLarge(device, tables, program.slotBytes(input));
    const key = `${code.id} ${tables.length}`;
    const compiled = await this.#pipelines.get(key, wgsl, () =>
      compileShader(device, wgsl, program, tables.length),
    );
    const digests = this.#digestsOf(device, digesting, program, input);
    return GpuJob.open(device, compiled, { program, input, tables, digests });
  }

  /** Where the GPU digests its own outputs: a shader more that each device compiles once. */
  async #digestsOf(
    device: GPUDevice,
    digesting: Digesting | undefined,
    program: GpuProgram,
    input: Uint8Array,
  ): Promise<JobDigests | null> {
    const usual = program.usual?.(input);
    if (usual === undefined || digesting === undefined || !this.#digests) return null;
    this.#digester ??= GpuDigester.on(device);
    return (await this.#digester)?.for(digesting, usual, program.slotBytes(input)) ?? null;
  }

  /**
   * Asks again a little later where there is none: a browser whose GPU process ends and comes back meanwhile says so too (seen
   * in Chromium 150 on an H100, where the first question always met that).
   */
  async #findAdapter(): Promise<GPUAdapter | null> {
    for (const waitMs of askAgainMs) {
      const adapter = await this.#gpu.requestAdapter({ powerPreference: 'high-performance' });
      if (adapter !== null) return adapter;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
    return this.#gpu.requestAdapter({ powerPreference: 'high-performance' });
  }

  #lose(detail: string): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#lost(detail);
  }
}

function tablesOf(program: GpuProgram, input: Uint8Array): Uint8Array[] {
  try {
    return program.tables(input);
  } catch (error) {
    throw new Fault({ reason: 'input', detail: String(error) });
  }
}

function refuseTooLarge(device: GPUDevice, tables: Uint8Array[], slotBytes: number): void {
  const { maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage } = device.limits;
  const largest = Math.max(slotBytes, ...tables.map((table) => table.length));
  if (largest > maxStorageBufferBindingSize) {
    throw new Fault({
      reason: 'unavailable',
      detail: `a table of ${largest} bytes; this device binds ${maxStorageBufferBindingSize}`,
    });
  }
  if (tables.length + 1 > maxStorageBuffersPerShaderStage) {
    throw new Fault({
      reason: 'unavailable',
      detail: `${tables.length + 1} buffers; this device binds ${maxStorageBuffersPerShaderStage}`,
    });
  }
}
