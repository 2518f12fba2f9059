/** What the page about checks says, in English. */
import type { ChecksWords, PolicyName, Rules } from '../checks/catalogue.ts';
import { formatsFor } from '../format.ts';

const en = formatsFor('en');
const number = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });
/** "1 audit", "2 audits". */
const some = (count: number, one: string, many = `${one}s`): string =>
  `${en.whole(count)} ${count === 1 ? one : many}`;
const times = (count: number): string => (count === 1 ? 'once' : `${en.whole(count)} times`);
/** Microcredits of work as seconds of the reference core. */
const work = (micro: number): string => en.seconds(micro / 1e6);

const policySays: Readonly<Record<PolicyName, (rules: Rules) => string>> = {
  none: () =>
    'One answer to a chunk, and nobody looks at it again. For demonstrations, and for machines that are the requester’s own.',
  certify: () =>
    'One answer to a chunk, taken only if all that it names is proved on the spot. What it leaves out is audited, with secret draws and the window; where such a proof leaves nothing out, all is final at once. For searches, where a find is what counts; only for programs that bring such a proof.',
  audit: () =>
    'One answer to a chunk, then secret draws and the window, as told above. A newcomer’s work waits like everybody’s: none of it is final before enough of it was computed again.',
  adaptive: ({ probationMicro }) =>
    `Audits for everybody; besides, the first ${work(probationMicro)} of a new machine’s work is computed by a second person too.`,
  replicate: () =>
    'Two people on two networks compute each chunk and must agree (a job may ask for up to five). Final at once; there is nothing to wait for.',
};

export const english: ChecksWords = {
  number: (value) => number.format(value),
  title: 'How results are checked · Talka',
  heading: 'How results are checked',
  lede: 'Whoever lends a machine here is a stranger to whoever ordered the work. This page says how a wrong answer is found, what finding it costs, and what may be wrong all the same.',
  soFar: (audits, units, mismatches) =>
    `Since this coordinator’s log began, ${some(units, 'unit')} ${units === 1 ? 'was' : 'were'} computed again in ${some(audits, 'audit')}; ${mismatches === 0 ? 'none of them' : some(mismatches, 'audit')} found a wrong answer.`,
  none: 'No unit was computed again here yet: no audited job has had an answer.',
  drawn: ({ oneIn, tier1Micro }) => ({
    heading: 'Small pieces, drawn in secret',
    says: [
      'A job is cut into chunks of up to about a second of work, and each chunk into units, of 5 to 50 milliseconds as a rule. A machine answers whole chunks; what is checked is single units, so that a check costs little and is made often.',
      `Only once an answer is in and cannot be changed any more are dice thrown for each of its units: one in ${en.whole(oneIn[1])} is drawn while a machine is new, one in ${en.whole(oneIn[2])} after ${work(tier1Micro)} of accepted work, never fewer. Nobody is told which. Closing the page, or crashing, changes nothing about it.`,
    ],
    shows: 'Six chunks of sixteen units. The ringed ones were drawn, after the answers were in.',
  }),
  window: ({ windowUnits, leaverUnits, leaverAfterMs }) => ({
    heading: 'Provisional first, final later',
    says: [
      'An accepted answer may be used at once, but it is provisional, and its credit is pending. It becomes final (verified, as the cloth has it) when every unit drawn from it was found right, and after it a whole window of further drawn units of the same machine.',
      `In jobs of 1.3 million units and more the window is ${some(windowUnits, 'drawn unit')}; smaller jobs have smaller ones, and say below what that leaves open. Whoever goes sooner (${en.span(leaverAfterMs)} without an answer, or a job with nothing left to give) is looked at once more: units are drawn until ${en.whole(leaverUnits)} of those still provisional were, or all of them.`,
    ],
    shows:
      'One machine’s chunks as they came. Full: final. Outlined: provisional. A dot: a unit of it was found right. The bracket is the window; it moves on as units are checked.',
  }),
  wrong: ({ suspendedMs, faultMemoryMs }) => ({
    heading: 'What happens to a wrong answer',
    says: [
      'Where a recomputed unit differs, it is computed once more in two different engines: two browsers where the operator has them, else two compilers of one. If these differ from each other, it is the program’s fault: the program is paused and nobody is blamed.',
      'If they agree, the machine was wrong. That chunk is void, the credit pending for it goes back, and others compute it anew. What was final stays, for the requester and for the volunteer.',
      `Hardware errs without meaning to, so it counts as an accident: the rest of its provisional work is recomputed by the operator to the last unit, what is right is kept and credited, and the machine may begin anew after ${en.span(suspendedMs)}, or twice as long each time that it happens again within ${en.span(faultMemoryMs)}. Where too much of it is wrong, or the very same wrong answer came from another machine, all of its provisional work is void and done again by others, and it gets no more work here. A device’s cores and its graphics processor are counted apart.`,
    ],
    shows:
      'One unit of a liar is found wrong (crossed). What is provisional of that machine comes undone and goes to others; what was final stays.',
  }),
  people: () => ({
    heading: 'Or: two people, one answer',
    says: [
      'A job may ask for two people instead of audits. A chunk then counts once two different accounts on two different networks have sent the same answer; where they differ, a further answer decides.',
      'That needs no dice and no waiting. But every chunk is paid for twice, and two who conspire are believed.',
    ],
    shows: 'Two households on two networks. Only when both give the same answer does the chunk count.',
  }),
  proof: () => ({
    heading: 'Or: answers that prove themselves',
    says: [
      'Some answers are hard to find and easy to check. Whoever names a divisor of a huge number has worked long for it; that it divides is seen in a fraction of a millisecond. A job may ask for just that: every answer that comes is checked, all of it, and one that names a single thing that is not so is refused.',
      'However many here lie and conspire, nothing false is named in such a job’s result. But “nothing found” proves nothing, so for what an answer leaves out units are drawn in secret as above: whoever keeps a find back, or has not looked at all, is found like any other liar.',
    ],
    shows:
      'Three answers come to the gate. Two prove right and are taken; what the middle one names is not so, it stays outside, and the chunk is given to somebody else.',
  }),
  anchor: ({ anchorAfterMs }) => ({
    heading: 'Who computes it again',
    says: [
      'The operator’s own machine, called the anchor, and the people who are here, on the cores that they lend. Whoever it is, is given drawn units to compute and not the answer that they should find; only afterwards are the two compared. Chance decides who: first among the networks that are here, then within one, and never anybody on the author’s own network or account. Nobody can ask for it. It is paid like any work, and who is wrong in it is treated as an author who is wrong.',
      'A quarter of the audits, drawn in secret, are the anchor’s alone, and so are all of whoever has just begun, leaves after very little work, or was found wrong. One in 32 of the answers by which volunteers bear one another out is computed by the anchor as well: who vouches for a lie risks their own key. While few networks are here, the anchor makes every audit; which it is now stands below.',
      `The anchor also steps in where a chunk has waited ${en.span(anchorAfterMs)} for another person and nobody who is here may be that person. What it computed itself is final at once. It is paid like anybody, and stands in no list of those who helped.`,
    ],
    shows:
      'A drawn unit goes to the anchor, or to a neighbour; the answer that was given (in the dashed box) goes round them. Only at the end do the two meet.',
  }),
  policies: {
    heading: 'What a requester can choose',
    lede: 'Fixed when a job is submitted, and shown with it. The price is what all of it costs together, checks included, for each unit of work. What may be wrong depends on how much of all computing here is hostile, and conspires.',
    name: (kind, people) =>
      ({
        none: 'Unchecked',
        certify: 'Proof of what is named',
        audit: 'Audits',
        adaptive: 'Audits, and newcomers beside a second person',
        replicate: people === 2 ? 'Two people' : some(people, 'person', 'people'),
      })[kind],
    says: (kind, rules) => policySays[kind](rules),
    price: 'Price',
    priceFlat: (price) => (price === '1' ? 'The work alone.' : `${price} times the work.`),
    priceBy: (price, stayMs) => `staying ${en.span(stayMs)}: ${price} times the work`,
    priceNote: (unitMs, { windowUnits, leaverUnits }) =>
      `Reckoned for one reference core, units of ${en.whole(unitMs)} ms, and the numbers of long jobs (${en.whole(windowUnits)} and ${en.whole(leaverUnits)} drawn units). The price falls with the stay because whoever goes is looked at once more.`,
    open: 'May be wrong',
    openAll: 'Whatever a liar sends: nothing would notice.',
    openLeftOut: 'Nothing that is named, however many are hostile. Of all units, with what is left out:',
    openUnits: (hostile, oneIn) => `${hostile} hostile: at most 1 final unit in ${oneIn}`,
    openChunks: (hostile, share) => `${hostile} hostile: about ${share} of chunks`,
    openChunksNote:
      'Reckoned as if all of the hostile told the same lie and chance alone dealt out the chunks. It is no upper bound: two of one gang who are given the same chunk are believed.',
  },
  now: {
    heading: 'This coordinator, now',
    lede: 'Audits, machines and payments are counted since the log began, over jobs that are audited.',
    asking: 'Asking the coordinator.',
    audits: 'Audits',
    auditsMade: (audits, units, mismatches) =>
      `${some(audits, 'audit')} of ${some(units, 'unit')}; ${mismatches === 0 ? 'none found' : `${en.whole(mismatches)} found`} a wrong answer`,
    byPeople: (audits, isShared, isAnchored) =>
      `volunteers made ${audits === 0 ? 'none' : en.whole(audits)} of them; now ${
        isShared
          ? isAnchored
            ? 'the operator’s machines and volunteers share them'
            : 'volunteers make those that they may'
          : `${isAnchored ? 'the operator’s machines make all' : 'nobody makes any'}: too few different networks are here for people to check one another`
      }`,
    noAnchor:
      'No machine of the operator audits here now. What only such a machine may look at waits for one, and stays provisional until then; nothing is lost by that, and nobody is wronged.',
    waiting: (audits, sinceMs) =>
      audits === 0
        ? 'none is waiting'
        : `${en.whole(audits)} waiting to be made, the oldest for ${en.span(sinceMs)}`,
    wrong: 'What followed',
    wrongDone: (voided, suspended, banned) =>
      `${some(voided, 'chunk')} given to others anew; machines suspended ${times(suspended)}, banned ${times(banned)}`,
    machines: 'Machines',
    tiers: (tiers, oneIn) =>
      `${en.whole(tiers[0] + tiers[1])} looked at closely (one unit in ${en.whole(oneIn[1])}; ${en.whole(tiers[0])} of them quite new), ${en.whole(tiers[2])} with a longer record (one in ${en.whole(oneIn[2])})`,
    away: (suspended, banned) => `${en.whole(suspended)} suspended now, ${en.whole(banned)} banned`,
    paid: 'Paid, in credits',
    paidFor: (paid, second, audits, rechecks, copies) =>
      `${paid} for work, ${second} for ${some(copies, 'second copy', 'second copies')}, ${audits} for audits; ${rechecks} by the operator, for answers of auditors that it looked at once more and for differences that two engines settled`,
    redundancy: (ratio) => `together ${ratio} times the work`,
    unpaid: 'Nothing was paid for audited work yet.',
    chunks: 'Chunks of open jobs',
    chunksOpen: (provisional, final) => `${en.whole(provisional)} provisional, ${en.whole(final)} final`,
    networks: 'Networks',
    nobody: 'Nobody wants work just now.',
    here: (people, networks) =>
      `${some(people, 'person wants', 'people want')} work, on ${some(networks, 'network')} (an IPv4 /24 or an IPv6 /48 counts as one)`,
    exempt: (people) =>
      `${en.whole(people)} of them on the coordinator’s own machine, where the operator lets every browser count as a person`,
    largest: (share) => `the largest network holds ${share} of them`,
    alarm:
      'More than half of the people here are on one network: a school, an office, or one person who plays many. While that is so, what people agree on among themselves says less.',
    tooFew: (needed, places) =>
      `Too few different networks for the job that asks most: it wants ${en.whole(needed)} people for a chunk, and at most ${en.whole(places)} may take the same one. The anchor steps in where the operator runs one; else such chunks wait.`,
    providers: 'Internet providers',
    noProviders:
      'Not known here: the operator has given no table of them, so people are kept apart by networks alone.',
    known: (people, providers) =>
      `of ${some(people, 'person', 'people')} the provider is known, ${some(providers, 'provider')} in all; how many, never which`,
    placed: (needed, places) =>
      places
        ? `now nobody is given a chunk that somebody of the same provider has while people of others may take it, nor an audit of such a person’s work where people of ${en.whole(needed)} providers could make it`
        : `people of one provider may compute the same chunk and check one another: only where people of ${en.whole(needed)} providers want the same work are they kept apart`,
  },
  jobs: {
    heading: 'The open jobs',
    none: 'No job is open now.',
    progress: (provisional, final, chunks) =>
      `${en.whole(final)} of ${some(chunks, 'chunk')} final${provisional === 0 ? '' : `, ${en.whole(provisional)} provisional`}`,
    terms: (windowUnits, leaverUnits) =>
      `Final after ${some(windowUnits, 'further drawn unit')} of the same machine; of whoever goes sooner, ${en.whole(leaverUnits)} or all.`,
    bound: (hostile, oneIn, wrong, units) =>
      `With ${hostile} of all computing hostile, at most 1 final unit in ${oneIn} is wrong: on average ${wrong === 0 ? 'less than one' : `up to ${en.whole(wrong)}`} of its ${en.whole(units)}.`,
    boundNote: (anchors) =>
      `The bounds assume that the operator’s own machines make ${anchors} of the audits and do so honestly, and that in all others the hostile vouch for one another; whatever they agree on and however patient they are.`,
    voted: (quorum) =>
      `A chunk is final once ${quorum === 1 ? 'one answer is' : `${en.whole(quorum)} people’s answers are`} in${quorum === 1 ? '' : ' and agree'}.`,
    unchecked: 'Answers are taken as they come.',
    certified: 'All that an answer names is proved before it counts; nobody computes any of it again.',
    certifiedToo: 'All that an answer names is proved before it counts.',
  },
  assumed: {
    heading: 'What this rests on',
    says: [
      'An honest machine gives the same answer as any other, to the bit; where a program’s graphics form rounds differently, within published bounds.',
      'The operator’s machine computes honestly, and nobody can foresee its dice.',
      'Of all computing no larger share is hostile than stands beside a bound. All of the hostile may conspire, wait as long as they like, and come back with new keys.',
    ],
  },
  limits: {
    heading: 'What it does not do',
    says: ({ oneIn }) => [
      'It does not check the operator. The operator’s own machines make part of the audits, all while few networks are here, and its two engines decide where answers differ: whoever orders work here trusts the operator for that. Receipts, the log and its witnesses show what was paid and that the past is not rewritten; they do not show that an audit was made honestly.',
      `It does not make every unit right. The bounds are averages over many units, and a single wrong unit in a machine’s long honest life is found with the chance with which it is drawn: one in ${en.whole(oneIn[2])}. Where every single unit must be right, audits are the wrong choice.`,
      'Provisional is not final: such a result may still be taken back.',
      'It keeps no result secret. Volunteers see what they compute, and the log, which anybody may read once work is final, holds a digest of every output: where only a few outputs are possible, it tells which one it was.',
      'Two people who conspire on two networks get a chunk through where two people are all that is asked. A network is not a person, either: one person may hold several, and one school shares one.',
      'A ban stops a key, not its owner. A new key costs nothing, and begins at the beginning.',
      'Final stays final: of whoever is found out later, what was final before is neither taken back nor computed again.',
      'It does not make short visits cheap. They are checked in full, which costs the requester about twice the work, and a newcomer’s credit waits until then.',
    ],
  },
  further: {
    heading: 'See for yourself',
    verify: 'Check a receipt, without asking anybody',
    data: 'These figures as plain data',
  },
};
