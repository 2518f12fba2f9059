/** [TR8] The way back: whom the operator lets in again, when not, and what that leaves in the record. */
import { describe, expect, test } from 'vitest';
import { evolve } from '../../src/core/evolve.ts';
import { freeze } from '../../src/core/snapshot.ts';
import { emptyState } from '../../src/core/state.ts';
import type { Command, Event } from '../../src/core/state.ts';
import { faultMemoryMs, suspendedMs } from '../../src/core/trust.ts';
import {
  answers,
  ask,
  auditAll,
  auditedSpec,
  drawing,
  house,
  identityOf,
  join,
  keepUp,
  nobody,
  putInOrder,
  slotOf,
  submit,
} from './house.ts';
import type { House } from './house.ts';

function audited(names: string, kind: 'audit' | 'adaptive' = 'audit'): House {
  const h = house();
  join(h, 'anchor', { account: 'anchor', role: 'anchor' });
  for (const name of names) join(h, name);
  submit(h, auditedSpec({ kind }, { units: 800 }));
  return h;
}

const all = [0, 1, 2, 3, 4, 5, 6, 7];
const asks = (device: string) => ({ c: 'ask', device, slot: slotOf(), live: nobody }) as const;
const readmit = (device: string): Command => ({
  c: 'readmit',
  device,
  backend: 'wasm',
  reason: 'bad memory',
});

/** One wrong unit of the next chunk of `a` is found. */
function isCaught(h: House): readonly Event[] {
  const events = answers(h, 'a', 'lie', { words: drawing([0], 2) });
  const accepted = events.find((event) => event.e === 'accepted');
  return auditAll(h, accepted?.e === 'accepted' ? accepted.drawn : []);
}

describe('[TR8] the operator lets in again', () => {
  test('who is banned: at the beginning, with no fault, and nobody else', () => {
    const h = audited('ab', 'adaptive');
    answers(h, 'a', 'ring');
    answers(h, 'b', 'ring', { words: drawing(all) });
    auditAll(h, all);
    keepUp(h);
    h.wait(100 * faultMemoryMs);
    expect(h.refused(asks('a'))).toBe('banned');
    const said = { device: 'a', backend: 'wasm', account: 'A', site: null, reason: 'bad memory' };
    expect(h.must(readmit('a'))).toEqual([{ e: 'readmitted', ...said }]);
    const fresh = { phase: 'open', faults: 0, faultAt: null, provenMicro: 0, provenAt: h.now() };
    expect(identityOf(h, 'a')).toMatchObject(fresh);
    expect(ask(h, 'a').beside, 'others compute beside it again').toBe(true);
    expect(h.refused(asks('b'))).toBe('banned');
  });

  test('who is suspended, before the hour is over', () => {
    const h = audited('a');
    isCaught(h);
    keepUp(h);
    expect(h.refused(asks('a'))).toBe('suspended');
    h.must(readmit('a'));
    expect(identityOf(h, 'a')).toMatchObject({ phase: 'open', faults: 0, faultAt: null, provenMicro: 0 });
    h.must(asks('a'));
  });

  test('who works again already: the fault is forgotten and the record goes on', () => {
    const h = audited('a');
    isCaught(h);
    keepUp(h);
    h.wait(suspendedMs);
    answers(h, 'a');
    const before = identityOf(h, 'a').provenMicro;
    expect(before).toBeGreaterThan(0);
    expect(identityOf(h, 'a')).toMatchObject({ phase: 'open', faults: 1 });
    h.must(readmit('a'));
    const after = { phase: 'open', faults: 0, faultAt: null, provenMicro: before };
    expect(identityOf(h, 'a')).toMatchObject(after);
    expect(isCaught(h), 'the next is a first one').toMatchObject([{}, { awayMs: suspendedMs }]);
  });

  test('not while work of it is still to be examined or voided, nor twice, nor whom nobody knows', () => {
    const h = audited('a');
    expect(h.refused(readmit('a'))).toBe('unknown-device');
    answers(h, 'a');
    expect(h.refused(readmit('a'))).toBe('already-so');
    isCaught(h);
    expect(h.refused(readmit('a'))).toBe('not-due');
    keepUp(h);
    expect(h.refused(readmit('a')), 'the other chunk is being examined').toBe('not-due');
    putInOrder(h);
    h.must(readmit('a'));
    expect(h.refused(readmit('a'))).toBe('already-so');
    expect(h.refused({ c: 'readmit', device: 'a', backend: 'webgpu', reason: '' })).toBe('unknown-device');
  });

  test('all its faults are forgotten, however many there were', () => {
    const h = audited('a');
    for (const hours of [1, 2, 4]) {
      expect(isCaught(h)).toMatchObject([{}, { awayMs: hours * suspendedMs }]);
      keepUp(h);
      if (hours < 4) h.wait(hours * suspendedMs);
    }
    h.must(readmit('a'));
    expect(identityOf(h, 'a')).toMatchObject({ phase: 'open', faults: 0, faultAt: null });
    expect(isCaught(h)).toMatchObject([{}, { awayMs: suspendedMs }]);
  });

  test('and whoever folds the log comes to the same', () => {
    const h = audited('a');
    isCaught(h);
    keepUp(h);
    h.must(readmit('a'));
    answers(h, 'a');
    const folded = emptyState();
    for (const { at, events } of h.log) for (const event of events) evolve(folded, event, at);
    expect(freeze(folded)).toBe(freeze(h.state));
  });
});
