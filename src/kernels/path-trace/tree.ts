/**
 * Builds the tree of boxes over a mesh by the surface-area heuristic, four children a node, and writes its shape.
 *
 * Only the shape travels: one byte for each child, nodes level by level, triangles in the order of the leaves.
 * 0 = no child, 1…4 = a leaf of so many triangles, 5 = an inner node, the next one of the list. Whoever reads it
 * computes the boxes from the vertices, so a shape cannot lie about them.
 */

/** Triangles over vertices; seen from outside, corners run counter-clockwise. */
export interface Mesh {
  readonly positions: readonly (readonly [number, number, number])[];
  readonly triangles: readonly (readonly [number, number, number])[];
}

export interface Tree {
  /** Numbers of the mesh's triangles, in the order of the leaves. */
  readonly order: readonly number[];
  /** Four bytes for each node. */
  readonly shape: Uint8Array;
}

type Binary = { area: number } & ({ leaf: number[] } | { leaf: null; left: Binary; right: Binary });

/** Most levels of nodes that a reader has to expect; traversal stacks hold three entries for each. */
export const TREE_LEVELS_MAX = 24;

const leafMax = 4;
/** Below this binary depth rows are halved, so that 65535 triangles never need more than TREE_LEVELS_MAX. */
const freeDepth = 10;

/** Builds the tree; n log² n. */
export function buildTree(mesh: Mesh): Tree {
  const boxes = mesh.triangles.map((corners) => boxOf(mesh, corners));
  const root = split(
    boxes,
    boxes.map((_, i) => i),
    0,
  );
  const order: number[] = [];
  const shape: number[] = [];
  const level: Binary[] = [root];
  for (let n = 0; n < level.length; n++) {
    const children = fourOf(level[n] ?? root);
    for (let c = 0; c < 4; c++) {
      const child = children[c];
      if (child === undefined) shape.push(0);
      else if (child.leaf !== null) {
        shape.push(child.leaf.length);
        order.push(...child.leaf);
      } else {
        shape.push(5);
        level.push(child);
      }
    }
  }
  return { order, shape: Uint8Array.from(shape) };
}

/** Opens the widest of a node's descendants until there are four. */
function fourOf(node: Binary): Binary[] {
  if (node.leaf !== null) return [node];
  const children: Binary[] = [node.left, node.right];
  while (children.length < 4) {
    let widest = -1;
    children.forEach((child, i) => {
      if (child.leaf === null && (widest < 0 || child.area > (children[widest]?.area ?? 0))) widest = i;
    });
    const opened = children[widest];
    if (opened === undefined || opened.leaf !== null) break;
    children.splice(widest, 1, opened.left, opened.right);
  }
  return children;
}

function split(boxes: readonly Float64Array[], of: number[], depth: number): Binary {
  const area = areaOf(grow(boxes, of));
  if (of.length <= leafMax) return { area, leaf: of };
  let best = { cost: Infinity, sorted: of, at: of.length >> 1 };
  for (let axis = 0; axis < 3; axis++) {
    const middle = (i: number): number => (boxes[i]?.[axis] ?? 0) + (boxes[i]?.[axis + 3] ?? 0);
    const sorted = of.toSorted((a, b) => middle(a) - middle(b) || a - b);
    const cut = cheapestCut(boxes, sorted);
    if (cut.cost < best.cost) best = { ...cut, sorted };
  }
  if (depth >= freeDepth) best.at = of.length >> 1;
  const left = split(boxes, best.sorted.slice(0, best.at), depth + 1);
  return { area, leaf: null, left, right: split(boxes, best.sorted.slice(best.at), depth + 1) };
}

/** Where to cut a sorted row so that area × blocks of four is least on both sides together. */
function cheapestCut(
  boxes: readonly Float64Array[],
  sorted: readonly number[],
): { cost: number; at: number } {
  const after = new Float64Array(sorted.length + 1);
  const box = emptyBox();
  for (let i = sorted.length - 1; i > 0; i--) {
    extend(box, boxes[sorted[i] ?? 0]);
    after[i] = areaOf(box) * Math.ceil((sorted.length - i) / leafMax);
  }
  const left = emptyBox();
  let best = { cost: Infinity, at: 1 };
  for (let i = 1; i < sorted.length; i++) {
    extend(left, boxes[sorted[i - 1] ?? 0]);
    const cost = areaOf(left) * Math.ceil(i / leafMax) + (after[i] ?? 0);
    if (cost < best.cost) best = { cost, at: i };
  }
  return best;
}

function boxOf(mesh: Mesh, corners: readonly [number, number, number]): Float64Array {
  const box = emptyBox();
  for (const corner of corners) {
    const p = mesh.positions[corner] ?? [0, 0, 0];
    extend(box, Float64Array.of(p[0], p[1], p[2], p[0], p[1], p[2]));
  }
  return box;
}

function grow(boxes: readonly Float64Array[], of: readonly number[]): Float64Array {
  const box = emptyBox();
  for (const i of of) extend(box, boxes[i]);
  return box;
}

function emptyBox(): Float64Array {
  return Float64Array.of(Infinity, Infinity, Infinity, -Infinity, -Infinity, -Infinity);
}

function extend(box: Float64Array, by: Float64Array | undefined): void {
  for (let k = 0; k < 3; k++) {
    box[k] = Math.min(box[k] ?? 0, by?.[k] ?? Infinity);
    box[k + 3] = Math.max(box[k + 3] ?? 0, by?.[k + 3] ?? -Infinity);
  }
}

function areaOf(box: Float64Array): number {
  const [x0 = 0, y0 = 0, z0 = 0, x1 = 0, y1 = 0, z1 = 0] = box;
  const [x, y, z] = [x1 - x0, y1 - y0, z1 - z0];
  return x * y + y * z + z * x;
}
