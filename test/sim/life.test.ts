/**
 * [TR2] [AU3] [AU4] The life that `npm run sim:verify` counts (`verify/life.ts`) beside the rules: the same throws, chunk after chunk, go
 * through `decide` and `evolve`, and as much must be drawn, and become final after the same chunk, and be drawn of whoever leaves.
 */
import { expect, test } from 'vitest';
import { wordsFor, wordsToClose } from '../../src/core/audit.ts';
import { tierNow } from '../../src/core/checking.ts';
import { evolve } from '../../src/core/evolve.ts';
import { leaverAfterMs } from '../../src/core/leaving.ts';
import { decide } from '../../src/core/machine.ts';
import { emptyState, isRefusal } from '../../src/core/state.ts';
import type { Command, Event, JobSpec } from '../../src/core/state.ts';
import { count } from '../../src/core/intervals.ts';
import { liveOnce, unitsPerChunk } from './verify/life.ts';
import { nothing } from './verify/outcome.ts';
import { wordsOf } from './verify/words.ts';

const chunkMs = 500;
/** Strict ones make a window of forty thousand chunks. */
const terms = { windowUnits: 500, leaverUnits: 2_000 };
const assumed = { hostile: 0, anchors: 0.25 };
/** Of what was drawn of a leaver's work, volunteers made so much, which anchors may make again. */
const byVolunteers = 1 - assumed.anchors;

/** Somebody honest who commits so many chunks and leaves, as the rules have it; every audit is answered at once, and found right. */
class Real {
  readonly state = emptyState();
  readonly #words;
  /** Units that were drawn while it worked, and of it when it had left; and final ones. */
  drawn = 0;
  ofLeaver = 0;
  final = 0;
  /** Batches that were open when it left. */
  left = 0;

  constructor(seed: number) {
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

  /** Audits are answered, and what is ripe becomes final. */
  #settle(at: number): void {
    for (const audit of [...this.state.audits.keys()])
      this.#run(at, { c: 'audit', audit, device: 'a', wrong: [], right: [] });
    const decision = decide(this.state, { c: 'vest', job: 'j1', device: 'd', backend: 'wasm' }, at);
    if (isRefusal(decision)) return;
    for (const event of decision) {
      if (event.e === 'vested') this.final += unitsPerChunk * count(event.chunks);
      evolve(this.state, event, at);
    }
  }

  /** `tell` hears, before each chunk, how many units are final, and how many were drawn. */
  work(chunks: number, tell: (final: number, drawn: number) => void): void {
    const slot = { slot: 0, backend: 'wasm', rates: { 'k@1': 1_000_000 } } as const;
    let [lease, left] = [0, 0];
    for (let nth = 0; nth < chunks; nth++) {
      const at = nth * chunkMs;
      tell(this.final, this.drawn);
      if (left === 0) {
        const [leased] = this.#run(at, { c: 'ask', device: 'd', slot, live: new Map() });
        if (leased?.e !== 'leased') throw new Error('no lease');
        [lease, left] = [leased.lease, leased.count];
      }
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

test.each([7, 300, 2_500, 12_000])('somebody honest who leaves after %d chunks', (chunks) => {
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

  const real = new Real(seed);
  const ruled: [final: number, drawn: number][] = [];
  real.work(chunks, (final, drawn) => ruled.push([final, drawn]));
  const parted = lived.findIndex(
    ([final, drawn], nth) => final !== ruled[nth]?.[0] || drawn !== ruled[nth]?.[1],
  );
  expect(parted < 0 ? 'never' : { parted, lived: lived[parted], ruled: ruled[parted] }).toBe('never');
  expect(ruled).toHaveLength(chunks);
  if (chunks > 1_000) expect(ruled.at(-1)?.[0]).toBeGreaterThan(0);
  real.leave(chunks * chunkMs + leaverAfterMs);
  expect(real.final).toBe(chunks * unitsPerChunk);
  expect(into.final).toBe(real.final);
  // Shares of what is short are rounded up, batch by batch.
  const all = real.drawn + real.ofLeaver;
  expect(all).toBeGreaterThanOrEqual(Math.floor(into.audited - byVolunteers * real.drawn));
  expect(all).toBeLessThanOrEqual(Math.ceil(into.audited) + real.left);
});
