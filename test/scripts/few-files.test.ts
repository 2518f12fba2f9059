/** A program in few files: it does what its modules do, and each of them believes that it lies where its source lies. */
import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { inFewFiles } from '../../scripts/door/few-files.mjs';

const dir = mkdtempSync(join(tmpdir(), 'talka-few-files-'));
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

describe('a program in few files', () => {
  test('says the same as its modules do, of their places too', async () => {
    put(
      'deep/place.ts',
      `export const place: string[] = [import.meta.dirname, import.meta.url, String(new URL('./beside.txt', import.meta.url))];`,
    );
    const program = put(
      'program.ts',
      `import { place } from './deep/place.ts'; console.log(JSON.stringify([...place, import.meta.dirname]));`,
    );
    await inFewFiles(join(dir, 'out/further'), [program]);
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
    await inFewFiles(join(dir, 'both'), [starts('starter.ts'), thread]);
    await inFewFiles(join(dir, 'alone'), [starts('starter.ts')]);
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
    await inFewFiles(join(dir, 'asked'), [program]);
    expect(said(join(dir, 'asked/served.mjs'))).toBe('function Not Found 0 16384 1\n');
    // As modules it says the same, but for what is loaded.
    expect(said(program)).toMatch(/^function Not Found \d 16384 \d\n$/);
  });

  test('loads what Node has for a few functions when the first of them is called', async () => {
    const program = put(
      'calls.ts',
      `import { spawnSync } from 'node:child_process';
       import { readFile as read } from 'node:fs/promises';
       const has = () => process.moduleLoadList.filter((one) => /^NativeModule (child_process|fs\\/promises)$/.test(one)).length;
       const before = has();
       console.log(before, has() - before, spawnSync('true').status, (await read(process.argv[1])).length > 0, has() - before);`,
    );
    await inFewFiles(join(dir, 'called'), [program]);
    expect(said(join(dir, 'called/calls.mjs'))).toBe('0 0 0 true 2\n');
  });

  test('lies in a file for what it begins with, one for what it loads soon, and one for each thing that it loads late', async () => {
    put('shared.ts', `export const shared: string[] = []; shared.push('shared');`);
    put('needed.ts', `import { shared } from './shared.ts'; shared.push('needed'); export { shared };`);
    put(
      'soon.ts',
      `import { shared } from './needed.ts'; shared.push('soon'); export const late = () => import('./rare.ts');`,
    );
    put('rare.ts', `import { shared } from './shared.ts'; shared.push('rare'); export const all = shared;`);
    // It waits for what it imports, and what it imports needs what it has.
    const program = put(
      'staged.ts',
      `import { shared } from './shared.ts'; shared.push('program');
       const { late } = await import('./soon.ts'); const before = shared.length;
       console.log(before, (await late()).all.join());`,
    );
    const place = join(dir, 'staged');
    await inFewFiles(place, [program], { soon: [join(dir, 'soon.ts')] });
    expect(said(join(place, 'staged.mjs'))).toBe('4 shared,program,needed,soon,rare\n');
    const kinds = readdirSync(place).map((name) => name.replace(/-[\w-]{8}\.mjs$/, ''));
    expect(kinds).toEqual(
      expect.arrayContaining(['staged-first', 'staged-next', 'staged-rare', 'staged.mjs']),
    );
    const next = readdirSync(place).find((name) => name.startsWith('staged-next')) ?? '';
    expect(readFileSync(join(place, next), 'utf8')).toContain('needed');
    expect(readFileSync(join(place, next), 'utf8')).not.toContain('push("rare")');
  });

  test('a program that runs still finds what it loads late, until a day after it was built anew', async () => {
    const place = join(dir, 'anew');
    put('part.ts', `export const says = 'the old one';`);
    const program = put('whole.ts', `const { says } = await import('./part.ts'); console.log(says);`);
    await inFewFiles(place, [program]);
    const old = readdirSync(place).filter((name) => name !== 'whole.mjs');
    put('part.ts', `export const says = 'the new one';`);
    await inFewFiles(place, [program]);
    expect(said(join(place, 'whole.mjs'))).toBe('the new one\n');
    expect(readdirSync(place)).toEqual(expect.arrayContaining(old));
    const before = Date.now() / 1000 - 90_000;
    for (const name of old) utimesSync(join(place, name), before, before);
    await inFewFiles(place, [program]);
    expect(readdirSync(place).filter((name) => old.includes(name))).toEqual([]);
    expect(said(join(place, 'whole.mjs'))).toBe('the new one\n');
  });

  test('is ASCII, whatever its modules say, and imports nothing', async () => {
    const program = put(
      'letters.ts',
      `import at from 'node:process'; // ’ …
       const astral = /^\\p{Script=Han}😀/u;
       console.log('数学 “2^p − 1” 😀', \`\${at.pid > 0}·\`, astral.test('数😀'));`,
    );
    await inFewFiles(join(dir, 'ascii'), [program]);
    const text = readFileSync(join(dir, 'ascii/letters.mjs'), 'utf8');
    expect(text).toMatch(/^[\0-\x7f]*$/);
    expect(text).not.toMatch(/^import /m);
    expect(said(join(dir, 'ascii/letters.mjs'))).toBe('数学 “2^p − 1” 😀 true· true\n');
  });

  test('is not written where a module asks what cannot be answered there', async () => {
    const program = put('asks.ts', `console.log(import.meta.resolve('node:fs'));`);
    await expect(inFewFiles(join(dir, 'none'), [program])).rejects.toThrow(
      /import\.meta\.resolve has no answer/,
    );
  });
});
