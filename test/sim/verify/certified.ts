/**
 * What gets through under `certify`: answers to small units of `mersenne-tf`, most of them bent in what is certified, and the
 * kernel's real certificate decides. Which factors there are is known by BigInt alone. What is left out is no part of it:
 * a liar may keep factors back, and nothing notices.
 */
import { readFileSync } from 'node:fs';
import { Certificate } from '../../../src/coordinator/certificate.ts';
import { encodeInput } from '../../../src/kernels/mersenne-tf/index.ts';
import type { MersenneSpec } from '../../../src/kernels/mersenne-tf/index.ts';
import { candidate } from '../../../src/kernels/mersenne-tf/input.ts';
import {
  encodeOutput,
  isCandidate,
  kOfUnit,
  powerOfTwoMod,
} from '../../../src/kernels/mersenne-tf/output.ts';
import type { Words } from './words.ts';

const built = new URL('../../../build/kernels/mersenne-tf@1/certificate.wasm', import.meta.url);

/** A unit, what there is to find in it, and who decides. */
interface Place {
  readonly certificate: Certificate;
  readonly unit: number;
  readonly from: bigint;
  readonly kPerUnit: number;
  readonly truth: readonly bigint[];
}

/** Units of small numbers, of which many have factors. */
function places(): Place[] {
  const wasm = readFileSync(built);
  const units = 4;
  return [11, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71, 73, 79, 83, 97].flatMap((exponent) => {
    const spec: MersenneSpec = { exponent, kFrom: 0n, kPerUnit: 256, units };
    const certificate = new Certificate(wasm, encodeInput(spec));
    return Array.from({ length: units }, (_, unit) => {
      const from = kOfUnit(spec, unit);
      const ks = Array.from({ length: spec.kPerUnit }, (_k, i) => from + BigInt(i));
      const truth = ks.filter(
        (k) => k > 0n && powerOfTwoMod(exponent, candidate(exponent, k)) === 1n && isCandidate(exponent, k),
      );
      return { certificate, unit, from, kPerUnit: spec.kPerUnit, truth };
    });
  });
}

const honestOf = ({ truth }: Place): Uint8Array =>
  encodeOutput({ factorCount: truth.length, candidates: 13, checksum: 0n, factors: truth });

/** An answer that is wrong in what is certified. */
function lieOf(place: Place, all: readonly Place[], words: Words): Uint8Array {
  for (;;) {
    const output = bentOf(place, all, words);
    if (isWrong(place, output)) return output;
  }
}

/** Perhaps such an answer: one name more, another one's, twice the same, a false count, or any bit of these. */
function bentOf(place: Place, all: readonly Place[], words: Words): Uint8Array {
  const { truth, from, kPerUnit } = place;
  const named = (factors: readonly bigint[]): Uint8Array =>
    encodeOutput({ factorCount: factors.length, candidates: 13, checksum: 0n, factors });
  const sorted = (factors: bigint[]): bigint[] => factors.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  switch (words.below(5)) {
    case 0:
      return named(sorted([...truth, from + BigInt(words.below(kPerUnit))]));
    case 1:
      return named(sorted([...truth, ...(all[words.below(all.length)] as Place).truth]));
    case 2:
      return named([...truth, ...truth, from + BigInt(words.below(kPerUnit))]);
    case 3: {
      const bytes = honestOf(place);
      new DataView(bytes.buffer).setUint32(0, words.below(2 ** 32), true);
      return bytes;
    }
    default: {
      const bytes = honestOf(place);
      const at = words.below(bytes.length - 12);
      const index = at < 4 ? at : at + 12;
      bytes[index] = (bytes[index] as number) ^ (1 << words.below(8));
      return bytes;
    }
  }
}

/** What an answer names that its unit does not hold, or counts that it does not name. */
function isWrong({ truth }: Place, output: Uint8Array): boolean {
  const view = new DataView(output.buffer, output.byteOffset, output.byteLength);
  const listed = (output.length - 16) / 8;
  if (view.getUint32(0, true) !== listed) return true;
  let last = -1n;
  for (let i = 0; i < listed; i++) {
    const k = view.getBigUint64(16 + 8 * i, true);
    if (k <= last || !truth.includes(k)) return true;
    last = k;
  }
  return false;
}

export interface Certified {
  readonly answers: number;
  /** Answers that are wrong in what is certified, and how many of them were taken. */
  readonly bent: number;
  readonly wrong: number;
  /** Right answers that were refused: there must be none. */
  readonly refused: number;
  /** Processor time of the certificate for one answer, in microseconds. */
  readonly micros: number;
}

/** So many answers, of which the share `hostile` is bent. `asks` stands for the certificate where a test does without it. */
export function certified(
  hostile: number,
  answers: number,
  words: Words,
  asks: (place: Certificate, unit: number, output: Uint8Array) => boolean = (certificate, unit, output) =>
    certificate.holds(unit, output),
): Certified {
  const all = places();
  let [bent, wrong, refused, micros] = [0, 0, 0, 0];
  const batch: { place: Place; output: Uint8Array; taken: boolean }[] = [];
  for (let done = 0; done < answers; done += batch.length) {
    batch.length = 0;
    for (let i = Math.min(1_000, answers - done); i > 0; i--) {
      const place = all[words.below(all.length)] as Place;
      const output = words.unit() < hostile ? lieOf(place, all, words) : honestOf(place);
      batch.push({ place, output, taken: false });
    }
    const before = process.cpuUsage();
    for (const one of batch) one.taken = asks(one.place.certificate, one.place.unit, one.output);
    const { user, system } = process.cpuUsage(before);
    micros += user + system;
    for (const { place, output, taken } of batch) {
      const lies = isWrong(place, output);
      if (lies) bent++;
      if (lies && taken) wrong++;
      if (!lies && !taken) refused++;
    }
  }
  return { answers, bent, wrong, refused, micros: micros / answers };
}
