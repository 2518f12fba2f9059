/** Who is in the crowd: honest people, people with bad luck, and people who break each rule that somebody might break. */
import type { JobDescriptor } from '../../src/wire/volunteer.ts';
import type { Manner } from './manner.ts';
import type { Dice } from './random.ts';
import { receipt } from './messages.ts';
import type { UpMessage } from './messages.ts';
import { rightRoot, sparseRoot, wrongRoot } from './truth.ts';

/**
 * - `honest`; `slow` computes far more slowly than it measured; `flaky` errs now and then, each time differently, and dies;
 * - `quitter` leaves without a word; `hoarder` takes all it can get and computes nothing; `withholder` computes and never tells;
 * - `liar` makes its answers up; `colluder` lies as the others of its ring do; `twoFaced` tells two answers for one replica;
 * - `forger` speaks about other people's replicas; `replayer` says again what it once said;
 * - `lazy` makes up some of its units; `sparse` a single one now and then; `sleeper` is honest for long, then lies;
 * - `copycat` says for some chunks what somebody else said, as if answers leaked, and computes nothing;
 * - `pair` and `clique` lie as the others of their ring do; `sybil` is one of many fresh keys that stay for a minute and lie
 *   a little; `hitAndRun` is honest at first, then spoils something and leaves with its key, and comes back with another;
 * - `switcher` commits to one thing and sends the bytes of another; `boaster` claims a thousand times its speed;
 *   `picky` gives back what takes long.
 * Those who work as they should and audit as they should not: `slanderer` calls wrong what is right, `lazyAuditor` sends nothing that is an
 * answer, or nothing; `rubberStamp` is of a gang that lies alike now and then and calls right what it knows to be its own; `selfChecker`
 * does so with a second account behind the same address.
 */
export type Role =
  | 'honest'
  | 'slow'
  | 'flaky'
  | 'quitter'
  | 'hoarder'
  | 'withholder'
  | 'liar'
  | 'colluder'
  | 'twoFaced'
  | 'forger'
  | 'replayer'
  | Schemer;

/** Those who came with audits. */
export type Schemer =
  | 'lazy'
  | 'silent'
  | 'sparse'
  | 'sleeper'
  | 'copycat'
  | 'pair'
  | 'clique'
  | 'sybil'
  | 'hitAndRun'
  | 'switcher'
  | 'boaster'
  | 'picky'
  | BadAuditor;

/** Those who came with audits by volunteers. */
export type BadAuditor = 'slanderer' | 'lazyAuditor' | 'rubberStamp' | 'selfChecker';

/** All who have no bad intent: nothing may ever be held against them. */
export const harmless: ReadonlySet<Role> = new Set([
  'honest',
  'slow',
  'flaky',
  'quitter',
  'hoarder',
  'withholder',
]);
/** Those whose answers can be wrong in the same way, if they are of one ring. */
export const conspiring: ReadonlySet<Role> = new Set([
  'colluder',
  'pair',
  'clique',
  'rubberStamp',
  'selfChecker',
]);

const agreeable: Manner = {
  answer: ({ job, agreement }, chunk, backend) =>
    rightRoot(job, chunk, agreement === 'tolerance' && backend === 'webgpu' ? 'g' : null),
  slowness: () => 1,
  outgoing: (message) => [message],
};

/** How somebody of a role behaves. `name` makes an independent liar's lies its own, `ring` is what a gang's have in common, `told` what they told so far, `lies` how often. */
export function mannerOf(
  role: Role,
  name: string,
  dice: Dice,
  ring = 'ring',
  told: Set<string> = new Set(),
  lies = stampLies,
): Manner {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- the others scheme: they are told below
  switch (role) {
    case 'honest':
    case 'quitter':
      return agreeable;
    case 'slow':
      return { ...agreeable, slowness: () => dice.between(4, 20) };
    case 'flaky':
      return {
        ...agreeable,
        slowness: () => (dice.chance(100) ? 10 : 1),
        answer: (job, chunk, backend) =>
          dice.chance(40)
            ? wrongRoot(job.job, chunk, `${name}.${dice.below(1e9)}`)
            : agreeable.answer(job, chunk, backend),
      };
    case 'hoarder':
      return {
        ...agreeable,
        answer: () => null,
        outgoing: (message) => (message.t === 'ask' ? [message, ...moreSlots(message)] : [message]),
      };
    case 'withholder':
      return {
        ...agreeable,
        outgoing: (message) =>
          message.t !== 'commit'
            ? [message]
            : message.slots.length > 0
              ? [{ t: 'ask', slots: [...message.slots] }]
              : [],
      };
    case 'liar':
      return { ...agreeable, answer: ({ job }, chunk) => wrongRoot(job, chunk, name) };
    case 'colluder':
      return { ...agreeable, answer: ({ job }, chunk) => wrongRoot(job, chunk, 'ring') };
    case 'twoFaced':
      return {
        ...agreeable,
        outgoing: (message) =>
          message.t === 'commit' && dice.chance(400) ? twoFaces(message, name, dice) : [message],
      };
    case 'forger':
      return { ...agreeable, outgoing: forging(name, dice) };
    case 'replayer':
      return { ...agreeable, outgoing: replaying(dice) };
    default:
      return schemerOf(role, name, dice, { ring, told, lies });
  }
}

/** Right for so many chunks. */
const sleepChunks = 12;
const copiedChunks = 6;
/** By then it may audit. */
const stampChunks = 12;
/** It lies seldom, of a thousand chunks: who lies often is caught whoever looks. */
const stampLies = 60;

/** What a gang has in common, what its members told so far, and in how many of a thousand chunks they lie. */
interface Gang {
  readonly ring: string;
  readonly told: Set<string>;
  readonly lies: number;
}

function schemerOf(role: Schemer, name: string, dice: Dice, gang: Gang): Manner {
  let answered = 0;
  switch (role) {
    case 'lazy': {
      const skipped = dice.between(50, 250);
      return {
        ...agreeable,
        slowness: () => 1 - skipped / 1_000,
        answer: spoiling(name, (units) => units.filter(() => dice.chance(skipped))),
      };
    }
    case 'silent':
      // It says at once that it found nothing: no certificate has anything to look at.
      return {
        ...agreeable,
        slowness: () => 0.02,
        answer: ({ job }, chunk) => wrongRoot(job, chunk, `${name} found nothing`),
      };
    case 'sparse':
      return { ...agreeable, answer: spoiling(name, (units) => (dice.chance(60) ? [dice.of(units)] : [])) };
    case 'sleeper':
      return {
        ...agreeable,
        answer: (job, chunk, backend) =>
          answered++ < sleepChunks ? agreeable.answer(job, chunk, backend) : wrongRoot(job.job, chunk, name),
      };
    case 'copycat':
      return {
        ...agreeable,
        slowness: () => 0.02,
        answer: (job, chunk, backend) =>
          answered++ < copiedChunks ? agreeable.answer(job, chunk, backend) : wrongRoot(job.job, chunk, name),
      };
    case 'pair':
    case 'clique':
      return { ...agreeable, answer: ({ job }, chunk) => wrongRoot(job, chunk, gang.ring) };
    case 'sybil':
      return { ...agreeable, answer: spoiling(name, (units) => (dice.chance(300) ? [dice.of(units)] : [])) };
    case 'hitAndRun':
      return {
        ...agreeable,
        answer: spoiling(name, (units) => (answered++ >= 4 && dice.chance(300) ? [dice.of(units)] : [])),
      };
    case 'switcher':
      return { ...agreeable, outgoing: (message) => [switched(message, name, dice)] };
    case 'boaster':
      return { ...agreeable, outgoing: (message) => [boasting(message)] };
    case 'picky':
      return { ...agreeable, incoming: picking };
    case 'slanderer':
    case 'lazyAuditor':
    case 'rubberStamp':
    case 'selfChecker':
      return badAuditorOf(role, name, dice, gang);
    default:
      return role satisfies never;
  }
}

/** Works as it should, and audits as it should not. */
function badAuditorOf(role: BadAuditor, name: string, dice: Dice, { ring, told, lies }: Gang): Manner {
  let answered = 0;
  const gang = (job: JobDescriptor, chunk: number): string => wrongRoot(job.job, chunk, ring);
  switch (role) {
    case 'slanderer':
      return { ...agreeable, audit: ({ job }, chunk) => wrongRoot(job, chunk, `${name} slanders`) };
    case 'lazyAuditor':
      return {
        ...agreeable,
        audit: () => null,
        outgoing: (message) => (message.t === 'auditAnswer' && dice.chance(500) ? [] : [message]),
      };
    case 'rubberStamp':
    case 'selfChecker':
      return {
        ...agreeable,
        answer(job, chunk, backend) {
          if (answered++ < stampChunks || !dice.chance(lies)) return agreeable.answer(job, chunk, backend);
          told.add(`${job.job}/${chunk}`);
          return gang(job, chunk);
        },
        audit: (job, chunk) =>
          told.has(`${job.job}/${chunk}`) ? gang(job, chunk) : rightRoot(job.job, chunk, null),
      };
    default:
      return role satisfies never;
  }
}

/** Right but for the units that are chosen of each chunk. */
function spoiling(name: string, choose: (units: readonly number[]) => readonly number[]): Manner['answer'] {
  return (job, chunk, backend) => {
    const from = chunk * job.unitsPerChunk;
    const count = Math.min(job.unitsPerChunk, job.units - from);
    const wrong = choose(Array.from({ length: count }, (_, unit) => from + unit));
    return wrong.length === 0
      ? agreeable.answer(job, chunk, backend)
      : sparseRoot(job.job, chunk, wrong, name);
  };
}

/** Digests of the right outputs, and the bytes of others. */
function switched(message: UpMessage, name: string, dice: Dice): UpMessage {
  if (message.t !== 'commit' || !dice.chance(400)) return message;
  return { ...message, items: message.items.map((item) => ({ ...item, output: `other bytes by ${name}` })) };
}

function boasting(message: UpMessage): UpMessage {
  if (message.t !== 'commit' && message.t !== 'ask') return message;
  const slots = message.slots.map((slot) => ({
    ...slot,
    rates: Object.fromEntries(Object.entries(slot.rates).map(([kernel, rate]) => [kernel, rate * 1_000])),
  }));
  return { ...message, slots };
}

/** How long a chunk takes beside the average, where work is uneven: one in four is cheap. */
export function unevenness(chunk: number): number {
  return chunk % 4 === 0 ? 0.25 : 1.25;
}

/** Keeps the cheap chunks of a lease and gives back the others. */
const picking: NonNullable<Manner['incoming']> = (word) => {
  if (word.t !== 'lease') return { hears: [word], says: [] };
  const dear = Array.from({ length: word.count }, (_, i) => i)
    .filter((i) => unevenness(word.chunk + i) > 1)
    .map((i) => word.lease + i);
  if (dear.length === 0) return { hears: [word], says: [] };
  return { hears: [word, receipt({ lost: dear })], says: [{ t: 'giveBack', replicas: dear, why: 'failed' }] };
};

/** The same wish for sixteen slots more. */
function moreSlots(message: Extract<UpMessage, { t: 'ask' }>): UpMessage[] {
  const [first] = message.slots;
  return first === undefined
    ? []
    : [{ t: 'ask', slots: Array.from({ length: 16 }, (_, i) => ({ ...first, slot: 100 + i })) }];
}

function twoFaces(message: Extract<UpMessage, { t: 'commit' }>, name: string, dice: Dice): UpMessage[] {
  const other: UpMessage = {
    ...message,
    slots: [],
    items: message.items.map((item) => ({ ...item, root: `${name}’s other ${item.root}`, bytes: true })),
  };
  return dice.chance(500) ? [message, other] : [other, message];
}

/** Replica ids are consecutive: whoever holds one can guess those of others. */
function forging(name: string, dice: Dice): Manner['outgoing'] {
  return (message) => {
    if (message.t !== 'commit') return [message];
    const known = message.items[0]?.replica ?? 1;
    const guess = (): number => Math.max(1, known - 20 + dice.below(40));
    const forged: UpMessage = dice.chance(600)
      ? { t: 'commit', items: [{ replica: guess(), root: `forged by ${name}`, bytes: true }], slots: [] }
      : { t: 'giveBack', replicas: [guess(), guess()], why: 'failed' };
    return dice.chance(300) ? [forged, message] : [message];
  };
}

function replaying(dice: Dice): Manner['outgoing'] {
  const said: UpMessage[] = [];
  return (message) => {
    said.push(message);
    if (said.length > 40) said.shift();
    return dice.chance(300) ? [message, dice.of(said)] : [message];
  };
}
