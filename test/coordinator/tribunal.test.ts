/** The tribunal: two processes, one compiler each, and whatever a kernel or a process may do to it. */
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { catalogue } from '../../src/kernels/catalogue.ts';
import { encodeInput as encodeMersenne } from '../../src/kernels/mersenne-tf/index.ts';
import { demoScene } from '../../src/kernels/path-trace/demo.ts';
import { encodeInput as encodeScene } from '../../src/kernels/path-trace/index.ts';
import { sha256Hex } from '../../src/coordinator/digests.ts';
import { Tribunal } from '../../src/coordinator/tribunal.ts';
import { compilers } from '../../src/coordinator/tribunal-engines.ts';
import type { Dispute, Finding, TribunalParts } from '../../src/coordinator/tribunal.ts';
import type { TribunalWork } from '../../src/coordinator/tribunal-compute.ts';
import { compileMix } from '../kernels/fixtures/compile.ts';
import { compiledOf, counting } from './counting.ts';
import { mixInput, mixOutput } from '../kernels/fixtures/mix.ts';
import type { MixInput } from '../kernels/fixtures/mix.ts';

const built = join(import.meta.dirname, '../../build/kernels');
const program = new URL('../../src/coordinator/tribunal-child.ts', import.meta.url);
const liar = new URL('./tribunal-liar.ts', import.meta.url);
/** Who is asked where there are no browsers. */
const engines = ['baseline', 'optimising'];
const wasmOf = (kernel: string): Uint8Array => readFileSync(join(built, kernel, 'reference.wasm'));

let open: Tribunal[] = [];
let notes: [string, Readonly<Record<string, unknown>>][] = [];
afterEach(async () => {
  for (const one of open) await one.close();
  open = [];
  notes = [];
});

function tribunal(parts: Partial<TribunalParts> = {}): Tribunal {
  const one = new Tribunal({ onNote: (...note) => notes.push(note), ...parts });
  open.push(one);
  return one;
}

async function mixed(more: Partial<MixInput>, units: readonly number[]): Promise<Dispute> {
  const input = mixInput({ seed: 5, rounds: 20, values: 50, ...more });
  return { kernel: 'mix@1', wasm: await compileMix('mix'), input, units };
}

/** A question to the process that lies. */
const lied = (scene: string, units: readonly number[] = [3, 7, 8]): Dispute => ({
  kernel: 'liar@1',
  wasm: new Uint8Array(0),
  input: Buffer.from(scene),
  units,
});

const why = (finding: Finding): string => (finding.is === 'failed' ? finding.why : `it is ${finding.is}`);

describe('two compilers, one answer', () => {
  // Each takes two processes, so not every vector of every kernel.
  const known = [...catalogue.values()].flatMap(({ id, vectors }) =>
    [vectors[0], vectors.at(-1)].flatMap((vector) => (vector ? [{ kernel: id, ...vector }] : [])),
  );
  test.each(known)('$kernel: $name', async ({ kernel, input, unit, digest }) => {
    const finding = await tribunal().recompute({ kernel, wasm: wasmOf(kernel), input, units: [unit] });
    expect(finding.is === 'agreed' && finding.outputs.map(sha256Hex)).toEqual([digest]);
    expect(notes).toEqual([]);
  });

  test.each([
    [
      'mersenne-tf@1',
      encodeMersenne({ exponent: 60000049, kFrom: 5250034600000n, kPerUnit: 65536, units: 99 }),
    ],
    ['path-trace@1', encodeScene(demoScene(320, 200, 4, 1))],
  ])('%s: many units, in the order asked for', async (kernel, input) => {
    const units = [17, 3, 90, 4, 4, 0];
    const finding = await tribunal().recompute({ kernel, wasm: wasmOf(kernel), input, units });
    if (finding.is !== 'agreed') throw new Error(why(finding));
    const digests = finding.outputs.map(sha256Hex);
    expect(new Set(digests).size).toBe(5);
    expect(digests[3]).toBe(digests[4]);
    const single = await tribunal().recompute({ kernel, wasm: wasmOf(kernel), input, units: [90] });
    expect(single.is === 'agreed' && single.outputs.map(sha256Hex)).toEqual([digests[2]]);
  });

  /** How often V8 says that it compiled a function, by compiler; what strips the types of the program is WebAssembly too. */
  async function compiledBy(flags: readonly string[]): Promise<Record<string, number>> {
    const child = fork(program, {
      execArgv: [...flags, '--trace-wasm-compilation-times'],
      env: {},
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    let trace = '';
    child.stdout?.on('data', (more: Buffer) => (trace += more.toString()));
    const input = encodeMersenne({ exponent: 60000049, kFrom: 5250034600000n, kPerUnit: 1 << 20, units: 40 });
    // Long enough for the ladder to be hot: with tiering left on, its functions would be optimised by now.
    const units = Array.from({ length: 20 }, (_, unit) => unit);
    const work: TribunalWork = { wasm: wasmOf('mersenne-tf@1'), input, units };
    child.send(work);
    await new Promise((heard) => child.once('message', heard));
    const ended = new Promise((heard) => child.stdout?.once('end', heard));
    child.disconnect();
    await ended;
    const count: Record<string, number> = {};
    for (const [, name = ''] of trace.matchAll(/Compiled function .* using (\w+),/g))
      count[name] = (count[name] ?? 0) + 1;
    return count;
  }

  test('each process really has one compiler, by V8’s own trace', async () => {
    expect(Object.keys(await compiledBy(compilers.baseline))).toEqual(['Liftoff']);
    expect(Object.keys(await compiledBy(compilers.optimising))).toEqual(['TurboFan']);
    // So that the test is seen to tell them apart: as V8 comes, both are at work.
    expect(Object.keys(await compiledBy(['--liftoff', '--no-wasm-tier-up'])).toSorted()).toEqual([
      'Liftoff',
      'TurboFan',
    ]);
  });
});

describe('two answers', () => {
  test.each(['bit', 'trap', 'traps'])('a %s apart: the unit is named, and noted', async (scene) => {
    const one = tribunal({ program: liar });
    expect(await one.recompute(lied(scene))).toEqual({ is: 'disagreed', unit: 7 });
    expect(notes).toEqual([
      ['the tribunal came to no answer', { kernel: 'liar@1', is: 'disagreed', unit: 7, engines }],
    ]);
    expect(await one.recompute(lied(scene, [3, 8]))).toEqual({
      is: 'agreed',
      outputs: [Uint8Array.of(3, 0), Uint8Array.of(8, 0)],
      engines,
    });
  });

  test('a kernel in which one unit leaves something to the next disagrees with itself', async () => {
    const wasm = await compiledOf(counting);
    expect(await tribunal().recompute({ ...lied(''), wasm, units: [5] })).toMatchObject({ is: 'agreed' });
    expect(await tribunal().recompute({ ...lied(''), wasm, units: [5, 6, 9] })).toEqual({
      is: 'disagreed',
      unit: 5,
    });
  });
});

const importing = await compileMix('importing');

describe('no answer', () => {
  test('an endless unit is given up in time, and the next dispute is settled', async () => {
    const one = tribunal({ timeoutMs: 1_500 });
    const began = performance.now();
    const endless = one.recompute(await mixed({ mode: 'endless', modeFrom: 9 }, [1, 9]));
    const next = one.recompute(await mixed({}, [1]));
    expect(why(await endless)).toBe('baseline: no answer after 1500 ms');
    expect(performance.now() - began).toBeLessThan(6_000);
    expect(await next).toEqual({
      is: 'agreed',
      outputs: [mixOutput(mixInput({ seed: 5, rounds: 20, values: 50 }), 1)],
      engines,
    });
    expect(notes).toMatchObject([['the tribunal came to no answer', { kernel: 'mix@1', is: 'failed' }]]);
  });

  test.each([
    ['trap', 'unit 9, twice: unreachable'],
    ['negative', 'unit 9, twice: it traps with code -42'],
    ['huge', 'unit 9, twice: its output lies outside its memory'],
    ['deep', 'baseline: RangeError: Maximum call stack size exceeded'],
  ] as const)('a unit that ends in %s', async (mode, words) => {
    expect(why(await tribunal().recompute(await mixed({ mode, modeFrom: 9 }, [3, 9, 4])))).toBe(words);
  });

  test.each([
    [
      'an input that the kernel refuses',
      {},
      { input: mixInput({ seed: 1, rounds: 1, values: 99_999 }) },
      'refuses the input',
    ],
    ['an input that is too long', {}, { input: new Uint8Array(4096) }, 'too long'],
    ['a module that is none', {}, { wasm: Uint8Array.of(1, 2, 3) }, 'CompileError'],
    ['a module that wants something', {}, { wasm: importing }, 'baseline: '],
    [
      'a process that crashes',
      { program: liar },
      lied('crash'),
      /baseline: the process ended \(SIG\w+\) [^]*out of luck/,
    ],
    ['a process that talks nonsense', { program: liar }, lied('nonsense'), 'what it said is no answer'],
    ['a process that answers less', { program: liar }, lied('short'), 'what it said is no answer'],
    [
      'a program that is not there',
      { program: new URL('./nowhere.ts', import.meta.url) },
      {},
      'Cannot find module',
    ],
  ])('%s', async (_, parts: Partial<TribunalParts>, more: Partial<Dispute>, words) => {
    const finding = await tribunal(parts).recompute({ ...(await mixed({}, [0])), ...more });
    expect(why(finding)).toMatch(words);
  });

  test('once closed, what computes is killed and what waits is answered', async () => {
    const one = tribunal();
    const both = [await mixed({ mode: 'endless' }, [0]), await mixed({}, [0])].map((d) => one.recompute(d));
    await sleep(500);
    await one.close();
    expect((await Promise.all(both)).map(why)).toEqual([
      'baseline: the tribunal is closed',
      'the tribunal is closed',
    ]);
    expect(why(await one.recompute(await mixed({}, [0])))).toBe('the tribunal is closed');
    expect(notes).toEqual([]);
  });
});

describe('its processes', () => {
  test('stand back, and see nothing of the coordinator’s environment', async () => {
    process.env['TALKA_TEST_SECRET'] = 'hidden';
    const finding = await tribunal({ program: liar }).recompute(lied('surroundings', [0]));
    delete process.env['TALKA_TEST_SECRET'];
    if (finding.is !== 'agreed') throw new Error(why(finding));
    const text = Buffer.from(finding.outputs[0] ?? []).toString();
    const [priority, environment] = JSON.parse(text) as [number, Record<string, string>];
    expect(priority).toBeGreaterThan(getPriority());
    expect(text).not.toContain('hidden');
    expect(Object.keys(environment).filter((name) => !name.startsWith('NODE_'))).toEqual([]);
  });

  test('end with the coordinator, in the middle of an endless unit', async () => {
    const child = fork(program, {
      execArgv: [...compilers.baseline],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    try {
      const { wasm, input, units } = await mixed({ mode: 'endless' }, [0]);
      child.send({ wasm, input, units } satisfies TribunalWork);
      await sleep(1_000);
      expect(child.exitCode).toBeNull();
      child.disconnect();
      await Promise.race([new Promise((ended) => child.once('exit', ended)), sleep(10_000)]);
      expect(child.exitCode).toBe(1);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
