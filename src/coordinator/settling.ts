/** Answers a commitment whose chunk is settled already: the receipt as it was, made again from the log [WR5]. */
import type { Log } from './log.ts';
import { asciiOf } from './ascii.ts';
import { paidIn, plainReceipt, putReceipt, signHead, tickWord } from './receipts.ts';
import type { Asker } from './receipts.ts';
import type { SigningKey } from './keys.ts';
import { readRecord } from './record.ts';

export type Afterwards =
  /** A whole receipt message for this replica. */
  | { readonly is: 'receipt'; readonly message: string }
  /** It is known, but belongs to another device. */
  | { readonly is: 'not-yours' }
  | { readonly is: 'unknown' };

/** What to tell a device about a replica that no open chunk knows. `isAnchor` tells the anchor's devices. */
export async function afterwards(
  log: Log,
  key: SigningKey,
  asker: Asker,
  replica: number,
  isAnchor: (device: string) => boolean,
): Promise<Afterwards> {
  const answer = await log.answer(replica);
  if (answer === null) return { is: 'unknown' };
  const settled = await log.settled(answer.job, answer.chunk);
  // Its job was cancelled before the chunk settled.
  if (settled === null) return { is: 'receipt', message: plainReceipt([replica], [replica]) };
  const [stored] = await log.read(settled.tick - 1, 1);
  if (stored === undefined) throw new Error(`tick ${settled.tick} is not in the log`);
  const record = readRecord(stored.record);
  const paid = paidIn(record, key.publicText, isAnchor);
  const { slips } = paid.payroll;
  const index = slips.findIndex(({ accepted }) => accepted.some((row) => row.replica === replica));
  const mine = slips[index];
  if (mine === undefined) return { is: 'receipt', message: plainReceipt([replica], [replica]) };
  if (mine.device !== asker.device) return { is: 'not-yours' };
  const head = signHead(key, stored.tick, record.at, stored.root, paid.tree.root);
  const word = tickWord(head, slips.length);
  return { is: 'receipt', message: asciiOf((to) => putReceipt(to, asker, [replica], [], paid, index, word)) };
}
