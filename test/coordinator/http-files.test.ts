/** Calls the coordinator's HTTP as a function: blobs and pages, how they are packed, and what guards them. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import type { CoordinatorOptions } from '../../src/coordinator/coordinator.ts';
import type { StatusView } from '../../src/wire/views.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';

let open: { close(): Promise<unknown> }[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const one of open.reverse()) await one.close();
  open = [];
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

async function start(options: CoordinatorOptions = {}): Promise<Started> {
  const house = await started(options);
  open.push(house);
  return house;
}

const json = async <T>(answer: Promise<Response>): Promise<T> => (await (await answer).json()) as T;

describe('blobs and pages', () => {
  test('blobs go packed to whoever takes that, and whole to everybody else', async () => {
    const house = await start();
    const bytes = Buffer.alloc(4000, 'warp and weft ');
    const { digest } = await json<{ digest: string }>(house.operator('/blobs', bytes));
    for (const [accepted, encoding] of [
      ['gzip, deflate, br', 'br'],
      ['gzip;q=0.5, br;q=0', 'gzip'],
      ['identity', null],
    ] as const) {
      const answer = await house.call(`/blobs/${digest}`, { headers: { 'accept-encoding': accepted } });
      expect(answer.headers.get('content-encoding')).toBe(encoding);
      expect(answer.headers.get('vary')).toBe('Accept-Encoding');
      const body = Buffer.from(await answer.arrayBuffer());
      const unpack = { br: brotliDecompressSync, gzip: gunzipSync };
      expect(encoding === null ? body : unpack[encoding](body)).toEqual(Buffer.from(bytes));
      if (encoding !== null) expect(body.length).toBeLessThan(bytes.length);
    }
  });

  test('a kernel is served by digest, for ever', async () => {
    const house = await start();
    const [kernel] = (await json<StatusView>(house.call('/api/status'))).kernels;
    const answer = await house.call(`/blobs/${kernel?.wasm}`);
    expect(answer.headers.get('cache-control')).toContain('immutable');
    expect(answer.headers.get('content-type')).toBe('application/wasm');
    expect(
      createHash('sha256')
        .update(Buffer.from(await answer.arrayBuffer()))
        .digest('hex'),
    ).toBe(kernel?.wasm);
    expect(
      (await house.call(`/blobs/${kernel?.wasm}`, { headers: { 'if-none-match': `"${kernel?.wasm}"` } }))
        .status,
    ).toBe(304);
    for (const path of ['/blobs/nothing', `/blobs/${'0'.repeat(64)}`, '/blobs/..%2fkeys.json'])
      expect((await house.call(path)).status).toBe(404);
  });

  test('pages are typed, tagged, packed and guarded; nothing outside the folder exists', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'talka-web-'));
    folders.push(dir);
    mkdirSync(join(dir, 'web/assets'), { recursive: true });
    writeFileSync(join(dir, 'secret.txt'), 'secret');
    const page = `<!doctype html><title>${'x'.repeat(2_000)}</title>`;
    writeFileSync(join(dir, 'web/index.html'), page);
    writeFileSync(join(dir, 'web/leaderboard.html'), page);
    writeFileSync(join(dir, 'web/.hidden'), 'hidden');
    writeFileSync(join(dir, 'web/assets/main-Ab3dEf9h.js'), '1');
    const house = await start({ webDir: join(dir, 'web') });
    const answer = await house.call('/', { headers: { 'accept-encoding': 'gzip, br' } });
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('content-security-policy')).toContain("script-src 'self' 'wasm-unsafe-eval'");
    expect(answer.headers.get('content-encoding')).toBe('br');
    expect(brotliDecompressSync(Buffer.from(await answer.arrayBuffer())).toString()).toBe(page);
    const zipped = await house.call('/leaderboard', { headers: { 'accept-encoding': 'gzip' } });
    expect(gunzipSync(Buffer.from(await zipped.arrayBuffer())).toString()).toBe(page);
    expect(
      (await house.call('/', { headers: { 'if-none-match': answer.headers.get('etag') ?? '' } })).status,
    ).toBe(304);
    expect((await house.call('/assets/main-Ab3dEf9h.js')).headers.get('cache-control')).toContain(
      'immutable',
    );
    for (const path of [
      '/../secret.txt',
      '/%2e%2e/secret.txt',
      '/..%2fsecret.txt',
      '/.hidden',
      '/nothing',
      '/%00',
      '/assets',
    ]) {
      expect((await house.call(path)).status, path).toBe(404);
    }
  });

  test('a page may run the scripts that are written into it, and no others', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'talka-web-'));
    folders.push(dir);
    const script = 'try { begin("<a>") } catch {}';
    writeFileSync(
      join(dir, 'index.html'),
      `<script>${script}</script><script type="module" src="/a.js"></script>`,
    );
    writeFileSync(join(dir, 'other.html'), '<p>no script</p>');
    const house = await start({ webDir: dir });
    const policyOf = async (path: string): Promise<string> =>
      (await house.call(path)).headers.get('content-security-policy') ?? '';
    const digest = createHash('sha256').update(script).digest('base64');
    expect(await policyOf('/')).toContain(`script-src 'self' 'wasm-unsafe-eval' 'sha256-${digest}';`);
    expect(await policyOf('/other')).toContain("script-src 'self' 'wasm-unsafe-eval';");
    expect(await policyOf('/nothing')).not.toContain('sha256');
  });
});
