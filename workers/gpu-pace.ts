/**
 * Decides how much a GPU is given at once. A submission should keep it busy for about 30 ms: long enough that
 * handing it over costs nothing, short enough that the screen still moves and no watchdog bites.
 *
 * The same rule serves a software adapter that needs 200 ms for a unit (the unit is cut in pieces) and a
 * graphics card that needs 20 µs (a thousand units go together, and several of them in one dispatch, since one
 * alone would leave most of the card idle). Pure: it is told what was measured.
 */

/** What a submission should take, in ms. */
const submissionMs = 30;
/** What one dispatch should take at most, in ms: it cannot be interrupted. */
const dispatchMs = 20;
/** What a dispatch of several units should take at most, in ms: a submission holds a few of them. */
const joinedMs = 10;
/** The most units times pieces in one batch: bounds the time that encoding and reading back takes. */
const stepsMax = 2048;

export interface GpuBounds {
  /** Into how many pieces the kernel lets a unit be cut. */
  readonly piecesMax: number;
  /** How many units fit into one batch's buffer. */
  readonly unitsMax: number;
  /** How many units one dispatch may compute. */
  readonly joinedMax: number;
}

/** Units that share a buffer and are read back together, each cut into so many pieces, or several whole ones to a dispatch. */
export interface GpuPlan {
  readonly units: number;
  readonly pieces: number;
  /** Units to a dispatch; 1 where units are cut. */
  readonly joined: number;
}

export class GpuPace {
  readonly #bounds: GpuBounds;
  /** What a whole unit costs, in ms: a moving average of what was measured. */
  #unitMs: number | null = null;
  /** The most of a unit's cost that the next submission may hold; doubles, so that one bad guess stays small. */
  #unitsNext: number;

  constructor(bounds: GpuBounds) {
    this.#bounds = bounds;
    this.#unitsNext = 1 / bounds.piecesMax;
  }

  /** How many units the next batch should have, in general. */
  get batchUnits(): number {
    return this.plan(Number.POSITIVE_INFINITY).units;
  }

  /** The next batch, of at most `unitsLeft` units. */
  plan(unitsLeft: number): GpuPlan {
    const { piecesMax, unitsMax, joinedMax } = this.#bounds;
    const unitMs = this.#unitMs;
    // Nothing measured yet: one unit, in the smallest steps there are.
    if (unitMs === null) return { units: 1, pieces: piecesMax, joined: 1 };
    const pieces = clamp(Math.ceil(unitMs / dispatchMs), 1, piecesMax);
    const wanted = Math.min(submissionMs / unitMs, this.#unitsNext, stepsMax / pieces, unitsMax, unitsLeft);
    const units = Math.max(1, Math.floor(wanted));
    const joined = pieces > 1 ? 1 : clamp(Math.floor(joinedMs / unitMs), 1, Math.min(joinedMax, units));
    return { units, pieces, joined };
  }

  /** How many of the `left` steps, pieces of units, the next submission should hold. */
  steps(left: number, pieces: number): number {
    const wanted =
      Math.min(this.#unitMs === null ? 0 : submissionMs / this.#unitMs, this.#unitsNext) * pieces;
    return clamp(Math.floor(wanted + 1e-9), 1, left);
  }

  /** A submission of so many steps kept the GPU busy for `ms`. */
  observe(steps: number, pieces: number, ms: number): void {
    const units = steps / pieces;
    const unitMs = Math.max(ms, 1e-3) / units;
    // The first submission may hold the driver's own compiling: what comes out far cheaper is believed at once.
    const before = this.#unitMs;
    this.#unitMs = before === null || unitMs < before / 4 ? unitMs : (before + unitMs) / 2;
    if (ms < submissionMs) this.#unitsNext = Math.max(this.#unitsNext, units * 2);
    else if (ms > 2 * submissionMs)
      this.#unitsNext = Math.max(1 / this.#bounds.piecesMax, (units * submissionMs) / ms);
  }
}

function clamp(value: number, min: number, max: number): number {
  return Math.max(min, Math.min(max, value));
}
