/**
 * The coordinator of the simulator: the real rules inside a small pure runtime that has the real one's form: orders
 * are queued, a tick decides them, one record is made durable, and only then does anything leave. It can crash
 * at any moment and be made again from what was durable, and an append can fail.
 */
import { wordsToClose } from '../../src/core/audit.ts';
import { mayJoin, wantsBytes } from '../../src/core/chunk.ts';
import { isAudited } from '../../src/core/job.ts';
import { People } from '../../src/coordinator/people.ts';
import type { Present } from '../../src/coordinator/people.ts';
import { isRefusal } from '../../src/core/state.ts';
import type { Chunk, Command, Decision, Event, Slot, State } from '../../src/core/state.ts';
import type { FromCoordinator, JobDescriptor, RefusalWord, TreeHead } from '../../src/wire/volunteer.ts';
import { protocol } from '../../src/wire/version.ts';
import { fold, persist } from './disk.ts';
import type { Answer, Disk, Rules } from './disk.ts';
import { Auditor } from './auditor.ts';
import { agenda } from './heap.ts';
import { receipt, settledWord } from './messages.ts';
import type { CommitItem, HelloMessage, OpenReceipt, Outgoing, UpMessage } from './messages.ts';
import type { Dice } from './random.ts';
import { descriptorOf, isStoreRefusal, makesWork, networkOf, restReasons, waits, whereIs, whole } from './where.ts'; // prettier-ignore
import type { Outcome } from './where.ts';

/** What the world hears, so that oracles can judge. */
export interface Observer {
  /** A command took effect; it is not yet durable. */
  decided(state: State, command: Command, events: readonly Event[]): void;
  /** Events are durable. */
  durable(record: string, events: readonly Event[]): void;
  /** The state was folded from the disk: at the start, after a crash, after a failed append. */
  refolded(state: State): void;
}

export type { Outcome } from './where.ts';
type Done = (outcome: Outcome) => void;

const expiriesPerTickMax = 32;
const commandsPerTickMax = 64;
const parkedPerTickMax = 32;
const upkeepPerTickMax = 16;
const misdeedsPerHourMax = 100;
const suspensionMs = 900_000;
const storeRetryMs = 5000;
type Talker = Present & { readonly socket: number };

interface Conversation {
  readonly socket: number;
  readonly nonce: string;
  stage: 'stranger' | 'joining' | 'open';
  hello: HelloMessage | null;
  present: Talker | null;
}

/** A tick that is being made durable. */
interface Turn {
  readonly at: number;
  readonly events: Event[];
  /** What is done when it is durable, and what when it is not. */
  readonly whenDurable: (() => void)[];
  readonly otherwise: (() => void)[];
  readonly out: Outgoing[];
  readonly receipts: Map<string, OpenReceipt>;
  readonly answers: [number, Answer][];
  jobsChanged: boolean;
}

export class Coordinator {
  state: State;
  readonly #disk: Disk;
  readonly #rules: Rules;
  readonly #throws: Dice;
  readonly #see: Observer;
  readonly #conversations = new Map<number, Conversation>();
  readonly people = new People<Talker>();
  readonly auditor: Auditor;
  readonly #misdeeds = new Map<string, { hour: number; count: number; until: number }>();
  readonly #parked = new Map<string, { readonly device: string; readonly slot: Slot }>();
  #deadlines = agenda<number>();
  #orders: { readonly command: Command; readonly done: Done; readonly keeps?: readonly number[] }[] = [];
  #parkedPending = 0;
  #now: Outgoing[] = [];
  #turn: Turn | null = null;
  #clock: number;

  /** Starts from what is on the disk. `throws`: what the rules may not throw, a record's salt and which units are drawn. */
  constructor(disk: Disk, rules: Rules, throws: Dice, auditorGroupsMin: number, see: Observer) {
    this.#disk = disk;
    this.#rules = rules;
    this.#throws = throws;
    this.#see = see;
    this.state = fold(disk, rules);
    this.#clock = this.state.at;
    this.auditor = new Auditor({
      ...{ groupsMin: auditorGroupsMin, rules, throws: throws.fork(`desk ${disk.records.length}`) },
      lots: throws.fork('lots'),
      people: this.people,
      state: () => this.state,
      claims: disk.claims,
      order: (command, then) => this.order(command, then),
      say: (device, word) => this.#sayTo(device, word),
    });
    this.#refolded();
  }

  get appending(): boolean {
    return this.#turn !== null;
  }

  /** When a lease is due next. */
  get due(): number {
    return this.#deadlines.due();
  }

  get head(): TreeHead {
    return { size: this.#disk.roots.length, root: this.#disk.roots.at(-1) ?? 'e'.repeat(64) };
  }

  hasWork(at: number): boolean {
    return this.#orders.length > 0 || this.#parkedPending > 0 || this.due <= Math.max(at, this.state.at);
  }

  jobs(): JobDescriptor[] {
    return [...this.state.jobs.values()].map(descriptorOf);
  }

  /** A socket was accepted: the coordinator speaks first. */
  accept(socket: number, nonce: string): void {
    this.#conversations.set(socket, { socket, nonce, stage: 'stranger', hello: null, present: null });
    this.#say(socket, { t: 'challenge', protocol, nonce, coordinator: 'talka', head: this.head });
  }

  closed(socket: number): void {
    const present = this.#conversations.get(socket)?.present ?? null;
    this.#conversations.delete(socket);
    if (present === null || !this.people.leave(present)) return;
    this.#unpark(present.device);
    this.auditor.left(present.device);
  }

  hear(socket: number, message: UpMessage, at: number): void {
    const talk = this.#conversations.get(socket);
    if (talk === undefined) return;
    this.#clock = Math.max(this.#clock, at);
    if (message.t === 'hello') return this.#hello(talk, message);
    if (talk.stage !== 'open' || talk.hello === null) return this.#bye(socket, 'malformed');
    const { device } = talk.hello;
    switch (message.t) {
      case 'ask':
        return this.#ask(talk, device, message.slots);
      case 'commit':
        for (const item of message.items) this.#commit(socket, device, item);
        if (message.slots.length > 0) this.#ask(talk, device, message.slots);
        return;
      case 'giveBack':
        return this.#giveBack(talk, device, message);
      case 'auditAnswer':
        return this.auditor.answered(device, message, this.#clock);
      case 'returnAudits':
        return this.auditor.declined(device, message.audits, this.#clock);
      case 'chain':
        return;
      default:
        message satisfies never;
    }
  }

  /** A command of the operator, of a requester, or of the anchor, which has no socket. */
  order(command: Command, done: Done = () => undefined, keeps?: readonly number[]): void {
    this.#orders.push(keeps === undefined ? { command, done } : { command, done, keeps });
  }

  /** Decides what waits. What came of it leaves with `append`. */
  tick(at: number): void {
    const turn: Turn = {
      at: Math.max(at, this.state.at),
      events: [],
      whenDurable: [],
      otherwise: [],
      out: [],
      receipts: new Map(),
      answers: [],
      jobsChanged: false,
    };
    for (let i = 0; i < expiriesPerTickMax && this.due <= turn.at; i++) {
      const lease = this.#deadlines.next()?.what ?? -1;
      if ((this.state.leases.get(lease)?.left ?? 0) > 0) this.#decide(turn, { c: 'expire', lease });
    }
    for (const { command, done, keeps } of this.#orders.splice(0, commandsPerTickMax)) {
      const decision = this.#decide(turn, whole(this.state, command, keeps));
      turn.whenDurable.push(() => done(decision));
      turn.otherwise.push(() => done({ refused: 'store' }));
    }
    for (const due of this.#rules.upkeep(this.state, turn.at, upkeepPerTickMax))
      this.#decide(turn, due.c === 'close' ? { ...due, words: this.#words(wordsToClose(due.units)) } : due);
    this.#decideParked(turn);
    this.#turn = turn;
  }

  /** Makes the tick durable, or fails to. Returns what leaves. */
  append(fails: boolean): Outgoing[] {
    const turn = this.#turn;
    if (turn === null) return [];
    if (fails && turn.events.length > 0) this.#appendFailed(turn);
    else this.#appended(turn);
    this.#turn = null;
    return turn.out;
  }

  /** What is said at once, outside of ticks. */
  outgoing(): Outgoing[] {
    return this.#now.splice(0);
  }

  #appended(turn: Turn): void {
    if (turn.events.length > 0) {
      const record = persist(
        this.#disk,
        turn.at,
        String(this.#throws.below(1e9)),
        turn.events,
        turn.answers,
        this.state,
      );
      this.#see.durable(record, turn.events);
    }
    // First which jobs there are, then the leases of them.
    if (turn.jobsChanged)
      for (const { socket } of this.people.all()) this.#say(socket, { t: 'news', jobs: this.jobs() });
    for (const done of turn.whenDurable) done();
    for (const [device, word] of turn.receipts) this.#sayTo(device, word);
  }

  /** What was evolved is not true: the log is folded again, and all who wait are refused. */
  #appendFailed(turn: Turn): void {
    this.state = fold(this.#disk, this.#rules);
    this.#refolded();
    const waiting = this.#orders.splice(0);
    for (const done of turn.otherwise) done();
    for (const { done } of waiting) done({ refused: 'store' });
  }

  #refolded(): void {
    this.#deadlines = agenda<number>();
    for (const lease of this.state.leases.values())
      if (lease.left > 0) this.#deadlines.plan(lease.deadline, lease.id);
    this.#see.refolded(this.state);
  }

  #say(socket: number, word: FromCoordinator): void {
    if (this.#conversations.has(socket)) (this.#turn?.out ?? this.#now).push({ socket, word });
  }

  #sayTo(device: string, word: FromCoordinator): void {
    const socket = this.people.find(device)?.socket;
    if (socket !== undefined) this.#say(socket, word);
  }

  #bye(
    socket: number,
    reason: 'elsewhere' | 'suspended' | 'malformed' | 'store' | 'signature',
    retryMs?: number,
  ): void {
    this.#say(socket, retryMs === undefined ? { t: 'bye', reason } : { t: 'bye', reason, retryMs });
    this.closed(socket);
  }

  #refuse(
    socket: number,
    about: RefusalWord['about'],
    reason: string,
    where: { slot?: number; replica?: number; retryMs?: number },
  ): void {
    this.#say(socket, { t: 'refusal', about, reason, ...where });
  }

  #hello(talk: Conversation, word: HelloMessage): void {
    const until = this.#misdeeds.get(word.device)?.until ?? 0;
    if (talk.stage !== 'stranger' || word.nonce !== talk.nonce) return this.#bye(talk.socket, 'malformed');
    if (until > this.#clock) return this.#bye(talk.socket, 'suspended', until - this.#clock);
    talk.stage = 'joining';
    talk.hello = word;
    const { device, account, group, role } = word;
    const network = networkOf(group);
    this.order({ c: 'join', device, account, site: null, group, network, role }, (outcome) => {
      if (isStoreRefusal(outcome)) return this.#bye(talk.socket, 'store', storeRetryMs);
      if (isRefusal(outcome) && outcome.refused !== 'already-so') return this.#bye(talk.socket, 'signature');
      this.#welcome(talk, word);
    });
  }

  #welcome(talk: Conversation, { device, account, group, holding }: HelloMessage): void {
    const network = networkOf(group);
    const { socket } = talk;
    const present = { socket, device, account, group, network, cores: 1, gpu: false, lastAsked: null };
    talk.present = present;
    const before = this.people.find(device);
    if (before !== undefined) this.#bye(before.socket, 'elsewhere');
    this.people.enter(present);
    talk.stage = 'open';
    const balance = (kind: 'pending' | 'vested'): number =>
      Number(this.state.balances.get(`${kind}:${account}`) ?? 0n);
    this.#say(talk.socket, {
      t: 'welcome',
      device,
      account,
      jobs: this.jobs(),
      holding: holding.filter((id) => this.#isStillYours(device, id)),
      creditMicro: {
        pending: balance('pending'),
        vested: balance('vested'),
        asOf: this.#disk.records.length,
      },
    });
  }

  /** Leased and not taken by others, committed, or settled: all of them are worth keeping. */
  #isStillYours(device: string, id: number): boolean {
    const found = whereIs(this.state, id);
    if (found === null) return this.#disk.answers.has(id);
    const { chunk, replica } = found;
    return (
      replica.device === device &&
      (replica.phase.is !== 'closed' || mayJoin(chunk, replica.account, replica.group))
    );
  }

  #ask(talk: Conversation, device: string, slots: readonly Slot[]): void {
    if (talk.present !== null) this.people.wantsWork(talk.present, slots);
    for (const slot of slots) {
      this.order({ c: 'ask', device, slot, ...this.people.others }, (outcome) => {
        const key = `${device}/${slot.slot}`;
        this.#parked.delete(key);
        if (isStoreRefusal(outcome))
          return this.#refuse(talk.socket, 'ask', 'store', { slot: slot.slot, retryMs: storeRetryMs });
        if (!isRefusal(outcome)) return;
        if (outcome.refused === 'banned' || outcome.refused === 'suspended')
          this.#sentAway(device, slot.backend);
        if (waits(outcome.refused)) this.#parked.set(key, { device, slot });
        this.#refuse(talk.socket, 'ask', outcome.refused, {
          slot: slot.slot,
          retryMs: outcome.refused === 'waiting-for-others' ? 5000 : 15_000,
        });
      });
    }
  }

  /** Who is not let in is counted on no more. */
  #sentAway(device: string, backend: Slot['backend']): void {
    const present = this.people.find(device);
    if (present !== undefined) this.people.sentAway(present, backend);
  }

  #commit(socket: number, device: string, { replica, root, bytes, output = root }: CommitItem): void {
    if (!this.#rules.matches(root, output)) {
      this.#misdeed(socket, device, 'contradictory', replica);
      return this.#refuse(socket, 'commit', 'contradictory', { replica });
    }
    if (output !== root) this.#disk.outputs.set(replica, output);
    this.order(
      { c: 'commit', device, replica, root, digests: root, stored: bytes, agrees: [] },
      (outcome) => {
        if (isStoreRefusal(outcome))
          return this.#refuse(socket, 'commit', 'store', { replica, retryMs: storeRetryMs });
        if (!isRefusal(outcome)) return;
        const { refused } = outcome;
        if (refused === 'same-commitment') return this.#say(socket, receipt({ acks: [replica] }));
        if (refused === 'unknown-replica') return this.#commitAfterwards(socket, device, replica);
        if (refused === 'already-committed' || refused === 'not-yours')
          this.#misdeed(socket, device, refused, replica);
        this.#refuse(socket, 'commit', refused, { replica });
      },
    );
  }

  /** A commitment whose chunk is settled already: what it came to is told again [WR5]. */
  #commitAfterwards(socket: number, device: string, replica: number): void {
    const answer = this.#disk.answers.get(replica);
    if (answer === undefined) return this.#refuse(socket, 'commit', 'unknown-replica', { replica });
    if (answer.device !== device) {
      this.#misdeed(socket, device, 'not-yours', replica);
      return this.#refuse(socket, 'commit', 'not-yours', { replica });
    }
    if (answer.paid === null)
      return this.#say(socket, receipt({ acks: [replica], lost: answer.over ? [replica] : [] }));
    this.#say(
      socket,
      receipt({ acks: [replica], settled: [settledWord(replica, answer.job, answer.chunk, answer.paid)] }),
    );
  }

  #giveBack(
    talk: Conversation,
    device: string,
    { replicas, why, keeps }: Extract<UpMessage, { t: 'giveBack' }>,
  ): void {
    if (restReasons.has(why)) {
      if (talk.present !== null) this.people.rests(talk.present);
      this.#unpark(device);
    }
    const done: Done = (outcome) => {
      if (isStoreRefusal(outcome) || !isRefusal(outcome) || outcome.refused === 'already-so') return;
      if (outcome.refused === 'not-yours') this.#misdeed(talk.socket, device, 'not-yours', null);
      this.#refuse(talk.socket, 'giveBack', outcome.refused, {});
    };
    this.order({ c: 'giveBack', device, replicas, why }, done, keeps);
  }

  #misdeed(socket: number, device: string, what: string, replica: number | null): void {
    const hour = Math.floor(this.#clock / 3_600_000);
    const before = this.#misdeeds.get(device);
    const record = before?.hour === hour ? before : { hour, count: 0, until: before?.until ?? 0 };
    this.#misdeeds.set(device, record);
    if (++record.count <= misdeedsPerHourMax) return this.order({ c: 'misdeed', device, what, replica });
    record.until = this.#clock + suspensionMs;
    this.#bye(socket, 'suspended', suspensionMs);
  }

  #unpark(device: string): void {
    for (const [key, ask] of this.#parked) if (ask.device === device) this.#parked.delete(key);
  }

  #decideParked(turn: Turn): void {
    const some = [...this.#parked].slice(0, Math.min(parkedPerTickMax, this.#parkedPending));
    for (const [key, ask] of some) {
      this.#parked.delete(key);
      const { device, slot } = ask;
      const decision = this.#decide(turn, { c: 'ask', device, slot, ...this.people.others });
      if (isRefusal(decision) && waits(decision.refused)) this.#parked.set(key, ask);
    }
    this.#parkedPending = Math.max(0, Math.min(this.#parkedPending - some.length, this.#parked.size));
  }

  #words(count: number): number[] {
    return Array.from({ length: count }, () => this.#throws.below(2 ** 32));
  }

  /** Randomness comes with each commitment that may be drawn from. */
  #withWords(command: Command): Command {
    if (command.c !== 'commit') return command;
    const job = whereIs(this.state, command.replica)?.job;
    return job !== undefined && isAudited(job.spec)
      ? { ...command, words: this.#words(job.spec.unitsPerChunk) }
      : command;
  }

  /** Decides one command, lets it take effect, and notes what it means to whom. */
  #decide(turn: Turn, command: Command): Decision {
    const decision = this.#rules.decide(this.state, this.#withWords(command), turn.at);
    if (isRefusal(decision)) return decision;
    for (const event of decision) {
      this.#notice(turn, event);
      this.#rules.evolve(this.state, event, turn.at);
      turn.events.push(event);
      if (event.e === 'leased') this.#deadlines.plan(event.deadline, event.lease);
    }
    this.#see.decided(this.state, command, decision);
    return decision;
  }

  /** What an event means to volunteers; looked at before the state takes it in. */
  #notice(turn: Turn, event: Event): void {
    if (makesWork.has(event.e)) this.#parkedPending = this.#parked.size;
    if (event.e === 'submitted' || event.e === 'finished' || isCancelled(event)) turn.jobsChanged = true;
    if (event.e === 'leased') this.#noticeLease(turn, event);
    else if (event.e === 'committed') {
      const { replica, device, job, chunk } = event;
      turn.answers.push([replica, { device, job, chunk, paid: null, over: false }]);
      receiptFor(turn, device).acks.push(replica);
    } else if (event.e === 'accepted') this.#noticeVerdict(turn, event);
    else if (event.e === 'disproved')
      turn.whenDurable.push(() => this.#sentAway(event.device, event.backend));
    else if (isCancelled(event)) {
      for (const chunk of this.state.jobs.get(event.job)?.chunks.values() ?? [])
        for (const replica of chunk.replicas) noticeLost(turn, event.job, chunk.index, replica);
    }
  }

  #noticeLease(
    turn: Turn,
    { device, slot, lease, job: id, chunk, count, deadline }: Extract<Event, { e: 'leased' }>,
  ): void {
    const job = this.state.jobs.get(id);
    let bytes = false;
    for (let i = 0; i < count && job !== undefined; i++)
      bytes ||= wantsBytes(job.chunks.get(chunk + i), job.spec);
    turn.whenDurable.push(() =>
      this.#sayTo(device, {
        t: 'lease',
        slot,
        lease,
        job: id,
        chunk,
        count,
        deadlineMs: deadline - turn.at,
        bytes,
      }),
    );
  }

  #noticeVerdict(turn: Turn, { job, chunk, winners, entries }: Extract<Event, { e: 'accepted' }>): void {
    const amountMicro = entries[0]?.amountMicro ?? 0;
    const withAnchor = winners.some(({ device }) => this.state.devices.get(device)?.role === 'anchor');
    const won = new Set(winners.map((winner) => winner.replica));
    for (const { replica, device } of winners) {
      turn.answers.push([replica, { device, job, chunk, paid: { amountMicro, withAnchor }, over: true }]);
      receiptFor(turn, device).settled.push(settledWord(replica, job, chunk, { amountMicro, withAnchor }));
    }
    for (const replica of this.state.jobs.get(job)?.chunks.get(chunk)?.replicas ?? [])
      if (!won.has(replica.id)) noticeLost(turn, job, chunk, replica);
  }
}

function receiptFor(turn: Turn, device: string): OpenReceipt {
  const known = turn.receipts.get(device) ?? receipt({});
  turn.receipts.set(device, known);
  return known;
}

function noticeLost(
  turn: Turn,
  job: string,
  chunk: number,
  { id, device, phase }: Chunk['replicas'][number],
): void {
  receiptFor(turn, device).lost.push(id);
  if (phase.is === 'committed') turn.answers.push([id, { device, job, chunk, paid: null, over: true }]);
}

/** A job is cancelled, at once or once what is pending of it is checked: nobody computes anything more of it. */
function isCancelled(event: Event): event is Extract<Event, { e: 'closing' | 'cancelled' }> {
  return event.e === 'closing' || event.e === 'cancelled';
}
