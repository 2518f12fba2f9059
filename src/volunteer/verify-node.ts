/** `talka verify`: reads a file of receipts, checks each without asking anybody, and says what holds and what does not. */
import { readFileSync } from 'node:fs';
import { examineReceipt, leafForms, receiptsIn, runsText } from './receipt-check.ts';
import type { FaultDetail, ReceiptFault, ReceiptRow, ReceiptVerdict } from './receipt-check.ts';
import { paidBy } from './receipt-sum.ts';
import type { Paid } from './receipt-sum.ts';

const sentences: Readonly<Record<ReceiptFault, string>> = {
  shape: 'is no whole receipt',
  'other-coordinator': 'was signed by another coordinator',
  time: 'contradicts its own time',
  'not-in-tree': 'is not in the tree that was signed',
  signature: 'was not signed by the coordinator that it names',
  amount: 'names an amount that does not follow from the job’s price',
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
        form: `the leaf is of no known form (${leafForms.join(', ')})`,
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
      return `${rowSaid(detail.of)} ${detail.of.row.amountMicro}, and ${detail.owedMicro === null ? 'there is no such work in it' : `would be ${detail.owedMicro}`}`;
    default:
      return detail satisfies never;
  }
}

/** What a row is about, up to its amount. */
function rowSaid({ kind, row }: ReceiptRow): string {
  switch (kind) {
    case 'accepted':
      return `chunk ${row.chunk} of ${row.job} was paid`;
    case 'vested':
      return `of chunks ${runsText(row.chunks)} of ${row.job} vested`;
    case 'voided':
      return `of chunks ${runsText(row.chunks)} of ${row.job} was void`;
    case 'audit':
      return `audit ${row.audit} of ${row.units} units of ${row.job} was paid`;
    default:
      return kind satisfies never;
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

const credits = (micro: number): string => `${(micro / 1e6).toFixed(6)} credits`;
const some = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

/** What one coordinator signed, kind by kind. What two receipts name is counted once, and said. */
function tell(paid: Paid, isUnasked: boolean, say: (line: string) => void): void {
  const { coordinator, accounts, chunks, micro, pending, vested, voided, audits, left, twice, unpriced } =
    paid;
  say(`signed by the coordinator ${coordinator}, for ${accounts.join(', ')}:`);
  if (isUnasked) say('  (compare its key with the one that you know, or say --coordinator KEY)');
  const [verified, verifiedMicro] = [chunks - pending.chunks, micro - pending.micro];
  if (verified > 0)
    say(`  accepted and vested at once: ${some(verified, 'chunk')}, ${credits(verifiedMicro)}`);
  if (pending.chunks > 0)
    say(
      `  accepted, and pending then:  ${some(pending.chunks, 'chunk')}, ${credits(pending.micro)} (vest later, or are void if proven wrong)`,
    );
  if (vested.chunks > 0)
    say(
      `  pending before, vested:      ${some(vested.chunks, 'chunk')}, ${credits(vested.micro)} (for good)`,
    );
  if (voided.chunks > 0)
    say(
      `  pending before, void:        ${some(voided.chunks, 'chunk')}, ${credits(voided.micro)} (an answer was proven wrong: taken back)`,
    );
  if (audits.count > 0)
    say(
      `  audits, vested at once:      ${audits.count} of ${some(audits.units, 'unit')}, ${credits(audits.micro)} (work of others, recomputed)`,
    );
  if (left === null)
    say('  more has vested or is void than these receipts show as accepted: some receipts are missing here');
  else if (pending.chunks + vested.chunks + voided.chunks > 0)
    say(`  still pending, by these receipts: ${credits(left)}`);
  if (twice > 0) say(`  (${twice} of these stand in two receipts; each is counted once)`);
  if (unpriced > 0)
    say(`  (the price of ${unpriced} of these is not kept with the receipts: those amounts are as signed)`);
}
