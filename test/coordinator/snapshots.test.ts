/** When the state is written down whole: soon enough for a short tail, seldom enough to cost next to nothing, and never in anybody's way. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MemoryLog } from '../../src/coordinator/log-memory.ts';
import { StoreFault } from '../../src/coordinator/log.ts';
import type { Log, Snapshot } from '../../src/coordinator/log.ts';
import { Snapshots, tailBytesMin, tailEventsMin } from '../../src/coordinator/snapshots.ts';
import { emptyState } from '../../src/core/state.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A log whose snapshots take `saveMs`, or fail. */
function scene(mood: { saveMs: number; down?: boolean; busy?: number }) {
  const saved: number[] = [];
  const notes: string[] = [];
  const log: Log = Object.assign(new MemoryLog(), {
    async saveSnapshot({ tick }: Snapshot): Promise<void> {
      await vi.advanceTimersByTimeAsync(mood.saveMs);
      if (mood.down === true) throw new StoreFault('full', 'no room');
      saved.push(tick);
    },
  });
  const snapshots = new Snapshots({
    log,
    busy: () => mood.busy ?? 1,
    onNote: (note) => notes.push(note),
    onFatal: (error) => {
      throw error;
    },
  });
  snapshots.reset(0);
  return { snapshots, saved, notes };
}

describe('a snapshot', () => {
  test('comes once the tail is worth it, in events or in bytes, and not in the first moments', async () => {
    const { snapshots, saved } = scene({ saveMs: 1 });
    snapshots.add(tailEventsMin, 100);
    snapshots.saveIfDue(1, emptyState());
    expect(saved).toEqual([]);
    await vi.advanceTimersByTimeAsync(500);
    snapshots.saveIfDue(2, emptyState());
    await vi.advanceTimersByTimeAsync(10_000);
    expect(saved).toEqual([2]);
    snapshots.add(tailEventsMin - 1, tailBytesMin - 1);
    snapshots.saveIfDue(3, emptyState());
    await vi.advanceTimersByTimeAsync(10_000);
    expect(saved).toEqual([2]);
    snapshots.add(0, 1);
    snapshots.saveIfDue(4, emptyState());
    await vi.advanceTimersByTimeAsync(10);
    expect(saved).toEqual([2, 4]);
  });

  test.each([
    ['kept the loop for long', 40, 0, 1, 1_000],
    ['kept an idle loop for long', 40, 0, 0, 1_000],
    ['was long in being stored', 0, 200, 1, 1_000],
    ['was long in being stored, from an idle loop', 0, 200, 0, 400],
    ['was short in a busy loop', 20, 0, 1, 500],
    ['was short in a loop that is half idle', 20, 0, 0.5, 160],
    ['was short in an idle one', 20, 0, 0, 100],
    ['took no time', 0, 0, 0, 50],
  ])(
    'that %s is followed by a rest: 25 times as long, 5 times or 2, a part of what is idle, or a twentieth of a second',
    async (_, loopMs, saveMs, busy, restMs) => {
      const { snapshots, saved } = scene({ saveMs, busy });
      const state = emptyState();
      const { devices } = state;
      // Reading the state takes so long.
      const slow = Object.defineProperty(state, 'devices', {
        get() {
          vi.advanceTimersByTime(loopMs);
          return devices;
        },
      });
      const at: number[] = [];
      for (let ms = 0; ms < 10_000; ms += 10) {
        snapshots.add(tailEventsMin, 0);
        snapshots.saveIfDue(ms, slow);
        await vi.advanceTimersByTimeAsync(10);
        if (saved.length > at.length) at.push(performance.now());
      }
      const rests = at.slice(1).map((one, i) => one - (at[i] as number) - loopMs - saveMs);
      expect(rests.length).toBeGreaterThan(5);
      for (const rest of rests) {
        expect(rest).toBeGreaterThanOrEqual(restMs - 20);
        expect(rest).toBeLessThanOrEqual(restMs + 60);
      }
    },
  );

  test('that the store refuses is noted and tried again; the events still count', async () => {
    const mood = { saveMs: 1, down: true };
    const { snapshots, saved, notes } = scene(mood);
    snapshots.add(tailEventsMin, 0);
    await vi.advanceTimersByTimeAsync(500);
    snapshots.saveIfDue(1, emptyState());
    await vi.advanceTimersByTimeAsync(500);
    expect(notes).toEqual(['snapshot not saved']);
    mood.down = false;
    await vi.advanceTimersByTimeAsync(500);
    snapshots.saveIfDue(2, emptyState());
    await vi.advanceTimersByTimeAsync(500);
    expect(saved).toEqual([2]);
  });

  test('at the end waits for the one that is being written, and holds what came since', async () => {
    const { snapshots, saved } = scene({ saveMs: 50 });
    snapshots.add(tailEventsMin, 0);
    await vi.advanceTimersByTimeAsync(500);
    snapshots.saveIfDue(1, emptyState());
    snapshots.add(1, 10);
    await snapshots.saveLast(2, emptyState());
    expect(saved).toEqual([1, 2]);
    await snapshots.saveLast(2, emptyState());
    expect(saved).toEqual([1, 2]);
  });
});
