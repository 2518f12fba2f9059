/**
 * How far is path-trace@1 in WebAssembly from C of the same algorithm and vector width, and do both give the same bytes?
 *
 *     node bench/kernel-path-trace.ts [--json FILE]
 *
 * Compiles bench/native/path-trace.c with clang (CC names another), renders the same units of the demo job by turns and
 * takes the median of the rounds' ratios. Also prints what a sample costs, from which the kernel's price is taken.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { demoScene } from '../src/kernels/path-trace/demo.ts';
import { encodeInput, pathTrace } from '../src/kernels/path-trace/index.ts';
import { openReference } from '../test/kernels/path-trace-reference.ts';
import { median, report } from './measure.ts';

const rounds = 9;
/** Every 25th tile of the picture, so that floor, glaze, glass and mirror have their share. */
const units = { first: 7, step: 25, count: 40 };
const samples = 64;
const nativeFlags = ['-O3', '-msse4.2', '-ffp-contract=off', '-fno-math-errno'];

const bin = fileURLToPath(new URL('native/bin', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'path-trace-'));

function compileNative(): string {
  mkdirSync(bin, { recursive: true });
  const source = fileURLToPath(new URL('native/path-trace.c', import.meta.url));
  const binary = join(bin, 'path-trace');
  const compilers = [process.env['CC'], 'clang-19', 'clang'].filter((name) => name !== undefined);
  for (const compiler of compilers) {
    try {
      execFileSync(compiler, [...nativeFlags, source, '-o', binary, '-lm'], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      console.log(`native: ${compiler} ${nativeFlags.join(' ')}`);
      return binary;
    } catch (fault) {
      if (!(fault instanceof Error && 'code' in fault && fault.code === 'ENOENT')) throw fault;
    }
  }
  throw new Error(`none of ${compilers.join(', ')} is installed`);
}

/** Milliseconds that the units took, and their bytes. */
function runNative(binary: string, input: string): { ms: number; bytes: Buffer } {
  const output = join(folder, 'output.bin');
  const numbers = [units.first, units.step, units.count].map(String);
  const ms = Number(execFileSync(binary, [input, output, ...numbers]).toString());
  return { ms, bytes: readFileSync(output) };
}

function runWasm(reference: { run(unit: number): Uint8Array }): { ms: number; bytes: Buffer } {
  const tiles: Uint8Array[] = [];
  const start = performance.now();
  for (let i = 0; i < units.count; i++) tiles.push(reference.run(units.first + i * units.step));
  return { ms: performance.now() - start, bytes: Buffer.concat(tiles) };
}

try {
  const binary = compileNative();
  const input = encodeInput(demoScene(320, 200, samples, 1));
  const inputFile = join(folder, 'input.bin');
  writeFileSync(inputFile, input);
  const reference = openReference(input);
  runWasm(reference);
  const wasm: number[] = [];
  const native: number[] = [];
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const ours = runWasm(reference);
    const theirs = runNative(binary, inputFile);
    if (!ours.bytes.equals(theirs.bytes)) throw new Error('WASM and C differ: one of them is wrong');
    wasm.push(ours.ms);
    native.push(theirs.ms);
    ratios.push(ours.ms / theirs.ms);
  }
  const perSample = (median(wasm) * 1000) / (units.count * 64 * samples);
  const spread = ratios.map((ratio) => ratio.toFixed(2)).sort();
  console.log(`${units.count} tiles × ${samples} samples, bytes equal; ratios ${spread.join(' ')}`);
  report('path-trace@1: WebAssembly beside C, 128-bit vectors in both', [
    {
      what: 'demo tiles',
      unit: 'ms',
      ours: median(wasm),
      reference: median(native),
      ratio: median(ratios),
      beside: 'clang',
      goal: { atMost: 1.3 },
    },
    {
      what: 'demo tiles, best round',
      unit: 'ms',
      ours: Math.min(...wasm),
      reference: Math.min(...native),
      beside: 'clang',
      goal: { atMost: 1.3 },
    },
    {
      what: 'one sample',
      unit: 'µs',
      ours: perSample,
      reference: pathTrace.unitCostMicro(input) / (64 * samples),
      beside: 'its price',
      goal: null,
    },
  ]);
} finally {
  rmSync(folder, { recursive: true });
}
