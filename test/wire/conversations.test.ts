/**
 * More than a hundred thousand messages to real conversations, with the real loop, side tables, misdeeds and measures
 * behind them, and a store that fails now and then; half of them past the checks of the sockets' thread, as after
 * `npm start`. Each message has exactly one typed consequence, nobody else's work
 * is touched, what must be written down is, and nothing ever throws [WR7, WR11].
 */
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { assertInvariants } from '../../src/core/invariants.ts';
import type { Event, ReplicaPhase, State } from '../../src/core/state.ts';
import { dice } from '../sim/random.ts';
import type { Dice } from '../sim/random.ts';
import { answerOf, outputsOf, receiptHolds } from '../coordinator/volunteer.ts';
import { judge } from './talk/consequences.ts';
import type { Storm } from './talk/consequences.ts';
import { input, TalkingHouse, unitsPerChunk } from './talk/house.ts';
import { Ether, greet, speak } from './talk/speech.ts';
import type { Message } from './talk/message.ts';
import { Talker } from './talk/talker.ts';
import type { ReceiptWord } from '../../src/wire/volunteer.ts';

/** Of the odd ones the loop checks all by itself, of the even ones the sockets' thread looks at frames first. */
const seeds = 6;
const talkers = 80;
const messagesPerSeed = 17_000;

/** What was heard, over all seeds. */
const total = {
  messages: 0,
  inThread: 0,
  checked: 0,
  welcome: 0,
  bye: 0,
  refusal: 0,
  granted: 0,
  silence: 0,
  storms: 0,
  misdeeds: 0,
  settled: 0,
};
const labels = new Map<string, number>();

beforeEach(
  () =>
    void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] }),
);
afterEach(() => void vi.useRealTimers());

interface Town {
  readonly house: TalkingHouse;
  readonly throws: Dice;
  readonly ether: Ether;
  readonly people: readonly Talker[];
  readonly faults: string[];
}

/** The phases of all replicas, as the very objects that they are. */
function phasesOf(state: State): Map<number, { device: string; phase: ReplicaPhase }> {
  const phases = new Map<number, { device: string; phase: ReplicaPhase }>();
  for (const job of state.jobs.values())
    for (const chunk of job.chunks.values())
      for (const { id, device, phase } of chunk.replicas) phases.set(id, { device, phase });
  return phases;
}

/** What one talker says in a round: one message, now and then two at once. */
function say(town: Town, t: Talker): Message[] {
  const { house, throws, ether } = town;
  if (t.conversation === null || t.socket?.isOpen !== true) t.connect();
  // Now and then somebody opens a second connection beside the first.
  else if (t.isIn && throws.chance(8)) {
    t.before = t.socket;
    t.connect();
  }
  const greeting = t.isIn ? null : greet(t, throws, ether);
  const first = greeting ?? speak(t, throws, ether);
  const messages = [first];
  if (greeting !== null && throws.chance(30)) messages.push(speak(t, throws, ether));
  for (const message of messages) {
    ether.note(message, t);
    labels.set(message.label, (labels.get(message.label) ?? 0) + 1);
    if (house.isThreaded) total.inThread++;
    if (t.socket?.arrive(message.data, message.binary) === true) total.checked++;
  }
  return messages;
}

/** Takes down what an honest coordinator would have understood of it. */
function understood(t: Talker, wasIn: boolean, messages: readonly Message[]): void {
  if (!wasIn) return;
  for (const { data, binary } of messages) t.noteSent(data, binary);
}

/** Whether a receipt is proven; whose bent hello says that it reads older ones alone, or none, is told without proofs [RC5]. */
function isToldRight(house: TalkingHouse, { conversation, who }: Talker, word: ReceiptWord): boolean {
  const isProven = (conversation?.reads ?? 0) >= 3;
  return isProven ? receiptHolds(word, house.coordinator, who) : word.tick === null;
}

/** One round: everybody says something, then everything has its consequence, then all of it is looked at. */
async function round(town: Town): Promise<void> {
  const { house, throws, people, faults } = town;
  const storm = storms(house, throws);
  vi.advanceTimersByTime(throws.chance(30) ? 61_000 : throws.between(100, 900));
  await house.settle();
  if (storm === null) await house.refill();
  for (const t of people) for (const word of t.socket?.take() ?? []) t.hear(word);
  learn(town);
  house.events = [];
  const before = phasesOf(house.runtime.state);
  const misdeedsBefore = new Map(
    [...house.runtime.state.devices].map(([id, { misdeeds }]) => [id, misdeeds]),
  );
  const said = new Map<Talker, { wasIn: boolean; messages: Message[] }>();
  for (const t of people) {
    if (t.isIn && throws.chance(10)) t.socket?.hangUp();
    if (t.socket?.isOpen !== true) t.isIn = false;
    const wasIn = t.isIn;
    const messages = say(town, t);
    const isIn = wasIn && t.before === null;
    said.set(t, { wasIn: isIn, messages });
    understood(t, isIn, messages);
    total.messages += messages.length;
  }
  await house.settle();
  learn(town);
  for (const [t, { wasIn, messages }] of said) {
    const words = t.socket?.take() ?? [];
    for (const word of words) t.hear(word);
    const verdict = judge(t, messages, words, { wasIn, storm });
    total[verdict.consequence as 'bye']++;
    const told = `${messages.map(({ label }) => label).join(' + ')}: `;
    for (const fault of [...verdict.faults, ...(t.socket?.faults.splice(0) ?? [])]) faults.push(told + fault);
    if (verdict.misdeeds !== null && storm === null) {
      const count =
        (house.runtime.state.devices.get(t.who.device)?.misdeeds ?? 0) -
        (misdeedsBefore.get(t.who.device) ?? 0);
      if (count !== verdict.misdeeds)
        faults.push(`${told}${verdict.misdeeds} misdeeds were named, ${count} written down`);
      total.misdeeds += count;
    }
    for (const word of words) {
      if (word.t !== 'receipt') continue;
      total.settled += word.settled.length;
      if (throws.chance(50) && !isToldRight(house, t, word)) faults.push(`${told}a receipt does not hold`);
    }
    second(
      town,
      t,
      words.some(({ t: kind }) => kind === 'welcome'),
    );
    if (words.some((word) => word.t === 'bye' && word.reason === 'suspended')) {
      if (throws.chance(800)) t.renew();
    }
  }
  if (storm === null) untouched(town, before, said);
  calm(house);
}

/** What was leased to whom, also where the message was lost with its socket. */
function learn({ house, people }: Town): void {
  const byDevice = new Map(people.map((t) => [t.who.device, t]));
  for (const event of house.events) {
    if (event.e !== 'leased') continue;
    for (let i = 0; i < event.count; i++) byDevice.get(event.device)?.own.add(event.lease + i);
  }
}

/** The first of two connections of one device hears of the second exactly when that is let in [WR6]. */
function second({ faults }: Town, t: Talker, cameIn: boolean): void {
  const { before } = t;
  if (before === null) return;
  const byes = before.take().flatMap((word) => (word.t === 'bye' ? [word.reason] : []));
  if (byes.join() !== (cameIn ? 'elsewhere' : ''))
    faults.push(`a second connection: let in ${cameIn}, the first heard '${byes.join()}'`);
  faults.push(...before.faults.map((fault) => `a first connection: ${fault}`));
  before.hangUp();
  t.before = null;
}

/** Now and then something of the store fails for a round. */
function storms(house: TalkingHouse, throws: Dice): Storm | null {
  if (house.runtime.storeFault !== null) return 'down';
  if (!throws.chance(40)) return null;
  total.storms++;
  const storm = throws.of(['down', 'down', 'blind', 'sideDown'] as const);
  Object.assign(house.mood, { [storm]: storm === 'down' ? throws.of(['full', 'io', 'busy']) : true });
  return storm;
}

function calm(house: TalkingHouse): void {
  Object.assign(house.mood, { down: null, blind: false, sideDown: false });
}

/** Whoever did not commit or give back has all replicas as they were, but for what ran out or settled; and everything that happened was somebody's own doing. */
function untouched(
  { house, faults, people }: Town,
  before: ReturnType<typeof phasesOf>,
  said: ReadonlyMap<Talker, { messages: Message[] }>,
): void {
  const byDevice = new Map(people.map((t) => [t.who.device, t]));
  const moved = new Set<number>();
  const settled = new Set<string>();
  const ended = new Set<string>();
  for (const event of house.events) {
    const fault = faultOfEvent(event, byDevice, said, house);
    if (fault !== null) faults.push(fault);
    if (event.e === 'committed') moved.add(event.replica);
    if (event.e === 'returned' || event.e === 'expired')
      for (const replica of event.replicas) moved.add(replica);
    if (event.e === 'accepted') settled.add(`${event.job}/${event.chunk}`);
    if (event.e === 'finished') ended.add(event.job);
  }
  const after = phasesOf(house.runtime.state);
  for (const [id, { phase, device }] of before) {
    const now = after.get(id);
    // Gone with its chunk: settled, its job over, or free again since all of its replicas were returned.
    if (now === undefined) {
      if (settled.size + ended.size + moved.size === 0) faults.push(`replica ${id} of ${device} vanished`);
    } else if (now.phase !== phase && !moved.has(id))
      faults.push(`replica ${id} of ${device} was changed by nobody`);
  }
}

/** Whether an event is the doing of the device that it names, and a verdict the right one. */
function faultOfEvent(
  event: Event,
  byDevice: ReadonlyMap<string, Talker>,
  said: ReadonlyMap<Talker, { messages: Message[] }>,
  house: TalkingHouse,
): string | null {
  if (event.e === 'accepted') {
    const outputs = outputsOf(input, event.chunk * unitsPerChunk, (event.chunk + 1) * unitsPerChunk);
    const agreement = house.jobs.get(event.job) ?? 'exact';
    const { root } = answerOf(event.job, agreement, 1, event.chunk * unitsPerChunk, outputs).item;
    return event.root === root ? null : `a lie was accepted for ${event.job}/${event.chunk}`;
  }
  if (!('device' in event) || event.e === 'expired') return null;
  const t = byDevice.get(event.device);
  const messages = t === undefined ? [] : (said.get(t)?.messages ?? []);
  if (t === undefined || messages.length === 0) return `${event.e} of a device that said nothing`;
  if (event.e === 'committed' && !t.soundRoots.has(`${event.replica} ${event.root}`))
    return `${event.replica} was committed to what its holder never sent, or what is not what it says`;
  if (event.e === 'returned' && !event.replicas.every((replica) => t.own.has(replica)))
    return 'chunks of others were given back';
  if (event.e === 'leased' && !t.slots.has(event.slot))
    return `slot ${event.slot} was leased work and never asked`;
  return null;
}

describe(`[WR7, WR11] ${seeds * messagesPerSeed} messages to conversations`, () => {
  test.each(Array.from({ length: seeds }, (_, i) => i + 1))(
    'each has one typed consequence, and none touches others (seed %i)',
    async (seed) => {
      vi.setSystemTime(1_800_000_000_000);
      const house = await TalkingHouse.open({ isThreaded: seed % 2 === 0 });
      const throws = dice(seed).fork('conversations');
      const people = Array.from({ length: talkers }, (_, i) => new Talker(house, i, i % 5 < 2));
      const town: Town = { house, throws, ether: new Ether(), people, faults: [] };
      const until = total.messages + messagesPerSeed;
      for (let i = 0; total.messages < until && town.faults.length === 0; i++) {
        await round(town);
        if (i % 20 === 0) assertInvariants(house.runtime.state);
      }
      expect([
        ...house.fatal.map(String),
        ...house.notes.filter((note) => /bug/.test(note)),
        ...town.faults.slice(0, 6),
      ]).toEqual([]);
      expect(house.fatal).toEqual([]);
      expect(house.notes.filter((note) => /bug/.test(note))).toEqual([]);
      assertInvariants(house.runtime.state);
      await house.close();
    },
    180_000,
  );

  afterAll(() => {
    // Every way is well trodden, or this would prove little.
    expect(total.messages).toBeGreaterThanOrEqual(100_000);
    expect(total.inThread).toBeGreaterThanOrEqual(50_000);
    expect(total.messages - total.inThread).toBeGreaterThanOrEqual(50_000);
    expect(total.checked).toBeGreaterThan(4_000);
    expect(total.welcome).toBeGreaterThan(2_000);
    expect(total.bye).toBeGreaterThan(2_500);
    expect(total.refusal).toBeGreaterThan(20_000);
    expect(total.granted).toBeGreaterThan(8_000);
    expect(total.silence).toBeGreaterThan(1_000);
    expect(total.misdeeds).toBeGreaterThan(3_000);
    expect(total.settled).toBeGreaterThan(10_000);
    expect(total.storms).toBeGreaterThan(20);
    for (const [label, count] of labels) expect([label, count > 30]).toEqual([label, true]);
  });
});
