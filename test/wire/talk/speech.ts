/** What talkers say: honest work, every kind of lie that the specification names, and nonsense; each message knows why it may be refused. */
import { encodeAuditAnswer } from '../../../src/wire/audits.ts';
import { limits } from '../../../src/wire/version.ts';
import type { Dice } from '../../sim/random.ts';
import { helloOf, identity } from '../../coordinator/volunteer.ts';
import type { Answered } from '../../coordinator/volunteer.ts';
import { garble, mangle, mutate } from './bend.ts';
import type { Json } from './bend.ts';
import { origin } from './house.ts';
import { lie, nearlyRight } from './lies.ts';
import { frame, overtaken, text } from './message.ts';
import type { Message } from './message.ts';
import { frameOf } from './talker.ts';
import type { Held, Talker } from './talker.ts';

/** Why there may be no work. */
const noWork = ['no-job-open', 'nothing-for-this-device', 'waiting-for-others', 'holding-enough'];

/** What everybody has said lately: material for those who repeat others. */
export class Ether {
  readonly held: Held[] = [];
  readonly frames: Buffer[] = [];
  readonly nonces: string[] = ['A'.repeat(22)];

  note({ binary, data }: Message, talker: Talker): void {
    if (binary && this.frames.push(data) > 200) this.frames.shift();
    const last = talker.held.at(-1);
    if (last !== undefined && this.held.push(last) > 200) this.held.shift();
    if (this.nonces.push(talker.nonce) > 50) this.nonces.shift();
  }
}

/** A stranger's first message. */
export function greet(t: Talker, throws: Dice, ether: Ether): Message {
  if (throws.chance(t.isHonest ? 980 : 550)) return text('hello', t.hello(), []);
  return throws.chance(550) ? forgedHello(t, throws, ether) : oddHello(t, throws, ether);
}

/** Signed by somebody else, for something else or at another time. */
function forgedHello(t: Talker, throws: Dice, ether: Ether): Message {
  const now = Date.now();
  const day = 24 * 3_600_000;
  const hello = t.hello();
  const other = identity();
  return throws.of<() => Message>([
    () => text('replayed hello', t.hello({}, throws.of(ether.nonces)), [], ['signature']),
    () => text('hello of an old consent', t.hello({ consentAt: now - 31 * day }), [], ['consent']),
    () => text('hello of a consent to come', t.hello({ consentAt: now + day }), [], ['consent']),
    () =>
      text(
        'consent to another house',
        t.hello({ consentOrigin: 'http://elsewhere.example' }),
        [],
        ['consent'],
      ),
    () =>
      text('hello of another page', t.hello({ signOrigin: 'http://elsewhere.example' }), [], ['signature']),
    () => text('somebody else’s account', t.hello({ account: other.account }), [], ['signature']),
    () => text('another version', t.hello({ protocol: 1 }), [], ['protocol']),
    () => text('a signature of nobody', { ...hello, signature: 'A'.repeat(86) }, [], ['signature']),
    () =>
      text(
        'signed by another key',
        { ...helloOf(other, t.nonce, origin), publicKey: t.who.publicKey },
        [],
        ['signature'],
      ),
    () => text('a key that is no point', { ...hello, publicKey: '_'.repeat(43) }, [], ['signature']),
    () =>
      text(
        'a consent moved over',
        { ...hello, consent: helloOf(other, t.nonce, origin)['consent'] },
        [],
        ['consent', 'signature'],
      ),
  ])();
}

/** What is no hello, or says more than it may. */
function oddHello(t: Talker, throws: Dice, ether: Ether): Message {
  const hello = t.hello();
  return throws.of<() => Message>([
    () =>
      text(
        'holding what is not its own',
        t.hello({ holding: ether.held.map(({ replica }) => replica).slice(0, 20) }),
        [],
      ),
    () => text('a long hello', { ...hello, more: 'x'.repeat(limits.strangerBytesMax) }, [], ['limits']),
    () => text('work before signing in', { t: 'ask', slots: t.wishes(throws) }, [], ['malformed']),
    () => frame('a frame before signing in', Buffer.alloc(throws.below(200)), [], ['malformed']),
    () =>
      text(
        'a bent hello',
        JSON.stringify(mutate(throws, hello as Json)),
        [],
        ['malformed', 'signature', 'consent', 'protocol', 'limits'],
      ),
    () =>
      text(
        'a garbled hello',
        garble(throws, JSON.stringify(hello)),
        [],
        ['malformed', 'signature', 'consent', 'protocol', 'limits'],
      ),
  ])();
}

/** What somebody who is in says next. */
export function speak(t: Talker, throws: Dice, ether: Ether): Message {
  const held = t.held.length > 0 ? throws.of(t.held) : null;
  if (held === null || throws.chance(150)) return text('ask', { t: 'ask', slots: t.wishes(throws) }, noWork);
  if (throws.chance(t.isHonest ? 950 : 350)) return work(t, throws);
  return throws.of<() => Message>([
    () => lie(t, held, throws),
    () => lie(t, held, throws),
    () => lie(t, held, throws),
    () => nearlyRight(t, held, throws),
    () => nearlyRight(t, held, throws),
    () => forge(t, throws, ether),
    () => forge(t, throws, ether),
    () => repeat(t, throws),
    () => repeat(t, throws),
    () => chain(t, throws),
    () => returns(t, throws, ether),
    () => audits(throws),
    () => nonsense(t, held, throws),
  ])();
}

/** Answers one to three chunks and may ask for more. */
function work(t: Talker, throws: Dice): Message {
  const some = t.held.slice(0, throws.between(1, 3));
  const bytes = !throws.chance(60);
  const answers = some.map((one) => t.answer(one, { bytes }));
  const slots = throws.chance(500) ? t.wishes(throws) : undefined;
  some.forEach((to, i) => t.committed.set(to.replica, { to, answer: answers[i] as Answered }));
  return frame('work', frameOf(answers, slots), [
    ...overtaken,
    ...noWork,
    ...(bytes ? [] : ['no-bytes', 'already-committed']),
  ]);
}

/** Work of others, under its own name. */
function forge(t: Talker, throws: Dice, ether: Ether): Message {
  const others = ether.held.filter(({ replica }) => !t.own.has(replica));
  const victim = others.length > 0 ? throws.of(others) : null;
  if (victim === null) return text('ask', { t: 'ask', slots: t.wishes(throws) }, noWork);
  const refusals = ['not-yours', ...overtaken];
  return throws.chance(600)
    ? frame('somebody else’s replica', frameOf([t.answer(victim, { lie: throws.chance(500) })]), refusals)
    : frame(
        'somebody else’s frame',
        throws.of(ether.frames.length > 0 ? ether.frames : [frameOf([t.answer(victim)])]),
        null,
        ['malformed'],
      );
}

/** What was said before, or the same chunk answered twice. */
function repeat(t: Talker, throws: Dice): Message {
  const said = [...t.committed.values()].slice(-12);
  if (said.length === 0) return chain(t, throws);
  const { to, answer } = throws.of(said);
  const { item } = answer;
  const refusals = [...overtaken, 'already-committed', 'no-bytes'];
  return throws.of<() => Message>([
    () => frame('the same commitment again', frameOf([answer]), refusals),
    () =>
      frame(
        'digests only, again',
        frameOf([{ ...answer, item: { ...item, lengths: null }, bytes: null }]),
        refusals,
      ),
    () =>
      frame('a second answer to one chunk', frameOf([t.answer(to, { lie: throws.chance(700) })]), refusals),
    () =>
      frame(
        'one chunk answered twice in a frame',
        frameOf([t.answer(to), t.answer(to, { lie: true })]),
        refusals,
      ),
  ])();
}

function chain(t: Talker, throws: Dice): Message {
  if (throws.chance(500)) return text('chain', t.chainWord(), []);
  return throws.of<() => Message>([
    () => text('a chain that is too long', t.chainWord({ count: t.chainCount + 1 }), ['chain']),
    () => text('a chain of something else', t.chainWord({ hash: 'a'.repeat(64) }), ['chain']),
    () => text('a chain that nobody signed', t.chainWord({ forged: true }), ['signature']),
  ])();
}

function returns(t: Talker, throws: Dice, ether: Ether): Message {
  const own = t.held.slice(-throws.between(1, 3)).map(({ replica }) => replica);
  const others = ether.held.map(({ replica }) => replica).filter((replica) => !t.own.has(replica));
  const why = throws.of(['paused', 'closing', 'failed']);
  if (throws.chance(500) || others.length === 0) {
    t.held = t.held.filter(({ replica }) => !own.includes(replica));
    return text('giving back', { t: 'giveBack', replicas: own, why }, ['busy']);
  }
  if (throws.chance(200))
    return text('giving back nothing', { t: 'giveBack', replicas: [throws.between(1e6, 1e9)], why }, [
      'busy',
    ]);
  return text('giving back what others hold', { t: 'giveBack', replicas: [throws.of(others), ...own], why }, [
    'not-yours',
    'busy',
  ]);
}

/** Of audits that nobody was ever given. */
function audits(throws: Dice): Message {
  const id = throws.of([1, throws.between(1, 500), 2 ** 40 + throws.below(9)]);
  const outputs = Array.from({ length: throws.between(1, 5) }, () =>
    Buffer.alloc(throws.below(40), id % 251),
  );
  const answer = encodeAuditAnswer(id, outputs);
  return throws.of<() => Message>([
    () => frame('an answer to no audit', answer, ['not-yours']),
    () =>
      frame('an answer to no audit, cut', answer.subarray(0, throws.between(14, answer.length)), [
        'not-yours',
      ]),
    () =>
      frame(
        'the head of an answer, cut',
        answer.subarray(0, throws.between(6, 14)),
        ['not-yours'],
        ['malformed'],
      ),
    () => text('giving no audit back', { t: 'returnAudits', audits: [id] }, []),
    () => text('giving back too many', { t: 'returnAudits', audits: Array(65).fill(id) }, [], ['malformed']),
  ])();
}

/** What no schema knows: it ends the conversation, unless the bend was harmless. */
function nonsense(t: Talker, held: Held, throws: Dice): Message {
  const good = frameOf([t.answer(held)], t.wishes(throws));
  const word = throws.of<Json>([
    { t: 'ask', slots: t.wishes(throws) as Json },
    t.chainWord() as Json,
    { t: 'giveBack', replicas: [held.replica], why: 'failed' },
    { t: 'returnAudits', audits: [held.replica] },
  ]);
  const ends = ['malformed', 'limits'];
  return throws.of<() => Message>([
    () => text('a bent word', JSON.stringify(mutate(throws, word)), null, ends),
    () => text('a garbled word', garble(throws, JSON.stringify(word)), null, ends),
    () => text('a word of the other side', { t: 'welcome', device: t.who.device }, [], ['malformed']),
    () => text('a second hello', t.hello(), [], ['malformed']),
    () => text('a long word', ' '.repeat(limits.textBytesMax + 1), [], ['limits']),
    () => text('not even text', Buffer.from([0xff, 0xfe, 0x00]).toString('latin1'), [], ['malformed']),
    () => frame('a mangled frame', mangle(throws, good), null, ['malformed']),
    () => frame('a truncated frame', good.subarray(0, throws.below(good.length)), [], ['malformed']),
    () =>
      frame('noise', Buffer.from(Array.from({ length: throws.below(80) }, () => throws.below(256))), null, [
        'malformed',
      ]),
    () =>
      frame(
        'too many items',
        frameOf(Array.from({ length: limits.commitItemsMax + 1 }, () => t.answer(held))),
        [],
        ['malformed'],
      ),
    () => frame('an endless frame', Buffer.alloc(limits.frameBytesMax + 1), [], ['malformed']),
  ])();
}
