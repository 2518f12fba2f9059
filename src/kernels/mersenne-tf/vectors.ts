/** Known answers for `mersenne-tf@1`. */
import type { KernelVector } from '../kernel.ts';
export const vectors: readonly KernelVector[] = [];
