/**
 * Follows one path of light from the camera: radiance of sample `sample` of a pixel, in `red`, `green`, `blue`.
 *
 * Next-event estimation to the lamp and the surface's own sampling are combined with the balance heuristic
 * (Veach and Guibas 1995). Mirror, glass and glaze follow Fresnel's equations; glass absorbs by Beer and Lambert.
 */

import { choose, mix, pair, u0, u1 } from './sampler.as';
import { MATERIAL_BYTES, STRIPE_BYTES, headF, headU, materials, stripes, stripesEnd } from './scene.as';
import {
  FLAG_LIGHT, LIGHT, NOTHING, blocked, closest, describe, gx, gy, gz, hitKind, hitMaterial, hitT, lampArea, lampX,
  lampY, lampZ, sx, sy, sz,
} from './trace.as';

/** Radiance of the last `follow`. */
export let red: f32 = 0;
export let green: f32 = 0;
export let blue: f32 = 0;

/** The ray in flight: origin, unit direction. */
let ox: f32 = 0;
let oy: f32 = 0;
let oz: f32 = 0;
let dx: f32 = 0;
let dy: f32 = 0;
let dz: f32 = 0;
/** What a unit of radiance at the ray's far end adds to the pixel. */
let tr: f32 = 0;
let tg: f32 = 0;
let tb: f32 = 0;
/** Density (per steradian) with which the last surface chose this direction; negative after a mirror or lens. */
let density: f32 = -1;
/** The last disc or hemisphere sample. */
let discX: f32 = 0;
let discY: f32 = 0;

const INV_PI: f32 = 0.31830987334251404;
/** Paths may be ended by chance from this bounce on. */
const ROULETTE_FROM: u32 = 3;
const MIRROR: u32 = 1;
const GLASS: u32 = 2;
const GLAZE: u32 = 3;

/** Computes one sample. */
export function follow(pixel: u32, px: u32, py: u32, sample: u32): void {
  choose(headU(5), pixel, sample);
  aim(px, py);
  red = 0;
  green = 0;
  blue = 0;
  tr = 1;
  tg = 1;
  tb = 1;
  density = -1;
  const depthMax = headU(6);
  for (let depth: u32 = 0; depth < depthMax; depth++) {
    closest(ox, oy, oz, dx, dy, dz);
    if (hitKind == NOTHING) return addSky();
    if (hitKind == LIGHT) return addLamp();
    if (!scatter(depth)) return;
    if (depth >= ROULETTE_FROM && !survives(depth)) return;
  }
}

/** The camera's ray: a thin lens, and a tent filter one pixel wide on each side. */
function aim(px: u32, py: u32): void {
  pair(0);
  const x = (<f32>(<i32>px) + <f32>0.5 + tent(u0)) * (<f32>2 / <f32>(<i32>headU(1))) - <f32>1;
  const y = <f32>1 - (<f32>(<i32>py) + <f32>0.5 + tent(u1)) * (<f32>2 / <f32>(<i32>headU(2)));
  const focus = headF(29);
  let vx = (headF(25) + headF(19) * x + headF(22) * y) * focus;
  let vy = (headF(26) + headF(20) * x + headF(23) * y) * focus;
  let vz = (headF(27) + headF(21) * x + headF(24) * y) * focus;
  ox = headF(16);
  oy = headF(17);
  oz = headF(18);
  const lens = headF(28);
  if (lens > 0) {
    pair(1);
    disc(u0, u1);
    const by = <f32>1 / sqrt<f32>(headF(19) * headF(19) + headF(20) * headF(20) + headF(21) * headF(21));
    const cy = <f32>1 / sqrt<f32>(headF(22) * headF(22) + headF(23) * headF(23) + headF(24) * headF(24));
    const a = discX * lens * by;
    const b = discY * lens * cy;
    const lx = headF(19) * a + headF(22) * b;
    const ly = headF(20) * a + headF(23) * b;
    const lz = headF(21) * a + headF(24) * b;
    ox += lx;
    oy += ly;
    oz += lz;
    vx -= lx;
    vy -= ly;
    vz -= lz;
  }
  turn(vx, vy, vz);
}

// @ts-ignore: decorator
@inline
function tent(u: f32): f32 {
  return u < <f32>0.5 ? sqrt<f32>(u + u) - <f32>1 : <f32>1 - sqrt<f32>(<f32>2 - (u + u));
}

/** Sends the ray into a direction of any length. */
// @ts-ignore: decorator
@inline
function turn(x: f32, y: f32, z: f32): void {
  const by = <f32>1 / sqrt<f32>(x * x + y * y + z * z);
  dx = x * by;
  dy = y * by;
  dz = z * by;
}

/** The unit disc from the unit square, evenly (Shirley and Chiu 1997), with sine and cosine written out. */
function disc(u: f32, v: f32): void {
  const a = u + u - <f32>1;
  const b = v + v - <f32>1;
  if (abs<f32>(a) > abs<f32>(b)) {
    const angle = <f32>0.7853981852531433 * (b / a);
    discX = a * cosine(angle);
    discY = a * sine(angle);
  } else if (b != 0) {
    const angle = <f32>0.7853981852531433 * (a / b);
    discX = b * sine(angle);
    discY = b * cosine(angle);
  } else {
    discX = 0;
    discY = 0;
  }
}

/** Taylor's polynomials, good to 4e-7 on [-π/4, π/4]. */
// @ts-ignore: decorator
@inline
function sine(x: f32): f32 {
  const s = x * x;
  return x * (<f32>1 + s * (<f32>-0.1666666716337204 + s * (<f32>0.008333333767950535 + s * <f32>-0.00019841270113829523)));
}

// @ts-ignore: decorator
@inline
function cosine(x: f32): f32 {
  const s = x * x;
  return <f32>1 + s * (<f32>-0.5 + s * (<f32>0.0416666679084301 + s * (<f32>-0.0013888889225199819 + s * <f32>0.000024801587642286904)));
}

/** e^-x for x ≥ 0: a power of two by its exponent bits, the rest by a polynomial (relative error below 1e-6). */
function fade(x: f32): f32 {
  const y = x * <f32>1.4426950216293335;
  if (!(y < <f32>120)) return 0;
  const whole = <i32>y;
  const f = (y - <f32>whole) * <f32>-0.6931471824645996;
  const p = <f32>1 + f * (<f32>1 + f * (<f32>0.5 + f * (<f32>0.1666666716337204 + f * (<f32>0.0416666679084301
    + f * (<f32>0.008333333767950535 + f * <f32>0.0013888889225199819)))));
  return p * reinterpret<f32>((127 - whole) << 23);
}

function addSky(): void {
  const high = <f32>0.5 + <f32>0.5 * dy;
  const low = <f32>1 - high;
  red += tr * (headF(30) * low + headF(33) * high);
  green += tg * (headF(31) * low + headF(34) * high);
  blue += tb * (headF(32) * low + headF(35) * high);
}

/** The lamp shines on its normal's side only. */
function addLamp(): void {
  const facing = -(dx * lampX + dy * lampY + dz * lampZ);
  if (!(facing > 0)) return;
  let weight: f32 = 1;
  if (density >= 0) {
    const lamp = hitT * hitT / (facing * lampArea);
    weight = density / (density + lamp);
  }
  red += tr * headF(45) * weight;
  green += tg * headF(46) * weight;
  blue += tb * headF(47) * weight;
}

/** Turns the ray at the surface it met; false = the path ends here. */
function scatter(depth: u32): bool {
  const x = ox + dx * hitT;
  const y = oy + dy * hitT;
  const z = oz + dz * hitT;
  describe(x, y, z);
  const material = materials + <usize>hitMaterial * MATERIAL_BYTES;
  const kind = load<u32>(material);
  const cosine = dx * gx + dy * gy + dz * gz;
  const front = cosine < 0;
  // Both normals turned to the ray's side; where the shading normal is not on it, the surface's own serves.
  const side: f32 = front ? 1 : -1;
  const nx = gx * side;
  const ny = gy * side;
  const nz = gz * side;
  let mx = sx * side;
  let my = sy * side;
  let mz = sz * side;
  if (!(dx * mx + dy * my + dz * mz < <f32>-1e-4)) {
    mx = nx;
    my = ny;
    mz = nz;
  }
  const toward = -(dx * mx + dy * my + dz * mz);
  const dim = 2 + depth * 3;
  if (kind == GLASS) return refract(material, dim, front, toward, x, y, z, nx, ny, nz, mx, my, mz);
  if (kind == MIRROR) {
    paint(material, x);
    return reflect(toward, x, y, z, nx, ny, nz, mx, my, mz);
  }
  let inverseEta: f32 = 0;
  if (kind == GLAZE) {
    inverseEta = <f32>1 / load<f32>(material, 32);
    pair(dim + 2);
    if (u0 < fresnel(toward, inverseEta)) return reflect(toward, x, y, z, nx, ny, nz, mx, my, mz);
  }
  paint(material, x);
  if (kind == GLAZE) {
    // Light that bounces under the glaze before it gets out: a / (1 − a·F) / η² (M. Pharr et al., "smooth plastic").
    const inner = load<f32>(material, 36);
    const square = inverseEta * inverseEta;
    tr *= square / (<f32>1 - load<f32>(material, 8) * inner);
    tg *= square / (<f32>1 - load<f32>(material, 12) * inner);
    tb *= square / (<f32>1 - load<f32>(material, 16) * inner);
  }
  return diffuse(dim, inverseEta, x, y, z, nx, ny, nz, mx, my, mz);
}

/** Multiplies the path by the material's colour, or by the cloth's at this place. */
function paint(material: usize, x: f32): void {
  let r = load<f32>(material, 8);
  let g = load<f32>(material, 12);
  let b = load<f32>(material, 16);
  if (load<u32>(material, 4) != 0) {
    for (let at = stripes; at < stripesEnd; at += STRIPE_BYTES) {
      if (x >= load<f32>(at) && x < load<f32>(at, 4)) {
        r = load<f32>(at, 8);
        g = load<f32>(at, 12);
        b = load<f32>(at, 16);
      }
    }
    const thread = headF(55);
    if (thread > 0) {
      // Each thread of the warp is spun a little differently; its middle stands out from the gap beside it.
      const place = x / thread;
      const whole = floor<f32>(place);
      const across = (place - whole) * <f32>2 - <f32>1;
      const spun = <f32>(<i32>(mix(<u32>(<i32>whole)) >> 24)) * <f32>0.00390625;
      const shade = (<f32>1 - <f32>0.1 * spun) * (<f32>1 - <f32>0.16 * across * across);
      r *= shade;
      g *= shade;
      b *= shade;
    }
  }
  tr *= r;
  tg *= g;
  tb *= b;
}

/** Share of light that a smooth boundary reflects; `toward` = cosine, `eta` = index on this side over the other's. */
// @ts-ignore: decorator
@inline
function fresnel(toward: f32, eta: f32): f32 {
  const square = <f32>1 - eta * eta * (<f32>1 - toward * toward);
  if (!(square > 0)) return 1;
  const through = sqrt<f32>(square);
  const s = (eta * toward - through) / (eta * toward + through);
  const p = (toward - eta * through) / (toward + eta * through);
  return <f32>0.5 * (s * s + p * p);
}

/** Starts the next ray just off the surface, on the side of (nx, ny, nz). */
// @ts-ignore: decorator
@inline
function leave(x: f32, y: f32, z: f32, nx: f32, ny: f32, nz: f32): void {
  const epsilon = headF(54);
  ox = x + nx * epsilon;
  oy = y + ny * epsilon;
  oz = z + nz * epsilon;
}

function reflect(toward: f32, x: f32, y: f32, z: f32, nx: f32, ny: f32, nz: f32, mx: f32, my: f32, mz: f32): bool {
  density = -1;
  leave(x, y, z, nx, ny, nz);
  const twice = toward + toward;
  const rx = dx + mx * twice;
  const ry = dy + my * twice;
  const rz = dz + mz * twice;
  // A bent normal may point the ray into the surface: then it is mirrored at the surface itself.
  const rise = rx * nx + ry * ny + rz * nz;
  if (rise > 0) turn(rx, ry, rz);
  else {
    const up = (dx * nx + dy * ny + dz * nz) * <f32>-2;
    turn(dx + nx * up, dy + ny * up, dz + nz * up);
  }
  return true;
}

function refract(
  material: usize, dim: u32, front: bool, toward: f32, x: f32, y: f32, z: f32, nx: f32, ny: f32, nz: f32, mx: f32,
  my: f32, mz: f32,
): bool {
  if (!front) {
    tr *= fade(load<f32>(material, 20) * hitT);
    tg *= fade(load<f32>(material, 24) * hitT);
    tb *= fade(load<f32>(material, 28) * hitT);
  }
  const index = load<f32>(material, 32);
  const eta: f32 = front ? <f32>1 / index : index;
  const share = fresnel(toward, eta);
  pair(dim + 2);
  if (u0 < share) return reflect(toward, x, y, z, nx, ny, nz, mx, my, mz);
  const square = <f32>1 - eta * eta * (<f32>1 - toward * toward);
  const along = eta * toward - sqrt<f32>(square > 0 ? square : 0);
  const rx = dx * eta + mx * along;
  const ry = dy * eta + my * along;
  const rz = dz * eta + mz * along;
  paint(material, x);
  density = -1;
  leave(x, y, z, -nx, -ny, -nz);
  if (rx * nx + ry * ny + rz * nz < 0) turn(rx, ry, rz);
  else turn(rx - nx * <f32>2 * (rx * nx + ry * ny + rz * nz), ry - ny * <f32>2 * (rx * nx + ry * ny + rz * nz), rz - nz * <f32>2 * (rx * nx + ry * ny + rz * nz));
  return true;
}

/** Lambert's surface, bare (`inverseEta` = 0) or under a glaze: asks the lamp, then scatters by the cosine. */
function diffuse(
  dim: u32, inverseEta: f32, x: f32, y: f32, z: f32, nx: f32, ny: f32, nz: f32, mx: f32, my: f32, mz: f32,
): bool {
  leave(x, y, z, nx, ny, nz);
  if (headU(7) & FLAG_LIGHT) askLamp(dim, inverseEta, nx, ny, nz, mx, my, mz);
  pair(dim);
  disc(u0, u1);
  const square = <f32>1 - discX * discX - discY * discY;
  const height = sqrt<f32>(square > 0 ? square : 0);
  // A basis around the normal without branches (Duff et al. 2017).
  const sign = copysign<f32>(1, mz);
  const a = <f32>-1 / (sign + mz);
  const b = mx * my * a;
  const rx = (<f32>1 + sign * mx * mx * a) * discX + b * discY + mx * height;
  const ry = sign * b * discX + (sign + my * my * a) * discY + my * height;
  const rz = -sign * mx * discX - my * discY + mz * height;
  if (!(rx * nx + ry * ny + rz * nz > 0)) return false;
  if (inverseEta > 0) {
    const out = <f32>1 - fresnel(height, inverseEta);
    tr *= out;
    tg *= out;
    tb *= out;
  }
  density = height * INV_PI;
  turn(rx, ry, rz);
  return true;
}

/** Adds what the lamp sends here directly, weighed against meeting it by chance. */
function askLamp(dim: u32, inverseEta: f32, nx: f32, ny: f32, nz: f32, mx: f32, my: f32, mz: f32): void {
  pair(dim + 1);
  const qx = headF(36) + headF(39) * u0 + headF(42) * u1 - ox;
  const qy = headF(37) + headF(40) * u0 + headF(43) * u1 - oy;
  const qz = headF(38) + headF(41) * u0 + headF(44) * u1 - oz;
  const square = qx * qx + qy * qy + qz * qz;
  if (!(square > <f32>1e-12)) return;
  const distance = sqrt<f32>(square);
  const by = <f32>1 / distance;
  const lx = qx * by;
  const ly = qy * by;
  const lz = qz * by;
  const fall = lx * mx + ly * my + lz * mz;
  const facing = -(lx * lampX + ly * lampY + lz * lampZ);
  if (!(fall > 0 && facing > 0 && lx * nx + ly * ny + lz * nz > 0)) return;
  const own = fall * INV_PI;
  let gain = own / (square / (facing * lampArea) + own);
  if (inverseEta > 0) gain *= <f32>1 - fresnel(fall, inverseEta);
  if (blocked(ox, oy, oz, lx, ly, lz, distance * <f32>0.9999)) return;
  red += tr * gain * headF(45);
  green += tg * gain * headF(46);
  blue += tb * gain * headF(47);
}

/** Ends faint paths by chance and strengthens the survivors, so that the mean stays right. */
function survives(depth: u32): bool {
  let strongest = tr > tg ? tr : tg;
  if (tb > strongest) strongest = tb;
  if (!(strongest < <f32>0.95)) return true;
  if (strongest <= 0) return false;
  pair(4 + depth * 3);
  if (!(u1 < strongest)) return false;
  const by = <f32>1 / strongest;
  tr *= by;
  tg *= by;
  tb *= by;
  return true;
}
