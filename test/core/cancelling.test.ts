/** [LG6] A job that is cancelled while work of it is pending: what is given back, what is still checked, and how its books close. docs/SPEC.md, section 4. */
import { describe, expect, test } from 'vitest';
import type { Event, LedgerAccount } from '../../src/core/state.ts';
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
  drawing,
  identityOf,
  keepUp,
  kernel,
  nobody,
  proven,
  putInOrder,
  slotOf,
  submit,
} from './house.ts';
import type { House } from './house.ts';

const costMicro = 1_000_000;
const unitMicro = 125_000;
const kinds = (events: readonly Event[]): string[] => events.map(({ e }) => e);
const asks = (device: string) => ({ c: 'ask', device, slot: slotOf(), live: nobody }) as const;
const balance = (h: House, account: LedgerAccount): number => Number(h.state.balances.get(account) ?? 0n);

/** One wrong unit of the chunk this device answers next is found. */
function isCaught(h: House, device: string): void {
  const events = answers(h, device, 'lie', { words: drawing([0]) });
  const accepted = events.find((event) => event.e === 'accepted');
  auditAll(h, accepted?.e === 'accepted' ? accepted.drawn : []);
}

describe('[LG6] a job that is cancelled', () => {
  test('gives nothing out any more, gives back what is not needed, and pays what turns out right', () => {
    const h = audited('abc', { verifyMilli: 2_000 });
    answers(h, 'a');
    answers(h, 'b', 'lie');
    isCaught(h, 'c');
    const held = ask(h, 'a');
    const events = h.must({ c: 'cancel', job: 'j1' });
    // Of eight credits for audits one eighth is spent; what is pending may cost two (the third chunk is one unit short of nothing).
    expect(events).toMatchObject([{ e: 'closing', job: 'j1', entries: [{ to: 'requester:r' }] }]);
    expect(balance(h, 'escrow:j1')).toBe(16 * unitMicro + 8 * unitMicro);
    expect(h.refused({ c: 'cancel', job: 'j1' })).toBe('already-so');
    expect(h.refused(asks('a'))).toBe('no-job-open');
    expect(h.refused(commitCommand('a', held.lease, 'right'))).toBe('unknown-replica');
    expect([h.state.leases.size, h.state.replicas.size, h.state.busy.size]).toEqual([0, 0, 0]);
    const after = putInOrder(h, [8]);
    expect(after.at(-1)).toMatchObject({
      e: 'cancelled',
      summary: { finalChunks: 1, settledByPeople: 1, settledWithAnchor: 0 },
      entries: [{ from: 'escrow:j1', to: 'requester:r' }],
    });
    expect(
      (['vested:A', 'vested:B', 'vested:C', 'escrow:j1'] as const).map((one) => balance(h, one)),
    ).toEqual([1e6, 0, 0, 0]);
    // Twelve credits were the price: one chunk and seventeen units recomputed.
    expect(balance(h, 'requester:r') + 1e6 + balance(h, 'vested:anchor')).toBe(12e6);
    expect(h.state.audits.size).toBe(0);
    expect(identityOf(h, 'a').open.size + identityOf(h, 'c').open.size).toBe(0);
  });

  test('whose kernel is paused can be checked by nobody: what was not found wrong is paid, whatever still waits', () => {
    for (const pausedFirst of [true, false]) {
      const h = audited('abc', { kind: 'adaptive' }, { units: 800 });
      answers(h, 'b');
      answers(h, 'a');
      for (const device of ['a', 'b', 'c']) {
        const open = h.state.identities.get(`${device}/wasm`)?.open ?? [];
        proven(h, device, 1e9);
        for (const [id, batches] of open) identityOf(h, device).open.set(id, batches);
      }
      commit(h, 'b', ask(h, 'b').lease, 'right', { words: drawing([1], 2) });
      commit(h, 'c', ask(h, 'c').lease);
      commit(h, 'c', ask(h, 'c').lease, 'lie', { words: drawing([0], 2) });
      const last = [...h.state.audits.values()].at(-1);
      h.must(auditCommand(last?.id ?? 0, last?.units));
      const pause = { c: 'pauseKernel', kernel, reason: 'it disagrees with itself' } as const;
      if (pausedFirst) h.must(pause);
      h.must({ c: 'cancel', job: 'j1' });
      if (!pausedFirst) {
        keepUp(h);
        expect(h.state.audits.size).toBeGreaterThan(1);
        h.must(pause);
      }
      const events = keepUp(h);
      expect(events.at(-1)).toMatchObject({ e: 'cancelled' });
      expect(balance(h, 'vested:A')).toBe(costMicro);
      expect(balance(h, 'vested:B')).toBe(2 * costMicro);
      expect(balance(h, 'vested:C'), 'what is not void of it').toBe(costMicro);
      expect([h.state.audits.size, h.state.jobs.size]).toEqual([0, 0]);
    }
  });

  test('of which nothing is pending ends at once', () => {
    const h = audited('a');
    ask(h, 'a');
    expect(kinds(h.must({ c: 'cancel', job: 'j1' }))).toEqual(['cancelled']);
    expect([h.state.jobs.size, balance(h, 'requester:r')]).toEqual([0, 4 * costMicro]);
  });

  test('draws from who works on as from who has left, at once', () => {
    const h = audited('a', { leaverUnits: 3 }, { units: 800 });
    answers(h, 'a');
    answers(h, 'a');
    expect(keepUp(h)).toEqual([]);
    h.must({ c: 'cancel', job: 'j1' });
    expect(kinds(keepUp(h))).toEqual(['drawn']);
    expect(batchesOf(h, 'a').map(({ drawn }) => drawn)).toEqual([3]);
    auditAll(h);
    expect(kinds(keepUp(h))).toEqual(['vested', 'cancelled']);
  });

  test('is nothing that a new job enters the queue beside', () => {
    const h = audited('ab', {}, { units: 800 });
    submit(h, auditedSpec({}, { units: 800 }), 'r2');
    answers(h, 'a');
    answers(h, 'a');
    const other = h.state.jobs.get('j2')?.servedMicro ?? 0;
    h.must({ c: 'cancel', job: 'j1' });
    expect(submit(h, auditedSpec(), 'r3').servedMicro).toBe(other);
  });
});
