/** An adapter that is not there at the first question: a browser's GPU process that just ended and comes back. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebGpuBackend } from '../../workers/webgpu.ts';

/** As much of WebGPU as finding a device takes; the first `absent` questions find nothing. */
function gpuOf(absent: number): { readonly gpu: GPU; readonly asked: () => number } {
  let asked = 0;
  const device = { lost: new Promise(() => {}), limits: { maxStorageBufferBindingSize: 1 << 27 } };
  const adapter = {
    info: { vendor: 'nvidia', architecture: '', device: '', description: '', isFallbackAdapter: false },
    requestDevice: () => Promise.resolve(device),
  };
  const requestAdapter = (): Promise<unknown> => Promise.resolve(asked++ < absent ? null : adapter);
  return { gpu: { requestAdapter } as unknown as GPU, asked: () => asked };
}

describe('looking for a GPU', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('asks once where there is one', async () => {
    const { gpu, asked } = gpuOf(0);
    expect(await new WebGpuBackend(gpu, () => {}).start()).toMatchObject({ software: false });
    expect(asked()).toBe(1);
  });

  it('asks again where the first answer was none', async () => {
    const { gpu, asked } = gpuOf(2);
    const started = new WebGpuBackend(gpu, () => {}).start();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await started).toMatchObject({ backend: 'webgpu' });
    expect(asked()).toBe(3);
  });

  it('says so in the end where there is none', async () => {
    const { gpu, asked } = gpuOf(Number.POSITIVE_INFINITY);
    const refused = expect(new WebGpuBackend(gpu, () => {}).start()).rejects.toThrow('no adapter');
    await vi.advanceTimersByTimeAsync(5_000);
    await refused;
    expect(asked()).toBe(4);
  });
});
