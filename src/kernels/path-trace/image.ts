/** Puts finished tiles together into a picture, and develops it: linear light to 8-bit sRGB with + − × ÷ √ only. */
import { FIXED_ONE, TILE, decodeHead, decodeOutput, place } from './codec.ts';
import type { Head } from './codec.ts';

/** Sums of all merged tiles. Whole numbers below 2^53, so the order of merging does not matter. */
export interface Picture {
  readonly head: Head;
  /** Red, green, blue for each pixel, in units of 1 / FIXED_ONE. */
  readonly sums: Float64Array;
  /** Samples that each pixel has so far. */
  readonly samples: Float64Array;
}

/** An empty picture for a job. Throws KernelInputError. */
export function emptyPicture(input: Uint8Array): Picture {
  const head = decodeHead(input);
  const pixels = head.width * head.height;
  return { head, sums: new Float64Array(pixels * 3), samples: new Float64Array(pixels) };
}

/** Adds one unit's output, in place. A unit must be merged once only. */
export function mergeTile(picture: Picture, unit: number, output: Uint8Array): void {
  const { head, sums, samples } = picture;
  const { left, top } = place(head, unit);
  const tile = decodeOutput(output);
  for (let i = 0; i < TILE * TILE; i++) {
    const pixel = (top + Math.floor(i / TILE)) * head.width + left + (i % TILE);
    samples[pixel] = (samples[pixel] ?? 0) + head.samplesPerUnit;
    for (let k = 0; k < 3; k++) sums[pixel * 3 + k] = (sums[pixel * 3 + k] ?? 0) + (tile[i * 3 + k] ?? 0);
  }
}

/** How a picture is developed. */
export interface Development {
  /** Radiance is multiplied by this first. */
  readonly exposure: number;
}

/** 8-bit RGBA, row by row; pixels without samples are transparent. */
export function develop(picture: Picture, { exposure }: Development): Uint8ClampedArray<ArrayBuffer> {
  const { sums, samples } = picture;
  const rgba = new Uint8ClampedArray(samples.length * 4);
  samples.forEach((count, pixel) => {
    if (count === 0) return;
    for (let k = 0; k < 3; k++) {
      const radiance = (sums[pixel * 3 + k] ?? 0) / (count * FIXED_ONE);
      rgba[pixel * 4 + k] = Math.floor(255 * srgb(film(radiance * exposure)) + 0.5);
    }
    rgba[pixel * 4 + 3] = 255;
  });
  return rgba;
}

/** A film-like curve: true up to the middle greys, a soft shoulder towards white (rational fit by K. Narkowicz, of ACES). */
export function film(x: number): number {
  const v = x * 0.8;
  const y = (v * (2.51 * v + 0.03)) / (v * (2.43 * v + 0.59) + 0.14);
  return y < 0 ? 0 : y > 1 ? 1 : y;
}

/**
 * The sRGB curve of IEC 61966-2-1 without `pow`: x^(1/2.4) = x^(5/12) from square roots and Newton's cube root.
 * `x` in 0…1.
 */
export function srgb(x: number): number {
  if (x <= 0.0031308) return 12.92 * x;
  const quarter = Math.sqrt(Math.sqrt(x));
  // x^(5/12) = x^(1/4) · x^(1/6); x^(1/6) is the cube root of √x.
  const root = Math.sqrt(x);
  let sixth = 1;
  for (let i = 0; i < 12; i++) sixth = (2 * sixth + root / (sixth * sixth)) / 3;
  return 1.055 * quarter * sixth - 0.055;
}
