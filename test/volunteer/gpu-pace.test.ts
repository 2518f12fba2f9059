/** The GPU's pace on imaginary adapters of very different speed. */

import { describe, expect, it } from 'vitest';
import { GpuPace } from '../../workers/gpu-pace.ts';

/** Plays `units` units on an adapter that needs `unitMs` for one, and `costMs` beside for each submission. */
function play(
  unitMs: number,
  { units = 4000, costMs = 0.5, piecesMax = 64, unitsMax = 4096, firstMs = 0 } = {},
) {
  const pace = new GpuPace({ piecesMax, unitsMax });
  const submissions: { ms: number; dispatchMs: number }[] = [];
  const batches: number[] = [];
  for (let left = units; left > 0;) {
    const plan = pace.plan(left);
    batches.push(plan.units);
    left -= plan.units;
    for (let dispatches = plan.units * plan.pieces; dispatches > 0;) {
      const count = pace.dispatches(dispatches, plan.pieces);
      const ms = (count / plan.pieces) * unitMs + costMs + (submissions.length === 0 ? firstMs : 0);
      submissions.push({ ms, dispatchMs: unitMs / plan.pieces });
      pace.observe(count, plan.pieces, ms);
      dispatches -= count;
    }
  }
  return {
    submissions,
    batches,
    wallMs: submissions.reduce((sum, { ms }) => sum + ms, 0),
    usefulMs: units * unitMs,
  };
}

describe('the GPU is given work', () => {
  for (const unitMs of [0.02, 0.3, 2, 9, 25, 70, 300, 900]) {
    const units = Math.ceil(Math.max(60, 4000 / unitMs));
    it(`in submissions of about 30 ms when a unit takes ${unitMs} ms`, () => {
      const { submissions, wallMs, usefulMs } = play(unitMs, { units });
      expect(Math.max(...submissions.map(({ ms }) => ms))).toBeLessThan(65);
      expect(Math.max(...submissions.map(({ dispatchMs }) => dispatchMs))).toBeLessThan(25);
      expect(usefulMs / wallMs).toBeGreaterThan(0.9);
    });
  }

  it('in batches that grow with its speed', () => {
    expect(Math.max(...play(0.02, { units: 20_000 }).batches)).toBeGreaterThan(500);
    expect(Math.max(...play(300, { units: 50 }).batches)).toBe(1);
  });

  it('within the bounds of memory and of what is left', () => {
    const { batches } = play(0.01, { units: 1001, unitsMax: 10 });
    expect(Math.max(...batches)).toBeLessThanOrEqual(10);
    expect(batches.reduce((sum, count) => sum + count)).toBe(1001);
  });

  it('as usual soon after a first submission that took a second', () => {
    const { submissions } = play(1, { firstMs: 1000 });
    expect(submissions.findIndex(({ ms }, i) => i > 0 && ms > 20)).toBeLessThan(40);
  });

  it('carefully again when it slows down', () => {
    const pace = new GpuPace({ piecesMax: 16, unitsMax: 4096 });
    for (let i = 0; i < 30; i++)
      pace.observe(pace.plan(1000).units, pace.plan(1000).pieces, pace.plan(1000).units * 0.1);
    const fast = pace.batchUnits;
    for (let i = 0; i < 8; i++) pace.observe(pace.batchUnits, pace.plan(1000).pieces, pace.batchUnits * 5);
    expect(fast).toBeGreaterThan(100);
    expect(pace.batchUnits).toBeLessThanOrEqual(8);
  });
});
