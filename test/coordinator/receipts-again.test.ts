/** A tick's receipts, made again from its record: one leaf a device, word for word, in the form that was signed. */
import { describe, expect, test } from 'vitest';
import { asciiOf } from '../../src/coordinator/ascii.ts';
import { tree } from '../../src/coordinator/digests.ts';
import { leafText, paidIn, Payroll, putReceipt, ReceiptTree } from '../../src/coordinator/receipts.ts';
import type { TickWord } from '../../src/coordinator/record.ts';
import { rootOf } from '../../src/core/merkle.ts';
import type { Event } from '../../src/core/state.ts';

describe('a tick’s receipts, made again from its record', () => {
  const who = { device: 'device', account: 'account', site: null };
  const entry = (from: string, amountMicro: number) => ({ from, to: 'vested:account', amountMicro });
  const events = [
    {
      e: 'audited',
      audit: 7,
      job: 'j1',
      chunk: 3,
      units: [24, 31],
      wrong: [],
      ...who,
      entries: [entry('operator', 200)],
    },
    {
      e: 'audited',
      audit: 8,
      job: 'j1',
      chunk: 3,
      units: [25],
      wrong: [],
      device: 'anchor',
      account: 'anchor',
      entries: [entry('operator', 100)],
    },
    {
      e: 'voided',
      ...who,
      backend: 'wasm',
      job: 'j2',
      chunks: [1, 2],
      reopened: [1, 2],
      entries: [entry('pending:account', 30), entry('pending:account', 10), entry('operator', 5)],
    },
    {
      e: 'vested',
      ...who,
      backend: 'wasm',
      job: 'j1',
      chunks: [0, 2, 5, 6],
      entries: [entry('pending:account', 60)],
    },
    {
      e: 'accepted',
      job: 'j1',
      chunk: 9,
      root: '',
      replica: 4,
      winners: [{ replica: 4, ...who }],
      losers: [],
      final: true,
      entries: [entry('escrow:j1', 80)],
    },
  ] as unknown as Event[];
  const text = (form: 2 | 3, lists: string): string =>
    `["talka/receipt/${form}","key","account","device",null,5,${lists}]`;
  const accepted = '[["j1",9,4,80,true]]';
  const whole = text(3, `${accepted},[["j1",[0,2,5,6],60]],[["j2",[1,2],40]],[[7,"j1",2,200]]`);

  test('[RC1] one leaf a device, each list in the order of the log, an anchor’s audits in none', () => {
    const payroll = new Payroll();
    for (const event of events) {
      if (event.e === 'accepted') payroll.add(event, false);
      else if (event.e === 'audited' || event.e === 'vested' || event.e === 'voided') payroll.addLater(event);
    }
    expect(payroll.slips.map((slip) => leafText(slip, 5, 'key', 3))).toEqual([whole]);
    expect([...payroll.credited]).toEqual(['account']);
  });

  test('[RC1] the tree is over the texts of the leaves, and a message lists the path', () => {
    for (const count of [1, 2, 3, 7, 300]) {
      const payroll = new Payroll();
      for (let i = 0; i < count; i++) {
        const winner = {
          device: `device${i % 250}`,
          account: `account${i % 40}`,
          site: i % 3 === 0 ? 'shop-1' : null,
        };
        const event = { ...(events.at(-1) as Extract<Event, { e: 'accepted' }>), chunk: 1_234_567 * i };
        payroll.add({ ...event, final: i % 2 === 0, winners: [{ replica: i + 1, ...winner }] }, i % 5 === 0);
        if (i % 100 === 99) payroll.addLater(events[3] as Extract<Event, { e: 'vested' }>);
      }
      const { slips } = payroll;
      const receipts = new ReceiptTree(payroll, 5, 'key');
      const hashes = slips.map((slip) => tree.leaf(Buffer.from(leafText(slip, 5, 'key', 3))));
      expect(receipts.root, String(count)).toBe(Buffer.from(rootOf(tree, hashes)).toString('hex'));
      slips.forEach(({ device, site, accepted: rows, vested }, index) => {
        const asker = { device, site: null, reads: 3 };
        const message = asciiOf((to) =>
          putReceipt(to, asker, [1, 2], [3], { payroll, tree: receipts }, index, '{"tick":7'),
        );
        expect(JSON.parse(message)).toEqual({
          t: 'receipt',
          acks: [1, 2],
          settled: rows,
          lost: [3],
          tick: { tick: 7, index, path: receipts.path(index) },
          ...(site === null ? {} : { site }),
          ...(vested === undefined ? {} : { vested }),
        });
      });
    }
  });

  test('[RC2] in the form that its record names: what was signed before stays as it was', () => {
    const payroll = new Payroll();
    for (const event of events) if (event.e === 'accepted') payroll.add(event, false);
    const older = new ReceiptTree(payroll, 5, 'key', 2);
    const word = { v: 1, tick: 3, at: 5, salt: '', receipts: older.root, events } satisfies TickWord;
    const before = paidIn(word, 'key', () => false);
    expect(before.tree).toMatchObject({ form: 2, root: older.root });
    expect(before.payroll.slips.map((slip) => leafText(slip, 5, 'key', 2))).toEqual([text(2, accepted)]);
    const root = '';
    expect(paidIn({ ...word, receipts: root, events: [] }, 'key', () => false).tree.root).toBe(root);
  });
});
