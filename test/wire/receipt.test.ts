/** The text of a receipt, against vectors that another program wrote; and its lists as a word of the wire. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { receiptText } from '../../src/wire/receipt.ts';
import type { PaidTo, ReceiptForm, Rows } from '../../src/wire/receipt.ts';
import { check, isMalformed } from '../../src/wire/schema.ts';
import { fromCoordinator } from '../../src/wire/volunteer.ts';

interface Vector {
  readonly about: string;
  readonly form: ReceiptForm;
  readonly to: PaidTo;
  readonly rows: Rows;
  readonly leaf: string;
  readonly hash: string;
}
const { leaves } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../vectors/receipts.json'), 'utf8'),
) as { leaves: readonly Vector[] };

test.each(leaves)('[RC1, RC2] $about: word for word', ({ form, to, rows, leaf, hash }) => {
  expect(receiptText(to, rows, form)).toBe(leaf);
  expect(JSON.stringify(JSON.parse(leaf))).toBe(leaf);
  expect(createHash('sha256').update(Uint8Array.of(0)).update(leaf).digest('hex')).toBe(hash);
});

describe('[RC5] a receipt on the wire', () => {
  const batch = { job: 'j1', chunks: [0, 2], amountMicro: 5 };
  const audit = { audit: 3, job: 'j1', units: 2, amountMicro: 5 };
  const word = { t: 'receipt', acks: [], settled: [], lost: [], tick: null };
  const isTaken = (more: object): boolean => !isMalformed(check(fromCoordinator, { ...word, ...more }));

  test('may have each of the later lists, or none', () => {
    for (const more of [
      {},
      { vested: [batch] },
      { voided: [batch] },
      { audits: [audit] },
      { vested: [], voided: [], audits: [], site: null },
      { site: 'fair' },
    ])
      expect(isTaken(more), JSON.stringify(more)).toBe(true);
  });

  test('is refused with anything else in them', () => {
    for (const more of [
      { vested: batch },
      { vested: [{ ...batch, more: 1 }] },
      { voided: [{ ...batch, amountMicro: -1 }] },
      { voided: [{ ...batch, job: 'x' }] },
      { vested: [{ ...batch, chunks: [0.5, 2] }] },
      { audits: [{ ...audit, audit: 0 }] },
      { audits: [{ ...audit, units: 0 }] },
      { audits: [[3, 'j1', 2, 5]] },
      { site: '' },
      { void: [batch] },
    ])
      expect(isTaken(more), JSON.stringify(more)).toBe(false);
  });
});
