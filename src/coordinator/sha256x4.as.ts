/**
 * Checks the digests of a chunk's units with SHA-256 (FIPS 180-4), four units side by side in the lanes of one vector:
 * one call for a chunk, where the platform's hash costs a call and two objects for each unit.
 *
 * The caller lays everything out in this module's memory behind `room()` and says where it is.
 */

// prettier-ignore
const K: StaticArray<u32> = [
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];

/** The message schedule of four blocks, and the four padded messages. */
const schedule: usize = memory.data(64 * 16, 16);
const state: usize = memory.data(8 * 16, 16);
/** A message is at most so long, prefix and padding included. */
const messageMax: i32 = 16384;
const messages: usize = memory.data(4 * 16384, 16);

/** Where the caller may write, up to the end of memory. */
export function room(): usize {
  return (__heap_base + 15) & ~15;
}

/** The longest output that fits. */
export function outputMax(prefixBytes: i32): i32 {
  return messageMax - 72 - prefixBytes;
}

// @ts-ignore: decorators are AssemblyScript's
@inline
function rotr(x: v128, n: i32): v128 {
  return v128.or(i32x4.shr_u(x, n), i32x4.shl(x, 32 - n));
}

/** Writes prefix ‖ unit ‖ output with its padding into a lane's message; says how many blocks that is. */
function lay(lane: i32, prefix: usize, prefixBytes: i32, unit: i64, output: usize, outputBytes: i32): i32 {
  const at = messages + (<usize>lane) * <usize>messageMax;
  const length = prefixBytes + 8 + outputBytes;
  const blocks = (length + 9 + 63) >> 6;
  memory.copy(at, prefix, prefixBytes);
  store<i64>(at + prefixBytes, bswap<i64>(unit));
  memory.copy(at + prefixBytes + 8, output, outputBytes);
  memory.fill(at + length, 0, (blocks << 6) - length);
  store<u8>(at + length, 0x80);
  store<u32>(at + (blocks << 6) - 4, bswap<u32>(<u32>length << 3));
  return blocks;
}

/** One block of each lane, at `offset` of its message. */
function compress(offset: i32): void {
  for (let t = 0; t < 16; t++) {
    const at = messages + offset + (t << 2);
    let w = i32x4.splat(bswap<u32>(load<u32>(at)));
    w = i32x4.replace_lane(w, 1, bswap<u32>(load<u32>(at + messageMax)));
    w = i32x4.replace_lane(w, 2, bswap<u32>(load<u32>(at + 2 * messageMax)));
    w = i32x4.replace_lane(w, 3, bswap<u32>(load<u32>(at + 3 * messageMax)));
    v128.store(schedule + (t << 4), w);
  }
  for (let t = 16; t < 64; t++) {
    const at = schedule + (t << 4);
    const w15 = v128.load(at - 15 * 16);
    const w2 = v128.load(at - 2 * 16);
    const s0 = v128.xor(v128.xor(rotr(w15, 7), rotr(w15, 18)), i32x4.shr_u(w15, 3));
    const s1 = v128.xor(v128.xor(rotr(w2, 17), rotr(w2, 19)), i32x4.shr_u(w2, 10));
    v128.store(at, i32x4.add(i32x4.add(v128.load(at - 16 * 16), s0), i32x4.add(v128.load(at - 7 * 16), s1)));
  }
  let a = v128.load(state);
  let b = v128.load(state + 16);
  let c = v128.load(state + 32);
  let d = v128.load(state + 48);
  let e = v128.load(state + 64);
  let f = v128.load(state + 80);
  let g = v128.load(state + 96);
  let h = v128.load(state + 112);
  for (let t = 0; t < 64; t++) {
    const s1 = v128.xor(v128.xor(rotr(e, 6), rotr(e, 11)), rotr(e, 25));
    const ch = v128.xor(v128.and(e, f), v128.andnot(g, e));
    const kw = i32x4.add(i32x4.splat(unchecked(K[t])), v128.load(schedule + (t << 4)));
    const t1 = i32x4.add(i32x4.add(h, s1), i32x4.add(ch, kw));
    const s0 = v128.xor(v128.xor(rotr(a, 2), rotr(a, 13)), rotr(a, 22));
    const maj = v128.or(v128.and(a, b), v128.and(c, v128.or(a, b)));
    h = g;
    g = f;
    f = e;
    e = i32x4.add(d, t1);
    d = c;
    c = b;
    b = a;
    a = i32x4.add(t1, i32x4.add(s0, maj));
  }
  v128.store(state, i32x4.add(v128.load(state), a));
  v128.store(state + 16, i32x4.add(v128.load(state + 16), b));
  v128.store(state + 32, i32x4.add(v128.load(state + 32), c));
  v128.store(state + 48, i32x4.add(v128.load(state + 48), d));
  v128.store(state + 64, i32x4.add(v128.load(state + 64), e));
  v128.store(state + 80, i32x4.add(v128.load(state + 80), f));
  v128.store(state + 96, i32x4.add(v128.load(state + 96), g));
  v128.store(state + 112, i32x4.add(v128.load(state + 112), h));
}

/** The digests of four messages of `blocks` blocks each. */
function hashFour(blocks: i32): void {
  v128.store(state, i32x4.splat(0x6a09e667));
  v128.store(state + 16, i32x4.splat(0xbb67ae85));
  v128.store(state + 32, i32x4.splat(0x3c6ef372));
  v128.store(state + 48, i32x4.splat(0xa54ff53a));
  v128.store(state + 64, i32x4.splat(0x510e527f));
  v128.store(state + 80, i32x4.splat(0x9b05688c));
  v128.store(state + 96, i32x4.splat(0x1f83d9ab));
  v128.store(state + 112, i32x4.splat(0x5be0cd19));
  for (let block = 0; block < blocks; block++) compress(block << 6);
}

/**
 * The first of `count` units whose output does not make its digest, or −1. Unit numbers begin at `unitHigh` · 2^32 + `unitLow`; `lengths` holds a
 * little-endian u32 for each output, which lie one after the other at `outputs`; `digests` holds the first `width` bytes of
 * each digest (a multiple of 4).
 */
export function firstWrong(
  prefix: usize,
  prefixBytes: i32,
  unitHigh: u32,
  unitLow: u32,
  count: i32,
  lengths: usize,
  outputs: usize,
  digests: usize,
  width: i32,
): i32 {
  const unit = (<i64>unitHigh << 32) | <i64>unitLow;
  let at = outputs;
  for (let from = 0; from < count;) {
    const length = load<i32>(lengths + (from << 2));
    const blocks = lay(0, prefix, prefixBytes, unit + from, at, length);
    at += length;
    let lanes = 1;
    // Only outputs of one length go side by side; lanes that are left over hash what they held before.
    while (lanes < 4 && from + lanes < count && load<i32>(lengths + ((from + lanes) << 2)) == length) {
      lay(lanes, prefix, prefixBytes, unit + from + lanes, at, length);
      at += length;
      lanes++;
    }
    hashFour(blocks);
    for (let lane = 0; lane < lanes; lane++) {
      const claimed = digests + <usize>((from + lane) * width);
      for (let i = 0; i < width; i += 4)
        if (bswap<u32>(load<u32>(claimed + i)) != load<u32>(state + (i << 2) + (lane << 2))) return from + lane;
    }
    from += lanes;
  }
  return -1;
}
