/**
 * SHA-256 (FIPS 180-4) of many short messages, four side by side in the lanes of one vector: the digests of a chunk's units, the
 * links of sessions' chains, a tick's tree of receipts. One call for all of them, where the platform's hash costs a call and two
 * objects for each.
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

/** The padding of a message of so many bytes. */
function pad(at: usize, length: i32, blocks: i32): void {
  memory.fill(at + length, 0, (blocks << 6) - length);
  store<u8>(at + length, 0x80);
  store<u32>(at + (blocks << 6) - 4, bswap<u32>(<u32>length << 3));
}

/** Writes prefix ‖ unit ‖ output with its padding into a lane's message; says how many blocks that is. */
function lay(lane: i32, prefix: usize, prefixBytes: i32, unit: i64, output: usize, outputBytes: i32): i32 {
  const at = messages + (<usize>lane) * <usize>messageMax;
  const length = prefixBytes + 8 + outputBytes;
  const blocks = (length + 9 + 63) >> 6;
  memory.copy(at, prefix, prefixBytes);
  store<i64>(at + prefixBytes, bswap<i64>(unit));
  memory.copy(at + prefixBytes + 8, output, outputBytes);
  pad(at, length, blocks);
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

/** A message that lies at `message`, with its padding; says how many blocks that is. */
function layPlain(lane: i32, message: usize, bytes: i32): i32 {
  const at = messages + (<usize>lane) * <usize>messageMax;
  const blocks = (bytes + 9 + 63) >> 6;
  memory.copy(at, message, bytes);
  pad(at, bytes, blocks);
  return blocks;
}

/** Digest of one lane, to `out`. */
function put(lane: i32, out: usize): void {
  for (let i = 0; i < 32; i += 4) store<u32>(out + i, bswap<u32>(load<u32>(state + (i << 2) + (lane << 2))));
}

/**
 * Digests, 32 bytes each, of `count` messages that lie one after the other at `at`; `lengths` holds a little-endian u32 for each, at
 * most `outputMax(0)`. `out` may not lie among the messages.
 */
export function digests(count: i32, lengths: usize, at: usize, out: usize): void {
  for (let from = 0; from < count;) {
    let length = load<i32>(lengths + (from << 2));
    const blocks = layPlain(0, at, length);
    at += length;
    let lanes = 1;
    while (lanes < 4 && from + lanes < count) {
      length = load<i32>(lengths + ((from + lanes) << 2));
      if ((length + 9 + 63) >> 6 != blocks) break;
      layPlain(lanes, at, length);
      at += length;
      lanes++;
    }
    hashFour(blocks);
    for (let lane = 0; lane < lanes; lane++) put(lane, out + <usize>((from + lane) << 5));
    from += lanes;
  }
}

/**
 * All levels of a tree above `count` digests that lie at `at` (RFC 9162: a node is SHA-256(0x01 ‖ left ‖ right), one without a neighbour
 * moves up as it is). Each level is written behind the one below it; says how many digests there are in all.
 */
export function levels(count: i32, at: usize): i32 {
  let all = count;
  while (count > 1) {
    const above = at + <usize>(count << 5);
    const pairs = count >> 1;
    for (let from = 0; from < pairs; from += 4) {
      const lanes = min(4, pairs - from);
      for (let lane = 0; lane < lanes; lane++) {
        const message = messages + (<usize>lane) * <usize>messageMax;
        store<u8>(message, 1);
        memory.copy(message + 1, at + <usize>((from + lane) << 6), 64);
        pad(message, 65, 2);
      }
      hashFour(2);
      for (let lane = 0; lane < lanes; lane++) put(lane, above + <usize>((from + lane) << 5));
    }
    if ((count & 1) != 0) memory.copy(above + <usize>(pairs << 5), at + <usize>((count - 1) << 5), 32);
    count = (count + 1) >> 1;
    all += count;
    at = above;
  }
  return all;
}

/** So many bytes, a multiple of 16, in lower-case hexadecimal. */
export function hex(bytes: usize, count: i32, out: usize): void {
  const digits = i8x16(48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 97, 98, 99, 100, 101, 102);
  for (let i = 0; i < count; i += 16) {
    const all = v128.load(bytes + i);
    const high = v128.swizzle(digits, i8x16.shr_u(all, 4));
    const low = v128.swizzle(digits, v128.and(all, i8x16.splat(15)));
    v128.store(out + (i << 1), v128.shuffle<i8>(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
    v128.store(
      out + (i << 1) + 16,
      v128.shuffle<i8>(high, low, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31),
    );
  }
}
