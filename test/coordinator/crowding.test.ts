/** The alarms over one prefix or network that does too much: by what is computed, by twenty people or more, two of them together. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { CrowdWatch, crowdingOf } from '../../src/coordinator/crowding.ts';
import { emptyState } from '../../src/core/state.ts';
import type { State } from '../../src/core/state.ts';

/** People who compute: account, group, network, and how fast, for each. */
function computing(who: readonly (readonly [string, string, string, number])[]): State {
  const state = emptyState();
  who.forEach(([account, group, network, rateMilli], i) => {
    const untried = { committed: 0, leases: 0, returned: 0, returnedAt: 0, misdeeds: 0 };
    const role = account === 'anchor' ? 'anchor' : 'volunteer';
    state.devices.set(`d${i}`, { account, site: null, group, network, role, ...untried });
    state.busy.set(`d${i}/0`, { backend: 'wasm', rateMilli, leases: 1, heldMicro: 0 });
  });
  return state;
}

/** So many people, each in a prefix and a network of their own. */
const apart = (count: number): [string, string, string, number][] =>
  Array.from({ length: count }, (_, i) => [`P${i}`, `g${i}`, `n${i}`, 1_000]);

describe('[HT5] what one place does of all', () => {
  test('nothing where nobody computes, nor where each is alone, however fast', () => {
    expect(crowdingOf(emptyState())).toEqual({ people: 0, prefixShare: 0, networkShare: 0, alarm: false });
    const state = computing([...apart(25), ['Q', 'gQ', 'nQ', 1_000_000]]);
    expect(crowdingOf(state)).toEqual({ people: 26, prefixShare: 0, networkShare: 0, alarm: false });
  });

  test('more than a tenth in one prefix, of twenty people', () => {
    const two = (count: number, rateMilli: number) =>
      crowdingOf(computing([...apart(count - 2), ['A', 'g', '', rateMilli], ['B', 'g', '', rateMilli]]));
    expect(two(20, 1_000)).toMatchObject({ prefixShare: 0.1, alarm: false });
    expect(two(20, 1_100)).toMatchObject({ people: 20, alarm: true });
    expect(two(19, 1_100)).toMatchObject({ people: 19, alarm: false });
  });

  test('more than a quarter in one network', () => {
    const many = (together: number) =>
      crowdingOf(
        computing(apart(20).map(([account, group, network, rate], i) => [account, group, i < together ? 'n' : network, rate])), // prettier-ignore
      );
    expect(many(5)).toEqual({ people: 20, prefixShare: 0, networkShare: 0.25, alarm: false });
    expect(many(6)).toEqual({ people: 20, prefixShare: 0, networkShare: 0.3, alarm: true });
  });

  test('the anchor, who is exempt, and one person’s many devices are no crowd', () => {
    const own = Array.from({ length: 9 }, () => ['A', 'g', 'n', 1_000] as const);
    const state = computing([...apart(20), ['anchor', 'g', 'n', 9_000], ['B', '', '', 9_000], ...own]);
    expect(crowdingOf(state)).toEqual({ people: 21, prefixShare: 0, networkShare: 0, alarm: false });
  });

  test('is noted when it begins and when it ends, once each', async () => {
    const crowd = computing(apart(20).map(([account, group, , rate]) => [account, group, 'n', rate]));
    const runtime = { state: crowd };
    const notes: string[] = [];
    const watch = new CrowdWatch(
      runtime,
      (note, about) => notes.push(`${note} ${String(about['people'])}`),
      5,
    );
    await sleep(60);
    runtime.state = emptyState();
    await sleep(60);
    watch.close();
    expect(notes).toEqual([
      'one prefix or network does a large part of what is computed now 20',
      'no prefix and no network does too large a part any more 0',
    ]);
  });
});
