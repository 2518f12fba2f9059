/** Does the certificate of `mersenne-tf@1` certify what an output names, all of it, and nothing more? */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { Certificate } from '../../src/coordinator/certificate.ts';
import { decodeInput, decodeOutput, encodeInput, mersenneTf } from '../../src/kernels/mersenne-tf/index.ts';
import type { MersenneSpec } from '../../src/kernels/mersenne-tf/index.ts';
import { candidate, isOddPrime } from '../../src/kernels/mersenne-tf/input.ts';
import {
  encodeOutput,
  faultOfOutput,
  isCandidate,
  kOfUnit,
  readOutput,
} from '../../src/kernels/mersenne-tf/output.ts';
import { openReference, prepareCode, freshExports, referenceModule } from './mersenne-tf-reference.ts';
import type { AbiExports } from './mersenne-tf-reference.ts';

const wasmFile = new URL('../../build/kernels/mersenne-tf@1/certificate.wasm', import.meta.url);
let wasm: Uint8Array;
beforeAll(() => {
  referenceModule(); // builds both
  wasm = readFileSync(wasmFile);
});

const open = (spec: MersenneSpec): Certificate => new Certificate(wasm, encodeInput(spec));

/** What the certificate promises, by BigInt alone: the door's own check, and that the sieve leaves each q. */
function isProved(spec: MersenneSpec, unit: number, output: Uint8Array): boolean {
  if (faultOfOutput(spec, unit, output) !== null) return false;
  return decodeOutput(output).factors.every((k) => isCandidate(spec.exponent, k));
}

describe('[CT2] the certificate', () => {
  it.each(mersenneTf.vectors.map((vector) => [vector.name, vector] as const))(
    'certifies what PARI says of %s, and none of its factors bent',
    (_, { input, unit }) => {
      const spec = decodeInput(input);
      const certificate = open(spec);
      const honest = openReference(input).run(unit);
      expect(certificate.holds(unit, honest)).toBe(true);
      const answer = decodeOutput(honest);
      answer.factors.forEach((k, i) => {
        for (const other of [k - 1n, k + 1n, k + 4n, k ^ (1n << 40n)]) {
          if (answer.factors.includes(other) || other < 0n) continue;
          const bent = encodeOutput({ ...answer, factors: answer.factors.with(i, other) });
          expect(certificate.holds(unit, bent), `${k} as ${other}`).toBe(isProved(spec, unit, bent));
          expect(certificate.holds(unit, bent), `${k} as ${other}`).toBe(false);
        }
      });
    },
  );

  it('takes the inputs that the reference takes, and no other', () => {
    const exports = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(wasm))).exports;
    const certificate = exports as unknown as AbiExports;
    const fields = fc.record({
      exponent: fc.oneof(
        fc.constantFrom(2, 3, 9, 11, 65537, 2 ** 31 - 1),
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      ),
      kPerUnit: fc.constantFrom(0, 128, 256, 300, 1 << 22, (1 << 22) + 256),
      kFrom: fc.oneof(
        fc.constantFrom(0n, 2n, 1n << 62n, (1n << 63n) - 512n, 1n << 63n),
        fc.bigInt(0n, 1n << 50n),
      ),
      units: fc.constantFrom(0, 1, 2, 2 ** 32 - 1),
      last: fc.constantFrom(0, 0, 0, 1),
    });
    const reference = freshExports();
    fc.assert(
      fc.property(fields, ({ exponent, kPerUnit, kFrom, units, last }) => {
        const bytes = new Uint8Array(24);
        const view = new DataView(bytes.buffer);
        view.setUint32(0, exponent, true);
        view.setUint32(4, kPerUnit, true);
        view.setBigUint64(8, kFrom, true);
        view.setUint32(16, units, true);
        view.setUint32(20, last, true);
        expect(prepareCode(certificate, bytes)).toBe(prepareCode(reference, bytes));
      }),
      { numRuns: 400 },
    );
    expect(prepareCode(certificate, new Uint8Array(23))).toBe(-1);
  });
});

/** Small exponents with many factors, so that honest answers name some. */
const specs = fc
  .record({
    exponent: fc.integer({ min: 3, max: 500 }).map((n) => {
      let p = n | 1;
      while (!isOddPrime(p)) p -= 2;
      return p;
    }),
    kFrom: fc.oneof(
      fc.constant(0n),
      fc.bigInt(0n, 5_000n).map((k) => 4n * k),
    ),
  })
  .map(({ exponent, kFrom }) => ({ exponent, kFrom, kPerUnit: 256 * 64, units: 2 }));

type Bend = (bytes: Uint8Array) => Uint8Array;
/** Bends of the parts that are certified: head's count, length, and the factors. */
const bends: fc.Arbitrary<Bend> = fc.oneof(
  fc.constant<Bend>((bytes) => bytes),
  fc.record({ at: fc.nat(), bit: fc.nat(7) }).map<Bend>(({ at, bit }) => (bytes) => {
    const bent = bytes.slice();
    // The count (bytes 0 to 3) and the factors; candidates and checksum are not certified.
    const places = 4 + bytes.length - 16;
    const place = at % places;
    const index = place < 4 ? place : place + 12;
    bent[index] = (bent[index] as number) ^ (1 << bit);
    return bent;
  }),
  fc.nat(40).map<Bend>((less) => (bytes) => bytes.slice(0, Math.max(0, bytes.length - less))),
  fc.bigInt(0n, 40_000n).map<Bend>((k) => (bytes) => {
    const answer = decodeOutput(bytes);
    const factors = [...answer.factors, k].sort((a, b) => (a < b ? -1 : 1));
    return encodeOutput({ ...answer, factorCount: factors.length, factors });
  }),
  fc.constant<Bend>((bytes) => {
    const answer = decodeOutput(bytes);
    return encodeOutput({ ...answer, factors: [...answer.factors].reverse() });
  }),
  fc.constant<Bend>((bytes) => {
    const answer = decodeOutput(bytes);
    const factors = answer.factors.flatMap((k) => [k, k]);
    return encodeOutput({ ...answer, factorCount: factors.length, factors });
  }),
);

describe('[CT2] a bent output', () => {
  it('is certified exactly where BigInt finds all that it names to be true', () => {
    let [certified, refused] = [0, 0];
    fc.assert(
      fc.property(specs, fc.constantFrom(0, 1), bends, bends, (spec, unit, first, second) => {
        const honest = openReference(encodeInput(spec)).run(unit);
        const once = first(honest);
        const bent = typeof readOutput(once) === 'string' ? once : second(once);
        const holds = open(spec).holds(unit, bent);
        expect(holds).toBe(isProved(spec, unit, bent));
        if (holds) certified++;
        else refused++;
      }),
      { numRuns: 400 },
    );
    expect(certified).toBeGreaterThan(60);
    expect(refused).toBeGreaterThan(60);
  });

  it('never names a factor that the reference does not name, whoever wrote it', () => {
    // Every k of a unit by itself: certified where it is one of the reference's, and nowhere else.
    for (const exponent of [11, 23, 29, 37, 43, 239]) {
      const spec = { exponent, kFrom: 0n, kPerUnit: 4096, units: 1 };
      const certificate = open(spec);
      const answer = decodeOutput(openReference(encodeInput(spec)).run(0));
      const named: bigint[] = [];
      for (let k = 0n; k < 5_000n; k++) {
        const alone = encodeOutput({ ...answer, factorCount: 1, factors: [k] });
        if (certificate.holds(0, alone)) named.push(k);
      }
      expect(named).toEqual(answer.factors);
    }
  });

  it('may leave factors out, and say of candidates and checksum what it likes: that is not certified', () => {
    const spec = { exponent: 11, kFrom: 0n, kPerUnit: 256, units: 2 };
    const certificate = open(spec);
    const answer = decodeOutput(openReference(encodeInput(spec)).run(0));
    expect(answer.factors).toEqual([1n, 4n]);
    for (const said of [
      { factorCount: 0, factors: [] },
      { factorCount: 1, factors: [4n] },
      { checksum: 1n },
      { candidates: 9 },
    ])
      expect(certificate.holds(0, encodeOutput({ ...answer, ...said }))).toBe(true);
  });

  it('is not certified for another unit, before there is one, or where it is too long', () => {
    const spec = { exponent: 11, kFrom: 0n, kPerUnit: 256, units: 2 };
    const certificate = open(spec);
    const honest = openReference(encodeInput(spec)).run(0);
    expect([0, 1, 2, 2 ** 40].map((unit) => certificate.holds(unit, honest))).toEqual([
      true,
      false,
      false,
      false,
    ]);
    const nothing = encodeOutput({ factorCount: 0, candidates: 36, checksum: 0n, factors: [] });
    expect([1, 2].map((unit) => certificate.holds(unit, nothing))).toEqual([true, false]);
    expect(certificate.holds(0, new Uint8Array([...honest, 0]))).toBe(false);
    expect(certificate.holds(0, new Uint8Array(16 + 8 * 65))).toBe(false);
    expect(certificate.holds(0, new Uint8Array(0))).toBe(false);
    const among = new Uint8Array(100);
    among.set(honest, 40);
    expect(certificate.holds(0, among, 40, 40 + honest.length)).toBe(true);
    expect(() => new Certificate(wasm, new Uint8Array(24))).toThrow('code 1');
  });

  it('is certified in the unit that its factor lies in, and in none beside it', () => {
    // 616318177 = 2·8328624·37 + 1 divides 2^37 − 1.
    const certificate = open({ exponent: 37, kFrom: 0n, kPerUnit: 256, units: 40_000 });
    const found = encodeOutput({ factorCount: 1, candidates: 13, checksum: 0n, factors: [8_328_624n] });
    expect([32_532, 32_533, 32_534].map((unit) => certificate.holds(unit, found))).toEqual([
      false,
      true,
      false,
    ]);
  });

  it('is certified up to the largest q, by the same arithmetic as BigInt', () => {
    // Known divisors near the bounds are rare, so the ladder is asked where it is: does 2^p ≡ 1 agree for random q?
    const big = mersenneTf.vectors.filter(
      ({ input }) => candidate(decodeInput(input).exponent, decodeInput(input).kFrom) > 1n << 70n,
    );
    expect(big.length).toBeGreaterThan(2);
    for (const { input, unit } of big) {
      const spec = decodeInput(input);
      const certificate = open(spec);
      const from = kOfUnit(spec, unit);
      fc.assert(
        fc.property(fc.bigInt(0n, BigInt(spec.kPerUnit) - 1n), (offset) => {
          const output = encodeOutput({
            factorCount: 1,
            candidates: spec.kPerUnit >> 5,
            checksum: 0n,
            factors: [from + offset],
          });
          expect(certificate.holds(unit, output)).toBe(isProved(spec, unit, output));
        }),
        { numRuns: 100 },
      );
    }
  });
});
