/** [TR5] [TR6] The examination of who is suspended: what is right is kept, to the last unit, and what is no accident is a ban. docs/SPEC.md, section 10. */
import { describe, expect, test } from 'vitest';
import { batchUnitsMax } from '../../src/core/audit.ts';
import { leaverAfterMs, upkeep } from '../../src/core/checking.ts';
import { has } from '../../src/core/intervals.ts';
import type { Audit, Command, Event, LedgerAccount } from '../../src/core/state.ts';
import {
  accidentChunks,
  accidentShare,
  faultMemoryMs,
  isNoAccident,
  suspendedMs,
} from '../../src/core/trust.ts';
import {
  ask,
  auditAll,
  auditCommand,
  audited,
  batchesOf,
  commit,
  drawing,
  identityOf,
  keepUp,
  nobody,
  proven,
  putInOrder,
  slotOf,
} from './house.ts';
import type { House } from './house.ts';

/** The device's next chunk, in the order of its leases: none of what it holds is left out. */
function answers(h: House, device: string, root = 'right', over: { words?: ArrayLike<number> } = {}): void {
  for (const lease of h.state.leases.values()) {
    if (lease.device !== device || lease.left === 0) continue;
    commit(h, device, lease.id + lease.count - lease.left, root, over);
    return;
  }
  commit(h, device, ask(h, device).lease, root, over);
}

type Voided = Extract<Event, { e: 'voided' }>;
const kinds = (events: readonly Event[]): string[] => events.map(({ e }) => e);
const asks = (device: string) => ({ c: 'ask', device, slot: slotOf(), live: nobody }) as const;
const balance = (h: House, account: LedgerAccount): number => Number(h.state.balances.get(account) ?? 0n);
const job = (h: House) => h.state.jobs.get('j1');
const costMicro = 1_000_000;

/** `count` chunks by `a`, of which the last is found to have its first unit wrong. */
function suspendedAfter(h: House, count: number): readonly Event[] {
  for (let chunk = 1; chunk < count; chunk++) answers(h, 'a');
  answers(h, 'a', 'lie', { words: drawing([0]) });
  return auditAll(h, [8 * (count - 1)]);
}

describe('[TR5] the unvested work of who is suspended', () => {
  test('is kept but for the chunk that was wrong, which is void and free again; nothing is lost of what others have', () => {
    const h = audited('ab', {}, { units: 80 });
    answers(h, 'b');
    for (let chunk = 1; chunk < 4; chunk++) answers(h, 'a');
    answers(h, 'a', 'lie', { words: drawing([2]) });
    expect(kinds(auditAll(h, [34]))).toEqual(['audited', 'disproved']);
    expect(kinds(keepUp(h))).toEqual(['voided', 'drawn']);
    // Three chunks of eight units, all by anchors.
    expect([...h.state.audits.values()].map(({ chunk, units, anchored }) => [chunk, units.length, anchored])).toEqual([
      [3, 8, true],
      [2, 8, true],
      [1, 8, true],
    ]); // prettier-ignore
    // Two more are on lease.
    expect(job(h)).toMatchObject({ free: [4, 5, 7, 10], acceptedChunks: 4 });
    const events = putInOrder(h);
    expect(kinds(events)).toEqual(['audited', 'audited', 'audited', 'vested']);
    expect(job(h)).toMatchObject({ final: [1, 4], accepted: [0, 1], free: [4, 5, 7, 10] });
    expect([balance(h, 'vested:A'), balance(h, 'pending:A'), balance(h, 'pending:B')]).toEqual([
      3 * costMicro,
      0,
      costMicro,
    ]);
    expect(h.state.accounts.get('A')).toMatchObject({ chunks: 3, units: 24, earnedMicro: 3 * costMicro });
    expect(identityOf(h, 'a')).toMatchObject({ phase: 'suspended', faults: 1 });
    h.wait(suspendedMs);
    answers(h, 'a');
    expect(identityOf(h, 'a')).toMatchObject({ phase: 'open', faults: 1 });
  });

  test('for every set of wrong units in its chunks: exactly the chunks without one are kept and paid', () => {
    // Three chunks of four units, the first unit of the last is found.
    for (let bits = 0; bits < 256; bits++) {
      const h = audited('a', { verifyMilli: 4_000 }, { units: 16, unitsPerChunk: 4 });
      const wrong = [...Array(8).keys()].filter((unit) => (bits >> unit) & 1);
      for (const chunk of [0, 1]) {
        // Now and then some of it was drawn before.
        const drawn = bits % 3 === chunk ? [0, 3] : [];
        answers(h, 'a', `answer ${chunk}`, { words: drawing(drawn) });
      }
      answers(h, 'a', 'lie', { words: drawing([0]) });
      const last = [...h.state.audits.values()].at(-1);
      h.must(auditCommand(last?.id ?? 0, [8]));
      putInOrder(h, wrong);
      const kept = [0, 1].filter((chunk) => !wrong.some((unit) => Math.floor(unit / 4) === chunk));
      const { final, free } = job(h) ?? { final: [], free: [] };
      expect([0, 1, 2].filter((chunk) => has(final, chunk))).toEqual(kept);
      expect([0, 1, 2].filter((chunk) => has(free, chunk))).toEqual(
        [0, 1, 2].filter((c) => !kept.includes(c)),
      );
      expect(balance(h, 'vested:A')).toBe(kept.length * 500_000);
      expect(batchesOf(h, 'a')).toEqual([]);
      expect(h.state.audits.size).toBe(0);
      expect(identityOf(h, 'a')).toMatchObject({ phase: 'suspended', faults: 1 });
    }
  });

  test('is examined batch after batch: no more waits than one batch of it', () => {
    const h = audited('a', {}, { units: batchUnitsMax * 4, unitsPerChunk: batchUnitsMax, unitCostMicro: 1 });
    for (let chunk = 0; chunk < 3; chunk++) answers(h, 'a');
    commit(h, 'a', ask(h, 'a').lease, 'lie', { words: drawing([7]) });
    auditAll(h, [3 * batchUnitsMax + 7]);
    keepUp(h);
    for (let left = 3; left > 0; left--) {
      // The newest first: who was honest for long and then lied is found out before its honest days are paid.
      expect([...h.state.audits.values()].map(({ chunk, units }) => [chunk, units.length])).toEqual([
        [left - 1, batchUnitsMax],
      ]);
      expect(upkeep(h.state, h.now(), 9)).toEqual([]);
      auditAll(h);
      const done = kinds(keepUp(h));
      expect(done).toEqual(left > 1 ? ['vested', 'drawn'] : ['vested']);
    }
    expect(job(h)?.final).toEqual([0, 3]);
  });

  test('keeps it from new work until the last unit of it is examined, however long that takes', () => {
    const h = audited('a', {}, { units: 800 });
    suspendedAfter(h, 3);
    keepUp(h);
    h.wait(100 * suspendedMs);
    expect(h.refused(asks('a'))).toBe('suspended');
    auditAll(h);
    keepUp(h);
    h.must(asks('a'));
  });

  test('waits for what was drawn before, which counts, and is not drawn twice', () => {
    const h = audited('a', {}, { units: 800 });
    answers(h, 'a', 'right', { words: drawing([1, 5]) });
    answers(h, 'a', 'lie', { words: drawing([0]) });
    const [first, second] = [...h.state.audits.keys()];
    h.must(auditCommand(second ?? 0, [8]));
    expect(kinds(keepUp(h))).toEqual(['voided']);
    expect([...h.state.audits.keys()]).toEqual([first]);
    h.must(auditCommand(first ?? 0));
    expect(kinds(keepUp(h))).toEqual(['drawn']);
    expect([...h.state.audits.values()].map(({ units }) => units)).toEqual([[0, 2, 3, 4, 6, 7]]);
    auditAll(h);
    expect(kinds(keepUp(h))).toEqual(['vested']);
  });

  test('void chunks go back to whoever paid them: the escrow, or the operator for a second copy', () => {
    const h = audited('abc', { kind: 'adaptive' }, { units: 80 });
    // Chunk 0 by b and then a, whom the operator pays; chunk 1 by a alone, once it is no newcomer.
    answers(h, 'b');
    answers(h, 'a');
    const open = identityOf(h, 'a').open;
    proven(h, 'a', 1e9);
    for (const [id, batches] of open) identityOf(h, 'a').open.set(id, batches);
    answers(h, 'a');
    answers(h, 'a', 'lie', { words: drawing([0], 2) });
    auditAll(h, [16]);
    expect(batchesOf(h, 'a')).toMatchObject([{ chunks: [0, 3], wrong: [2, 3], byOperator: [0, 1] }]);
    // What b answers for too stands without a, who may have copied it.
    const voided = keepUp(h).find((event): event is Voided => event.e === 'voided');
    expect(voided).toMatchObject({
      chunks: [0, 1, 2, 3],
      reopened: [2, 3],
      entries: [
        { from: 'pending:A', to: 'escrow:j1', amountMicro: costMicro },
        { from: 'pending:A', to: 'operator', amountMicro: costMicro },
      ],
    });
    expect(batchesOf(h, 'a')).toMatchObject([{ escrowMicro: costMicro, operatorMicro: 0, units: 8 }]);
    putInOrder(h);
    expect([balance(h, 'vested:A'), balance(h, 'pending:B')]).toEqual([costMicro, costMicro]);
    expect(job(h)).toMatchObject({ final: [1, 2], accepted: [0, 1] });
    // Nor are its people asked about b’s, which is the same: anchors make those audits.
    h.wait(leaverAfterMs);
    keepUp(h);
    expect([...h.state.audits.values()]).toMatchObject([{ chunk: 0, authors: ['b/wasm'], anchored: true }]);
  });
});

describe('[TR6] what is no accident', () => {
  test('more than one wrong unit in so many, in so many chunks, counted from the suspension on', () => {
    for (const chunks of [0, accidentChunks - 1, accidentChunks, 99])
      for (const wrong of [1, 3, 10])
        for (const more of [-1, 0, 1]) {
          const units = wrong * accidentShare + more;
          expect(isNoAccident({ units, wrong, chunks })).toBe(chunks >= accidentChunks && more < 0);
        }
  });

  test('a liar is banned at the third wrong chunk of its examination, and all the rest is void', () => {
    const h = audited('a', {}, { units: 800 });
    for (let chunk = 0; chunk < 6; chunk++) answers(h, 'a', 'lie');
    answers(h, 'a', 'lie', { words: drawing([0]) });
    auditAll(h, [48]);
    keepUp(h);
    const found: Event[] = [];
    for (const { id, units } of [...h.state.audits.values()].slice(0, accidentChunks)) {
      expect(identityOf(h, 'a').phase).toBe('suspended');
      found.push(...h.must(auditCommand(id, units.slice(0, 1))));
    }
    expect(found.filter(({ e }) => e === 'disproved')).toMatchObject([{ consequence: 'ban', wrong: [24] }]);
    expect(identityOf(h, 'a')).toMatchObject({ phase: 'banned', faults: 2 });
    expect(kinds(keepUp(h))).toEqual(['voided']);
    expect(job(h)).toMatchObject({ free: [0, 7, 9, 100], acceptedChunks: 0 });
    expect(h.state.audits.size).toBe(0);
    expect(balance(h, 'vested:A')).toBe(0);
  });

  test('who lies in everything is found out by what was drawn before: no unit more is recomputed', () => {
    const h = audited('a', {}, { units: 800 });
    for (let chunk = 0; chunk < 6; chunk++) answers(h, 'a', 'lie', { words: drawing([0]) });
    for (const [id, { units }] of [...h.state.audits].slice(0, 1 + accidentChunks)) {
      h.must(auditCommand(id, units));
      expect(kinds(keepUp(h))).toEqual(['voided']);
    }
    expect(identityOf(h, 'a').phase).toBe('banned');
    expect([h.state.checks.units, h.state.audits.size]).toEqual([1 + accidentChunks, 0]);
    expect(job(h)).toMatchObject({ acceptedChunks: 0 });
  });

  test('each suspension is counted by itself', () => {
    const h = audited('a', {}, { units: 800 });
    for (let chunk = 0; chunk < 2; chunk++) answers(h, 'a', 'lie');
    answers(h, 'a', 'lie', { words: drawing([0]) });
    putInOrder(
      h,
      Array.from({ length: 24 }, (_, unit) => unit),
    );
    expect(identityOf(h, 'a')).toMatchObject({ phase: 'suspended', examined: { wrong: 16, chunks: 2 } });
    h.wait(faultMemoryMs);
    answers(h, 'a', 'lie', { words: drawing([0]) });
    auditAll(
      h,
      [...h.state.audits.values()].flatMap(({ units }) => units),
    );
    expect(identityOf(h, 'a').phase).toBe('suspended');
    expect(identityOf(h, 'a').examined).toEqual({ units: 0, wrong: 0, chunks: 0 });
  });

  test('[AU2] an anchor that found a unit wrong went no further: what it recomputed is counted and paid, and the chunk is void', () => {
    const h = audited('a', {}, { units: 800 });
    for (let chunk = 0; chunk < 3; chunk++) answers(h, 'a');
    const all = [24, 25, 26, 27, 28, 29, 30, 31];
    answers(h, 'a', 'lie', { words: drawing(all.map((unit) => unit - 24)) });
    const [audit] = h.state.audits.keys();
    const early = { ...auditCommand(audit ?? 0, [25, 27]), units: [24, 25] } as Command;
    const events = h.must(early);
    expect(events).toMatchObject([
      { e: 'audited', units: [24, 25], wrong: [25], entries: [{ amountMicro: 250_000 }] },
      { e: 'disproved', wrong: [25], consequence: 'suspend' },
    ]);
    expect(h.state.checks).toMatchObject({ units: 2, auditMicro: 250_000 });
    putInOrder(h);
    expect(job(h)).toMatchObject({ final: [0, 3], accepted: [] });
    expect([identityOf(h, 'a').examined.units, batchesOf(h, 'a')]).toEqual([24, []]);
  });

  test('[AU2] nobody else leaves off early, nor does an anchor that found nothing', () => {
    const h = audited('ab', {}, { units: 800 });
    proven(h, 'b', 1e9);
    answers(h, 'a', 'lie', { words: drawing([0, 1, 2, 3]) });
    const [audit] = h.state.audits.keys();
    const early = (wrong: readonly number[], device: string, units: readonly number[]): Command =>
      ({ ...auditCommand(audit ?? 0, wrong, device), units }) as Command;
    for (const command of [
      early([0], 'b', [0]),
      early([], 'anchor', [0]),
      early([1], 'anchor', [0]),
      early([5], 'anchor', [5]),
    ])
      // prettier-ignore
      expect(() => h.run(command)).toThrow('ends early only where an anchor');
  });

  test('two wrong answers about one chunk are one, and what was right is counted with it', () => {
    const h = audited('a', {}, { units: 800 });
    for (let chunk = 0; chunk < 2; chunk++) answers(h, 'a', 'lie', { words: drawing([1]) });
    answers(h, 'a', 'lie', { words: drawing([0]) });
    const last = [...h.state.audits.keys()].at(-1) ?? 0;
    h.must(auditCommand(last, [16]));
    // Of both other chunks one unit was drawn before, and of the first of them two more.
    h.must(auditCommand(1, [1]));
    const audit = { ...([...h.state.audits.values()][0] as Audit), id: 99, chunk: 0, units: [2, 3] };
    h.state.audits.set(99, audit);
    expect(h.must(auditCommand(99, [2])).filter(({ e }) => e === 'disproved')).toEqual([]);
    expect(identityOf(h, 'a').examined).toEqual({ units: 3, wrong: 2, chunks: 1 });
  });

  /** Two give the same wrong answer, of which an audit waits; then one of them is found wrong in another. */
  function ring(): { h: House; rings: number } {
    const h = audited('ab', { kind: 'adaptive' }, { units: 800 });
    answers(h, 'a', 'ring');
    answers(h, 'b', 'ring', { words: drawing([0]) });
    const open = identityOf(h, 'a').open;
    proven(h, 'a', 1e9);
    for (const [id, batches] of open) identityOf(h, 'a').open.set(id, batches);
    answers(h, 'a', 'lie', { words: drawing([0], 2) });
    const [rings = 0, own = 0] = [...h.state.audits.keys()];
    h.must(auditCommand(own, [8]));
    return { h, rings };
  }

  test('the very answer of somebody else, though it is suspended already', () => {
    const { h, rings } = ring();
    expect(identityOf(h, 'a').phase).toBe('suspended');
    const events = h.must(auditCommand(rings, [0]));
    expect(events.filter(({ e }) => e === 'disproved')).toMatchObject([
      { device: 'a', consequence: 'ban' },
      { device: 'b', consequence: 'ban' },
    ]);
  });

  test('but not an answer that only had to be close to another’s: who agreed with a liar need not have lied', () => {
    const h = audited('ab', { kind: 'adaptive' }, { units: 800 });
    answers(h, 'a', 'ring');
    answers(h, 'b', 'ring', { words: drawing([0]) });
    Object.assign(job(h)?.spec ?? {}, { agreement: 'tolerance' });
    const [audit] = h.state.audits.keys();
    const events = h.must(auditCommand(audit ?? 0, [0]));
    expect(events.filter(({ e }) => e === 'disproved')).toMatchObject([
      { consequence: 'suspend' },
      { consequence: 'suspend' },
    ]);
  });

  test('also where the other’s answer is void by now: its partner does not get away with an accident', () => {
    const { h, rings } = ring();
    expect(keepUp(h)).toMatchObject([{ e: 'voided', device: 'a', chunks: [0, 2] }]);
    const events = h.must(auditCommand(rings, [0]));
    expect(events.filter(({ e }) => e === 'disproved')).toMatchObject([{ device: 'b', consequence: 'ban' }]);
  });

  test('a hot spell in one or two chunks is an accident, however many of their units are wrong', () => {
    const h = audited('a', {}, { units: 800 });
    for (let chunk = 0; chunk < 4; chunk++) answers(h, 'a');
    answers(h, 'a', 'hot', { words: drawing([0, 1, 2, 3, 4, 5, 6, 7]) });
    answers(h, 'a', 'hot');
    putInOrder(
      h,
      Array.from({ length: 16 }, (_, unit) => 32 + unit),
    );
    expect(identityOf(h, 'a').phase).toBe('suspended');
    expect(job(h)).toMatchObject({ final: [0, 4], accepted: [] });
  });
});
