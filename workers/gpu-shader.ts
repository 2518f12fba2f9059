/** Compiles a kernel's shader against the one layout that `GpuProgram` lays down. */

import type { GpuProgram } from '../src/kernels/kernel.ts';
import { Fault } from './backend.ts';

/** A kernel's shader, compiled for one device. */
export interface GpuPipeline {
  readonly layout: GPUBindGroupLayout;
  readonly pipeline: GPUComputePipeline;
}

/** Throws the `kernel` Fault with the compiler's words. */
export async function compileShader(
  device: GPUDevice,
  wgsl: string,
  program: GpuProgram,
  tables: number,
): Promise<GpuPipeline> {
  const layout = device.createBindGroupLayout({ entries: layoutOf(program, tables) });
  device.pushErrorScope('validation');
  const module = device.createShaderModule({ code: wgsl });
  const scope = device.popErrorScope();
  const { messages } = await module.getCompilationInfo();
  const errors = messages.filter(({ type }) => type === 'error');
  if (errors.length > 0 || (await scope) !== null) {
    const words = errors
      .map(({ lineNum, linePos, message }) => `${lineNum}:${linePos} ${message}`)
      .join('; ');
    throw new Fault({ reason: 'kernel', detail: `the shader does not compile: ${words}` });
  }
  try {
    const pipeline = await device.createComputePipelineAsync({
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: program.entryPoint },
    });
    return { layout, pipeline };
  } catch (error) {
    const reason =
      error instanceof Error && Reflect.get(error, 'reason') === 'validation' ? 'kernel' : 'environment';
    throw new Fault({ reason, detail: `no pipeline: ${String(error)}` });
  }
}

function layoutOf(program: GpuProgram, tables: number): GPUBindGroupLayoutEntry[] {
  const visibility = GPUShaderStage.COMPUTE;
  return [
    {
      binding: 0,
      visibility,
      buffer: { type: 'uniform', hasDynamicOffset: true, minBindingSize: program.paramBytes },
    },
    { binding: 1, visibility, buffer: { type: 'storage' } },
    ...Array.from({ length: tables }, (_, i): GPUBindGroupLayoutEntry => ({
      binding: 2 + i,
      visibility,
      buffer: { type: 'read-only-storage' },
    })),
  ];
}
