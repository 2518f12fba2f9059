/** The picture that Talka shows first: the bunny among dyed balls on striped linen, as job input in two sizes. */
import { bunnyMesh } from './bunny.ts';
import { encodeInput } from './codec.ts';
import type { Material, Scene, Vec3 } from './codec.ts';

/** Natural dyes on linen, linear reflectances. */
const linen: Vec3 = [0.72, 0.62, 0.47];
const madder: Vec3 = [0.36, 0.04, 0.028];
const weld: Vec3 = [0.62, 0.36, 0.03];
const woad: Vec3 = [0.04, 0.1, 0.2];
const moss: Vec3 = [0.105, 0.14, 0.032];
const walnut: Vec3 = [0.1, 0.05, 0.03];

const materials: readonly Material[] = [
  { kind: 'diffuse', colour: linen, cloth: true },
  { kind: 'glaze', colour: [0.08, 0.26, 0.46], index: 1.55 },
  { kind: 'mirror', colour: [0.93, 0.92, 0.9] },
  { kind: 'glass', absorption: [0.12, 0.55, 3.2], index: 1.5 },
  { kind: 'glaze', colour: [0.5, 0.075, 0.05], index: 1.5 },
  { kind: 'diffuse', colour: [0.16, 0.22, 0.05] },
];

/** A woven band: [width, dye] from left to right, in hundredths. */
const band: readonly (readonly [number, Vec3 | null])[] = [
  [6, walnut], [4, null], [22, madder], [3, weld], [5, madder], [4, null], [26, woad], [3, linen], [5, woad],
  [4, null], [10, moss], [3, null], [10, weld], [3, null], [3, walnut],
]; // prettier-ignore

/** The narrow one on the other side. */
const hem: typeof band = [[3, walnut], [5, null], [9, woad], [3, null], [3, weld]]; // prettier-ignore

function stripesFrom(left: number, row: typeof band): Scene['stripes'] {
  let at = left;
  return row.flatMap(([width, colour]) => {
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
    camera: { from: [0.45, 2.0, 7.4], to: [0.02, 0.87, 0], height: 0.395, lens: 0.055, focus: 7.15 },
    sky: { low: [0.2, 0.17, 0.15], high: [0.32, 0.4, 0.54] },
    lamp: { corner: [-5.2, 2.7, 1.9], u: [1.9, 2.6, -1.5], v: [2.5, 0, 3.1], radiance: [5.6, 4.85, 3.8] },
    backdrop: { material: 0, radius: 2.2, z: -1.2 },
    materials,
    spheres: [
      { centre: [1.66, 0.7, -0.7], radius: 0.7, material: 2 },
      { centre: [1.08, 0.31, 1.2], radius: 0.31, material: 3 },
      { centre: [-1.5, 0.36, 0.3], radius: 0.36, material: 4 },
      { centre: [-1.0, 0.18, 1.25], radius: 0.18, material: 5 },
    ],
    stripes: [...stripesFrom(-2.75, band), ...stripesFrom(2.42, hem)],
    thread: 0.02,
    mesh: { ...bunnyMesh(1.95, -0.1, -0.1, [0.94, 0.34]), material: 1, smooth: true },
    epsilon: 2e-4,
  };
}

/** Job input: `demo` takes half a minute of the reference core, `seed` about two hours. */
export function demoJob(size: 'demo' | 'seed'): Uint8Array {
  return encodeInput(size === 'demo' ? demoScene(320, 200, 384, 2) : demoScene(1280, 800, 384, 24));
}
