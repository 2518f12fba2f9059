/** Ticks in two stages: in order, told when durable themselves, lost together; and what is at rest stays so until it was seen. */
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { MemoryLog } from '../../src/coordinator/log-memory.ts';
import { Pipeline } from '../../src/coordinator/pipeline.ts';
import { readRecord } from '../../src/coordinator/record.ts';
import type { Entry } from '../../src/core/state.ts';
import { troubled } from '../contract/log-slow.ts';
import { cheapInput } from './cheap.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';
import { answerOf, identity, outputsOf, Scripted } from './volunteer.ts';

interface Tick {
  readonly orders: number[];
}

/** Orders that are numbers, and a store whose writes end when the test says so. */
function world() {
  const queue: number[] = [];
  const state: number[] = [];
  const told: number[][] = [];
  const lost: number[] = [];
  const fatal: unknown[] = [];
  const writes: ((isStored: boolean) => void)[] = [];
  const mood = { wantsRest: false, rests: 0, fullAt: 100 };
  const pipeline = new Pipeline<Tick>({
    hasWork: () => queue.length > 0,
    decide: (open) => {
      const tick = open ?? { orders: [] };
      for (const order of queue.splice(0, mood.fullAt - tick.orders.length)) {
        tick.orders.push(order);
        state.push(order);
      }
      return tick;
    },
    isFull: ({ orders }) => orders.length >= mood.fullAt,
    store: () => new Promise((done) => void writes.push(done)),
    tell: ({ orders }) => void told.push(orders),
    lose: async (ticks) => {
      await turn();
      lost.push(...ticks.flatMap(({ orders }) => orders));
      state.splice(0, state.length, ...told.flat());
    },
    wantsRest: () => mood.wantsRest,
    atRest: () => {
      mood.wantsRest = false;
      mood.rests++;
    },
    onFatal: (error) => void fatal.push(error),
  });
  const order = async (...numbers: number[]): Promise<void> => {
    queue.push(...numbers);
    pipeline.wake();
    await turn();
    await turn();
  };
  const stored = async (isStored = true): Promise<void> => {
    writes.shift()?.(isStored);
    for (let i = 0; i < 4; i++) await turn();
  };
  return { pipeline, queue, state, told, lost, fatal, writes, mood, order, stored };
}

describe('two stages', () => {
  test('while one tick is stored the next is decided, and each is told when it is durable itself', async () => {
    const { order, stored, state, told, writes } = world();
    await order(1, 2);
    await order(3);
    await order(4);
    expect(state).toEqual([1, 2, 3, 4]);
    expect([told, writes.length]).toEqual([[], 1]);
    await stored();
    // What was decided meanwhile is one tick, and on its way at once.
    expect([told, writes.length]).toEqual([[[1, 2]], 1]);
    await order(5);
    await stored();
    await stored();
    expect(told).toEqual([[1, 2], [3, 4], [5]]);
  });

  test('a tick that is full takes no more; the rest is decided when it is on its way', async () => {
    const { order, stored, state, told, mood } = world();
    mood.fullAt = 2;
    await order(1, 2, 3, 4, 5);
    expect(state).toEqual([1, 2, 3, 4]);
    await stored();
    expect(state).toEqual([1, 2, 3, 4, 5]);
    await stored();
    await stored();
    expect(told).toEqual([[1, 2], [3, 4], [5]]);
  });

  test('where one cannot be stored the next is lost with it, and nothing of either is told', async () => {
    const { order, stored, state, told, lost, queue } = world();
    await order(1);
    await stored();
    await order(2);
    await order(3);
    await stored(false);
    expect([told, lost, state]).toEqual([[[1]], [2, 3], [1]]);
    await order(4);
    await stored();
    expect([told, state, queue]).toEqual([[[1], [4]], [1, 4], []]);
  });

  test('who waits for rest sees what is durable and nothing else, however much there is to do', async () => {
    const { pipeline, order, stored, state, told } = world();
    await pipeline.rest();
    await order(1);
    await order(2);
    let seen: number[] | null = null;
    const resting = pipeline.rest().then(() => void (seen = [...state]));
    // This must wait: it would be seen, and is not durable.
    await order(3);
    expect(state).toEqual([1, 2]);
    await stored();
    expect(seen).toBeNull();
    await stored();
    await resting;
    expect([seen, told.flat()]).toEqual([
      [1, 2],
      [1, 2],
    ]);
    await stored();
    expect(told.flat()).toEqual([1, 2, 3]);
  });

  test('what must be done at rest is done, once, and then it goes on', async () => {
    const { order, stored, mood, told } = world();
    await order(1);
    mood.wantsRest = true;
    await order(2);
    expect(mood.rests).toBe(0);
    await stored();
    expect(mood.rests).toBe(1);
    await stored();
    expect([told, mood.rests]).toEqual([[[1], [2]], 1]);
  });

  test('a fault of ours is told, and nothing hangs in silence', async () => {
    const { pipeline, fatal, queue } = world();
    Object.defineProperty(queue, 'splice', {
      value: () => {
        throw new Error('our bug');
      },
    });
    queue.push(1);
    pipeline.wake();
    await turn();
    await turn();
    expect(String(fatal[0])).toContain('our bug');
  });
});

describe('a welcome, while the store is slow', () => {
  let house: Started | null = null;
  afterEach(() => house?.close());

  test('[WR4] tells the balance as of the tick that it names, exactly, in the middle of being paid', async () => {
    const log = new MemoryLog();
    const slow = troubled(log, { trouble: { delayMs: 15, failOneIn: 0, seed: 1 }, down: null });
    house = await started({
      log: { ...slow, answer: (replica) => sleep(7).then(() => log.answer(replica)) },
    });
    const job = await house.job({ units: 4_000, unitsPerChunk: 1, quorum: 1 });
    const outputs = (chunk: number): Buffer[] => outputsOf(cheapInput(job.units), chunk, chunk + 1);
    const who = identity();
    const welcomes: { asOf: number; has: number }[] = [];
    for (let round = 0; round < 12; round++) {
      const one = new Scripted(house.url, who);
      const { creditMicro } = await one.signIn({ holding: [1e9] });
      welcomes.push({ asOf: creditMicro.asOf, has: creditMicro.pending + creditMicro.vested });
      const { lease, chunk, count } = await one.leaseOf('cheap@1');
      // One by one, so that some of them are in every tick while the next connection signs in.
      void (async () => {
        for (let i = 0; i < Math.min(count, 25) && one.ws.readyState === one.ws.OPEN; i++) {
          one.commit([answerOf(job.job, job.agreement, lease + i, chunk + i, outputs(chunk + i))]);
          await sleep(3);
        }
      })();
      await sleep(40);
    }
    const paid = new Map<number, number>();
    for (const { tick, record } of await log.read(0, 10_000)) {
      const entries = readRecord(record).events.flatMap((event) => ('entries' in event ? event.entries : []));
      const own = ({ to }: Entry): boolean =>
        to === `vested:${who.account}` || to === `pending:${who.account}`;
      paid.set(
        tick,
        entries.filter(own).reduce((sum, { amountMicro }) => sum + amountMicro, 0),
      );
    }
    for (const { asOf, has } of welcomes) {
      let sum = 0;
      for (const [tick, amount] of paid) if (tick <= asOf) sum += amount;
      expect(has, `as of ${asOf}`).toBe(sum);
    }
    expect(welcomes.at(-1)?.has).toBeGreaterThan(0);
  });
});
