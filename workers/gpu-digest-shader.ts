/**
 * SHA-256 (FIPS 180-4) in WGSL: each invocation digests one unit's output where it lies in its slot, behind a tag and the unit's number,
 * and writes the digest behind all slots.
 */

/** What stands before the unit in a message may be so long. */
export const tagBytesMax = 256;
/** Units to a workgroup. */
export const workgroup = 64;

/** The first 64 primes: where SHA-256 has its constants from (FIPS 180-4, 4.2.2 and 5.3.3). */
const primes: number[] = [];
for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p !== 0)) primes.push(n);

/** The first 32 bits behind the point. */
const fraction = (x: number): string => `${Math.floor((x % 1) * 2 ** 32)}u`;
const initial = primes.slice(0, 8).map((p) => fraction(Math.sqrt(p)));

/** All 64 rounds written out: a schedule that is indexed would not stay in registers. */
function rounds(): string {
  const lines: string[] = [];
  for (let t = 0; t < 64; t++) {
    const [a, b, c, d, e, f, g, h] = Array.from({ length: 8 }, (_, i) => 'abcdefgh'[(i - t) & 7]);
    const w = (back: number): string => `w${(t - back) & 15}`;
    if (t >= 16) {
      lines.push(
        `${w(16)} += turned(${w(15)}, 7u, 18u) ^ (${w(15)} >> 3u);`,
        `${w(16)} += ${w(7)} + (turned(${w(2)}, 17u, 19u) ^ (${w(2)} >> 10u));`,
      );
    }
    lines.push(
      `${h} += (turned(${e}, 6u, 11u) ^ turn(${e}, 25u)) + ((${e} & ${f}) ^ (~${e} & ${g})) + ${fraction(Math.cbrt(primes[t] as number))} + ${w(16)};`,
      `${d} += ${h};`,
      `${h} += (turned(${a}, 2u, 13u) ^ turn(${a}, 22u)) + ((${a} & ${b}) ^ (${a} & ${c}) ^ (${b} & ${c}));`,
    );
  }
  return lines.join('\n');
}

/** What it reads, and how a word of a message is made: shifted by what the tag's length leaves over. */
const reading = `
struct Params { unit_high: u32, unit_low: u32, tag_bytes: u32, words: u32, slot_words: u32, digest_words: u32, units: u32,
  word_max: u32, number: u32, tag: array<vec4<u32>, ${tagBytesMax / 16}> }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> slots: array<u32>;
fn turn(x: u32, by: u32) -> u32 { return (x >> by) | (x << (32u - by)); }
fn turned(x: u32, one: u32, other: u32) -> u32 { return turn(x, one) ^ turn(x, other); }
fn swapped(x: u32) -> u32 { return (turn(x, 8u) & 0xff00ff00u) | (turn(x, 24u) & 0x00ff00ffu); }
var<private> slot: u32;
var<private> before: u32;
var<private> odd: bool;
// The output's word that the message's word i begins with, or any: sixteen of them are asked for before the first is needed.
fn fetched(i: u32) -> u32 {
  let at = i - params.tag_bytes / 4u - 2u;
  return slots[slot * params.slot_words + select(0u, at, at < params.words)];
}
fn word(i: u32, last: u32, own: u32) -> u32 {
  let full = params.tag_bytes / 4u;
  let by = 8u * (params.tag_bytes % 4u);
  let at = i - full;
  let low = params.unit_low + slot;
  var x = select(0u, 0x80000000u, at == params.words + 2u);
  let is_own = at - 2u < params.words;
  x = select(x, swapped(own), is_own);
  odd = odd || (is_own && own > params.word_max);
  x = select(x, low, at == 1u);
  x = select(x, params.unit_high + select(0u, 1u, low < slot), at == 0u);
  x = select(x, 0u, i < full);
  let tagged = params.tag[min(i, ${tagBytesMax / 4 - 1}u) / 4u][i % 4u];
  let shifted = select((before << (32u - by)) | (x >> by), x, by == 0u);
  before = x;
  let here = select(0u, tagged, i < ${tagBytesMax / 4}u) | shifted;
  return select(here, 8u * (params.tag_bytes + 4u * params.words + 8u), i == last);
}`;

const letters = 'abcdefgh'.split('');
const sixteen = Array.from({ length: 16 }, (_, i) => i);

/** The shader. Everything that depends on a job is in its params: a device compiles it once. */
export function digestShader(): string {
  return `${reading}
@compute @workgroup_size(${workgroup}) fn main(@builtin(global_invocation_id) at: vec3<u32>) {
  slot = at.x;
  if (slot >= params.units) { return; }
  before = 0u;
  let blocks = (params.tag_bytes + 4u * params.words + 80u) / 64u;
  let last = 16u * blocks - 1u;
  ${letters.map((_, i) => `var h${i} = ${initial[i]};`).join(' ')}
  for (var block = 0u; block < blocks; block++) {
    ${sixteen.map((i) => `let r${i} = fetched(16u * block + ${i}u);`).join('\n')}
    ${sixteen.map((i) => `var w${i} = word(16u * block + ${i}u, last, r${i});`).join('\n')}
    ${letters.map((name, i) => `var ${name} = h${i};`).join(' ')}
    ${rounds()}
    ${letters.map((name, i) => `h${i} += ${name};`).join(' ')}
  }
  let digests = params.units * params.slot_words;
  if (odd) { slots[digests + params.units * params.digest_words] = params.number; }
  let out = digests + slot * params.digest_words;
  slots[out] = swapped(h0);
  slots[out + 1u] = swapped(h1);
  if (params.digest_words == 8u) {
    ${letters.map((_, i) => `slots[out + ${i}u] = swapped(h${i});`).join(' ')}
  }
}`;
}
