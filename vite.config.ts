/**
 * Builds the pages: every `*.html` in the root becomes a page of `dist/web`; workers are ES modules of
 * their own. `npm run dev` serves the same pages with hot reload and passes the coordinator's paths on to it.
 */
import { readdirSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { defineConfig } from 'vite';

const root = import.meta.dirname;

/** Page name → file, for every page in the root folder. */
const pages = Object.fromEntries(
  readdirSync(root)
    .filter((file) => file.endsWith('.html'))
    .map((file) => [basename(file, '.html'), resolve(root, file)]),
);

/** Where `npm run dev` started the coordinator. */
const coordinator = process.env['TALKA_COORDINATOR'] ?? 'http://127.0.0.1:8787';

export default defineConfig({
  root,
  publicDir: 'public',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  worker: { format: 'es' },
  build: {
    outDir: 'dist/web',
    emptyOutDir: true,
    target: 'es2023',
    sourcemap: true,
    // Everything that loads pages has modulepreload of its own; what is left is a few bytes saved before Start.
    modulePreload: { polyfill: false },
    // An asset inlined as a data: address would be refused by the page's content policy.
    assetsInlineLimit: 0,
    rolldownOptions: { input: pages },
  },
  server: {
    proxy: {
      '/api': { target: coordinator, changeOrigin: true },
      '/blobs': { target: coordinator, changeOrigin: true },
      '/ws': { target: coordinator, changeOrigin: true, ws: true },
    },
  },
});
