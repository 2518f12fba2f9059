/**
 * Weaves an ornament from an id: symmetric like the sashes of the Baltic, the Andes and Miao embroidery, the
 * same for the same id everywhere. Nobody chooses it, so it cannot be chosen to offend. Pure.
 */

/** The dyes of the house, as the style sheet names them. */
export const dyes = ['madder', 'woad', 'moss', 'walnut', 'weld'] as const;
export type Dye = (typeof dyes)[number];

/** A square of stitches: 0 = bare linen, 1 and 2 = the two dyes. */
export interface Ornament {
  readonly side: number;
  readonly stitches: Uint8Array;
  readonly dyes: readonly [Dye, Dye];
}

/** FNV-1a, 32 bits. */
export function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}

/** A stream of 32-bit numbers from a seed (mulberry32). */
export function numbersFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** The dye of a kernel: the same for all its versions. Weld is kept for my own stitches. */
export function dyeOf(kernel: string): Dye {
  const name = kernel.split('@')[0] ?? kernel;
  return dyes[seedOf(`thread ${name}`) % 4] ?? 'woad';
}

const side = 15;
const middle = (side - 1) / 2;

/** The ornament of an account, device or site. */
export function ornamentOf(id: string): Ornament {
  const next = numbersFrom(seedOf(id));
  const first = dyes[next() % 4] ?? 'madder';
  const others = dyes.filter((dye) => dye !== first);
  const second = others[next() % others.length] ?? 'weld';
  // Lozenges around the middle, squares around the middle, and arms along the diagonals: what sashes are made of.
  const lozenge = ringFrom(next, 2 * middle + 1);
  const square = ringFrom(next, middle + 1);
  const arms = next();
  const reach = middle + 1 + (next() % (middle - 1));
  const stitches = new Uint8Array(side * side);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const x = Math.abs(column - middle);
      const y = Math.abs(row - middle);
      stitches[row * side + column] = stitchAt(x, y, { lozenge, square, arms, reach });
    }
  }
  return { side, stitches, dyes: [first, second] };
}

interface Rule {
  readonly lozenge: Uint8Array;
  readonly square: Uint8Array;
  readonly arms: number;
  readonly reach: number;
}

function stitchAt(x: number, y: number, { lozenge, square, arms, reach }: Rule): number {
  const ring = x + y;
  if (ring <= reach) return ((lozenge[ring] ?? 0) + ((arms >>> Math.min(x, y)) & 1 && x !== y ? 1 : 0)) % 3;
  // Corners beyond the lozenge: hooks that follow the square's edge.
  const corner = square[Math.max(x, y)] ?? 0;
  return (arms >>> (8 + Math.min(x, y))) & 1 ? corner : 0;
}

/** A run of stitch colours in which neighbours differ, so that rings stay visible. */
function ringFrom(next: () => number, length: number): Uint8Array {
  const ring = new Uint8Array(length);
  let last = next() % 3;
  for (let i = 0; i < length; i++) {
    last = (last + 1 + (next() % 2)) % 3;
    ring[i] = last;
  }
  return ring;
}

/** The stitches of one colour as an SVG path, runs joined, each stitch one unit. */
export function pathOf(ornament: Ornament, colour: number): string {
  let path = '';
  for (let row = 0; row < ornament.side; row++) {
    for (let column = 0; column < ornament.side; column++) {
      if (ornament.stitches[row * ornament.side + column] !== colour) continue;
      const from = column;
      while (column + 1 < ornament.side && ornament.stitches[row * ornament.side + column + 1] === colour)
        column++;
      path += `M${from} ${row}h${column - from + 1}v1h${from - column - 1}z`;
    }
  }
  return path;
}
