// The fast form of mersenne-tf@1: one workgroup sieves 8192 indices of both classes of k in
// workgroup memory, then its threads share the candidates that are left.
//
// Integers only. Numbers below 2^84 are six limbs of 14 bits: a column of twelve products fits
// 32 bits, so no 64-bit multiplication is needed. Values stay below 4q < 2^82.

struct Params {
  twoP: vec4<u32>, // 2p in limbs of 14 bits (three), then 2p itself mod 2^32
  baseA: vec4<u32>, // q of the unit's first k: limbs 0 … 3
  baseB: vec4<u32>, // limbs 4, 5; first k mod 2^32; class 1 of k mod 4
  place: vec4<u32>, // unit; indices in the unit; first segment of this piece; first word of the slot
  ladder: vec4<u32>, // first power of two; doublings; squarings; p − 84
  sieve: vec4<u32>, // primes; small primes; k in a sixty-fourth of the unit; k in the unit
  near: vec4<u32>, // 1 if q may lie below 2^16; q of the first k then; offset beyond which it does not; 1 if k = 0 is inside
}

struct Limbs {
  a: u32,
  b: u32,
  c: u32,
  d: u32,
  e: u32,
  f: u32,
}

const SEGMENT: u32 = 8192u; // indices of each class
const WORDS: u32 = 512u; // of bits: class 0, then class 1
const THREADS: u32 = 256u;
const MASK: u32 = 0x3fffu;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> out: array<atomic<u32>>;
// For each prime r: (r, indices per unit mod r) and (root of class 0, root of class 1), 16 bits each.
@group(0) @binding(2) var<storage, read> primes: array<vec2<u32>>;

var<workgroup> bits: array<atomic<u32>, 512>; // 1 = crossed out
var<workgroup> ranks: array<u32, 256>; // candidates in words 0 … 2t + 1
var<workgroup> sums: array<atomic<u32>, 2>;

/// Next index that prime `at` crosses out in each class, counted from the segment's start.
fn firstHits(at: u32, index0: u32) -> vec3<u32> {
  let entry = primes[at];
  let r = entry.x & 0xffffu;
  let gone = (((params.place.x % r) * (entry.x >> 16u)) % r + index0) % r;
  let roots = vec2<u32>(entry.y & 0xffffu, entry.y >> 16u);
  let back = roots + vec2<u32>(r) - vec2<u32>(gone);
  var hits = select(back, back - vec2<u32>(r), back >= vec2<u32>(r));
  // A prime q below 2^16 is not its own multiple.
  if (params.near.x == 1u) {
    if (isItself(r, 4u * (index0 + hits.x))) { hits.x += r; }
    if (isItself(r, 4u * (index0 + hits.y) + params.baseB.w)) { hits.y += r; }
  }
  return vec3<u32>(hits, r);
}

fn isItself(r: u32, offset: u32) -> bool {
  return offset <= params.near.z && params.near.y + params.twoP.w * offset == r;
}

fn crossOut(class_: u32, first: u32, step: u32) {
  for (var i = first; i < SEGMENT; i += step) {
    atomicOr(&bits[class_ * 256u + (i >> 5u)], 1u << (i & 31u));
  }
}

/// x²/2^84 mod n, below 2n; inv = −1/n mod 2^14.
fn square(x: Limbs, n: Limbs, inv: u32) -> Limbs {
  let a2 = x.a << 1u;
  let b2 = x.b << 1u;
  let c2 = x.c << 1u;
  let d2 = x.d << 1u;
  let e2 = x.e << 1u;
  var t0 = x.a * x.a;
  var t1 = a2 * x.b;
  var t2 = a2 * x.c + x.b * x.b;
  var t3 = a2 * x.d + b2 * x.c;
  var t4 = a2 * x.e + b2 * x.d + x.c * x.c;
  var t5 = a2 * x.f + b2 * x.e + c2 * x.d;
  var t6 = b2 * x.f + c2 * x.e + x.d * x.d;
  var t7 = c2 * x.f + d2 * x.e;
  var t8 = d2 * x.f + x.e * x.e;
  var t9 = e2 * x.f;
  var t10 = x.f * x.f;

  var m = (t0 * inv) & MASK;
  t1 += m * n.b + ((t0 + m * n.a) >> 14u);
  t2 += m * n.c;
  t3 += m * n.d;
  t4 += m * n.e;
  t5 += m * n.f;
  m = (t1 * inv) & MASK;
  t2 += m * n.b + ((t1 + m * n.a) >> 14u);
  t3 += m * n.c;
  t4 += m * n.d;
  t5 += m * n.e;
  t6 += m * n.f;
  m = (t2 * inv) & MASK;
  t3 += m * n.b + ((t2 + m * n.a) >> 14u);
  t4 += m * n.c;
  t5 += m * n.d;
  t6 += m * n.e;
  t7 += m * n.f;
  m = (t3 * inv) & MASK;
  t4 += m * n.b + ((t3 + m * n.a) >> 14u);
  t5 += m * n.c;
  t6 += m * n.d;
  t7 += m * n.e;
  t8 += m * n.f;
  m = (t4 * inv) & MASK;
  t5 += m * n.b + ((t4 + m * n.a) >> 14u);
  t6 += m * n.c;
  t7 += m * n.d;
  t8 += m * n.e;
  t9 += m * n.f;
  m = (t5 * inv) & MASK;
  t6 += m * n.b + ((t5 + m * n.a) >> 14u);
  t7 += m * n.c;
  t8 += m * n.d;
  t9 += m * n.e;
  t10 += m * n.f;
  return carried(t6, t7, t8, t9, t10, 0u);
}

/// Columns to limbs of 14 bits.
fn carried(t0: u32, t1: u32, t2: u32, t3: u32, t4: u32, t5: u32) -> Limbs {
  let u1 = t1 + (t0 >> 14u);
  let u2 = t2 + (u1 >> 14u);
  let u3 = t3 + (u2 >> 14u);
  let u4 = t4 + (u3 >> 14u);
  let u5 = t5 + (u4 >> 14u);
  return Limbs(t0 & MASK, u1 & MASK, u2 & MASK, u3 & MASK, u4 & MASK, u5);
}

fn twice(x: Limbs) -> Limbs {
  return carried(x.a << 1u, x.b << 1u, x.c << 1u, x.d << 1u, x.e << 1u, x.f << 1u);
}

/// x − n where that is not negative, else x.
fn reduced(x: Limbs, n: Limbs) -> Limbs {
  let a = x.a + 0x4000u - n.a;
  let b = x.b + 0x3fffu - n.b + (a >> 14u);
  let c = x.c + 0x3fffu - n.c + (b >> 14u);
  let d = x.d + 0x3fffu - n.d + (c >> 14u);
  let e = x.e + 0x3fffu - n.e + (d >> 14u);
  let f = x.f + 0x3fffu - n.f + (e >> 14u);
  if ((f >> 14u) == 0u) { return x; }
  return Limbs(a & MASK, b & MASK, c & MASK, d & MASK, e & MASK, f & MASK);
}

/// q of the k that lies `offset` after the unit's first.
fn candidate(offset: u32) -> Limbs {
  let low = offset & MASK;
  let high = offset >> 14u;
  return carried(
    params.baseA.x + low * params.twoP.x,
    params.baseA.y + low * params.twoP.y + high * params.twoP.x,
    params.baseA.z + low * params.twoP.z + high * params.twoP.y,
    params.baseA.w + high * params.twoP.z,
    params.baseB.x,
    params.baseB.y,
  );
}

/// 2^power, power < 84.
fn powerOfTwo(power: u32) -> Limbs {
  let limb = power / 14u;
  let bit = 1u << (power % 14u);
  return Limbs(
    select(0u, bit, limb == 0u),
    select(0u, bit, limb == 1u),
    select(0u, bit, limb == 2u),
    select(0u, bit, limb == 3u),
    select(0u, bit, limb == 4u),
    select(0u, bit, limb == 5u),
  );
}

/// 2^p mod n, canonical.
fn residue(n: Limbs) -> Limbs {
  var y = (n.a * 3u) ^ 2u; // 1/n mod 2^5, then 2^10, 2^20
  y = y * (2u - n.a * y);
  y = y * (2u - n.a * y);
  let inv = (0u - y) & MASK;
  var x = powerOfTwo(params.ladder.x);
  let doublings = min(params.ladder.y, 96u);
  for (var i = 0u; i < doublings; i++) { x = reduced(twice(x), n); }
  for (var bit = min(params.ladder.z, 31u); bit > 0u; bit--) {
    x = square(x, n, inv);
    if (((params.ladder.w >> (bit - 1u)) & 1u) == 1u) { x = twice(x); }
  }
  return reduced(reduced(x, twice(n)), n);
}

/// Adds one candidate to the workgroup's sums, and to the slot if it divides 2^p − 1.
fn account(offset: u32) {
  let x = residue(candidate(offset));
  let w0 = x.a | (x.b << 14u) | (x.c << 28u);
  let w1 = (x.c >> 4u) | (x.d << 10u) | (x.e << 24u);
  let w2 = (x.e >> 8u) | (x.f << 6u);
  var h = w0 + (params.baseB.z + offset) * 0x9e3779b1u;
  h = (h ^ (h >> 15u)) * 0x85ebca77u;
  h = (h ^ (h >> 13u)) + w1;
  h = h * 0xc2b2ae3du;
  h = (h ^ (h >> 16u)) + w2;
  h = h * 0x27d4eb2fu;
  h = h ^ (h >> 15u);
  var g = (h ^ w1) * 0x165667b1u + w0;
  g = (g ^ (g >> 16u)) * 0x9e3779b1u;
  g = g ^ (g >> 13u);
  atomicAdd(&sums[0], h);
  atomicAdd(&sums[1], g);
  if (w0 == 1u && w1 == 0u && w2 == 0u) {
    let slot = params.place.w;
    atomicAdd(&out[slot], 1u);
    // Of each sixty-fourth the smallest offset: the same whatever the order of arrival.
    atomicMax(&out[slot + 4u + min(offset / params.sieve.z, 63u)], params.sieve.w - offset);
  }
}

/// The offset of the candidate that has `rank` others before it in the segment.
fn offsetOf(rank: u32, index0: u32) -> u32 {
  var low = 0u; // the first t with ranks[t] > rank
  for (var step = 128u; step > 0u; step = step >> 1u) {
    if (ranks[low + step - 1u] <= rank) { low += step; }
  }
  var skip = rank;
  if (low > 0u) { skip -= ranks[low - 1u]; }
  var word = 2u * low;
  var left = ~atomicLoad(&bits[word]);
  if (skip >= countOneBits(left)) {
    skip -= countOneBits(left);
    word += 1u;
    left = ~atomicLoad(&bits[word]);
  }
  for (var i = 0u; i < min(skip, 31u); i++) { left &= left - 1u; }
  let index = index0 + ((word & 255u) << 5u) + countTrailingZeros(left);
  return 4u * index + select(0u, params.baseB.w, word >= 256u);
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) t: u32) {
  let index0 = (params.place.z + group.x) * SEGMENT;
  for (var w = t; w < WORDS; w += THREADS) {
    let outside = index0 + ((w & 255u) << 5u) >= params.place.y;
    var start = select(0u, 0xffffffffu, outside);
    if (w == 0u && index0 == 0u && params.near.w == 1u) { start |= 1u; }
    atomicStore(&bits[w], start);
  }
  if (t < 2u) { atomicStore(&sums[t], 0u); }
  workgroupBarrier();

  for (var i = 0u; i < params.sieve.y; i++) { // small primes: all threads share one
    let hits = firstHits(i, index0);
    crossOut(0u, hits.x + t * hits.z, THREADS * hits.z);
    crossOut(1u, hits.y + t * hits.z, THREADS * hits.z);
  }
  for (var i = params.sieve.y + t; i < params.sieve.x; i += THREADS) { // the others: one each
    let hits = firstHits(i, index0);
    crossOut(0u, hits.x, hits.z);
    crossOut(1u, hits.y, hits.z);
  }
  workgroupBarrier();

  ranks[t] = countOneBits(~atomicLoad(&bits[2u * t])) + countOneBits(~atomicLoad(&bits[2u * t + 1u]));
  workgroupBarrier();
  for (var reach = 1u; reach < THREADS; reach = reach << 1u) {
    var before = 0u;
    if (t >= reach) { before = ranks[t - reach]; }
    workgroupBarrier();
    ranks[t] += before;
    workgroupBarrier();
  }

  let count = ranks[THREADS - 1u];
  for (var rank = t; rank < count; rank += THREADS) { account(offsetOf(rank, index0)); }
  workgroupBarrier();
  if (t == 0u) {
    atomicAdd(&out[params.place.w + 1u], count);
    atomicAdd(&out[params.place.w + 2u], atomicLoad(&sums[0]));
    atomicAdd(&out[params.place.w + 3u], atomicLoad(&sums[1]));
  }
}
