/**
 * The coordinator of the simulator: the real rules inside a small pure runtime that has the real one's form: orders
 * are queued, a tick decides them, one record is made durable, and only then does anything leave. It can crash
 * at any moment and be made again from what was durable, and an append can fail.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { mayJoin, wantsBytes } from '../../src/core/chunk.ts';
import { freeze, thaw } from '../../src/core/snapshot.ts';
import { emptyState, isRefusal } from '../../src/core/state.ts';
import type { Chunk, Command, Decision, Event, Slot, State } from '../../src/core/state.ts';
import type {
  FromCoordinator,
  FromVolunteer,
  JobDescriptor,
  ReceiptWord,
  RefusalWord,
  TreeHead,
} from '../../src/wire/volunteer.ts';
import { protocol } from '../../src/wire/version.ts';
import { agenda } from './heap.ts';
import { valueOf } from './truth.ts';

/** The rules as they are, or with a bug planted. */
export interface Rules {
  decide(state: State, command: Command, at: number): Decision;
  evolve(state: State, event: Event, at: number): void;
}

/** A commit as the simulator carries it: roots stand for digests and bytes. */
export interface CommitMessage {
  readonly t: 'commit';
  readonly items: readonly { readonly replica: number; readonly root: string; readonly bytes: boolean }[];
  readonly slots: readonly Slot[];
}

/** What a device says when it signs in; the signature is taken for granted. */
export interface HelloMessage {
  readonly t: 'hello';
  readonly device: string;
  readonly account: string;
  readonly group: string;
  readonly role: 'volunteer' | 'anchor';
  readonly holding: readonly number[];
  readonly nonce: string;
}

export type UpMessage = HelloMessage | CommitMessage | Exclude<FromVolunteer, { t: 'hello' }>;

/** What survives a crash. */
export interface Disk {
  readonly records: string[];
  /** The log's head after each record. */
  readonly roots: string[];
  snapshot: { readonly tick: number; readonly text: string };
  /** Of every committed replica: whose it is, and what it came to. */
  readonly answers: Map<number, Answer>;
}

interface Answer {
  readonly device: string;
  readonly job: string;
  readonly chunk: number;
  paid: { readonly amountMicro: number; readonly withAnchor: boolean } | null;
  over: boolean;
}

export const emptyRoot = 'e'.repeat(64);

export function emptyDisk(): Disk {
  return { records: [], roots: [], snapshot: { tick: 0, text: freeze(emptyState()) }, answers: new Map() };
}

/** What the world hears of a durable tick, and of decisions, so that oracles can judge. */
export interface Observer {
  /** A command took effect; not yet durable. */
  decided(state: State, command: Command, events: readonly Event[], at: number): void;
  /** Events are durable. */
  durable(record: string, events: readonly Event[], at: number): void;
  /** The state was thrown away and folded again, after a crash or a failed append. */
  refolded(state: State): void;
}

/** The snapshot is made after so many records: small, so that a day has several. */
const snapshotRecords = 400;
const commandsPerTickMax = 64;
const parkedPerTickMax = 32;
const misdeedsPerHourMax = 100;
const suspensionMs = 900_000;
const restReasons: ReadonlySet<string> = new Set(['paused', 'finished', 'closing']);

interface Conversation {
  readonly socket: number;
  readonly nonce: string;
  stage: 'stranger' | 'joining' | 'open';
  hello: HelloMessage | null;
}

interface Order {
  readonly command: Command;
  readonly socket: number | null;
  readonly done: (outcome: Decision | { readonly refused: 'store' }) => void;
}

export interface Outgoing {
  readonly socket: number;
  readonly word: FromCoordinator;
}

export interface Coordinator {
  readonly state: State;
  /** A socket was accepted: the coordinator speaks first. */
  accept(socket: number, nonce: string): void;
  closed(socket: number): void;
  hear(socket: number, message: UpMessage, at: number): void;
  /** A command of the operator, or of a requester. */
  order(command: Command): void;
  /** The operator's own machine asks or commits without a socket. */
  orderFor(command: Command, done: (outcome: Decision | { readonly refused: 'store' }) => void): void;
  jobs(): JobDescriptor[];
  head(): TreeHead;
  hasWork(at: number): boolean;
  /** When a lease is due next. */
  due(): number;
  /** Decides what waits. What came of it leaves with `append`. */
  tick(at: number): void;
  /** Makes the tick durable, or fails to. Returns what leaves. */
  append(fails: boolean): Outgoing[];
  readonly appending: boolean;
  /** What is said at once, outside of ticks. */
  outgoing(): Outgoing[];
}

/** Starts from what is on the disk. `salt` makes what only the shell may throw: the record's salt. */
export function startCoordinator(disk: Disk, rules: Rules, salt: () => string, see: Observer): Coordinator {
  let state = fold(disk, rules);
  const conversations = new Map<number, Conversation>();
  const byDevice = new Map<string, number>();
  const live = new Map<string, Set<string>>();
  const misdeeds = new Map<string, { hour: number; count: number; until: number }>();
  let deadlines = agenda<number>();
  let orders: Order[] = [];
  const parked = new Map<string, { device: string; slot: Slot }>();
  let parkedPending = 0;
  let now: Outgoing[] = [];
  /** The tick that is being made durable. */
  let open: {
    at: number;
    events: Event[];
    later: (() => void)[];
    refusedLater: (() => void)[];
    out: Outgoing[];
    receipts: Map<string, ReceiptWord>;
    answers: [number, Answer][];
  } | null = null;
  let jobsChanged = false;
  let clock = state.at;

  const plan = (): void => {
    deadlines = agenda<number>();
    for (const lease of state.leases.values()) if (lease.left > 0) deadlines.plan(lease.deadline, lease.id);
  };
  plan();
  see.refolded(state);

  const say = (socket: number, word: FromCoordinator): void => {
    if (conversations.has(socket)) (open?.out ?? now).push({ socket, word });
  };
  const sayTo = (device: string, word: FromCoordinator): void => {
    const socket = byDevice.get(device);
    if (socket !== undefined) say(socket, word);
  };
  const bye = (
    socket: number,
    reason: 'elsewhere' | 'suspended' | 'malformed' | 'store' | 'signature',
    retryMs?: number,
  ): void => {
    say(socket, retryMs === undefined ? { t: 'bye', reason } : { t: 'bye', reason, retryMs });
    closed(socket);
  };
  const closed = (socket: number): void => {
    const device = conversations.get(socket)?.hello?.device;
    conversations.delete(socket);
    if (device === undefined || byDevice.get(device) !== socket) return;
    byDevice.delete(device);
    for (const [key, ask] of parked) if (ask.device === device) parked.delete(key);
    refreshLive();
  };
  const refreshLive = (): void => {
    live.clear();
    for (const socket of byDevice.values()) {
      const who = conversations.get(socket)?.hello;
      if (who === undefined || who === null || who.role === 'anchor' || !wanting.has(socket)) continue;
      live.set(who.account, (live.get(who.account) ?? new Set()).add(who.group));
    }
  };
  const wanting = new Set<number>();

  const orderFor = (command: Command, socket: number | null, done: Order['done']): void => {
    orders.push({ command, socket, done });
  };

  const jobs = (): JobDescriptor[] =>
    [...state.jobs.values()].map(({ id, spec }) => ({
      job: id,
      kernel: spec.kernel,
      wasm: spec.wasm,
      wgsl: spec.wgsl,
      input: spec.input,
      agreement: spec.agreement,
      units: spec.units,
      unitsPerChunk: spec.unitsPerChunk,
      unitCostMicro: spec.unitCostMicro,
    }));
  const head = (): TreeHead => ({ size: disk.roots.length, root: disk.roots.at(-1) ?? emptyRoot });

  const stillYours = (device: string, id: number): boolean => {
    const lease = state.leases.get(state.replicas.get(id) ?? -1);
    if (lease === undefined) return disk.answers.has(id);
    if (lease.device !== device) return false;
    const chunk = state.jobs.get(lease.job)?.chunks.get(lease.chunk + (id - lease.id));
    const replica = chunk?.replicas.find((one) => one.id === id);
    return (
      chunk !== undefined &&
      replica !== undefined &&
      (replica.phase.is !== 'closed' || mayJoin(chunk, replica.account, replica.group))
    );
  };

  const onHello = (talk: Conversation, word: HelloMessage): void => {
    const until = misdeeds.get(word.device)?.until ?? 0;
    if (talk.stage !== 'stranger' || word.nonce !== talk.nonce) return bye(talk.socket, 'malformed');
    if (until > clock) return bye(talk.socket, 'suspended', until - clock);
    talk.stage = 'joining';
    talk.hello = word;
    const { device, account, group, role, holding } = word;
    orderFor({ c: 'join', device, account, site: null, group, role }, talk.socket, (outcome) => {
      if (isStoreRefusal(outcome)) return bye(talk.socket, 'store', 5000);
      if (isRefusal(outcome) && outcome.refused !== 'already-so') return bye(talk.socket, 'signature');
      const before = byDevice.get(device);
      if (before !== undefined) bye(before, 'elsewhere');
      byDevice.set(device, talk.socket);
      talk.stage = 'open';
      const balance = (kind: 'pending' | 'vested'): number =>
        Number(state.balances.get(`${kind}:${account}`) ?? 0n);
      say(talk.socket, {
        t: 'welcome',
        device,
        account,
        jobs: jobs(),
        holding: holding.filter((id) => stillYours(device, id)),
        creditMicro: { pending: balance('pending'), vested: balance('vested') },
      });
    });
  };

  const refuse = (
    socket: number,
    about: RefusalWord['about'],
    reason: string,
    where: { slot?: number; replica?: number; retryMs?: number },
  ): void => say(socket, { t: 'refusal', about, reason, ...where });

  const onAsk = (socket: number, device: string, slots: readonly Slot[]): void => {
    wanting.add(socket);
    refreshLive();
    for (const slot of slots) {
      orderFor({ c: 'ask', device, slot, live: new Map(live) }, socket, (outcome) => {
        const key = `${device}/${slot.slot}`;
        parked.delete(key);
        if (isStoreRefusal(outcome))
          return refuse(socket, 'ask', 'store', { slot: slot.slot, retryMs: 5000 });
        if (!isRefusal(outcome)) return;
        if (waits(outcome.refused)) parked.set(key, { device, slot });
        refuse(socket, 'ask', outcome.refused, {
          slot: slot.slot,
          retryMs: outcome.refused === 'waiting-for-others' ? 5000 : 15_000,
        });
      });
    }
  };

  const misdeed = (socket: number, device: string, what: string, replica: number | null): void => {
    const hour = Math.floor(clock / 3_600_000);
    const before = misdeeds.get(device);
    const record =
      before !== undefined && before.hour === hour ? before : { hour, count: 0, until: before?.until ?? 0 };
    misdeeds.set(device, record);
    if (++record.count > misdeedsPerHourMax) {
      record.until = clock + suspensionMs;
      return bye(socket, 'suspended', suspensionMs);
    }
    orderFor({ c: 'misdeed', device, what, replica }, null, () => undefined);
  };

  const onCommitItem = (
    socket: number,
    device: string,
    { replica, root, bytes }: CommitMessage['items'][number],
  ): void => {
    orderFor(
      { c: 'commit', device, replica, root, digests: root, stored: bytes, agrees: [] },
      socket,
      (outcome) => {
        if (isStoreRefusal(outcome)) return refuse(socket, 'commit', 'store', { replica, retryMs: 5000 });
        if (!isRefusal(outcome)) return;
        switch (outcome.refused) {
          case 'same-commitment':
            return say(socket, receipt({ acks: [replica] }));
          case 'unknown-replica':
            return afterwards(socket, device, replica);
          case 'already-committed':
          case 'not-yours':
            misdeed(socket, device, outcome.refused, replica);
            return refuse(socket, 'commit', outcome.refused, { replica });
          default:
            return refuse(socket, 'commit', outcome.refused, { replica });
        }
      },
    );
  };

  /** A commitment whose chunk is settled already: what it came to is told again [WR5]. */
  const afterwards = (socket: number, device: string, replica: number): void => {
    const answer = disk.answers.get(replica);
    if (answer === undefined) return refuse(socket, 'commit', 'unknown-replica', { replica });
    if (answer.device !== device) {
      misdeed(socket, device, 'not-yours', replica);
      return refuse(socket, 'commit', 'not-yours', { replica });
    }
    if (answer.paid === null)
      return say(socket, receipt({ acks: [replica], lost: answer.over ? [replica] : [] }));
    say(socket, receipt({ acks: [replica], settled: [settledWord(replica, answer.paid)] }));
  };

  const hear = (socket: number, message: UpMessage, at: number): void => {
    const talk = conversations.get(socket);
    if (talk === undefined) return;
    clock = Math.max(clock, at);
    if (message.t === 'hello') return onHello(talk, message);
    if (talk.stage !== 'open' || talk.hello === null) return bye(socket, 'malformed');
    const { device } = talk.hello;
    switch (message.t) {
      case 'ask':
        return onAsk(socket, device, message.slots);
      case 'commit':
        for (const item of message.items) onCommitItem(socket, device, item);
        if (message.slots.length > 0) onAsk(socket, device, message.slots);
        return;
      case 'giveBack':
        if (restReasons.has(message.why)) {
          wanting.delete(socket);
          refreshLive();
          for (const [key, ask] of parked) if (ask.device === device) parked.delete(key);
        }
        return orderFor(
          { c: 'giveBack', device, replicas: message.replicas, why: message.why },
          socket,
          (outcome) => {
            if (isStoreRefusal(outcome) || !isRefusal(outcome) || outcome.refused === 'already-so') return;
            if (outcome.refused === 'not-yours') misdeed(socket, device, 'not-yours', null);
            refuse(socket, 'giveBack', outcome.refused, {});
          },
        );
      case 'chain':
        return;
      default:
        message satisfies never;
    }
  };

  /** Decides one command, lets it take effect, and notes what it means to whom. */
  const decideOne = (tick: NonNullable<typeof open>, command: Command): Decision => {
    const decision = rules.decide(state, command, tick.at);
    if (isRefusal(decision)) return decision;
    for (const event of decision) {
      notice(tick, event);
      rules.evolve(state, event, tick.at);
      tick.events.push(event);
      if (event.e === 'leased') deadlines.plan(event.deadline, event.lease);
    }
    see.decided(state, command, decision, tick.at);
    return decision;
  };

  const receiptFor = (tick: NonNullable<typeof open>, device: string): ReceiptWord => {
    const known = tick.receipts.get(device) ?? receipt({});
    tick.receipts.set(device, known);
    return known;
  };

  /** What an event means to volunteers; looked at before the state takes it in. */
  const notice = (tick: NonNullable<typeof open>, event: Event): void => {
    if (['leased', 'committed', 'returned', 'expired', 'submitted', 'kernelResumed'].includes(event.e))
      parkedPending = parked.size;
    switch (event.e) {
      case 'leased': {
        const job = state.jobs.get(event.job);
        let bytes = false;
        for (let i = 0; i < event.count && job !== undefined; i++)
          bytes ||= wantsBytes(job.chunks.get(event.chunk + i), job.spec);
        const { slot, lease, chunk, count, deadline, device } = event;
        tick.later.push(() =>
          sayTo(device, {
            t: 'lease',
            slot,
            lease,
            job: event.job,
            chunk,
            count,
            deadlineMs: deadline - tick.at,
            bytes,
          }),
        );
        return;
      }
      case 'committed':
        tick.answers.push([
          event.replica,
          { device: event.device, job: event.job, chunk: event.chunk, paid: null, over: false },
        ]);
        receiptFor(tick, event.device).acks.push(event.replica);
        return;
      case 'accepted': {
        const amountMicro = event.entries[0]?.amountMicro ?? 0;
        const withAnchor = event.winners.some(({ device }) => state.devices.get(device)?.role === 'anchor');
        const won = new Set(event.winners.map((winner) => winner.replica));
        for (const { replica, device } of event.winners) {
          tick.answers.push([
            replica,
            { device, job: event.job, chunk: event.chunk, paid: { amountMicro, withAnchor }, over: true },
          ]);
          receiptFor(tick, device).settled.push(settledWord(replica, { amountMicro, withAnchor }));
        }
        for (const replica of state.jobs.get(event.job)?.chunks.get(event.chunk)?.replicas ?? [])
          if (!won.has(replica.id)) over(tick, event.job, event.chunk, replica);
        return;
      }
      case 'cancelled':
        jobsChanged = true;
        for (const chunk of state.jobs.get(event.job)?.chunks.values() ?? [])
          for (const replica of chunk.replicas) over(tick, event.job, chunk.index, replica);
        return;
      case 'submitted':
      case 'finished':
        jobsChanged = true;
        return;
      default:
    }
  };
  const over = (
    tick: NonNullable<typeof open>,
    job: string,
    chunk: number,
    { id, device, phase }: Chunk['replicas'][number],
  ): void => {
    receiptFor(tick, device).lost.push(id);
    if (phase.is === 'committed') tick.answers.push([id, { device, job, chunk, paid: null, over: true }]);
  };

  const tick = (at: number): void => {
    const turn: NonNullable<typeof open> = {
      at: Math.max(at, state.at),
      events: [],
      later: [],
      refusedLater: [],
      out: [],
      receipts: new Map(),
      answers: [],
    };
    for (let i = 0; i < 32 && deadlines.due() <= turn.at; i++) {
      const lease = deadlines.next()?.what ?? -1;
      if ((state.leases.get(lease)?.left ?? 0) > 0) decideOne(turn, { c: 'expire', lease });
    }
    for (const { command, done } of orders.splice(0, commandsPerTickMax)) {
      // Which answers it agrees with depends on those that came just before.
      const fresh =
        command.c === 'commit'
          ? { ...command, agrees: agreeing(state, command.replica, command.root) }
          : command;
      const decision = decideOne(turn, fresh);
      turn.later.push(() => done(decision));
      turn.refusedLater.push(() => done({ refused: 'store' }));
    }
    decideParked(turn);
    open = turn;
  };
  const decideParked = (turn: NonNullable<typeof open>): void => {
    const some = [...parked].slice(0, Math.min(parkedPerTickMax, parkedPending));
    for (const [key, ask] of some) {
      parked.delete(key);
      const decision = decideOne(turn, { c: 'ask', device: ask.device, slot: ask.slot, live: new Map(live) });
      if (isRefusal(decision) && waits(decision.refused)) parked.set(key, ask);
    }
    parkedPending = Math.max(0, Math.min(parkedPending - some.length, parked.size));
  };

  const append = (fails: boolean): Outgoing[] => {
    const turn = open;
    if (turn === null) return [];
    if (fails && turn.events.length > 0) {
      state = fold(disk, rules);
      plan();
      see.refolded(state);
      // In the same breath: those who waited in the queue are refused as well.
      for (const { done } of orders.splice(0)) turn.refusedLater.push(() => done({ refused: 'store' }));
      for (const done of turn.refusedLater) done();
      open = null;
      return turn.out;
    }
    if (turn.events.length > 0) persist(disk, turn.at, salt(), turn.events, turn.answers, state, see);
    // First which jobs there are, then the leases of them.
    if (jobsChanged) for (const socket of byDevice.values()) say(socket, { t: 'news', jobs: jobs() });
    jobsChanged = false;
    for (const done of turn.later) done();
    for (const [device, word] of turn.receipts) sayTo(device, word);
    open = null;
    return turn.out;
  };

  return {
    get state() {
      return state;
    },
    get appending() {
      return open !== null;
    },
    accept: (socket, nonce) => {
      conversations.set(socket, { socket, nonce, stage: 'stranger', hello: null });
      say(socket, { t: 'challenge', protocol, nonce, coordinator: 'talka', head: head() });
    },
    closed,
    hear,
    order: (command) => orderFor(command, null, () => undefined),
    orderFor: (command, done) => orderFor(command, null, done),
    jobs,
    head,
    hasWork: (at) => orders.length > 0 || parkedPending > 0 || deadlines.due() <= Math.max(at, state.at),
    due: () => deadlines.due(),
    tick,
    append,
    outgoing: () => {
      const out = now;
      now = [];
      return out;
    },
  };
}

/** Whether a refused ask waits at the coordinator. Where no job is open it does not: news of one brings a fresh ask, with fresh speeds. */
function waits(refused: string): boolean {
  return refused !== 'unknown-device' && refused !== 'no-job-open';
}

function isStoreRefusal(
  outcome: Decision | { readonly refused: 'store' },
): outcome is { readonly refused: 'store' } {
  return 'refused' in outcome && outcome.refused === 'store';
}

function receipt(over: { acks?: number[]; settled?: ReceiptWord['settled']; lost?: number[] }): ReceiptWord {
  return {
    t: 'receipt',
    acks: over.acks ?? [],
    settled: over.settled ?? [],
    lost: over.lost ?? [],
    tick: null,
  };
}

function settledWord(
  replica: number,
  { amountMicro, withAnchor }: { amountMicro: number; withAnchor: boolean },
): ReceiptWord['settled'][number] {
  return { replica, amountMicro, withAnchor, final: true, leaf: '', index: 0, path: [] };
}

/** Which committed answers of the chunk a new one agrees with, as the shell finds by comparing bytes. */
function agreeing(state: State, id: number, root: string): number[] {
  const lease = state.leases.get(state.replicas.get(id) ?? -1);
  const job = lease === undefined ? undefined : state.jobs.get(lease.job);
  if (lease === undefined || job === undefined || job.spec.agreement === 'exact') return [];
  const chunk = job.chunks.get(lease.chunk + (id - lease.id));
  const own = chunk?.replicas.find((r) => r.id === id);
  return (chunk?.replicas ?? [])
    .filter(
      (r) =>
        r.id !== id &&
        r.backend !== own?.backend &&
        r.phase.is === 'committed' &&
        valueOf(r.phase.root) === valueOf(root),
    )
    .map((r) => r.id);
}

/** State = snapshot + tail. */
function fold(disk: Disk, rules: Rules): State {
  const state = thaw(disk.snapshot.text);
  if (state === null) throw new Error('our own snapshot is not read');
  for (const record of disk.records.slice(disk.snapshot.tick)) {
    const { at, events } = JSON.parse(record) as { at: number; events: Event[] };
    for (const event of events) rules.evolve(state, event, at);
  }
  return state;
}

/** One tick becomes one record, its answers are kept, and now and then a snapshot is made. */
function persist(
  disk: Disk,
  at: number,
  salt: string,
  events: readonly Event[],
  answers: readonly [number, Answer][],
  state: State,
  see: Observer,
): void {
  const tick = disk.records.length + 1;
  const record = `{"v":1,"tick":${tick},"at":${at},"salt":"${salt}","receipts":"","events":${JSON.stringify(events)}}`;
  disk.records.push(record);
  disk.roots.push(bytesToHex(sha256(utf8ToBytes((disk.roots.at(-1) ?? '') + record))));
  for (const [replica, answer] of answers) disk.answers.set(replica, answer);
  see.durable(record, events, at);
  if (tick - disk.snapshot.tick >= snapshotRecords) disk.snapshot = { tick, text: freeze(state) };
}
