/**
 * Builds what partners' pages load, apart from our own pages: the loader as one classic script, and the frame with its window.
 * They are put into `embed/` of the built pages.
 */
import { join } from 'node:path';
import { build } from 'vite';
import { root } from './place.mjs';

const room = join(root, 'src', 'widget');

/** Vite brings a kilobyte of program that loads style sheets ahead of what is imported later; here nothing imported later has one. */
const plainImports = {
  name: 'talka:plain-imports',
  enforce: 'pre',
  load: (id) =>
    id.includes('vite/preload-helper') ? 'export const __vitePreload = (load) => load();' : undefined,
};

/** Builds all of it into a folder, which is emptied. Takes a second. */
export async function buildEmbedded(outDir) {
  const common = { configFile: false, root: room, publicDir: false, logLevel: 'error' };
  await build({
    ...common,
    base: '/embed/',
    worker: { format: 'es' },
    plugins: [plainImports],
    build: {
      outDir,
      emptyOutDir: true,
      target: 'es2023',
      modulePreload: false,
      assetsInlineLimit: 0,
      rolldownOptions: { input: ['frame', 'consent'].map((page) => join(room, `${page}.html`)) },
    },
  });
  const lib = { entry: join(room, 'loader.ts'), formats: ['iife'], name: 'talka', fileName: () => 'v1.js' };
  await build({ ...common, build: { outDir, emptyOutDir: false, target: 'es2022', lib, minify: true } });
}

/** A plugin for Vite: beside the pages. */
export function embedded() {
  return {
    name: 'talka:embedded',
    apply: 'build',
    writeBundle: ({ dir }) => buildEmbedded(join(dir, 'embed')),
  };
}
