/** What the volunteer's benches need around a page: the pages as `npm run build` makes them, and small servers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'vite';

const root = resolve(import.meta.dirname, '../..');

/** Built pages, in a folder of their own. */
export interface Site {
  readonly folder: string;
  remove(): void;
}

/** Builds the product's pages and nothing else: another entry would cut the shared files differently. */
export async function buildSite(): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'talka-bench-'));
  await build({
    root,
    configFile: join(root, 'vite.config.ts'),
    logLevel: 'error',
    build: { outDir: folder, emptyOutDir: true, sourcemap: false },
  });
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Bundles one script of this folder, its workers included: paths and contents. */
export async function bundle(entry: string): Promise<Record<string, string | Uint8Array>> {
  const built = await build({
    configFile: false,
    root,
    logLevel: 'error',
    worker: { format: 'es' },
    build: {
      write: false,
      target: 'es2023',
      modulePreload: { polyfill: false },
      rolldownOptions: { input: join(import.meta.dirname, entry), output: { entryFileNames: 'page.js' } },
    },
  });
  const files: Record<string, string | Uint8Array> = {};
  for (const { output } of [built].flat().filter((part) => 'output' in part)) {
    for (const part of output) files[`/${part.fileName}`] = part.type === 'chunk' ? part.code : part.source;
  }
  return files;
}
