/** The files of a page that runs engines on the test kernels: what the engine tests and benches serve to a browser. */

import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { compileVariants, mixShader } from '../kernels/fixtures/compile.ts';

type Files = Record<string, string | Uint8Array>;

/** By path; the page is `/page.html`. */
export async function engineSite(): Promise<Files> {
  return {
    ...(await bundle()),
    ...(await artefacts()),
    '/page.html': '<script type="module" src="/page.js"></script>',
  };
}

/** The page and its worker, bundled as the site is. */
async function bundle(): Promise<Files> {
  const built = await build({
    configFile: false,
    root: fileURLToPath(new URL('.', import.meta.url)),
    logLevel: 'error',
    worker: { format: 'es' },
    build: {
      write: false,
      target: 'es2022',
      rolldownOptions: {
        input: fileURLToPath(new URL('engine-page.ts', import.meta.url)),
        output: { entryFileNames: 'page.js' },
      },
    },
  });
  const files: Files = {};
  for (const { output } of [built].flat().filter((part) => 'output' in part)) {
    for (const part of output) files[`/${part.fileName}`] = part.type === 'chunk' ? part.code : part.source;
  }
  return files;
}

async function artefacts(): Promise<Files> {
  const variants = await compileVariants();
  const modules = Object.entries(variants).map(([name, wasm]) => [`/${name}.wasm`, wasm] as const);
  return { ...Object.fromEntries(modules), '/mix.wgsl': mixShader };
}
