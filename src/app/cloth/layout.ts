/** Says where each stitch of a cloth lies and which shade it has. Pure: the painter and the text twin both ask here. */
import { numbersFrom, seedOf } from '../ornament.ts';

/** The coordinator draws at most this many bins, whatever the number of chunks. */
export const binsMax = 4096;
/** A job of few chunks gets several stitches for each, so that its cloth is a cloth too. */
const stitchesMin = 1600;
/** Width of a stitch ÷ its height, about. */
const aspect = 1.7;

export interface Layout {
  readonly bins: number;
  readonly columns: number;
  readonly rows: number;
  /** Size of one stitch, in CSS pixels. */
  readonly width: number;
  readonly height: number;
}

/** Lays `bins` out over a cloth of `width` × `height` CSS pixels, row by row from the top left. */
export function layOut(bins: number, width: number, height: number): Layout {
  const stitches = Math.max(1, bins) * Math.max(1, Math.ceil(stitchesMin / Math.max(1, bins)));
  const columns = Math.max(1, Math.round(Math.sqrt((stitches * width) / (height * aspect))));
  const rows = Math.ceil(stitches / columns);
  return { bins, columns, rows, width: width / columns, height: height / rows };
}

/** The stitches [from, to) of a bin: together they fill the whole rectangle. */
export function stitchesOf(
  { bins, columns, rows }: Layout,
  bin: number,
): readonly [from: number, to: number] {
  const all = columns * rows;
  const each = Math.max(1, bins);
  return [Math.ceil((bin * all) / each), Math.ceil(((bin + 1) * all) / each)];
}

/** The bin of the stitch under a point, in CSS pixels from the cloth's top left. */
export function binAt({ bins, columns, rows, width, height }: Layout, x: number, y: number): number {
  const stitch = Math.floor(y / height) * columns + Math.floor(x / width);
  return Math.max(0, Math.min(bins - 1, Math.floor((stitch * Math.max(1, bins)) / (columns * rows))));
}

/** The bin a chunk falls in. */
export function binOf(chunk: number, chunks: number): number {
  const bins = Math.min(chunks, binsMax);
  return Math.min(bins - 1, Math.floor((chunk * bins) / chunks));
}

/** The middle of a bin's first stitches, in CSS pixels from the cloth's top left. */
export function middleOf(layout: Layout, bin: number): { readonly x: number; readonly y: number } {
  const [from, to] = stitchesOf(layout, bin);
  const stitch = Math.floor((from + to - 1) / 2);
  const row = Math.floor(stitch / layout.columns);
  return { x: ((stitch % layout.columns) + 0.5) * layout.width, y: (row + 0.5) * layout.height };
}

/** The pattern a job is woven in: a shade 0, 1 or 2 for each place. The same job has the same cloth everywhere. */
export function motifOf(job: string): (column: number, row: number) => 0 | 1 | 2 {
  const next = numbersFrom(seedOf(`cloth ${job}`));
  const across = 8 + (next() % 5);
  const down = 6 + (next() % 4);
  const rings = Array.from({ length: across + down + 1 }, (): 0 | 1 | 2 => {
    const drawn = next() % 8;
    return drawn < 4 ? 0 : drawn < 7 ? 1 : 2;
  });
  rings[0] = 2;
  rings[across] = 2;
  return (column, row) => {
    const x = Math.abs((column % (2 * across)) - across);
    const y = Math.abs((row % (2 * down)) - down);
    return rings[x + y] ?? 0;
  };
}
