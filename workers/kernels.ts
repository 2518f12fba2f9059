/**
 * The catalogue as a worker needs it: each kernel's code is fetched only when a job asks for it, so that a
 * volunteer of one job does not load the others. A test holds this list against the catalogue's own.
 */

import type { Kernel } from '../src/kernels/kernel.ts';

const loaders: ReadonlyMap<string, () => Promise<Kernel>> = new Map([
  ['mersenne-tf@1', async () => (await import('../src/kernels/mersenne-tf/index.ts')).mersenneTf],
  ['path-trace@1', async () => (await import('../src/kernels/path-trace/index.ts')).pathTrace],
]);

/** The ids that a worker knows. */
export const kernelIds: readonly string[] = [...loaders.keys()];

/** The kernel of that id, or null when it is none of the catalogue's. */
export async function kernelOf(id: string): Promise<Kernel | null> {
  const load = loaders.get(id);
  return load === undefined ? null : load();
}
