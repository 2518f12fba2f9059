/** The kernels this coordinator serves: the catalogue's meaning together with the built bytes that devices are sent. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Kernel } from '../kernels/kernel.ts';
import { sha256Hex } from './digests.ts';

/** A kernel with its artefacts. */
export interface ServedKernel {
  readonly kernel: Kernel;
  readonly wasm: Uint8Array;
  readonly wasmDigest: string;
  readonly wgsl: Uint8Array | null;
  readonly wgslDigest: string | null;
  /** What vouches for single outputs, where the kernel brings it. */
  readonly certificate: Uint8Array | null;
  readonly certificateDigest: string | null;
}

export type Shelf = ReadonlyMap<string, ServedKernel>;

const manifest = v.object({
  kernels: v.array(
    v.object({
      id: v.string(),
      wgsl: v.nullable(v.object({})),
      certificate: v.optional(v.nullable(v.object({})), null),
    }),
  ),
});

/** A kernel with the bytes at hand. */
export function served(
  kernel: Kernel,
  wasm: Uint8Array,
  wgsl: Uint8Array | null,
  certificate: Uint8Array | null = null,
): ServedKernel {
  return {
    kernel,
    wasm,
    wasmDigest: sha256Hex(wasm),
    wgsl,
    wgslDigest: wgsl === null ? null : sha256Hex(wgsl),
    certificate,
    certificateDigest: certificate === null ? null : sha256Hex(certificate),
  };
}

/**
 * Reads what `scripts/build-kernels.mjs` built, for the kernels that the catalogue knows: a few small files, at once, as
 * a start waits for them. Throws with one line.
 */
export function shelfOf(dir: string, kernelOf: (id: string) => Kernel | undefined): Shelf {
  const shelf = new Map<string, ServedKernel>();
  for (const { id, wgsl, certificate } of manifestOf(join(dir, 'manifest.json')).kernels) {
    const kernel = kernelOf(id);
    if (kernel === undefined) continue;
    const shader = wgsl === null ? null : readFileSync(join(dir, id, 'shader.wgsl'));
    const checker = certificate === null ? null : readFileSync(join(dir, id, 'certificate.wasm'));
    shelf.set(id, served(kernel, readFileSync(join(dir, id, 'reference.wasm')), shader, checker));
  }
  return shelf;
}

function manifestOf(file: string): v.InferOutput<typeof manifest> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`${file} is missing: build the kernels first (npm run build)`, { cause: error });
  }
  return v.parse(manifest, JSON.parse(text));
}
