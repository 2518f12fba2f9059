/**
 * Finds what a ray meets: the nearest surface, or whether anything stands between two points.
 * Boxes, triangles and spheres are tested four at a time.
 */

import {
  BALLS_BYTES, NODE_BYTES, balls, ballsEnd, corner, hasMesh, headF, headU, nodes, normals, positions,
  spheres,
} from './scene.as';

export const NOTHING: i32 = 0;
export const BACKDROP: i32 = 1;
export const LIGHT: i32 = 2;
export const SPHERE: i32 = 3;
export const MESH: i32 = 4;

/** The nearest hit of the last `closest`: what, how far, which one, where in the triangle. */
export let hitKind: i32 = 0;
export let hitT: f32 = 0;
let hitIndex: u32 = 0;
let hitU: f32 = 0;
let hitV: f32 = 0;

/** What `describe` found out: normals of the surface and for shading (unit, outward), and the material. */
export let gx: f32 = 0;
export let gy: f32 = 0;
export let gz: f32 = 0;
export let sx: f32 = 0;
export let sy: f32 = 0;
export let sz: f32 = 0;
export let hitMaterial: u32 = 0;

/** The lamp's unit normal and area, from `prepareLight`. */
export let lampX: f32 = 0;
export let lampY: f32 = 0;
export let lampZ: f32 = 0;
export let lampArea: f32 = 0;

const FLAG_BACKDROP: u32 = 1;
export const FLAG_LIGHT: u32 = 2;
const FLAG_SMOOTH: u32 = 4;
const FAR: f32 = 1e30;
const STACK = memory.data(1024, 16);
const LANES = memory.data(64, 16);

/** Computes the lamp's normal and area from its edges. */
export function prepareLight(): void {
  const nx = headF(40) * headF(44) - headF(41) * headF(43);
  const ny = headF(41) * headF(42) - headF(39) * headF(44);
  const nz = headF(39) * headF(43) - headF(40) * headF(42);
  lampArea = sqrt<f32>(nx * nx + ny * ny + nz * nz);
  const by: f32 = lampArea > 0 ? <f32>1 / lampArea : 0;
  lampX = nx * by;
  lampY = ny * by;
  lampZ = nz * by;
}

/** Looks for the nearest surface along a ray of unit direction; sets `hitKind`, `hitT`. */
export function closest(ox: f32, oy: f32, oz: f32, dx: f32, dy: f32, dz: f32): void {
  hitKind = NOTHING;
  hitT = FAR;
  const flags = headU(7);
  if (flags & FLAG_BACKDROP) meetBackdrop(oy, oz, dy, dz);
  if (flags & FLAG_LIGHT) meetLight(ox, oy, oz, dx, dy, dz);
  if (ballsEnd != balls) meetBalls(ox, oy, oz, dx, dy, dz);
  if (hasMesh) meetMesh(ox, oy, oz, dx, dy, dz, false);
}

/** Is there a sphere or triangle nearer than `limit`? (The backdrop is convex and the lamp casts no shadow.) */
export function blocked(ox: f32, oy: f32, oz: f32, dx: f32, dy: f32, dz: f32, limit: f32): bool {
  hitKind = NOTHING;
  hitT = limit;
  if (ballsEnd != balls) {
    meetBalls(ox, oy, oz, dx, dy, dz);
    if (hitKind != NOTHING) return true;
  }
  if (hasMesh) meetMesh(ox, oy, oz, dx, dy, dz, true);
  return hitKind != NOTHING;
}

/** A floor y = 0 that bends upwards behind z = `coveZ` with radius `coveRadius` into a wall. */
// @ts-ignore: decorator
@inline
function meetBackdrop(oy: f32, oz: f32, dy: f32, dz: f32): void {
  if (!(dy < 0) && !(dz < 0)) return;
  const radius = headF(52);
  const z = headF(53);
  const floor: f32 = dy < 0 ? -oy / dy : FAR;
  const wall: f32 = dz < 0 ? (z - radius - oz) / dz : FAR;
  if (dy < 0 && oz + floor * dz >= z) keepBackdrop(floor, 0);
  else if (dz < 0 && oy + wall * dy >= radius) keepBackdrop(wall, 1);
  else {
    const cy = radius - oy;
    const cz = z - oz;
    const a = dy * dy + dz * dz;
    const b = cy * dy + cz * dz;
    const side = cy * dz - cz * dy;
    const square = a * radius * radius - side * side;
    if (square >= 0 && a > 0) keepBackdrop((b + sqrt<f32>(square)) / a, 2);
  }
}

// @ts-ignore: decorator
@inline
function keepBackdrop(t: f32, part: u32): void {
  if (t > 0 && t < hitT) {
    hitT = t;
    hitKind = BACKDROP;
    hitIndex = part;
  }
}

// @ts-ignore: decorator
@inline
function meetLight(ox: f32, oy: f32, oz: f32, dx: f32, dy: f32, dz: f32): void {
  const facing = dx * lampX + dy * lampY + dz * lampZ;
  if (facing == 0) return;
  const qx = headF(36) - ox;
  const qy = headF(37) - oy;
  const qz = headF(38) - oz;
  const t = (qx * lampX + qy * lampY + qz * lampZ) / facing;
  if (!(t > 0 && t < hitT)) return;
  // The point within the parallelogram, by areas: (p × v)·n and (u × p)·n over u × v.
  const px = dx * t - qx;
  const py = dy * t - qy;
  const pz = dz * t - qz;
  const ux = headF(39);
  const uy = headF(40);
  const uz = headF(41);
  const vx = headF(42);
  const vy = headF(43);
  const vz = headF(44);
  const a = (py * vz - pz * vy) * lampX + (pz * vx - px * vz) * lampY + (px * vy - py * vx) * lampZ;
  const b = (uy * pz - uz * py) * lampX + (uz * px - ux * pz) * lampY + (ux * py - uy * px) * lampZ;
  if (a >= 0 && a <= lampArea && b >= 0 && b <= lampArea) {
    hitT = t;
    hitKind = LIGHT;
  }
}

// @ts-ignore: decorator
@inline
function meetBalls(ox: f32, oy: f32, oz: f32, dx: f32, dy: f32, dz: f32): void {
  const zero = f32x4.splat(0);
  for (let at = balls; at < ballsEnd; at += BALLS_BYTES) {
    const cx = f32x4.sub(v128.load(at), f32x4.splat(ox));
    const cy = f32x4.sub(v128.load(at, 16), f32x4.splat(oy));
    const cz = f32x4.sub(v128.load(at, 32), f32x4.splat(oz));
    const radius = v128.load(at, 48);
    const b = dot4(cx, cy, cz, f32x4.splat(dx), f32x4.splat(dy), f32x4.splat(dz));
    // Distance of the centre from the ray first: no cancellation for far spheres (Haines et al. 2019).
    const ex = f32x4.sub(cx, f32x4.mul(b, f32x4.splat(dx)));
    const ey = f32x4.sub(cy, f32x4.mul(b, f32x4.splat(dy)));
    const ez = f32x4.sub(cz, f32x4.mul(b, f32x4.splat(dz)));
    const square = f32x4.sub(f32x4.mul(radius, radius), dot4(ex, ey, ez, ex, ey, ez));
    const real = f32x4.gt(square, zero);
    if (!v128.any_true(real)) continue;
    const half = f32x4.sqrt(f32x4.pmax(square, zero));
    const near = f32x4.sub(b, half);
    const t = v128.bitselect(near, f32x4.add(b, half), f32x4.gt(near, zero));
    const inside = v128.and(f32x4.gt(t, zero), f32x4.lt(t, f32x4.splat(hitT)));
    let mask = i32x4.bitmask(v128.and(real, inside));
    if (mask == 0) continue;
    v128.store(LANES, t);
    const first = <u32>((at - balls) >> 4);
    do {
      const lane = ctz(mask);
      const found = load<f32>(LANES + (<usize>lane << 2));
      if (found < hitT) {
        hitT = found;
        hitKind = SPHERE;
        hitIndex = first + <u32>lane;
      }
      mask &= mask - 1;
    } while (mask != 0);
  }
}

// @ts-ignore: decorator
@inline
function dot4(ax: v128, ay: v128, az: v128, bx: v128, by: v128, bz: v128): v128 {
  return f32x4.add(f32x4.add(f32x4.mul(ax, bx), f32x4.mul(ay, by)), f32x4.mul(az, bz));
}

/** One over a direction's component, kept finite so that no box test multiplies zero by infinity. */
// @ts-ignore: decorator
@inline
function inverse(d: f32): f32 {
  return <f32>1 / (abs<f32>(d) < <f32>1e-9 ? copysign<f32>(1e-9, d) : d);
}

/** Walks the tree, nearest boxes first; with `any`, stops at the first triangle met. */
function meetMesh(ox: f32, oy: f32, oz: f32, dx: f32, dy: f32, dz: f32, any: bool): void {
  const fx = inverse(dx);
  const fy = inverse(dy);
  const fz = inverse(dz);
  // Which of a node's rows are the near sides and which the far ones depends on the direction alone.
  const nearX: usize = fx < 0 ? 48 : 0;
  const nearY: usize = fy < 0 ? 64 : 16;
  const nearZ: usize = fz < 0 ? 80 : 32;
  const farX: usize = 48 - nearX;
  const farY: usize = 80 - nearY;
  const farZ: usize = 112 - nearZ;
  let node: i32 = <i32>nodes;
  let sp = STACK;
  for (;;) {
    if (node < 0) {
      if (meetBlock(<usize>-node, ox, oy, oz, dx, dy, dz) && any) return;
    } else {
      const at = <usize>node;
      const x0 = f32x4.mul(f32x4.sub(v128.load(at + nearX), f32x4.splat(ox)), f32x4.splat(fx));
      const y0 = f32x4.mul(f32x4.sub(v128.load(at + nearY), f32x4.splat(oy)), f32x4.splat(fy));
      const z0 = f32x4.mul(f32x4.sub(v128.load(at + nearZ), f32x4.splat(oz)), f32x4.splat(fz));
      const x1 = f32x4.mul(f32x4.sub(v128.load(at + farX), f32x4.splat(ox)), f32x4.splat(fx));
      const y1 = f32x4.mul(f32x4.sub(v128.load(at + farY), f32x4.splat(oy)), f32x4.splat(fy));
      const z1 = f32x4.mul(f32x4.sub(v128.load(at + farZ), f32x4.splat(oz)), f32x4.splat(fz));
      const enter = f32x4.pmax(f32x4.pmax(x0, y0), f32x4.pmax(z0, f32x4.splat(0)));
      const leave = f32x4.pmin(f32x4.pmin(x1, y1), f32x4.pmin(z1, f32x4.splat(hitT)));
      let mask = i32x4.bitmask(f32x4.le(enter, leave));
      if (mask != 0) {
        const children = at + 96;
        v128.store(LANES, enter);
        let lane = <usize>ctz(mask) << 2;
        node = load<i32>(children + lane);
        let distance = load<f32>(LANES + lane);
        mask &= mask - 1;
        while (mask != 0) {
          lane = <usize>ctz(mask) << 2;
          const other = load<i32>(children + lane);
          const further = load<f32>(LANES + lane);
          if (further < distance) {
            store<i32>(sp, node);
            store<f32>(sp, distance, 4);
            node = other;
            distance = further;
          } else {
            store<i32>(sp, other);
            store<f32>(sp, further, 4);
          }
          sp += 8;
          mask &= mask - 1;
        }
        continue;
      }
    }
    do {
      if (sp == STACK) return;
      sp -= 8;
    } while (!(load<f32>(sp, 4) < hitT));
    node = load<i32>(sp);
  }
}

/** Four triangles at once (Möller and Trumbore 1997). */
// @ts-ignore: decorator
@inline
function meetBlock(block: usize, ox: f32, oy: f32, oz: f32, dx: f32, dy: f32, dz: f32): bool {
  const zero = f32x4.splat(0);
  const rx = f32x4.splat(dx);
  const ry = f32x4.splat(dy);
  const rz = f32x4.splat(dz);
  const ux = v128.load(block, 48);
  const uy = v128.load(block, 64);
  const uz = v128.load(block, 80);
  const vx = v128.load(block, 96);
  const vy = v128.load(block, 112);
  const vz = v128.load(block, 128);
  const px = f32x4.sub(f32x4.mul(ry, vz), f32x4.mul(rz, vy));
  const py = f32x4.sub(f32x4.mul(rz, vx), f32x4.mul(rx, vz));
  const pz = f32x4.sub(f32x4.mul(rx, vy), f32x4.mul(ry, vx));
  const by = f32x4.div(f32x4.splat(1), dot4(ux, uy, uz, px, py, pz));
  const tx = f32x4.sub(f32x4.splat(ox), v128.load(block));
  const ty = f32x4.sub(f32x4.splat(oy), v128.load(block, 16));
  const tz = f32x4.sub(f32x4.splat(oz), v128.load(block, 32));
  const u = f32x4.mul(dot4(tx, ty, tz, px, py, pz), by);
  const qx = f32x4.sub(f32x4.mul(ty, uz), f32x4.mul(tz, uy));
  const qy = f32x4.sub(f32x4.mul(tz, ux), f32x4.mul(tx, uz));
  const qz = f32x4.sub(f32x4.mul(tx, uy), f32x4.mul(ty, ux));
  const v = f32x4.mul(dot4(rx, ry, rz, qx, qy, qz), by);
  const t = f32x4.mul(dot4(vx, vy, vz, qx, qy, qz), by);
  const within = v128.and(v128.and(f32x4.ge(u, zero), f32x4.ge(v, zero)), f32x4.le(f32x4.add(u, v), f32x4.splat(1)));
  const ahead = v128.and(f32x4.gt(t, zero), f32x4.lt(t, f32x4.splat(hitT)));
  let mask = i32x4.bitmask(v128.and(within, ahead));
  if (mask == 0) return false;
  v128.store(LANES, t);
  v128.store(LANES + 16, u);
  v128.store(LANES + 32, v);
  const first = load<u32>(block, 144);
  do {
    const lane = ctz(mask);
    const at = LANES + (<usize>lane << 2);
    if (load<f32>(at) < hitT) {
      hitT = load<f32>(at);
      hitU = load<f32>(at, 16);
      hitV = load<f32>(at, 32);
      hitIndex = first + lane;
    }
    mask &= mask - 1;
  } while (mask != 0);
  hitKind = MESH;
  return true;
}

/** Fills in normals and material of the last hit, which lies at (x, y, z). Not for the lamp. */
export function describe(x: f32, y: f32, z: f32): void {
  if (hitKind == BACKDROP) describeBackdrop(y, z);
  else if (hitKind == SPHERE) describeSphere(x, y, z);
  else describeTriangle();
}

// @ts-ignore: decorator
@inline
function describeBackdrop(y: f32, z: f32): void {
  hitMaterial = headU(15);
  gx = 0;
  if (hitIndex == 0) {
    gy = 1;
    gz = 0;
  } else if (hitIndex == 1) {
    gy = 0;
    gz = 1;
  } else {
    const ny = headF(52) - y;
    const nz = headF(53) - z;
    const by = <f32>1 / sqrt<f32>(ny * ny + nz * nz);
    gy = ny * by;
    gz = nz * by;
  }
  sx = gx;
  sy = gy;
  sz = gz;
}

// @ts-ignore: decorator
@inline
function describeSphere(x: f32, y: f32, z: f32): void {
  const at = spheres + <usize>hitIndex * 20;
  hitMaterial = load<u32>(at, 16);
  const nx = x - load<f32>(at);
  const ny = y - load<f32>(at, 4);
  const nz = z - load<f32>(at, 8);
  const by = <f32>1 / sqrt<f32>(nx * nx + ny * ny + nz * nz);
  gx = nx * by;
  gy = ny * by;
  gz = nz * by;
  sx = gx;
  sy = gy;
  sz = gz;
}

// @ts-ignore: decorator
@inline
function describeTriangle(): void {
  hitMaterial = headU(14);
  flatNormal();
  sx = gx;
  sy = gy;
  sz = gz;
  if (!(headU(7) & FLAG_SMOOTH)) return;
  const a = normals + corner(hitIndex, 0);
  const b = normals + corner(hitIndex, 1);
  const c = normals + corner(hitIndex, 2);
  const w = <f32>1 - hitU - hitV;
  const nx = load<f32>(a) * w + load<f32>(b) * hitU + load<f32>(c) * hitV;
  const ny = load<f32>(a, 4) * w + load<f32>(b, 4) * hitU + load<f32>(c, 4) * hitV;
  const nz = load<f32>(a, 8) * w + load<f32>(b, 8) * hitU + load<f32>(c, 8) * hitV;
  const square = nx * nx + ny * ny + nz * nz;
  if (!(square > <f32>1e-12)) return;
  const by = <f32>1 / sqrt<f32>(square);
  sx = nx * by;
  sy = ny * by;
  sz = nz * by;
}

// @ts-ignore: decorator
@inline
function flatNormal(): void {
  const a = positions + corner(hitIndex, 0);
  const b = positions + corner(hitIndex, 1);
  const c = positions + corner(hitIndex, 2);
  const ux = load<f32>(b) - load<f32>(a);
  const uy = load<f32>(b, 4) - load<f32>(a, 4);
  const uz = load<f32>(b, 8) - load<f32>(a, 8);
  const vx = load<f32>(c) - load<f32>(a);
  const vy = load<f32>(c, 4) - load<f32>(a, 4);
  const vz = load<f32>(c, 8) - load<f32>(a, 8);
  const nx = uy * vz - uz * vy;
  const ny = uz * vx - ux * vz;
  const nz = ux * vy - uy * vx;
  const by = <f32>1 / sqrt<f32>(nx * nx + ny * ny + nz * nz);
  gx = nx * by;
  gy = ny * by;
  gz = nz * by;
}
