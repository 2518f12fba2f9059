/** `talka verify`: reads a file of receipts, checks each without asking anybody, and says what holds and what does not. */
import { readFileSync } from 'node:fs';
import { examineReceipt } from './receipt-check.ts';
import type { ReceiptFault, ReceiptVerdict } from './receipt-check.ts';

const sentences: Readonly<Record<ReceiptFault, string>> = {
  shape: 'is no whole receipt',
  'other-coordinator': 'was signed by another coordinator',
  time: 'contradicts its own time',
  'not-in-tree': 'is not in the tree that was signed',
  signature: 'was not signed by the coordinator that it names',
  amount: 'pays an amount that does not follow from the job’s price',
};

/** What a file holds: one receipt, a list, or one a line, as a volunteer keeps them. */
function receiptsIn(text: string): unknown[] {
  const whole = parsed(text);
  if (whole !== undefined) return Array.isArray(whole) ? whole : [whole];
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => parsed(line) ?? null);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
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
    if (fault !== null)
      say(`receipt ${i + 1}${tick > 0 ? ` (tick ${tick})` : ''} ${sentences[fault]}: ${detail}`);
  });
  const sound = verdicts.filter(({ fault }) => fault === null);
  for (const key of new Set(sound.map((one) => one.coordinator))) tell(sound, key, coordinator === null, say);
  const wrong = verdicts.length - sound.length;
  say(
    wrong === 0
      ? `all ${verdicts.length} receipts hold`
      : `${wrong} of ${verdicts.length} receipts do not hold`,
  );
  return wrong === 0 ? 0 : 1;
}

/** What one coordinator signed. A chunk that two receipts name is paid once: it is counted once, and said. */
function tell(
  sound: readonly ReceiptVerdict[],
  coordinator: string,
  isUnasked: boolean,
  say: (line: string) => void,
): void {
  const paid = new Map<number, number>();
  let twice = 0;
  let unpriced = 0;
  const accounts = new Set<string>();
  for (const one of sound) {
    if (one.coordinator !== coordinator) continue;
    accounts.add(one.account);
    unpriced += one.unpriced;
    for (const { replica, amountMicro } of one.rows) {
      if (paid.has(replica)) twice++;
      paid.set(replica, amountMicro);
    }
  }
  const credits = [...paid.values()].reduce((sum, amount) => sum + amount, 0) / 1e6;
  say(
    `signed by the coordinator ${coordinator}: ${paid.size} chunks, ${credits.toFixed(6)} credits, for ${[...accounts].join(', ')}`,
  );
  if (isUnasked) say('  (compare its key with the one that you know, or say --coordinator KEY)');
  if (twice > 0) say(`  (${twice} chunks stand in two receipts; each is counted once)`);
  if (unpriced > 0)
    say(`  (the price of ${unpriced} chunks is not kept with the receipts: those amounts are as signed)`);
}
