/**
 * Serves the built pages: right types, `immutable` for what carries its hash in its name, a tag for the rest,
 * and text compressed once and kept. Only files that were there when the folder was read exist.
 */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';
import { Hono } from 'hono';
import { encodingOf, Packed } from './packing.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.wasm': 'application/wasm',
  '.wgsl': 'text/plain; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
};
const compressed = /^(text\/|application\/(json|wasm|manifest)|image\/svg)/;
/** Vite puts a hash of the content into the names of what lies here. */
const hashedNames = /^\/(?:embed\/)?assets\/.+-[A-Za-z0-9_-]{8,}\.\w+/;

interface Kept {
  readonly changedMs: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly tag: string;
  /** Of a page: what its content policy must say of the scripts that are written into it. */
  readonly scripts: readonly string[];
}

/** Serves `dir`; `headers` go with every page and file, told which scripts (`'sha256-…'`) are written into it. */
export function staticFiles(
  dir: string | null,
  headers: (scripts: readonly string[]) => Readonly<Record<string, string>>,
): Hono {
  const app = new Hono();
  const kept = new Map<string, Kept>();
  const packed = new Packed();
  app.on(['GET', 'HEAD'], '/*', async (c) => {
    const path = pathOf(c.req.path);
    const found = dir === null || path === null ? null : await fileOf(dir, path, kept);
    if (found === null)
      return c.text(dir === null ? 'There are no pages here.' : 'Not found', 404, { ...headers([]) });
    const { file, name } = found;
    const type = types[extname(name)] ?? 'application/octet-stream';
    const common = {
      ...headers(file.scripts),
      'Content-Type': type,
      'Cache-Control': hashedNames.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache',
      ETag: file.tag,
      Vary: 'Accept-Encoding',
    };
    if (c.req.header('if-none-match')?.split(/, */).includes(file.tag) === true)
      return c.body(null, 304, common);
    const encoding = compressed.test(type) ? encodingOf(c.req.header('accept-encoding')) : null;
    const shorter = encoding === null ? null : await packed.of(file.tag, file.bytes, encoding);
    const all = encoding === null || shorter === null ? common : { ...common, 'Content-Encoding': encoding };
    return c.req.method === 'HEAD' ? c.body(null, 200, all) : c.body(shorter ?? file.bytes, 200, all);
  });
  return app;
}

/** A path inside the folder, or null. */
function pathOf(raw: string): string | null {
  let path: string;
  try {
    path = normalize(decodeURIComponent(raw)).replaceAll(sep, '/');
  } catch {
    return null;
  }
  return path.startsWith('/') && !path.includes('\0') && !path.split('/').some((part) => part.startsWith('.'))
    ? path
    : null;
}

/** `/` is index.html; `/leaderboard` is leaderboard.html where there is one. */
async function fileOf(
  dir: string,
  path: string,
  kept: Map<string, Kept>,
): Promise<{ file: Kept; name: string } | null> {
  const names = path.endsWith('/') ? [`${path}index.html`] : extname(path) === '' ? [`${path}.html`] : [path];
  for (const name of names) {
    const about = await stat(join(dir, name)).catch(() => null);
    if (about?.isFile() !== true) continue;
    const before = kept.get(name);
    if (before?.changedMs === about.mtimeMs) return { file: before, name };
    const bytes = Uint8Array.from(await readFile(join(dir, name)));
    const tag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
    const file: Kept = {
      changedMs: about.mtimeMs,
      bytes,
      tag,
      scripts: extname(name) === '.html' ? scriptsIn(bytes) : [],
    };
    kept.set(name, file);
    return { file, name };
  }
  return null;
}

/** The digests of a page's own inline scripts, as a content policy names them. */
function scriptsIn(page: Uint8Array): string[] {
  const text = Buffer.from(page).toString();
  return [...text.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(
    ([, script]) =>
      `'sha256-${createHash('sha256')
        .update(script ?? '')
        .digest('base64')}'`,
  );
}
