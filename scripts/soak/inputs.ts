/** Throws the jobs of a soak: exponents and ranges, scenes and cameras, from the extremes of what a kernel takes as well as from its middle. */
import { demoScene } from '../../src/kernels/path-trace/demo.ts';
import { encodeInput as encodeScene } from '../../src/kernels/path-trace/index.ts';
import type { Material, Scene, Vec3 } from '../../src/kernels/path-trace/index.ts';
import { vectorScenes } from '../../src/kernels/path-trace/vectors.ts';
import {
  encodeInput as encodeMersenne,
  kPerUnitMax,
  kPerUnitMin,
  isOddPrime,
} from '../../src/kernels/mersenne-tf/input.ts';
import type { Dice } from '../../test/sim/random.ts';

/** A job input for each kernel of the catalogue. */
export const inputs: Readonly<Record<string, (dice: Dice) => Uint8Array>> = {
  'mersenne-tf@1': factoring,
  'path-trace@1': picture,
};

const exponentEnd = 2 ** 31;
const kEnd = 1n << 63n;
/** Enough that no unit is met twice by chance. */
const unitsMax = 1n << 20n;

/** An odd prime below 2^31, as often small as large. */
function primeOf(dice: Dice): number {
  let p = dice.below(2 ** dice.between(3, 31));
  while (!isOddPrime(p)) p = p + 1 < exponentEnd ? p + 1 : 3;
  return p;
}

/** Somewhere below `2^80` for the candidates, as often a few bits above nothing as close to the end. */
function factoring(dice: Dice): Uint8Array {
  const exponent = primeOf(dice);
  const twoP = 2n * BigInt(exponent);
  const kPerUnit = Math.max(kPerUnitMin, Math.min(kPerUnitMax, 256 * dice.below(2 ** dice.between(1, 12))));
  const ends = [kEnd, ((1n << 80n) - 2n) / twoP];
  const kMax = ends.reduce((least, end) => (end < least ? end : least));
  const block = BigInt(kPerUnit);
  const unitsMost = kMax / block;
  const units = Number(unitsMost < unitsMax ? unitsMost : unitsMax);
  const room = kMax - BigInt(units) * block;
  // Every bit length of k is as likely as another, and one job in eight ends at the very end.
  const wide = dice.below(room.toString(2).length + 1);
  const anywhere = (BigInt(dice.below(2 ** 32)) << 32n) | BigInt(dice.below(2 ** 32));
  const drawn = dice.chance(125) ? room : anywhere & ((1n << BigInt(wide)) - 1n);
  const kFrom = ((drawn < room ? drawn : room) / 4n) * 4n;
  return encodeMersenne({ exponent, kFrom, kPerUnit, units });
}

/** A number in [from, to), in steps that are the same everywhere. */
const real = (dice: Dice, from: number, to: number): number =>
  from + ((to - from) * dice.below(65_536)) / 65_536;
const vector = (dice: Dice, from: number, to: number): Vec3 => [
  real(dice, from, to),
  real(dice, from, to),
  real(dice, from, to),
];

function materialOf(dice: Dice): Material {
  const colour = vector(dice, 0.02, 0.95);
  return dice.of<() => Material>([
    () => ({ kind: 'diffuse', colour, cloth: dice.chance(300) }),
    () => ({ kind: 'mirror', colour }),
    () => ({ kind: 'glass', absorption: vector(dice, 0, 3), index: real(dice, 1.1, 2) }),
    () => ({ kind: 'glaze', colour, index: real(dice, 1.2, 1.8) }),
  ])();
}

/** The scenes of the vectors and of the demonstration, from other places, with other light, balls, stuff and dice. */
function picture(dice: Dice): Uint8Array {
  // The demonstration's tree takes half a second to build, so it is not the most frequent.
  const base = dice.chance(150) ? demoScene(320, 200, 1, 1) : dice.of(Object.values(vectorScenes));
  const [width, height] = [8 * dice.between(1, 64), 8 * dice.between(1, 64)];
  const materials = base.materials.map((material) => (dice.chance(500) ? materialOf(dice) : material));
  const turn = vector(dice, -0.6, 0.6);
  const [x, y, z] = base.camera.from;
  const moved: Scene = {
    ...base,
    width,
    height,
    samplesPerUnit: dice.of([1, 2, 4, 16, 64, 256]),
    batches: dice.between(1, 4096),
    seed: dice.below(2 ** 32),
    depthMax: dice.between(1, 20),
    camera: {
      ...base.camera,
      from: [x + turn[0], Math.max(0.1, y + turn[1]), z + turn[2]],
      lens: dice.chance(500) ? 0 : real(dice, 0, 0.1),
    },
    materials,
    spheres: [
      ...base.spheres,
      ...Array.from({ length: dice.below(6) }, () => ({
        centre: vector(dice, -1.5, 1.5),
        radius: real(dice, 0.05, 0.8),
        material: dice.below(materials.length),
      })),
    ],
    sky: dice.chance(500) ? base.sky : { low: vector(dice, 0, 1), high: vector(dice, 0, 1) },
  };
  return encodeScene(moved);
}
