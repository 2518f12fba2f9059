/** What the reward page says, in English. */
import { formatsFor } from '../format.ts';
import type { RewardWords } from '../rewards/catalogue.ts';

const en = formatsFor('en');
/** "1 hash", "2 hashes". */
const some = (count: number, one: string, many = `${one}s`): string =>
  `${en.whole(count)} ${count === 1 ? one : many}`;

export const english: RewardWords = {
  title: 'What credit comes to · Talka',
  heading: 'What credit comes to',
  lede: 'Credit counts what somebody has computed here: one for each second of the reference core. Now and then all that has become final is closed into an epoch: a list of who earned what, shared out by one published formula, signed, and never changed again. Anybody can work it out again.',
  asking: 'Fetching the epochs.',
  open: {
    heading: 'The period that is open',
    nothing: 'Nothing has been recorded here yet.',
    since: (number, credit, at) =>
      `Epoch ${en.whole(number)} is open. ${credit} credits have become final in it, since ${en.moment(at)}.`,
    empty: (number, at) =>
      `Epoch ${en.whole(number)} is open, since ${en.moment(at)}. No credit has become final in it yet.`,
    due: (here, utc) =>
      `It is sealed on ${here} (${utc}). Work that is still pending then goes into the next.`,
    undated:
      'No day is set for it: the operator seals it, and no work is lost by that. What is pending goes into the next.',
    budget: (credit) => `It shares out ${credit}, in proportion to that credit.`,
    asVested: 'It shares out as much as becomes final: each credit counts as one.',
  },
  sealed: {
    heading: 'Sealed epochs',
    none: 'No epoch is sealed yet.',
    noneNote:
      'Whoever computes now is in the first one: every credit that becomes final before it is sealed.',
    caption: 'The newest first. The seal is woven from the root of its list.',
    epoch: 'Epoch',
    named: (number) => `Epoch ${en.whole(number)}`,
    period: 'Period',
    accounts: 'Accounts',
    credit: 'Credits',
    budget: 'Budget',
    files: 'Files',
    between: (from, to) => `${from} to ${to}`,
    file: 'seal',
    rows: 'rows',
  },
  own: {
    heading: 'Your row, or anybody’s',
    note: 'Rows are public: each account stands there by its id, never by a name.',
    find: 'Find mine',
    finding: 'Looking in this browser',
    none: 'This browser has no account of this page yet. It gets one when you first press Start. What was computed in the widget of another site has an account of its own: the credits in that widget lead to it.',
    label: 'An account',
    look: 'Look it up',
    malformed: 'An account has 16 letters, figures, - or _.',
    epoch: 'Epoch',
    looking: 'Looking it up.',
    noRow: (number) =>
      `Nothing of this account became final in epoch ${en.whole(number)}: it has no row there.`,
    failed: 'The coordinator gave no answer that can be read. Try again in a moment.',
    mine: 'the account of this browser',
    soFar: (vested, pending) =>
      `So far ${vested} credits are final, in all periods together; ${pending === null ? 'nothing is' : `${pending} are`} pending.`,
    soFarNote:
      'What is pending is still being checked. Once it is final, it counts in the epoch that is open then.',
    unknown: 'This coordinator knows no such account.',
  },
  row: {
    heading: (number) => `In epoch ${en.whole(number)}`,
    says: (amount, budget) => `${amount} of a budget of ${budget}`,
    because: (credit, total) =>
      `for ${credit} credits that became final, of ${total} by everybody in this period.`,
    formula: 'How the amount came to be',
    floor: 'Rounded down to a millionth. What rounding leaves over is nobody’s.',
    receipts: {
      heading: 'Where the credit is from',
      asking: 'Fetching the receipts.',
      all: (count, credit) =>
        `${some(count, 'signed receipt')} of this period, checked here one by one, come to ${credit} credits: all of it.`,
      part: (count, shown, credit) =>
        `${some(count, 'signed receipt')} of this period, checked here one by one, come to ${shown} of ${credit} credits. The rest was final the moment it was accepted, or stands in a part of the log that is not public yet; those receipts are with whoever computed.`,
      none: 'The receipts of this credit are with whoever computed it: it was final the moment it was accepted, or stands in a part of the log that is not public yet.',
      wrong: (count) =>
        `${some(count, 'receipt')} did not hold, and ${count === 1 ? 'is' : 'are'} not counted.`,
      failed: 'The receipts could not be fetched now. The proof below does not rest on them.',
      receipt: (tick, moment, credit) => `Tick ${en.whole(tick)}, ${moment}: ${credit} credits`,
      more: (count) => `and ${some(count, 'more', 'more')}, in the file`,
      save: 'Save these receipts',
      check: 'Check receipts yourself',
    },
  },
  proof: {
    heading: 'Its proof, checked in this browser',
    holds:
      'This row holds: the amount follows from the credit, the row is in the list, and the list was signed.',
    failsAt: {
      text: 'This does not hold: it is not whole, or contradicts itself.',
      amount: 'This does not hold: the amount does not follow from the formula.',
      tree: 'This does not hold: the row is not in the list that was signed.',
      signature: 'This does not hold: the key that it names did not sign it.',
    },
    steps: {
      text: 'Its text',
      amount: 'The amount',
      tree: 'Its place in the list',
      signature: 'The signature',
    },
    states: { holds: 'holds', fails: 'does not hold', unseen: 'not looked at' },
    unseen: 'It rests on what does not hold above.',
    text: (index, accounts) =>
      `It is whole, and the row it speaks of is number ${en.whole(index + 1)} of ${en.whole(accounts)}.`,
    noText: 'A part of it is missing or has not the form that it should have.',
    amount:
      'Worked out again from budget, credit and total, by the formula that was published with the epoch.',
    tree: (hashes) =>
      `Hashed, and joined with ${some(hashes, 'other hash', 'other hashes')} on the way up, it gives the root of the list.`,
    only: 'It is the only row: its hash is the root of the list itself.',
    signature: 'The key that it names signed this root, this budget and this period.',
    ours: 'It is the key of this coordinator.',
    theirs: 'It is not the key of this coordinator: somebody else signed.',
    leafShow: 'What is hashed, four words of 32 bytes',
    leafParts: ['epoch', 'row number', 'account', 'amount'],
    treeShow: 'The way, hash by hash',
    leafHash: 'Hash of the row',
    beside: 'with',
    gives: 'gives',
    root: 'Root that was signed',
    signatureShow: 'What was signed, and by whom',
    key: 'Key (Ed25519)',
    signed: 'Signature',
    numbers: 'Also: first tick, tick after the last, budget and credits in millionths',
    save: 'Save the proof',
  },
  claim: {
    heading: 'What it can be claimed for',
    today:
      'Today: a signed certificate, to keep or to show. Whoever gets it can check it on this page, or on that of any other coordinator.',
    notYet:
      'Not yet: tokens. The list has the form that a contract could honour, but there is none, and an account has no address to be paid to. Nothing here is a promise that there will be one.',
    certificate: 'Save the certificate',
    certificateAlt: (account, number) => `Certificate for the account ${account}, epoch ${en.whole(number)}`,
  },
  laid: {
    heading: 'Check a certificate or a proof',
    note: 'It is checked here, in your browser; nothing of it is sent anywhere.',
    choose: 'Choose a file',
    drop: 'Or drop it anywhere on this page.',
    paste: 'Or paste it here',
    check: 'Check',
    nothing: 'This is no certificate and no proof.',
    drawn: 'What the picture says is, to the letter, what was signed.',
    notDrawn: 'The picture does not say what was signed: something in it was changed.',
    whose: (account, amount, number) => `${account} has ${amount} in epoch ${en.whole(number)}.`,
  },
  sites: {
    heading: 'By the sites that brought people',
    note: (number) =>
      `Credit of epoch ${en.whole(number)} by the partner site on whose pages it was computed.`,
    site: 'Site',
    credit: 'Credits',
    share: 'Share',
    none: 'by no site',
  },
  limits: {
    heading: 'What an epoch shows, and what it does not',
    says: [
      'From its two files anybody can work out every amount again, the list and its root, and see that just this was signed. The command below does it, and names the first difference.',
      'That the credits are what the log says, it shows once the records of the period are public; until then that is the coordinator’s word.',
      'It does not show that every answer was right: how answers are checked is told on a page of its own.',
    ],
  },
};
