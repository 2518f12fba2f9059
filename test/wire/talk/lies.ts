/** Lies about work that is one's own: answers that cannot be right, those that are right elsewhere, and those that hang together. */
import type { Dice } from '../../sim/random.ts';
import { answerOf, outputsOf, rootOf } from '../../coordinator/volunteer.ts';
import type { Answered } from '../../coordinator/volunteer.ts';
import { input, unitsPerChunk } from './house.ts';
import { frame, overtaken } from './message.ts';
import type { Message } from './message.ts';
import { frameOf } from './talker.ts';
import type { Held, Talker } from './talker.ts';

/** An answer to its own chunk that cannot be right, or is a lie that hangs together. */
export function lie(t: Talker, held: Held, throws: Dice): Message {
  const { job, agreement, replica, from, to } = held;
  const right = t.answer(held);
  const made = (label: string, answer: Answered, ...refusals: string[]): Message =>
    frame(label, frameOf([answer]), [...overtaken, ...refusals]);
  const bytes = flipped(right.bytes as Buffer, throws);
  const digests = flipped(right.digests, throws);
  const sized = (length: number): Buffer[] => Array.from({ length: to - from }, () => Buffer.alloc(length));
  return throws.of<() => Message>([
    () => made('bytes that are not those of the digests', { ...right, bytes }, 'digests'),
    () => made('digests that are not those of the root', { ...right, digests }, 'digests'),
    () => made('a root of nothing', { ...right, item: { ...right.item, root: 'f'.repeat(64) } }, 'digests'),
    () =>
      made(
        'one unit too many',
        answerOf(job, agreement, replica, from, outputsOf(input, from, to + 1)),
        'sizes',
      ),
    () =>
      made(
        'one unit too few',
        answerOf(job, agreement, replica, from, outputsOf(input, from, to - 1)),
        'sizes',
      ),
    () =>
      made(
        'units outside the chunk',
        answerOf(job, agreement, replica, to, outputsOf(input, to, to + (to - from))),
        'digests',
      ),
    () =>
      made(
        'the digests of another job',
        answerOf('j999999', agreement, replica, from, outputsOf(input, from, to)),
        'digests',
      ),
    () => made('an output that cannot be', answerOf(job, agreement, replica, from, sized(7)), 'bad-output'),
    () => made('an output that is too long', answerOf(job, agreement, replica, from, sized(17)), 'sizes'),
    () =>
      made(
        'digests of another width',
        answerOf(
          job,
          agreement === 'exact' ? 'tolerance' : 'exact',
          replica,
          from,
          outputsOf(input, from, to),
        ),
        'sizes',
      ),
    () => {
      const answer = t.answer(held, { lie: true });
      if (!t.committed.has(replica)) t.committed.set(replica, { to: held, answer });
      return made('a lie that hangs together', answer, 'already-committed');
    },
  ])();
}

/** An answer with everything in its place but one thing, or one that would be right in another place. */
export function nearlyRight(t: Talker, held: Held, throws: Dice): Message {
  const { job, replica, from, to } = held;
  const right = t.answer(held);
  const [item, bytes] = [right.item, right.bytes as Buffer];
  const made = (label: string, ...answers: Answered[]): Message =>
    frame(label, frameOf(answers), [...overtaken, 'digests', 'sizes', 'already-committed']);
  const place = throws.below(to - from - 1);
  const digests = swapped(right.digests, right.digests.length / (to - from), place);
  const ofSwapped = { item: { ...item, root: rootOf(job, from, digests) }, digests, bytes };
  const bent = { ...item, root: flipped(Buffer.from(item.root, 'hex'), throws).toString('hex') };
  const other = throws.of([held, ...t.held.filter((one) => one.replica !== replica)].slice(-20));
  const elsewhere = t.answer(other);
  // Where this replica would be if the other's lease had gone on.
  const beyond = Math.max(0, other.from + (replica - other.replica) * unitsPerChunk);
  const wrong = { ...right, bytes: flipped(bytes, throws) };
  return throws.of<() => Message>([
    () => made('outputs of two units swapped', { ...right, bytes: swapped(bytes, 8, place) }),
    () => made('digests of two units swapped', ofSwapped),
    () => made('two units swapped', { ...ofSwapped, bytes: swapped(bytes, 8, place) }),
    () => made('a bent root', { ...right, item: bent }),
    () => made('a bent root without bytes', { ...right, item: { ...bent, lengths: null }, bytes: null }),
    () => made('the answer to another of its chunks', { ...elsewhere, item: { ...elsewhere.item, replica } }),
    () => made('the answer to the first chunk of its lease', t.answer(firstOf(t, held))),
    () =>
      made(
        'an answer counted from another of its leases',
        answerOf(
          other.job,
          other.agreement,
          replica,
          beyond,
          outputsOf(input, beyond, beyond + unitsPerChunk),
        ),
      ),
    () =>
      made(
        'a wrong answer beside a right one',
        ...throws.of([
          [elsewhere, wrong],
          [wrong, elsewhere],
        ]),
      ),
  ])();
}

/** The newest that is not the first chunk of its lease, taken for that. */
function firstOf(t: Talker, otherwise: Held): Held {
  const later = t.held.findLast(({ from, first }) => from !== first) ?? otherwise;
  return { ...later, from: later.first, to: later.first + unitsPerChunk };
}

/** Two neighbours of so many bytes each, the first at `place`, change theirs. */
function swapped(all: Buffer, width: number, place: number): Buffer {
  const [at, next] = [place * width, (place + 1) * width];
  const parts = [all.subarray(0, at), all.subarray(next, next + width), all.subarray(at, next)];
  return Buffer.concat([...parts, all.subarray(next + width)]);
}

/** With one bit of one byte flipped. */
function flipped(all: Buffer, throws: Dice): Buffer {
  const other = Buffer.from(all);
  other[throws.below(other.length)]! ^= 1 << throws.below(8);
  return other;
}
