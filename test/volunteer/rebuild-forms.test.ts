/** `talka rebuild` makes a log's receipts again, those of the form before too; a log that has once gone on to the newer keeps to it. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { rootOf, treeHash } from '../../src/core/merkle.ts';
import { Rebuild } from '../../src/volunteer/rebuild.ts';
import { rebuild as bySpec } from '../coordinator/spec-verifier.ts';
import { base64urlOf, bytesOfHex, hexOf, makeKey, openKey, tagged, u64 } from '../../src/volunteer/crypto.ts';
import type { DeviceKey } from '../../src/volunteer/crypto.ts';
import { receiptText } from '../../src/wire/receipt.ts';
import type { ReceiptForm, Rows } from '../../src/wire/receipt.ts';

const hash = treeHash((bytes) => createHash('sha256').update(bytes).digest());
const who = { device: 'D'.repeat(16), account: 'A'.repeat(16), site: 'fair' };
const entry = (from: string, to: string, amountMicro: number) => ({ from, to, amountMicro });
const [pending, vested, escrow] = [`pending:${who.account}`, `vested:${who.account}`, 'escrow:j1'];

const spec = {
  units: 8,
  unitsPerChunk: 2,
  unitCostMicro: 100,
  policy: { kind: 'audit', quorum: 1, verifyMilli: 1_000 },
};
const opened = [
  { e: 'funded', account: 'op', entries: [entry('issue', 'requester:op', 9_000)] },
  {
    e: 'submitted',
    job: 'j1',
    requester: 'op',
    spec,
    servedMicro: 0,
    entries: [entry('requester:op', escrow, 1_600)],
  },
];
const accepted = (chunk: number) => ({
  e: 'accepted',
  job: 'j1',
  chunk,
  winners: [{ replica: chunk + 1, ...who }],
  final: false,
  entries: [entry(escrow, pending, 200)],
});
const becomes = (e: 'vested' | 'voided', chunk: number) => ({
  e,
  ...who,
  job: 'j1',
  chunks: [chunk, chunk + 1],
  ...(e === 'vested' ? {} : { reopened: [chunk, chunk + 1] }),
  entries: [entry(pending, e === 'vested' ? vested : escrow, 200)],
});
/** An audit of another's chunk. `by`: nothing where an anchor made it. */
const audited = (by: object, audit = 6) => ({
  e: 'audited',
  audit,
  job: 'j1',
  chunk: 3,
  units: [1, 2, 3],
  account: who.account,
  device: who.device,
  ...by,
  entries: [entry(escrow, vested, 300)],
});
const row = (chunk: number): Rows => ({
  accepted: [{ job: 'j1', chunk, replica: chunk + 1, amountMicro: 200, final: false }],
});
const batch = (chunk: number) => [{ job: 'j1', chunks: [chunk, chunk + 1], amountMicro: 200 }];

/** A tick: what happened, and what its one receipt says; null: it has none. */
type Ticked = readonly [events: readonly object[], rows: Rows | null, form?: ReceiptForm];

/** What both verifiers say of a log; null where all of it holds. */
async function said(ticks: readonly Ticked[]): Promise<[string | null, string | null]> {
  const key: DeviceKey = await openKey(await makeKey(true));
  const coordinator = base64urlOf(key.publicKey);
  const lines = ticks.map(([events, rows, form = 3], i) => {
    const [tick, at] = [i + 1, 1_000 + i];
    const leaf = rows === null ? null : receiptText({ ...who, coordinator, at }, rows, form);
    const receipts = leaf === null ? '' : hexOf(hash.leaf(Buffer.from(leaf)));
    return JSON.stringify({ v: 1, tick, at, salt: 'A'.repeat(22), receipts, events });
  });
  const own = new Rebuild(coordinator, hash);
  const fault = lines.map((line) => own.take(Buffer.from(line))).find((found) => found !== null) ?? null;
  const [size, root] = [
    lines.length,
    rootOf(
      hash,
      lines.map((line) => hash.leaf(Buffer.from(line))),
    ),
  ];
  const words = tagged('talka/head/1', u64(size), u64(9), u64(size), root, bytesOfHex('00'.repeat(32)));
  const signature = base64urlOf(await key.sign(words));
  const head = { tick: size, at: 9, size, root: hexOf(root), receipts: '', signature };
  // Whether it is under the head is another test's: the records alone are asked about.
  const { wrong } = await bySpec(lines.slice(0, size), head, coordinator, async () => ['00'.repeat(32)]);
  return [fault === null ? null : `tick ${fault.tick}`, wrong === null ? null : (wrong.split(':')[0] ?? '')];
}

const older: Ticked[] = [
  [[...opened, accepted(0)], row(0), 2],
  // Then what vested had no receipt.
  [[becomes('vested', 0)], null],
  [[accepted(1), audited({}, 5)], row(1), 2],
];
const newer: Ticked[] = [
  [[accepted(2), becomes('vested', 1)], { ...row(2), vested: batch(1) }],
  [[becomes('voided', 2)], { accepted: [], voided: batch(2) }],
  [
    [audited({ site: 'fair' })],
    { accepted: [], audits: [{ audit: 6, job: 'j1', units: 3, amountMicro: 300 }] },
  ],
  [[audited({}, 7)], null],
];

test('[RC1, RC2] what the form before wrote holds, and then the newer one, list by list', async () => {
  expect(await said(older)).toEqual([null, null]);
  expect(await said([...older, ...newer])).toEqual([null, null]);
});

test('[RC2] a log that has gone on to the newer form never goes back, nor leaves a receipt out', async () => {
  const bad: readonly Ticked[] = [
    [[accepted(3)], row(3), 2],
    [[accepted(3)], null],
    [[accepted(2), becomes('vested', 2)], row(2), 3],
    [[accepted(2), becomes('vested', 2)], { accepted: [], vested: batch(2) }],
    [[audited({ site: 'fair' })], null],
    [[audited({})], { accepted: [], audits: [{ audit: 6, job: 'j1', units: 3, amountMicro: 300 }] }],
    [
      [audited({ site: null })],
      { accepted: [], audits: [{ audit: 6, job: 'j1', units: 3, amountMicro: 300 }] },
    ],
  ];
  for (const [i, tick] of bad.entries())
    expect(await said([...older, ...newer.slice(0, 2), tick]), String(i)).toEqual(['tick 6', 'tick 6']);
});
