/**
 * [TR2] [AU3] [AU4] The life that `npm run sim:verify` counts (`verify/life.ts`) beside the rules: the same throws, chunk after chunk, go
 * through `decide` and `evolve`, and as much must be drawn, and become final after the same chunk, and be drawn of whoever leaves.
 */
import { expect, test } from 'vitest';
import { batchUnitsMax, nextLook, wordsFor, wordsToClose } from '../../src/core/audit.ts';
import type { AuditTerms } from '../../src/core/audit.ts';
import { tierNow } from '../../src/core/checking.ts';
import { evolve } from '../../src/core/evolve.ts';
import { leaverAfterMs } from '../../src/core/leaving.ts';
import { decide } from '../../src/core/machine.ts';
import { emptyState, isRefusal } from '../../src/core/state.ts';
import type { Audit, Command, Event, JobSpec } from '../../src/core/state.ts';
import { count, numbersIn } from '../../src/core/intervals.ts';
import { unitsPerChunk } from './verify/batches.ts';
import { liveOnce } from './verify/life.ts';
import type { Behaviour } from './verify/life.ts';
import { nothing } from './verify/outcome.ts';
import { wordsOf } from './verify/words.ts';

const chunkMs = 500;
/** Strict ones make a window of forty thousand chunks. */
const shortTerms = { windowUnits: 500, leaverUnits: 2_000 };
/** With these a window is long enough for settled batches to be joined, two and two [AU3]. */
const longTerms = { windowUnits: 4_200, leaverUnits: 6_000 };
const assumed = { hostile: 0, anchors: 0.25 };
/** Of what was drawn of a leaver's work, volunteers made so much, which anchors may make again. */
const byVolunteers = 1 - assumed.anchors;

/** Somebody who commits so many chunks and leaves, as the rules have it; every audit is answered at once, by an anchor. */
class Real {
  readonly state = emptyState();
  readonly #words;
  /** Units that were drawn while it worked, and of it when it had left; and final ones. */
  drawn = 0;
  ofLeaver = 0;
  final = 0;
  wrongFinal = 0;
  void = 0;
  /** What it answered wrongly, by the number of the chunk, and whether that was found. */
  readonly #spoilt = new Map<number, readonly number[]>();
  isFound = false;
  /** Batches that were open when it left, and units of the largest. */
  left = 0;
  widest = 0;

  constructor(seed: number, terms: AuditTerms) {
    this.#words = wordsOf(seed);
    const hash = 'a'.repeat(64);
    this.#run(0, { c: 'fund', account: 'r', amountMicro: 2 ** 52 });
    const spec: JobSpec = {
      ...{ kernel: 'k@1', wasm: hash, wgsl: null, input: hash, agreement: 'exact' as const, units: 2 ** 30 },
      ...{ unitsPerChunk, unitCostMicro: 5_000, weight: 1, title: 't', cause: 'c', demonstration: false },
      policy: { kind: 'audit', quorum: 1, ...terms, verifyMilli: 300 },
    };
    this.#run(0, { c: 'submit', requester: 'r', spec });
    for (const [device, role] of [
      ['d', 'volunteer'],
      ['a', 'anchor'],
    ] as const)
      this.#run(0, { c: 'join', device, account: device, site: null, group: '', role });
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
      } else if (event.e === 'voided') this.void += unitsPerChunk * count(event.chunks);
      evolve(this.state, event, at);
    }
    return true;
  }

  #wrongIn(chunk: number): readonly number[] {
    return this.#spoilt.get(chunk) ?? [];
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
    this.#run(at, { c: 'audit', audit: id, device: 'a', wrong, right, ...early });
    this.isFound ||= wrong.length > 0;
  }

  /** Audits are answered, and what is ripe becomes final; of somebody who was found wrong everything is put in order. */
  #settle(at: number): void {
    const who = { job: 'j1', device: 'd', backend: 'wasm' } as const;
    for (let isMoving = true; isMoving;) {
      for (const audit of [...this.state.audits.values()])
        if (this.state.audits.has(audit.id)) this.#answer(at, audit);
      isMoving =
        this.#due(at, { c: 'void', ...who }) ||
        this.#due(at, { c: 'vest', ...who }) ||
        (this.isFound && this.#due(at, { c: 'close', ...who, words: [] }));
    }
  }

  /** As the counted life does, until something is found. `tell` hears, before each chunk, how many units are final, and how many were drawn. */
  work(chunks: number, liar: Behaviour, tell: (final: number, drawn: number) => void = () => {}): void {
    const slot = { slot: 0, backend: 'wasm', rates: { 'k@1': 1_000_000 } } as const;
    let [lease, left, chunk] = [0, 0, 0];
    for (let nth = 0; nth < chunks && !this.isFound; nth++) {
      const at = nth * chunkMs;
      tell(this.final, this.drawn);
      if (left === 0) {
        const [leased] = this.#run(at, { c: 'ask', device: 'd', slot, live: new Map() });
        if (leased?.e !== 'leased') throw new Error('no lease');
        [lease, left, chunk] = [leased.lease, leased.count, leased.chunk];
      }
      this.#spoilt.set(chunk++, liar.answer(nth, this.#words, false).wrong);
      const words = this.#words.take(wordsFor(unitsPerChunk, tierNow(this.state, 'd', 'wasm', at)));
      const commit = { c: 'commit', device: 'd', replica: lease++, root: String(nth), digests: '' } as const;
      for (const event of this.#run(at, { ...commit, stored: true, agrees: [], words }))
        if (event.e === 'accepted') this.drawn += event.drawn?.length ?? 0;
      left--;
      this.#settle(at);
    }
  }

  leave(at: number): void {
    const batches = this.state.identities.get('d/wasm')?.open.get('j1') ?? [];
    this.left = batches.length;
    this.widest = Math.max(...batches.map(({ units }) => units));
    for (const { units } of [...batches].reverse()) {
      const words = new Uint32Array(wordsToClose(units)).map(() => 2 ** 32 * this.#words.unit());
      // The last of them decides by lot whether anchors look at all of it once more: never.
      words[2 * units] = 2 ** 32 - 1;
      for (const event of this.#run(at, { c: 'close', job: 'j1', device: 'd', backend: 'wasm', words }))
        if (event.e === 'drawn') this.ofLeaver += event.drawn.reduce((sum, [, some]) => sum + some.length, 0);
    }
    this.#settle(at);
  }
}

test.each([
  { chunks: 7, terms: shortTerms, joined: false },
  { chunks: 300, terms: shortTerms, joined: false },
  { chunks: 2_500, terms: shortTerms, joined: false },
  { chunks: 12_000, terms: shortTerms, joined: false },
  { chunks: 20_000, terms: longTerms, joined: true },
])(
  'somebody honest who leaves after $chunks chunks, batches joined: $joined',
  ({ chunks, terms, joined }) => {
    const seed = 1_000 + chunks;
    const lived: [final: number, drawn: number][] = [];
    const into = nothing();
    const honest = {
      name: 'honest',
      gang: false,
      answer: () => {
        lived.push([into.final, into.audited]);
        return { wrong: [], computed: unitsPerChunk };
      },
    };
    liveOnce(honest, chunks, { kind: 'audit', terms, assumed }, wordsOf(seed), into);

    const real = new Real(seed, terms);
    const ruled: [final: number, drawn: number][] = [];
    real.work(chunks, spoiling(0, 1, 0), (final, drawn) => ruled.push([final, drawn]));
    const parted = lived.findIndex(
      ([final, drawn], nth) => final !== ruled[nth]?.[0] || drawn !== ruled[nth]?.[1],
    );
    expect(parted < 0 ? 'never' : { parted, lived: lived[parted], ruled: ruled[parted] }).toBe('never');
    expect(ruled).toHaveLength(chunks);
    if (chunks > 1_000) expect(ruled.at(-1)?.[0]).toBeGreaterThan(0);
    real.leave(chunks * chunkMs + leaverAfterMs);
    expect(real.widest > batchUnitsMax + unitsPerChunk).toBe(joined);
    expect(real.final).toBe(chunks * unitsPerChunk);
    expect(into.final).toBe(real.final);
    // Shares of what is short are rounded up, batch by batch.
    const all = real.drawn + real.ofLeaver;
    expect(all).toBeGreaterThanOrEqual(Math.floor(into.audited - byVolunteers * real.drawn));
    expect(all).toBeLessThanOrEqual(Math.ceil(into.audited) + real.left);
  },
);

/** Wrong from its `from`th chunk on in each `every`th: in so many of its units, the first ones. */
function spoiling(from: number, every: number, units: number): Behaviour {
  const wrong = Array.from({ length: units }, (_, unit) => unit);
  const answer: Behaviour['answer'] = (nth) =>
    nth >= from && nth % every === 0
      ? { wrong, computed: unitsPerChunk - units }
      : { wrong: [], computed: unitsPerChunk };
  return { name: 'spoiling', gang: false, answer };
}

test.each([
  { what: 'all of everything', from: 0, every: 1, units: unitsPerChunk },
  { what: 'everything, after honest work', from: 400, every: 1, units: unitsPerChunk },
  { what: 'one chunk in ten', from: 30, every: 10, units: unitsPerChunk },
  { what: 'half of one chunk in a hundred', from: 0, every: 100, units: 50 },
  { what: 'a unit in each chunk', from: 0, every: 1, units: 1 },
  { what: 'a unit in one chunk of twenty', from: 100, every: 20, units: 1 },
])('somebody who spoils $what, until it is found and in order', ({ from, every, units }) => {
  for (let seed = 1; seed <= 12; seed++) {
    const into = nothing();
    const liar = spoiling(from, every, units);
    const found = new Error('found');
    const answer: Behaviour['answer'] = (nth, words, isBeside) => {
      if (into.faults > 0) throw found;
      return liar.answer(nth, words, isBeside);
    };
    try {
      const under = { kind: 'audit', terms: shortTerms, assumed, auditsWithin: 1 } as const;
      liveOnce({ ...liar, answer }, 20_000, under, wordsOf(seed), into);
    } catch (error) {
      if (error !== found) throw error;
    }
    const real = new Real(seed, shortTerms);
    real.work(20_000, liar);
    const identity = real.state.identities.get('d/wasm');
    expect({ seed, final: into.final, wrong: into.wrongFinal, void: into.void, bans: into.bans }).toEqual({
      ...{ seed, final: real.final, wrong: real.wrongFinal, void: real.void },
      bans: identity?.phase === 'banned' ? 1 : 0,
    });
    expect(into.faults).toBe(1);
  }
});
