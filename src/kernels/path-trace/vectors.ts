/** Small scenes with known answers: white furnace, lamp on cloth, mirror, glass, glaze, smooth and flat mesh. */
import type { KernelVector } from '../kernel.ts';
import { encodeInput } from './codec.ts';
import type { Material, Scene, Vec3 } from './codec.ts';
import { subdivide } from './subdivide.ts';
import type { Mesh } from './tree.ts';

const white: Vec3 = [1, 1, 1];
const plain: Scene = {
  width: 16,
  height: 16,
  samplesPerUnit: 16,
  batches: 4,
  seed: 7,
  depthMax: 8,
  camera: { from: [0, 1, 4], to: [0, 1, 0], height: 0.7, lens: 0, focus: 4 },
  sky: { low: white, high: white },
  materials: [{ kind: 'diffuse', colour: white }],
  spheres: [],
  stripes: [],
  thread: 0,
  epsilon: 1e-4,
};

function ball(material: Material): Scene {
  return { ...plain, materials: [material], spheres: [{ centre: [0, 1, 0], radius: 1, material: 0 }] };
}

/** An octahedron: the smallest closed mesh whose smooth normals are known by symmetry. */
const octahedron: Mesh = {
  positions: [[1, 1, 0], [-1, 1, 0], [0, 2, 0], [0, 0, 0], [0, 1, 1], [0, 1, -1]],
  triangles: [[2, 4, 0], [2, 0, 5], [2, 5, 1], [2, 1, 4], [3, 0, 4], [3, 5, 0], [3, 1, 5], [3, 4, 1]],
}; // prettier-ignore

/** 512 triangles: a tree of several levels. Made where it is looked at, as everything that loads the kernel's name would wait for it. */
const pebble = (): Mesh => subdivide(subdivide(subdivide(octahedron)));

const lamp: Scene['lamp'] = { corner: [-1, 4, 0], u: [2, 0, 0], v: [0, 0, 2], radiance: [8, 7, 6] };
const dusk = { low: [0.1, 0.1, 0.1], high: [0.2, 0.3, 0.4] } as const;

/** The scenes of the vectors by name; tests use them too. */
export const vectorScenes: Readonly<Record<string, Scene>> = {
  'white furnace': ball({ kind: 'diffuse', colour: white }),
  'mirror ball under a lamp': { ...ball({ kind: 'mirror', colour: [0.9, 0.8, 0.7] }), sky: dusk, lamp },
  'tinted glass ball': {
    ...ball({ kind: 'glass', absorption: [0.1, 0.4, 1.2], index: 1.5 }),
    sky: dusk,
    lamp,
  },
  'glazed ball': { ...ball({ kind: 'glaze', colour: [0.2, 0.4, 0.8], index: 1.5 }), sky: dusk, lamp },
  'flat mesh on striped cloth': {
    ...plain,
    camera: { ...plain.camera, lens: 0.05 },
    sky: dusk,
    lamp,
    backdrop: { material: 1, radius: 1, z: -2 },
    materials: [
      { kind: 'diffuse', colour: [0.6, 0.5, 0.4] },
      { kind: 'diffuse', colour: [0.7, 0.6, 0.5], cloth: true },
    ],
    stripes: [{ from: -0.5, to: 0.25, colour: [0.5, 0.05, 0.05] }],
    thread: 0.1,
    mesh: { ...octahedron, material: 0, smooth: false },
  },
  'smooth glass mesh': {
    ...plain,
    sky: dusk,
    lamp,
    backdrop: { material: 1, radius: 1, z: -2 },
    materials: [
      { kind: 'glass', absorption: [0.9, 0.2, 0.1], index: 1.45 },
      { kind: 'diffuse', colour: [0.7, 0.6, 0.5] },
    ],
    get mesh() {
      return { ...pebble(), material: 0, smooth: true };
    },
  },
};

const digests: readonly (readonly [string, number, string])[] = [
  ['white furnace', 9, 'f2b6f89db6a9f2d334ca55e92ebb332b3e444083c33dd4fb99a4f15a9922e503'],
  ['mirror ball under a lamp', 9, '5f02e60920327ed6cfea015233016a7decb953f1b1d10b9ab2dbbb68ac4c50a2'],
  ['tinted glass ball', 9, '01b30545e3ca4c44f556c2c7ae521f3658adb12d458b1136083a60d0acaab9fa'],
  ['glazed ball', 9, '99a203ca69362ec63049771f7000fbb4e9c943d951ab27c569089958f79aea59'],
  ['flat mesh on striped cloth', 9, '77d3c8708bf9cd686933b5623c10da6dbbb3b07c5f03a9d596dfbb6b8d46805d'],
  ['smooth glass mesh', 9, '3fef62863155f0474112b8ef086cd8e5282cf2d0a19ae48602509853ee5c50b7'],
];

/** Their inputs are made when somebody proves a device with them, and not wherever the kernel's name is known. */
export const vectors: readonly KernelVector[] = digests.map(([name, unit, digest]) => {
  let made: Uint8Array | undefined;
  const scene = vectorScenes[name];
  if (scene === undefined) throw new Error(`no scene is called ${name}`);
  return {
    name,
    get input() {
      return (made ??= encodeInput(scene));
    },
    unit,
    digest,
  };
});
