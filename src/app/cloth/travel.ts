/** What moves: a stitch on its way from my machine to the cloth, and new stitches settling in. Loaded when first needed. */
import type { Stitch } from '../../volunteer/store.ts';
import { paintBin } from './paint.ts';
import type { Cloth, Palette } from './paint.ts';

const travelMs = 240;
const settleMs = 220;
const travellersMax = 3;
let travellers = 0;

const calm = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** How much of the way is up to the cloth; the rest is across it. */
const risen = 0.6;

/**
 * Sends one stitch from the row of the worker that made it to its place in the cloth, then rests: straight up, where there are
 * no words as a rule and else behind them, then over the cloth.
 */
export function travel(
  canvas: HTMLCanvasElement,
  to: { readonly x: number; readonly y: number },
  stitch: Stitch,
): void {
  if (calm() || travellers >= travellersMax || document.hidden || stitch.state === 'lost') return;
  const cloth = canvas.getBoundingClientRect();
  const machine = document.querySelector('.thread-row.computing .thread')?.getBoundingClientRect();
  const seen = (box: DOMRect): boolean => box.bottom > 0 && box.top < innerHeight;
  if (machine === undefined || !seen(cloth) || !seen(machine)) return;
  const shuttle = document.createElement('i');
  shuttle.className = `shuttle ${stitch.state}`;
  shuttle.setAttribute('aria-hidden', 'true');
  document.body.append(shuttle);
  travellers++;
  const right = machine.right - shuttle.offsetWidth;
  const move = shuttle.animate(
    [
      { transform: at(right, machine.top), zIndex: -1 },
      { transform: at(right, cloth.bottom), zIndex: -1, offset: risen },
      { transform: at(right, cloth.bottom), zIndex: 1, offset: risen },
      { transform: at(cloth.left + to.x, cloth.top + to.y), zIndex: 1 },
    ],
    { duration: travelMs, easing: 'cubic-bezier(.3,.1,.3,1)' },
  );
  const rest = (): void => {
    travellers--;
    shuttle.remove();
  };
  move.finished.then(rest, rest);
}

function at(x: number, y: number): string {
  return `translate(${x}px, ${y}px)`;
}

/** Lets changed bins come in over a fifth of a second; at once for those who want no motion. */
export function settle(
  ink: CanvasRenderingContext2D,
  cloth: Cloth,
  palette: Palette,
  bins: readonly number[],
): void {
  if (calm() || document.hidden) {
    for (const bin of bins) paintBin(ink, cloth, palette, bin, 1);
    return;
  }
  const from = performance.now();
  const step = (now: number): void => {
    const settled = Math.min(1, (now - from) / settleMs);
    for (const bin of bins) paintBin(ink, cloth, palette, bin, settled);
    if (settled < 1) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}
