/** [TR1] Under `adaptive` a newcomer's chunk wants two people, and who is known is believed before a newcomer. docs/SPEC.md, section 10. */
import { describe, expect, test } from 'vitest';
import type { Event } from '../../src/core/state.ts';
import { probationMicro, tier1Micro } from '../../src/core/trust.ts';
import { answers, ask, audited, batchesOf, commit, drawing, proven } from './house.ts';

const kinds = (events: readonly Event[]): string[] => events.map(({ e }) => e);
const acceptedOf = (events: readonly Event[]): Extract<Event, { e: 'accepted' }> =>
  events.find((event) => event.e === 'accepted') as Extract<Event, { e: 'accepted' }>;

describe('[TR1] adaptive: a newcomer’s chunk wants two people', () => {
  test('until 4 s of its work were accepted, to the microcredit', () => {
    for (const [micro, beside] of [
      [0, true],
      [probationMicro - 1, true],
      [probationMicro, undefined],
      [tier1Micro, undefined],
    ] as const) {
      const h = audited('ab', { kind: 'adaptive' });
      if (micro > 0) proven(h, 'a', micro);
      expect(ask(h, 'a').beside).toBe(beside);
      const events = commit(h, 'a', 1);
      expect(kinds(events)).toEqual(beside ? ['committed'] : ['committed', 'accepted']);
      if (beside !== true) continue;
      const { winners } = acceptedOf(answers(h, 'b'));
      expect(winners.map(({ device }) => device)).toEqual(['a', 'b']);
      expect(batchesOf(h, 'a')).toHaveLength(1);
      expect(h.state.jobs.get('j1')?.authors.get(0)).toBe(2);
    }
  });

  test('also when the newcomer is the second, has given the chunk back, or let it run out', () => {
    for (const how of ['giveBack', 'expire'] as const) {
      const h = audited('abc', { kind: 'adaptive' });
      proven(h, 'a', probationMicro);
      proven(h, 'c', probationMicro);
      const first = ask(h, 'a');
      h.wait(1_000_000);
      h.must({ c: 'expire', lease: first.lease });
      const second = ask(h, 'b');
      expect([second.chunk, second.beside]).toEqual([0, true]);
      h.wait(1_000_000);
      if (how === 'expire') h.must({ c: 'expire', lease: second.lease });
      else h.must({ c: 'giveBack', device: 'b', replicas: [second.lease], why: 'closing' });
      expect(kinds(commit(h, 'a', first.lease)), how).toEqual(['committed']);
      expect(acceptedOf(answers(h, 'c')).winners).toHaveLength(2);
    }
  });

  test('under plain `audit` one answer is provisional at once, a newcomer’s too', () => {
    const h = audited('a');
    expect(ask(h, 'a').beside).toBeUndefined();
    expect(kinds(commit(h, 'a', 1))).toEqual(['committed', 'accepted']);
  });

  test('where somebody known differs from a newcomer, that answer stands as it would alone, whoever came first, and is looked at closely', () => {
    for (const isFirst of [true, false]) {
      const h = audited('abc', { kind: 'adaptive' }, { unitsPerChunk: 8 });
      proven(h, 'b', tier1Micro);
      const newcomers = ask(h, 'a').lease;
      const known = ask(h, 'b').lease;
      const wide = [0xffff_ffc0, 0xffff_ffff];
      const last = (): readonly Event[] => {
        if (isFirst) commit(h, 'b', known, 'right');
        else return [...commit(h, 'a', newcomers, 'lie'), ...commit(h, 'b', known, 'right', { words: wide })];
        return commit(h, 'a', newcomers, 'lie', { words: wide });
      };
      const { winners, losers, root, entries, final, drawn } = acceptedOf(last());
      expect([winners.map(({ device }) => device), losers, root]).toEqual([['b'], [newcomers], 'right']);
      expect(entries).toEqual([{ from: 'escrow:j1', to: 'pending:B', amountMicro: 1_000_000 }]);
      // One in 64: the first unit of the first word, of five.
      expect([final, drawn]).toEqual([false, [0]]);
      expect(h.state.identities.has('a/wasm')).toBe(false);
      expect(batchesOf(h, 'b')).toHaveLength(1);
    }
  });

  test('of two newcomers who differ neither is believed; the first who is none decides, whatever it says, or a second newcomer who agrees', () => {
    for (const third of ['known', 'newcomer'] as const)
      for (const says of ['one', 'other', 'something else']) {
        const h = audited('abc', { kind: 'adaptive' });
        if (third === 'known') proven(h, 'c', probationMicro);
        answers(h, 'a', 'one');
        expect(kinds(answers(h, 'b', 'other'))).toEqual(['committed']);
        const events = answers(h, 'c', says, { words: drawing([]) });
        if (third === 'newcomer' && says === 'something else') expect(kinds(events)).toEqual(['committed']);
        else expect(acceptedOf(events).root).toBe(says);
      }
  });

  test('who says something else than its partner is neither paid nor proven, and of newcomers a third decides', () => {
    const h = audited('abc', { kind: 'adaptive' });
    answers(h, 'a', 'lie');
    expect(kinds(answers(h, 'b', 'right'))).toEqual(['committed']);
    const { winners, losers } = acceptedOf(answers(h, 'c', 'right'));
    expect([winners.map(({ device }) => device), losers]).toEqual([['b', 'c'], [1]]);
    expect(h.state.identities.has('a/wasm')).toBe(false);
    expect(h.state.balances.has('pending:A')).toBe(false);
  });
});
