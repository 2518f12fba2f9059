/** The picture that Talka shows first: the bunny among dyed balls on striped linen, as job input in two sizes. */
import { bunnyMesh } from './bunny.ts';
import { encodeInput } from './codec.ts';
import type { Material, Scene, Vec3 } from './codec.ts';

/** Natural dyes on linen, linear reflectances. */
const linen: Vec3 = [0.74, 0.66, 0.53];
const madder: Vec3 = [0.5, 0.055, 0.045];
const weld: Vec3 = [0.75, 0.48, 0.05];
const woad: Vec3 = [0.05, 0.13, 0.33];
const moss: Vec3 = [0.16, 0.23, 0.06];
const walnut: Vec3 = [0.16, 0.08, 0.04];

const materials: readonly Material[] = [
  { kind: 'diffuse', colour: linen, cloth: true },
  { kind: 'glaze', colour: [0.1, 0.3, 0.62], index: 1.55 },
  { kind: 'mirror', colour: [0.93, 0.92, 0.9] },
  { kind: 'glass', absorption: [0.06, 0.35, 2.4], index: 1.5 },
  { kind: 'glaze', colour: [0.62, 0.09, 0.07], index: 1.5 },
  { kind: 'diffuse', colour: moss },
];

/** A woven band: [width, dye] from left to right, in hundredths. */
const band: readonly (readonly [number, Vec3 | null])[] = [
  [6, walnut], [4, null], [22, madder], [3, weld], [5, madder], [4, null], [26, woad], [3, linen], [5, woad],
  [4, null], [10, moss], [3, null], [10, weld], [3, null], [3, walnut],
]; // prettier-ignore

function stripesFrom(left: number): Scene['stripes'] {
  let at = left;
  return band.flatMap(([width, colour]) => {
    const from = at;
    at += width / 100;
    return colour === null ? [] : [{ from, to: at, colour }];
  });
}

/** The scene at a size; `samples` and `batches` say how long it is looked at. */
export function demoScene(width: number, height: number, samples: number, batches: number): Scene {
  return {
    width,
    height,
    samplesPerUnit: samples,
    batches,
    seed: 20260624,
    depthMax: 14,
    camera: { from: [0.35, 1.75, 7.2], to: [0, 0.92, 0], height: 0.41, lens: 0.05, focus: 6.9 },
    sky: { low: [0.3, 0.28, 0.26], high: [0.5, 0.56, 0.66] },
    lamp: { corner: [-4.4, 3.2, 2.6], u: [1.3, 1.9, -1.1], v: [1.6, 0, 1.9], radiance: [9.5, 8.6, 7.2] },
    backdrop: { material: 0, radius: 2.2, z: -1.2 },
    materials,
    spheres: [
      { centre: [1.62, 0.72, -0.75], radius: 0.72, material: 2 },
      { centre: [1.0, 0.3, 1.15], radius: 0.3, material: 3 },
      { centre: [-1.45, 0.34, 0.35], radius: 0.34, material: 4 },
      { centre: [-0.98, 0.17, 1.2], radius: 0.17, material: 5 },
    ],
    stripes: stripesFrom(-2.62),
    thread: 0.02,
    mesh: { ...bunnyMesh(1.95, -0.1, -0.1, [0.94, 0.34]), material: 1, smooth: true },
    epsilon: 2e-4,
  };
}

/** Job input: `demo` takes about a minute of one core, `seed` a few hours. */
export function demoJob(size: 'demo' | 'seed'): Uint8Array {
  return encodeInput(size === 'demo' ? demoScene(320, 200, 24, 4) : demoScene(960, 600, 48, 16));
}
