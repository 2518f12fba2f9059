/** The real worker with the real kernels: every one that is in the house proves itself in a Node thread. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { nodeEngine } from '../../src/volunteer/engine-node.ts';
import { kernelIds, kernelOf } from '../../workers/kernels.ts';

const house = new URL('../../src/kernels/', import.meta.url);
const built = new URL('../../build/kernels/', import.meta.url);

/** Each kernel is a folder; what it is called is said by its own code. */
const folders = readdirSync(house, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(new URL(`${entry.name}/index.ts`, house)))
  .map(({ name }) => name);

describe('the worker’s list of kernels', () => {
  it('names every folder once', () => {
    expect(kernelIds).toHaveLength(folders.length);
    expect(new Set(kernelIds.map((id) => id.split('@')[0]))).toEqual(new Set(folders));
  });

  it('leads to each under its own id, and to nothing else', async () => {
    for (const id of kernelIds) expect((await kernelOf(id))?.id).toBe(id);
    expect(await kernelOf('mersenne-tf')).toBeNull();
  });
});

describe('the real worker in a Node thread', () => {
  for (const id of kernelIds) {
    const reference = new URL(`${id}/reference.wasm`, built);
    const missing = !existsSync(reference);
    it.skipIf(missing)(
      `computes the vectors of ${id}${missing ? ' (not built: node scripts/build-kernels.mjs)' : ''}`,
      async () => {
        const engine = nodeEngine('wasm');
        try {
          expect((await engine.start()).backend).toBe('wasm');
          const code = { id, wasm: new Uint8Array(readFileSync(reference)), wgsl: null };
          const vectors = (await kernelOf(id))?.vectors.length ?? 0;
          expect(vectors).toBeGreaterThan(0);
          expect(await engine.selfTest(code)).toEqual({ ok: true, vectors });
        } finally {
          engine.dispose();
        }
      },
    );
  }
});
