/** The fast form of path-trace@1 as data for the GPU runner: the scene's tables and one dispatch for each piece. */
import type { GpuProgram } from '../kernel.ts';
import { FIXED_ONE, OUTPUT_BYTES, RADIANCE_MAX, TILE, decodeHead, place } from './codec.ts';
import type { Head } from './codec.ts';

/** Samples that one invocation follows; pixels × samples are spread over invocations. */
const samplesPerInvocation = 2;
const blockFloats = 40;
const nodeFloats = 28;
const cornerFloats = 16;
const far = 1e30;

/** What one of an output's sums can add up to. */
export function sumMax({ samplesPerUnit }: Pick<Head, 'samplesPerUnit'>): number {
  return samplesPerUnit * RADIANCE_MAX * FIXED_ONE;
}

/** Layouts are those of shader.wgsl. */
export const gpuProgram: GpuProgram = {
  entryPoint: 'main',
  paramBytes: 32,
  piecesMax: 64,
  tables: (input) => {
    const head = decodeHead(input);
    const scene = input.slice(0, head.verticesAt);
    // A binding must hold at least one element, also where there is no mesh.
    if (head.nodes === 0)
      return [scene, ...[nodeFloats, blockFloats, cornerFloats].map((n) => new Uint8Array(n * 4))];
    const positions = positionsOf(input, head);
    const { nodes, blocks } = treeOf(input, head, positions);
    return [scene, bytesOf(nodes), bytesOf(blocks), bytesOf(normalsOf(input, head, positions))];
  },
  slotBytes: () => OUTPUT_BYTES,
  usual: (input) => ({ bytes: OUTPUT_BYTES, zeroAt: null, wordMax: sumMax(decodeHead(input)) }),
  dispatch: (input, unit, piece, pieces, slot) => {
    const head = decodeHead(input);
    const { batch, left, top } = place(head, unit);
    const from = Math.floor((head.samplesPerUnit * piece) / pieces);
    const count = Math.floor((head.samplesPerUnit * (piece + 1)) / pieces) - from;
    const groups = Math.max(1, Math.ceil(count / samplesPerInvocation));
    const words = [
      left,
      top,
      batch * head.samplesPerUnit + from,
      count,
      (slot * OUTPUT_BYTES) / 4,
      groups,
      0,
      0,
    ];
    return { params: new Uint8Array(Uint32Array.from(words).buffer), workgroups: [groups, 1, 1] };
  },
  finish: (_input, _unit, raw) => raw.slice(0, OUTPUT_BYTES),
};

/** Invocations in a workgroup: one for each pixel of a tile. */
export const workgroupSize = TILE * TILE;

function viewOf(input: Uint8Array): DataView {
  return new DataView(input.buffer, input.byteOffset, input.byteLength);
}

function bytesOf(floats: Float32Array): Uint8Array {
  return new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
}

/** Vertices off their grid, rounded as the reference rounds. */
function positionsOf(input: Uint8Array, head: Head): Float32Array {
  const view = viewOf(input);
  const step = view.getFloat32(204, true);
  return Float32Array.from({ length: head.vertices * 3 }, (_, i) => {
    const grid = view.getUint16(head.verticesAt + i * 2, true);
    return view.getFloat32(192 + (i % 3) * 4, true) + Math.fround(grid * step);
  });
}

function cornersOf(view: DataView, head: Head, triangle: number): [number, number, number] {
  const at = head.trianglesAt + triangle * 6;
  return [view.getUint16(at, true), view.getUint16(at + 2, true), view.getUint16(at + 4, true)];
}

function edgesCrossed(
  p: Float32Array,
  [a, b, c]: readonly [number, number, number],
): [number, number, number] {
  const at = (i: number, k: number): number => p[i * 3 + k] ?? 0;
  const [ux, uy, uz] = [at(b, 0) - at(a, 0), at(b, 1) - at(a, 1), at(b, 2) - at(a, 2)];
  const [vx, vy, vz] = [at(c, 0) - at(a, 0), at(c, 1) - at(a, 1), at(c, 2) - at(a, 2)];
  return [uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx];
}

/** For each triangle: the unit normals of its corners, then its own, four floats each. */
function normalsOf(input: Uint8Array, head: Head, positions: Float32Array): Float32Array {
  const view = viewOf(input);
  const sums = new Float32Array(head.vertices * 3);
  const own = Array.from({ length: head.triangles }, (_, t) => {
    const corners = cornersOf(view, head, t);
    const normal = edgesCrossed(positions, corners);
    for (const corner of corners)
      normal.forEach((v, k) => (sums[corner * 3 + k] = (sums[corner * 3 + k] ?? 0) + v));
    return { corners, normal };
  });
  const out = new Float32Array(head.triangles * cornerFloats);
  own.forEach(({ corners, normal }, t) => {
    corners.forEach((corner, i) =>
      out.set(normalised([...sums.subarray(corner * 3, corner * 3 + 3)]), t * cornerFloats + i * 4),
    );
    out.set(normalised(normal), t * cornerFloats + 12);
  });
  return out;
}

function normalised(v: readonly number[]): number[] {
  const square = v.reduce((sum, x) => sum + x * x, 0);
  return v.map((x) => (square > 1e-30 ? x / Math.sqrt(square) : 0));
}

/** Nodes (six rows of bounds, then children) and blocks of four triangles, as in scene.as.ts but with indices for addresses. */
function treeOf(
  input: Uint8Array,
  head: Head,
  positions: Float32Array,
): { nodes: Float32Array; blocks: Float32Array } {
  const shape = input.subarray(head.nodesAt, head.nodesAt + head.nodes * 4);
  const leaves = shape.reduce((sum, kind) => sum + (kind >= 1 && kind <= 4 ? 1 : 0), 0);
  const nodes = new Float32Array(head.nodes * nodeFloats);
  const children = new Uint32Array(nodes.buffer);
  const blocks = new Float32Array(leaves * blockFloats);
  const view = viewOf(input);
  const leafBoxes: number[][] = [];
  let next = 1;
  let triangle = 0;
  shape.forEach((kind, i) => {
    const slot = (i >> 2) * nodeFloats + 24 + (i & 3);
    if (kind === 5) children[slot] = next++ + 1;
    else if (kind > 0) {
      children[slot] = (0x80000000 | leafBoxes.length) >>> 0;
      leafBoxes.push(writeBlock(blocks, leafBoxes.length, positions, view, head, triangle, kind));
      triangle += kind;
    }
  });
  for (let i = shape.length - 1; i >= 0; i--) {
    const child = children[(i >> 2) * nodeFloats + 24 + (i & 3)] ?? 0;
    const box =
      child === 0
        ? emptyBox()
        : child >= 0x80000000
          ? leafBoxes[child & 0x7fffffff]
          : nodeBox(nodes, child - 1);
    box?.forEach((bound, row) => (nodes[(i >> 2) * nodeFloats + row * 4 + (i & 3)] = bound));
  }
  return { nodes, blocks };
}

function writeBlock(
  blocks: Float32Array,
  block: number,
  p: Float32Array,
  view: DataView,
  head: Head,
  first: number,
  count: number,
): number[] {
  const box = emptyBox();
  for (let lane = 0; lane < 4; lane++) {
    const corners = cornersOf(view, head, first + (lane < count ? lane : 0));
    for (let axis = 0; axis < 3; axis++) {
      const at = block * blockFloats + axis * 4 + lane;
      const [a = 0, b = 0, c = 0] = corners.map((corner) => p[corner * 3 + axis] ?? 0);
      blocks[at] = a;
      blocks[at + 12] = lane < count ? b - a : 0;
      blocks[at + 24] = lane < count ? c - a : 0;
      box[axis] = Math.min(box[axis] ?? 0, a, b, c);
      box[axis + 3] = Math.max(box[axis + 3] ?? 0, a, b, c);
    }
  }
  new Uint32Array(blocks.buffer)[block * blockFloats + 36] = first;
  return box;
}

function nodeBox(nodes: Float32Array, node: number): number[] {
  return emptyBox().map((_, row) => {
    const bounds = nodes.subarray(node * nodeFloats + row * 4, node * nodeFloats + row * 4 + 4);
    return row < 3 ? Math.min(...bounds) : Math.max(...bounds);
  });
}

function emptyBox(): number[] {
  return [far, far, far, -far, -far, -far];
}
