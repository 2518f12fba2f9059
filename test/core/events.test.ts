/** Checks that every event that concerns work names account, device and site, so that any balance can be traced to who computed. */
import { expect, test } from 'vitest';
import { decide } from '../../src/core/machine.ts';
import { evolve } from '../../src/core/evolve.ts';
import { emptyState, isRefusal } from '../../src/core/state.ts';
import type { Event } from '../../src/core/state.ts';
import { generator } from './generator.ts';

const concernsWork: readonly Event['e'][] = ['leased', 'committed', 'returned', 'expired', 'misdeed'];

test('events that concern work name account, device and site, and so does every winner', () => {
  const state = emptyState();
  const generate = generator(7);
  const seen = new Set<string>();
  for (let i = 0; i < 20_000; i++) {
    const { command, at } = generate.next(state);
    const decision = decide(state, command, at);
    generate.saw(decision);
    if (isRefusal(decision)) continue;
    for (const event of decision) {
      evolve(state, event, at);
      const named = event.e === 'accepted' ? event.winners : concernsWork.includes(event.e) ? [event] : [];
      for (const who of named) {
        seen.add(event.e);
        const { device, account } = who as { device?: string; account?: string };
        expect([typeof device, typeof account]).toEqual(['string', 'string']);
        expect(who).toHaveProperty('site');
      }
    }
  }
  expect([...seen].toSorted()).toEqual([...concernsWork, 'accepted'].toSorted());
});
