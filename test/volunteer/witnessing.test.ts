/** [LO9] A volunteer is a witness too: it countersigns what extends what it has accepted, seldom, and when nothing else is due. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RunningCoordinator } from '../../src/coordinator/coordinator.ts';
import { base64urlOf, makeKey, openKey } from '../../src/volunteer/crypto.ts';
import type { DeviceKey } from '../../src/volunteer/crypto.ts';
import type { KeptHead } from '../../src/volunteer/outbox.ts';
import { readWitnessed } from '../../src/volunteer/witness.ts';
import { cosignAfterMs, cosignEveryMs, toldBefore, Witnessing } from '../../src/volunteer/witnessing.ts';
import type { CosignaturesView } from '../../src/wire/views.ts';
import type { TreeHead } from '../../src/wire/volunteer.ts';
import { freshFolder, joinHouse, startHouse, submitJob, until } from './house.ts';

/** Signatures and imports take real time. */
const realTimeout = globalThis.setTimeout;

async function listOf({ url }: RunningCoordinator): Promise<CosignaturesView> {
  return (await (await fetch(`${url}/api/log/cosignatures`)).json()) as CosignaturesView;
}

it('[LO11] what an earlier visit was told is the newer of what it heard and what it countersigned', () => {
  const [head, told, newer] = [1, 2, 3].map((size) => ({ size, root: `${size}`.repeat(64) })) as [
    TreeHead,
    TreeHead,
    TreeHead,
  ];
  const of = (rest: Partial<KeptHead>) => toldBefore({ coordinator: 'C', head, ...rest });
  expect([toldBefore(null), of({}), of({ cosigned: { at: 1, head: null } })]).toEqual([null, null, null]);
  expect([of({ told }), of({ cosigned: { at: 1, head: newer } })]).toEqual([told, newer]);
  expect(of({ told, cosigned: { at: 1, head: newer } })).toBe(newer);
  expect(of({ told: newer, cosigned: { at: 1, head: told } })).toBe(newer);
});

describe('[LO9] a volunteer as a witness', () => {
  let house: RunningCoordinator;
  let coordinator: string;
  let key: DeviceKey;
  let asked: string[];
  let kept: KeptHead[];
  let idle: (() => void)[];
  /** Answers in the coordinator's place, by path; else it answers itself. */
  let instead: Readonly<Record<string, unknown>>;

  beforeEach(async () => {
    // Brought once, so that no test waits for it.
    await import('../../src/volunteer/witness-turn.ts');
    house = await startHouse({ webDir: null, graceMs: 0 });
    coordinator = house.house.keys.coordinator.publicText;
    key = await openKey(await makeKey(false));
    [asked, kept, idle, instead] = [[], [], [], {}];
    vi.stubGlobal('fetch', async (address: string, init?: RequestInit) => {
      const { pathname } = new URL(address);
      if (init?.signal?.aborted === true) throw new Error('aborted');
      asked.push(`${init?.method ?? 'GET'} ${pathname}`);
      if (pathname in instead) return Response.json(instead[pathname]);
      return house.fetch(new Request(address, init));
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  });
  afterEach(async () => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    await house.close();
  });

  const posts = (): number => asked.filter((one) => one.startsWith('POST')).length;

  async function grow(ticks = 2): Promise<KeptHead> {
    for (let i = 0; i < ticks; i++) await house.runtime.run({ c: 'fund', account: 'r', amountMicro: 1 });
    const { size = 0, root = '' } = house.runtime.head ?? {};
    return { coordinator, head: { size, root } };
  }

  function aWitnessing(withIdle = true): Witnessing {
    return new Witnessing({
      url: house.url,
      now: () => Date.now(),
      whenIdle: withIdle ? (work) => void idle.push(work) : null,
      keep: (one) => void kept.push(one),
    });
  }

  /** Lets so much time pass, and everything be done that then is: a turn asks three times, and a busy machine takes its time for each. */
  async function pass(ms: number): Promise<void> {
    await vi.advanceTimersByTimeAsync(ms);
    const [before, due] = [asked.length, idle.length > 0];
    for (const work of idle.splice(0)) work();
    const quiet = (): Promise<void> => new Promise((done) => realTimeout(done, 100));
    await quiet();
    for (let i = 0; due && i < 20 && asked.length % 3 !== before % 3; i++) await quiet();
  }

  it('countersigns with its device key some seconds after it accepted a head, when nothing else is due', async () => {
    const witnessing = aWitnessing();
    witnessing.accept(await grow(), key);
    await vi.advanceTimersByTimeAsync(cosignAfterMs - 1);
    expect([idle.length, asked]).toEqual([0, []]);
    await vi.advanceTimersByTimeAsync(1);
    // Nobody is idle yet.
    expect([idle.length, asked]).toEqual([1, []]);
    await grow(3);
    await pass(0);
    expect(asked).toEqual(['GET /api/log/head', 'GET /api/log/consistency', 'POST /api/log/cosignatures']);
    const { cosignatures, witnesses } = await listOf(house);
    expect(witnesses.count).toBe(1);
    expect(cosignatures).toHaveLength(1);
    const [said] = cosignatures;
    expect(said).toMatchObject({ witness: base64urlOf(key.publicKey), head: house.runtime.head });
    // Nothing but what [LO7] has.
    expect(Object.keys(said ?? {}).toSorted()).toEqual(['cosignature', 'head', 'seenAt', 'witness']);
    expect(await readWitnessed({ ...said, coordinator })).not.toHaveProperty('malformed');
    const { size, root } = said?.head ?? {};
    expect(kept.at(-1)?.cosigned).toEqual({ at: said?.seenAt, head: { size, root } });
  });

  it('does so at most once in ten minutes, over reloads too', async () => {
    const first = aWitnessing();
    first.accept(await grow(), key);
    await pass(cosignAfterMs);
    expect(posts()).toBe(1);
    first.accept(await grow(), key);
    await pass(60_000);
    first.rest();
    const second = aWitnessing();
    second.recall(kept.at(-1) ?? null);
    second.accept(await grow(), key);
    await pass(cosignEveryMs - 60_001);
    expect(posts()).toBe(1);
    await pass(1);
    expect(posts()).toBe(2);
    // Of another coordinator it has countersigned nothing yet.
    second.accept({ ...(await grow()), coordinator: 'C'.repeat(43) }, key);
    expect(kept.at(-1)).not.toHaveProperty('cosigned');
    second.rest();
    // A clock that was put back does not silence it for longer.
    const third = aWitnessing();
    third.recall({ ...(await grow()), cosigned: { at: Date.now() + 1e9, head: null } });
    third.accept(await grow(), key);
    await pass(cosignEveryMs);
    expect(posts()).toBe(3);
  });

  it('does not countersign what does not extend what it accepted, or is not signed', async () => {
    const before = await grow(4);
    await grow(2);
    for (const [accepted, answers] of [
      [{ ...before, head: { ...before.head, root: 'a'.repeat(64) } }, {}],
      [{ ...before, head: { size: 1_000, root: 'a'.repeat(64) } }, {}],
      [before, { '/api/log/head': { ...house.runtime.head, size: 5 } }],
      [before, { '/api/log/head': null }],
      [before, { '/api/log/consistency': { path: ['a'.repeat(64)] } }],
      [before, { '/api/log/consistency': 'no' }],
    ] as const) {
      instead = answers;
      const witnessing = aWitnessing();
      witnessing.accept(accepted, key);
      await pass(cosignAfterMs);
      witnessing.rest();
    }
    expect(posts()).toBe(0);
    expect(asked).toContain('GET /api/log/head');
    instead = {};
    const witnessing = aWitnessing();
    witnessing.accept(before, key);
    await pass(cosignAfterMs);
    expect(posts()).toBe(1);
  });

  it('does not countersign what does not extend its last countersignature, unless a restore it went on from lost that', async () => {
    const accepted = await grow(4);
    const last = { at: Date.now() - 1_000_000, head: { size: 3, root: 'a'.repeat(64) } };
    const stated = { kept: 2, root: 'b'.repeat(64), at: 1, signature: 'S'.repeat(86) };
    const gone = { before: last.head, stated, told: accepted.head };
    const restoredAt = (at: number): KeptHead => ({
      ...accepted,
      restores: { statedAt: 1, accepted: [{ ...gone, at }] },
    });
    for (const [head, expected] of [
      [accepted, 0],
      [restoredAt(last.at - 1), 0],
      [restoredAt(last.at + 1), 1],
    ] as const) {
      const witnessing = aWitnessing();
      witnessing.recall({ ...accepted, cosigned: last });
      witnessing.accept(head, key);
      await pass(cosignAfterMs);
      expect(posts()).toBe(expected);
      witnessing.rest();
    }
    expect(kept.at(-1)?.cosigned?.head?.size).toBe(house.runtime.head?.size);
  });

  it('signs nothing after the visit is over, nor where nobody is to be a witness', async () => {
    const resting = aWitnessing();
    resting.accept(await grow(), key);
    resting.rest();
    await pass(cosignEveryMs);
    const late = aWitnessing();
    late.accept(await grow(), key);
    await vi.advanceTimersByTimeAsync(cosignAfterMs);
    late.rest();
    await pass(cosignEveryMs);
    const nobody = aWitnessing(false);
    nobody.accept(await grow(), key);
    await pass(cosignEveryMs);
    expect(asked).toEqual([]);
    // What was accepted is kept in any case.
    expect(kept).toHaveLength(3);
  });

  it('from an empty log on', async () => {
    const witnessing = aWitnessing();
    witnessing.accept({ coordinator, head: { size: 0, root: 'a'.repeat(64) } }, key);
    await grow();
    await pass(cosignAfterMs);
    expect(posts()).toBe(1);
  });
});

it('[LO9] a headless volunteer’s countersignature arrives, once it has work', async () => {
  const house = await startHouse({ webDir: null, graceMs: 0 });
  const folder = freshFolder();
  try {
    await submitJob(house, house.operatorToken ?? '', { units: 20_000 });
    const volunteer = joinHouse(house.url, folder.path);
    await volunteer.actions.start({ text: 'yes', language: 'en' });
    await until(volunteer, ({ chunks }) => chunks.committed > 0);
    const end = Date.now() + 20_000;
    while ((await listOf(house)).witnesses.count === 0 && Date.now() < end)
      await new Promise((done) => setTimeout(done, 100));
    const { cosignatures } = await listOf(house);
    expect(cosignatures).toHaveLength(1);
    await volunteer.actions.finish();
  } finally {
    await house.close();
    folder.remove();
  }
}, 40_000);
