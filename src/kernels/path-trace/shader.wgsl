// The fast form of path-trace@1: one workgroup for each run of samples, one invocation for each pixel of the tile.
// The same random numbers and decisions as reference.as.ts; only the rounding of floats may differ.

struct Params {
  left: u32,
  top: u32,
  first: u32,   // first sample of this piece
  count: u32,   // samples in this piece
  slot: u32,    // first word of the unit's slot in `out`
  groups: u32,  // workgroups that share the samples
  pad0: u32,
  pad1: u32,
}

struct Node {
  lowX: vec4f, lowY: vec4f, lowZ: vec4f,
  highX: vec4f, highY: vec4f, highZ: vec4f,
  children: vec4u,  // 0 = none, 0x80000000 | block = leaf, else node + 1
}

struct Block {
  px: vec4f, py: vec4f, pz: vec4f,
  ux: vec4f, uy: vec4f, uz: vec4f,
  vx: vec4f, vy: vec4f, vz: vec4f,
  first: vec4u,
}

struct Corners { a: vec4f, b: vec4f, c: vec4f, own: vec4f }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> out: array<atomic<u32>>;
@group(0) @binding(2) var<storage, read> scene: array<u32>;
@group(0) @binding(3) var<storage, read> nodes: array<Node>;
@group(0) @binding(4) var<storage, read> blocks: array<Block>;
@group(0) @binding(5) var<storage, read> corners: array<Corners>;

const FAR = 1e30;
const INV_PI = 0.31830987334251404;
const STRATIFIED = 10u;
const ROULETTE_FROM = 3u;
const NOTHING = 0u;
const BACKDROP = 1u;
const LIGHT = 2u;
const SPHERE = 3u;
const MESH = 4u;
const MIRROR = 1u;
const GLASS = 2u;
const GLAZE = 3u;
const HEAD_WORDS = 64u;
const MATERIAL_WORDS = 12u;
const STACK_MAX = 72u;

// The ray in flight, what it carries, and how its direction was chosen.
var<private> origin: vec3f;
var<private> direction: vec3f;
var<private> carry: vec3f;
var<private> radiance: vec3f;
var<private> density: f32;
// The nearest hit.
var<private> hitKind: u32;
var<private> hitT: f32;
var<private> hitIndex: u32;
var<private> hitU: f32;
var<private> hitV: f32;
var<private> surface: vec3f;
var<private> shading: vec3f;
var<private> hitMaterial: u32;
// Random numbers.
var<private> key: u32;
var<private> sampleIndex: u32;
// The lamp.
var<private> lampNormal: vec3f;
var<private> lampArea: f32;

fn word(i: u32) -> u32 { return scene[i]; }
fn real(i: u32) -> f32 { return bitcast<f32>(scene[i]); }
fn real3(i: u32) -> vec3f { return vec3f(real(i), real(i + 1u), real(i + 2u)); }

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u) {
  let px = params.left + local.x;
  let py = params.top + local.y;
  lampNormal = vec3f(0.0);
  lampArea = 0.0;
  let lampCross = cross(real3(39u), real3(42u));
  let size = length(lampCross);
  if (size > 0.0) {
    lampArea = size;
    lampNormal = lampCross / size;
  }
  var sums = vec3u(0u);
  for (var i = group.x; i < params.count; i += params.groups) {
    follow(px, py, params.first + i);
    sums += fixed(radiance);
  }
  let at = params.slot + (local.y * 8u + local.x) * 3u;
  atomicAdd(&out[at], sums.x);
  atomicAdd(&out[at + 1u], sums.y);
  atomicAdd(&out[at + 2u], sums.z);
}

fn fixed(v: vec3f) -> vec3u {
  return vec3u(min(max(v, vec3f(0.0)), vec3f(16.0)) * 8192.0 + 0.5);
}

fn follow(px: u32, py: u32, sample: u32) {
  key = mixed(mixed(py * word(1u) + px + 0x9e3779b9u) ^ word(5u));
  sampleIndex = sample;
  aim(px, py);
  radiance = vec3f(0.0);
  carry = vec3f(1.0);
  density = -1.0;
  let depthMax = min(word(6u), 64u);
  for (var depth = 0u; depth < depthMax; depth++) {
    closest();
    if (hitKind == NOTHING) {
      let high = 0.5 + 0.5 * direction.y;
      radiance += carry * (real3(30u) * (1.0 - high) + real3(33u) * high);
      return;
    }
    if (hitKind == LIGHT) {
      addLamp();
      return;
    }
    if (!scatter(depth)) { return; }
    if (depth >= ROULETTE_FROM) {
      if (!survives(depth)) { return; }
    }
  }
}

// Random numbers: see sampler.as.ts.

fn mixed(h: u32) -> u32 {
  var x = h;
  x ^= x >> 16u;
  x *= 0x7feb352du;
  x ^= x >> 15u;
  x *= 0x846ca68bu;
  x ^= x >> 16u;
  return x;
}

fn scramble(v: u32, seed: u32) -> u32 {
  var x = v + seed;
  x ^= x * 0x6c50b47cu;
  x ^= x * 0xb82f1e52u;
  x ^= x * 0xc7afe638u;
  x ^= x * 0x8d22f6e6u;
  return x;
}

fn pascal(s: u32) -> u32 {
  var x = s;
  x ^= (x & 0xaaaaaaaau) >> 1u;
  x ^= (x & 0xccccccccu) >> 2u;
  x ^= (x & 0xf0f0f0f0u) >> 4u;
  x ^= (x & 0xff00ff00u) >> 8u;
  x ^= (x & 0xffff0000u) >> 16u;
  return x;
}

fn unit(x: u32) -> f32 { return f32(x >> 8u) * 5.9604644775390625e-8; }

fn pair(dim: u32) -> vec2f {
  let k = mixed(key + dim * 0x9e3779b9u);
  if (dim < STRATIFIED) {
    let shuffled = reverseBits(scramble(reverseBits(sampleIndex), k));
    return vec2f(
      unit(reverseBits(scramble(shuffled, mixed(k ^ 0x68bc21ebu)))),
      unit(reverseBits(scramble(pascal(shuffled), mixed(k ^ 0x02e5be93u)))),
    );
  }
  let a = mixed(k ^ mixed(sampleIndex));
  return vec2f(unit(a), unit(mixed(a + 0x9e3779b9u)));
}

// The camera.

fn aim(px: u32, py: u32) {
  let u = pair(0u);
  let x = (f32(px) + 0.5 + tent(u.x)) * (2.0 / f32(word(1u))) - 1.0;
  let y = 1.0 - (f32(py) + 0.5 + tent(u.y)) * (2.0 / f32(word(2u)));
  let right = real3(19u);
  let up = real3(22u);
  var towards = (real3(25u) + right * x + up * y) * real(29u);
  origin = real3(16u);
  let lens = real(28u);
  if (lens > 0.0) {
    let v = pair(1u);
    let d = disc(v);
    let shift = right * (d.x * lens / length(right)) + up * (d.y * lens / length(up));
    origin += shift;
    towards -= shift;
  }
  direction = normalize(towards);
}

fn tent(u: f32) -> f32 {
  if (u < 0.5) { return sqrt(u + u) - 1.0; }
  return 1.0 - sqrt(2.0 - (u + u));
}

fn disc(uv: vec2f) -> vec2f {
  let a = uv.x + uv.x - 1.0;
  let b = uv.y + uv.y - 1.0;
  if (abs(a) > abs(b)) {
    let angle = 0.7853981852531433 * (b / a);
    return vec2f(a * cosine(angle), a * sine(angle));
  }
  if (b != 0.0) {
    let angle = 0.7853981852531433 * (a / b);
    return vec2f(b * sine(angle), b * cosine(angle));
  }
  return vec2f(0.0);
}

fn sine(x: f32) -> f32 {
  let s = x * x;
  return x * (1.0 + s * (-0.1666666716337204 + s * (0.008333333767950535 + s * -0.00019841270113829523)));
}

fn cosine(x: f32) -> f32 {
  let s = x * x;
  return 1.0 + s * (-0.5 + s * (0.0416666679084301 + s * (-0.0013888889225199819 + s * 0.000024801587642286904)));
}

// What a ray meets.

fn closest() {
  hitKind = NOTHING;
  hitT = FAR;
  let flags = word(7u);
  if ((flags & 1u) != 0u) { meetBackdrop(); }
  if ((flags & 2u) != 0u) { meetLight(); }
  meetBalls(origin, direction);
  if (word(13u) != 0u) { meetMesh(origin, direction, false); }
}

fn blocked(o: vec3f, d: vec3f, limit: f32) -> bool {
  hitKind = NOTHING;
  hitT = limit;
  meetBalls(o, d);
  if (hitKind != NOTHING) { return true; }
  if (word(13u) != 0u) { meetMesh(o, d, true); }
  return hitKind != NOTHING;
}

fn meetBackdrop() {
  let d = direction;
  let o = origin;
  if (!(d.y < 0.0) && !(d.z < 0.0)) { return; }
  let radius = real(52u);
  let z = real(53u);
  var ground = FAR;
  var wall = FAR;
  if (d.y < 0.0) { ground = -o.y / d.y; }
  if (d.z < 0.0) { wall = (z - radius - o.z) / d.z; }
  if (d.y < 0.0 && o.z + ground * d.z >= z) { keepBackdrop(ground, 0u); }
  else if (d.z < 0.0 && o.y + wall * d.y >= radius) { keepBackdrop(wall, 1u); }
  else {
    let c = vec2f(radius - o.y, z - o.z);
    let a = d.y * d.y + d.z * d.z;
    let b = c.x * d.y + c.y * d.z;
    let side = c.x * d.z - c.y * d.y;
    let square = a * radius * radius - side * side;
    if (square >= 0.0 && a > 0.0) { keepBackdrop((b + sqrt(square)) / a, 2u); }
  }
}

fn keepBackdrop(t: f32, part: u32) {
  if (t > 0.0 && t < hitT) {
    hitT = t;
    hitKind = BACKDROP;
    hitIndex = part;
  }
}

fn meetLight() {
  let facing = dot(direction, lampNormal);
  if (facing == 0.0) { return; }
  let q = real3(36u) - origin;
  let t = dot(q, lampNormal) / facing;
  if (!(t > 0.0 && t < hitT)) { return; }
  let p = direction * t - q;
  let a = dot(cross(p, real3(42u)), lampNormal);
  let b = dot(cross(real3(39u), p), lampNormal);
  if (a >= 0.0 && a <= lampArea && b >= 0.0 && b <= lampArea) {
    hitT = t;
    hitKind = LIGHT;
  }
}

fn meetBalls(o: vec3f, d: vec3f) {
  let count = min(word(9u), 64u);
  var at = HEAD_WORDS + word(8u) * MATERIAL_WORDS;
  for (var i = 0u; i < count; i++) {
    let c = real3(at) - o;
    let radius = real(at + 3u);
    let b = dot(c, d);
    let e = c - b * d;
    let square = radius * radius - dot(e, e);
    if (square > 0.0) {
      let half = sqrt(square);
      var t = b - half;
      if (!(t > 0.0)) { t = b + half; }
      if (t > 0.0 && t < hitT) {
        hitT = t;
        hitKind = SPHERE;
        hitIndex = i;
      }
    }
    at += 5u;
  }
}

fn inverse(d: f32) -> f32 {
  if (abs(d) < 1e-9) { return select(1e9, -1e9, d < 0.0); }
  return 1.0 / d;
}

fn meetMesh(o: vec3f, d: vec3f, any: bool) {
  let f = vec3f(inverse(d.x), inverse(d.y), inverse(d.z));
  var stack: array<vec2u, STACK_MAX>;
  var sp = 0u;
  var current = 1u;
  // Each turn takes one node or leaf of the tree, of which there are fewer than 2^17.
  for (var turn = 0u; turn < 131072u; turn++) {
    var descend = false;
    if ((current & 0x80000000u) != 0u) {
      if (meetBlock(current & 0x7fffffffu, o, d) && any) { return; }
    } else if (current != 0u) {
      let node = nodes[current - 1u];
      let x0 = (node.lowX - o.x) * f.x;
      let x1 = (node.highX - o.x) * f.x;
      let y0 = (node.lowY - o.y) * f.y;
      let y1 = (node.highY - o.y) * f.y;
      let z0 = (node.lowZ - o.z) * f.z;
      let z1 = (node.highZ - o.z) * f.z;
      let enter = max(max(min(x0, x1), min(y0, y1)), max(min(z0, z1), vec4f(0.0)));
      let leave = min(min(max(x0, x1), max(y0, y1)), min(max(z0, z1), vec4f(hitT)));
      // An empty slot's box is inside out, which min and max would mend: its child word says that it is none.
      let open = (enter <= leave) & (node.children != vec4u(0u));
      var distance = FAR;
      for (var lane = 0u; lane < 4u; lane++) {
        if (open[lane]) {
          var child = node.children[lane];
          var away = enter[lane];
          if (!descend) {
            descend = true;
            current = child;
            distance = away;
          } else {
            if (away < distance) {
              let nearer = child;
              child = current;
              current = nearer;
              let t = away;
              away = distance;
              distance = t;
            }
            if (sp < STACK_MAX) {
              stack[sp] = vec2u(child, bitcast<u32>(away));
              sp++;
            }
          }
        }
      }
    }
    if (descend) { continue; }
    var found = false;
    while (sp > 0u && !found) {
      sp--;
      found = bitcast<f32>(stack[sp].y) < hitT;
    }
    if (!found) { return; }
    current = stack[sp].x;
  }
}

fn meetBlock(index: u32, o: vec3f, d: vec3f) -> bool {
  let block = blocks[index];
  let px = d.y * block.vz - d.z * block.vy;
  let py = d.z * block.vx - d.x * block.vz;
  let pz = d.x * block.vy - d.y * block.vx;
  let det = block.ux * px + block.uy * py + block.uz * pz;
  let solid = det != vec4f(0.0);
  let by = 1.0 / select(vec4f(1.0), det, solid);
  let tx = o.x - block.px;
  let ty = o.y - block.py;
  let tz = o.z - block.pz;
  let u = (tx * px + ty * py + tz * pz) * by;
  let qx = ty * block.uz - tz * block.uy;
  let qy = tz * block.ux - tx * block.uz;
  let qz = tx * block.uy - ty * block.ux;
  let v = (d.x * qx + d.y * qy + d.z * qz) * by;
  let t = (block.vx * qx + block.vy * qy + block.vz * qz) * by;
  let inside = solid & (u >= vec4f(0.0)) & (v >= vec4f(0.0)) & (u + v <= vec4f(1.0));
  let met = inside & (t > vec4f(0.0)) & (t < vec4f(hitT));
  if (!any(met)) { return false; }
  for (var lane = 0u; lane < 4u; lane++) {
    if (met[lane] && t[lane] < hitT) {
      hitT = t[lane];
      hitU = u[lane];
      hitV = v[lane];
      hitIndex = block.first.x + lane;
    }
  }
  hitKind = MESH;
  return true;
}

// What it met.

fn describe(p: vec3f) {
  if (hitKind == BACKDROP) {
    hitMaterial = word(15u);
    surface = vec3f(0.0, 1.0, 0.0);
    if (hitIndex == 1u) { surface = vec3f(0.0, 0.0, 1.0); }
    if (hitIndex == 2u) { surface = vec3f(0.0, normalize(vec2f(real(52u) - p.y, real(53u) - p.z))); }
    shading = surface;
  } else if (hitKind == SPHERE) {
    let at = HEAD_WORDS + word(8u) * MATERIAL_WORDS + hitIndex * 5u;
    hitMaterial = word(at + 4u);
    surface = normalize(p - real3(at));
    shading = surface;
  } else {
    hitMaterial = word(14u);
    let three = corners[hitIndex];
    surface = three.own.xyz;
    shading = surface;
    if ((word(7u) & 4u) != 0u) {
      let bent = three.a.xyz * (1.0 - hitU - hitV) + three.b.xyz * hitU + three.c.xyz * hitV;
      if (dot(bent, bent) > 1e-12) { shading = normalize(bent); }
    }
  }
}

// How light scatters: see shade.as.ts.

fn fade(x: f32) -> f32 {
  let y = x * 1.4426950216293335;
  if (!(y < 120.0)) { return 0.0; }
  let whole = i32(y);
  let f = (y - f32(whole)) * -0.6931471824645996;
  let p = 1.0 + f * (1.0 + f * (0.5 + f * (0.1666666716337204 + f * (0.0416666679084301 + f * (0.008333333767950535 + f * 0.0013888889225199819)))));
  return p * bitcast<f32>((127 - whole) << 23u);
}

fn addLamp() {
  let facing = -dot(direction, lampNormal);
  if (!(facing > 0.0)) { return; }
  var weight = 1.0;
  if (density >= 0.0) {
    weight = density / (density + hitT * hitT / (facing * lampArea));
  }
  radiance += carry * real3(45u) * weight;
}

fn fresnel(toward: f32, eta: f32) -> f32 {
  let square = 1.0 - eta * eta * (1.0 - toward * toward);
  if (!(square > 0.0)) { return 1.0; }
  let through = sqrt(square);
  let s = (eta * toward - through) / (eta * toward + through);
  let p = (toward - eta * through) / (toward + eta * through);
  return 0.5 * (s * s + p * p);
}

fn painted(material: u32, x: f32) -> vec3f {
  var colour = real3(material + 2u);
  if (word(material + 1u) != 0u) {
    let count = min(word(10u), 64u);
    var at = HEAD_WORDS + word(8u) * MATERIAL_WORDS + word(9u) * 5u;
    for (var i = 0u; i < count; i++) {
      if (x >= real(at) && x < real(at + 1u)) { colour = real3(at + 2u); }
      at += 5u;
    }
    let thread = real(55u);
    if (thread > 0.0) {
      let place = x / thread;
      let whole = floor(place);
      let across = (place - whole) * 2.0 - 1.0;
      let spun = f32(mixed(bitcast<u32>(i32(whole))) >> 24u) * 0.00390625;
      colour *= (1.0 - 0.1 * spun) * (1.0 - 0.16 * across * across);
    }
  }
  return colour;
}

fn scatter(depth: u32) -> bool {
  let p = origin + direction * hitT;
  describe(p);
  let material = HEAD_WORDS + hitMaterial * MATERIAL_WORDS;
  let kind = word(material);
  let front = dot(direction, surface) < 0.0;
  var n = surface;
  var m = shading;
  if (!front) {
    n = -n;
    m = -m;
  }
  if (!(dot(direction, m) < -1e-4)) { m = n; }
  let toward = -dot(direction, m);
  let dim = 2u + depth * 3u;
  if (kind == GLASS) { return refracted(material, dim, front, toward, p, n, m); }
  if (kind == MIRROR) {
    carry *= painted(material, p.x);
    return mirrored(toward, p, n, m);
  }
  var inverseEta = 0.0;
  if (kind == GLAZE) {
    inverseEta = 1.0 / real(material + 8u);
    if (pair(dim + 2u).x < fresnel(toward, inverseEta)) { return mirrored(toward, p, n, m); }
  }
  carry *= painted(material, p.x);
  if (kind == GLAZE) {
    carry *= inverseEta * inverseEta / (1.0 - real3(material + 2u) * real(material + 9u));
  }
  return diffuse(dim, inverseEta, p, n, m);
}

fn mirrored(toward: f32, p: vec3f, n: vec3f, m: vec3f) -> bool {
  density = -1.0;
  origin = p + n * real(54u);
  let r = direction + m * (toward + toward);
  if (dot(r, n) > 0.0) {
    direction = normalize(r);
  } else {
    direction = normalize(direction + n * (dot(direction, n) * -2.0));
  }
  return true;
}

fn refracted(material: u32, dim: u32, front: bool, toward: f32, p: vec3f, n: vec3f, m: vec3f) -> bool {
  if (!front) {
    let thick = real3(material + 5u) * hitT;
    carry *= vec3f(fade(thick.x), fade(thick.y), fade(thick.z));
  }
  let index = real(material + 8u);
  var eta = index;
  if (front) { eta = 1.0 / index; }
  let share = fresnel(toward, eta);
  if (pair(dim + 2u).x < share) { return mirrored(toward, p, n, m); }
  let square = 1.0 - eta * eta * (1.0 - toward * toward);
  let r = direction * eta + m * (eta * toward - sqrt(max(square, 0.0)));
  carry *= painted(material, p.x);
  density = -1.0;
  origin = p - n * real(54u);
  let rise = dot(r, n);
  if (rise < 0.0) {
    direction = normalize(r);
  } else {
    direction = normalize(r - n * (2.0 * rise));
  }
  return true;
}

fn diffuse(dim: u32, inverseEta: f32, p: vec3f, n: vec3f, m: vec3f) -> bool {
  origin = p + n * real(54u);
  if ((word(7u) & 2u) != 0u) { askLamp(dim, inverseEta, n, m); }
  let d = disc(pair(dim));
  let height = sqrt(max(1.0 - d.x * d.x - d.y * d.y, 0.0));
  let side = select(1.0, -1.0, m.z < 0.0);
  let a = -1.0 / (side + m.z);
  let b = m.x * m.y * a;
  let r = vec3f(1.0 + side * m.x * m.x * a, side * b, -side * m.x) * d.x
    + vec3f(b, side + m.y * m.y * a, -m.y) * d.y + m * height;
  if (!(dot(r, n) > 0.0)) { return false; }
  if (inverseEta > 0.0) { carry *= 1.0 - fresnel(height, inverseEta); }
  density = height * INV_PI;
  direction = normalize(r);
  return true;
}

fn askLamp(dim: u32, inverseEta: f32, n: vec3f, m: vec3f) {
  let u = pair(dim + 1u);
  let q = real3(36u) + real3(39u) * u.x + real3(42u) * u.y - origin;
  let square = dot(q, q);
  if (!(square > 1e-12)) { return; }
  let distance = sqrt(square);
  let l = q / distance;
  let fall = dot(l, m);
  let facing = -dot(l, lampNormal);
  if (!(fall > 0.0 && facing > 0.0 && dot(l, n) > 0.0)) { return; }
  let own = fall * INV_PI;
  var gain = own / (square / (facing * lampArea) + own);
  if (inverseEta > 0.0) { gain *= 1.0 - fresnel(fall, inverseEta); }
  if (blocked(origin, l, distance * 0.9999)) { return; }
  radiance += carry * gain * real3(45u);
}

fn survives(depth: u32) -> bool {
  let strongest = max(max(carry.x, carry.y), carry.z);
  if (!(strongest < 0.95)) { return true; }
  if (strongest <= 0.0) { return false; }
  if (!(pair(4u + depth * 3u).y < strongest)) { return false; }
  carry /= strongest;
  return true;
}
