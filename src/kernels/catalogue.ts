/** The kernels that come with Talka, by id. */
import type { Kernel } from './kernel.ts';
import { mersenneTf } from './mersenne-tf/index.ts';
import { pathTrace } from './path-trace/index.ts';

export const catalogue: ReadonlyMap<string, Kernel> = new Map(
  [mersenneTf, pathTrace].map((kernel): [string, Kernel] => [kernel.id, kernel]),
);

/** The kernel with this id, or undefined: a requester's own, or one from a later version. */
export function kernelOf(id: string): Kernel | undefined {
  return catalogue.get(id);
}
