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
    const x = column * layout.width;
    const y = row * layout.height;
    paintWarp(ink, x, y, layout.width, layout.height, palette);
    if (bin >= layout.bins) continue;
    const share = (k: number): number => (cloth.shares[bin * 3 + k] ?? 0) / 255;
    const look = {
      x,
      y,
      width: layout.width,
      height: layout.height,
      leased: share(0),
      committed: share(1),
      final: share(2),
      dye: palette.shades[cloth.motif(column, row)],
      under: (column + row) % 2 === 1,
      mine: cloth.mine.has(bin),
    };
    paintStitch(ink, look, palette, settled);
  }
}

/** The ground of one stitch, with its thread of warp. */
export function paintWarp(
  ink: Ink,
  x: number,
  y: number,
  width: number,
  height: number,
  palette: Palette,
): void {
  ink.globalAlpha = 1;
  ink.fillStyle = palette.ground;
  ink.fillRect(x, y, width, height);
  ink.fillStyle = palette.warp;
  ink.fillRect(x + width / 2 - 0.5, y, 1, height);
}

/** One stitch: where it lies, what it shows, and how it is coloured. */
export interface StitchLook {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Shares of its chunks, 0 … 1; nothing is drawn of the rest. */
  readonly leased: number;
  readonly committed: number;
  readonly final: number;
  readonly dye: string;
  /** Every other stitch lies a little deeper: over and under. */
  readonly under: boolean;
  readonly mine: boolean;
}

/** Paints one stitch over the ground; `settled` from 0 to 1 lets it come in. */
export function paintStitch(ink: Ink, look: StitchLook, palette: Palette, settled: number): void {
  const { x, y, width, height, leased, committed, final, dye } = look;
  // From close by, stitches stand a little apart and are drawn with a stronger thread.
  const gap = height > 30 ? Math.min(4, height * 0.05) : Math.min(0.75, height * 0.08);
  const thread = Math.max(1, Math.min(3, height / 30));
  const inner = width - 2 * gap;
  const top = y + gap;
  const tall = height - 2 * gap;
  let at = x + gap;
  ink.globalAlpha = settled;
  if (final > 0) {
    lozenge(ink, at, top, inner * final, tall, dye);
    if (look.under) {
      ink.globalAlpha = settled * 0.22;
      lozenge(ink, at, top, inner * final, tall, palette.ground);
      ink.globalAlpha = settled;
    }
    at += inner * final;
  }
  if (committed > 0) outline(ink, at, top, inner * committed, tall, dye, thread);
  at += inner * committed;
  if (leased > 0) {
    ink.globalAlpha = settled * 0.55;
    ink.fillStyle = dye;
    ink.fillRect(at, y + height / 2 - thread / 2, inner * leased, thread);
  }
  if (look.mine && final > 0) {
    ink.globalAlpha = settled;
    ink.fillStyle = palette.mine;
    const thick = Math.min(6, Math.max(1.2, height * 0.2));
    ink.fillRect(x + width * 0.22, y + height / 2 - thick / 2, width * 0.56, thick);
  }
}

function roundness(width: number, height: number): number {
  return Math.min(12, Math.min(width, height) / 2.4);
}

function lozenge(ink: Ink, x: number, y: number, width: number, height: number, colour: string): void {
  ink.fillStyle = colour;
  ink.beginPath();
  ink.roundRect(x, y, width, height, roundness(width, height));
  ink.fill();
}

function outline(
  ink: Ink,
  x: number,
  y: number,
  width: number,
  height: number,
  colour: string,
  thread: number,
): void {
  ink.strokeStyle = colour;
  ink.lineWidth = thread;
  const wide = Math.max(1, width - thread);
  const tall = Math.max(1, height - thread);
  ink.beginPath();
  ink.roundRect(x + thread / 2, y + thread / 2, wide, tall, roundness(width, height));
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
