/** Builds the faceless volunteer page into a folder of its own, for a coordinator to serve. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';

const root = join(import.meta.dirname, '../..');

/** Where the page lies on its coordinator. */
export const pagePath = '/test/browser/volunteer-page.html';

export async function buildWeb(): Promise<{ folder: string; remove: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), 'talka-page-'));
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    worker: { format: 'es' },
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: 'es2023',
      assetsInlineLimit: 0,
      rolldownOptions: { input: join(root, pagePath) },
    },
  });
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
