/** The GPU's pace on imaginary adapters of very different speed. */

import { describe, expect, it } from 'vitest';
import { GpuPace } from '../../workers/gpu-pace.ts';

/** Plays `units` units on an adapter that needs `unitMs` for one, and `costMs` beside for each submission. */
function play(
  unitMs: number,
  { units = 4000, costMs = 0.5, piecesMax = 64, unitsMax = 4096, joinedMax = 64, firstMs = 0 } = {},
) {
  const pace = new GpuPace({ piecesMax, unitsMax, joinedMax });
  const submissions: { ms: number; dispatchMs: number }[] = [];
  const batches: number[] = [];
  const joined: number[] = [];
  for (let left = units; left > 0;) {
    const plan = pace.plan(left);
    batches.push(plan.units);
    joined.push(plan.joined);
    left -= plan.units;
    for (let steps = plan.units * plan.pieces; steps > 0;) {
      // As the runner does: a dispatch is not cut, and there is at least one.
      const count = Math.min(steps, Math.max(pace.steps(steps, plan.pieces), plan.joined));
      const ms = (count / plan.pieces) * unitMs + costMs + (submissions.length === 0 ? firstMs : 0);
      submissions.push({ ms, dispatchMs: (Math.min(count, plan.joined) * unitMs) / plan.pieces });
      pace.observe(count, plan.pieces, ms);
      steps -= count;
    }
  }
  return {
    submissions,
    batches,
    joined,
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

  it('several units to a dispatch where one is short, and never where a unit is cut', () => {
    expect(Math.max(...play(0.02, { units: 20_000 }).joined)).toBe(64);
    expect(Math.max(...play(2, { units: 1000 }).joined)).toBeLessThanOrEqual(5);
    expect(Math.max(...play(70, { units: 100 }).joined)).toBe(1);
    expect(Math.max(...play(0.02, { units: 20_000, joinedMax: 1 }).joined)).toBe(1);
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
    const pace = new GpuPace({ piecesMax: 16, unitsMax: 4096, joinedMax: 64 });
    for (let i = 0; i < 30; i++)
      pace.observe(pace.plan(1000).units, pace.plan(1000).pieces, pace.plan(1000).units * 0.1);
    const fast = pace.batchUnits;
    for (let i = 0; i < 8; i++) pace.observe(pace.batchUnits, pace.plan(1000).pieces, pace.batchUnits * 5);
    expect(fast).toBeGreaterThan(100);
    expect(pace.batchUnits).toBeLessThanOrEqual(8);
  });
});
