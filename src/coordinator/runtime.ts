/**
 * The one loop of the coordinator: commands come in, each is decided and takes effect at once, the tick's events
 * become one record of the log, and only when that is durable does anything leave. Meanwhile the next tick is decided. A
 * failed append throws the state away and folds the log again.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { decide } from '../core/machine.ts';
import { appendLeaf, emptyFrontier, rootOfFrontier } from '../core/merkle.ts';
import type { Frontier } from '../core/merkle.ts';
import { evolveAtWork } from '../core/renewing.ts';
import { emptyState, isRefusal } from '../core/state.ts';
import type { Command, Decision, Event, Lease, State } from '../core/state.ts';
import { Batch } from './batch.ts';
import { Drawing } from './drawing.ts';
import { SteadyClock } from './clock.ts';
import { Comparing } from './comparing.ts';
import { sha256, tree } from './digests.ts';
import { fold } from './folding.ts';
import { StoreHealth } from './health.ts';
import { DeadlineHeap } from './heap.ts';
import { StoreFault } from './log.ts';
import type { Outputs } from './log.ts';
import { storeRefusal } from './order.ts';
import type { Order, Outcome } from './order.ts';
import { LeasesByDevice } from './leases.ts';
import { Parking, restReasons } from './parking.ts';
import { Pipeline } from './pipeline.ts';
import { ReceiptTree, signHead, tickWord } from './receipts.ts';
import type { Head } from './receipts.ts';
import { leafOf } from './record.ts';
import { Snapshots } from './snapshots.ts';
import type { RuntimeParts, Tick } from './tick.ts';
import { Upkeeping } from './upkeeping.ts';

/** One tick takes at most so many commands, and so long at a time: they share one fsync. */
export const commandsPerTickMax = 1024;
const tickMs = 8;
/** Leases that one tick lets expire, and how often it is looked for some. */
const expiriesPerTickMax = 256;
const expiryLookMs = 500;
/** After a start no lease runs out for so long [LS10]: nobody could bring anything while nobody was there to take it. */
export const expiryGraceMs = 30_000;
/** Commands that may wait; more are refused with `busy`. */
export const queueMax = 100_000;

export type { Order, Outcome, RefusedOrder } from './order.ts';
export type * from './tick.ts';

/** A tick that is being decided: its events and what comes of them, and who hears of each order when it is durable. */
interface OpenTick {
  readonly at: number;
  readonly batch: Batch;
  readonly settle: [Order, Outcome][];
  commands: number;
  /** What those who send and show see of it; null until it is durable. */
  told: Tick | null;
}

export class Runtime {
  readonly parking = new Parking();
  /** Called in order after each durable tick. */
  readonly listeners = new Set<(tick: Tick) => void>();
  readonly #parts: RuntimeParts;
  readonly #comparing = new Comparing();
  readonly #deadlines = new DeadlineHeap((lease) => (this.#state.leases.get(lease)?.left ?? 0) > 0);
  readonly #leases = new LeasesByDevice();
  /** Before this no lease runs out; null until the log was read. */
  #expiresFrom: number | null = null;
  #state: State = emptyState();
  #frontier: Frontier = emptyFrontier();
  #head: Head | null = null;
  #queue: Order[] = [];
  readonly #pipeline: Pipeline<OpenTick>;
  #fault: StoreFault | null = null;
  readonly #health: StoreHealth;
  readonly #snapshots: Snapshots;
  readonly #drawing = new Drawing();
  #stopping = false;
  readonly #upkeep = new Upkeeping();
  readonly #clock: SteadyClock;
  #lookTimer: NodeJS.Timeout | null = null;

  private constructor(parts: RuntimeParts) {
    this.#parts = parts;
    const { log, now, onFatal } = parts;
    this.#clock = new SteadyClock(() => now());
    this.#snapshots = new Snapshots(parts);
    this.#health = new StoreHealth({ log, onFatal, onRecovery: () => this.#storeRecovered() });
    this.#pipeline = new Pipeline<OpenTick>({
      hasWork: () => this.#hasWork(),
      decide: (open) => this.#decide(open),
      isFull: ({ commands }) => commands >= commandsPerTickMax,
      store: (tick) => this.#append(tick),
      tell: (tick) => this.#tell(tick),
      lose: (ticks) => this.#lose(ticks),
      wantsRest: () => this.#snapshots.isDue,
      atRest: () => this.#snapshots.saveIfDue(this.#frontier.size, this.#state),
      onFatal,
    });
  }

  /** Folds the log and starts. Throws when the log contradicts itself. */
  static async open(parts: RuntimeParts): Promise<Runtime> {
    const runtime = new Runtime(parts);
    await runtime.#refold();
    runtime.#lookTimer = setInterval(() => runtime.#look(), expiryLookMs).unref();
    return runtime;
  }

  /** The state now. Another object after a store fault: never keep it. */
  get state(): State {
    return this.#state;
  }

  /** The signed head of the log; null while it is empty. */
  get head(): Head | null {
    return this.#head;
  }

  /** How many ticks the state holds; the last two of them may not be durable yet. */
  get ticks(): number {
    return this.#frontier.size + ((this.#pipeline.open?.batch.events.length ?? 0) > 0 ? 1 : 0);
  }

  /** Why the store takes no writes; null when it does. */
  get storeFault(): StoreFault | null {
    return this.#health.fault;
  }

  /** Called whenever the store's health changes. */
  get healthListeners(): Set<() => void> {
    return this.#health.listeners;
  }

  /** The leases a device holds, those included of which nothing is left to compute. */
  leasesOf(device: string): Lease[] {
    return this.#leases.of(this.#state, device);
  }

  get queueLength(): number {
    return this.#queue.length;
  }

  /** Puts a command in the queue. */
  submit(order: Order): void {
    if (this.#health.fault !== null) return order.done?.(storeRefusal(this.#health.fault));
    if (this.#queue.length >= queueMax) return order.done?.({ refused: 'busy', retryMs: 2_000 });
    if (this.#stopping && order.command.c === 'ask')
      return order.done?.({ refused: 'stopping', retryMs: 5_000 });
    this.#queue.push(order);
    this.#pipeline.wake();
  }

  /** The same, for those who like to wait. */
  run(command: Command, outputs: Outputs | null = null): Promise<Outcome> {
    return new Promise((done) => this.submit({ command, outputs, done }));
  }

  /** Resolves when nothing that is not durable can be seen in the state; it stays so until who waited has had a turn. */
  durable(): Promise<void> {
    return this.#pipeline.rest();
  }

  /** From now on no leases are given; commitments are still taken. */
  stopLeasing(): void {
    this.#stopping = true;
  }

  /** Works the queue off, keeps a snapshot and ends. */
  async close(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#lookTimer ?? undefined);
    this.#health.close();
    while (this.#queue.length > 0 || !this.#pipeline.isAtRest) {
      await this.durable();
      await nextTurn();
    }
    if (this.#health.fault === null) await this.#snapshots.saveLast(this.#frontier.size, this.#state);
  }

  #hasWork(): boolean {
    return (
      this.#health.fault === null &&
      (this.#queue.length > 0 ||
        (this.parking.hasPending && !this.#stopping) ||
        this.#upkeep.isDue ||
        this.#deadlines.next <= this.#clock.at(this.#state.at))
    );
  }

  /** Time passes: leases may be due, anchors may be waited for, or a snapshot had to wait. */
  #look(): void {
    this.#upkeep.look(this.#state);
    if (this.#hasWork() || (this.#health.fault === null && this.#snapshots.isDue)) this.#pipeline.wake();
  }

  /** Decides what waits, into the tick that is open or a new one. */
  #decide(open: OpenTick | null): OpenTick {
    const tick = open ?? {
      at: this.#clock.at(this.#state.at),
      batch: new Batch(this.#parts),
      settle: [],
      commands: 0,
      told: null,
    };
    const { at, batch } = tick;
    this.#expireDue(batch, at);
    const count = this.#decideQueue(tick);
    // Cut after, not while: removing from the front of a long array each time would cost more than deciding.
    this.#queue = count === this.#queue.length ? [] : this.#queue.slice(count);
    this.#keepUp(batch, at);
    if (!this.#stopping) this.#decideParked(batch, at);
    return tick;
  }

  #expireDue(batch: Batch, at: number): void {
    for (let i = 0; i < expiriesPerTickMax && this.#deadlines.next <= at; i++) {
      const lease = this.#deadlines.pop() as number;
      const known = this.#state.leases.get(lease);
      if (known === undefined || known.left === 0) continue;
      this.#decideOne(batch, { c: 'expire', lease }, null, at);
    }
  }

  /** Decides the queue, within the tick's bounds; says how many. */
  #decideQueue(tick: OpenTick): number {
    const { batch, settle, at } = tick;
    const until = performance.now() + tickMs;
    const queue = this.#queue;
    let count = 0;
    for (; count < queue.length && tick.commands < commandsPerTickMax; tick.commands++) {
      const order = queue[count++] as Order;
      const outcome = this.#decideOrder(batch, order, at);
      if (outcome !== null) settle.push([order, outcome]);
      if ((count & 15) === 0 && performance.now() > until) break;
    }
    return count;
  }

  /** Carries out what audits and time have made due; what is left waits for the next tick. */
  #keepUp(batch: Batch, at: number): void {
    for (const due of this.#upkeep.take(this.#state, at))
      this.#decideOne(batch, this.#drawing.commandOf(due), null, at);
  }

  /** null: it comes back later, when bytes it needs have been read. */
  #decideOrder(batch: Batch, order: Order, at: number): Outcome | null {
    const { command, outputs, keeps } = order;
    if (command.c !== 'commit') {
      const leaves = command.c === 'giveBack' && keeps !== undefined;
      const whole = leaves ? this.#leases.allBut(this.#state, command, keeps) : command;
      const outcome = this.#decideOne(batch, whole, outputs, at);
      if (command.c === 'ask') this.parking.answered(command, outcome.refused);
      if (command.c === 'giveBack' && restReasons.has(command.why)) this.parking.dropDevice(command.device);
      return outcome;
    }
    const compared = this.#comparing.compare(this.#state, command, outputs, this.#parts.measureOf);
    switch (compared.is) {
      case 'ready': {
        const outcome = this.#decideOne(batch, compared.command, outputs, at);
        if (outcome.refused === null) this.#comparing.see(this.#state, outcome.events, outputs);
        return outcome;
      }
      case 'missing':
        void this.#fetchThenSubmit(compared.replicas, order);
        return null;
      case 'impossible':
        return { refused: 'internal', detail: 'this answer cannot be compared now', retryMs: 60_000 };
      default:
        return compared satisfies never;
    }
  }

  async #fetchThenSubmit(replicas: readonly number[], order: Order): Promise<void> {
    try {
      const isKept = await this.#comparing.keepFrom(this.#parts.log, replicas);
      // Its chunk may have been settled while it was read: then it is compared with nothing any more.
      if (isKept || !this.#comparing.misses(this.#state, order)) return this.submit(order);
      const detail = 'another answer of this chunk is not readable';
      order.done?.({ refused: 'internal', detail, retryMs: 60_000 });
    } catch (error) {
      order.done?.(
        error instanceof StoreFault ? storeRefusal(error) : { refused: 'internal', retryMs: 60_000 },
      );
    }
  }

  #decideOne(batch: Batch, command: Command, outputs: Outputs | null, at: number): Outcome {
    let decision: Decision;
    try {
      decision = decide(this.#state, this.#drawing.withWords(this.#state, command), at);
    } catch (error) {
      // Deciding only reads, so nothing is spoilt; a message that trips over our own bug must not stop everybody.
      this.#parts.onNote('a command could not be decided: this is a bug', { command, error: String(error) });
      return { refused: 'internal' };
    }
    if (isRefusal(decision)) return decision;
    for (const event of decision) {
      batch.see(this.#state, event, at, outputs);
      this.#upkeep.notice(this.#state, event);
      evolveAtWork(this.#state, event, at);
      this.parking.notice(event);
      if (event.e === 'disproved') this.#takeBack(event);
      if (event.e !== 'leased') continue;
      this.#deadlines.push(event.deadline, event.lease);
      this.#leases.add(this.#state, event);
    }
    return { refused: null, events: decision };
  }

  /** What somebody who was disproved still holds goes to others at once. */
  #takeBack({ device, backend }: Extract<Event, { e: 'disproved' }>): void {
    const replicas = this.#leases.heldBy(this.#state, device, backend);
    if (replicas.length > 0)
      this.submit({
        command: { c: 'giveBack', device, replicas, why: 'suspended' },
        outputs: null,
        done: null,
      });
  }

  #decideParked(batch: Batch, at: number): void {
    const { live, networks } = this.#parts;
    const known = networks === undefined ? { live } : { live, networks };
    for (const { device, slot } of this.parking.take()) {
      const outcome = this.#decideOne(batch, { c: 'ask', device, slot, ...known }, null, at);
      if (outcome.refused === null) this.parking.unpark(device, slot.slot);
    }
  }

  /** Makes a tick durable; false when the store does not take it. One without events needs no more than those before it. */
  async #append(open: OpenTick): Promise<boolean> {
    const { at, batch } = open;
    if (batch.events.length === 0) return true;
    const tick = this.#frontier.size + 1;
    batch.close(this.#state);
    const receipts = new ReceiptTree(batch.payroll, at, this.#parts.key.publicText);
    const leaf = leafOf(tick, at, receipts.root, batch.events);
    const leafBytes = leaf.length;
    const nodes = appendLeaf(tree, this.#frontier, sha256(leaf));
    const root = rootOfFrontier(tree, this.#frontier);
    const { answers, settled, reopened, dropped, concluded } = batch;
    const rows = { answers, settled, reopened, dropped, concluded, credited: [...batch.payroll.credited] };
    try {
      await this.#parts.log.append({ tick, record: leaf.subarray(1), root, nodes, ...rows });
    } catch (error) {
      if (!(error instanceof StoreFault)) throw error;
      this.#fault = error;
      return false;
    }
    const head = signHead(this.#parts.key, tick, at, root, receipts.root);
    this.#snapshots.add(batch.events.length, leafBytes);
    open.told = { at, head, batch, receipts, word: tickWord(head, batch.payroll.slips.length) };
    return true;
  }

  /** It is durable: everybody hears what it means to them. */
  #tell({ told, settle }: OpenTick): void {
    if (told !== null) {
      this.#head = told.head;
      for (const listener of this.listeners) listener(told);
    }
    for (const [order, outcome] of settle) order.done?.(outcome);
  }

  /** What was evolved is not true: the state is folded anew, and writes are refused until the store takes them again. */
  async #lose(ticks: readonly OpenTick[]): Promise<void> {
    const fault = this.#fault as StoreFault;
    this.#health.failed(fault);
    this.#parts.onNote('the store takes no writes', { fault: fault.message });
    const waiting = [...ticks.flatMap(({ settle }) => settle.map(([order]) => order)), ...this.#queue];
    this.#queue = [];
    await this.#health.untilRead(() => this.#refold());
    for (const order of waiting) order.done?.(storeRefusal(fault));
    this.#health.probe();
  }

  #storeRecovered(): void {
    this.#parts.onNote('the store takes writes again', {});
    this.parking.noticeAll();
    this.#pipeline.wake();
  }

  async #refold(): Promise<void> {
    const { state, frontier, last, eventsSinceSnapshot } = await fold(this.#parts.log);
    this.#head =
      last === null ? null : signHead(this.#parts.key, last.tick, last.at, last.root, last.receipts);
    this.#state = state;
    this.#frontier = frontier;
    this.#snapshots.reset(eventsSinceSnapshot);
    this.#leases.reset(state);
    this.#comparing.reset();
    this.#upkeep.reset();
    this.#deadlines.clear();
    // Counted from the start, also where the store has failed since: else none would run out where it fails time after time.
    const soonest = (this.#expiresFrom ??= this.#clock.at(state.at) + expiryGraceMs);
    for (const { left, deadline, id } of state.leases.values())
      if (left > 0) this.#deadlines.push(Math.max(deadline, soonest), id);
  }
}
