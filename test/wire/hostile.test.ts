/**
 * Says more than a hundred thousand hostile things to the coordinator's ear and mind: mutated, cut, flipped, repeated and
 * forged messages are decoded, and what can be decoded is decided. Each must be a typed refusal or a valid effect on the
 * sender's own work [WR7]; never an exception, never an effect on anybody else's.
 */
import { describe, expect, test } from 'vitest';
import { assertInvariants } from '../../src/core/invariants.ts';
import { decide } from '../../src/core/machine.ts';
import { evolve } from '../../src/core/evolve.ts';
import { freeze } from '../../src/core/snapshot.ts';
import { emptyState, isRefusal } from '../../src/core/state.ts';
import type { Command, Event, ReplicaPhase, State } from '../../src/core/state.ts';
import { decodeCommit, encodeCommit } from '../../src/wire/frame.ts';
import type { CommitPart } from '../../src/wire/frame.ts';
import { isMalformed, parse } from '../../src/wire/schema.ts';
import { limits } from '../../src/wire/version.ts';
import { fromVolunteer } from '../../src/wire/volunteer.ts';
import type { CommitItem, FromVolunteer } from '../../src/wire/volunteer.ts';
import { specOf } from '../core/house.ts';
import { dice } from '../sim/random.ts';
import type { Dice } from '../sim/random.ts';
import { garble, mangle, mutate } from './talk/bend.ts';
import type { Json } from './talk/bend.ts';

const seeds = 11;
const messagesPerSeed = 10_000;
const people = ['a', 'b', 'c', 'd', 'e', 'm'];
/** Who says all this. The others only work. */
const mallory = 'm';

const hexRoot = (throws: Dice): string => throws.of(['a', 'b', 'c']).repeat(64);

/** What the simulated town knows: who holds what, so that lies are about things that exist. */
interface Town {
  readonly state: State;
  at: number;
  readonly held: { readonly device: string; readonly replica: number }[];
  readonly counts: { messages: number; malformed: number; refused: number; effects: number };
}

function town(): Town {
  const t: Town = {
    state: emptyState(),
    at: 1_700_000_000_000,
    held: [],
    counts: { messages: 0, malformed: 0, refused: 0, effects: 0 },
  };
  for (const device of people)
    run(t, {
      c: 'join',
      device,
      account: device.toUpperCase(),
      site: null,
      group: `g${device}`,
      role: 'volunteer',
    });
  refill(t);
  return t;
}

/** Open jobs, so that there is always something to attack. */
function refill(t: Town): void {
  while (t.state.jobs.size < 2) {
    run(t, { c: 'fund', account: 'r', amountMicro: 1e10 });
    run(t, {
      c: 'submit',
      requester: 'r',
      spec: specOf({
        units: 400,
        unitsPerChunk: 4,
        quorum: 2 + (t.state.nextJob % 2),
        agreement: t.state.nextJob % 2 === 0 ? 'exact' : 'tolerance',
      }),
    });
  }
}

function run(t: Town, command: Command): readonly Event[] | null {
  const decision = decide(t.state, command, t.at);
  if (isRefusal(decision)) return null;
  for (const event of decision) {
    evolve(t.state, event, t.at);
    if (event.e === 'leased')
      for (let i = 0; i < event.count; i++) t.held.push({ device: event.device, replica: event.lease + i });
  }
  return decision;
}

/** Honest people go on working meanwhile. */
function work(t: Town, throws: Dice): void {
  const device = throws.of(people);
  run(t, {
    c: 'ask',
    device,
    slot: {
      slot: throws.below(3),
      backend: throws.chance(300) ? 'webgpu' : 'wasm',
      rates: { 'weave@1': 1000 },
    },
    live: new Map(),
  });
  const mine = t.held[t.held.length - 1 - throws.below(Math.min(40, t.held.length))];
  if (mine !== undefined && mine.device !== mallory)
    run(t, {
      c: 'commit',
      device: mine.device,
      replica: mine.replica,
      root: 'a'.repeat(64),
      digests: '',
      stored: true,
      agrees: [],
    });
  if (throws.chance(20)) for (const lease of t.state.leases.keys()) run(t, { c: 'expire', lease });
  refill(t);
}

/** Replica numbers that mean something: mallory's own, other people's, and none at all. */
function replicaNumber(t: Town, throws: Dice): number {
  const recent = t.held.slice(-60);
  const own = recent.filter((h) => h.device === mallory);
  if (own.length > 0 && throws.chance(450)) return throws.of(own).replica;
  return recent.length > 0 && throws.chance(850) ? throws.of(recent).replica : throws.between(1, 5000);
}

function validWord(t: Town, throws: Dice): Json {
  switch (throws.below(4)) {
    case 0:
    case 1:
      return {
        t: 'giveBack',
        replicas: Array.from({ length: throws.between(1, 4) }, () => replicaNumber(t, throws)),
        why: throws.of(['paused', 'closing', 'failed']),
      };
    case 2:
      return {
        t: 'ask',
        slots: Array.from({ length: throws.between(1, 3) }, (_, slot) => ({
          slot,
          backend: throws.of(['wasm', 'webgpu']),
          rates: { 'weave@1': throws.of([1, 1000, 1e9]) },
        })),
      };
    default:
      return { t: 'chain', count: 1, hash: 'f'.repeat(64), signature: 'A'.repeat(86) };
  }
}

function validFrame(t: Town, throws: Dice): Uint8Array {
  const parts: CommitPart[] = Array.from({ length: throws.between(1, 3) }, () => {
    const lengths = throws.chance(500) ? [throws.below(30)] : null;
    const item: CommitItem = {
      replica: replicaNumber(t, throws),
      root: hexRoot(throws),
      digestBytes: 8,
      lengths,
    };
    return {
      item,
      digests: new Uint8Array(8),
      bytes: lengths === null ? null : new Uint8Array(lengths[0] ?? 0),
    };
  });
  return encodeCommit({ header: { t: 'commit', items: parts.map(({ item }) => item) }, parts });
}

/** What a decoded message asks for, in mallory's name: the connection says who speaks, never the message. */
function commandsOf(word: FromVolunteer): Command[] {
  switch (word.t) {
    case 'ask':
      return word.slots.map((slot) => ({ c: 'ask', device: mallory, slot, live: new Map() }));
    case 'giveBack':
      return [{ c: 'giveBack', device: mallory, replicas: word.replicas, why: word.why }];
    case 'returnAudits':
    case 'chain':
    case 'hello':
      return [];
    default:
      return word satisfies never;
  }
}

/** Decides a command of mallory's and looks at what it did to whom. */
function suffer(t: Town, command: Command): void {
  if (isRefusal(decide(t.state, command, t.at))) {
    t.counts.refused++;
    return;
  }
  const before = othersPhases(t.state);
  const events = run(t, command) ?? [];
  t.counts.effects++;
  let settled = 0;
  for (const event of events) {
    if (event.e === 'accepted') settled++;
    if ('device' in event && event.device !== mallory)
      expect.fail(`mallory made ${event.device} do ${event.e}`);
    if (!['leased', 'committed', 'returned', 'accepted', 'finished'].includes(event.e))
      expect.fail(`mallory caused ${event.e}`);
  }
  if (command.c !== 'commit' && settled > 0) expect.fail('only a commitment settles a chunk');
  const after = othersPhases(t.state);
  for (const [id, phase] of before) {
    const now = after.get(id);
    if (now === undefined && settled === 0) expect.fail(`mallory made replica ${id} of somebody else vanish`);
    if (now !== undefined && now !== phase) expect.fail(`mallory changed replica ${id} of somebody else`);
  }
}

/** The phases of everybody else's replicas, as the very objects that they are. */
function othersPhases(state: State): Map<number, ReplicaPhase> {
  const phases = new Map<number, ReplicaPhase>();
  for (const job of state.jobs.values())
    for (const chunk of job.chunks.values())
      for (const { id, device, phase } of chunk.replicas) if (device !== mallory) phases.set(id, phase);
  return phases;
}

function hearText(t: Town, text: string): void {
  const word = parse(fromVolunteer, text, limits.textBytesMax);
  if (isMalformed(word)) {
    t.counts.malformed++;
    expect(word.malformed.length).toBeLessThanOrEqual(200);
    return;
  }
  for (const command of commandsOf(word)) suffer(t, command);
}

function hearFrame(t: Town, bytes: Uint8Array): void {
  const frame = decodeCommit(bytes);
  if (isMalformed(frame)) {
    t.counts.malformed++;
    return;
  }
  for (const { item } of frame.parts)
    suffer(t, {
      c: 'commit',
      device: mallory,
      replica: item.replica,
      root: item.root,
      digests: '',
      stored: item.lengths !== null,
      agrees: [],
    });
}

describe(`[WR7] ${seeds * messagesPerSeed} hostile messages`, () => {
  test('are refused, or move the sender’s own work only', () => {
    const total = { messages: 0, malformed: 0, refused: 0, effects: 0 };
    for (let seed = 1; seed <= seeds; seed++) {
      const throws = dice(seed).fork('hostile');
      const t = town();
      const said: string[] = [];
      const sent: Uint8Array[] = [];
      for (let i = 0; i < messagesPerSeed; i++) {
        t.at += throws.below(50);
        t.counts.messages++;
        if (throws.chance(120)) work(t, throws);
        if (throws.chance(450)) {
          const valid = validFrame(t, throws);
          const frame =
            sent.length > 0 && throws.chance(80)
              ? throws.of(sent)
              : throws.chance(300)
                ? valid
                : mangle(throws, valid);
          if (sent.push(frame) > 50) sent.shift();
          hearFrame(t, frame);
        } else {
          const word = validWord(t, throws);
          const valid = JSON.stringify(word);
          const text = throws.of([
            () => valid,
            () => JSON.stringify(mutate(throws, word)),
            () => garble(throws, valid),
            () => (said.length > 0 ? throws.of(said) : valid),
          ])();
          if (said.push(text) > 50) said.shift();
          hearText(t, text);
        }
        if (i % 500 === 0) assertInvariants(t.state);
      }
      assertInvariants(t.state);
      for (const key of ['messages', 'malformed', 'refused', 'effects'] as const) total[key] += t.counts[key];
    }
    expect(total.messages).toBeGreaterThanOrEqual(100_000);
    // All three ways are well trodden, or this would prove little.
    expect(total.malformed).toBeGreaterThan(20_000);
    expect(total.refused).toBeGreaterThan(20_000);
    expect(total.effects).toBeGreaterThan(2_000);
  });

  test('a refused command leaves the state as it was, to the byte', () => {
    const throws = dice(99).fork('refusals');
    const t = town();
    for (let i = 0; i < 40; i++) work(t, throws);
    let refused = 0;
    for (let i = 0; i < 300; i++) {
      const before = freeze(t.state);
      const frame = decodeCommit(validFrame(t, throws));
      if (isMalformed(frame)) continue;
      for (const { item } of frame.parts) {
        const decision = decide(
          t.state,
          {
            c: 'commit',
            device: mallory,
            replica: item.replica,
            root: item.root,
            digests: '',
            stored: true,
            agrees: [],
          },
          t.at,
        );
        if (isRefusal(decision)) refused++;
      }
      expect(freeze(t.state)).toBe(before);
    }
    expect(refused).toBeGreaterThan(100);
  });
});
