/**
 * The meaning of path-trace@1: WebAssembly with the exports of kernel.ts and nothing imported.
 *
 * A unit is one tile of 8 × 8 pixels and one batch of samples. Each sample's radiance is clamped to 0…16 and
 * added up in units of 2^-13, so a unit's sums fit 32 bits and batches add in any order.
 * Only + − × ÷ √ on f32 and integers are used, and no NaN reaches the output: the bytes are the same everywhere.
 */

import { build, headU, reserve } from './scene.as';
import { prepareLight } from './trace.as';
import { blue, follow, green, red } from './shade.as';

const TILE: u32 = 8;
const OUTPUT_BYTES: i32 = 768;
const OUTPUT = memory.data(768, 16);
let ready: bool = false;
let stride: u64 = 1;

export function abi(): i32 {
  return 1;
}

export function input(len: i32): i32 {
  ready = false;
  return <i32>reserve(len);
}

export function prepare(): i32 {
  const code = build();
  ready = code == 0;
  if (ready) {
    prepareLight();
    stride = tileStride(<u64>tilesWide() * <u64>(headU(2) / TILE));
  }
  return code;
}

export function run(unit: i64): i32 {
  if (!ready) return -1;
  const tiles = <u64>tilesWide() * <u64>(headU(2) / TILE);
  if (<u64>unit >= tiles * <u64>headU(4)) return -2;
  const batch = <u32>(<u64>unit / tiles);
  // Tiles are visited with a stride near the golden ratio: any run of units is spread over the whole picture.
  const tile = <u32>((<u64>unit % tiles) * stride % tiles);
  const left = tile % tilesWide() * TILE;
  const above = tile / tilesWide() * TILE;
  for (let y: u32 = 0; y < TILE; y++) for (let x: u32 = 0; x < TILE; x++) {
    sum(left + x, above + y, batch, OUTPUT + <usize>(y * TILE + x) * 12);
  }
  return OUTPUT_BYTES;
}

export function output(): i32 {
  return <i32>OUTPUT;
}

// @ts-ignore: decorator
@inline
function tilesWide(): u32 {
  return headU(1) / TILE;
}

/** The whole number from 0.618 n upwards that has no divisor in common with n. */
function tileStride(n: u64): u64 {
  let s = n * 618 / 1000;
  if (s == 0) s = 1;
  while (common(s, n) != 1) s++;
  return s;
}

function common(a: u64, b: u64): u64 {
  let x = a;
  let y = b;
  while (y != 0) {
    const rest = x % y;
    x = y;
    y = rest;
  }
  return x;
}

function sum(px: u32, py: u32, batch: u32, to: usize): void {
  const samples = headU(3);
  const first = batch * samples;
  const pixel = py * headU(1) + px;
  let r: u32 = 0;
  let g: u32 = 0;
  let b: u32 = 0;
  for (let i: u32 = 0; i < samples; i++) {
    follow(pixel, px, py, first + i);
    r += fixed(red);
    g += fixed(green);
    b += fixed(blue);
  }
  store<u32>(to, r);
  store<u32>(to, g, 4);
  store<u32>(to, b, 8);
}

/** Radiance in units of 2^-13, rounded; negative or undefined = 0, above 16 = 16. */
// @ts-ignore: decorator
@inline
function fixed(v: f32): u32 {
  if (!(v > 0)) return 0;
  return <u32>(<i32>((v < <f32>16 ? v : <f32>16) * <f32>8192 + <f32>0.5));
}
