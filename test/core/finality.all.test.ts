/** Checks what is final and what is due of whom [AU3] [AU4] [TR5] [LG6] [JB2], for all small cases of up to three batches, against the words of docs/SPEC.md. */
import { describe, expect, test } from 'vitest';
import { sentAway, upkeepOf, vest } from '../../src/core/checking.ts';
import { isGivenOut } from '../../src/core/leaving.ts';
import { isRefusal } from '../../src/core/state.ts';
import type { Batch, Chunk, Identity, Job, State } from '../../src/core/state.ts';
import type { Standing } from '../../src/core/trust.ts';
import { kernel } from './house.ts';
import { batchOf, identityWith, jobOf, now, perChunk, standings, stateOf, windowUnits } from './handmade.ts';
import type { Draws } from './handmade.ts';

/** One kind of batch: how its units stand, and what else decides. */
interface Kind extends Draws, Pick<Batch, 'closed'> {
  /** Whether a window of later units was right. */
  readonly isOver: boolean;
  /** Whether its chunk was found wrong. */
  readonly isWrong: boolean;
}

const phases: readonly Standing['phase'][] = ['open', 'suspended', 'banned'];
const auditedUnits = 50;

/** Every kind: what was found wrong has a unit that was drawn and not found right. */
const kinds: readonly Kind[] = standings.flatMap((standing) =>
  [false, true].flatMap((closed) =>
    [false, true].flatMap((isOver) =>
      [false, true].flatMap((isWrong) =>
        isWrong && standing.passed === standing.drawn.length
          ? []
          : [{ ...standing, closed, isOver, isWrong }],
      ),
    ),
  ),
);

/** Fewer, of which three are put together: all of a chunk is drawn. */
const plain: readonly Kind[] = kinds.filter(({ drawn, vouched, isWrong, passed }) => drawn.length === 2 && vouched.length === 0 && !isWrong && passed !== 1); // prettier-ignore

/** The batch of this kind whose one chunk is the `i`th of the job. */
function batchLike({ isOver, isWrong, ...kind }: Kind, i: number): Batch {
  const at = (unit: number): number => unit + perChunk * i;
  return batchOf(i, i + 1, {
    ...kind,
    drawn: kind.drawn.map(at),
    vouched: kind.vouched.map(at),
    auditedBefore: auditedUnits - windowUnits + (isOver ? 0 : 1),
    wrong: isWrong ? [i, i + 1] : [],
  });
}

interface Case {
  readonly kinds: readonly Kind[];
  readonly phase: Standing['phase'];
  readonly isClosing: boolean;
  readonly isPaused: boolean;
  /** Chunks of the job that nobody has answered yet. */
  readonly more: number;
}

function made(
  { kinds: of, phase, isClosing, isPaused, more }: Case,
  over: Partial<Identity> = {},
): { state: State; job: Job; identity: Identity } {
  // prettier-ignore
  const identity = identityWith(of.map(batchLike), { phase, auditedUnits, ...over });
  const job = jobOf(of.length + more, {
    batches: of.length,
    closingAt: isClosing ? 1 : null,
    accepted: [0, of.length],
    acceptedChunks: of.length,
    free: more === 0 ? [] : [of.length, of.length + more],
  });
  const state = stateOf(identity, job);
  if (isPaused) state.pausedKernels.set(kernel, 'a test');
  return { state, job, identity };
}

/** Whether all that was drawn of it was found right. */
const isRight = ({ drawn, passed }: Kind): boolean => drawn.length === passed;

/** Which batches are final, by the words of section 10. */
function finalOf({ kinds: all, phase, isClosing, isPaused }: Case): number[] {
  const those = (is: (kind: Kind, i: number) => boolean): number[] => [...all.keys()].filter((i) => is(all[i] as Kind, i)); // prettier-ignore
  // What is void is not final.
  if (phase === 'banned') return [];
  // [LG6] Nobody can look: all vests that was not found wrong.
  if (isClosing && isPaused) return those(({ isWrong }) => !isWrong);
  // [TR5] A batch all of whose units anchors found right.
  if (phase === 'suspended') return those(({ passed, vouched }) => passed - vouched.length === perChunk);
  // [AU4] All of what it left, once all of it was closed and found right; what it has done since it came back is not of it.
  const left = all.slice(0, 1 + Math.max(...those(({ closed }) => closed), -1));
  const isTogether = left.every((kind) => kind.closed && isRight(kind));
  // [AU3] Its own draws, and a window after them.
  return those((kind, i) => (kind.isOver && isRight(kind)) || (isTogether && i < left.length));
}

function* cases(): Generator<Case> {
  const lists: Kind[][] = [[], ...kinds.map((kind) => [kind])];
  for (const a of kinds) for (const b of kinds) lists.push([a, b]);
  for (const a of plain) for (const b of plain) for (const c of plain) lists.push([a, b, c]);
  for (const list of lists)
    for (const phase of phases)
      for (const [isClosing, isPaused] of [
        [false, false],
        [true, true],
        [true, false],
        [false, true],
      ] as const)
        // prettier-ignore
        yield { kinds: list, phase, isClosing, isPaused, more: list.length % 2 };
}

describe('[AU3] [AU4] [TR5] [LG6] which batches are final', () => {
  test('exactly those of which the rules say so, all at once, and the job with the last of them: for all of up to two, and three', () => {
    let vesting = 0;
    for (const one of cases()) {
      const { state } = made(one);
      const decision = vest(state, { c: 'vest', job: 'j1', device: 'a', backend: 'wasm' });
      const final = finalOf(one);
      // [JB2] With its last batch, where nothing of it is still to be computed, or it is cancelled.
      const isEnd = final.length === one.kinds.length && (one.isClosing || one.more === 0);
      const end = isEnd ? [one.isClosing ? 'cancelled' : 'finished'] : [];
      const want = final.length === 0 ? 'already-so' : [...final.map((i) => `vested ${i}`), ...end].join();
      const got = isRefusal(decision)
        ? decision.refused
        : decision.map((event) => (event.e === 'vested' ? `vested ${event.chunks[0]}` : event.e)).join();
      if (got !== want) expect.fail(`${JSON.stringify(one)}: ${got}, not ${want}`);
      if (final.length > 0) vesting++;
    }
    expect(vesting).toBeGreaterThan(5_000);
  });

  test('what of a batch vests is what it stood for, from whoever paid it, to its account', () => {
    const [kind] = kinds.filter((one) => one.isOver && isRight(one));
    if (kind === undefined) throw new Error('there is no such kind');
    for (const [escrowMicro, operatorMicro] of [
      [20, 0],
      [0, 20],
      [20, 20],
    ] as const) // prettier-ignore
    {
      const { state, identity } = made({ kinds: [kind], phase: 'open', isClosing: false, isPaused: false, more: 1 }); // prettier-ignore
      Object.assign(identity.open.get('j1')?.[0] as Batch, { escrowMicro, operatorMicro });
      expect(vest(state, { c: 'vest', job: 'j1', device: 'a', backend: 'wasm' })).toMatchObject([
        { chunks: [0, 1], entries: [{ from: 'pending:A', to: 'vested:A', amountMicro: escrowMicro + operatorMicro }] },
      ]); // prettier-ignore
    }
  });
});

describe('[AU4] [TR5] [TR6] what is due of somebody', () => {
  test('who is let in: draws once it has left, or the job is all given out, and what is final; who is banned: its work is void', () => {
    let closing = 0;
    for (const one of cases())
      for (const restMs of [599_999, 600_000]) {
        if (one.phase === 'suspended' || one.kinds.length === 0) continue;
        const { state } = made(one, { lastAt: now - restMs });
        const got = upkeepOf(state, 'a/wasm', now).map((due) =>
          due.c === 'close' ? `close ${due.units}` : due.c,
        );
        const isOut = one.more === 0 || one.isClosing;
        const hasLeft = restMs >= 600_000 || isOut;
        const draws = hasLeft && !(one.isClosing && one.isPaused) && one.kinds.some(({ closed }) => !closed);
        const vests = finalOf(one).length > 0;
        const want =
          one.phase === 'banned' ? ['void'] : [...(draws ? ['close 2'] : []), ...(vests ? ['vest'] : [])];
        if (got.join() !== want.join())
          expect.fail(`${JSON.stringify(one)}: ${got.join()}, not ${want.join()}`);
        if (draws) closing++;
      }
    expect(closing).toBeGreaterThan(5_000);
  });

  test('all of a job is given out when nothing is free and nobody holds anything, or it is cancelled', () => {
    const chunk: Chunk = { index: 3, openedAt: 0, since: 0, replicas: [] };
    for (const closingAt of [null, 0, 7])
      for (const free of [[], [0, 1], [0, 2, 3, 4]])
        for (const held of [0, 1]) {
          const job = jobOf(4, { closingAt, free, chunks: new Map(held === 0 ? [] : [[3, chunk]]) });
          expect(isGivenOut(job)).toBe(closingAt !== null || (free.length === 0 && held === 0));
        }
  });

  test('[TR3] nothing is given to who is banned, nor to who is suspended before its time is over and what it did before is in order', () => {
    for (const phase of phases)
      for (const waitedMs of [0, 3_599_999, 3_600_000, 1e9])
        for (const isOwing of [false, true]) {
          const times = { faultAt: now - waitedMs, awayMs: 3_600_000 };
          const state = stateOf(identityWith(isOwing ? [batchOf(0, 1)] : [], { phase, ...times }), jobOf(2));
          const may = phase === 'open' || (phase === 'suspended' && waitedMs >= 3_600_000 && !isOwing);
          expect(sentAway(state, 'a', 'wasm', now)?.refused ?? 'may').toBe(may ? 'may' : phase);
          // Its graphics processor has a record of its own [TR3].
          expect(sentAway(state, 'a', 'webgpu', now)).toBe(null);
        }
  });
});
