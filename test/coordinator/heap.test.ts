/** Deadlines come out in their order, however they went in, and those of what is over make room. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DeadlineHeap } from '../../src/coordinator/heap.ts';

describe('deadlines', () => {
  test('come out in order, each with its own, in any mixture of coming and going', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat(50), { freq: 3 }), { maxLength: 200 }), (steps) => {
        const heap = new DeadlineHeap(() => true);
        const known: { time: number; id: number }[] = [];
        steps.forEach((time, id) => {
          if (time !== null) {
            heap.push(time, id);
            known.push({ time, id });
            return;
          }
          const first = Math.min(...known.map((one) => one.time));
          expect(heap.next).toBe(first);
          const popped = heap.pop();
          const at = known.findIndex((one) => one.id === popped && one.time === first);
          expect(at >= 0).toBe(known.length > 0);
          if (at >= 0) known.splice(at, 1);
        });
        expect(heap.size).toBe(known.length);
      }),
    );
  });

  test('of what is over are forgotten, of what is open none: it never holds more than twice as many, or four thousand', () => {
    const open = new Map<number, number>();
    const heap = new DeadlineHeap((id) => open.has(id));
    let most = 0;
    for (let id = 0; id < 100_000; id++) {
      // A time in a scattered order, far away; nearly all are over within a few thousand others.
      const time = 1e6 + ((id * 7_919) % 100_003);
      open.set(id, time);
      heap.push(time, id);
      if (id >= 3_000 && id % 50 !== 0) open.delete(id - 3_000 + (id % 7));
      most = Math.max(most, heap.size / Math.max(4_096, 2 * open.size));
    }
    expect(most).toBeLessThanOrEqual(1.01);
    const due: number[] = [];
    while (heap.size > 0) {
      const id = heap.pop() as number;
      if (open.has(id)) due.push(id);
    }
    expect(due).toEqual([...open].toSorted(([, a], [, b]) => a - b).map(([id]) => id));
  });
});
