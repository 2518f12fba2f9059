/** Builds the pages and the page that tries them, as `npm run build` would, into a folder of their own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'vite';

export interface BuiltPages {
  readonly folder: string;
  remove(): void;
}

const root = resolve(import.meta.dirname, '../..');

/** Builds once; takes a second or two. */
export async function buildPages(): Promise<BuiltPages> {
  const folder = mkdtempSync(join(tmpdir(), 'talka-pages-'));
  await build({
    root,
    configFile: join(root, 'vite.config.ts'),
    logLevel: 'error',
    build: {
      outDir: folder,
      emptyOutDir: true,
      sourcemap: false,
      // Beside every page of the product, which the configuration names.
      rolldownOptions: { input: { harness: join(root, 'test/browser/pages-harness.html') } },
    },
  });
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
