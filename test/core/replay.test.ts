/** Checks that the log is the whole truth: folding it gives the state, a snapshot and its tail give the state, and what is restored decides alike. */
import { describe, expect, test } from 'vitest';
import { assertInvariants } from '../../src/core/invariants.ts';
import { decide } from '../../src/core/machine.ts';
import { evolve } from '../../src/core/evolve.ts';
import { freeze, snapshotSchema, thaw } from '../../src/core/snapshot.ts';
import { emptyState, isRefusal } from '../../src/core/state.ts';
import type { Event, State } from '../../src/core/state.ts';
import { generator } from './generator.ts';

interface Step {
  readonly at: number;
  readonly events: readonly Event[];
}

interface Day {
  readonly state: State;
  readonly log: readonly Step[];
  readonly snapshots: readonly { readonly position: number; readonly text: string }[];
  readonly kinds: ReadonlyMap<string, number>;
}

/** Runs generated commands; every invariant is checked after every one that changed something. */
function day(seed: number, commands: number): Day {
  const state = emptyState();
  const generate = generator(seed);
  const log: Step[] = [];
  const snapshots: { position: number; text: string }[] = [];
  const kinds = new Map<string, number>();
  for (let i = 0; i < commands; i++) {
    const { command, at } = generate.next(state);
    const decision = decide(state, command, at);
    generate.saw(decision);
    const name = isRefusal(decision) ? `refused ${decision.refused}` : '';
    if (isRefusal(decision)) kinds.set(name, (kinds.get(name) ?? 0) + 1);
    else {
      for (const event of decision) {
        kinds.set(event.e, (kinds.get(event.e) ?? 0) + 1);
        evolve(state, event, at);
      }
      assertInvariants(state);
      log.push({ at, events: decision });
    }
    if (i % 97 === 0) snapshots.push({ position: log.length, text: freeze(state) });
  }
  return { state, log, snapshots, kinds };
}

function fold(state: State, steps: readonly Step[]): State {
  for (const { at, events } of steps) for (const event of events) evolve(state, event, at);
  return state;
}

const seeds = Array.from({ length: 40 }, (_, i) => i + 1);
const days = seeds.map((seed) => day(seed, 1200));

describe('the generator', () => {
  test('reaches every kind of event and every refusal of the rules', () => {
    const all = new Map<string, number>();
    for (const { kinds } of days) for (const [kind, n] of kinds) all.set(kind, (all.get(kind) ?? 0) + n);
    const wanted = [
      'joined',
      'moved',
      'funded',
      'submitted',
      'leased',
      'committed',
      'accepted',
      'returned',
      'expired',
      'misdeed',
      'finished',
      'cancelled',
      'kernelPaused',
      'kernelResumed',
      'restored',
      'epochSealed',
    ];
    const refusals = [
      'unknown-device',
      'unknown-job',
      'unknown-replica',
      'unknown-lease',
      'not-yours',
      'already-committed',
      'same-commitment',
      'no-bytes',
      'not-due',
      'bad-job',
      'insufficient-funds',
      'already-so',
      'no-job-open',
      'nothing-for-this-device',
      'waiting-for-others',
      'kernel-paused',
      'bad-epoch',
    ];
    expect([...wanted, ...refusals.map((r) => `refused ${r}`)].filter((kind) => !all.has(kind))).toEqual([]);
  });

  test('gives the same day for the same seed', () => {
    expect(JSON.stringify(day(7, 500).log)).toBe(JSON.stringify(day(7, 500).log));
  });
});

describe('[LO1] the log is the whole truth', () => {
  test('every event survives JSON', () => {
    for (const { log } of days) expect(JSON.parse(JSON.stringify(log))).toEqual(log);
  });

  test('the fold of the events is the state', () => {
    for (const { log, state } of days)
      expect(freeze(fold(emptyState(), JSON.parse(JSON.stringify(log)) as Step[]))).toBe(freeze(state));
  });

  test('any snapshot and its tail are the state', () => {
    for (const { log, state, snapshots } of days)
      for (const { position, text } of snapshots) {
        const restored = thaw(text);
        if (restored === null) throw new Error('our own snapshot was not read');
        expect(freeze(restored)).toBe(text);
        expect(freeze(fold(restored, log.slice(position)))).toBe(freeze(state));
      }
  });

  test('what a snapshot leaves out is found again: the state that is thawed is the state, not only its text', () => {
    for (const { state } of days) expect(thaw(freeze(state))).toEqual(state);
  });

  test('a snapshot of another shape is not read', () => {
    const text = freeze(emptyState()).replace(`"schema":${snapshotSchema}`, `"schema":${snapshotSchema + 1}`);
    expect(thaw(text)).toBeNull();
  });

  test('what was restored decides as the one that never stopped', () => {
    for (const seed of seeds.slice(0, 20)) {
      const state = emptyState();
      const generate = generator(seed);
      let restored = emptyState();
      for (let i = 0; i < 800; i++) {
        const { command, at } = generate.next(state);
        if (i % 53 === 0) restored = thaw(freeze(restored)) ?? emptyState();
        const decision = decide(state, command, at);
        expect(decide(restored, command, at)).toEqual(decision);
        generate.saw(decision);
        if (isRefusal(decision)) continue;
        for (const event of decision) {
          evolve(state, event, at);
          evolve(restored, event, at);
        }
      }
    }
  });

  test('deciding reads only', () => {
    const state = emptyState();
    const generate = generator(99);
    for (let i = 0; i < 400; i++) {
      const { command, at } = generate.next(state);
      const before = freeze(state);
      const decision = decide(state, command, at);
      expect(freeze(state)).toBe(before);
      generate.saw(decision);
      if (!isRefusal(decision)) for (const event of decision) evolve(state, event, at);
    }
  });
});
