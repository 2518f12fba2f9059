/**
 * The input and output bytes of path-trace@1: a scene as the requester describes it, and one tile's sums.
 *
 * Input, little-endian. A head of 64 words (u32 or f32):
 *
 * | word | meaning |
 * |---|---|
 * | 0 | "TPT1" |
 * | 1, 2 | width, height in pixels, multiples of 8, at most 8192 |
 * | 3, 4 | samples for each pixel in a unit (1…4096), batches (1…2^20) |
 * | 5, 6 | seed, longest path in bounces (1…64) |
 * | 7 | flags: 1 backdrop, 2 lamp, 4 smooth mesh |
 * | 8…13 | numbers of materials, spheres, stripes, vertices, triangles, nodes |
 * | 14, 15 | material of the mesh, of the backdrop |
 * | 16…27 | camera: place, half width, half height, forward (vectors; the halves at distance 1) |
 * | 28, 29 | radius of the lens, distance in focus |
 * | 30…35 | radiance of the sky below, above |
 * | 36…47 | lamp: corner, edge u, edge v, radiance; it shines towards u × v |
 * | 48…51 | mesh: origin, size of a grid step |
 * | 52, 53 | backdrop: radius of the bend, z where it begins |
 * | 54 | how far off a surface the next ray starts |
 * | 55 | width of a thread of the cloth, 0 = no threads |
 * | 56…63 | zero |
 *
 * Then materials (12 words: kind, cloth?, colour, absorption, index, inner reflectance, 0, 0), spheres (5 words:
 * centre, radius, material), stripes (5 words: from x, to x, colour), vertices (three u16 on the mesh's grid, padded to 4 bytes),
 * triangles (three u16, padded to 4 bytes; in the tree's order) and the tree's shape (four bytes a node, see tree.ts).
 *
 * Output: for each of the 8 × 8 pixels, row by row, the sums of red, green and blue over the unit's samples as u32
 * in units of 2^-13, each sample clamped to 0…16.
 */
import { KernelInputError } from '../kernel.ts';
import { TREE_LEVELS_MAX, buildTree } from './tree.ts';
import type { Mesh } from './tree.ts';

export type Vec3 = readonly [number, number, number];

/** What a surface is made of. Colours are reflectances 0…1, linear. */
export type Material =
  | { readonly kind: 'diffuse'; readonly colour: Vec3; readonly cloth?: boolean }
  | { readonly kind: 'mirror'; readonly colour: Vec3 }
  /** `absorption` per unit of length, by channel. `index` = refractive index, > 1. */
  | { readonly kind: 'glass'; readonly absorption: Vec3; readonly index: number }
  /** A coloured body under a clear glaze. */
  | { readonly kind: 'glaze'; readonly colour: Vec3; readonly index: number };

/** What is to be rendered. Lengths share one arbitrary unit; y points up; radiance is linear. */
export interface Scene {
  readonly width: number;
  readonly height: number;
  readonly samplesPerUnit: number;
  readonly batches: number;
  readonly seed: number;
  readonly depthMax: number;
  readonly camera: {
    readonly from: Vec3;
    readonly to: Vec3;
    /** Height of the picture at distance 1. */
    readonly height: number;
    readonly lens: number;
    readonly focus: number;
  };
  readonly sky: { readonly low: Vec3; readonly high: Vec3 };
  readonly lamp?: { readonly corner: Vec3; readonly u: Vec3; readonly v: Vec3; readonly radiance: Vec3 };
  readonly backdrop?: { readonly material: number; readonly radius: number; readonly z: number };
  readonly materials: readonly Material[];
  readonly spheres: readonly { readonly centre: Vec3; readonly radius: number; readonly material: number }[];
  readonly stripes: readonly { readonly from: number; readonly to: number; readonly colour: Vec3 }[];
  readonly thread: number;
  readonly mesh?: Mesh & { readonly material: number; readonly smooth: boolean };
  readonly epsilon: number;
}

/** The numbers of an input's head that decide about units, and where its sections begin (bytes). */
export interface Head {
  readonly width: number;
  readonly height: number;
  readonly samplesPerUnit: number;
  readonly batches: number;
  readonly seed: number;
  readonly depthMax: number;
  readonly materials: number;
  readonly spheres: number;
  readonly stripes: number;
  readonly vertices: number;
  readonly triangles: number;
  readonly nodes: number;
  readonly spheresAt: number;
  readonly stripesAt: number;
  readonly verticesAt: number;
  readonly trianglesAt: number;
  readonly nodesAt: number;
}

/** Pixels along a tile's side; part of the kernel's meaning. */
export const TILE = 8;
/** Bytes of a unit's output. */
export const OUTPUT_BYTES = TILE * TILE * 3 * 4;
/** Steps of radiance 1 in a sum. */
export const FIXED_ONE = 8192;
/** Brightest a single sample can be. */
export const RADIANCE_MAX = 16;
/** Most samples of a pixel in a unit; the sums could hold 32767. */
const SAMPLES_MAX = 4096;
/** What the module's `prepare` may answer. */
export const PREPARE_CODES: Readonly<Record<number, string>> = {
  1: 'not a path-trace@1 input',
  2: 'a number in the head is out of range',
  3: 'the length does not fit the head',
  4: 'the scene is too large, or a triangle names a vertex that is not there',
  5: 'a number is not finite, or no material has it',
  6: 'the tree has no valid shape',
};

const MAGIC = 0x31545054;
const HEAD_BYTES = 256;
const KINDS = ['diffuse', 'mirror', 'glass', 'glaze'] as const;

/** Writes a scene as job input. The mesh's vertices are put on a 16-bit grid and its tree of boxes is built here. */
export function encodeInput(scene: Scene): Uint8Array {
  const tree = scene.mesh ? buildTree(scene.mesh) : null;
  const vertices = scene.mesh?.positions.length ?? 0;
  const triangles = scene.mesh?.triangles.length ?? 0;
  if (vertices > 65535 || triangles > 65535)
    throw new KernelInputError('the mesh has more than 65535 vertices or triangles');
  const nodes = tree ? tree.shape.length / 4 : 0;
  const verticesAt =
    HEAD_BYTES + scene.materials.length * 48 + scene.spheres.length * 20 + scene.stripes.length * 20;
  const trianglesAt = verticesAt + ((vertices * 6 + 3) & ~3);
  const nodesAt = trianglesAt + ((triangles * 6 + 3) & ~3);
  const bytes = new Uint8Array(nodesAt + nodes * 4);
  const view = new DataView(bytes.buffer);
  const counts = [
    scene.materials.length,
    scene.spheres.length,
    scene.stripes.length,
    vertices,
    triangles,
    nodes,
  ];
  writeHead(view, scene, counts);
  let at = HEAD_BYTES;
  for (const material of scene.materials) at = writeMaterial(view, at, material);
  for (const { centre, radius, material } of scene.spheres) {
    writeFloats(view, at, [...centre, radius]);
    view.setUint32(at + 16, material, true);
    at += 20;
  }
  for (const { from, to, colour } of scene.stripes) {
    writeFloats(view, at, [from, to, ...colour]);
    at += 20;
  }
  if (scene.mesh && tree) {
    writeVertices(view, verticesAt, scene.mesh);
    tree.order.forEach((triangle, i) => {
      const corners = scene.mesh?.triangles[triangle] ?? [0, 0, 0];
      corners.forEach((vertex, k) => view.setUint16(trianglesAt + i * 6 + k * 2, vertex, true));
    });
    bytes.set(tree.shape, nodesAt);
  }
  checkInput(bytes);
  return bytes;
}

function writeHead(view: DataView, scene: Scene, counts: readonly number[]): void {
  const flags = (scene.backdrop ? 1 : 0) | (scene.lamp ? 2 : 0) | (scene.mesh?.smooth ? 4 : 0);
  const { width, height, samplesPerUnit, batches, seed, depthMax, camera, lamp } = scene;
  const words = [MAGIC, width, height, samplesPerUnit, batches, seed, depthMax, flags, ...counts];
  words.push(scene.mesh?.material ?? 0, scene.backdrop?.material ?? 0);
  words.forEach((word, i) => view.setUint32(i * 4, word, true));
  const forward = unit(minus(camera.to, camera.from));
  const right = unit(cross(forward, [0, 1, 0]));
  const up = cross(right, forward);
  const halfHeight = camera.height / 2;
  const halfWidth = (halfHeight * width) / height;
  const grid = scene.mesh ? gridOf(scene.mesh) : { origin: [0, 0, 0] as const, step: 0 };
  const floats = [
    ...camera.from, ...times(right, halfWidth), ...times(up, halfHeight), ...forward, camera.lens, camera.focus,
    ...scene.sky.low, ...scene.sky.high,
    ...(lamp ? [...lamp.corner, ...lamp.u, ...lamp.v, ...lamp.radiance] : new Array<number>(12).fill(0)),
    ...grid.origin, grid.step, scene.backdrop?.radius ?? 0, scene.backdrop?.z ?? 0, scene.epsilon, scene.thread,
  ]; // prettier-ignore
  writeFloats(view, 64, floats);
}

function writeMaterial(view: DataView, at: number, material: Material): number {
  view.setUint32(at, KINDS.indexOf(material.kind), true);
  view.setUint32(at + 4, material.kind === 'diffuse' && material.cloth ? 1 : 0, true);
  const colour = material.kind === 'glass' ? [1, 1, 1] : material.colour;
  const absorption = material.kind === 'glass' ? material.absorption : [0, 0, 0];
  const index = material.kind === 'glass' || material.kind === 'glaze' ? material.index : 1;
  writeFloats(view, at + 8, [
    ...colour,
    ...absorption,
    index,
    material.kind === 'glaze' ? innerReflectance(index) : 0,
  ]);
  return at + 48;
}

function writeVertices(view: DataView, at: number, mesh: Mesh): void {
  const { origin, step } = gridOf(mesh);
  mesh.positions.forEach((position, i) => {
    position.forEach((value, k) => {
      const cell = step > 0 ? Math.round((value - (origin[k] ?? 0)) / step) : 0;
      view.setUint16(at + i * 6 + k * 2, Math.min(cell, 65535), true);
    });
  });
}

function writeFloats(view: DataView, at: number, values: readonly number[]): void {
  values.forEach((value, i) => view.setFloat32(at + i * 4, value, true));
}

function gridOf(mesh: Mesh): { origin: Vec3; step: number } {
  const low: [number, number, number] = [Infinity, Infinity, Infinity];
  let extent = 0;
  for (const k of [0, 1, 2] as const) {
    let high = -Infinity;
    for (const position of mesh.positions) {
      low[k] = Math.min(low[k], position[k]);
      high = Math.max(high, position[k]);
    }
    low[k] = Math.fround(low[k]);
    extent = Math.max(extent, high - low[k]);
  }
  return { origin: low, step: Math.fround(extent / 65535) };
}

/** Share of diffuse light that a boundary of this index throws back inwards: ∫ 2c F(c) dc by midpoints. */
function innerReflectance(index: number): number {
  const steps = 4096;
  let sum = 0;
  for (let i = 0; i < steps; i++) {
    const c = (i + 0.5) / steps;
    const square = 1 - index * index * (1 - c * c);
    let f = 1;
    if (square > 0) {
      const t = Math.sqrt(square);
      const s = (index * c - t) / (index * c + t);
      const p = (c - index * t) / (c + index * t);
      f = (s * s + p * p) / 2;
    }
    sum += 2 * c * f;
  }
  return sum / steps;
}

/** Reads the head. Throws KernelInputError when the bytes are no path-trace@1 input; does not look into the sections. */
export function decodeHead(input: Uint8Array): Head {
  if (input.length < HEAD_BYTES) throw new KernelInputError(PREPARE_CODES[1]);
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const word = (i: number): number => view.getUint32(i * 4, true);
  if (word(0) !== MAGIC) throw new KernelInputError(PREPARE_CODES[1]);
  const [width, height, samplesPerUnit, batches, seed, depthMax] = [
    word(1),
    word(2),
    word(3),
    word(4),
    word(5),
    word(6),
  ];
  const [materials, spheres, stripes, vertices, triangles, nodes] = [
    word(8),
    word(9),
    word(10),
    word(11),
    word(12),
    word(13),
  ];
  const sizes =
    width > 0 && height > 0 && width % TILE === 0 && height % TILE === 0 && width <= 8192 && height <= 8192;
  const work =
    within(samplesPerUnit, 1, SAMPLES_MAX) && within(batches, 1, 1048576) && within(depthMax, 1, 64);
  const parts =
    within(materials, 1, 64) && spheres <= 64 && stripes <= 64 && vertices <= 65535 && triangles <= 65535;
  const rest =
    nodes <= 65535 && word(14) < materials && word(15) < materials && samplesPerUnit * batches <= 0xffffffff;
  if (!sizes || !work || !parts || !rest) throw new KernelInputError(PREPARE_CODES[2]);
  const spheresAt = HEAD_BYTES + materials * 48;
  const stripesAt = spheresAt + spheres * 20;
  const verticesAt = stripesAt + stripes * 20;
  const trianglesAt = verticesAt + ((vertices * 6 + 3) & ~3);
  const nodesAt = trianglesAt + ((triangles * 6 + 3) & ~3);
  if (nodesAt + nodes * 4 !== input.length) throw new KernelInputError(PREPARE_CODES[3]);
  return {
    width, height, samplesPerUnit, batches, seed, depthMax, materials, spheres, stripes, vertices, triangles, nodes,
    spheresAt, stripesAt, verticesAt, trianglesAt, nodesAt,
  }; // prettier-ignore
}

/** Everything that the module's `prepare` checks, with the same answers. Throws KernelInputError. */
export function checkInput(input: Uint8Array): void {
  const head = decodeHead(input);
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const tame = (from: number, to: number): void => {
    for (let at = from; at < to; at += 4) {
      if (!(Math.abs(view.getFloat32(at, true)) < 1e9)) throw new KernelInputError(PREPARE_CODES[5]);
    }
  };
  tame(64, HEAD_BYTES);
  for (let at = HEAD_BYTES; at < head.spheresAt; at += 48) {
    if (view.getUint32(at, true) >= KINDS.length) throw new KernelInputError(PREPARE_CODES[2]);
    checkMaterial(view, at);
  }
  for (let at = head.spheresAt; at < head.stripesAt; at += 20) {
    tame(at, at + 16);
    if (view.getUint32(at + 16, true) >= head.materials) throw new KernelInputError(PREPARE_CODES[2]);
  }
  tame(head.stripesAt, head.verticesAt);
  if (head.nodes === 0) return;
  for (let i = 0; i < head.triangles * 3; i++) {
    if (view.getUint16(head.trianglesAt + i * 2, true) >= head.vertices)
      throw new KernelInputError(PREPARE_CODES[4]);
  }
  checkShape(input, head);
}

/** Reflectances 0…1, absorption ≥ 0, index 1…10, inner reflectance below 0.99, the rest zero. */
function checkMaterial(view: DataView, at: number): void {
  const bounds = [
    ...[0, 1, 2].map(() => [0, 1]),
    ...[3, 4, 5].map(() => [0, Math.fround(1e9)]),
    [1, 10],
    [0, Math.fround(0.99)],
  ];
  const right = bounds.every(([low = 0, high = 0], i) =>
    within(view.getFloat32(at + 8 + i * 4, true), low, high),
  );
  if (!right || view.getUint32(at + 40, true) !== 0 || view.getUint32(at + 44, true) !== 0) {
    throw new KernelInputError(PREPARE_CODES[5]);
  }
}

function checkShape(input: Uint8Array, head: Head): void {
  const depths = new Uint8Array(head.nodes);
  depths[0] = 1;
  let next = 1;
  let triangles = 0;
  for (let n = 0; n < head.nodes && n < next; n++) {
    for (let c = 0; c < 4; c++) {
      const kind = input[head.nodesAt + n * 4 + c] ?? 0;
      if (kind > 5) throw new KernelInputError(PREPARE_CODES[6]);
      if (kind < 5) triangles += kind;
      else {
        const depth = (depths[n] ?? 0) + 1;
        if (next >= head.nodes || depth > TREE_LEVELS_MAX) throw new KernelInputError(PREPARE_CODES[6]);
        depths[next++] = depth;
      }
    }
  }
  if (next !== head.nodes || triangles !== head.triangles) throw new KernelInputError(PREPARE_CODES[6]);
}

/** A unit's sums, 64 pixels × 3 channels, in units of 1 / FIXED_ONE. Throws RangeError on another length. */
export function decodeOutput(output: Uint8Array): Uint32Array {
  if (output.length !== OUTPUT_BYTES)
    throw new RangeError(`a tile has ${OUTPUT_BYTES} bytes, not ${output.length}`);
  const view = new DataView(output.buffer, output.byteOffset, output.byteLength);
  return Uint32Array.from({ length: OUTPUT_BYTES / 4 }, (_, i) => view.getUint32(i * 4, true));
}

/** Which tile and which batch of samples a unit is; `left`, `top` in pixels. */
export function place(head: Head, unitNumber: number): { batch: number; left: number; top: number } {
  const wide = head.width / TILE;
  const tiles = wide * (head.height / TILE);
  const batch = Math.floor(unitNumber / tiles);
  const tile = ((unitNumber % tiles) * strideOf(tiles)) % tiles;
  return { batch, left: (tile % wide) * TILE, top: Math.floor(tile / wide) * TILE };
}

/** The whole number from 0.618 n upwards that shares no divisor with n. */
function strideOf(n: number): number {
  let stride = Math.max(1, Math.floor((n * 618) / 1000));
  while (common(stride, n) !== 1) stride++;
  return stride;
}

function common(a: number, b: number): number {
  return b === 0 ? a : common(b, a % b);
}

function within(value: number, low: number, high: number): boolean {
  return value >= low && value <= high;
}

function minus(a: Vec3, b: Vec3): Vec3 {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

function times(a: Vec3, by: number): Vec3 {
  return [a[0] * by, a[1] * by, a[2] * by];
}

function cross(a: Vec3, b: Vec3): Vec3 {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

function unit(a: Vec3): Vec3 {
  return times(a, 1 / Math.sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]));
}
