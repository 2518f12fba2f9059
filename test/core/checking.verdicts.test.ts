/** What an audit's answer leads to: who is sent away and lets whom in again, what is void, who pays, when a job is over. docs/SPEC.md, section 10. */
import { describe, expect, test } from 'vitest';
import { leaverAfterMs, upkeep } from '../../src/core/checking.ts';
import { evolve } from '../../src/core/evolve.ts';
import { freeze } from '../../src/core/snapshot.ts';
import { emptyState } from '../../src/core/state.ts';
import type { Event, JobSpec, LedgerAccount } from '../../src/core/state.ts';
import { faultMemoryMs, suspendedMs, tier1Micro } from '../../src/core/trust.ts';
import {
  answers,
  ask,
  auditAll,
  auditCommand,
  audited,
  auditedSpec,
  batchesOf,
  commit,
  commitCommand,
  condemn,
  drawing,
  identityOf,
  keepUp,
  nobody,
  proven,
  putInOrder,
  slotOf,
  submit,
} from './house.ts';
import type { House } from './house.ts';

const all = [0, 1, 2, 3, 4, 5, 6, 7];
const costMicro = 1_000_000;
const unitMicro = 125_000;
const kinds = (events: readonly Event[]): string[] => events.map(({ e }) => e);
const asks = (device: string, backend: 'wasm' | 'webgpu' = 'wasm') =>
  ({ c: 'ask', device, slot: slotOf({ backend }), live: nobody }) as const;
const balance = (h: House, account: LedgerAccount): number => Number(h.state.balances.get(account) ?? 0n);
const job = (h: House) => h.state.jobs.get('j1');

/** One wrong unit of the chunk this device answers next is found; it is drawn however closely the device is looked at. */
function isCaught(h: House, device: string, root = 'lie'): readonly Event[] {
  const events = answers(h, device, root, { words: drawing([0], 2) });
  const accepted = events.find((event) => event.e === 'accepted');
  if (accepted?.e !== 'accepted') throw new Error('the chunk was not accepted');
  return auditAll(h, accepted.drawn);
}

describe('[TR5] a first wrong unit', () => {
  test('suspends, says which unit, and leaves everybody else alone', () => {
    const h = audited('ab');
    answers(h, 'b');
    expect(isCaught(h, 'a')).toMatchObject([
      { e: 'audited', chunk: 1, units: [8], wrong: [8], device: 'anchor' },
      { e: 'disproved', device: 'a', backend: 'wasm', account: 'A', wrong: [8], consequence: 'suspend' },
    ]);
    expect(identityOf(h, 'b')).toMatchObject({ phase: 'open', faults: 0 });
    expect(h.state.checks).toMatchObject({ mismatches: 1, suspended: 1, banned: 0 });
  });

  test('sends away for twice as long where the last was within thirty days, to the millisecond', () => {
    for (const [afterMs, hours] of [
      [suspendedMs, 2],
      [faultMemoryMs - 1, 2],
      [faultMemoryMs, 1],
    ] as const) {
      const h = audited('a', {}, { units: 800 });
      expect(isCaught(h, 'a')).toMatchObject([{}, { consequence: 'suspend', awayMs: suspendedMs }]);
      keepUp(h);
      h.wait(afterMs);
      const again = { e: 'disproved', consequence: 'suspend', awayMs: hours * suspendedMs };
      expect(isCaught(h, 'a')).toMatchObject([{}, again]);
      keepUp(h);
      h.wait(hours * suspendedMs - 1);
      expect(h.refused(asks('a'))).toBe('suspended');
      h.wait(1);
      ask(h, 'a');
      expect(h.state.checks).toMatchObject({ suspended: 2, banned: 0 });
    }
  });

  test('of an older log, which does not say for how long, for an hour', () => {
    const h = audited('a', {}, { units: 800 });
    const [, found] = isCaught(h, 'a');
    const older = emptyState();
    for (const { at, events } of h.log)
      for (const event of events) {
        if (event !== found) evolve(older, event, at);
        else {
          const { awayMs: _, ...said } = found as Extract<Event, { e: 'disproved' }>;
          evolve(older, said, at);
        }
      }
    expect(freeze(older)).toBe(freeze(h.state));
  });

  test('sends away for an hour, to the millisecond; then it begins anew', () => {
    const h = audited('ab', { kind: 'adaptive' }, { units: 800 });
    proven(h, 'a', tier1Micro);
    commit(h, 'a', ask(h, 'a').lease, 'lie', { words: drawing([2], 2) });
    auditAll(h, [2]);
    keepUp(h);
    expect(h.refused(asks('a'))).toBe('suspended');
    h.wait(suspendedMs - 1);
    expect(h.refused(asks('a'))).toBe('suspended');
    h.wait(1);
    const again = ask(h, 'a');
    expect(again.beside).toBe(true);
    expect(identityOf(h, 'a')).toMatchObject({ phase: 'suspended', provenMicro: 0 });
    commit(h, 'a', again.lease);
    answers(h, 'b');
    expect(identityOf(h, 'a')).toMatchObject({ phase: 'open', provenMicro: costMicro, faults: 1 });
  });

  test('what it still holds cannot be committed meanwhile', () => {
    const h = audited('a', {}, { units: 800 });
    answers(h, 'a');
    const held = ask(h, 'a', slotOf({ slot: 1 }));
    isCaught(h, 'a');
    putInOrder(h);
    expect(h.refused(commitCommand('a', held.lease, 'right'))).toBe('suspended');
    h.wait(suspendedMs);
    expect(kinds(commit(h, 'a', held.lease))).toEqual(['committed', 'accepted']);
    expect(identityOf(h, 'a').phase).toBe('open');
  });

  test('is let in again only when what it did before is in order', () => {
    const h = audited('a', {}, { units: 800 });
    isCaught(h, 'a');
    h.wait(suspendedMs);
    expect(h.refused(asks('a'))).toBe('suspended');
    keepUp(h);
    ask(h, 'a');
  });

  test('is a matter of the device and what it computes with: its GPU works on', () => {
    const h = audited('a', {}, { units: 800 });
    isCaught(h, 'a');
    expect(h.refused(asks('a'))).toBe('suspended');
    h.must(asks('a', 'webgpu'));
  });

  test('however many units were wrong, and whoever asks twice', () => {
    const h = audited('a', {}, { units: 800 });
    for (let chunk = 0; chunk < 3; chunk++) answers(h, 'a', 'lie', { words: drawing(all) });
    const events = auditAll(
      h,
      Array.from({ length: 24 }, (_, unit) => unit),
    );
    expect(kinds(events)).toEqual(['audited', 'disproved', 'audited', 'audited']);
    expect(identityOf(h, 'a')).toMatchObject({ phase: 'suspended', faults: 1 });
    keepUp(h);
    expect(h.state.audits.size).toBe(0);
  });
});

describe('[TR6] no accident', () => {
  test('two who gave the same wrong answer are both banned, whoever of them the audit was drawn for', () => {
    for (const drawnFor of ['both', 'one'] as const) {
      const h = audited('ab', { kind: 'adaptive', leaverUnits: 8 });
      answers(h, 'a', 'ring');
      answers(h, 'b', 'ring', { words: drawnFor === 'both' ? drawing([1]) : drawing([]) });
      if (drawnFor === 'one') {
        h.wait(leaverAfterMs);
        const words = new Array<number>(17).fill(0);
        h.must({ c: 'close', job: 'j1', device: 'b', backend: 'wasm', words });
      }
      const [audit] = h.state.audits.values();
      expect(audit?.authors).toEqual(drawnFor === 'both' ? ['a/wasm', 'b/wasm'] : ['b/wasm']);
      expect(kinds(auditAll(h, [1]))).toEqual(['audited', 'disproved', 'disproved']);
      for (const device of ['a', 'b']) expect(identityOf(h, device).phase).toBe('banned');
      keepUp(h);
      expect(job(h)).toMatchObject({ free: [0, 4], accepted: [], acceptedChunks: 0 });
    }
  });

  test('who is banned loses what is pending and keeps what is vested', () => {
    const h = audited('a', { windowUnits: 1, leaverUnits: 1 }, { units: 800 });
    answers(h, 'a');
    h.wait(leaverAfterMs);
    keepUp(h);
    auditAll(h);
    keepUp(h);
    answers(h, 'a');
    isCaught(h, 'a');
    condemn(h, 'a');
    keepUp(h);
    expect([balance(h, 'vested:A'), balance(h, 'pending:A')]).toEqual([costMicro, 0]);
  });
});

describe('answers that are not taken', () => {
  test('are refused without any effect: unknown, made already, by a volunteer, by nobody', () => {
    const h = audited('ab');
    answers(h, 'a', 'lie', { words: drawing([1]) });
    expect(h.refused(auditCommand(2, [1]))).toBe('unknown-audit');
    expect(h.refused(auditCommand(1, [1], 'b'))).toBe('not-yours');
    expect(h.refused(auditCommand(1, [], 'a'))).toBe('not-yours');
    expect(h.refused(auditCommand(1, [1], 'stranger'))).toBe('not-yours');
    h.must(auditCommand(1));
    expect(h.refused(auditCommand(1, [1]))).toBe('unknown-audit');
  });

  test('say nothing about units that were not drawn', () => {
    const h = audited('a');
    answers(h, 'a', 'right', { words: drawing([1]) });
    expect(h.must(auditCommand(1, [0, 2, 99]))).toMatchObject([{ e: 'audited', units: [1], wrong: [] }]);
    expect(identityOf(h, 'a').phase).toBe('open');
  });

  test('come too late for what is void', () => {
    const h = audited('a');
    for (let chunk = 0; chunk < 2; chunk++) answers(h, 'a', 'lie', { words: drawing([1]) });
    h.must(auditCommand(1, [1]));
    condemn(h, 'a');
    keepUp(h);
    expect(h.refused(auditCommand(2, [9]))).toBe('unknown-audit');
  });
});

/** What everybody has at the end of a story. */
function books(h: House, ...accounts: LedgerAccount[]): number[] {
  return accounts.map((account) => balance(h, account));
}

describe('[LG3] [LG5] who pays', () => {
  test('the requester for the work; second copies and audits while something is set aside; then the operator', () => {
    // Set aside: a second copy and one audited unit.
    const verifyMilli = ((costMicro + unitMicro) / (4 * costMicro)) * 1_000;
    const h = audited('ab', { kind: 'adaptive', verifyMilli: Math.ceil(verifyMilli) });
    expect(balance(h, 'escrow:j1')).toBe(5 * costMicro + 128_000);
    answers(h, 'a');
    const [, accepted] = answers(h, 'b', 'right', { words: drawing([0]) });
    expect(accepted).toMatchObject({
      entries: [
        { from: 'escrow:j1', to: 'pending:A', amountMicro: costMicro },
        { from: 'escrow:j1', to: 'pending:B', amountMicro: costMicro },
      ],
    });
    expect(auditAll(h)[0]).toMatchObject({
      entries: [{ from: 'escrow:j1', to: 'vested:anchor', amountMicro: unitMicro }],
    });
    answers(h, 'a');
    const [, second] = answers(h, 'b', 'right', { words: drawing([0, 1]) });
    expect(second).toMatchObject({ entries: [{ from: 'escrow:j1' }, { from: 'operator', to: 'pending:B' }] });
    expect(auditAll(h)[0]).toMatchObject({ entries: [{ from: 'operator', amountMicro: 2 * unitMicro }] });
    expect(books(h, 'escrow:j1', 'operator')).toEqual([2 * costMicro + 3_000, -costMicro - 2 * unitMicro]);
    expect(h.state.checks).toMatchObject({
      workMicro: 2 * costMicro,
      secondMicro: 2 * costMicro,
      secondCopies: 2,
      auditMicro: 3 * unitMicro,
      units: 3,
    });
  });

  test('what is void goes back to whoever paid it, and exactly what nobody else answers for is free again', () => {
    const h = audited('abc', { kind: 'adaptive' });
    // Chunk 0 by a and b, chunk 1 by a and c.
    answers(h, 'a');
    answers(h, 'b');
    answers(h, 'a', 'ring');
    answers(h, 'c', 'ring', { words: drawing([0]) });
    expect(books(h, 'escrow:j1', 'operator', 'pending:A')).toEqual([2e6, -2e6, 2e6]);
    auditAll(h, [8]);
    expect(kinds(keepUp(h))).toEqual(['voided', 'voided']);
    // a was paid from the escrow for both; c by the operator; b, by the operator, for a chunk that stands.
    expect(books(h, 'pending:A', 'pending:B', 'pending:C')).toEqual([0, 1e6, 0]);
    // The operator paid b’s copy and the audited unit.
    expect(books(h, 'escrow:j1', 'operator')).toEqual([4e6, -1e6 - unitMicro]);
    // Chunk 2 is leased.
    expect(job(h)).toMatchObject({ free: [1, 2, 3, 4], accepted: [0, 1], acceptedChunks: 1, batches: 1 });
    expect(job(h)?.authors.size).toBe(0);
    expect(h.state.accounts.get('A')).toMatchObject({ chunks: 0, units: 0, earnedMicro: 0 });
    expect(h.state.checks.voidedChunks).toBe(1);
  });

  test('where the operator had paid the last who answers for a chunk, its price is there once more', () => {
    const h = twoAnswerAndAuditsTakeTheRest();
    // Now b, whom the operator paid, is the only one to answer for chunk 0, and audits have used up what came back from a.
    isCaught(h, 'b');
    condemn(h, 'b');
    const before = balance(h, 'operator');
    const events = keepUp(h);
    const voided = events.find((event) => event.e === 'voided');
    if (voided?.e !== 'voided') throw new Error('nothing is void');
    expect([voided.device, voided.reopened[0]]).toEqual(['b', 0]);
    expect(voided.entries.map(({ from, to }) => `${from} ${to}`)).toEqual([
      'pending:B escrow:j1',
      'pending:B operator',
      'operator escrow:j1',
    ]);
    // What came back from a had gone into audits, to the last microcredit: the operator’s money for b goes into the escrow.
    expect(balance(h, 'operator')).toBe(before);
    expect(balance(h, 'escrow:j1')).toBeGreaterThanOrEqual(job(h)?.owedMicro ?? Infinity);
  });
});

/** Chunk 0 is answered by a (from the escrow) and b (by the operator); a is found wrong elsewhere; audits of c use up what comes back. */
function twoAnswerAndAuditsTakeTheRest(): House {
  const h = audited('abc', { kind: 'adaptive' }, { units: 64 });
  answers(h, 'a');
  answers(h, 'b');
  for (const name of ['a', 'b', 'c']) {
    const open = h.state.identities.get(`${name}/wasm`)?.open ?? [];
    proven(h, name, tier1Micro);
    for (const [id, batches] of open) identityOf(h, name).open.set(id, batches);
  }
  commit(h, 'a', ask(h, 'a').lease, 'lie', { words: drawing([2], 2) });
  auditAll(h, [10]);
  condemn(h, 'a');
  keepUp(h);
  expect(job(h)?.accepted).toEqual([0, 1]);
  expect(balance(h, 'operator')).toBe(-costMicro - unitMicro);
  for (let chunk = 1; chunk < 3; chunk++) {
    commit(h, 'c', ask(h, 'c').lease, 'right', { words: drawing(all.slice(1), 2) });
    auditAll(h);
  }
  expect(balance(h, 'escrow:j1') - (job(h)?.owedMicro ?? 0)).toBe(unitMicro);
  return h;
}

describe('[LG6] [JB2] the end of a job', () => {
  test('a cancelled one keeps nothing of what the operator paid for', () => {
    const h = twoAnswerAndAuditsTakeTheRest();
    isCaught(h, 'b');
    condemn(h, 'b');
    h.must({ c: 'cancel', job: 'j1' });
    // Its chunks are not computed again: nobody has to pay for that.
    const moved = putInOrder(h).flatMap((event) => ('entries' in event ? event.entries : []));
    expect(moved.filter(({ from, to }) => from === 'operator' && to === 'escrow:j1')).toEqual([]);
    expect(balance(h, 'escrow:j1')).toBe(0);
    expect(balance(h, 'pending:B')).toBe(0);
  });

  test('is when everything is final and no batch is open, and not before', () => {
    const h = audited('ab', { leaverUnits: 1 });
    for (const device of ['a', 'b', 'a', 'b']) answers(h, device);
    const events: Event[] = [];
    let steps = 0;
    while (h.state.jobs.size > 0 && steps++ < 20) {
      const [due] = upkeep(h.state, h.now(), 1);
      if (due === undefined) events.push(...auditAll(h));
      else
        events.push(...h.must(due.c === 'close' ? { ...due, words: new Array<number>(100).fill(0) } : due));
      const open = [...h.state.identities.values()].some((identity) => identity.open.size > 0);
      expect(h.state.jobs.size > 0).toBe(open);
    }
    expect(events.at(-1)).toMatchObject({ e: 'finished', summary: { finalChunks: 4, settledByPeople: 4 } });
    expect(kinds(events).filter((kind) => kind === 'finished')).toHaveLength(1);
    expect(balance(h, 'escrow:j1')).toBe(0);
  });

  test('a chunk that stands through another is final when that other’s batch is, and the job waits for the last batch', () => {
    const h = audited('ab', { kind: 'adaptive', leaverUnits: 8 }, { units: 8 });
    answers(h, 'a');
    answers(h, 'b');
    keepUp(h);
    const [first, second] = [...h.state.audits.values()];
    h.must(auditCommand(first?.id ?? 0));
    expect(kinds(keepUp(h))).toEqual(['vested']);
    expect(job(h)).toMatchObject({ final: [0, 1], finalChunks: 1, batches: 1 });
    h.must(auditCommand(second?.id ?? 0));
    expect(kinds(keepUp(h))).toEqual(['vested', 'finished']);
  });

  test('what comes back from the last who was disproved goes on to the requester', () => {
    const h = audited('abc', { kind: 'adaptive', leaverUnits: 8, verifyMilli: 4_000 }, { units: 16 });
    for (const name of ['a', 'b']) answers(h, name);
    for (const name of ['b', 'c']) answers(h, name);
    keepUp(h);
    // Both of b’s chunks are final through others; then b is found out over one more job.
    for (const { id, authors } of [...h.state.audits.values()])
      if (authors[0] !== 'b/wasm') h.must(auditCommand(id));
    keepUp(h);
    expect(job(h)).toMatchObject({ finalChunks: 2, batches: 1 });
    const before = balance(h, 'requester:r');
    const spec: JobSpec = auditedSpec({}, { units: 800 });
    submit(h, spec, 'r2');
    commit(h, 'b', ask(h, 'b').lease, 'lie', { words: drawing([0]) });
    const last = [...h.state.audits.values()].find(({ job: id }) => id === 'j2');
    h.must(auditCommand(last?.id ?? 0, last?.units));
    condemn(h, 'b');
    expect(kinds(keepUp(h)).sort()).toEqual(['finished', 'voided', 'voided']);
    expect(balance(h, 'escrow:j1')).toBe(0);
    expect(balance(h, 'requester:r')).toBeGreaterThan(before + 2 * costMicro - 1);
    expect(batchesOf(h, 'b')).toEqual([]);
  });
});
