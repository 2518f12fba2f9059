/** `talka verify`: reads a file of receipts, checks each without asking anybody, and says what holds and what does not. */
import { readFileSync } from 'node:fs';
import { examineReceipt, leafForm, paidBy, receiptsIn } from './receipt-check.ts';
import type { FaultDetail, Paid, ReceiptFault, ReceiptVerdict } from './receipt-check.ts';

const sentences: Readonly<Record<ReceiptFault, string>> = {
  shape: 'is no whole receipt',
  'other-coordinator': 'was signed by another coordinator',
  time: 'contradicts its own time',
  'not-in-tree': 'is not in the tree that was signed',
  signature: 'was not signed by the coordinator that it names',
  amount: 'pays an amount that does not follow from the job’s price',
};

/** What more there is to say about a fault. */
function detailOf(detail: FaultDetail): string {
  switch (detail.is) {
    case 'no-receipt':
      return 'this is no receipt';
    case 'part':
      return `${detail.part}: ${detail.says}`;
    case 'leaf':
      return {
        'not-json': 'the leaf is not JSON',
        form: `the leaf is not of the form ${leafForm}`,
        writing: 'the leaf is not written as the specification says',
      }[detail.why];
    case 'key':
      return `it names the coordinator ${detail.named}`;
    case 'time':
      return `the leaf says ${detail.leafAt}, the tick ${detail.tickAt}`;
    case 'path':
      return 'leaf and path do not lead to the tick’s root';
    case 'head':
      return 'the coordinator’s key did not sign this head';
    case 'amount':
      return `chunk ${detail.row.chunk} of ${detail.row.job} was paid ${detail.row.amountMicro}`;
    default:
      return detail satisfies never;
  }
}

/** Checks every receipt of a file and prints what came of it. Exit code 0: all hold; 1: some do not; 2: there is nothing to check. */
export async function verifyFile(file: string, coordinator: string | null): Promise<number> {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    process.stderr.write(`talka: ${file} cannot be read: ${error instanceof Error ? error.message : ''}\n`);
    return 2;
  }
  const receipts = receiptsIn(text);
  if (receipts.length === 0) {
    process.stderr.write(`talka: ${file} holds no receipt\n`);
    return 2;
  }
  const verdicts: ReceiptVerdict[] = [];
  for (const receipt of receipts) verdicts.push(await examineReceipt(receipt, coordinator));
  verdicts.forEach(({ fault, detail, tick }, i) => {
    if (fault !== null && detail !== null)
      say(`receipt ${i + 1}${tick > 0 ? ` (tick ${tick})` : ''} ${sentences[fault]}: ${detailOf(detail)}`);
  });
  for (const paid of paidBy(verdicts)) tell(paid, coordinator === null, say);
  const wrong = verdicts.filter(({ fault }) => fault !== null).length;
  say(
    wrong === 0
      ? `all ${verdicts.length} receipts hold`
      : `${wrong} of ${verdicts.length} receipts do not hold`,
  );
  return wrong === 0 ? 0 : 1;
}

/** What one coordinator signed. A chunk that two receipts name is paid once: it is counted once, and said. */
function tell(paid: Paid, isUnasked: boolean, say: (line: string) => void): void {
  const { coordinator, chunks, micro, pending, twice, unpriced, accounts } = paid;
  say(
    `signed by the coordinator ${coordinator}: ${chunks} chunks, ${(micro / 1e6).toFixed(6)} credits, for ${accounts.join(', ')}`,
  );
  if (isUnasked) say('  (compare its key with the one that you know, or say --coordinator KEY)');
  if (pending.chunks > 0)
    say(
      `  (${(pending.micro / 1e6).toFixed(6)} of them, for ${pending.chunks} chunks, were pending when signed: the log says what became of them)`,
    );
  if (twice > 0) say(`  (${twice} chunks stand in two receipts; each is counted once)`);
  if (unpriced > 0)
    say(`  (the price of ${unpriced} chunks is not kept with the receipts: those amounts are as signed)`);
}
