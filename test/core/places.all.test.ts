/** Checks who may take a place in a chunk, and when it is the anchor's [CH2] [CH10] [LS4] [LS8], for all small cases, against the words of docs/SPEC.md. */
import { describe, expect, test } from 'vitest';
import { mayStandBeside } from '../../src/core/placement.ts';
import { pick } from '../../src/core/schedule.ts';
import { emptyState } from '../../src/core/state.ts';
import type { Backend, Chunk, Device, Replica, ReplicaPhase, State } from '../../src/core/state.ts';
import { openChunk, wantingKeyOf } from '../../src/core/wanting.ts';
import { deviceOf, jobOf, now } from './handmade.ts';
import { kernel, slotOf, specOf } from './house.ts';

const leased: ReplicaPhase = { is: 'leased', deadline: 1 };
const expired: ReplicaPhase = { is: 'closed', why: 'expired' };
const returned: ReplicaPhase = { is: 'closed', why: 'returned' };
const answered: ReplicaPhase = { is: 'committed', root: 'x', stored: true, agrees: [] };
const held: readonly ReplicaPhase[] = [leased, answered];
const phases: readonly ReplicaPhase[] = [leased, answered, expired, returned];

function replicaOf(
  id: number,
  name: string,
  phase: ReplicaPhase,
  backend: Backend = 'wasm',
  group = `net-${name}`,
): Replica {
  // prettier-ignore
  return { id, lease: id, device: name, account: name.toUpperCase(), site: null, group, backend, beside: false, phase }; // prettier-ignore
}

const chunkWith = (replicas: readonly Replica[], over: Partial<Chunk> = {}): Chunk => ({ index: 0, openedAt: now, since: now, replicas, ...over }); // prettier-ignore

/** Everybody whose network the state knows: device `d1` is in network `n1`, and so on. */
function networked(): State {
  const state = emptyState();
  for (let i = 0; i <= 5; i++) state.devices.set(`d${i}`, deviceOf({ network: i === 0 ? '' : `n${i}` }));
  return state;
}

const halfHourMs = 1_800_000;
const wish = `wasm ${kernel}`;

describe('[CH2] networks', () => {
  test('nobody stands beside its own where four are live, unless all of these hold a place or half an hour is over: for all of up to five networks', () => {
    const state = networked();
    let [kept, full] = [0, 0];
    for (let live = 0; live < 32; live++)
      for (let holders = 0; holders < 64; holders++)
        for (let own = 0; own <= 5; own++)
          for (const phase of phases)
            for (const waitedMs of [0, halfHourMs - 1, halfHourMs]) {
              const all = [1, 2, 3, 4, 5];
              const there = all.filter((i) => (live >> (i - 1)) & 1);
              // One of those who hold a place may be of a network that is not known.
              const inChunk = [...all, 0].filter((i) => (holders >> ((i + 5) % 6)) & 1);
              const chunk = chunkWith(
                inChunk.map((i) => replicaOf(i, `d${i}`, phase)),
                { since: now - waitedMs },
              );
              const networks = { wanting: new Map([[wish, new Map(there.map((i) => [`n${i}`, 1]))]]), ofGroup: new Map() }; // prettier-ignore
              const isBeside = held.includes(phase) && own > 0 && inChunk.includes(own);
              const isFull = there.every((i) => inChunk.includes(i));
              const want = !(isBeside && there.length >= 4 && waitedMs < halfHourMs && !isFull);
              const name = own === 0 ? '' : `n${own}`;
              if (mayStandBeside(state, chunk, name, wish, { networks, at: now }) !== want)
                expect.fail(
                  `${own} beside ${inChunk.join()} of ${there.join()} after ${waitedMs}: not ${want}`,
                );
              if (!want) kept++;
              if (isBeside && there.length >= 4 && waitedMs < halfHourMs && want) full++;
            }
    expect(kept).toBeGreaterThan(500);
    expect(full).toBeGreaterThan(50);
  });

  test('they count for what is asked for alone, and where there is no table nobody is restricted', () => {
    const state = networked();
    const chunk = chunkWith([replicaOf(1, 'd1', leased)]);
    const four = new Map(['n1', 'n2', 'n3', 'n4'].map((name) => [name, 1]));
    for (const asked of [wish, `webgpu ${kernel}`, 'wasm other@1', ''])
      for (const counted of [wish, `webgpu ${kernel}`, 'wasm other@1'])
        for (const isKnown of [false, true]) {
          const networks = isKnown ? { wanting: new Map([[counted, four]]), ofGroup: new Map() } : undefined;
          const may = mayStandBeside(state, chunk, 'n1', asked, { networks, at: now });
          expect(may).toBe(!(isKnown && asked === counted));
        }
  });
});

/** Who is connected: an account, its group, and what it wants. */
type Live = readonly [account: string, group: string, wish: string];

/** What somebody is given of a job of one chunk that people have touched. */
function given(chunk: Chunk, who: Partial<Device>, live: readonly Live[] = [], tolerance = false): boolean {
  const state = emptyState();
  state.devices.set('me', deviceOf({ account: 'ME', group: 'net-me', committed: 9, ...who }));
  for (const { device } of chunk.replicas)
    state.devices.set(device, deviceOf({ role: device === 'anchor' ? 'anchor' : 'volunteer' }));
  const spec = specOf({ units: 8, quorum: 3, agreement: tolerance ? 'tolerance' : 'exact' });
  const job = { ...jobOf(1), spec };
  openChunk(job, chunk, wantingKeyOf(job, chunk));
  state.jobs.set('j1', job);
  const people = new Map(
    live.map(([account, group, wants]) => [account, new Map([[group, new Set([wants])]])]),
  );
  return typeof pick(state, 'me', slotOf(), { live: people, networks: undefined }, now) !== 'string';
}

describe('[CH2] [LS8] [CH10] a volunteer', () => {
  test('is given a chunk in which neither its account nor its group holds a place, and of which no lease of its ran out a minute ago', () => {
    for (const account of ['ME', 'OTHER'])
      for (const group of ['net-me', 'net-other', ''])
        for (const ownGroup of ['net-me', ''])
          for (const phase of phases)
            for (const waitedMs of [0, 59_999, 60_000]) {
              const other = { ...replicaOf(1, 'd1', phase, 'wasm', group), account };
              const chunk = chunkWith([other], { since: now - waitedMs });
              const isTaken =
                held.includes(phase) && (account === 'ME' || (group === ownGroup && group !== ''));
              const isLate = phase === expired && account === 'ME' && waitedMs < 60_000;
              expect(given(chunk, { group: ownGroup })).toBe(!isTaken && !isLate);
            }
  });

  test('is given none with eight answers that settle nothing, unless an anchor’s is among them', () => {
    for (let answers = 5; answers <= 9; answers++)
      for (const byAnchor of [false, true]) {
        const replicas = Array.from({ length: answers }, (_, i) => {
          const name = byAnchor && i === 4 ? 'anchor' : `d${i}`;
          return replicaOf(i + 1, name, { is: 'committed', root: `r${i}`, stored: true, agrees: [] });
        });
        expect(given(chunkWith(replicas), {})).toBe(answers < 8 || byAnchor);
        // An anchor may add its own, once it has waited.
        const waited = chunkWith(replicas, { since: now - 30_000 });
        expect(given(waited, { role: 'anchor' }, [['P', 'net-p', wish]])).toBe(answers >= 8);
      }
  });
});

describe('[LS4] an anchor', () => {
  test('takes what waited for 30 s and nobody there may join, or for 5 min, or what ran out and was opened 5 min ago: for all around these', () => {
    let taken = 0;
    for (const waitedMs of [0, 29_999, 30_000, 299_999, 300_000])
      for (const openedMs of [waitedMs, 299_999, 300_000])
        for (const phase of [answered, expired])
          for (const [account, group, wants, may] of [
            ['P', 'net-p', wish, true],
            // Its graphics processor helps under exact agreement.
            ['P', 'net-p', `webgpu ${kernel}`, true],
            ['P', 'net-p', 'wasm other@1', false],
            ['P', 'net-d2', wish, false],
            ['D2', 'net-x', wish, false],
            // Whose lease of it ran out is not waited for.
            ['D1', 'net-x', wish, false],
            ['P', '', wish, true],
          ] as const) {
            if (openedMs < waitedMs) continue;
            const chunk = chunkWith([replicaOf(1, 'd1', phase), replicaOf(2, 'd2', answered)], { since: now - waitedMs, openedAt: now - openedMs }); // prettier-ignore
            const isAlone = waitedMs >= 30_000 && !may;
            const want = isAlone || waitedMs >= 300_000 || (phase === expired && openedMs >= 300_000);
            const got = given(chunk, { role: 'anchor' }, [[account, group, wants]]);
            expect(got, `${waitedMs} ${openedMs} ${phase.is} ${account} ${group} ${wants}`).toBe(want);
            if (got) taken++;
          }
    expect(taken).toBeGreaterThan(50);
  });

  test('waits for nobody whose backend would not help: under tolerance a graphics processor beside none but its like', () => {
    for (const backend of ['wasm', 'webgpu'] as const)
      for (const wants of ['wasm', 'webgpu'] as const)
        for (const tolerance of [false, true]) {
          const chunk = chunkWith([replicaOf(1, 'd1', answered, backend)], { since: now - 30_000 });
          const helpful = !tolerance || wants === 'wasm' || backend === 'wasm';
          const got = given(chunk, { role: 'anchor' }, [['P', 'net-p', `${wants} ${kernel}`]], tolerance);
          expect(got).toBe(!helpful);
        }
  });

  test('takes nothing that nobody wants, and opens nothing', () => {
    const three = [1, 2, 3].map((i) => replicaOf(i, `d${i}`, leased));
    expect(given(chunkWith(three, { since: 0, openedAt: 0 }), { role: 'anchor' })).toBe(false);
    const state = emptyState();
    state.devices.set('me', deviceOf({ role: 'anchor' }));
    state.jobs.set('j1', { ...jobOf(4), free: [0, 4] });
    expect(pick(state, 'me', slotOf(), { live: new Map(), networks: undefined }, now)).toBe(
      'waiting-for-others',
    );
  });
});
