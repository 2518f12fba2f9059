/**
 * Reads a job's input and lays it out for tracing: spheres in fours, triangles in blocks of four, a tree of
 * boxes four wide. The layout of the input is described in codec.ts, which reads the same bytes.
 */

export const MAGIC: u32 = 0x31545054; // "TPT1"
export const HEAD_BYTES: usize = 256;
export const MATERIAL_BYTES: usize = 48;
const SPHERE_BYTES: usize = 20;
export const STRIPE_BYTES: usize = 20;

/** Bytes of a node: six rows of four bounds (low x, y, z, high x, y, z), then four children. */
export const NODE_BYTES: usize = 112;
/** Bytes of a block of four triangles: first corner, two edges (nine rows of four), then the first index. */
export const BLOCK_BYTES: usize = 160;
/** Bytes of a block of four spheres: centre x, y, z, radius. */
export const BALLS_BYTES: usize = 64;
/** Most levels of the tree; the traversal stack holds three entries a level. */
const DEPTH_MAX: u32 = 24;
const FAR: f32 = 1e30;
/** Most samples of a pixel in a unit: 4096 × 16 × 8192 = 2^29, and no unit is too long to be audited. */
const SAMPLES_MAX: u32 = 4096;

/** Where the input lies, and the tables made from it. */
export let base: usize = 0;
export let materials: usize = 0;
export let spheres: usize = 0;
export let stripes: usize = 0;
export let stripesEnd: usize = 0;
export let indices: usize = 0;
export let normals: usize = 0;
export let nodes: usize = 0;
export let balls: usize = 0;
export let ballsEnd: usize = 0;
export let hasMesh: bool = false;

let vertices: usize = 0;
export let positions: usize = 0;
let topology: usize = 0;
let blocks: usize = 0;
let length: usize = 0;
let top: usize = 0;

/** The u32 (or i32) in word `word` of the head. */
// @ts-ignore: decorator
@inline
export function headU(word: usize): u32 {
  return load<u32>(base + word * 4);
}

/** The f32 in word `word` of the head. */
// @ts-ignore: decorator
@inline
export function headF(word: usize): f32 {
  return load<f32>(base + word * 4);
}

/** Reserves `len` bytes for the input, or says 0. Forgets an earlier input. */
export function reserve(len: i32): usize {
  top = (__heap_base + 127) & ~127;
  length = 0;
  if (len < <i32>HEAD_BYTES) return 0;
  base = take(<usize>len);
  length = base == 0 ? 0 : <usize>len;
  return base;
}

/** Checks the input and builds the tables: 0 = ready, else the reason (see codec.ts, `PREPARE_CODES`). */
export function build(): i32 {
  if (length == 0 || headU(0) != MAGIC) return 1;
  const counts = layOut();
  if (counts != 0) return counts;
  const finite = checkFloats();
  if (finite != 0) return finite;
  if (!buildBalls()) return 4;
  hasMesh = headU(13) != 0;
  if (!hasMesh) return 0;
  if (!buildVertices()) return 4;
  return buildTree();
}

/** Memory for `size` bytes, aligned to 16, or 0 when there is none. */
function take(size: usize): usize {
  const at = top;
  const end = (at + size + 15) & ~15;
  if (end > <usize>memory.size() << 16) return 0;
  top = end;
  return at;
}

function layOut(): i32 {
  const width = headU(1);
  const height = headU(2);
  if (width == 0 || height == 0 || (width | height) & 7 || width > 8192 || height > 8192) return 2;
  if (headU(3) - 1 >= SAMPLES_MAX || headU(4) - 1 >= 1048576 || headU(6) - 1 >= 64) return 2;
  if (<u64>headU(3) * <u64>headU(4) > 0xffffffff) return 2;
  if (headU(8) - 1 >= 64 || headU(9) > 64 || headU(10) > 64) return 2;
  if (headU(11) > 65535 || headU(12) > 65535 || headU(13) > 65535) return 2;
  if (headU(14) >= headU(8) || headU(15) >= headU(8)) return 2;
  materials = base + HEAD_BYTES;
  spheres = materials + <usize>headU(8) * MATERIAL_BYTES;
  stripes = spheres + <usize>headU(9) * SPHERE_BYTES;
  stripesEnd = stripes + <usize>headU(10) * STRIPE_BYTES;
  vertices = stripesEnd;
  indices = vertices + ((headU(11) * 6 + 3) & ~3);
  topology = indices + ((headU(12) * 6 + 3) & ~3);
  return topology + headU(13) * 4 == base + length ? 0 : 3;
}

/** Floats are below 10^9, and materials neither amplify light nor divide by zero. */
function checkFloats(): i32 {
  for (let at = base + 64; at < materials; at += 4) if (!tame(at)) return 5;
  for (let at = materials; at < spheres; at += MATERIAL_BYTES) {
    if (load<u32>(at) > 3) return 2;
    for (let i: usize = 8; i < 20; i += 4) if (!between(at + i, 0, 1)) return 5;
    for (let i: usize = 20; i < 32; i += 4) if (!between(at + i, 0, 1e9)) return 5;
    if (!between(at + 32, 1, 10) || !between(at + 36, 0, 0.99)) return 5;
    if (load<u32>(at, 40) != 0 || load<u32>(at, 44) != 0) return 5;
  }
  for (let at = spheres; at < stripes; at += SPHERE_BYTES) {
    for (let i: usize = 0; i < 16; i += 4) if (!tame(at + i)) return 5;
    if (load<u32>(at, 16) >= headU(8)) return 2;
  }
  for (let at = stripes; at < stripesEnd; at += 4) if (!tame(at)) return 5;
  return 0;
}

// @ts-ignore: decorator
@inline
function tame(at: usize): bool {
  return abs(load<f32>(at)) < <f32>1e9;
}

// @ts-ignore: decorator
@inline
function between(at: usize, low: f32, high: f32): bool {
  return load<f32>(at) >= low && load<f32>(at) <= high;
}

function buildBalls(): bool {
  const count = <usize>headU(9);
  const groups = (count + 3) >> 2;
  balls = take(groups * BALLS_BYTES);
  ballsEnd = balls + groups * BALLS_BYTES;
  if (groups != 0 && balls == 0) return false;
  for (let i: usize = 0; i < groups * 4; i++) {
    const to = balls + (i >> 2) * BALLS_BYTES + (i & 3) * 4;
    const from = spheres + i * SPHERE_BYTES;
    const real = i < count;
    store<f32>(to, real ? load<f32>(from) : FAR);
    store<f32>(to, real ? load<f32>(from, 4) : FAR, 16);
    store<f32>(to, real ? load<f32>(from, 8) : FAR, 32);
    store<f32>(to, real ? load<f32>(from, 12) : 0, 48);
  }
  return true;
}

/** Positions from their 16-bit grid, and normals weighted by area. */
function buildVertices(): bool {
  const count = <usize>headU(11);
  positions = take(count * 12);
  normals = take(count * 12);
  if (positions == 0 || normals == 0) return false;
  const scale = headF(51);
  for (let i: usize = 0; i < count * 3; i++) {
    const grid = <f32>(<i32>load<u16>(vertices + i * 2));
    store<f32>(positions + i * 4, headF(48 + (i % 3)) + grid * scale);
    store<f32>(normals + i * 4, 0);
  }
  for (let t: usize = 0; t < <usize>headU(12); t++) if (!addNormal(t)) return false;
  for (let i: usize = 0; i < count; i++) normalise(normals + i * 12);
  return true;
}

function addNormal(triangle: usize): bool {
  const a = corner(triangle, 0);
  const b = corner(triangle, 1);
  const c = corner(triangle, 2);
  const limit = <usize>headU(11) * 12;
  if (a >= limit || b >= limit || c >= limit) return false;
  const ux = load<f32>(positions + b) - load<f32>(positions + a);
  const uy = load<f32>(positions + b, 4) - load<f32>(positions + a, 4);
  const uz = load<f32>(positions + b, 8) - load<f32>(positions + a, 8);
  const vx = load<f32>(positions + c) - load<f32>(positions + a);
  const vy = load<f32>(positions + c, 4) - load<f32>(positions + a, 4);
  const vz = load<f32>(positions + c, 8) - load<f32>(positions + a, 8);
  const nx = uy * vz - uz * vy;
  const ny = uz * vx - ux * vz;
  const nz = ux * vy - uy * vx;
  accumulate(a, nx, ny, nz);
  accumulate(b, nx, ny, nz);
  accumulate(c, nx, ny, nz);
  return true;
}

/** Byte offset of a triangle's corner within `positions` and `normals`. */
// @ts-ignore: decorator
@inline
export function corner(triangle: usize, which: usize): usize {
  return <usize>load<u16>(indices + triangle * 6 + which * 2) * 12;
}

function accumulate(vertex: usize, x: f32, y: f32, z: f32): void {
  const at = normals + vertex;
  store<f32>(at, load<f32>(at) + x);
  store<f32>(at, load<f32>(at, 4) + y, 4);
  store<f32>(at, load<f32>(at, 8) + z, 8);
}

function normalise(at: usize): void {
  const x = load<f32>(at);
  const y = load<f32>(at, 4);
  const z = load<f32>(at, 8);
  const square = x * x + y * y + z * z;
  const by: f32 = square > <f32>1e-30 ? <f32>1 / sqrt<f32>(square) : 0;
  store<f32>(at, x * by);
  store<f32>(at, y * by, 4);
  store<f32>(at, z * by, 8);
}

/**
 * Builds the tree from its shape: one byte for each child, nodes level by level. 0 = no child, 1…4 = a leaf
 * of so many triangles (the next ones of the list), 5 = an inner node (the next one of the list).
 */
function buildTree(): i32 {
  const count = headU(13);
  nodes = take(<usize>count * NODE_BYTES);
  const levels = take(count);
  if (nodes == 0 || levels == 0) return 4;
  const leaves = countLeaves(count);
  blocks = take(<usize>leaves * BLOCK_BYTES);
  if (blocks == 0) return 4;
  let next: u32 = 1;
  let triangle: u32 = 0;
  let leaf: usize = 0;
  store<u8>(levels, 1);
  for (let n: u32 = 0; n < count; n++) {
    if (n >= next) return 6;
    for (let c: usize = 0; c < 4; c++) {
      const kind = <u32>load<u8>(topology + n * 4 + c);
      const slot = nodes + <usize>n * NODE_BYTES + 96 + c * 4;
      if (kind > 5) return 6;
      if (kind == 5) {
        if (next >= count || <u32>load<u8>(levels + n) >= DEPTH_MAX) return 6;
        store<u8>(levels + next, load<u8>(levels + n) + 1);
        store<i32>(slot, <i32>(nodes + <usize>next * NODE_BYTES));
        next++;
      } else if (kind > 0) {
        if (triangle + kind > headU(12)) return 6;
        const block = blocks + leaf * BLOCK_BYTES;
        buildBlock(block, triangle, kind);
        store<i32>(slot, -(<i32>block));
        triangle += kind;
        leaf++;
      } else store<i32>(slot, 0);
    }
  }
  if (next != count || triangle != headU(12)) return 6;
  for (let n = count; n > 0; n--) refit(nodes + <usize>(n - 1) * NODE_BYTES);
  return 0;
}

function countLeaves(count: u32): u32 {
  let leaves: u32 = 0;
  for (let i: usize = 0; i < <usize>count * 4; i++) leaves += <u32>(load<u8>(topology + i) - 1 < <u8>4);
  return leaves;
}

/** Four triangles side by side; missing ones have no area and are never hit. */
function buildBlock(block: usize, first: u32, count: u32): void {
  for (let lane: usize = 0; lane < 4; lane++) {
    const real = lane < count;
    const triangle = <usize>first + (real ? lane : 0);
    const a = positions + corner(triangle, 0);
    const b = positions + corner(triangle, 1);
    const c = positions + corner(triangle, 2);
    for (let axis: usize = 0; axis < 3; axis++) {
      const to = block + axis * 16 + lane * 4;
      const from = load<f32>(a + axis * 4);
      store<f32>(to, from);
      store<f32>(to, real ? load<f32>(b + axis * 4) - from : 0, 48);
      store<f32>(to, real ? load<f32>(c + axis * 4) - from : 0, 96);
    }
  }
  store<u32>(block, first, 144);
  store<u32>(block, count, 148);
}

/** Sets a node's boxes from its children, which come after it and are therefore already set. */
function refit(node: usize): void {
  for (let c: usize = 0; c < 4; c++) {
    const child = load<i32>(node + 96 + c * 4);
    for (let axis: usize = 0; axis < 3; axis++) {
      let low: f32 = FAR;
      let high: f32 = -FAR;
      if (child > 0) {
        for (let i: usize = 0; i < 4; i++) {
          const at = <usize>child + axis * 16 + i * 4;
          low = lesser(low, load<f32>(at));
          high = greater(high, load<f32>(at, 48));
        }
      } else if (child < 0) {
        const first = load<u32>(<usize>-child, 144);
        const count = load<u32>(<usize>-child, 148);
        for (let i: usize = 0; i < <usize>count * 3; i++) {
          const v = load<f32>(positions + corner(<usize>first + i / 3, i % 3) + axis * 4);
          low = lesser(low, v);
          high = greater(high, v);
        }
      }
      store<f32>(node + axis * 16 + c * 4, low);
      store<f32>(node + axis * 16 + c * 4, high, 48);
    }
  }
}

// @ts-ignore: decorator
@inline
function lesser(a: f32, b: f32): f32 {
  return b < a ? b : a;
}

// @ts-ignore: decorator
@inline
function greater(a: f32, b: f32): f32 {
  return a < b ? b : a;
}
