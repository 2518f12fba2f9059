/** Does an independent compiler of another language give the same bytes? The C renderer beside the WebAssembly one. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoScene } from '../../src/kernels/path-trace/demo.ts';
import { encodeInput } from '../../src/kernels/path-trace/index.ts';
import { vectorScenes } from '../../src/kernels/path-trace/vectors.ts';
import { openReference } from './path-trace-reference.ts';

const compilers = ['clang-19', 'clang', 'gcc'];
const compiler = compilers.find((name) => spawnSync(name, ['--version']).status === 0);
const onX86 = process.arch === 'x64';
const source = fileURLToPath(new URL('../../bench/native/path-trace.c', import.meta.url));

describe.skipIf(compiler === undefined || !onX86)(
  `C and WebAssembly give the same bytes (${compiler ?? 'no C compiler'})`,
  () => {
    let folder = '';
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'path-trace-'));
      const flags = ['-O2', '-msse4.2', '-ffp-contract=off', source, '-o', join(folder, 'native'), '-lm'];
      execFileSync(compiler ?? '', flags);
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    const demo = encodeInput(demoScene(320, 200, 16, 2));
    const jobs = Object.entries(vectorScenes).map(
      ([name, scene]) => [name, encodeInput(scene), 0, 1, 16] as const,
    );
    it.each([...jobs, ['the demo scene', demo, 5, 31, 60] as const])('%s', (_, input, first, step, count) => {
      const [from, to] = [join(folder, 'input'), join(folder, 'output')];
      writeFileSync(from, input);
      execFileSync(join(folder, 'native'), [from, to, first, step, count].map(String));
      const { run } = openReference(input);
      const ours = Buffer.concat(Array.from({ length: count }, (__, i) => run(first + i * step)));
      expect(ours.equals(readFileSync(to))).toBe(true);
    });
  },
);
