/**
 * One volunteer's socket: the stranger who has to sign in within seconds, then the device whose messages become
 * commands. What it is told comes from durable ticks; what is refused is told at once. Never trusts a byte.
 */
import { randomBytes } from 'node:crypto';
import { isAuditAnswer } from '../wire/audits.ts';
import { decodeCommit } from '../wire/frame.ts';
import type { CommitPart } from '../wire/frame.ts';
import { isMalformed, parse } from '../wire/schema.ts';
import { limits } from '../wire/version.ts';
import type { ByeReason } from '../wire/version.ts';
import { fromVolunteer } from '../wire/volunteer.ts';
import type { Chain, GiveBack, RefusalWord, SlotWord } from '../wire/volunteer.ts';
import { Allowance } from './allowance.ts';
import { arrive, challengeOf, refusedEntry, repeatedLeases, welcomeOf } from './arrival.ts';
import type { ArrivalHouse, Arrived, Whence } from './arrival.ts';
import type { AsciiWriter } from './ascii.ts';
import type { Auditor } from './auditor.ts';
import { SessionChain } from './chain.ts';
import { byeOf, frameOf, refusalOf } from './telling.ts';
import type { WhyNot } from './telling.ts';
import { Flow } from './flow.ts';
import { NodeFrameTools, retryMsOf } from './hearing.ts';
import { hearAnswer, hearGiveBack, hearLate, unreadable } from './small-words.ts';
import { inspect } from './inspecting.ts';
import type { KernelInput } from './inspecting.ts';
import { StoreFault } from './log.ts';
import { CommitOrder, storeRetryMs } from './order.ts';
import type { Outcome, RefusedOrder } from './order.ts';
import type { People } from './people.ts';
import { plainReceipt } from './receipts.ts';
import type { Ear, Line } from './server-socket.ts';
import { restReasons } from './parking.ts';
import type { Tick } from './runtime.ts';
import type { Parcel } from './batch.ts';

/** A volunteer that reads so slowly that more than this waits for it is sent away. */
const bufferedBytesMax = 4 * 1024 * 1024;
/** The code that every goodbye of ours closes with; the words before it say why. */
const byeCode = 4000;
/** Whom an answer agrees with is found out when it is decided. */
const nobody: readonly number[] = Object.freeze([]);
/** So many messages that give back may come at once, and so many more each second: they write to the log and cost the sender nothing. */
const giveBacksMax = 60;
const giveBacksPerSecond = 1;
/** Signs of life that come no more often are within any measure. */
const seldomMs = 1_000;
/** When to come again after a fault of ours. */
const faultRetryMs = 10_000;

/** What a conversation needs of the house. */
export interface ConversationHouse extends ArrivalHouse {
  readonly people: People<Conversation>;
  readonly auditor: Pick<Auditor, 'answerOf' | 'declined' | 'left'>;
  inputOf(job: string): KernelInput | null;
  onNote(note: string, about: Readonly<Record<string, unknown>>): void;
  /** Counts what was asked for and not given. */
  onRefusal(reason: string): void;
}

type Stage = 'stranger' | 'joining' | 'open' | 'closed';

export class Conversation implements Ear {
  device = '';
  account = '';
  group = '';
  network = '';
  cores = 0;
  gpu = false;
  /** Whether it may be given audits [AU7]. */
  audits = false;
  /** The site that brought it, and the newest form of receipts that its program reads. */
  site: string | null = null;
  reads = 2;
  /** When it was last heard of, in any way. */
  heardAt: number;
  /** For `People`. */
  lastAsked: readonly SlotWord[] | null = null;
  /** Until then what was agreed to is good [WR2]. */
  consentUntil = Number.MAX_SAFE_INTEGER;
  #stage: Stage = 'stranger';
  // What not everybody needs is made when it first is: there may be ten thousand who only wait.
  #giveBacks: Allowance | null = null;
  readonly #socket: Line;
  readonly #house: ConversationHouse;
  readonly whence: Whence;
  readonly #nonce = randomBytes(16).toString('base64url');
  /** Null once somebody has signed in, or gone. */
  #strangerTimer: NodeJS.Timeout | null;
  #publicKey = '';
  #chain: SessionChain | null = null;
  #flow: Flow | null = null;
  #tools: NodeFrameTools | null = null;
  /** Commitments of its that are looked up in the log. */
  lookUps = 0;
  readonly #onGone: (conversation: Conversation) => void;

  /** `head`: what came right behind the handshake. `onGone` hears that its socket has closed. */
  constructor(
    socket: Line,
    head: Buffer,
    house: ConversationHouse,
    whence: Whence,
    onGone: (conversation: Conversation) => void = () => {},
  ) {
    this.#socket = socket;
    this.#house = house;
    this.whence = whence;
    this.heardAt = house.now();
    this.#strangerTimer = setTimeout(() => this.bye('limits', 'nobody signed in'), limits.strangerMs);
    this.#onGone = onGone;
    this.#say(JSON.stringify(challengeOf(house, this.#nonce)));
    socket.listen(this, head);
  }

  /** What a durable tick means to it, as one frame in `to`: a system call costs as much as all the rest of a message. */
  frameOf(parcel: Parcel, tick: Tick, to: AsciiWriter): Buffer | null {
    for (const { backend } of parcel.judged) this.#house.people.sentAway(this, backend);
    for (const lease of parcel.leases) this.#socket.expect?.(lease);
    return frameOf(to, parcel, this, tick);
  }

  /** Tells it that; whether the bytes are not needed any more. */
  sayFrame(frame: Buffer): boolean {
    return !this.#isSlow() && this.#socket.sayFrame(frame);
  }

  /** Tells it something that is JSON text already. */
  tell(text: string): void {
    if (this.#stage === 'open') this.#say(text);
  }

  ping(): void {
    this.#socket.ping();
  }

  /** Says why and ends. */
  bye(reason: ByeReason, detail?: string, retryMs?: number): void {
    if (this.#stage === 'closed') return;
    this.#socket.say(JSON.stringify(byeOf(reason, detail, retryMs)));
    this.#end();
    this.#socket.close(byeCode, reason);
  }

  #end(): void {
    this.#stage = 'closed';
    this.#endStrangerTime();
    this.#flow?.close();
    if (this.#house.people.leave(this)) this.#drop();
  }

  /** What its connection held is lost with it: parked asks, and audits. */
  #drop(): void {
    this.#house.runtime.parking.dropDevice(this.device);
    this.#house.auditor.left(this.device);
  }

  #endStrangerTime(): void {
    if (this.#strangerTimer !== null) clearTimeout(this.#strangerTimer);
    this.#strangerTimer = null;
  }

  /** Its socket is closed. */
  closed(): void {
    this.#onGone(this);
    if (this.#stage !== 'closed') this.#end();
  }

  /** Orders of its on their way, and how much it says. */
  get flow(): Flow {
    return (this.#flow ??= new Flow(this.#socket));
  }

  /** It was heard of, if only by a pong: that counts as a message, or it would cost nothing. Nobody who only answers pings is measured. */
  heard(bytes: number): void {
    const before = this.heardAt;
    this.#alive();
    const answers = this.#flow === null && this.heardAt >= before + seldomMs;
    if (this.#stage === 'open' && !answers && !this.flow.hear(bytes, this.heardAt))
      this.bye('limits', 'you do not stop talking');
  }

  /** Also who only waits is asked anew in time. */
  #alive(): void {
    this.heardAt = this.#house.now();
    if (this.heardAt > this.consentUntil) this.bye('consent', 'the consent is older than 30 days by now');
  }

  #say(text: string): void {
    if (!this.#isSlow()) this.#socket.say(text);
  }

  /** Whoever is, is sent away. */
  #isSlow(): boolean {
    if (this.#socket.waiting <= bufferedBytesMax) return false;
    this.bye('slow', 'you read more slowly than you ask');
    return true;
  }

  /** Whatever goes wrong here ends this conversation and nothing else. */
  hear(data: Buffer, isBinary: boolean, isChecked = false): void {
    try {
      this.#alive();
      this.#hear(data, isBinary, isChecked);
    } catch (error) {
      this.failed(error);
    }
  }

  /** What it says is longer than may be. */
  tooLong(): boolean {
    if (this.#stage === 'open') this.misdeed('oversized', null);
    this.bye('limits', 'a message is too long');
    return true;
  }

  /** What strangers say is counted on the wire. */
  tooMuch(): boolean {
    this.bye('limits', 'too much was said before signing in');
    return true;
  }

  #hear(data: Buffer, isBinary: boolean, isChecked: boolean): void {
    switch (this.#stage) {
      case 'open':
        if (!this.flow.hear(data.length, this.heardAt)) return this.bye('limits', 'you do not stop talking');
        return isBinary ? this.#onFrame(data, isChecked) : this.#onText(data);
      case 'stranger':
        return isBinary ? this.bye('malformed', 'sign in first') : this.#onHello(data);
      case 'joining':
        return this.bye('malformed', 'wait for the welcome');
      case 'closed':
        return;
      default:
        this.#stage satisfies never;
    }
  }

  #onHello(data: Buffer): void {
    const arrived = arrive(this.#house, data, this.#nonce, this.whence);
    if ('bye' in arrived) return this.bye(arrived.bye, arrived.detail, arrived.retryMs);
    const { word, device, account, group, network, consentUntil } = arrived;
    this.#stage = 'joining';
    this.#endStrangerTime();
    this.#socket.known();
    Object.assign(this, { device, account, group, network, consentUntil, cores: word.cores, gpu: word.gpu });
    Object.assign(this, { site: word.site, reads: word.receipts ?? 2, audits: word.audits === true });
    this.#publicKey = word.publicKey;
    this.#house.runtime.submit({
      command: { c: 'join', device, account, site: word.site, group, network, role: 'volunteer' },
      outputs: null,
      done: (outcome) => void this.#joined(arrived, outcome).catch((error: unknown) => this.failed(error)),
    });
  }

  async #joined(arrived: Arrived, outcome: Outcome): Promise<void> {
    const away = refusedEntry(outcome);
    if (away !== null) return this.bye(away.bye, away.detail, away.retryMs);
    const welcome = await welcomeOf(this.#house, arrived);
    // The socket may have closed while the log was asked.
    if (this.#stage !== 'joining') return;
    const before = this.#house.people.enter(this);
    if (before !== undefined) {
      this.#drop();
      before.bye('elsewhere', 'this device signed in on another connection');
    }
    this.#stage = 'open';
    this.#say(JSON.stringify(welcome));
    for (const lease of repeatedLeases(this.#house, arrived)) this.#say(lease);
  }

  failed(error: unknown): void {
    if (error instanceof StoreFault)
      return this.bye('store', `the store fails: ${error.reason}`, storeRetryMs);
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#house.onNote('a conversation failed: this is a bug', { error: text });
    this.bye('internal', 'a fault of ours', faultRetryMs);
  }

  #onText(data: Buffer): void {
    if (data.length > limits.textBytesMax) return void this.tooLong();
    const word = parse(fromVolunteer, data.toString(), limits.textBytesMax);
    if (isMalformed(word)) return unreadable(this, word);
    switch (word.t) {
      case 'ask':
        return this.#ask(word.slots);
      case 'giveBack':
        return this.#giveBack(word);
      case 'returnAudits':
        return this.#house.auditor.declined(this.device, word.audits);
      case 'chain':
        return this.#onChain(word);
      case 'hello':
        return this.bye('malformed', 'you have signed in');
      default:
        word satisfies never;
    }
  }

  #onFrame(data: Buffer, isChecked: boolean): void {
    if (isAuditAnswer(data)) return hearAnswer(this, this.#house.auditor, data);
    const frame = decodeCommit(data, (this.#tools ??= new NodeFrameTools()));
    if (isMalformed(frame)) return unreadable(this, frame);
    for (const part of frame.parts) this.#commit(part, isChecked);
    if (frame.header.slots !== undefined) this.#ask(frame.header.slots);
  }

  #ask(slots: readonly SlotWord[]): void {
    const { runtime, people } = this.#house;
    people.wantsWork(this, slots);
    for (const slot of slots) {
      this.flow.begin();
      runtime.submit({
        command: { c: 'ask', device: this.device, slot, live: people.live, networks: people.networks },
        outputs: null,
        done: (outcome) => {
          this.flow.end();
          if (outcome.refused === 'unknown-device') return this.bye('shutting-down', 'idle too long', 1_000);
          if (outcome.refused === null) return;
          if (outcome.refused === 'banned' || outcome.refused === 'suspended')
            people.sentAway(this, slot.backend);
          const retryMs = outcome.retryMs ?? retryMsOf(outcome.refused);
          this.refuse('ask', { ...outcome, retryMs }, { slot: slot.slot });
        },
      });
    }
  }

  #commit(part: CommitPart, isChecked: boolean): void {
    const { replica, root } = part.item;
    (this.#chain ??= new SessionChain(this.#nonce)).add(replica, root);
    const { runtime, inputOf } = this.#house;
    const found = inspect(runtime.state, this.device, part, inputOf, isChecked);
    if (found.is === 'unknown')
      return void hearLate(this, this.#house, replica).catch((error: unknown) => this.failed(error));
    if (found.is === 'refused') {
      if (found.misdeed !== null) this.misdeed(found.misdeed, replica);
      // A kernel or input that is not here yet is our fault, and passes; what cannot be right does not.
      const { reason: refused, detail } = found;
      const why = refused === 'internal' ? { refused, detail, retryMs: 5_000 } : { refused, detail };
      return this.refuse('commit', why, { replica });
    }
    this.flow.begin();
    const { outputs, digests } = found;
    const about = { replica, root, digests, stored: outputs !== null, agrees: nobody };
    runtime.submit(new CommitOrder(this, { c: 'commit', device: this.device, ...about }, outputs));
  }

  /** For `CommitOrder`. */
  commitAnswered(replica: number, outcome: Outcome): void {
    this.flow.end(outcome.refused === null);
    if (outcome.refused !== null) this.#commitRefused(replica, outcome);
  }

  #commitRefused(replica: number, outcome: RefusedOrder): void {
    const { refused } = outcome;
    if (refused === 'same-commitment') return this.#say(plainReceipt([replica], []));
    // Settled between the look at it and the decision, or its place was taken.
    if (refused === 'unknown-replica')
      return void hearLate(this, this.#house, replica).catch((error: unknown) => this.failed(error));
    if (refused === 'already-committed' || refused === 'not-yours') this.misdeed(refused, replica);
    this.refuse('commit', outcome, { replica });
  }

  #giveBack(word: GiveBack): void {
    this.#giveBacks ??= new Allowance(giveBacksMax, giveBacksPerSecond);
    if (!this.#giveBacks.take(1, this.heardAt)) {
      const detail = 'you give back too often; leases run out by themselves';
      return this.refuse('giveBack', { refused: 'busy', detail, retryMs: 1_000 / giveBacksPerSecond }, {});
    }
    if (restReasons.has(word.why)) this.#house.people.rests(this);
    hearGiveBack(this, this.#house.runtime, word);
  }

  #onChain(word: Chain): void {
    this.#chain ??= new SessionChain(this.#nonce);
    const fault = this.#chain.take(word, this.#publicKey, this.device, this.heardAt, this.#house.side);
    if (fault !== null) this.refuse('chain', fault, {});
  }

  /** Writes something down against it that an honest device never sends; too much of it, and it is sent away. */
  misdeed(what: string, replica: number | null): void {
    const { misdeeds, runtime } = this.#house;
    const now = this.#house.now();
    if (misdeeds.note(this.device, now) === 'suspend')
      return this.bye('suspended', 'too many impossible messages', misdeeds.suspendedMs(this.device, now));
    runtime.submit({
      command: { c: 'misdeed', device: this.device, what, replica },
      outputs: null,
      done: null,
    });
  }

  refuse(about: RefusalWord['about'], why: WhyNot, where: { slot?: number; replica?: number }): void {
    this.#house.onRefusal(why.refused);
    this.#say(JSON.stringify(refusalOf(about, why, where)));
  }
}
