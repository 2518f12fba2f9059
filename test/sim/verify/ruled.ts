/** Somebody who works as the rules of `core` have it, command by command, to hold the life that `life.ts` counts beside it. */
import { nextLook, wordsFor, wordsToClose } from '../../../src/core/audit.ts';
import type { AuditTerms } from '../../../src/core/audit.ts';
import { tierNow } from '../../../src/core/checking.ts';
import { evolve } from '../../../src/core/evolve.ts';
import { count, has, numbersIn } from '../../../src/core/intervals.ts';
import { leaverAfterMs } from '../../../src/core/leaving.ts';
import { decide } from '../../../src/core/machine.ts';
import { leasesPerSlotMax } from '../../../src/core/schedule.ts';
import { emptyState, isRefusal } from '../../../src/core/state.ts';
import type { Policy } from '../../../src/core/job.ts';
import type { Audit, Command, Event, JobSpec } from '../../../src/core/state.ts';
import { unitsPerChunk } from './batches.ts';
import type { Behaviour } from './life.ts';
import { wordsOf } from './words.ts';

export const chunkMs = 500;
/** A worker asks when it holds no more chunks than this: five seconds of them. */
const aheadMax = 10;
/** Chunks by which the second person is known. */
const secondsOwn = 20;
/** Words of which nothing is drawn. */
const nothingDrawn = new Uint32Array(unitsPerChunk).fill(2 ** 32 - 1);

/** How it works, and who answers beside it. */
export interface Manner {
  readonly kind: 'audit' | 'adaptive';
  readonly terms: AuditTerms;
  readonly slots: number;
  /** A second person answers when so many of its chunks are answered, that one included. */
  readonly besideWithin: number;
  /** With this probability the second person is of its gang, and gives the same wrong answer. */
  readonly hostile: number;
}

interface Held {
  replica: number;
  chunk: number;
  left: number;
  readonly isBeside: boolean;
}

/** Somebody who commits so many chunks and leaves; every audit is answered at once, by an anchor. */
export class Ruled {
  readonly state = emptyState();
  readonly #manner: Manner;
  readonly #words;
  readonly #job: string;
  readonly #slots: Held[][];
  /** What the second person holds, by chunk; and what waits for its answer. */
  readonly #beside = new Map<number, number>();
  #seconds: { readonly due: number; readonly chunk: number }[] = [];
  #secondsSlot = 0;
  /** What it answered wrongly, by the number of the chunk, and whether that was found. */
  readonly #spoilt = new Map<number, readonly number[]>();
  isFound = false;
  /** Banned at its first fault. */
  isKnownLie = false;
  /** Units that were drawn while it worked, and of it when it had left; final ones, and void ones; those that stand without it. */
  drawn = 0;
  ofLeaver = 0;
  final = 0;
  wrongFinal = 0;
  void = 0;
  stood = 0;
  /** Units that a second person computed too; and chunks in which that one was believed. */
  second = 0;
  outvoted = 0;
  /** Batches that were open when it left, and units of the largest. */
  left = 0;
  widest = 0;

  constructor(seed: number, manner: Manner) {
    this.#manner = manner;
    this.#words = wordsOf(seed);
    this.#slots = Array.from({ length: manner.slots }, () => []);
    this.#run(0, { c: 'fund', account: 'r', amountMicro: 2 ** 52 });
    for (const [device, role] of [
      ['d', 'volunteer'],
      ['e', 'volunteer'],
      ['a', 'anchor'],
    ] as const)
      this.#run(0, { c: 'join', device, account: device, site: null, group: '', role });
    // The second person is known from a job before: it has computed all of it.
    const terms = { quorum: 1, ...manner.terms, verifyMilli: 300 } as const;
    this.#submit(secondsOwn * unitsPerChunk, { kind: 'audit', ...terms });
    for (let done = 0; done < secondsOwn;) {
      const { lease, count: leased } = this.#asks(0, 'e', 0);
      for (let i = 0; i < leased; i++) this.#commits(0, 'e', lease + i, 'right', nothingDrawn);
      done += leased;
    }
    this.#job = this.#submit(2 ** 30, { kind: manner.kind, ...terms });
  }

  #submit(units: number, policy: Policy): string {
    const hash = 'a'.repeat(64);
    const spec: JobSpec = {
      ...{ kernel: 'k@1', wasm: hash, wgsl: null, input: hash, agreement: 'exact' as const, units, policy },
      ...{ unitsPerChunk, unitCostMicro: 5_000, weight: 1, title: 't', cause: 'c', demonstration: false },
    };
    const [event] = this.#run(0, { c: 'submit', requester: 'r', spec });
    if (event?.e !== 'submitted') throw new Error('no job');
    return event.job;
  }

  #run(at: number, command: Command): readonly Event[] {
    const decision = decide(this.state, command, at);
    if (isRefusal(decision)) throw new Error(`${command.c}: ${decision.refused}`);
    for (const event of decision) evolve(this.state, event, at);
    return decision;
  }

  /** One of the house's own commands, where it is due. */
  #due(at: number, command: Command): boolean {
    const decision = decide(this.state, command, at);
    if (isRefusal(decision)) return false;
    for (const event of decision) {
      if (event.e === 'vested') {
        this.final += unitsPerChunk * count(event.chunks);
        for (const chunk of numbersIn(event.chunks)) this.wrongFinal += this.#wrongIn(chunk).length;
      } else if (event.e === 'voided') {
        this.void += unitsPerChunk * count(event.chunks);
        for (const chunk of numbersIn(event.chunks))
          if (!has(event.reopened, chunk) && this.#wrongIn(chunk).length === 0) this.stood += unitsPerChunk;
      }
      evolve(this.state, event, at);
    }
    return true;
  }

  #wrongIn(chunk: number): readonly number[] {
    return this.#spoilt.get(chunk) ?? [];
  }

  #asks(at: number, device: string, slot: number): Extract<Event, { e: 'leased' }> {
    const wish = { slot, backend: 'wasm', rates: { 'k@1': 1_000 } } as const;
    const [leased] = this.#run(at, { c: 'ask', device, slot: wish, live: new Map() });
    if (leased?.e !== 'leased') throw new Error('no lease');
    return leased;
  }

  #commits(
    at: number,
    device: string,
    replica: number,
    root: string,
    words?: ArrayLike<number>,
  ): readonly Event[] {
    const commit = { c: 'commit', device, replica, root, digests: '', stored: true, agrees: [] } as const;
    return this.#run(at, words === undefined ? commit : { ...commit, words });
  }

  /** A worker that holds little asks; what waits for a second person then is given to that one. */
  #askFor(at: number, slot: number, mostLeases: number = leasesPerSlotMax): void {
    const held = this.#slots[slot] as Held[];
    while (held.length < mostLeases && held.reduce((sum, { left }) => sum + left, 0) <= aheadMax) {
      const { lease: replica, chunk, count: left, beside } = this.#asks(at, 'd', slot);
      held.push({ replica, chunk, left, isBeside: beside === true });
    }
    while ((this.state.jobs.get(this.#job)?.wanting.size ?? 0) > 0) {
      const { lease, chunk, count: leased } = this.#asks(at, 'e', this.#secondsSlot++);
      for (let i = 0; i < leased; i++) this.#beside.set(chunk + i, lease + i);
    }
  }

  /** An anchor answers, and goes no further than where it has looked and found one wrong. */
  #answer(at: number, { id, chunk, units }: Audit): void {
    const isWrong = (unit: number): boolean => this.#wrongIn(chunk).includes(unit % unitsPerChunk);
    let looked = 0;
    do looked = nextLook(looked, units.length);
    while (looked < units.length && !units.slice(0, looked).some(isWrong));
    const some = units.slice(0, looked);
    const wrong = some.filter(isWrong);
    const right = wrong.map((unit) => `right ${unit}`);
    const early = wrong.length > 0 ? { units: some } : {};
    const events = this.#run(at, { c: 'audit', audit: id, device: 'a', wrong, right, ...early });
    const first = events.find((event) => event.e === 'disproved' && event.device === 'd');
    if (!this.isFound && first?.e === 'disproved') this.isKnownLie = first.consequence === 'ban';
    this.isFound ||= wrong.length > 0;
  }

  /** Audits are answered, and what is ripe becomes final; of somebody who was found wrong everything is put in order. */
  #settle(at: number): void {
    const who = { job: this.#job, device: 'd', backend: 'wasm' } as const;
    for (let isMoving = true; isMoving;) {
      for (const audit of [...this.state.audits.values()])
        if (this.state.audits.has(audit.id)) this.#answer(at, audit);
      isMoving =
        this.#due(at, { c: 'void', ...who }) ||
        this.#due(at, { c: 'vest', ...who }) ||
        (this.isFound && this.#due(at, { c: 'close', ...who, words: [] }));
    }
  }

  /** What its answer comes to where it is alone, or where somebody has answered beside it. */
  #accepted(at: number, device: string, replica: number, root: string, isIts: boolean): void {
    const tier = tierNow(this.state, 'd', 'wasm', at);
    const words = isIts ? this.#words.take(wordsFor(unitsPerChunk, tier)) : nothingDrawn;
    const accepted = this.#commits(at, device, replica, root, words).find(({ e }) => e === 'accepted');
    if (accepted?.e !== 'accepted') throw new Error('not accepted');
    const winners = new Set(accepted.winners.map((winner) => winner.device));
    if (winners.has('d') !== isIts) throw new Error('not as it was to be judged');
    if (isIts) this.drawn += accepted.drawn?.length ?? 0;
    else this.outvoted++;
    if (winners.size > 1 && root === 'right') this.second += unitsPerChunk;
  }

  /** The second person answers what is due by now, until something is found; then everything that waits for it. */
  #secondAnswers(at: number, nth: number): void {
    for (let next = this.#seconds[0]; next !== undefined; next = this.#seconds[0]) {
      if (next.due > nth && !this.isFound) return;
      this.#seconds.shift();
      const isWrong = this.#wrongIn(next.chunk).length > 0;
      const { hostile } = this.#manner;
      const isIts = !isWrong || (hostile > 0 && this.#words.unit() < hostile);
      const root = isWrong && isIts ? 'wrong' : 'right';
      this.#accepted(at, 'e', this.#beside.get(next.chunk) as number, root, isIts);
      this.#settle(at);
    }
  }

  /** As the counted life does, until something is found. `tell` hears of each chunk, before it is answered, how many units are final and drawn, and whether it is computed twice. */
  work(
    chunks: number,
    liar: Behaviour,
    tell: (final: number, drawn: number, isBeside: boolean) => void = () => {},
  ): void {
    const { slots, besideWithin } = this.#manner;
    for (let slot = 0; slot < 2 * slots; slot++) this.#askFor(0, slot % slots, slot < slots ? 1 : 2);
    for (let nth = 0; nth < chunks && !this.isFound; nth++) {
      const at = nth * chunkMs;
      if (nth > 0) this.#askFor(at, (nth - 1) % slots);
      const slot = this.#slots[nth % slots] as Held[];
      const [held] = slot;
      if (held === undefined) throw new Error('a worker has nothing to do');
      tell(this.final, this.drawn, held.isBeside);
      const [replica, chunk] = [held.replica++, held.chunk++];
      if (--held.left === 0) slot.shift();
      const { wrong } = liar.answer(nth, this.#words, held.isBeside);
      this.#spoilt.set(chunk, wrong);
      const root = wrong.length > 0 ? 'wrong' : 'right';
      if (held.isBeside) {
        this.#commits(at, 'd', replica, root);
        this.#seconds.push({ due: nth + besideWithin - 1, chunk });
      } else {
        this.#accepted(at, 'd', replica, root, true);
        this.#settle(at);
      }
      this.#secondAnswers(at, nth);
    }
  }

  /** After so many chunks. */
  leave(chunks: number): void {
    this.#secondAnswers(chunks * chunkMs, Infinity);
    const at = chunks * chunkMs + leaverAfterMs;
    const batches = this.state.identities.get('d/wasm')?.open.get(this.#job) ?? [];
    this.left = batches.length;
    this.widest = Math.max(...batches.map(({ units }) => units));
    for (const { units } of [...batches].reverse()) {
      const words = new Uint32Array(wordsToClose(units)).map(() => 2 ** 32 * this.#words.unit());
      // The last of them decides by lot whether anchors look at all of it once more: never.
      words[2 * units] = 2 ** 32 - 1;
      const about = { job: this.#job, device: 'd', backend: 'wasm', words } as const;
      for (const event of this.#run(at, { c: 'close', ...about }))
        if (event.e === 'drawn') this.ofLeaver += event.drawn.reduce((sum, [, some]) => sum + some.length, 0);
    }
    this.#settle(at);
  }
}
