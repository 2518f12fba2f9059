/** From which tick on a volunteer asks for receipts: nothing that it may have missed is passed over, and little is asked for twice. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { base64urlOf, makeKey, openKey } from '../../src/volunteer/crypto.ts';
import type { DeviceKey } from '../../src/volunteer/crypto.ts';
import type { Change } from '../../src/volunteer/outbox.ts';
import { ReceiptKeeping } from '../../src/volunteer/receipt-keeping.ts';
import type { Payee, Rows } from '../../src/wire/receipt.ts';
import type { ReceiptWord } from '../../src/wire/volunteer.ts';
import { payee as who, signedReceipt } from './signed-receipt.ts';

afterEach(() => vi.unstubAllGlobals());

const vested: Rows = { accepted: [], vested: [{ job: 'j1', chunks: [0, 1], amountMicro: 5 }] };

async function wordOf(key: DeviceKey, tick: number, rows = vested): Promise<ReceiptWord> {
  const { index, path, tick: head } = await signedReceipt(rows, { key, tick });
  const { accepted, ...later } = rows;
  const settled = accepted.map((row) => ({ ...row, withAnchor: false }));
  const word = {
    t: 'receipt',
    acks: [],
    settled,
    lost: [],
    tick: { ...head, index, path: [...path] },
    ...later,
  };
  return word as unknown as ReceiptWord;
}

interface Kept {
  readonly keeping: ReceiptKeeping;
  readonly key: DeviceKey;
  readonly payee: Payee;
  /** From where it would ask. */
  mark(): number | null;
  ticks(): number[];
  forged(): number;
  /** What the coordinator answers next; `asked` says from which tick it was asked. */
  answers(next: number, size: number, receipts?: readonly unknown[]): { asked(): string | null };
}

async function keeper(): Promise<Kept> {
  const key = await openKey(await makeKey(true));
  const changes: Change[] = [];
  let forged = 0;
  const keeping = new ReceiptKeeping({
    url: 'http://house',
    keep: (change) => void changes.push(change),
    forged: () => void forged++,
  });
  keeping.lineBegins();
  keeping.lineWelcomes();
  return {
    keeping,
    key,
    payee: { ...who, coordinator: base64urlOf(key.publicKey) },
    mark: () => {
      const marks = changes.flatMap((change) =>
        'set' in change && change.set === 'mark' ? [change.value] : [],
      );
      return marks.at(-1)?.next ?? null;
    },
    ticks: () =>
      changes.flatMap((change) =>
        'put' in change && change.put === 'receipts' ? [change.value.tick.tick] : [],
      ),
    forged: () => forged,
    answers(next, size, receipts = []) {
      let asked: string | null = null;
      vi.stubGlobal('fetch', async (url: string) => {
        const told = asked === null ? receipts : [];
        asked ??= new URL(url).searchParams.get('from');
        return Response.json({ receipts: told, next, size });
      });
      return { asked: () => asked };
    },
  };
}

describe('[HT4] what was missed', () => {
  it('goes on from what is told, once all before was asked for on this very line', async () => {
    const { keeping, key, payee, mark, ticks, answers } = await keeper();
    await keeping.keep(await wordOf(key, 5), payee);
    expect([ticks(), mark()]).toEqual([[5], null]);
    expect(answers(8, 7).asked()).toBeNull();
    await keeping.askMissed(payee);
    expect(mark()).toBe(8);
    await keeping.keep(await wordOf(key, 9), payee);
    expect(mark()).toBe(10);
    // What was accepted alone is told with its acknowledgement, and never asked for here.
    const row = { job: 'j1', chunk: 1, replica: 2, amountMicro: 5, final: false };
    await keeping.keep(await wordOf(key, 11, { accepted: [row] }), payee);
    expect(mark()).toBe(10);
    // The line was gone for a while: something may have been told meanwhile.
    keeping.lineBegins();
    keeping.lineWelcomes();
    await keeping.keep(await wordOf(key, 14), payee);
    expect(mark()).toBe(10);
    const { asked } = answers(15, 14);
    await keeping.askMissed(payee);
    expect([asked(), mark()]).toEqual(['10', 15]);
    expect(ticks()).toEqual([5, 9, 11, 14]);
  });

  it('does not go on from what is told while something is held back, nor where a line ended while it asked', async () => {
    const { keeping, key, payee, mark, answers } = await keeper();
    answers(4, 9);
    await keeping.askMissed(payee);
    await keeping.keep(await wordOf(key, 10), payee);
    expect(mark()).toBe(4);
    answers(11, 10);
    const asking = keeping.askMissed(payee);
    keeping.lineBegins();
    keeping.lineWelcomes();
    await asking;
    await keeping.keep(await wordOf(key, 12), payee);
    expect(mark()).toBe(11);
    // Nor where it asked before the line had welcomed it.
    keeping.lineBegins();
    answers(15, 14);
    await keeping.askMissed(payee);
    keeping.lineWelcomes();
    await keeping.keep(await wordOf(key, 20), payee);
    expect(mark()).toBe(15);
  });

  it('is asked for anew of another coordinator, and from where the log goes on after a restore', async () => {
    const { keeping, payee, mark, answers } = await keeper();
    answers(50, 49);
    await keeping.askMissed(payee);
    const root = 'a'.repeat(64);
    keeping.logIs(payee.coordinator, { size: 60, root });
    keeping.logIs('another', { size: 3, root });
    expect(mark()).toBe(50);
    keeping.logIs(payee.coordinator, { size: 20, root });
    expect(mark()).toBe(21);
    const { asked } = answers(2, 1);
    await keeping.askMissed({ ...payee, coordinator: 'C'.repeat(43) });
    expect([asked(), mark()]).toEqual(['1', 2]);
  });

  it('a receipt that does not hold, told or asked for, is not kept, and is said', async () => {
    const { keeping, key, payee, ticks, forged, answers } = await keeper();
    const word = await wordOf(key, 5);
    await keeping.keep({ ...word, vested: [{ job: 'j1', chunks: [0, 1], amountMicro: 6 }] }, payee);
    expect([ticks(), forged()]).toEqual([[], 1]);
    const [right, other] = [await signedReceipt(vested, { key, tick: 6 }), await signedReceipt(vested)];
    answers(9, 8, [right, other]);
    await keeping.askMissed(payee);
    expect([ticks(), forged()]).toEqual([[6], 2]);
  });

  it('nothing is marked where nobody answers', async () => {
    const { keeping, payee, mark } = await keeper();
    for (const answer of [Response.json({ refused: 'too-often' }, { status: 429 }), Response.json([])]) {
      vi.stubGlobal('fetch', async () => answer);
      await keeping.askMissed(payee);
      expect(mark()).toBeNull();
    }
  });
});
