/** [TR1] Under `adaptive` a newcomer's chunk wants two people, and who is known is believed before a newcomer. docs/SPEC.md, section 10. */
import { describe, expect, test } from 'vitest';
import type { Event } from '../../src/core/state.ts';
import { probationMicro, tier1Micro } from '../../src/core/trust.ts';
import { answers, ask, audited, batchesOf, commit, drawing, identityOf, proven, slotOf } from './house.ts';
import type { House } from './house.ts';

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

  /** So many chunks of it wait for a second person. */
  const waiting = ({ state }: House): number =>
    [...(state.jobs.get('j1')?.chunks.values() ?? [])].filter(({ replicas }) =>
      replicas.some(({ device, beside }) => device === 'a' && beside),
    ).length;

  test('no more of it at a time than it takes to be known: what it is leased besides is looked at as under `audit`', () => {
    const h = audited('ab', { kind: 'adaptive' }, { units: 8_000 });
    const events: Event[] = [];
    for (let i = 0; i < 6; i++) {
      const { lease, count, beside = false } = ask(h, 'a', slotOf({ slot: i }));
      for (let n = 0; n < count; n++) {
        const after = commit(h, 'a', lease + n, 'right', { words: drawing([0]) });
        expect(kinds(after)).toEqual(beside ? ['committed'] : ['committed', 'accepted']);
        events.push(...after);
      }
    }
    // Chunks of a second: four make it known. Leases grow, and the last that is beside is cut short.
    expect(waiting(h)).toBe(probationMicro / 1_000_000);
    const alone = events.filter((event) => event.e === 'accepted');
    expect(alone.length).toBeGreaterThan(4);
    for (const { winners, drawn } of alone) expect([winners.length, drawn?.length]).toEqual([1, 1]);
  });

  test('what it gave back, and what is settled, is none of that any more', () => {
    const h = audited('ab', { kind: 'adaptive' }, { units: 8_000 });
    const slots = [0, 1, 2, 3, 4, 5].map((slot) => slotOf({ slot }));
    const leased = slots.map((slot) => ask(h, 'a', slot));
    expect(leased.map(({ count }) => count)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(leased.map(({ beside = false }) => beside)).toEqual([true, true, true, true, false, false]);
    const [first, second, third] = leased;
    h.must({ c: 'giveBack', device: 'a', replicas: [first?.lease ?? 0], why: 'settings' });
    expect(ask(h, 'a', slots[0]).beside).toBe(true);
    expect(ask(h, 'a', slots[1]).beside).toBeUndefined();
    // Somebody known says otherwise: it is not believed, and is no further than before.
    proven(h, 'b', probationMicro);
    const wrong = second as typeof first & object;
    commit(h, 'a', wrong.lease, 'lie');
    while (h.state.jobs.get('j1')?.chunks.has(wrong.chunk) === true) answers(h, 'b');
    expect(h.state.identities.has('a/wasm')).toBe(false);
    expect(ask(h, 'a', slots[2]).beside).toBe(true);
    // Somebody agrees: a second of work is known, and a second less is wanted.
    const right = third as typeof first & object;
    commit(h, 'a', right.lease);
    for (let i = 0; i < 3 && h.state.jobs.get('j1')?.chunks.has(right.chunk) === true; i++)
      commit(h, 'b', ask(h, 'b', slots[i]).lease);
    expect(identityOf(h, 'a').provenMicro).toBe(1_000_000);
    expect(ask(h, 'a', slots[3]).beside).toBeUndefined();
  });

  test('who is known already by less than that lacks less: rounded up to a chunk', () => {
    for (const [micro, most] of [
      [probationMicro - 1, 1],
      [1_000_000, 3],
      [999_999, 4],
      [1, 4],
    ] as const) {
      const h = audited('ab', { kind: 'adaptive' }, { units: 8_000 });
      proven(h, 'a', micro);
      for (let slot = 0; slot < 6; slot++) ask(h, 'a', slotOf({ slot }));
      expect(waiting(h), `${micro}`).toBe(most);
    }
  });

  test('a newcomer is somebody’s second as one, however much of it waits: it decides nothing where the two differ', () => {
    const h = audited('abc', { kind: 'adaptive' }, { units: 8_000 });
    for (let slot = 0; slot < 6; slot++) ask(h, 'a', slotOf({ slot }));
    // Somebody has taken all that waits; another newcomer opens more.
    for (let slot = 0; slot < 4; slot++) ask(h, 'b', slotOf({ slot }));
    const { lease, chunk } = ask(h, 'c');
    commit(h, 'c', lease, 'right');
    const second = ask(h, 'a', slotOf({ slot: 6 }));
    expect([second.chunk, second.beside]).toEqual([chunk, true]);
    expect(kinds(commit(h, 'a', second.lease, 'lie'))).toEqual(['committed']);
  });

  test('[TR5] what it had committed before it was suspended is accepted when somebody agrees, and is no work of its new beginning', () => {
    const h = audited('ab', { kind: 'adaptive' }, { units: 800 });
    const waits = ask(h, 'a').lease;
    commit(h, 'a', waits);
    proven(h, 'a', probationMicro);
    answers(h, 'a', 'lie', { words: drawing([0]) });
    const [audit] = h.state.audits.values();
    const { id, units } = audit as { id: number; units: readonly number[] };
    h.must({ c: 'audit', audit: id, device: 'anchor', wrong: units, right: units.map(() => '00') });
    expect(identityOf(h, 'a')).toMatchObject({ phase: 'suspended', provenMicro: 0 });
    expect(acceptedOf(answers(h, 'b')).winners.map(({ device }) => device)).toEqual(['a', 'b']);
    expect(identityOf(h, 'a')).toMatchObject({ phase: 'suspended', provenMicro: 0 });
    expect(identityOf(h, 'b').provenMicro).toBe(1_000_000);
  });
});
