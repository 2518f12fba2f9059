/**
 * Which part of a cloth is looked at from close by, and where each of its stitches lies then. Pure: the painter, the
 * pointer and the twin in words all ask here.
 */

/** A look at some of a job's chunks: about `span` of them, `at` being in the middle. */
export interface Glance {
  readonly chunks: number;
  readonly span: number;
  readonly at: number;
}

/** The size of what is painted on, in CSS pixels. */
export interface Frame {
  readonly width: number;
  readonly height: number;
}

/** A glance laid out: rows of stitches, row 0 beginning with chunk 0; `top` is the row at the upper edge. */
export interface Lay {
  readonly chunks: number;
  /** Chunks in one stitch. */
  readonly each: number;
  readonly columns: number;
  /** Rows in sight. */
  readonly rows: number;
  readonly top: number;
  /** Size of a stitch, in CSS pixels. */
  readonly width: number;
  readonly height: number;
  /** The chunks in sight, [from, to). */
  readonly from: number;
  readonly to: number;
}

/** No more stitches than this at once: enough for a cloth, few enough for every frame. */
export const stitchesMax = 2048;
/** The closest look. */
export const spanMin = 6;
/** Width of a stitch ÷ its height, about. */
const aspect = 1.7;

/** All of a job. */
export function wholeOf(chunks: number): Glance {
  return { chunks, span: chunks, at: chunks / 2 };
}

/** Chunks in one stitch when so many are in sight: a power of two, so that looking closer divides stitches. */
function eachOf(span: number): number {
  let each = 1;
  while (span / each > stitchesMax) each *= 2;
  return each;
}

/** Lays a glance out in a frame. */
export function layOf({ chunks, span, at }: Glance, frame: Frame): Lay {
  const each = eachOf(span);
  const stitches = Math.max(1, span / each);
  const wished = Math.sqrt((stitches * frame.width) / (Math.max(1, frame.height) * aspect));
  const columns = Math.max(1, Math.min(Math.round(wished), Math.ceil(chunks / each)));
  const rows = Math.max(1, Math.round(stitches / columns));
  const all = Math.ceil(chunks / each / columns);
  const top = Math.max(0, Math.min(all - rows, at / each / columns - rows / 2));
  const inRow = columns * each;
  return {
    chunks,
    each,
    columns,
    rows,
    top,
    width: frame.width / columns,
    height: frame.height / rows,
    from: Math.floor(top) * inRow,
    to: Math.min(chunks, Math.ceil(top + rows) * inRow),
  };
}

/** The chunk under a point, the first one of its stitch. */
export function chunkAt(lay: Lay, x: number, y: number): number {
  const column = Math.max(0, Math.min(lay.columns - 1, Math.floor(x / lay.width)));
  const row = Math.max(0, Math.floor(y / lay.height + lay.top));
  return Math.min(lay.chunks - 1, (row * lay.columns + column) * lay.each);
}

/** Where a chunk's stitch lies: its left upper corner. */
export function placeOf(lay: Lay, chunk: number): { readonly x: number; readonly y: number } {
  const stitch = Math.floor(chunk / lay.each);
  const row = Math.floor(stitch / lay.columns);
  return { x: (stitch - row * lay.columns) * lay.width, y: (row - lay.top) * lay.height };
}

/** Looks closer (`factor` above 1) or from further away, with a chunk staying at the height where it is. */
export function closer(glance: Glance, factor: number, frame: Frame, chunk: number): Glance {
  const least = Math.min(glance.chunks, spanMin);
  const span = Math.max(least, Math.min(glance.chunks, glance.span / factor));
  if (span >= glance.chunks) return wholeOf(glance.chunks);
  const before = layOf(glance, frame);
  const seen = (placeOf(before, chunk).y + before.height / 2) / Math.max(1, frame.height);
  const next = { ...glance, span };
  const { each, columns, rows } = layOf(next, frame);
  // Whole rows: what is looked at from close by stands still and straight.
  const row = Math.floor(chunk / each / columns);
  const top = Math.round(row + 0.5 - Math.max(0, Math.min(1, seen)) * rows);
  return held(next, (top + rows / 2) * columns * each, frame);
}

/** Moves what is in sight by so many rows. */
export function moved(glance: Glance, rows: number, frame: Frame): Glance {
  const { each, columns } = layOf(glance, frame);
  return held(glance, glance.at + rows * columns * each, frame);
}

/** The same look, moved no further than needed to have a chunk in sight. */
export function showing(glance: Glance, chunk: number, frame: Frame): Glance {
  const lay = layOf(glance, frame);
  const row = Math.floor(Math.floor(chunk / lay.each) / lay.columns);
  if (row >= lay.top && row + 1 <= lay.top + lay.rows) return glance;
  const top = row < lay.top ? row : row + 1 - lay.rows;
  return held(glance, (top + lay.rows / 2) * lay.columns * lay.each, frame);
}

/** A middle beyond which nothing more comes into sight is no middle: the next move must be seen at once. */
function held(glance: Glance, at: number, frame: Frame): Glance {
  const { top, rows, columns, each } = layOf({ ...glance, at }, frame);
  return { ...glance, at: (top + rows / 2) * columns * each };
}

/** The chunks of a glance in at most `most` equal parts, for a table. */
export function partsOf(from: number, to: number, most: number): readonly (readonly [number, number])[] {
  const count = Math.min(most, to - from);
  return Array.from({ length: count }, (_, i): [number, number] => [
    from + Math.floor((i * (to - from)) / count),
    from + Math.floor(((i + 1) * (to - from)) / count),
  ]);
}
