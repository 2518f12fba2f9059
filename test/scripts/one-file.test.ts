/** A program in one file: it does what its modules do, and each of them believes that it lies where its source lies. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { inOneFile } from '../../scripts/door/one-file.mjs';

const dir = mkdtempSync(join(tmpdir(), 'talka-one-file-'));
afterAll(() => rmSync(dir, { recursive: true }));
mkdirSync(join(dir, 'deep'));

function put(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

function said(program: string): string {
  return spawnSync(process.execPath, [program], { encoding: 'utf8' }).stdout;
}

describe('a program in one file', () => {
  test('says the same as its modules do, of their places too', async () => {
    put(
      'deep/place.ts',
      `export const place: string[] = [import.meta.dirname, import.meta.url, String(new URL('./beside.txt', import.meta.url))];`,
    );
    const program = put(
      'program.ts',
      `import { place } from './deep/place.ts'; console.log(JSON.stringify([...place, import.meta.dirname]));`,
    );
    await inOneFile(join(dir, 'out/further'), [program]);
    const built = said(join(dir, 'out/further/program.mjs'));
    expect(JSON.parse(built)).toStrictEqual([
      join(dir, 'deep'),
      String(pathToFileURL(join(dir, 'deep/place.ts'))),
      String(pathToFileURL(join(dir, 'deep/beside.txt'))),
      dir,
    ]);
    expect(built).toBe(said(program));
  });

  test('starts the built thread where there is one, and the source where there is none', async () => {
    const thread = put('thread.ts', `console.log(import.meta.url.length);`);
    const starts = (name: string) =>
      put(
        name,
        `import { Worker } from 'node:worker_threads'; const file = new URL('./thread.ts', import.meta.url); console.log(String(file)); new Worker(file);`,
      );
    await inOneFile(join(dir, 'both'), [starts('starter.ts'), thread]);
    await inOneFile(join(dir, 'alone'), [starts('starter.ts')]);
    const length = pathToFileURL(thread).href.length;
    const file = (path: string) => pathToFileURL(join(dir, path)).href;
    expect(said(join(dir, 'both/starter.mjs'))).toBe(`${file('both/thread.mjs')}\n${length}\n`);
    expect(said(join(dir, 'alone/starter.mjs'))).toBe(`${file('thread.ts')}\n${length}\n`);
  });

  test('asks for what Node has without loading all of it, and for what is imported late when it is', async () => {
    put(
      'late.ts',
      `import { constants } from 'node:http2'; export const frame = constants.DEFAULT_SETTINGS_MAX_FRAME_SIZE;`,
    );
    const program = put(
      'served.ts',
      `import { createServer as made, STATUS_CODES } from 'node:http';
       const has = () => process.moduleLoadList.filter((one) => /^NativeModule (internal\\/deps\\/undici\\/undici|http2)$/.test(one)).length;
       const before = has();
       const { frame } = await import('./late.ts');
       console.log(typeof made, STATUS_CODES[404], before, frame, has());`,
    );
    await inOneFile(join(dir, 'asked'), [program]);
    expect(said(join(dir, 'asked/served.mjs'))).toBe('function Not Found 0 16384 1\n');
    // As modules it says the same, but for what is loaded.
    expect(said(program)).toMatch(/^function Not Found \d 16384 \d\n$/);
  });

  test('is ASCII, whatever its modules say, and imports nothing', async () => {
    const program = put(
      'letters.ts',
      `import at from 'node:process'; // ’ …
       const astral = /^\\p{Script=Han}😀/u;
       console.log('数学 “2^p − 1” 😀', \`\${at.pid > 0}·\`, astral.test('数😀'));`,
    );
    await inOneFile(join(dir, 'ascii'), [program]);
    const text = readFileSync(join(dir, 'ascii/letters.mjs'), 'utf8');
    expect(text).toMatch(/^[\0-\x7f]*$/);
    expect(text).not.toMatch(/^import /m);
    expect(said(join(dir, 'ascii/letters.mjs'))).toBe('数学 “2^p − 1” 😀 true· true\n');
  });

  test('is not written where a module asks what one file cannot answer', async () => {
    const program = put('asks.ts', `console.log(import.meta.resolve('node:fs'));`);
    await expect(inOneFile(join(dir, 'none'), [program])).rejects.toThrow(
      /import\.meta\.resolve has no answer/,
    );
  });
});
