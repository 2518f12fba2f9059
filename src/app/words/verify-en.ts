/** What the page that checks receipts says, in English. */
import { formatsFor } from '../format.ts';
import { credits, momentOr } from '../verify/catalogue.ts';
import type { VerifyWords } from '../verify/catalogue.ts';
import { chunksOf, runsText } from '../../volunteer/receipt-check.ts';
import type { ReceiptRow } from '../../volunteer/receipt-check.ts';

const en = formatsFor('en');
const moment = (at: number): string => momentOr(en, at, `${at} ms`);
/** "1 chunk", "2 chunks". */
const some = (count: number, one: string): string => `${en.whole(count)} ${one}${count === 1 ? '' : 's'}`;
/** "Chunk 3", "Chunks 3–7, 9", "Audit 12". */
function whatOf({ kind, row }: ReceiptRow): string {
  if (kind === 'accepted') return `Chunk ${en.whole(row.chunk)}`;
  if (kind === 'audit') return `Audit ${en.whole(row.audit)}`;
  return `Chunk${chunksOf(row) === 1 ? '' : 's'} ${runsText(row.chunks, en.whole)}`;
}

export const english: VerifyWords = {
  title: 'Check a receipt · Talka',
  heading: 'Check a receipt',
  lede: 'A receipt is a coordinator’s signed word about what it paid a device, and what became of that. It is checked here, in your browser: nothing of it is sent anywhere.',
  choose: 'Choose a file',
  drop: 'Or drop it anywhere on this page.',
  kinds: 'One receipt or thousands, as a volunteer keeps them.',
  own: 'Those kept in this browser',
  ownNone: 'This browser keeps no receipts.',
  linked: (host) =>
    `A link led here: ${host} was asked for this receipt. What it says is checked like any other.`,
  linkNone:
    'The coordinator has no such receipt, or it is not public yet: it is once all that its tick tells of is final.',
  linkGone:
    'The receipt that the link names could not be had from the coordinator. Load the page again to try once more.',
  unreadable: 'The file could not be read. It is as it was; choose it again.',
  tooLarge: (bytes) =>
    `More than ${bytes} at once is too much for a page. The command below reads files of any size.`,
  paste: 'Or paste it here',
  check: 'Check',
  loading: 'Loading the rest of the page.',
  loaded: 'All of this page is here now: it goes on without a network.',
  looking: (done, of) => `${en.whole(done)} of ${some(of, 'receipt')} looked at.`,
  nothing: 'There is no receipt in it.',
  nothingNote: (sample) => `A receipt looks like ${sample}; a file may hold one a line.`,
  result: 'What came of it',
  holds: (count) => (count === 1 ? 'This receipt holds.' : `All ${en.whole(count)} receipts hold.`),
  failsAt: {
    text: 'This receipt does not hold: its text is not whole, or contradicts itself.',
    tree: 'This receipt does not hold: its text is not in the tree that was signed.',
    signature: 'This receipt does not hold: the key that it names did not sign it.',
    amounts: 'This receipt does not hold: an amount does not follow from the price.',
  },
  fails: (wrong, of) =>
    `${en.whole(wrong)} of ${some(of, 'receipt')} ${wrong === 1 ? 'does' : 'do'} not hold.`,
  paid: (chunks, micro, accounts) =>
    `${credits.en(micro)} credits for ${some(chunks, 'chunk')}${accounts > 1 ? `, to ${en.whole(accounts)} accounts` : ''}.`,
  pending: (chunks, micro) =>
    `Of it ${credits.en(micro)} credits, for ${some(chunks, 'chunk')}, were pending when this was signed: accepted, and void if they are proven wrong within the time set for that. A later receipt says what became of them.`,
  vested: (chunks, micro) =>
    `${credits.en(micro)} credits for ${some(chunks, 'chunk')} that had been pending vested: that stays.`,
  voided: (chunks, micro) =>
    `${credits.en(micro)} credits for ${some(chunks, 'chunk')} that had been pending are void: an answer was proven wrong, and they were taken back.`,
  audits: (count, units, micro) =>
    `${credits.en(micro)} credits for ${some(count, 'audit')}: ${some(units, 'unit')} of others computed again. That stays.`,
  left: (micro) =>
    micro === null
      ? 'More has vested or is void than these receipts show as accepted: they are not all that there are.'
      : `By these receipts ${credits.en(micro)} credits are pending still.`,
  signedBy: 'Signed by the coordinator with the key',
  paidTo: 'Paid to',
  keyKnown: 'This browser computes for the coordinator with this key.',
  keyOther: 'This browser computes for a coordinator with another key.',
  keyUnknown: 'Whose key that is, no receipt can say. Compare it with the one you know.',
  keyAsk: 'The key you know',
  keySame: 'It is the same key.',
  keyDiffers: 'It is another key: somebody else signed.',
  mine: 'the account of this browser',
  twice: (count) =>
    `${some(count, 'chunk')} ${count === 1 ? 'stands' : 'stand'} in two receipts; each is counted once.`,
  list: 'Receipt by receipt',
  wrongList: 'Those that do not hold',
  receipt: (number, tick) => `Receipt ${en.whole(number)}, tick ${en.whole(tick)}`,
  receiptUntold: (number) => `Receipt ${en.whole(number)}`,
  sums: {
    accepted: (count, micro) => `${some(count, 'chunk')}, ${credits.en(micro)} credits`,
    vested: (count, micro) => `vested: ${some(count, 'chunk')}, ${credits.en(micro)} credits`,
    voided: (count, micro) => `void: ${some(count, 'chunk')}, ${credits.en(micro)} credits`,
    audit: (count, micro) => `${some(count, 'audit')}, ${credits.en(micro)} credits`,
  },
  more: (count) => `Show ${en.whole(count)} more`,
  steps: {
    text: 'Its text',
    tree: 'Its place in the tree',
    signature: 'The signature',
    amounts: 'The amounts',
  },
  states: { holds: 'holds', fails: 'does not hold', unseen: 'not looked at', partly: 'holds in part' },
  unseen: 'It rests on what does not hold above.',
  text: {
    holds: (tick, at) =>
      `It is whole, written exactly as the specification says, and of the same moment as tick ${en.whole(tick)}: ${moment(at)}.`,
    noReceipt: 'This is no receipt: it is not JSON, or not an object of it.',
    part: 'A part of it is missing or has not the form that it should have.',
    partSays: (part, says) => `${part}: ${says}`,
    leaf: {
      'not-json': 'What should be the text of the payment (the leaf) is not JSON.',
      form: 'What should be the text of the payment (the leaf) is not a receipt of a form that is known here: talka/receipt/3, or talka/receipt/2 of before.',
      writing:
        'The text of the payment (the leaf) is not written as the specification says. It may mean the same, but only one way of writing it is ever signed.',
    },
    time: (leafAt, tickAt) =>
      `It contradicts itself: the text was written at ${moment(leafAt)} (${leafAt} ms), the tick at ${moment(tickAt)} (${tickAt} ms). One of the two was changed.`,
    show: 'The text, as it was hashed',
  },
  tree: {
    holds: (number, of, hashes) =>
      of === 1
        ? 'It is the only receipt of its tick: its hash is the root itself.'
        : `It is number ${en.whole(number)} of the ${en.whole(of)} receipts of its tick, which is what the coordinator wrote down in one go: its hash, joined with ${some(hashes, 'other')} on the way up, gives the root.`,
    fails:
      'Its hash does not lead to the root of its tick. Something was changed: the text (an account, a chunk, an amount), its number, the way, or the root.',
    show: 'The way, hash by hash',
    leaf: 'Hash of the text',
    beside: 'Joined with',
    root: 'Root of the tick’s receipts',
  },
  signature: {
    holds: (tick, records) =>
      `The key that it names signed tick ${en.whole(tick)}: this root, and the log of ${some(records, 'record')} as it was then.`,
    fails:
      'The key that it names did not sign this. Something was changed: the tick, its time, a root, the size of the log, the key or the signature; or somebody else signed.',
    show: 'What was signed, and how',
    key: 'Key (Ed25519)',
    head: 'Tick, time in ms, records, root of the log, root of the receipts',
    signature: 'Signature',
  },
  amounts: {
    holds: (count) =>
      count === 1
        ? 'The amount is what the units cost, at the price that was told with the work.'
        : `Each of the ${en.whole(count)} amounts is what the units cost, at the price that was told with the work.`,
    partly: (unpriced, of) =>
      `The price of ${en.whole(unpriced)} of the ${some(of, 'amount')} is not kept with the receipt: those are as signed, and could not be reckoned again.`,
    fails: (of, owed) =>
      `${whatOf(of)} of ${of.row.job}: ${credits.en(of.row.amountMicro)} credits are signed; the units cost ${credits.en(owed)}. The amount is signed, the price kept beside it is not: either that price was changed, or the coordinator paid something else than it had told.`,
    outside: (of) =>
      `${whatOf(of)} of ${of.row.job} stand in it, but by the size kept beside the receipt that job has nothing there. What is in the text is signed, the size is not: either that was changed, or the coordinator paid for something else than it had told.`,
    show: 'Amount by amount',
    caption: 'Units × cost of a unit = amount, in credits',
    job: 'Job',
    kind: 'What',
    kinds: {
      final: 'accepted, vested at once',
      pending: 'accepted, pending',
      vested: 'vested',
      voided: 'void',
      audit: 'audit',
    },
    what: 'Of',
    whatOf,
    units: 'Units',
    cost: 'Cost of a unit',
    amount: 'Amount',
    unknown: 'not kept',
  },
  ask: {
    heading: 'Ask the coordinator as well',
    note: (host) =>
      `Everything above was reckoned here, from what was laid down alone, and stays as it is. If you like, ${host} is asked for its key and its log, and believed no further than it can prove. Of the receipts it is told only how long the log was then.`,
    button: 'Ask it now',
    asking: 'Asking.',
    unanswered: 'It gave no answer that can be read. Nothing above depends on it.',
    otherKey: 'It has another key. These receipts are another coordinator’s, or this is not the one it was:',
    extends: (now, then, compared) =>
      `Its key is the one that signed. Its log of now, ${some(now, 'record')} long, begins with the log that was signed then, ${some(then, 'record')} long: what was recorded is still there, unchanged (${some(compared, 'signed head')} compared).`,
    restored: (since, kept, then) =>
      `Its key is the one that signed, and it states, signed on ${moment(since)}, that it was put back from a backup: ${some(kept, 'record')} were kept, this receipt’s log had ${en.whole(then)}. The payment is lost there. The receipt shows what was promised; ask the operator.`,
    notSigned: 'Its key is the one that signed, but what it says of its log now is not signed by it.',
    shrunk: (now, then) =>
      `Its log is shorter now (${some(now, 'record')}) than when it signed (${en.whole(then)}): records are missing. Keep the receipt, it proves that; ask the operator.`,
    notExtending: (now, then) =>
      `It could not show that its log of now (${some(now, 'record')}) begins with the one that it signed then (${en.whole(then)}). Keep the receipt; ask the operator.`,
    several: 'Receipts that hold, of this key:',
  },
  limits: {
    heading: 'What a receipt shows, and what it does not',
    says: [
      'It shows that whoever holds the key signed this of that account at that time, and cannot deny it: what was accepted and paid, what of earlier pay vested or was taken back, and what audits were paid.',
      'It does not show whose key it is, that the answers paid for were right, or that the coordinator still keeps its log.',
      'This page came from a coordinator too. Whoever doubts that one checks the same file on the page of another, or with the program itself:',
    ],
  },
};
