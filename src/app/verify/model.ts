/** What the check page knows: the receipts that were laid before it, each with its verdict, and how far the looking is. */
import { examineReceipt, receiptsIn } from '../../volunteer/receipt-check.ts';
import type { ReceiptFault, ReceiptVerdict } from '../../volunteer/receipt-check.ts';
import { paidBy } from '../../volunteer/receipt-sum.ts';
import type { Paid } from '../../volunteer/receipt-sum.ts';

/** The four things that must hold, in the order in which they are looked at: each rests on those before it. */
export const stepNames = ['text', 'tree', 'signature', 'amounts'] as const;
export type StepName = (typeof stepNames)[number];

/** `unseen`: what it rests on does not hold. `partly`: nothing is wrong, but not everything could be looked at. */
export type StepState = 'holds' | 'fails' | 'unseen' | 'partly';

const stepOf: Readonly<Record<ReceiptFault, StepName>> = {
  shape: 'text',
  time: 'text',
  'not-in-tree': 'tree',
  'other-coordinator': 'signature',
  signature: 'signature',
  amount: 'amounts',
};

/** The step that does not hold; null where all do. */
export function brokenStep({ fault }: ReceiptVerdict): StepName | null {
  return fault === null ? null : stepOf[fault];
}

/** How each step ended. */
export function stepsOf(verdict: ReceiptVerdict): Readonly<Record<StepName, StepState>> {
  const name = brokenStep(verdict);
  const broken = name === null ? stepNames.length : stepNames.indexOf(name);
  const { unpriced } = verdict;
  const state = (step: number): StepState =>
    step === broken ? 'fails' : step > broken ? 'unseen' : step === 3 && unpriced > 0 ? 'partly' : 'holds';
  return { text: state(0), tree: state(1), signature: state(2), amounts: state(3) };
}

/** Where the hash beside ours stands on each step of the way from leaf to root (RFC 9162, 2.1.3.2). */
export function sidesOf(index: number, count: number, hashes: number): ('left' | 'right')[] {
  const sides: ('left' | 'right')[] = [];
  let [at, last] = [index, count - 1];
  for (let i = 0; i < hashes; i++) {
    const isRight = at % 2 === 1 || at === last;
    sides.push(isRight ? 'left' : 'right');
    // A node without a neighbour rises until it has one.
    while (isRight && at % 2 === 0 && at > 0) [at, last] = [at / 2, Math.floor(last / 2)];
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return sides;
}

/** All that was looked at. */
export interface Looked {
  readonly verdicts: readonly ReceiptVerdict[];
  /** Indices of the receipts that do not hold. */
  readonly wrong: readonly number[];
  readonly paid: readonly Paid[];
}

/** A page stays answerable while it looks through thousands. */
const breatheMs = 40;

/**
 * Looks at every receipt in a text. `told` hears how many are done, of how many; once it says false, nobody waits any more and
 * null comes back. A text without receipts gives none.
 */
export async function lookAt(
  text: string,
  told: (done: number, of: number) => boolean,
): Promise<Looked | null> {
  const receipts = receiptsIn(text);
  const verdicts: ReceiptVerdict[] = [];
  let breathed = performance.now();
  for (const receipt of receipts) {
    verdicts.push(await examineReceipt(receipt, null));
    if (performance.now() - breathed < breatheMs) continue;
    if (!told(verdicts.length, receipts.length)) return null;
    await new Promise((later) => setTimeout(later, 0));
    breathed = performance.now();
  }
  const wrong = verdicts.flatMap(({ fault }, i) => (fault === null ? [] : [i]));
  return { verdicts, wrong, paid: paidBy(verdicts) };
}
