/**
 * Builds the pages: every `*.html` in the root becomes a page of `dist/web`; workers are ES modules of
 * their own. `npm run dev` serves the same pages with hot reload and passes the coordinator's paths on to it.
 */
import { readdirSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { defineConfig } from 'vite';
import { fetchedAhead, together } from './scripts/door/ahead.mjs';
import { embedded } from './scripts/door/embed.mjs';

const root = import.meta.dirname;

/** Page name → file, for every page in the root folder. */
const pages = Object.fromEntries(
  readdirSync(root)
    .filter((file) => file.endsWith('.html'))
    .map((file) => [basename(file, '.html'), resolve(root, file)]),
);

/** Where `npm run dev` started the coordinator. */
const coordinator = process.env['TALKA_COORDINATOR'] ?? 'http://127.0.0.1:8787';

/** The page, and the volunteer that it brings when Start is pressed: each with all that it cannot begin without. */
const programs = { page: 'src/app/main.tsx', volunteer: 'src/app/volunteer.ts' };
/** Pages that check what a coordinator says as the volunteer does, and compute nothing. */
const readers = ['src/app/rewards.tsx', 'src/app/verify.tsx'];

export default defineConfig({
  root,
  publicDir: 'public',
  plugins: [fetchedAhead(), embedded()],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  worker: { format: 'es' },
  build: {
    outDir: 'dist/web',
    emptyOutDir: true,
    target: 'es2023',
    sourcemap: true,
    // The pages say themselves what is fetched ahead, in few files (`scripts/door/ahead.mjs`).
    modulePreload: false,
    // An asset inlined as a data: address would be refused by the page's content policy.
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: pages,
      output: {
        codeSplitting: { includeDependenciesRecursively: false, groups: together(programs, readers) },
      },
    },
  },
  server: {
    proxy: {
      '/api': { target: coordinator, changeOrigin: true },
      '/blobs': { target: coordinator, changeOrigin: true },
      '/ws': { target: coordinator, changeOrigin: true, ws: true },
    },
  },
});
