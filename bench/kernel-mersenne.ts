/**
 * Asks how far the WebAssembly reference of `mersenne-tf@1` is from native code: the same units in turn by
 * the reference and by `bench/native/mersenne-tf.c`, one thread each, and their outputs compared. Both count processor time, so
 * that other programs disturb them little.
 *
 * node bench/kernel-mersenne.ts [--json FILE]      needs clang
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { encodeInput, unitCostMicro } from '../src/kernels/mersenne-tf/index.ts';
import type { MersenneSpec } from '../src/kernels/mersenne-tf/index.ts';
import { openReference } from '../test/kernels/mersenne-tf-reference.ts';
import { median, report } from './measure.ts';
import type { Line } from './measure.ts';

const rounds = 9;
const unitsPerRound = 6;
const here = import.meta.dirname;

/** A native program beside which the reference is measured. */
interface Native {
  readonly name: string;
  readonly program: string;
  readonly goal: Line['goal'];
}

/** What is compared: jobs of several sizes of q, each with its blocks as a real job has them. */
const jobs: readonly { readonly name: string; readonly spec: MersenneSpec }[] = [
  {
    name: 'p ≈ 2^26.6, q ≈ 2^70',
    spec: { exponent: 99999989, kFrom: 1n << 42n, kPerUnit: 1 << 20, units: 1000 },
  },
  {
    name: 'p ≈ 2^28.3, q ≈ 2^62',
    spec: { exponent: 332198467, kFrom: 3n << 31n, kPerUnit: 1 << 20, units: 1000 },
  },
  {
    name: 'p ≈ 2^25.6, q ≈ 2^79',
    spec: { exponent: 53111563, kFrom: 3n << 51n, kPerUnit: 1 << 20, units: 1000 },
  },
];

/** clang of any common name; throws the last refusal when there is none. */
function compileNative(flags: readonly string[], name: string): string {
  mkdirSync(join(here, 'native/bin'), { recursive: true });
  const program = join(here, 'native/bin', name);
  const args = ['-O3', '-march=native', ...flags, '-o', program, join(here, 'native/mersenne-tf.c')];
  let refusal: unknown;
  for (const clang of [process.env['CC'] ?? 'clang-19', 'clang-19', 'clang']) {
    try {
      execFileSync(clang, args, { stdio: ['ignore', 'ignore', 'pipe'] });
      return program;
    } catch (error) {
      refusal = error;
    }
  }
  throw refusal;
}

/** Milliseconds of processor time for a unit by the native program, and its last output. */
function runNative(program: string, spec: MersenneSpec, unit: number): { unitMs: number; output: string } {
  const args = ['time', spec.exponent, spec.kFrom, spec.kPerUnit, unit, unitsPerRound].map(String);
  const [ns = '', output = ''] = execFileSync(program, args).toString().trim().split('\n');
  return { unitMs: Number(ns) / 1e6 / unitsPerRound, output };
}

/** The same by the reference. */
function runReference(
  reference: ReturnType<typeof openReference>,
  unit: number,
): { unitMs: number; output: string } {
  const from = process.cpuUsage();
  let output: Uint8Array = new Uint8Array();
  for (let i = 0; i < unitsPerRound; i++) output = reference.run(unit + i);
  const { user, system } = process.cpuUsage(from);
  return { unitMs: (user + system) / 1000 / unitsPerRound, output: Buffer.from(output).toString('hex') };
}

function compare(name: string, spec: MersenneSpec, natives: readonly Native[]): Line[] {
  const input = encodeInput(spec);
  const reference = openReference(input);
  runReference(reference, 0);
  const ours: number[] = [];
  const theirs = natives.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    const unit = round * unitsPerRound;
    const mine = runReference(reference, unit);
    ours.push(mine.unitMs);
    natives.forEach(({ program }, i) => {
      const native = runNative(program, spec, unit);
      if (native.output !== mine.output)
        throw new Error(`unit ${unit}: C says ${native.output}, WebAssembly ${mine.output}`);
      theirs[i]?.push(native.unitMs);
    });
  }
  // The ratio of a round is disturbed less by what else the machine does than the ratio of two medians.
  const perRound = (i: number): number => median(ours.map((ms, round) => ms / (theirs[i]?.[round] ?? NaN)));
  const lines = natives.map((native, i): Line => ({
    what: name,
    unit: 'ms/unit',
    ours: median(ours),
    reference: median(theirs[i] ?? []),
    ratio: perRound(i),
    beside: native.name,
    goal: native.goal,
  }));
  return [
    ...lines,
    {
      what: name,
      unit: 'ms/unit',
      ours: median(ours),
      reference: unitCostMicro(input) / 1000,
      beside: 'the price',
      goal: null,
    },
  ];
}

/** The native programs that run on this processor; the first is what the goal is about, the others are shown. */
function compileNatives(): Native[] {
  const vectors = [16, 32, 64].map((bytes) => ({
    name: `C, our method, ${8 * bytes}-bit vectors`,
    flags: [`-DVECTOR=${bytes}`],
    goal: null,
  }));
  const all = [{ name: 'C, unsigned __int128', flags: [], goal: { atMost: 1.4 } }, ...vectors];
  return all.flatMap(({ name, flags, goal }, i): Native[] => {
    try {
      const program = compileNative(flags, `mersenne-tf-${i}`);
      execFileSync(program, ['hex', '11', '0', '256', '0']);
      return [{ name, program, goal }];
    } catch (error) {
      if (i === 0) throw error;
      console.log(`${name}: not on this machine`);
      return [];
    }
  });
}

const natives = compileNatives();
report(
  'mersenne-tf@1: WebAssembly beside native code, one thread',
  jobs.flatMap(({ name, spec }) => compare(name, spec, natives)),
);
