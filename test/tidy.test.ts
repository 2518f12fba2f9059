/** Is the house in order? Arrows, cycles, pure rooms, words, openings, lengths, links, kernel bytes. */
import { describe, expect, it } from 'vitest';
import { brokenArrows, cycles, roomOf, worldInPureRooms } from '../scripts/tidy/arrows.ts';
import type { Finding } from '../scripts/tidy/arrows.ts';
import { readFacts } from '../scripts/tidy/facts.ts';
import type { FileFacts } from '../scripts/tidy/facts.ts';
import { isThere, readHouse, readJson, readProse } from '../scripts/tidy/house.ts';
import { readRatchet } from '../scripts/tidy/ratchet.ts';
import * as rules from '../scripts/tidy/rules.ts';

const house = readHouse();
const lines = (findings: readonly Finding[]): string[] =>
  findings.map(({ path, line, says }) => `${path}:${line}: ${says}`);

describe('the house', () => {
  it('is being read', () => {
    expect(house.length).toBeGreaterThan(20);
    for (const room of ['core', 'kernels', 'wire', 'volunteer', 'workers']) {
      expect(house.some((file) => roomOf(file.path) === room && file.imports.length > 0)).toBe(true);
    }
  });

  it('keeps its arrows', () => {
    expect(lines(brokenArrows(house))).toEqual([]);
  });

  it('has no import cycle', () => {
    expect(cycles(house).map((ring) => ring.join(' → '))).toEqual([]);
  });

  it('keeps clock, dice, waiting and world out of its pure rooms', () => {
    expect(lines(worldInPureRooms(house))).toEqual([]);
  });

  it('calls nobody client, manager or util', () => {
    expect(lines(rules.bannedNames(house))).toEqual([]);
  });

  it('opens every file with a sentence', () => {
    expect(lines(rules.withoutOpening(house))).toEqual([]);
  });

  it('grows no longer files or functions (`npm run tidy -- --update` when some have shrunk)', () => {
    expect(rules.grown(rules.overLong(house), readRatchet())).toEqual([]);
  });

  it('has no dead link in its prose', () => {
    expect(readProse().flatMap(({ path, text }) => lines(rules.deadLinks(path, text, isThere)))).toEqual([]);
  });

  const manifest = readJson('build/kernels/manifest.json');
  it.skipIf(manifest === null)('builds every kernel to the bytes that were published', () => {
    // Both files are ours and written by one script, which checks them; here only their agreement matters.
    const lock = (readJson('src/kernels/lock.json') ?? {}) as rules.KernelLock;
    expect(rules.editedKernels(lock, manifest as rules.KernelManifest)).toEqual([]);
    expect(Object.keys(lock).length).toBeGreaterThan(0);
  });
});

const opened = '/** Shows what a rule finds. */\n';
const file = (path: string, text: string): FileFacts => readFacts(path, opened + text);
const says = (findings: readonly Finding[]): string[] => findings.map((finding) => finding.says);

describe('the arrows, tried', () => {
  const broken = (path: string, text: string): string[] => says(brokenArrows([file(path, text)]));

  it('lets through what the table allows', () => {
    expect(broken('src/core/a.ts', `import { b } from './b.ts';`)).toEqual([]);
    expect(broken('src/core/merkle.ts', `import { sha256 } from '@noble/hashes/sha2.js';`)).toEqual([]);
    expect(broken('src/wire/a.ts', `import type { State } from '../core/state.ts';`)).toEqual([]);
    expect(broken('src/wire/a.ts', `import { type State } from '../core/state.ts';`)).toEqual([]);
    expect(
      broken('src/coordinator/a.ts', `import { decide } from '../core/machine.ts'; import 'node:fs';`),
    ).toEqual([]);
    expect(broken('src/volunteer/a.ts', `import { verify } from '../core/merkle.ts';`)).toEqual([]);
    expect(broken('src/app/a.tsx', `import './a.css'; export const a = () => <p>a</p>;`)).toEqual([]);
    expect(broken('test/core/a.test.ts', `import { decide } from '../../src/core/machine.ts';`)).toEqual([]);
  });

  it('finds every kind of import that goes against them', () => {
    expect(broken('src/core/a.ts', `import { b } from '../wire/b.ts';`)).toEqual([
      'core may not import from wire (src/wire/b.ts)',
    ]);
    expect(broken('src/core/a.ts', `import type { B } from '../wire/b.ts';`)).toHaveLength(1);
    expect(broken('src/core/a.ts', `export * from '../wire/b.ts';`)).toHaveLength(1);
    expect(broken('src/core/a.ts', `export { b } from '../wire/b.ts';`)).toHaveLength(1);
    expect(broken('src/core/a.ts', `export const b = () => import('../wire/b.ts');`)).toHaveLength(1);
    expect(broken('src/core/a.ts', `export type B = import('../wire/b.ts').B;`)).toHaveLength(1);
    expect(broken('src/core/a.ts', `import { sha256 } from '@noble/hashes/sha2.js';`)).toEqual([
      'core may not use the package @noble/hashes/sha2.js here',
    ]);
    expect(broken('src/wire/a.ts', `import { decide } from '../core/machine.ts';`)).toEqual([
      'wire may import only types from core (src/core/machine.ts)',
    ]);
    expect(broken('src/wire/a.ts', `import { type State, decide } from '../core/machine.ts';`)).toHaveLength(
      1,
    );
    expect(broken('src/volunteer/a.ts', `import { b } from '../coordinator/b.ts';`)).toHaveLength(1);
    expect(broken('src/volunteer/a.ts', `import { decide } from '../core/machine.ts';`)).toHaveLength(1);
    expect(broken('src/volunteer/a.ts', `import { readFileSync } from 'node:fs';`)).toEqual([
      'volunteer may not use Node (node:fs)',
    ]);
    expect(broken('src/app/a.tsx', `import { run } from '../../workers/webgpu.ts';`)).toHaveLength(1);
    expect(broken('src/core/a.ts', `import { b } from '../../test/b.ts';`)).toEqual([
      'core may not import test/b.ts',
    ]);
    expect(broken('src/attic/a.ts', `export const a = 1;`)).toEqual([`'attic' is no room of the house`]);
    expect(broken('src/a.ts', `export const a = 1;`)).toEqual(['lies in src but in no room']);
  });

  it('finds a cycle, once, through types and through others', () => {
    const a = file('src/core/a.ts', `import { b } from './b.ts';`);
    const b = file('src/core/b.ts', `export { c } from './c.ts';`);
    const c = file('src/core/c.ts', `import type { A } from './a.ts';`);
    expect(cycles([a, b, file('src/core/c.ts', '')])).toEqual([]);
    expect(cycles([c, b, a])).toEqual([['src/core/a.ts', 'src/core/b.ts', 'src/core/c.ts']]);
  });
});

describe('the pure rooms, tried', () => {
  const words = (text: string, path = 'src/core/a.ts'): string[] =>
    file(path, text).words.map(({ word }) => word);

  it('knows the words of the world from names that only look like them', () => {
    expect(words('export const a = Date.now();')).toEqual(['Date']);
    expect(words('export const a = Math.random() + Math.floor(Math.exp(2));')).toEqual([
      'Math.random',
      'Math.exp',
    ]);
    expect(words('export async function a() { await 1; }')).toEqual(['async', 'await']);
    expect(words('export const a = async () => 1;')).toEqual(['async']);
    expect(words('export const a = () => setTimeout(() => fetch("x"), 1);')).toEqual(['setTimeout', 'fetch']);
    expect(words('export const a = globalThis["Date"];')).toEqual(['globalThis']);
    expect(words('export const a = (x: number) => x ** 3;')).toEqual(['**']);
    expect(
      words('export const a = (x: { process: 1; performance: 2 }) => x.process + x.performance;'),
    ).toEqual([]);
    expect(words('export const a = { crypto: 2n ** 64n, window: 2 ** 53, top: Math.sqrt(2) };')).toEqual([]);
  });

  it('asks it of pure rooms only', () => {
    const now = 'export const a = Date.now();';
    const pure = [
      'src/core/a.ts',
      'src/kernels/a.ts',
      'src/wire/a.ts',
      'src/volunteer/loop.ts',
      'src/volunteer/loop/a.ts',
    ];
    for (const path of pure) expect(says(worldInPureRooms([file(path, now)]))).toHaveLength(1);
    for (const path of ['src/coordinator/a.ts', 'src/volunteer/session.ts', 'test/a.test.ts']) {
      expect(worldInPureRooms([file(path, now)])).toEqual([]);
    }
  });
});

describe('words, openings and lengths, tried', () => {
  it('finds banned words in paths and exported names, whole words only', () => {
    expect(rules.wordsOf('HTTPClientPool')).toEqual(['http', 'client', 'pool']);
    const named = (path: string, text: string): string[] => says(rules.bannedNames([file(path, text)]));
    expect(named('src/wire/client.ts', '')).toEqual([`the path says 'client'`]);
    expect(named('src/app/string-utils.ts', '')).toHaveLength(1);
    expect(named('src/wire/a.ts', 'export class LeaseManager {}')).toHaveLength(1);
    expect(named('src/wire/a.ts', 'const a = 1; export { a as clientOf };')).toHaveLength(1);
    expect(
      named('src/wire/a.ts', 'export const utility = 1; const client = 2; export const b = client;'),
    ).toEqual([]);
  });

  it('wants a sentence before anything else', () => {
    const bare = (text: string): number => rules.withoutOpening([readFacts('src/core/a.ts', text)]).length;
    expect(bare('/** Judges one chunk: the first digest wins. */\nexport const a = 1;')).toBe(0);
    expect(bare('#!/usr/bin/env node\n/**\n * Opens the door, then shuts it.\n */\n')).toBe(0);
    expect(bare('export const a = 1;\n/** Judges one chunk, late. */')).toBe(1);
    expect(bare('// Judges one chunk, in a whisper.\n')).toBe(1);
    expect(bare('/** Chunk. */\n')).toBe(1);
    expect(bare('/** no end to this one here */\n')).toBe(1);
  });

  it('measures files and named functions, and lets them only shrink', () => {
    const body = 'void 0;\n'.repeat(70);
    const long = file(
      'src/core/a.ts',
      `export function grow() {\n${body}}\nconst o = { hold: () => {\n${body}} };`,
    );
    expect(rules.overLong([long]).functions).toEqual({ 'src/core/a.ts#grow': 72, 'src/core/a.ts#hold': 72 });
    expect(rules.overLong([file('test/a.test.ts', `describe('a', () => {\n${body}});`)]).functions).toEqual(
      {},
    );
    expect(rules.overLong([file('src/core/b.ts', 'void 0;\n'.repeat(400))]).files).toEqual({
      'src/core/b.ts': 401,
    });

    const now = { files: { a: 500 }, functions: { 'a#f': 70 } };
    expect(rules.grown(now, { files: {}, functions: {} })).toHaveLength(2);
    expect(rules.grown(now, { files: { a: 499 }, functions: { 'a#f': 70 } })).toEqual([
      'a has 500 lines (at most 499)',
    ]);
    expect(rules.turned(now, { files: { a: 600, gone: 900 }, functions: {} }, false)).toEqual({
      files: { a: 500 },
      functions: {},
    });
    expect(rules.turned(now, { files: {}, functions: {} }, true)).toEqual(now);
  });
});

describe('links and kernels, tried', () => {
  it('follows relative links, outside code', () => {
    const there = new Set(['docs/SPEC.md', 'README.md', 'docs/decisions']);
    const dead = (text: string): string[] =>
      lines(rules.deadLinks('docs/A.md', text, (path) => there.has(path)));
    expect(
      dead('[s](SPEC.md) [s](SPEC.md#rules "t") [r](../README.md) [d](decisions/) [w](https://x.y) [h](#h)'),
    ).toEqual([]);
    expect(dead('`[x](gone.md)`\n```\n[x](gone.md)\n```\n')).toEqual([]);
    expect(dead('fine\n![x](gone.png)')).toEqual(['docs/A.md:2: the link to gone.png leads nowhere']);
    expect(dead('[ref]: ./gone.md')).toHaveLength(1);
  });

  it('sees a kernel whose bytes changed, is missing or was never locked', () => {
    const lock = { 'a@1': { wasm: 'aa', wgsl: null }, 'b@1': { wasm: 'bb', wgsl: 'bw' } };
    const a = { id: 'a@1', wasm: { sha256: 'aa' }, wgsl: null };
    const b = { id: 'b@1', wasm: { sha256: 'bb' }, wgsl: { sha256: 'bw' } };
    expect(rules.editedKernels(lock, { kernels: [a, b] })).toEqual([]);
    expect(rules.editedKernels(lock, { kernels: [a, { ...b, wgsl: { sha256: 'xx' } }] })).toHaveLength(1);
    expect(rules.editedKernels(lock, { kernels: [{ ...a, wasm: { sha256: 'xx' } }, b] })).toHaveLength(1);
    const certified = { ...lock, 'b@1': { ...lock['b@1'], certificate: 'bc' } };
    const bc = { ...b, certificate: { sha256: 'bc' } };
    expect(rules.editedKernels(certified, { kernels: [{ ...a, certificate: null }, bc] })).toEqual([]);
    expect(rules.editedKernels(certified, { kernels: [a, b] })).toHaveLength(1);
    expect(rules.editedKernels(lock, { kernels: [a, bc] })).toHaveLength(1);
    expect(rules.editedKernels(lock, { kernels: [a] })).toEqual(['b@1 is in the lock but was not built']);
    expect(rules.editedKernels({}, { kernels: [a] })).toEqual(['a@1 was built but is not in the lock']);
  });
});
