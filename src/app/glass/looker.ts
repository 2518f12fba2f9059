/** Paints the part of a cloth that is looked at, frame by frame while something moves and not otherwise. */
import { motifOf } from '../cloth/layout.ts';
import { paintStitch, paintWarp, paletteOf } from '../cloth/paint.ts';
import type { Palette } from '../cloth/paint.ts';
import { layOf, placeOf } from './glance.ts';
import type { Frame, Glance, Lay } from './glance.ts';
import type { Pages } from './pages.ts';

const settleMs = 220;
const turnMs = 200;
/** From this size on a stitch has its chunk's number below it. */
const numberedMin = { width: 46, height: 34 };
const numberPx = 14;

/** What the last look was, on its way out while the next one is there already. */
interface Leaving {
  readonly image: OffscreenCanvas;
  readonly since: number;
  readonly factor: number;
  readonly x: number;
  readonly y: number;
}

export interface Shown {
  readonly job: string;
  readonly dye: string;
  readonly pages: Pages;
  readonly mine: ReadonlySet<number>;
  /** How a number is written. */
  readonly whole: (count: number) => string;
}

export class Looker {
  readonly #canvas: HTMLCanvasElement;
  readonly #ink: CanvasRenderingContext2D;
  readonly #shown: Shown;
  readonly #motif: (column: number, row: number) => 0 | 1 | 2;
  #glance: Glance;
  #chosen = 0;
  #palette: Palette;
  #ring = '';
  #leaving: Leaving | null = null;
  #due: number | null = null;
  #open = true;

  constructor(canvas: HTMLCanvasElement, ink: CanvasRenderingContext2D, shown: Shown, glance: Glance) {
    this.#canvas = canvas;
    this.#ink = ink;
    this.#shown = shown;
    this.#motif = motifOf(shown.job);
    this.#glance = glance;
    this.#palette = paletteOf(canvas, shown.dye);
    this.fit();
  }

  get frame(): Frame {
    return { width: this.#canvas.clientWidth, height: this.#canvas.clientHeight };
  }

  get lay(): Lay {
    return layOf(this.#glance, this.frame);
  }

  /** Size or theme may be another. */
  fit(): void {
    const { width, height } = this.frame;
    const scale = Math.min(3, window.devicePixelRatio);
    this.#canvas.width = Math.round(width * scale);
    this.#canvas.height = Math.round(height * scale);
    this.#palette = paletteOf(this.#canvas, this.#shown.dye);
    this.#ring = getComputedStyle(this.#canvas).color;
    this.#leaving = null;
    this.draw();
  }

  /** Shows another look, or another chunk chosen. A change of scale is seen as one: the old look grows or shrinks away. */
  show(glance: Glance, chosen: number, gently: boolean): void {
    const factor = this.#glance.span / glance.span;
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    if (gently && !calm && factor !== 1 && this.#canvas.width > 0) {
      const image = new OffscreenCanvas(this.#canvas.width, this.#canvas.height);
      image.getContext('2d')?.drawImage(this.#canvas, 0, 0);
      const { x, y } = placeOf(layOf(this.#glance, this.frame), chosen);
      this.#leaving = { image, since: performance.now(), factor: Math.sqrt(factor), x, y };
    }
    this.#glance = glance;
    this.#chosen = chosen;
    this.draw();
  }

  /** Paints with the next frame. */
  draw(): void {
    if (!this.#open) return;
    this.#due ??= requestAnimationFrame((now) => {
      this.#due = null;
      if (this.#paint(now)) this.draw();
    });
  }

  close(): void {
    this.#open = false;
    if (this.#due !== null) cancelAnimationFrame(this.#due);
  }

  /** Paints all; says whether something still moves. */
  #paint(now: number): boolean {
    const ink = this.#ink;
    const { width, height } = this.frame;
    const lay = layOf(this.#glance, { width, height });
    const scale = this.#canvas.width / Math.max(1, width);
    ink.setTransform(scale, 0, 0, scale, 0, 0);
    ink.globalAlpha = 1;
    ink.fillStyle = this.#palette.ground;
    ink.fillRect(0, 0, width, height);
    const numbered = lay.each === 1 && lay.width >= numberedMin.width && lay.height >= numberedMin.height;
    let moving = false;
    const last = Math.ceil(lay.top + lay.rows);
    for (let row = Math.floor(lay.top); row < last; row++)
      for (let column = 0; column < lay.columns; column++)
        moving = this.#stitch(lay, row, column, numbered, now) || moving;
    this.#ringAt(lay);
    return this.#leave(now) || moving;
  }

  #stitch(lay: Lay, row: number, column: number, numbered: boolean, now: number): boolean {
    const chunk = (row * lay.columns + column) * lay.each;
    const x = column * lay.width;
    const y = (row - lay.top) * lay.height;
    const height = lay.height - (numbered ? numberPx : 0);
    paintWarp(this.#ink, x, y, lay.width, lay.height, this.#palette);
    if (chunk >= lay.chunks) return false;
    if (numbered) this.#number(chunk, x + lay.width / 2, y + lay.height - 4, lay.width);
    const standing = this.#shown.pages.standing(lay.each, chunk);
    if (standing === null) return false;
    const { leased, committed, final, changedAt } = standing;
    const settled = changedAt === null ? 1 : Math.min(1, Math.max(0, (now - changedAt) / settleMs));
    const look = {
      x,
      y,
      width: lay.width,
      height,
      leased,
      committed,
      final,
      dye: this.#palette.shades[this.#motif(column, row)],
      under: (column + row) % 2 === 1,
      mine: this.#isMine(chunk, lay.each),
    };
    paintStitch(this.#ink, look, this.#palette, settled);
    return settled < 1;
  }

  #isMine(chunk: number, each: number): boolean {
    const { mine } = this.#shown;
    if (each === 1) return mine.has(chunk);
    if (each > mine.size) {
      for (const one of mine) if (one >= chunk && one < chunk + each) return true;
      return false;
    }
    for (let one = chunk; one < chunk + each; one++) if (mine.has(one)) return true;
    return false;
  }

  #number(chunk: number, x: number, y: number, room: number): void {
    const ink = this.#ink;
    ink.globalAlpha = 1;
    ink.fillStyle = this.#ring;
    ink.font = '11px system-ui, sans-serif';
    ink.textAlign = 'center';
    ink.fillText(this.#shown.whole(chunk + 1), x, y, room - 4);
  }

  /** A ring around the stitch of the chosen chunk, inside its place. */
  #ringAt(lay: Lay): void {
    const { x, y } = placeOf(lay, this.#chosen);
    const ink = this.#ink;
    ink.globalAlpha = 1;
    ink.strokeStyle = this.#ring;
    ink.lineWidth = 2;
    ink.beginPath();
    const wide = Math.max(8, lay.width);
    const tall = Math.max(8, lay.height);
    ink.roundRect(x - (wide - lay.width) / 2 + 1, y - (tall - lay.height) / 2 + 1, wide - 2, tall - 2, 4);
    ink.stroke();
  }

  #leave(now: number): boolean {
    if (this.#leaving === null) return false;
    const { image, since, factor, x, y } = this.#leaving;
    const done = (now - since) / turnMs;
    if (done >= 1) {
      this.#leaving = null;
      return false;
    }
    const { width, height } = this.frame;
    const grown = 1 + (factor - 1) * Math.max(0, done);
    this.#ink.globalAlpha = 1 - Math.max(0, done);
    this.#ink.drawImage(image, x - x * grown, y - y * grown, width * grown, height * grown);
    return true;
  }
}
