/** Somebody who talks to the coordinator: keeps what an honest device would know, and can be asked for any kind of message, right or wrong. */
import { sign } from 'node:crypto';
import { chainBytes, chainStart } from '../../../src/coordinator/digests.ts';
import { chainNext } from '../../coordinator/links.ts';
import type { Conversation } from '../../../src/coordinator/conversation.ts';
import type { FromCoordinator, LeaseWord } from '../../../src/wire/volunteer.ts';
import { decodeCommit, encodeCommit } from '../../../src/wire/frame.ts';
import { isMalformed, parse } from '../../../src/wire/schema.ts';
import { limits } from '../../../src/wire/version.ts';
import { fromVolunteer } from '../../../src/wire/volunteer.ts';
import type { Dice } from '../../sim/random.ts';
import { answerOf, helloOf, identity, outputsOf } from '../../coordinator/volunteer.ts';
import type { Answered, Identity } from '../../coordinator/volunteer.ts';
import type { FakeSocket } from './fake-socket.ts';
import { input, origin, unitsPerChunk } from './house.ts';
import type { TalkingHouse } from './house.ts';
import { isSound } from './sound.ts';

/** A chunk that was leased to it. */
export interface Held {
  readonly replica: number;
  readonly job: string;
  readonly agreement: 'exact' | 'tolerance';
  /** First unit, and the one after the last. */
  readonly from: number;
  readonly to: number;
  /** The first unit of its lease. */
  readonly first: number;
}

export class Talker {
  readonly address: string;
  readonly isHonest: boolean;
  who: Identity = identity();
  house: TalkingHouse;
  socket: FakeSocket | null = null;
  conversation: Conversation | null = null;
  /** Its socket before this one, when it opened a second. */
  before: FakeSocket | null = null;
  isIn = false;
  nonce = '';
  /** Leased to this identity and not given back, newest last; and what it committed, with the frame. */
  held: Held[] = [];
  committed = new Map<number, { readonly to: Held; readonly answer: Answered }>();
  /** Every replica that was ever leased to this identity. */
  own = new Set<number>();
  /** `replica root` of every commitment it sent that is what it says. */
  soundRoots = new Set<string>();
  /** Slots that ever asked. */
  slots = new Set<number>();
  chain = '';
  chainCount = 0;

  constructor(house: TalkingHouse, index: number, isHonest: boolean) {
    this.house = house;
    this.isHonest = isHonest;
    this.address = `10.${index >> 8}.${index & 255}.7`;
  }

  /** Becomes somebody else. */
  renew(): void {
    this.who = identity();
    this.held = [];
    this.committed = new Map();
    this.own = new Set();
    this.soundRoots = new Set();
    this.slots = new Set();
  }

  connect(): void {
    const { socket, conversation } = this.house.connect(this.address);
    Object.assign(this, { socket, conversation, isIn: false });
    const [challenge] = socket.take();
    if (challenge?.t !== 'challenge') throw new Error('the coordinator speaks first');
    this.nonce = challenge.nonce;
    this.chain = chainStart(challenge.nonce);
    this.chainCount = 0;
  }

  hear(word: FromCoordinator): void {
    if (word.t === 'welcome') this.isIn = true;
    if (word.t === 'bye') this.isIn = false;
    if (word.t === 'lease') this.#leased(word);
    if (word.t === 'receipt')
      for (const replica of [...word.acks, ...word.lost])
        this.held = this.held.filter((one) => one.replica !== replica);
  }

  #leased({ lease, job, chunk, count }: LeaseWord): void {
    const spec = this.house.runtime.state.jobs.get(job)?.spec;
    if (spec === undefined) return;
    for (let i = 0; i < count; i++) {
      const from = (chunk + i) * unitsPerChunk;
      const to = Math.min(spec.units, from + unitsPerChunk);
      this.own.add(lease + i);
      this.held.push({
        ...{ replica: lease + i, job, agreement: spec.agreement, from, to },
        first: chunk * unitsPerChunk,
      });
    }
    if (this.held.length > 60) this.held = this.held.slice(-60);
  }

  /** The right answer to a chunk, or one that is bent. */
  answer(to: Held, how: { lie?: boolean; bytes?: boolean } = {}): Answered {
    const outputs = outputsOf(input, to.from, to.to);
    if (how.lie === true) outputs[0] = Buffer.from(this.who.device).subarray(0, 8);
    return answerOf(to.job, to.agreement, to.replica, to.from, outputs, how.bytes ?? true);
  }

  /** Takes down what a message said, as far as it can be read: commitments are in the chain, whatever becomes of them. */
  noteSent(data: Buffer, binary: boolean): void {
    const frame = binary ? decodeCommit(data) : null;
    const word = binary ? null : parse(fromVolunteer, data.toString(), limits.textBytesMax);
    const slots = word !== null && 't' in word && word.t === 'ask' ? word.slots : [];
    for (const { slot } of slots) this.slots.add(slot);
    if (frame === null || isMalformed(frame)) return;
    for (const { slot } of frame.header.slots ?? []) this.slots.add(slot);
    for (const part of frame.parts) {
      const { item } = part;
      if (isSound(this.house, part)) this.soundRoots.add(`${item.replica} ${item.root}`);
      this.chain = chainNext(this.chain, item.replica, item.root);
      this.chainCount++;
    }
  }

  hello(bent: Parameters<typeof helloOf>[3] = {}, nonce = this.nonce): Record<string, unknown> {
    return helloOf(this.who, nonce, origin, { holding: [...this.own].slice(-20), ...bent });
  }

  chainWord(over: { count?: number; hash?: string; forged?: boolean } = {}): Record<string, unknown> {
    const [count, hash] = [over.count ?? this.chainCount, over.hash ?? this.chain];
    const bytes = chainBytes(this.nonce, over.forged === true ? count + 1 : count, hash);
    return {
      t: 'chain',
      count,
      hash,
      signature: sign(null, bytes, this.who.privateKey).toString('base64url'),
    };
  }

  /** Which slots it asks with, as words. */
  wishes(throws: Dice): Record<string, unknown>[] {
    return Array.from({ length: throws.between(1, 2) }, () => ({
      slot: throws.below(4),
      backend: throws.chance(300) ? 'webgpu' : 'wasm',
      rates: { 'cheap@1': throws.of([50, 400, 1000, 1e9]), 'tolerant@1': throws.of([1, 300, 1000]) },
    }));
  }
}

/** A frame of answers. */
export function frameOf(answers: readonly Answered[], slots?: readonly unknown[]): Buffer {
  const items = answers.map(({ item }) => item);
  const header = { t: 'commit' as const, items, ...(slots === undefined ? {} : { slots: slots as never }) };
  return Buffer.from(encodeCommit({ header, parts: answers }));
}
