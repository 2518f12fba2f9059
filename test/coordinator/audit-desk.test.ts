/** [AU8] Who vouched for a claim is told once what became of it, however the tick that says so falls. */
import { expect, test } from 'vitest';
import { AuditDesk } from '../../src/coordinator/audit-desk.ts';
import { emptyState } from '../../src/core/state.ts';

const at = 1_700_000_000_000;

test('[AU8] an answer that an anchor is just confirming is not told to be gone before it counts', () => {
  const desk = new AuditDesk({ groupsMin: 1, below: () => 0, candidates: () => [], fits: () => true });
  const voucher = { audit: 7, device: 'd', outputs: [] };
  expect(desk.vouch(voucher)).toBeNull();
  // The anchor has answered: its tick has taken the audit out of the state, and what follows is still to be told.
  desk.hold(7, at, 60_000, true);
  expect(desk.forget(emptyState(), at)).toEqual([]);
  expect(desk.voucherOf(7)).toEqual(voucher);
  desk.concluded(7);
  desk.hold(7, at, 60_000, false);
  expect(desk.forget(emptyState(), at)).toEqual([]);
});

test('[AU8] an answer whose audit is over before an anchor came to it is gone', () => {
  const desk = new AuditDesk({ groupsMin: 1, below: () => 0, candidates: () => [], fits: () => true });
  const voucher = { audit: 7, device: 'd', outputs: [] };
  desk.vouch(voucher);
  expect(desk.forget(emptyState(), at)).toEqual([voucher]);
  expect(desk.voucherOf(7)).toBeUndefined();
});
