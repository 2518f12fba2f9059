/** Puts a compute host behind a message channel: what the browser's and Node's worker entries share. */

import { expose, transfer } from 'comlink';
import type { Endpoint } from 'comlink';
import type { Beat } from '../src/volunteer/engine.ts';
import type { Kernel } from '../src/kernels/kernel.ts';
import { ComputeHost } from './host.ts';
import { WasmBackend } from './wasm.ts';
import { WebGpuBackend } from './webgpu.ts';

export interface Served {
  readonly endpoint: Endpoint;
  tell(beat: Beat): void;
  /** Where WebGPU comes from; null where there is none. Asked only when a GPU engine starts. */
  gpu(): Promise<GPU | null>;
  kernelOf(id: string): Promise<Kernel | null>;
}

export function serve({ endpoint, tell, gpu, kernelOf }: Served): void {
  const host = new ComputeHost({
    tell,
    kernelOf,
    transfer,
    open: async (backend, lost) => {
      if (backend === 'wasm') return new WasmBackend();
      const found = await gpu();
      return found === null ? null : new WebGpuBackend(found, lost);
    },
  });
  expose(host, endpoint);
}
