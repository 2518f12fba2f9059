/** What a commitment under audits leads to, for all small inputs: provisional work, draws, windows, who left. docs/SPEC.md, section 10. */
import { describe, expect, test } from 'vitest';
import { batchUnitsMax, leaverShortfall, wordsToClose } from '../../src/core/audit.ts';
import { closeBatch, leaverAfterMs, upkeep } from '../../src/core/checking.ts';
import type { Event } from '../../src/core/state.ts';
import { isRefusal } from '../../src/core/state.ts';
import { probationMicro, tier1Micro } from '../../src/core/trust.ts';
import { unitsIn } from '../../src/core/unit-text.ts';
import { dice } from '../sim/random.ts';
import {
  answers,
  ask,
  auditAll,
  auditCommand,
  audited,
  batchesOf,
  commit,
  drawing,
  house,
  identityOf,
  join,
  keepUp,
  proven,
  specOf,
  submit,
} from './house.ts';
import type { auditedSpec, House } from './house.ts';

const vestA = { c: 'vest', job: 'j1', device: 'a', backend: 'wasm' } as const;
const kinds = (events: readonly Event[]): string[] => events.map(({ e }) => e);
const acceptedOf = (events: readonly Event[]): Extract<Event, { e: 'accepted' }> =>
  events.find((event) => event.e === 'accepted') as Extract<Event, { e: 'accepted' }>;
/** All subsets of 0 … 7, as the bits of a byte. */
const subsets = Array.from({ length: 256 }, (_, bits) =>
  [0, 1, 2, 3, 4, 5, 6, 7].filter((unit) => (bits >> unit) & 1),
);
const all = [0, 1, 2, 3, 4, 5, 6, 7];

describe('[AU1] a commitment under audits', () => {
  test.each([
    ['a newcomer', 0, 1],
    ['somebody in the first tier', probationMicro, 1],
    ['somebody in the first tier, to its last microcredit', tier1Micro - 1, 1],
    ['somebody proven', tier1Micro, 2],
  ] as const)('of %s is provisional, pays into pending, and draws what the words say', (_, micro, tier) => {
    for (const drawn of subsets) {
      const h = audited('a');
      if (micro > 0) proven(h, 'a', micro);
      const events = answers(h, 'a', 'right', { words: drawing(drawn, tier) });
      expect(kinds(events)).toEqual(['committed', 'accepted']);
      const { final, drawn: found = [], entries } = acceptedOf(events);
      expect([final, found]).toEqual([false, drawn]);
      expect(entries).toEqual([{ from: 'escrow:j1', to: 'pending:A', amountMicro: 1_000_000 }]);
      const [audit] = h.state.audits.values();
      expect(audit?.units ?? []).toEqual(drawn);
      expect(audit?.authors ?? ['a/wasm']).toEqual(['a/wasm']);
      expect(h.state.jobs.get('j1')).toMatchObject({ accepted: [0, 1], final: [], acceptedChunks: 1 });
    }
  });

  test('names units by their numbers in the job, in a short last chunk too', () => {
    const h = audited('a', {}, { units: 19 });
    for (let chunk = 0; chunk < 3; chunk++) answers(h, 'a', 'right', { words: drawing(all) });
    expect([...h.state.audits.values()].map(({ units }) => units)).toEqual([
      [0, 1, 2, 3, 4, 5, 6, 7],
      [8, 9, 10, 11, 12, 13, 14, 15],
      [16, 17, 18],
    ]);
  });

  test('is looked at as closely as its newest author', () => {
    // The words draw unit 0 of one in 64, and nothing of one in 128.
    const words = [0xffff_ffc0, 0xffff_ffff];
    for (const [micro, drawn] of [
      [tier1Micro, undefined],
      [0, [0]],
    ] as const) {
      const h = audited('ab', { kind: 'adaptive' });
      proven(h, 'a', tier1Micro);
      if (micro > 0) proven(h, 'b', micro);
      const first = ask(h, 'a').lease;
      h.wait(1_000_000);
      h.must({ c: 'expire', lease: first });
      const second = ask(h, 'b').lease;
      commit(h, 'a', first, 'right', { words: [0xffff_fff0 | 0x3f, 0xffff_ffff] });
      if (micro === 0) expect(acceptedOf(commit(h, 'b', second, 'right', { words })).drawn).toEqual(drawn);
      else expect(h.state.audits.size).toBe(0);
    }
  });

  test('without randomness is a mistake of ours, said in a sentence', () => {
    const h = audited('a');
    const { lease } = ask(h, 'a');
    const command = { c: 'commit', device: 'a', replica: lease, root: 'r', digests: 'd' } as const;
    expect(() => h.run({ ...command, stored: true, agrees: [] })).toThrow('comes with randomness');
  });

  test('[CT1] under `none`, `certify` without audits and `replicate` nothing is drawn, nothing is provisional and nobody has a record', () => {
    for (const policy of [
      { kind: 'none', quorum: 1 },
      { kind: 'certify', quorum: 1, certificate: 'c'.repeat(64) },
      { kind: 'replicate', quorum: 1 },
    ] as const) {
      const h = house();
      join(h, 'a');
      submit(h, specOf({ policy }));
      const { final, drawn, entries } = acceptedOf(answers(h, 'a', 'lie', { words: drawing(all) }));
      expect([final, drawn, entries[0]?.to]).toEqual([true, undefined, 'vested:A']);
      expect(h.state.audits.size + h.state.identities.size).toBe(0);
    }
  });

  test('a chunk that an anchor computed too is final, and all of its units count as audited', () => {
    const h = audited('a', { kind: 'adaptive' });
    answers(h, 'a');
    h.wait(40_000);
    const { final, entries, drawn } = acceptedOf(answers(h, 'anchor', 'right', { words: drawing(all) }));
    expect([final, drawn]).toEqual([true, undefined]);
    expect(entries.map(({ from, to }) => `${from} ${to}`)).toEqual([
      'escrow:j1 vested:A',
      'operator vested:anchor',
    ]);
    expect(identityOf(h, 'a')).toMatchObject({ auditedUnits: 8, provenMicro: 1_000_000 });
    expect(identityOf(h, 'a').open.size).toBe(0);
    expect(h.state.identities.has('anchor/wasm')).toBe(false);
  });
});

describe('[AU3] the window', () => {
  test('ends exactly when so many units of later work were found right', () => {
    for (let windowUnits = 1; windowUnits <= 24; windowUnits++) {
      const h = wide('a', { windowUnits });
      // 8 units of each chunk, which is a batch by itself, are drawn: a window of 1 … 8 needs one chunk more, of 9 … 16 two.
      for (let chunk = 0; chunk <= Math.ceil(windowUnits / 8); chunk++) {
        expect(h.run(vestA)).toEqual({ refused: 'already-so' });
        answers(h, 'a', 'right', { words: drawing(all) });
        auditAll(h);
      }
      expect(h.must(vestA)).toMatchObject([{ e: 'vested', chunks: [0, 1] }]);
    }
  });

  test('counts to the unit', () => {
    const h = wide('a', { windowUnits: 9 });
    answers(h, 'a', 'right', { words: drawing([0, 1]) });
    for (const drawn of [all, [0]]) {
      expect(h.run(vestA)).toEqual({ refused: 'already-so' });
      answers(h, 'a', 'right', { words: drawing(drawn) });
      auditAll(h);
    }
    expect(kinds(h.must(vestA))).toEqual(['vested']);
  });

  test('what was drawn of earlier work and is answered later does not count', () => {
    const h = audited('a', { windowUnits: 8, leaverUnits: 1 }, { units: 800 });
    answers(h, 'a', 'right', { words: drawing(all) });
    answers(h, 'a');
    auditAll(h);
    expect(h.refused(vestA)).toBe('already-so');
    answers(h, 'a', 'right', { words: drawing([0]) });
    auditAll(h);
    expect(identityOf(h, 'a').auditedUnits).toBe(9);
    expect(h.refused(vestA)).toBe('already-so');
  });

  test('does not end while one of the batch’s own draws is unanswered', () => {
    const h = audited('a', { windowUnits: 1, leaverUnits: 1 }, { units: 800 });
    answers(h, 'a', 'right', { words: drawing([3]) });
    identityOf(h, 'a').auditedUnits += 1_000;
    expect(h.refused(vestA)).toBe('already-so');
    auditAll(h);
    expect(kinds(h.must(vestA))).toEqual(['vested']);
    expect(h.state.jobs.get('j1')).toMatchObject({ accepted: [], final: [0, 1] });
    expect(h.state.balances.get('vested:A')).toBe(1_000_000n);
  });
});

/** People with batches of a whole chunk of 4,096 units each, so that every chunk is a batch, and a window so short that none are joined. */
function wide(names: string, policy: Parameters<typeof auditedSpec>[0]): House {
  return audited(
    names,
    { leaverUnits: 1, windowUnits: 4_000, ...policy },
    { units: 8 * batchUnitsMax, unitsPerChunk: batchUnitsMax, unitCostMicro: 4_000 },
  );
}

const close = (words: ArrayLike<number>, device = 'a') =>
  ({ c: 'close', job: 'j1', device, backend: 'wasm', words }) as const;

describe('[AU4] who leaves', () => {
  test('is looked at once more after ten minutes without a commitment, to the millisecond', () => {
    const h = audited('a', { leaverUnits: 5 });
    answers(h, 'a');
    h.wait(leaverAfterMs - 1);
    const words = new Array<number>(wordsToClose(8)).fill(0);
    expect(h.refused(close(words))).toBe('not-due');
    expect(upkeep(h.state, h.now(), 10)).toEqual([]);
    h.wait(1);
    expect(upkeep(h.state, h.now(), 10)).toEqual([
      { c: 'close', job: 'j1', device: 'a', backend: 'wasm', units: 8 },
    ]);
    expect(h.must(close(words))).toMatchObject([{ e: 'drawn', chunk: 0, drawn: [[0, [0, 1, 2, 3, 4]]] }]);
    expect(h.refused(close(words))).toBe('already-so');
    expect(h.refused(close(words, 'nobody'))).toBe('already-so');
  });

  test('or as soon as everything of the job is given out and answered', () => {
    const h = audited('ab', { leaverUnits: 1 });
    const { lease } = ask(h, 'a');
    const last = ask(h, 'b').lease;
    for (let chunk = 2; chunk < 4; chunk++) answers(h, 'a');
    commit(h, 'a', lease);
    expect(upkeep(h.state, h.now(), 10)).toEqual([]);
    commit(h, 'b', last);
    expect(upkeep(h.state, h.now(), 10).map(({ c, device }) => `${c} ${device}`)).toEqual([
      'close a',
      'close b',
    ]);
  });

  test('its unvested units are drawn up to the number the job names, or all; none twice', () => {
    for (let leaverUnits = 1; leaverUnits <= 20; leaverUnits++)
      for (const before of subsets.filter((_, i) => i % 5 === 0)) {
        const h = audited('a', { leaverUnits });
        answers(h, 'a', 'right', { words: drawing(before) });
        answers(h, 'a', 'right', { words: drawing(before) });
        h.wait(leaverAfterMs);
        keepUp(h);
        const [batch] = batchesOf(h, 'a');
        const drawn = unitsIn(batch?.drawnUnits ?? '');
        expect(new Set(drawn).size).toBe(drawn.length);
        // Everything had passed without a further draw: it is final already.
        if (batch === undefined) expect(leaverUnits).toBe(0);
        else expect(drawn).toHaveLength(Math.max(2 * before.length, Math.min(16, leaverUnits)));
      }
  });

  test('each unit that was not drawn is as likely as any other', () => {
    const throws = dice(7);
    const hits = new Array<number>(16).fill(0);
    const rounds = 4_000;
    const h = audited('a', { leaverUnits: 6 });
    answers(h, 'a', 'right', { words: drawing([1, 2]) });
    answers(h, 'a', 'right', { words: drawing([7]) });
    h.wait(leaverAfterMs);
    for (let round = 0; round < rounds; round++) {
      const words = Array.from({ length: wordsToClose(16) }, () => throws.below(4_294_967_296));
      const decision = closeBatch(h.state, close(words), h.now());
      if (isRefusal(decision) || decision[0]?.e !== 'drawn') throw new Error('nothing was drawn');
      for (const unit of decision[0].drawn.flatMap(([, units]) => units)) hits[unit] = (hits[unit] ?? 0) + 1;
    }
    const expected = (rounds * 3) / 13;
    for (const [unit, hit] of hits.entries())
      if ([1, 2, 15].includes(unit)) expect(hit).toBe(0);
      else expect(Math.abs(hit - expected), `${unit}`).toBeLessThan(5 * Math.sqrt(expected));
  });

  test('over several batches the draws are shared out, and are at least what was short', () => {
    for (const leaverUnits of [1, 100, 4_096, 9_000, 12_288, 50_000]) {
      const h = wide('a', { leaverUnits });
      for (let chunk = 0; chunk < 3; chunk++) answers(h, 'a', 'right', { words: drawing([chunk]) });
      const short = leaverShortfall(batchesOf(h, 'a'), { windowUnits: 1, leaverUnits });
      h.wait(leaverAfterMs);
      keepUp(h);
      const batches = batchesOf(h, 'a');
      const further = batches.reduce((sum, { drawn }) => sum + drawn - 1, 0);
      expect(further).toBeGreaterThanOrEqual(short);
      expect(further).toBeLessThan(short + 3);
      for (const { drawn, units } of batches)
        expect(Math.abs(drawn - 1 - Math.min(units - 1, short / 3)), `${leaverUnits}`).toBeLessThan(3);
    }
  });

  test('all of it is final together: what is looked at first does not get away before the rest is seen', () => {
    const h = wide('a', { leaverUnits: 40 });
    for (let chunk = 0; chunk < 3; chunk++) answers(h, 'a');
    h.wait(leaverAfterMs);
    keepUp(h);
    const waiting = [...h.state.audits.values()];
    expect(waiting).toHaveLength(3);
    for (const [i, { id, units }] of waiting.entries()) {
      expect(h.refused(vestA)).toBe('already-so');
      h.must(auditCommand(id, i === 2 ? [units[0] as number] : []));
    }
    expect(identityOf(h, 'a').phase).toBe('suspended');
    // Of three batches of a chunk each, two are left to be examined.
    keepUp(h);
    expect(h.state.jobs.get('j1')).toMatchObject({ final: [], accepted: [1, 3] });
  });

  test('nor does a part of it while the rest is still to be drawn', () => {
    const h = wide('a', { leaverUnits: 1 });
    for (let chunk = 0; chunk < 3; chunk++) answers(h, 'a');
    h.wait(leaverAfterMs);
    const words = new Array<number>(wordsToClose(batchUnitsMax)).fill(0);
    for (let left = 3; left > 0; left--) {
      expect(h.refused(vestA)).toBe('already-so');
      h.must(close(words));
    }
    auditAll(h);
    expect(kinds(h.must(vestA))).toEqual(['vested', 'vested', 'vested']);
  });

  test('who comes back and leaves again is looked at anew, whatever still waits of the first time', () => {
    const h = audited('a', { leaverUnits: 8 });
    answers(h, 'a');
    h.wait(leaverAfterMs);
    keepUp(h);
    expect(batchesOf(h, 'a').map(({ drawn }) => drawn)).toEqual([8]);
    answers(h, 'a');
    h.wait(leaverAfterMs);
    keepUp(h);
    expect(batchesOf(h, 'a').map(({ drawn }) => drawn)).toEqual([8, 8]);
  });

  test('[AU5] of crumbs all is recomputed, by anchors', () => {
    const h = audited('ab', { leaverUnits: 1_000 });
    answers(h, 'a');
    h.wait(leaverAfterMs);
    keepUp(h);
    const [audit] = h.state.audits.values();
    expect(audit?.units).toEqual(all);
    expect(h.refused(auditCommand(audit?.id ?? 0, [], 'b'))).toBe('not-yours');
  });
});
