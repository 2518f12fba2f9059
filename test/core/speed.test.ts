/** [LS1] How far a claimed speed counts: as far as slots with the same backend have shown while they held work. */
import { describe, expect, test } from 'vitest';
import { boastFactor, knownRateMilli, unprovenRateMilli } from '../../src/core/speed.ts';
import { ask, commit, house, join, kernel, slotOf, specOf, submit } from './house.ts';

describe('[LS1] a claimed speed', () => {
  test('counts up to a core and a half before the first credit', () => {
    const nothing = { busy: 2, at: 0, busyMs: 60_000, micro: 0 };
    for (const shown of [undefined, nothing]) {
      expect(knownRateMilli(shown, 300, 1_000)).toBe(300);
      expect(knownRateMilli(shown, 1e9, 1_000)).toBe(unprovenRateMilli);
    }
  });

  test('then as far as was shown, per slot and time with work; far too much of it counts for a quarter', () => {
    // Two slots for a minute each: 120 credits are a core's speed.
    const shown = { busy: 0, at: 0, busyMs: 120_000, micro: 120_000_000 };
    expect(knownRateMilli(shown, 400, 1e9)).toBe(400);
    expect(knownRateMilli(shown, 2_000, 1e9)).toBe(1_000);
    expect(knownRateMilli(shown, 1_000 * boastFactor, 1e9)).toBe(1_000);
    expect(knownRateMilli(shown, 1_001 * boastFactor, 1e9)).toBe(250);
    // Both hold work again, and nothing has come of it for a minute.
    expect(knownRateMilli({ ...shown, busy: 2, at: 0 }, 2_000, 60_000)).toBe(500);
  });

  test('a rest is nobody’s slowness, and a core’s speed is not the graphics processor’s', () => {
    const h = house();
    join(h, 'a');
    submit(h, specOf({ units: 8000, quorum: 1 }));
    const claims = slotOf({ rates: { [kernel]: 50_000 } });
    const known = (slot = claims): number => {
      const record = h.state.accounts.get(h.state.devices.get('a')?.account ?? '');
      return knownRateMilli(record?.[slot.backend], 3_000, h.now());
    };
    const first = ask(h, 'a', claims);
    h.wait(500);
    commit(h, 'a', first.lease);
    const paid = h.state.accounts.get('A')?.earnedMicro ?? 0;
    expect(known()).toBe(Math.min(3_000, Math.ceil(paid / 500)));
    const rate = known();
    h.wait(3_600_000);
    expect(known()).toBe(rate);
    expect(known({ ...claims, slot: 256, backend: 'webgpu' })).toBe(unprovenRateMilli);
  });
});
