/** The files that `bench/gpu.ts` serves to a browser: its page bundled as the site is, and the kernels with a job for each. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const folder = fileURLToPath(new URL('.', import.meta.url));
const kernelsFolder = new URL('../../build/kernels/', import.meta.url);

/** By path; the page is `/page.html`. `inputs` holds the job input of each kernel id. */
export async function gpuSite(
  inputs: ReadonlyMap<string, Uint8Array>,
): Promise<Record<string, string | Uint8Array>> {
  const files: Record<string, string | Uint8Array> = {
    '/page.html':
      '<!doctype html><html lang="en"><title>GPU</title><script type="module" src="/page.js"></script>',
  };
  for (const [id, input] of inputs) {
    const at = `/${encodeURIComponent(id)}`;
    files[`${at}.input`] = input;
    files[`${at}.wasm`] = readFileSync(new URL(`${id}/reference.wasm`, kernelsFolder));
    files[`${at}.wgsl`] = readFileSync(new URL(`${id}/shader.wgsl`, kernelsFolder));
  }
  const built = await build({
    configFile: false,
    root: folder,
    logLevel: 'error',
    worker: { format: 'es' },
    build: {
      write: false,
      target: 'es2023',
      rolldownOptions: { input: `${folder}page.ts`, output: { entryFileNames: 'page.js' } },
    },
  });
  for (const { output } of [built].flat().filter((part) => 'output' in part)) {
    for (const part of output) files[`/${part.fileName}`] = part.type === 'chunk' ? part.code : part.source;
  }
  return files;
}
