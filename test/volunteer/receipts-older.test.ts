/** [RC2] A receipt of before there was this form is told again as it was signed, and a volunteer takes it. */
import { expect, test } from 'vitest';
import { appendLeaf, emptyFrontier, rootOfFrontier } from '../../src/core/merkle.ts';
import type { Event } from '../../src/core/state.ts';
import { tree } from '../../src/coordinator/digests.ts';
import { makeKeys } from '../../src/coordinator/keys.ts';
import { MemoryLog } from '../../src/coordinator/log-memory.ts';
import { Payroll, ReceiptTree } from '../../src/coordinator/receipts.ts';
import { leafOf as recordOf } from '../../src/coordinator/record.ts';
import { afterwards } from '../../src/coordinator/settling.ts';
import { leafOf } from '../../src/volunteer/checks.ts';
import type { ReceiptWord } from '../../src/wire/volunteer.ts';

const who = { device: 'D'.repeat(16), account: 'A'.repeat(16), site: null };
const accepted = {
  e: 'accepted',
  job: 'j1',
  chunk: 9,
  root: '',
  replica: 4,
  winners: [{ replica: 4, ...who }],
  losers: [],
  final: false,
  entries: [{ from: 'escrow:j1', to: `pending:${who.account}`, amountMicro: 80 }],
} satisfies Event;

/** A log of one tick, which paid in the form of then. */
async function logOf(key: ReturnType<typeof makeKeys>['keys']['coordinator']): Promise<MemoryLog> {
  const log = new MemoryLog();
  const payroll = new Payroll();
  payroll.add(accepted, false);
  const { root } = new ReceiptTree(payroll, 5, key.publicText, 2);
  // Nothing that vested had a receipt then.
  const vested = { e: 'vested', ...who, backend: 'wasm', job: 'j2', chunks: [0, 1], entries: [] } as const;
  const record = recordOf(1, 5, root, [accepted, vested]).subarray(1);
  const frontier = emptyFrontier();
  const nodes = appendLeaf(tree, frontier, tree.leaf(record));
  await log.append({
    tick: 1,
    record,
    root: rootOfFrontier(tree, frontier),
    nodes,
    answers: [{ replica: 4, job: 'j1', chunk: 9, outputs: null }],
    settled: [{ job: 'j1', chunk: 9, replica: 4 }],
    reopened: [],
    dropped: [],
    concluded: [],
    credited: [],
  });
  return log;
}

test.each([2, 3])(
  'to a program that reads form %i too: signed, in the tree, of the older form',
  async (reads) => {
    const key = makeKeys().keys.coordinator;
    const log = await logOf(key);
    const told = await afterwards(log, key, { device: who.device, site: null, reads }, 4, () => false);
    if (told.is !== 'receipt') throw new Error(`it is ${told.is}`);
    const word = JSON.parse(told.message) as ReceiptWord;
    expect(word.settled).toMatchObject([{ replica: 4, amountMicro: 80 }]);
    expect(word).not.toHaveProperty('vested');
    const payee = { coordinator: key.publicText, account: who.account, device: who.device, site: null };
    const leaf = await leafOf(word, payee);
    expect(leaf).toBe(
      `["talka/receipt/2","${key.publicText}","${who.account}","${who.device}",null,5,[["j1",9,4,80,false]]]`,
    );
    expect(await leafOf({ ...word, vested: [] }, payee)).toBeNull();
  },
);
