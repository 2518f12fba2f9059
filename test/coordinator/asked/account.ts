/** What an account's routes are asked: by one who signs right, with what others said, and with whatever is bent. */
import { sign } from 'node:crypto';
import { cosignedBytes } from '../../../src/coordinator/digests.ts';
import type { Dice } from '../../sim/random.ts';
import type { Json } from '../../wire/talk/bend.ts';
import { requestOf } from '../objecting.ts';
import type { Started } from '../started.ts';
import type { Identity } from '../volunteer.ts';
import { bodyFrom } from './bodies.ts';
import type { Asked } from './operator.ts';

/** Who asks, and who has nothing to do with it. */
export interface Sides {
  readonly mallory: Identity;
  /** The chunk that was found wrong of mallory's. */
  readonly found: { readonly job: string; readonly chunk: number };
  readonly nina: Identity;
  /** What nina has asked for, word for word. */
  readonly replayed: readonly object[];
}

type Form = { [key: string]: Json };

/** What is signed of each route's request between account and time. */
const partsOf: Record<string, (form: Form) => readonly unknown[]> = {
  name: ({ name }) => [name],
  erase: () => [],
  revoke: ({ site }) => [site],
  objections: () => [],
  object: ({ device, job, chunk, text }) => [device, job, chunk, text],
};
const texts = [
  'I did not',
  'Nor would I',
  '我没有',
  'x'.repeat(3_000),
  '\u0000',
  '\ud800',
  '\u202e',
  'a\nb',
  '',
];

function formOf(throws: Dice, route: string, { mallory, nina, found }: Sides): Form {
  const whose = throws.chance(800) ? mallory : nina;
  switch (route) {
    case 'name':
      return {
        name: throws.of(['Mallory', ' Mallory ', '马洛里', '\u202enina', '\ud800', 'x'.repeat(200), '']),
      };
    case 'revoke':
      return { site: throws.of(['s1', 'none', 'ninas', '../', '', 'x'.repeat(41)]) };
    case 'object':
      return {
        ...{
          device: whose.device,
          job: throws.chance(800) ? found.job : throws.of(['j2', 'j9', '__proto__']),
        },
        ...{
          chunk: throws.chance(800) ? found.chunk : throws.of([1, -1, 2 ** 53]),
          text: throws.of(texts),
        },
      };
    default:
      return {};
  }
}

/** Mallory's, or under nina's name with mallory's key. */
export function askAccount(throws: Dice, house: Started, sides: Sides, now: number): Asked {
  const { mallory, nina, replayed } = sides;
  const route = throws.of(Object.keys(partsOf));
  const path = `/api/account/${route}`;
  if (throws.chance(150)) return { path, body: Buffer.from(JSON.stringify(throws.of(replayed))) };
  const form = formOf(throws, route, sides);
  const at = throws.chance(850) ? now : throws.of([now - 61_000, now + 61_000, 0, -1, 2 ** 53]);
  const who = throws.chance(800) ? mallory : throws.of(forgeries(mallory, nina));
  const tag = throws.chance(900) ? `talka/${route}/1` : 'talka/name/1';
  const parts = partsOf[route]?.(form) ?? [];
  return { path, body: bodyFrom(throws, { ...requestOf(house, who, tag, parts, at), ...form }) };
}

/** Nina's account under mallory's key, and nina's key with mallory's signature. */
function forgeries(mallory: Identity, nina: Identity): Identity[] {
  return [
    { ...mallory, account: nina.account },
    { ...nina, privateKey: mallory.privateKey },
    { ...mallory, publicKey: nina.publicKey },
  ];
}

/** A witness's countersignature of the log's head, signed by mallory's key. */
export function askCosigned(
  throws: Dice,
  { runtime, house }: Started,
  { mallory, nina }: Sides,
  now: number,
): Asked {
  const { head } = runtime;
  if (head === null) throw new Error('nothing was recorded yet');
  const seenAt = throws.chance(850) ? now : throws.of([0, now - 3_600_000, 2 ** 53 - 1]);
  const signed = cosignedBytes(
    seenAt,
    house.keys.coordinator.publicText,
    head.size,
    Buffer.from(head.root, 'hex'),
  );
  const good = {
    witness: throws.of([mallory, mallory, nina]).publicKey,
    seenAt,
    cosignature: sign(null, signed, mallory.privateKey).toString('base64url'),
    head: { ...head },
  };
  return { path: '/api/log/cosignatures', body: bodyFrom(throws, good) };
}
