/** Paints a cloth on a canvas: bare warp, faint where leased, outlined where returned, full dye where verified. */
import { stitchesOf } from './layout.ts';
import type { Layout } from './layout.ts';

/** Colours as the style sheet says them, in the theme of the moment. */
export interface Palette {
  readonly ground: string;
  readonly warp: string;
  /** The dye, its lighter shade, and its darker one. */
  readonly shades: readonly [string, string, string];
  /** The thread that shines in my own stitches. */
  readonly mine: string;
}

export interface Cloth {
  readonly layout: Layout;
  /** Three bytes for each bin: share of its chunks leased, committed, final, 0 … 255. */
  readonly shares: Uint8Array;
  readonly mine: ReadonlySet<number>;
  readonly motif: (column: number, row: number) => 0 | 1 | 2;
}

type Ink = CanvasRenderingContext2D;

/** Paints ground, warp and every stitch. A few milliseconds for 4,096 bins. */
export function paintAll(ink: Ink, cloth: Cloth, palette: Palette): void {
  const { layout } = cloth;
  ink.globalAlpha = 1;
  ink.fillStyle = palette.ground;
  ink.fillRect(0, 0, layout.columns * layout.width, layout.rows * layout.height);
  for (let bin = 0; bin < Math.max(1, layout.bins); bin++) paintBin(ink, cloth, palette, bin, 1);
}

/** Paints one bin over its own ground; `settled` from 0 to 1 lets a new stitch come in. */
export function paintBin(ink: Ink, cloth: Cloth, palette: Palette, bin: number, settled: number): void {
  const { layout } = cloth;
  const [from, to] = stitchesOf(layout, bin);
  for (let stitch = from; stitch < to; stitch++) {
    const column = stitch % layout.columns;
    const row = Math.floor(stitch / layout.columns);
    paintStitch(ink, cloth, palette, bin, column, row, settled);
  }
}

function paintStitch(
  ink: Ink,
  cloth: Cloth,
  palette: Palette,
  bin: number,
  column: number,
  row: number,
  settled: number,
): void {
  const { width, height } = cloth.layout;
  const x = column * width;
  const y = row * height;
  ink.globalAlpha = 1;
  ink.fillStyle = palette.ground;
  ink.fillRect(x, y, width, height);
  ink.fillStyle = palette.warp;
  ink.fillRect(x + width / 2 - 0.5, y, 1, height);
  if (bin >= cloth.layout.bins) return;
  const [leased, committed, final] = [0, 1, 2].map((i) => (cloth.shares[bin * 3 + i] ?? 0) / 255) as [
    number,
    number,
    number,
  ];
  const dye = palette.shades[cloth.motif(column, row)];
  const gap = Math.min(0.75, height * 0.08);
  const inner = width - 2 * gap;
  const top = y + gap;
  const tall = height - 2 * gap;
  let at = x + gap;
  ink.globalAlpha = settled;
  if (final > 0) {
    lozenge(ink, at, top, inner * final, tall, dye);
    // Every other stitch lies a little deeper: over and under.
    if ((column + row) % 2 === 1) {
      ink.globalAlpha = settled * 0.22;
      lozenge(ink, at, top, inner * final, tall, palette.ground);
      ink.globalAlpha = settled;
    }
    at += inner * final;
  }
  if (committed > 0) outline(ink, at, top, inner * committed, tall, dye);
  at += inner * committed;
  if (leased > 0) {
    ink.globalAlpha = settled * 0.55;
    ink.fillStyle = dye;
    ink.fillRect(at, y + height / 2 - 0.5, inner * leased, 1);
  }
  if (cloth.mine.has(bin) && final > 0) {
    ink.globalAlpha = settled;
    ink.fillStyle = palette.mine;
    ink.fillRect(
      x + width * 0.22,
      y + height / 2 - Math.max(0.6, height * 0.1),
      width * 0.56,
      Math.max(1.2, height * 0.2),
    );
  }
}

function lozenge(ink: Ink, x: number, y: number, width: number, height: number, colour: string): void {
  ink.fillStyle = colour;
  ink.beginPath();
  ink.roundRect(x, y, width, height, Math.min(width, height) / 2.4);
  ink.fill();
}

function outline(ink: Ink, x: number, y: number, width: number, height: number, colour: string): void {
  ink.strokeStyle = colour;
  ink.lineWidth = 1;
  ink.beginPath();
  ink.roundRect(
    x + 0.5,
    y + 0.5,
    Math.max(1, width - 1),
    Math.max(1, height - 1),
    Math.min(width, height) / 2.4,
  );
  ink.stroke();
}

/** The palette of a dye, from the custom properties of the element. */
export function paletteOf(element: Element, dye: string): Palette {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim() || 'GrayText';
  return {
    ground: colour('cloth'),
    warp: colour('warp'),
    shades: [colour(dye), colour(`${dye}-light`), colour(`${dye}-deep`)],
    mine: colour('shine'),
  };
}
