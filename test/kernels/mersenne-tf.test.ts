/** Is the WebAssembly reference of `mersenne-tf@1` right? Against PARI's answers, BigInt, C, and its own promises. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KernelInputError } from '../../src/kernels/kernel.ts';
import { decodeInput, decodeOutput, encodeInput, mersenneTf } from '../../src/kernels/mersenne-tf/index.ts';
import type { MersenneOutput, MersenneSpec } from '../../src/kernels/mersenne-tf/index.ts';
import { candidate, isOddPrime } from '../../src/kernels/mersenne-tf/input.ts';
import { isCandidate, powerOfTwoMod } from '../../src/kernels/mersenne-tf/output.ts';
import { freshExports, openReference, prepareCode, referenceModule } from './mersenne-tf-reference.ts';

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const runs = (program: string, ...args: string[]): boolean => spawnSync(program, args).status === 0;

const vectorSpecs = mersenneTf.vectors.map((vector) => ({ ...vector, spec: decodeInput(vector.input) }));

/** The unit's answer by BigInt alone: what docs/kernels/mersenne-tf.md says, without any of the kernel's tricks. */
function slowAnswer(spec: MersenneSpec, unit: number): MersenneOutput {
  const from = spec.kFrom + BigInt(unit) * BigInt(spec.kPerUnit);
  const factors: bigint[] = [];
  let candidates = 0;
  let sums: readonly [number, number] = [0, 0];
  for (let k = from; k < from + BigInt(spec.kPerUnit); k++) {
    if (!isCandidate(spec.exponent, k)) continue;
    const x = powerOfTwoMod(spec.exponent, candidate(spec.exponent, k));
    const [a, b] = mix(x, Number(BigInt.asUintN(32, k)));
    sums = [(sums[0] + a) >>> 0, (sums[1] + b) >>> 0];
    candidates++;
    if (x === 1n) factors.push(k);
  }
  return {
    factorCount: factors.length,
    candidates,
    checksum: BigInt(sums[0]) | (BigInt(sums[1]) << 32n),
    factors,
  };
}

function mix(x: bigint, k: number): readonly [number, number] {
  const word = (i: bigint): number => Number((x >> (32n * i)) & 0xffffffffn);
  const [w0, w1, w2] = [word(0n), word(1n), word(2n)];
  const folded = (h: number, shift: number): number => h ^ (h >>> shift);
  let a = Math.imul(folded((w0 + Math.imul(k, 0x9e3779b1)) | 0, 15), 0x85ebca77);
  a = Math.imul((folded(a, 13) + w1) | 0, 0xc2b2ae3d);
  a = folded(Math.imul((folded(a, 16) + w2) | 0, 0x27d4eb2f), 15);
  let b = (Math.imul(a ^ w1, 0x165667b1) + w0) | 0;
  b = folded(Math.imul(folded(b, 16), 0x9e3779b1), 13);
  return [a >>> 0, b >>> 0];
}

describe('the reference', () => {
  it.each(vectorSpecs.map((vector) => [vector.name, vector] as const))('knows %s', (_, vector) => {
    const output = openReference(vector.input).run(vector.unit);
    expect(digest(output)).toBe(vector.digest);
    expect(mersenneTf.checkOutput(vector.input, vector.unit, output)).toBeNull();
  });

  it('says what BigInt says, for random exponents and blocks of every size of q', () => {
    const primeBelow = (n: number): number => {
      let p = n | 1;
      while (!isOddPrime(p)) p -= 2;
      return p;
    };
    const exponents = fc
      .oneof(fc.integer({ min: 3, max: 200 }), fc.integer({ min: 5, max: 2 ** 31 - 1 }))
      .map(primeBelow);
    fc.assert(
      fc.property(
        exponents,
        fc.double({ min: 0, max: 79.9, noNaN: true }),
        fc.constantFrom(256, 512),
        (exponent, bits, kPerUnit) => {
          const kMax = 1n << 63n;
          const k = (BigInt(Math.floor(2 ** Math.max(0, bits - 30))) * (1n << 29n)) / BigInt(exponent);
          const spec = { exponent, kFrom: ((k < kMax ? k : kMax - 4096n) / 4n) * 4n, kPerUnit, units: 2 };
          expect(decodeOutput(openReference(encodeInput(spec)).run(1))).toEqual(slowAnswer(spec, 1));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('says what BigInt says where the method changes: around 2^64, 2^78, at the end of the sieve, at 2^80, at k = 2^62 and 2^63', () => {
    const near = (exponent: number, q: bigint): bigint => (q / (2n * BigInt(exponent)) / 4n) * 4n - 256n;
    for (const [exponent, q] of [
      [65521, 1n << 32n],
      [99999989, 1n << 40n],
      [99999989, 1n << 64n],
      [2147483647, 1n << 78n],
      [99999989, 1n << 78n],
      [2147483647, (1n << 80n) - (1n << 42n)],
      [61, 61n << 63n],
      [61, 122n * ((1n << 63n) - 256n)],
    ] as const) {
      const spec = { exponent, kFrom: near(exponent, q), kPerUnit: 512, units: 1 };
      expect(decodeOutput(openReference(encodeInput(spec)).run(0))).toEqual(slowAnswer(spec, 0));
    }
  });

  it('gives the same bytes whatever was computed before', () => {
    const input = encodeInput({ exponent: 332193149, kFrom: 568114000000n, kPerUnit: 1 << 13, units: 9 });
    const inOrder = openReference(input);
    const once = Array.from({ length: 9 }, (_, unit) => hex(inOrder.run(unit)));
    const mixed = openReference(input);
    for (const unit of [7, 7, 0, 8, 3, 0, 7, 5]) expect(hex(mixed.run(unit))).toBe(once[unit]);
    expect(new Set(once).size).toBe(9);
  });

  it('gives a block as the sum of its halves', () => {
    const spec = { exponent: 60000049, kFrom: 5250034000000n, kPerUnit: 1 << 20, units: 1 };
    const whole = decodeOutput(openReference(encodeInput(spec)).run(0));
    const halves = openReference(encodeInput({ ...spec, kPerUnit: 1 << 19, units: 2 }));
    const [a, b] = [decodeOutput(halves.run(0)), decodeOutput(halves.run(1))];
    expect(whole.candidates).toBe(a.candidates + b.candidates);
    expect(whole.factors).toEqual([...a.factors, ...b.factors]);
    expect(whole.factors).toEqual([5250034612427n]);
  });

  it('imports nothing and cannot grow', () => {
    expect(WebAssembly.Module.imports(referenceModule())).toEqual([]);
    const exports = freshExports();
    expect(exports.abi()).toBe(1);
    expect(() => exports.memory.grow(1)).toThrow();
  });

  it('refuses what is no input and no unit', () => {
    const good = encodeInput({ exponent: 11, kFrom: 0n, kPerUnit: 256, units: 3 });
    const with32 = (at: number, value: number): Uint8Array => {
      const bytes = good.slice();
      new DataView(bytes.buffer).setUint32(at, value, true);
      return bytes;
    };
    expect(freshExports().input(23)).toBe(0);
    const bad = [
      with32(0, 15),
      with32(0, 2 ** 31 + 11),
      with32(0, 4),
      with32(0, 1),
      with32(4, 0),
      with32(4, 300),
      with32(4, 2 ** 23),
      with32(8, 2),
      with32(12, 2 ** 31),
      with32(16, 0),
      with32(20, 1),
    ];
    for (const input of bad) {
      expect(prepareCode(freshExports(), input)).toBeGreaterThan(0);
      expect(() => mersenneTf.checkInput(input)).toThrow(KernelInputError);
    }
    const exports = freshExports();
    expect(exports.run(0n)).toBe(-2);
    expect(prepareCode(exports, good)).toBe(0);
    for (const unit of [3n, -1n, 1n << 40n]) expect(exports.run(unit)).toBe(-1);
    expect(exports.run(2n)).toBeGreaterThan(0);
  });

  it('draws the line at 2^80 where the codec draws it', () => {
    const edge = { exponent: 2147483647, kFrom: (1n << 48n) + (1n << 17n) - 512n, kPerUnit: 256, units: 2 };
    const over = { ...edge, kFrom: edge.kFrom + 256n };
    expect(prepareCode(freshExports(), encodeInput(edge))).toBe(0);
    expect(() => encodeInput(over)).toThrow(KernelInputError);
    const bytes = encodeInput(edge);
    new DataView(bytes.buffer).setBigUint64(8, over.kFrom, true);
    expect(prepareCode(freshExports(), bytes)).toBe(3);
  });

  it('takes every k below 2^63, and draws the line where the codec draws it', () => {
    const edge = { exponent: 61, kFrom: (1n << 63n) - 512n, kPerUnit: 256, units: 2 };
    expect(prepareCode(freshExports(), encodeInput(edge))).toBe(0);
    for (const over of [
      { ...edge, units: 3 },
      { ...edge, kFrom: edge.kFrom + 4n },
      { ...edge, kFrom: 1n << 63n, units: 1 },
      { ...edge, kFrom: (1n << 64n) - 256n, units: 1 },
    ]) {
      expect(() => encodeInput(over)).toThrow(KernelInputError);
      const bytes = encodeInput(edge);
      const view = new DataView(bytes.buffer);
      view.setBigUint64(8, over.kFrom, true);
      view.setUint32(16, over.units, true);
      expect(prepareCode(freshExports(), bytes)).toBe(3);
    }
  });
});

/** Factors found by others (PrimeNet, mfaktc's self-test), by exponent and k: 21 to 79 bits. */
const known: readonly (readonly [number, bigint])[] = [
  [1009, 1712n],
  [332192879, 1n],
  [332193137, 3n],
  [332199793, 20n],
  [332196023, 320617n],
  [332195989, 939407n],
  [60002489, 31303392n],
  [332198267, 19184817n],
  [60006833, 242900323n],
  [332193947, 362103133n],
  [60009931, 6042649461n],
  [332196757, 6016146459n],
  [60003511, 91880828649n],
  [332193469, 93931219527n],
  [60007669, 2212783918767n],
  [332195893, 834838090263n],
  [332194901, 1578160474915n],
  [332194033, 2603852997095n],
  [332197219, 5417520283061n],
  [332199223, 12316666745133n],
  [50739071, 103222393285365n],
  [53067527, 323356685174709n],
  [51671491, 684920466832080n],
  [51703507, 891760399003244n],
  [51517409, 2837794280980659n],
  [53081201, 4782428627939931n],
  [51363101, 6406752166300024n],
];

describe('known factors', () => {
  it.each(known)('of M%i: k = %i', (exponent, k) => {
    const spec = { exponent, kFrom: (k / 1024n) * 1024n, kPerUnit: 1024, units: 1 };
    const { factors } = decodeOutput(openReference(encodeInput(spec)).run(0));
    expect(factors).toContain(k);
  });
});

const noGp = !runs('gp', '--version');
describe.skipIf(noGp)(`PARI/GP (${noGp ? 'gp is not installed' : 'found'})`, () => {
  it('finds every known answer anew', () => {
    const calls = vectorSpecs.map(
      ({ spec, unit }) => `answer(${spec.exponent}, ${spec.kFrom}, ${spec.kPerUnit}, ${unit})`,
    );
    const script = new URL('../../scripts/vectors-mersenne.gp', import.meta.url).pathname;
    const lines = execFileSync('gp', ['-q', '-f', script], { input: `${calls.join('\n')}\n` })
      .toString()
      .trim()
      .split('\n');
    expect(lines.map((line) => digest(Buffer.from(line, 'hex')))).toEqual(
      mersenneTf.vectors.map((vector) => vector.digest),
    );
  });

  it('agrees that the known factors divide', () => {
    const calls = known.map(([p, k]) => `print(Mod(2, 2*${k}*${p}+1)^${p} == 1)`);
    expect(
      execFileSync('gp', ['-q', '-f'], { input: `${calls.join('\n')}\n` })
        .toString()
        .trim()
        .split('\n'),
    ).toEqual(known.map(() => '1'));
  });
});

const clang = ['clang-19', 'clang'].find((name) => runs(name, '--version'));
describe.skipIf(clang === undefined)(`native C (${clang ?? 'clang is not installed'})`, () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'talka-mersenne-'));
    const source = new URL('../../bench/native/mersenne-tf.c', import.meta.url).pathname;
    execFileSync(clang ?? '', ['-O2', '-march=native', '-o', join(folder, 'mersenne-tf'), source], {
      stdio: 'ignore',
    });
  });
  afterAll(() => {
    if (existsSync(folder)) rmSync(folder, { recursive: true });
  });

  it.each(vectorSpecs.map((vector) => [vector.name, vector] as const))(
    'gives the same bytes: %s',
    (_, { spec, unit, digest: expected }) => {
      const args = ['hex', spec.exponent, spec.kFrom, spec.kPerUnit, unit].map(String);
      const line = execFileSync(join(folder, 'mersenne-tf'), args).toString().trim();
      expect(digest(Buffer.from(line, 'hex'))).toBe(expected);
    },
  );

  it.each([
    ['just below 2^78', 1073741789, (1n << 47n) - (1n << 20n)],
    ['just below 2^80', 2147483647, (1n << 48n) + (1n << 17n) - (1n << 20n)],
    ['just below k = 2^63', 65521, (1n << 63n) - (1n << 20n)],
  ])(
    'gives the same bytes in a large block %s, where residues come nearest to their limits',
    (_, exponent, kFrom) => {
      const spec = { exponent, kFrom, kPerUnit: 1 << 19, units: 2 };
      const reference = openReference(encodeInput(spec));
      for (const unit of [0, 1]) {
        const args = ['hex', exponent, kFrom, spec.kPerUnit, unit].map(String);
        expect(execFileSync(join(folder, 'mersenne-tf'), args).toString().trim()).toBe(
          hex(reference.run(unit)),
        );
      }
    },
  );
});

describe('the published bytes', () => {
  it('are what the sources give', () => {
    const lock: unknown = JSON.parse(
      readFileSync(new URL('../../src/kernels/lock.json', import.meta.url), 'utf8'),
    );
    const wasm = readFileSync(new URL('../../build/kernels/mersenne-tf@1/reference.wasm', import.meta.url));
    const wgsl = readFileSync(new URL('../../src/kernels/mersenne-tf/shader.wgsl', import.meta.url));
    const checker = readFileSync(
      new URL('../../build/kernels/mersenne-tf@1/certificate.wasm', import.meta.url),
    );
    expect(lock).toHaveProperty(['mersenne-tf@1'], {
      wasm: digest(wasm),
      wgsl: digest(wgsl),
      certificate: digest(checker),
    });
  });
});
