/** Turns what fingers, mouse and wheel do on a canvas into moves: dragging, pinching, turning the wheel, pointing. */

/** What the gestures come to. Places are CSS pixels from the canvas's top left. */
export interface Moves {
  /** Dragged so many pixels downwards. */
  drag(pixels: number): void;
  /** Looked closer (above 1) or from further away around a place; false when that goes no further. */
  scale(factor: number, x: number, y: number): boolean;
  point(x: number, y: number): void;
  /** Pointed at twice. */
  enter(x: number, y: number): void;
}

/** Movement below this is pointing, not dragging. */
const stillPx = 6;
/** A wheel turned by so many pixels doubles the size. */
const doublePx = 240;

interface Finger {
  x: number;
  y: number;
}

/** Listens on a canvas; gives back how to stop. */
export function listen(canvas: HTMLCanvasElement, moves: Moves): () => void {
  const fingers = new Map<number, Finger>();
  let travelled = 0;
  const placeOf = (event: MouseEvent): Finger => placeOn(canvas, event);
  const down = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    if (fingers.size === 0) travelled = 0;
    fingers.set(event.pointerId, placeOf(event));
  };
  const move = (event: PointerEvent): void => {
    const before = fingers.get(event.pointerId);
    if (before === undefined) return;
    const now = placeOf(event);
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    travelled += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
    fingers.set(event.pointerId, now);
    if (other === undefined) {
      if (travelled >= stillPx) moves.drag(now.y - before.y);
      return;
    }
    const apart = (finger: Finger): number => Math.hypot(finger.x - other.x, finger.y - other.y);
    moves.scale(
      Math.max(1, apart(now)) / Math.max(1, apart(before)),
      (now.x + other.x) / 2,
      (now.y + other.y) / 2,
    );
  };
  const up = (event: PointerEvent): void => {
    const finger = fingers.get(event.pointerId);
    if (finger === undefined) return;
    if (event.type === 'pointerup' && fingers.size === 1 && travelled < stillPx)
      moves.point(finger.x, finger.y);
    fingers.delete(event.pointerId);
  };
  const wheel = (event: WheelEvent): void => turnWheel(canvas, moves, event);
  const twice = (event: MouseEvent): void => {
    const { x, y } = placeOf(event);
    moves.enter(x, y);
  };
  canvas.addEventListener('pointerdown', down);
  canvas.addEventListener('pointermove', move);
  canvas.addEventListener('pointerup', up);
  canvas.addEventListener('pointercancel', up);
  canvas.addEventListener('wheel', wheel, { passive: false });
  canvas.addEventListener('dblclick', twice);
  return () => {
    canvas.removeEventListener('pointerdown', down);
    canvas.removeEventListener('pointermove', move);
    canvas.removeEventListener('pointerup', up);
    canvas.removeEventListener('pointercancel', up);
    canvas.removeEventListener('wheel', wheel);
    canvas.removeEventListener('dblclick', twice);
  };
}

function placeOn(canvas: HTMLCanvasElement, { clientX, clientY }: MouseEvent): Finger {
  const { left, top } = canvas.getBoundingClientRect();
  return { x: clientX - left, y: clientY - top };
}

function turnWheel(canvas: HTMLCanvasElement, moves: Moves, event: WheelEvent): void {
  // A page is scrolled with the wheel: it looks closer only when asked to, by key or because the cloth was pointed at.
  if (!event.ctrlKey && !event.metaKey && document.activeElement !== canvas) return;
  const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
  // A pinched trackpad tells small steps.
  const pixels = Math.max(-240, Math.min(240, event.deltaY * lines * (event.ctrlKey ? 3 : 1)));
  const { x, y } = placeOn(canvas, event);
  if (moves.scale(2 ** (-pixels / doublePx), x, y) || event.ctrlKey) event.preventDefault();
}
