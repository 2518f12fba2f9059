/** Does the front door know what is fresh, which Node will do, what a test run came to, and what a page weighs? */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { packagesAreFresh } from '../../scripts/door/packages.mjs';
import { lacks, nodeEnvironment } from '../../scripts/door/toolchain.mjs';
import { inlineScriptsOf, scriptsOf, staticImportsOf } from '../../scripts/size.mjs';
import { countReport } from '../../scripts/test/steps.mjs';

describe('packages', () => {
  const lock = {
    packages: {
      '': {},
      'node_modules/a': { version: '1.0.0' },
      'node_modules/test-tool': { version: '2.0.0', dev: true },
      'node_modules/other-platform': { version: '3.0.0', optional: true },
    },
  };
  const installed = (versions: Record<string, string>): object => ({
    packages: Object.fromEntries(
      Object.entries(versions).map(([name, version]) => [`node_modules/${name}`, { version }]),
    ),
  });
  const fresh = (wanted: string, versions: Record<string, string>): boolean =>
    packagesAreFresh(lock, installed(versions), wanted);

  it('are fresh when every version is there, but for those of other platforms', () => {
    expect(fresh('all', { a: '1.0.0', 'test-tool': '2.0.0' })).toBe(true);
    expect(fresh('all', { a: '1.0.0' })).toBe(false);
    expect(fresh('all', { a: '0.9.0', 'test-tool': '2.0.0' })).toBe(false);
  });

  it('may lack the test tools for running only', () => {
    expect(fresh('run', { a: '1.0.0' })).toBe(true);
    expect(fresh('run', {})).toBe(false);
    expect(packagesAreFresh(lock, undefined, 'run')).toBe(false);
  });
});

describe('Node', () => {
  const modules =
    (members: Record<string, string[]>) =>
    async (name: string): Promise<Record<string, unknown>> => {
      const found = members[name];
      if (found === undefined) throw new Error(`no built-in module ${name}`);
      return Object.fromEntries(found.map((member) => [member, () => {}]));
    };
  const all = { 'node:sqlite': ['backup'], 'node:zlib': ['zstdCompressSync'] };

  it('will do when it has what the house needs, whatever its version', async () => {
    expect(await lacks({ typescript: 'strip' }, modules(all))).toEqual([]);
    // The one that runs these tests runs the house.
    expect(await lacks()).toEqual([]);
  });

  it.each([
    ['20', {}, { 'node:zlib': [] }, ['type stripping', 'SQLite with backup', 'zstd']],
    ['22.17', { typescript: false }, all, ['type stripping']],
    ['23.5', { typescript: false }, { ...all, 'node:sqlite': [] }, ['type stripping', 'SQLite with backup']],
    ['23.7', { typescript: 'strip' }, { 'node:sqlite': [], 'node:zlib': [] }, ['SQLite with backup', 'zstd']],
  ])('like %s is told what it lacks', async (_version, features, members, lacking) => {
    expect(await lacks(features, modules(members))).toEqual(lacking);
  });

  it('comes first on the path, and is asked for quiet once', () => {
    const env: Record<string, string | undefined> = nodeEnvironment('/there/bin/node');
    const path = Object.entries(env).find(([name]) => name.toUpperCase() === 'PATH')?.[1];
    expect(path?.startsWith('/there/bin')).toBe(true);
    expect(env['NODE_OPTIONS']?.split('--disable-warning=ExperimentalWarning')).toHaveLength(2);
  });
});

describe('the count of a test run', () => {
  const of = (statuses: string[], status = 'passed', message = ''): object => ({
    name: '/x/a.test.ts',
    status,
    message,
    assertionResults: statuses.map((one, index) => ({ status: one, fullName: `test ${index}` })),
  });
  const count = (files: object[], fault: string | null = null): number[] => {
    const { passed, failed, skipped } = countReport('quick', { testResults: files }, fault);
    return [passed, failed, skipped.length];
  };

  it('is test by test', () => {
    expect(count([of(['passed', 'passed', 'failed', 'pending', 'todo'], 'failed')], 'ended with 1')).toEqual([
      2, 1, 2,
    ]);
  });

  it('lets nothing vanish: unloadable files, bad endings, no tests, no report', () => {
    expect(count([of(['passed']), of([], 'failed', 'no such module')], 'ended with 1')).toEqual([1, 1, 0]);
    expect(count([of(['passed'])], 'ended with 1')).toEqual([1, 1, 0]);
    expect(count([])).toEqual([0, 1, 0]);
    expect(countReport('quick', null, 'took longer than 5 minutes').failed).toBe(1);
  });

  it('takes a project that skips everything as skipped, not as passed', () => {
    expect(count([of(['pending', 'pending'])])).toEqual([0, 0, 2]);
  });
});

describe('the weight of a page', () => {
  it('counts scripts and preloads that the page names', () => {
    const html = `<link rel="stylesheet" href="/a.css"><link rel="modulepreload" crossorigin href="/assets/b.js">
      <script type="module" crossorigin src="/assets/a.js"></script><script>let inline;</script>`;
    expect(scriptsOf(html)).toEqual(['/assets/b.js', '/assets/a.js']);
  });

  it('counts scripts that are written into the page', () => {
    const html = `<script>let inline;</script><script type="module" crossorigin src="/assets/a.js"></script>
      <script type="module">again();\n</script>`;
    expect(inlineScriptsOf(html)).toEqual(['let inline;', 'again();\n']);
    const folder = mkdtempSync(join(tmpdir(), 'talka-size-'));
    try {
      writeFileSync(join(folder, 'small.html'), '<script>let inline;</script>');
      const { stdout } = spawnSync(process.execPath, ['scripts/size.mjs', folder], { encoding: 'utf8' });
      const weight = gzipSync('let inline;', { level: 9 }).length;
      expect(stdout).toMatch(new RegExp(`^ +${weight}  small.html: gzipped JavaScript before Start$`, 'm'));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('follows static imports and re-exports, not dynamic ones', () => {
    const code = `import{a}from"./a.js";import"./b.js";export{c}from"./c.js";export*from"./d.js";const e=()=>import("./e.js");`;
    expect(new Set(staticImportsOf('x.js', code))).toEqual(new Set(['./a.js', './b.js', './c.js', './d.js']));
  });
});
