/**
 * Holds what a message led to against what the specification allows [WR7]: exactly one typed consequence for each
 * thing it asks (a refusal, a receipt, a lease, a goodbye), or one of the silences that are named here.
 */
import { decodeAuditAnswer, isAuditAnswer } from '../../../src/wire/audits.ts';
import { decodeCommit } from '../../../src/wire/frame.ts';
import { isMalformed, parse } from '../../../src/wire/schema.ts';
import { limits } from '../../../src/wire/version.ts';
import { fromVolunteer, hello as helloSchema } from '../../../src/wire/volunteer.ts';
import type { Bye, Chain, FromCoordinator, RefusalWord } from '../../../src/wire/volunteer.ts';
import type { Message } from './message.ts';
import type { Talker } from './talker.ts';

/** What an honest device never causes: each is written down [WR7]. */
const misdeeds = new Set(['not-yours', 'already-committed', 'sizes', 'digests', 'bad-output']);
/** All reasons there are for refusing what can be understood; `internal` would be a bug of ours. */
const reasons = [...misdeeds, 'unknown-replica', 'no-bytes', 'chain', 'signature', 'busy', 'no-job-open'];
const noWork = ['nothing-for-this-device', 'waiting-for-others', 'holding-enough', 'kernel-paused'];
const everyReason = new Set([...reasons, ...noWork]);

/** The log takes no writes, or cannot be read, or the side tables take no writes. */
export type Storm = 'down' | 'blind' | 'sideDown';

/** What stands around a message. */
export interface Circumstances {
  readonly wasIn: boolean;
  /** What of the store fails just now; null: nothing. */
  readonly storm: Storm | null;
}

/** What the messages of one talker, taken together, ask for. */
interface Asked {
  readonly items: Map<number, number>;
  readonly slots: Map<number, number>;
  gives: number;
  /** Answers to audits: none was ever given. */
  answers: number;
  readonly chains: Chain[];
  /** Whether one of them must end the conversation. */
  ends: Message | null;
}

export interface Verdict {
  readonly faults: readonly string[];
  /** How many misdeeds its refusals named; null where it was sent away in the middle. */
  readonly misdeeds: number | null;
  readonly consequence: string;
}

const add = (counts: Map<number, number>, key: number, by = 1): void =>
  void counts.set(key, (counts.get(key) ?? 0) + by);

function read(messages: readonly Message[]): Asked {
  const asked: Asked = { items: new Map(), slots: new Map(), gives: 0, answers: 0, chains: [], ends: null };
  for (const message of messages) {
    if (message.binary && isAuditAnswer(message.data)) {
      if (isMalformed(decodeAuditAnswer(message.data))) asked.ends ??= message;
      else asked.answers++;
      continue;
    }
    if (message.binary) {
      const frame = decodeCommit(message.data);
      if (isMalformed(frame)) asked.ends ??= message;
      else {
        for (const { item } of frame.parts) add(asked.items, item.replica);
        for (const { slot } of frame.header.slots ?? []) add(asked.slots, slot);
      }
      continue;
    }
    const word = parse(fromVolunteer, message.data.toString(), limits.textBytesMax);
    if (message.data.length > limits.textBytesMax || isMalformed(word) || word.t === 'hello')
      asked.ends ??= message;
    else if (word.t === 'ask') for (const { slot } of word.slots) add(asked.slots, slot);
    else if (word.t === 'giveBack') asked.gives++;
    else if (word.t === 'chain') asked.chains.push(word);
  }
  return asked;
}

/** Judges what a stranger heard. */
function ofStranger(
  messages: readonly Message[],
  words: readonly FromCoordinator[],
  storm: Storm | null,
): Verdict {
  const [greeting] = messages as [Message];
  const welcomes = words.filter(({ t }) => t === 'welcome').length;
  const byes = words.filter((word): word is Bye => word.t === 'bye');
  const faults: string[] = [];
  if (welcomes + byes.length !== 1) faults.push(`heard ${welcomes} welcomes and ${byes.length} goodbyes`);
  const [bye] = byes;
  const harmless =
    !greeting.binary && !isMalformed(parse(helloSchema, greeting.data.toString(), limits.strangerBytesMax));
  const mayEnter = greeting.byes === null || (/^a (bent|garbled)/.test(greeting.label) && harmless);
  if (welcomes === 1 && !mayEnter) faults.push('was let in');
  if (bye !== undefined) {
    const trouble = [
      'suspended',
      ...(storm === null ? [] : ['store']),
      ...(messages.length > 1 ? ['malformed'] : []),
    ];
    if (![...(greeting.byes ?? []), ...trouble].includes(bye.reason))
      faults.push(`was sent away for ${bye.reason}: ${bye.detail}`);
  }
  return { faults, misdeeds: null, consequence: bye === undefined ? 'welcome' : 'bye' };
}

/** Judges what one talker heard in a round in which it said these messages. */
export function judge(
  t: Talker,
  messages: readonly Message[],
  words: readonly FromCoordinator[],
  { wasIn, storm }: Circumstances,
): Verdict {
  if (!wasIn) return ofStranger(messages, words, storm);
  const asked = read(messages);
  const byes = words.filter((word): word is Bye => word.t === 'bye');
  const refusals = words.filter((word): word is RefusalWord => word.t === 'refusal');
  const faults = [
    ...faultsOfBye(asked, byes, storm),
    ...faultsOfRefusals(messages, asked, refusals, storm),
    ...faultsOfGrants(t, asked, words),
  ];
  const count = refusals.filter(({ reason, about }) => about !== 'chain' && misdeeds.has(reason)).length;
  if (byes.length > 0) return { faults, misdeeds: null, consequence: 'bye' };
  faults.push(...faultsOfCounts(t, asked, words, refusals, storm));
  const granted = words.some(({ t: kind }) => kind === 'receipt' || kind === 'lease');
  return {
    faults,
    misdeeds: count,
    consequence: refusals.length > 0 ? 'refusal' : granted ? 'granted' : 'silence',
  };
}

function faultsOfBye({ ends }: Asked, byes: readonly Bye[], storm: Storm | null): string[] {
  const [bye] = byes;
  if (byes.length > 1) return ['heard two goodbyes'];
  if (ends !== null && bye === undefined) return ['was not sent away'];
  if (bye === undefined) return [];
  // Only what has to be looked up cannot be answered with a refusal.
  const reasonsOfIt = [...(ends?.byes ?? []), 'suspended', ...(storm === 'blind' ? ['store'] : [])];
  return reasonsOfIt.includes(bye.reason) ? [] : [`was sent away for ${bye.reason}: ${bye.detail}`];
}

function faultsOfRefusals(
  messages: readonly Message[],
  asked: Asked,
  refusals: readonly RefusalWord[],
  storm: Storm | null,
): string[] {
  const faults: string[] = [];
  const expected = messages.some(({ refusals: why }) => why === null)
    ? everyReason
    : new Set(messages.flatMap(({ refusals: why }) => why ?? []));
  for (const { about, reason, detail = '', replica, slot } of refusals) {
    if (!expected.has(reason) && !(storm !== null && reason === 'store'))
      faults.push(`${about} refused for ${reason} ${detail}`);
    if (about === 'commit' && !asked.items.has(replica ?? -1))
      faults.push(`refused replica ${replica}, which it did not commit`);
    if (about === 'ask' && !asked.slots.has(slot ?? -1))
      faults.push(`refused slot ${slot}, which did not ask`);
  }
  return faults;
}

/** Leases and receipts may come later than asked for, but only for what is its own. */
function faultsOfGrants(t: Talker, asked: Asked, words: readonly FromCoordinator[]): string[] {
  const faults: string[] = [];
  for (const word of words) {
    if (word.t === 'lease' && !t.slots.has(word.slot))
      faults.push(`a lease for slot ${word.slot}, which never asked`);
    if (word.t !== 'receipt') continue;
    for (const { replica } of word.settled)
      if (!t.own.has(replica)) faults.push(`was paid for replica ${replica} of somebody else`);
    // Of a replica that lost its chunk anybody may hear that it did, if they ask: nobody is told whose it was.
    for (const replica of word.lost)
      if (!t.own.has(replica) && !asked.items.has(replica)) faults.push(`was told of replica ${replica}`);
    for (const replica of word.acks)
      if (!asked.items.has(replica)) faults.push(`replica ${replica} was acknowledged unasked`);
  }
  return faults;
}

/** Each item, slot and chain has exactly one answer. */
function faultsOfCounts(
  t: Talker,
  asked: Asked,
  words: readonly FromCoordinator[],
  refusals: readonly RefusalWord[],
  storm: Storm | null,
): string[] {
  const faults: string[] = [];
  const [answers, leases] = [new Map<number, number>(), new Map<number, number>()];
  for (const word of words) {
    if (word.t === 'receipt') for (const replica of word.acks) add(answers, replica);
    if (word.t === 'refusal' && word.about === 'commit') add(answers, word.replica ?? -1);
    if (word.t === 'refusal' && word.about === 'ask') add(leases, word.slot ?? -1);
    if (word.t === 'lease') add(leases, word.slot);
  }
  for (const [replica, times] of asked.items)
    if (answers.get(replica) !== times)
      faults.push(`${times} commitments to ${replica} had ${answers.get(replica) ?? 0} answers`);
  for (const [slot, times] of asked.slots) {
    // A slot that was refused is told when there is work: that lease may come in the same round.
    const heard = leases.get(slot) ?? 0;
    if (heard < times || heard > times + 1) faults.push(`${times} asks of slot ${slot} had ${heard} answers`);
  }
  // What was never given is refused; and whoever gives that back is none the wiser.
  const notGiven = refusals.filter(({ about }) => about === 'audit').length;
  if (notGiven !== asked.answers || words.some(({ t: kind }) => kind === 'audited'))
    faults.push(`${asked.answers} answers to no audit had ${notGiven} refusals`);
  if (words.some(({ t: kind }) => kind === 'audit')) faults.push('was given an audit of nothing');
  // Silence: chunks that were given back are free, and who gives back what is over is none the wiser.
  if (refusals.filter(({ about }) => about === 'giveBack').length > asked.gives)
    faults.push('giving back was refused twice');
  // Silence: a chain that is right is kept.
  const refused = refusals.filter(({ about }) => about === 'chain').length;
  const [chain] = asked.chains;
  if (refused > asked.chains.length) faults.push('a chain was refused that was not sent');
  if (chain !== undefined && refused === 0 && storm === null) {
    const kept = t.house.side.chainOf(t.who.device);
    if (kept?.hash !== chain.hash || kept.count !== chain.count)
      faults.push('a chain was taken and not kept');
    if (chain.hash !== t.chain || chain.count !== t.chainCount) faults.push('a wrong chain was taken');
  }
  return faults;
}
