/** [WR10] How fast a socket is read: who says too much waits in its own buffers, and is sent away only where waiting does not help. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Allowance } from '../../src/coordinator/allowance.ts';
import { Flow, owedMax, weightAtOnce, weightPerSecond } from '../../src/coordinator/flow.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function tap() {
  const source = {
    open: true,
    pause: () => void (source.open = false),
    resume: () => void (source.open = true),
  };
  return source;
}

/** Says `count` messages of one order each at `at`; how many before it was told to wait. */
function say(flow: Flow, source: { open: boolean }, count: number, at: number, orders = 0): number {
  let said = 0;
  while (said < count && source.open) {
    flow.hear(100, at);
    for (let i = 0; i < orders; i++) {
      flow.begin();
      flow.end();
    }
    said++;
  }
  return said;
}

describe('[WR10] one socket’s measure', () => {
  test('a burst is heard, then it waits, and goes on at the pace that is allowed', () => {
    const source = tap();
    const flow = new Flow(source);
    const start = 1_000_000;
    vi.setSystemTime(start);
    // A new one has rested.
    const burst = say(flow, source, 100_000, start);
    expect(burst).toBeGreaterThanOrEqual(weightAtOnce);
    expect(burst).toBeLessThanOrEqual(2 * weightAtOnce + 2);
    let heard = 0;
    for (let ms = 1; ms <= 10_000; ms++) {
      vi.advanceTimersByTime(1);
      if (source.open) heard += say(flow, source, 100_000, start + ms);
    }
    expect(heard / 10).toBeGreaterThan(0.9 * weightPerSecond);
    expect(heard / 10).toBeLessThan(1.1 * weightPerSecond);
  });

  test('orders and long messages weigh more', () => {
    const [plain, orders, long] = [tap(), tap(), tap()];
    const most = say(new Flow(plain), plain, 100_000, 0);
    expect(say(new Flow(orders), orders, 100_000, 0, 3)).toBeCloseTo(most / 4, -1);
    const flow = new Flow(long);
    let said = 0;
    while (long.open) {
      flow.hear(4 * 1024 * 1024, 0);
      said++;
    }
    expect(said).toBeCloseTo(most / 129, -1);
  });

  test('chunks that are taken weigh a quarter, and those that are refused all', () => {
    const paceOf = (isTaken: boolean): number => {
      const source = tap();
      const flow = new Flow(source);
      let chunks = 0;
      for (let ms = 0; ms < 60_000; ms++) {
        vi.setSystemTime(ms);
        vi.advanceTimersByTime(1);
        if (!source.open) continue;
        flow.hear(32_000, ms);
        for (let i = 0; i < 64; i++) flow.begin();
        for (let i = 0; i < 64; i++) flow.end(isTaken);
        chunks += 64;
      }
      return chunks / 60;
    };
    expect(paceOf(true)).toBeGreaterThan(3.6 * weightPerSecond);
    expect(paceOf(true)).toBeLessThan(4.4 * weightPerSecond);
    expect(paceOf(false)).toBeLessThan(1.2 * weightPerSecond);
  });

  test('an honest pace never waits', () => {
    const source = tap();
    const flow = new Flow(source);
    for (let ms = 0; ms < 60_000; ms += 5) expect(say(flow, source, 2, ms, 1)).toBe(2);
  });

  test('who does not stop is told apart from who had something on its way', () => {
    const source = tap();
    const flow = new Flow(source);
    while (source.open) flow.hear(100, 0);
    // A network buffer full of small messages.
    for (let i = 0; i < 1_600; i++) expect(flow.hear(100, 0)).toBe(true);
    let more = 0;
    while (flow.hear(100, 0)) more++;
    expect(more).toBeLessThanOrEqual(owedMax);
  });

  test('orders on their way and the measure both hold the tap; it opens when neither does', () => {
    const source = tap();
    const flow = new Flow(source);
    for (let i = 0; i < 1_024; i++) flow.begin();
    expect(source.open).toBe(false);
    for (let i = 0; i < 8_000; i++) flow.hear(100, 0);
    for (let i = 0; i < 1_024; i++) flow.end();
    expect(source.open).toBe(false);
    vi.advanceTimersByTime(60_000);
    expect(source.open).toBe(true);
  });

  test('nothing is left running when the socket ends', () => {
    const source = tap();
    const flow = new Flow(source);
    while (source.open) flow.hear(100, 0);
    flow.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('an allowance', () => {
  test('is refilled with time, up to its most, and a clock that goes back takes nothing', () => {
    const allowance = new Allowance(10, 1);
    // Ten that it had, and ten of an hour's rest.
    for (let i = 0; i < 20; i++) expect(allowance.take(1, 3_600_000)).toBe(true);
    expect([0, 900, 1_100].map((at) => allowance.take(1, at))).toEqual([false, false, true]);
  });

  test('refuses without taking', () => {
    const allowance = new Allowance(2, 1);
    expect([0, 0, 0, 0].map((at) => allowance.take(1, at))).toEqual([true, true, false, false]);
    expect([900, 1_100, 1_900, 2_100].map((at) => allowance.take(1, at))).toEqual([false, true, false, true]);
  });
});
