/** Compiles a kernel's shader against the one layout that `GpuProgram` lays down. */

import type { GpuProgram } from '../src/kernels/kernel.ts';
import { Fault } from './backend.ts';
import { joinedMax, joinedShader } from './gpu-joined.ts';

/** A kernel's shader, compiled for one device. */
export interface GpuPipeline {
  readonly layout: GPUBindGroupLayout;
  readonly pipeline: GPUComputePipeline;
  /** How many units one dispatch may compute: the z of its workgroups. Their params lie end to end. */
  readonly joinedMax: number;
}

/** Compiles the form for several units where there is one. Throws the `kernel` Fault with the compiler's words. */
export async function compileShader(
  device: GPUDevice,
  wgsl: string,
  program: GpuProgram,
  tables: number,
): Promise<GpuPipeline> {
  const joined = joinedShader(wgsl, program);
  try {
    if (joined !== null) return await compiled(device, joined, program, tables, joinedMax);
  } catch (error) {
    // What the published shader itself lacks is said of that one.
    if (!(error instanceof Fault) || error.failure.reason !== 'kernel') throw error;
  }
  return compiled(device, wgsl, program, tables, 1);
}

async function compiled(
  device: GPUDevice,
  wgsl: string,
  program: GpuProgram,
  tables: number,
  units: number,
): Promise<GpuPipeline> {
  const layout = device.createBindGroupLayout({ entries: layoutOf(program, tables, units) });
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
    return { layout, pipeline, joinedMax: units };
  } catch (error) {
    const reason =
      error instanceof Error && Reflect.get(error, 'reason') === 'validation' ? 'kernel' : 'environment';
    throw new Fault({ reason, detail: `no pipeline: ${String(error)}` });
  }
}

function layoutOf(program: GpuProgram, tables: number, units: number): GPUBindGroupLayoutEntry[] {
  const visibility = GPUShaderStage.COMPUTE;
  return [
    {
      binding: 0,
      visibility,
      buffer: { type: 'uniform', hasDynamicOffset: true, minBindingSize: units * program.paramBytes },
    },
    { binding: 1, visibility, buffer: { type: 'storage' } },
    ...Array.from({ length: tables }, (_, i): GPUBindGroupLayoutEntry => ({
      binding: 2 + i,
      visibility,
      buffer: { type: 'read-only-storage' },
    })),
  ];
}
