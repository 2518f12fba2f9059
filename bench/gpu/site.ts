/** The files that `bench/gpu.ts` and `scripts/soak.ts` serve to a browser: a page bundled as the site is, the kernels, and jobs. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const folder = fileURLToPath(new URL('.', import.meta.url));
const kernelsFolder = new URL('../../build/kernels/', import.meta.url);

/** Files by path. */
export type Files = Record<string, string | Uint8Array>;

/** By path; the page is `/page.html`. `inputs` holds the job input of each kernel id. */
export async function gpuSite(inputs: ReadonlyMap<string, Uint8Array>): Promise<Files> {
  const files = { ...(await bundled(folder)), ...kernelFiles([...inputs.keys()]) };
  for (const [id, input] of inputs) files[`/${encodeURIComponent(id)}.input`] = input;
  return files;
}

/** The built kernels: `/ID.wasm` and `/ID.wgsl`. */
export function kernelFiles(ids: readonly string[]): Files {
  const files: Files = {};
  for (const id of ids) {
    const at = `/${encodeURIComponent(id)}`;
    files[`${at}.wasm`] = readFileSync(new URL(`${id}/reference.wasm`, kernelsFolder));
    files[`${at}.wgsl`] = readFileSync(new URL(`${id}/shader.wgsl`, kernelsFolder));
  }
  return files;
}

/** `/page.html` that runs a folder's `page.ts`, bundled with its workers as the site is. */
export async function bundled(root: string): Promise<Files> {
  const files: Files = {
    '/page.html':
      '<!doctype html><html lang="en"><title>engines</title><script type="module" src="/page.js"></script>',
  };
  const built = await build({
    configFile: false,
    root,
    logLevel: 'error',
    worker: { format: 'es' },
    build: {
      write: false,
      target: 'es2023',
      rolldownOptions: { input: `${root}page.ts`, output: { entryFileNames: 'page.js' } },
    },
  });
  for (const { output } of [built].flat().filter((part) => 'output' in part)) {
    for (const part of output) files[`/${part.fileName}`] = part.type === 'chunk' ? part.code : part.source;
  }
  return files;
}
