/** Who is in the crowd: honest people, people with bad luck, and people who break each rule that somebody might break. */
import type { Manner } from './device.ts';
import type { Dice } from './random.ts';
import type { UpMessage } from './messages.ts';
import { rightRoot, wrongRoot } from './truth.ts';

/**
 * - `honest`; `slow` computes far more slowly than it measured; `flaky` errs now and then, each time differently, and dies;
 * - `quitter` leaves without a word; `hoarder` takes all it can get and computes nothing; `withholder` computes and never tells;
 * - `liar` makes its answers up; `colluder` lies as the others of its ring do; `twoFaced` tells two answers for one replica;
 * - `forger` speaks about other people's replicas; `replayer` says again what it once said.
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
  | 'replayer';

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
export const conspiring: ReadonlySet<Role> = new Set(['colluder']);

const agreeable: Manner = {
  answer: ({ job, agreement }, chunk, backend) =>
    rightRoot(job, chunk, agreement === 'tolerance' && backend === 'webgpu' ? 'g' : null),
  slowness: () => 1,
  outgoing: (message) => [message],
};

/** How somebody of a role behaves. `name` makes an independent liar's lies its own. */
export function mannerOf(role: Role, name: string, dice: Dice): Manner {
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
      return role satisfies never;
  }
}

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
