/** How many submissions a GPU is given at once, when they are long, short, and when they fail. */

import { describe, expect, it } from 'vitest';
import { GpuQueue, inFlightMax } from '../../workers/gpu-queue.ts';

/** Asks for so many places, and counts who has one. */
function asked(queue: GpuQueue, places: number): { inside: number } {
  const count = { inside: 0 };
  for (let i = 0; i < places; i++) void queue.room().then(() => (count.inside += 1));
  return count;
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

describe('a GPU has before it', () => {
  it('two submissions until it is known how long they take, and while they are long', async () => {
    const queue = new GpuQueue();
    const count = asked(queue, 20);
    await settled();
    expect(count.inside).toBe(2);
    queue.done(60);
    await settled();
    expect(count.inside).toBe(3);
  });

  it('more while they are soon through, up to a bound, and fewer again once they are not', async () => {
    const queue = new GpuQueue();
    const count = asked(queue, 40);
    await settled();
    queue.done(3);
    await settled();
    expect(count.inside).toBe(1 + inFlightMax);
    for (let i = 0; i < inFlightMax - 2; i++) queue.done(80);
    await settled();
    expect(count.inside).toBe(1 + inFlightMax);
    queue.done(80);
    await settled();
    expect(count.inside).toBe(2 + inFlightMax);
  });

  it('the next one also after one that came to nothing', async () => {
    const queue = new GpuQueue();
    const count = asked(queue, 3);
    await settled();
    queue.done(null);
    await settled();
    expect(count.inside).toBe(3);
  });
});
