/**
 * One volunteer's socket: the stranger who has to sign in within seconds, then the device whose messages become
 * commands. What it is told comes from durable ticks; what is refused is told at once. Never trusts a byte.
 */
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { mayJoin } from '../core/chunk.ts';
import type { State } from '../core/state.ts';
import { decodeCommit } from '../wire/frame.ts';
import type { CommitPart } from '../wire/frame.ts';
import { isMalformed, parse } from '../wire/schema.ts';
import { limits, protocol } from '../wire/version.ts';
import type { ByeReason } from '../wire/version.ts';
import { fromVolunteer, hello as helloSchema } from '../wire/volunteer.ts';
import type { Bye, Chain, Challenge, GiveBack, Hello, JobDescriptor, RefusalWord, SlotWord, Welcome } from '../wire/volunteer.ts';
import { signIn, verifyText } from './auth.ts';
import { chainBytes, chainNext, chainStart } from './digests.ts';
import { inspect } from './inspecting.ts';
import type { KernelInput } from './inspecting.ts';
import type { SigningKey } from './keys.ts';
import { StoreFault } from './log.ts';
import type { Log } from './log.ts';
import type { Misdeeds } from './misdeeds.ts';
import type { People } from './people.ts';
import { receiptMessage } from './receipts.ts';
import { restReasons } from './runtime.ts';
import type { Outcome, RefusedOrder, Runtime, Tick } from './runtime.ts';
import { afterwards } from './settling.ts';
import type { SideTables } from './side.ts';
import type { Parcel } from './batch.ts';

/** A volunteer that reads so slowly that more than this waits for it is sent away. */
const bufferedBytesMax = 4 * 1024 * 1024;
/** Orders of one socket that may wait before it is not read from any more. */
const inFlightMax = 1024;
/** Asks and commits for settled chunks that are looked up at once. */
const lookUpsMax = 64;
const closeMs = 2_000;

/** What a conversation needs of the house. */
export interface ConversationHouse {
  readonly runtime: Runtime;
  readonly log: Log;
  readonly key: SigningKey;
  readonly people: People<Conversation>;
  readonly misdeeds: Misdeeds;
  readonly side: SideTables;
  now(): number;
  groupOf(address: string): string;
  inputOf(job: string): KernelInput | null;
  isOwnOrigin(origin: string): boolean;
  jobs(): readonly JobDescriptor[];
  onNote(note: string, about: Readonly<Record<string, unknown>>): void;
  /** Counts what was asked for and not given. */
  onRefusal(reason: string): void;
}

/** Where its socket came from, as the handshake said. */
export interface Whence {
  readonly address: string;
  readonly origin: string;
}

type Stage = 'stranger' | 'joining' | 'open' | 'closed';

export class Conversation {
  device = '';
  account = '';
  group = '';
  cores = 0;
  gpu = false;
  /** When it was last heard of, in any way. */
  heardAt: number;
  #stage: Stage = 'stranger';
  readonly #ws: WebSocket;
  /** The connection under the socket. */
  readonly #socket: Duplex;
  readonly #house: ConversationHouse;
  readonly #whence: Whence;
  readonly #nonce = randomBytes(16).toString('base64url');
  readonly #strangerTimer: NodeJS.Timeout;
  #publicKey = '';
  #chain: string;
  #chainCount = 0;
  #inFlight = 0;
  #lookUps = 0;
  #paused = false;

  constructor(ws: WebSocket, socket: Duplex, house: ConversationHouse, whence: Whence) {
    this.#ws = ws;
    this.#socket = socket;
    this.#house = house;
    this.#whence = whence;
    this.heardAt = house.now();
    this.#chain = chainStart(this.#nonce);
    this.#strangerTimer = setTimeout(() => this.bye('limits', 'nobody signed in'), limits.strangerMs);
    ws.on('message', (data: Buffer, isBinary: boolean) => this.#onMessage(data, isBinary));
    ws.on('pong', () => (this.heardAt = house.now()));
    ws.on('close', () => this.#onClose());
    ws.on('error', () => ws.terminate());
    const head = house.runtime.head;
    const challenge: Challenge = {
      t: 'challenge',
      protocol,
      nonce: this.#nonce,
      coordinator: house.key.publicText,
      head: { size: head?.size ?? 0, root: head?.root ?? emptyRoot },
    };
    this.#say(JSON.stringify(challenge));
  }

  get isStranger(): boolean {
    return this.#stage === 'stranger';
  }

  /** Tells it what a durable tick means to it. */
  deliver(parcel: Parcel, tick: Tick): void {
    // What belongs together goes out in one write: a system call costs as much as all the rest of a message.
    this.#socket.cork();
    for (const lease of parcel.leases) this.#say(lease);
    if (parcel.acks.length + parcel.settled.length + parcel.lost.length > 0) this.#sayReceipt(parcel, tick);
    this.#socket.uncork();
  }

  #sayReceipt(parcel: Parcel, tick: Tick): void {
    const settled = parcel.settled.map((index) => tick.receipts.wordOf(tick.batch.paid[index] as (typeof tick.batch.paid)[number], index));
    this.#say(receiptMessage(parcel.acks, settled, parcel.lost, tick.word));
  }

  /** Tells it something that is JSON text already. */
  tell(text: string): void {
    if (this.#stage === 'open') this.#say(text);
  }

  ping(): void {
    if (this.#ws.readyState === this.#ws.OPEN) this.#ws.ping();
  }

  /** Says why and ends. */
  bye(reason: ByeReason, detail?: string, retryMs?: number): void {
    if (this.#stage === 'closed') return;
    const word: Bye = { t: 'bye', reason, ...(detail === undefined ? {} : { detail }), ...(retryMs === undefined ? {} : { retryMs }) };
    if (this.#ws.readyState === this.#ws.OPEN) this.#ws.send(JSON.stringify(word));
    this.#end();
    this.#ws.close(4000, reason);
    // Who does not answer a close is cut off.
    setTimeout(() => this.#ws.terminate(), closeMs).unref();
  }

  #end(): void {
    this.#stage = 'closed';
    clearTimeout(this.#strangerTimer);
    if (this.#house.people.leave(this)) this.#house.runtime.parking.dropDevice(this.device);
  }

  #onClose(): void {
    if (this.#stage !== 'closed') this.#end();
  }

  #say(text: string): void {
    if (this.#ws.readyState !== this.#ws.OPEN) return;
    if (this.#ws.bufferedAmount > bufferedBytesMax) return this.bye('slow', 'you read more slowly than you ask');
    this.#ws.send(text);
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    this.heardAt = this.#house.now();
    switch (this.#stage) {
      case 'open':
        return isBinary ? this.#onFrame(data) : this.#onText(data);
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
    if (data.length > limits.strangerBytesMax) return this.bye('limits', 'too much was said before signing in');
    const word = parse(helloSchema, data.toString(), limits.strangerBytesMax);
    if (isMalformed(word)) return this.bye(isOtherVersion(data) ? 'protocol' : 'malformed', word.malformed);
    const { house, nonce } = { house: this.#house, nonce: this.#nonce };
    const who = signIn(word, nonce, this.#whence.origin, (origin) => house.isOwnOrigin(origin), house.now());
    if ('bye' in who) return this.bye(who.bye, who.detail);
    const suspendedMs = house.misdeeds.suspendedMs(who.device, house.now());
    if (suspendedMs > 0) return this.bye('suspended', 'too many impossible messages', suspendedMs);
    this.#stage = 'joining';
    clearTimeout(this.#strangerTimer);
    const { device, account } = who;
    const group = house.groupOf(this.#whence.address);
    const done = (outcome: Outcome): void => void this.#joined(word, outcome).catch((error: unknown) => this.#failed(error));
    Object.assign(this, { device, account, group, cores: word.cores, gpu: word.gpu });
    this.#publicKey = word.publicKey;
    house.runtime.submit({ command: { c: 'join', device, account, site: word.site, group, role: 'volunteer' }, outputs: null, done });
  }

  async #joined(word: Hello, outcome: Outcome): Promise<void> {
    if (outcome.refused !== null && outcome.refused !== 'already-so') {
      const reason: ByeReason = outcome.refused === 'not-yours' ? 'signature' : outcome.refused === 'stopping' ? 'shutting-down' : 'store';
      return this.bye(reason, outcome.detail ?? outcome.refused, outcome.retryMs);
    }
    const holding: number[] = [];
    for (const replica of word.holding) if (await this.#isStillYours(replica)) holding.push(replica);
    // The socket may have closed while the log was asked.
    if (this.#stage !== 'joining') return;
    const { runtime, people } = this.#house;
    const before = people.enter(this);
    if (before !== undefined) {
      runtime.parking.dropDevice(this.device);
      before.bye('elsewhere', 'this device signed in on another connection');
    }
    this.#stage = 'open';
    const balance = (kind: 'pending' | 'vested'): number => Number(runtime.state.balances.get(`${kind}:${this.account}`) ?? 0n);
    const welcome: Welcome = {
      t: 'welcome',
      device: this.device,
      account: this.account,
      jobs: [...this.#house.jobs()],
      holding,
      creditMicro: { pending: balance('pending'), vested: balance('vested') },
    };
    this.#say(JSON.stringify(welcome));
  }

  /** Leased and not taken by others, committed, or settled with a receipt that can be had again: all of them are worth keeping. */
  async #isStillYours(replica: number): Promise<boolean> {
    const found = whereIs(this.#house.runtime.state, this.device, this.account, this.group, replica);
    return found === 'unknown' ? (await this.#house.log.answer(replica)) !== null : found === 'yours';
  }

  #failed(error: unknown): void {
    if (!(error instanceof StoreFault)) this.#house.onNote('a conversation failed', { error: String(error) });
    this.bye('store', 'the store cannot be read', 5_000);
  }

  #onText(data: Buffer): void {
    if (data.length > limits.textBytesMax) return this.bye('limits', 'a text message is too long');
    const word = parse(fromVolunteer, data.toString(), limits.textBytesMax);
    if (isMalformed(word)) return this.bye('malformed', word.malformed);
    switch (word.t) {
      case 'ask':
        return this.#ask(word.slots);
      case 'giveBack':
        return this.#giveBack(word);
      case 'chain':
        return this.#onChain(word);
      case 'hello':
        return this.bye('malformed', 'you have signed in');
      default:
        word satisfies never;
    }
  }

  #onFrame(data: Buffer): void {
    const frame = decodeCommit(data, latin1);
    if (isMalformed(frame)) return this.bye('malformed', frame.malformed);
    for (const part of frame.parts) this.#commit(part);
    if (frame.header.slots !== undefined) this.#ask(frame.header.slots);
  }

  #ask(slots: readonly SlotWord[]): void {
    const { runtime, people } = this.#house;
    people.wantsWork(this);
    for (const slot of slots) {
      this.#begin();
      runtime.submit({
        command: { c: 'ask', device: this.device, slot, live: people.live },
        outputs: null,
        done: (outcome) => {
          this.#finish();
          if (outcome.refused !== null) this.#refuse('ask', { ...outcome, retryMs: outcome.retryMs ?? retryMsOf(outcome.refused) }, { slot: slot.slot });
        },
      });
    }
  }

  #commit(part: CommitPart): void {
    const { replica, root } = part.item;
    this.#chain = chainNext(this.#chain, replica, root);
    this.#chainCount++;
    const found = inspect(this.#house.runtime.state, this.device, part, this.#house.inputOf);
    if (found.is === 'unknown') return void this.#commitAfterwards(replica).catch((error: unknown) => this.#failed(error));
    if (found.is === 'refused') {
      if (found.misdeed !== null) this.#misdeed(found.misdeed, replica);
      return this.#refuse('commit', { refused: found.reason, detail: found.detail }, { replica });
    }
    this.#begin();
    const { outputs, digests } = found;
    this.#house.runtime.submit({
      command: { c: 'commit', device: this.device, replica, root, digests, stored: outputs !== null, agrees: [] },
      outputs,
      done: (outcome) => {
        this.#finish();
        if (outcome.refused !== null) this.#commitRefused(replica, outcome);
      },
    });
  }

  #commitRefused(replica: number, outcome: RefusedOrder): void {
    switch (outcome.refused) {
      case 'same-commitment':
        return this.#say(receiptMessage([replica], [], [], 'null'));
      case 'unknown-replica':
        // Settled between the look at it and the decision, or its place was taken.
        return void this.#commitAfterwards(replica).catch((error: unknown) => this.#failed(error));
      case 'already-committed':
      case 'not-yours':
        this.#misdeed(outcome.refused, replica);
        return this.#refuse('commit', outcome, { replica });
      default:
        return this.#refuse('commit', outcome, { replica });
    }
  }

  async #commitAfterwards(replica: number): Promise<void> {
    const { runtime, log, key } = this.#house;
    if (this.#lookUps >= lookUpsMax) return this.#refuse('commit', { refused: 'busy', retryMs: 2_000 }, { replica });
    this.#lookUps++;
    try {
      const found = await afterwards(log, key, this.device, replica, (device) => runtime.state.devices.get(device)?.role === 'anchor');
      if (found.is === 'receipt') return this.#say(found.message);
      if (found.is === 'not-yours') this.#misdeed('not-yours', replica);
      this.#refuse('commit', { refused: found.is === 'unknown' ? 'unknown-replica' : found.is }, { replica });
    } finally {
      this.#lookUps--;
    }
  }

  #giveBack(word: GiveBack): void {
    if (restReasons.has(word.why)) this.#house.people.rests(this);
    this.#begin();
    this.#house.runtime.submit({
      command: { c: 'giveBack', device: this.device, replicas: word.replicas, why: word.why },
      outputs: null,
      done: (outcome) => {
        this.#finish();
        if (outcome.refused === null || outcome.refused === 'already-so') return;
        if (outcome.refused === 'not-yours') this.#misdeed('not-yours', null);
        this.#refuse('giveBack', outcome, {});
      },
    });
  }

  #onChain(word: Chain): void {
    const right = word.count === this.#chainCount && word.hash === this.#chain;
    if (!right) return this.#refuse('chain', { refused: 'chain', detail: 'this is not the chain of what was received' }, {});
    if (!verifyText(this.#publicKey, chainBytes(this.#nonce, word.count, this.#chain), word.signature)) return this.#refuse('chain', { refused: 'signature' }, {});
    const { count, hash, signature } = word;
    this.#house.side.keepChain({ device: this.device, nonce: this.#nonce, count, hash, signature, at: this.#house.now() });
  }

  #misdeed(what: string, replica: number | null): void {
    const { misdeeds, runtime } = this.#house;
    const verdict = misdeeds.note(this.device, this.#house.now());
    if (verdict === 'suspend') return this.bye('suspended', 'too many impossible messages', misdeeds.suspendedMs(this.device, this.#house.now()));
    runtime.submit({ command: { c: 'misdeed', device: this.device, what, replica }, outputs: null, done: null });
  }

  #refuse(about: RefusalWord['about'], why: { refused: string; detail?: string; retryMs?: number }, where: { slot?: number; replica?: number }): void {
    const { refused: reason, detail, retryMs } = why;
    this.#house.onRefusal(reason);
    const word: RefusalWord = { t: 'refusal', about, ...where, reason, ...(detail === undefined ? {} : { detail }), ...(retryMs === undefined ? {} : { retryMs }) };
    this.#say(JSON.stringify(word));
  }

  /** Who sends faster than the loop decides is read from no more, until it has caught up. */
  #begin(): void {
    if (++this.#inFlight < inFlightMax || this.#paused) return;
    this.#paused = true;
    this.#ws.pause();
  }

  #finish(): void {
    if (--this.#inFlight > inFlightMax / 2 || !this.#paused) return;
    this.#paused = false;
    this.#ws.resume();
  }
}

/** The platform's own reading of a frame's header: six times as fast as character by character. */
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');

const emptyRoot = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** Where a replica of a device stands: still worth computing or committing, over, or not known to any open chunk. */
function whereIs(state: State, device: string, account: string, group: string, id: number): 'yours' | 'over' | 'unknown' {
  const lease = state.leases.get(state.replicas.get(id) ?? -1);
  if (lease === undefined) return 'unknown';
  if (lease.device !== device) return 'over';
  const chunk = state.jobs.get(lease.job)?.chunks.get(lease.chunk + (id - lease.id));
  const replica = chunk?.replicas.find((one) => one.id === id);
  if (chunk === undefined || replica === undefined) return 'over';
  return replica.phase.is !== 'closed' || mayJoin(chunk, account, group) ? 'yours' : 'over';
}

/** Whether a message claims to be of another version, before anything else of it is understood: it may look quite different. */
function isOtherVersion(data: Buffer): boolean {
  try {
    const word: unknown = JSON.parse(data.toString());
    return typeof word === 'object' && word !== null && 'protocol' in word && typeof word.protocol === 'number' && word.protocol !== protocol;
  } catch {
    return false;
  }
}

/** How long a slot without work need not ask again: it is told by itself when there is some. */
function retryMsOf(reason: string): number {
  const base = reason === 'waiting-for-others' ? 5_000 : reason === 'kernel-paused' ? 60_000 : 15_000;
  return base + Math.floor(Math.random() * base);
}
