/** Does the page about checks count what happened, price what a policy costs, and say when one network holds too much? */
import { afterEach, describe, expect, test } from 'vitest';
import { strictTerms } from '../../src/core/audit.ts';
import type { LiveNetworks, LivePeople } from '../../src/core/state.ts';
import {
  ChecksBoard,
  checksOf,
  networksOf,
  outvotedShare,
  policyOf,
} from '../../src/coordinator/checks-view.ts';
import type { ChecksView } from '../../src/wire/views.ts';
import { ask, commit, commitCommand, house, join, nobody, slotOf, specOf, submit } from '../core/house.ts';
import type { House } from '../core/house.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';

const terms = { quorum: 1, windowUnits: 16, leaverUnits: 8, verifyMilli: 2_000 } as const;
const audited = specOf({ policy: { kind: 'audit', ...terms } });
const adaptive = { kind: 'adaptive', ...terms } as const;
/** A chunk of that job, and one unit of it, in microcredits. */
const [chunkMicro, unitMicro] = [1_000_000, 125_000];

/** A house with one audited job, people a, b, … and the operator's anchor. */
function auditedHouse(names: string): House {
  const h = house();
  for (const name of names) join(h, name);
  join(h, 'anchor', { account: 'anchor', role: 'anchor' });
  h.must({ c: 'fund', account: 'r', amountMicro: 1e9 });
  submit(h, audited);
  return h;
}

/** Commits a chunk of which every unit is drawn. */
function commitDrawn(h: House, name: string, root = `root of ${name}`, slot = 0): void {
  const command = commitCommand(name, ask(h, name, slotOf({ slot })).lease, root);
  if (command.c === 'commit') h.must({ ...command, words: [0, 0] });
}

/** The same, and has it audited. */
function commitAndAudit(h: House, name: string, wrong: readonly number[]): void {
  commitDrawn(h, name);
  const [audit] = h.state.audits.values();
  h.must({ c: 'audit', audit: audit?.id ?? 0, device: 'anchor', wrong, right: wrong.map(() => 'ab') });
}

const viewOf = (h: House, live: LivePeople = nobody): ChecksView =>
  checksOf(h.state, live, { shared: false, anchored: true }, h.now());

describe('what came of checking', () => {
  test('is nothing in a house where nothing happened', () => {
    const view = viewOf(house());
    expect(view.made).toEqual({
      ...{ audits: 0, units: 0, mismatches: 0, secondCopies: 0, voidedChunks: 0, suspended: 0, banned: 0 },
    });
    expect(view.waiting).toEqual({ audits: 0, since: null });
    expect(view.paid).toEqual({
      workMicro: 0,
      secondMicro: 0,
      auditMicro: 0,
      recheckMicro: 0,
      redundancy: null,
    });
    expect(view.chunks).toEqual({ provisional: 0, final: 0 });
    expect(view.identities).toEqual({ tiers: [0, 0, 0], suspended: 0, banned: 0 });
    expect(view.jobs).toEqual([]);
    expect(view.offers.map(({ kind }) => kind)).toEqual([
      'none',
      'certify',
      'audit',
      'adaptive',
      'replicate',
    ]);
  });

  test('is counted: what waits, what was right, what was wrong, what it cost', () => {
    const h = auditedHouse('ab');
    commitDrawn(h, 'a');
    expect(viewOf(h)).toMatchObject({
      waiting: { audits: 1, since: h.now() },
      chunks: { provisional: 1, final: 0 },
      paid: { workMicro: chunkMicro, secondMicro: 0, auditMicro: 0, recheckMicro: 0, redundancy: 1 },
      identities: { tiers: [1, 0, 0], suspended: 0, banned: 0 },
    });
    h.wait(1_000);
    h.must({ c: 'audit', audit: 1, device: 'anchor', wrong: [], right: [] });
    commitAndAudit(h, 'b', [9]);
    h.must({ c: 'void', device: 'b', backend: 'wasm' });
    expect(viewOf(h)).toMatchObject({
      made: { audits: 2, units: 16, mismatches: 1, voidedChunks: 1, suspended: 1, banned: 0 },
      waiting: { audits: 0, since: null },
      chunks: { provisional: 1, final: 0 },
      paid: {
        workMicro: 2 * chunkMicro,
        auditMicro: 16 * unitMicro,
        redundancy: 2,
      },
      identities: { tiers: [1, 0, 0], suspended: 1, banned: 0 },
    });
  });

  test('has newcomers’ second copies, who is known by now, and nothing of jobs without audits', () => {
    const h = house();
    for (const name of 'ab') join(h, name);
    h.must({ c: 'fund', account: 'r', amountMicro: 1e9 });
    const plain = house();
    for (const name of 'ab') join(plain, name);
    submit(plain, specOf({ units: 800 }));
    submit(h, specOf({ units: 800, policy: adaptive }));
    // Leases grow, and of a newcomer's no more is computed twice than makes it known.
    while (h.state.checks.secondCopies < 4)
      for (const name of 'ab') {
        const { lease, count } = ask(h, name);
        for (let i = 0; i < count; i++)
          h.must({ ...commitCommand(name, lease + i, 'same', { words: [0, 0] }) });
      }
    for (let chunk = 0; chunk < 4; chunk++)
      for (const name of 'ab') commit(plain, name, ask(plain, name, slotOf({ slot: chunk })).lease);
    expect(viewOf(h)).toMatchObject({
      made: { audits: 0, secondCopies: 4 },
      waiting: { audits: 4 },
      chunks: { provisional: 4, final: 0 },
      paid: { workMicro: 4 * chunkMicro, secondMicro: 4 * chunkMicro, redundancy: 2 },
      // Four seconds of accepted work end a newcomer's time.
      identities: { tiers: [0, 2, 0] },
    });
    expect(viewOf(plain)).toMatchObject({
      made: { secondCopies: 0 },
      chunks: { provisional: 0, final: 4 },
      paid: { redundancy: null },
      identities: { tiers: [0, 0, 0] },
    });
  });
});

describe('a policy', () => {
  test('of audits has the bound of the rules and a price that falls with the stay', () => {
    const policy = policyOf({ kind: 'audit', quorum: 1, ...strictTerms, verifyMilli: 100 }, 5_000);
    expect(policy.terms).toEqual({ ...strictTerms, auditedMin: 12_000, anchors: 0.25 });
    // 0.2 ÷ (e × 12,000 × 0.8) ÷ (1/4 + 3/4 × 0.8), by hand.
    expect(policy.risks.map(({ hostile }) => hostile)).toEqual([0.05, 0.2, 0.4]);
    expect(policy.risks[1]?.share).toBeCloseTo(9.0167e-6, 9);
    // All of a minute's visitor is recomputed; 68 s one in 64 and the rest one in 128 of who stays four hours.
    expect(policy.prices.map(({ times }) => times)).toEqual([
      2,
      1 + 60 / 2_100,
      1 + (68 / 64 + (14_400 - 68) / 128) / 14_400,
    ]);
    const beside = policyOf({ kind: 'adaptive', quorum: 1, ...strictTerms, verifyMilli: 100 }, 5_000);
    expect(beside.prices[1]?.times).toBeCloseTo(1 + (60 + 4) / 2_100, 12);
    expect(beside.risks).toEqual(policy.risks);
  });

  test('whose leavers are looked at more than those who stay has the bound of the fewer', () => {
    const few = { windowUnits: 500, leaverUnits: 4_000 };
    expect(policyOf({ ...adaptive, ...few }, 5_000).terms?.auditedMin).toBe(500);
  });

  test('of people costs so many times the work, and falls to those who conspire', () => {
    const policy = policyOf({ kind: 'replicate', quorum: 2 }, 5_000);
    expect([policy.terms, policy.prices.map(({ times }) => times)]).toEqual([null, [2, 2, 2]]);
    // Two of three: as `npm run sim:verify` prints it beside, 7.2e-3, 1.0e-1, 3.5e-1.
    expect(policy.risks.map(({ share }) => share.toPrecision(4))).toEqual(['0.007250', '0.1040', '0.3520']);
    expect(outvotedShare(0.2, 1)).toBeCloseTo(0.2, 12);
    // By hand: 3 of at most 5, each of the three ways to fill the places before the last.
    expect(outvotedShare(0.2, 3)).toBeCloseTo(0.2 ** 3 * (1 + 3 * 0.8 + 6 * 0.64), 12);
    expect(policyOf({ kind: 'none', quorum: 1 }, 5_000)).toMatchObject({ risks: [], terms: null });
    const certify = { kind: 'certify', quorum: 1, certificate: 'c'.repeat(64) } as const;
    expect(policyOf(certify, 5_000)).toMatchObject({ kind: 'certify', risks: [], terms: null });
    // Where the rest is audited, it costs and leaves open what audits do.
    const both = { ...certify, ...strictTerms, verifyMilli: 100 };
    const audit = { kind: 'audit', quorum: 1, ...strictTerms, verifyMilli: 100 } as const;
    expect(policyOf(both, 5_000)).toEqual({ ...policyOf(audit, 5_000), kind: 'certify' });
  });
});

describe('networks', () => {
  const able = new Set(['wasm weave@1']);
  const liveOf = (groups: readonly (readonly string[])[]): LivePeople =>
    new Map(groups.map((own, i) => [`P${i}`, new Map(own.map((group) => [group, able]))]));

  test('are counted, and too few where a chunk needs more people than could take it', () => {
    expect(networksOf(nobody, 0)).toEqual({
      ...{ people: 0, networks: 0, exempt: 0, places: 0, needed: 0 },
      ...{ tooFew: false, largestShare: null, alarm: false },
      providers: null,
    });
    expect(networksOf(liveOf([['1'], ['1'], ['1']]), 2)).toMatchObject({
      networks: 1,
      places: 1,
      tooFew: true,
    });
    expect(networksOf(liveOf([['1'], ['1'], ['2']]), 2)).toMatchObject({ places: 2, tooFew: false });
    // One person with devices in two networks is one person.
    expect(networksOf(liveOf([['1', '2']]), 2)).toMatchObject({ networks: 2, places: 1, tooFew: true });
    // On the coordinator's own machine, each browser counts, and none is in a network.
    expect(networksOf(liveOf([[''], ['']]), 2)).toMatchObject({
      ...{ networks: 0, exempt: 2, places: 2, tooFew: false, largestShare: null, alarm: false },
    });
  });

  test('alarm when one holds more than half, of eight people at least', () => {
    const people = (here: number, elsewhere: number): LivePeople =>
      liveOf([
        ...Array.from({ length: here }, () => ['1']),
        ...Array.from({ length: elsewhere }, (_, i) => [`other ${i}`]),
      ]);
    expect(networksOf(people(4, 4), 1)).toMatchObject({ largestShare: 0.5, alarm: false });
    expect(networksOf(people(5, 3), 1)).toMatchObject({ largestShare: 0.625, alarm: true });
    expect(networksOf(people(7, 0), 1)).toMatchObject({ largestShare: 1, alarm: false });
  });

  test('providers are counted where there is a table of them, and whether people are placed by them', () => {
    const live = liveOf([['1'], ['2'], ['3', '9'], ['4'], ['']]);
    const knownOf = (of: Record<string, string>): LiveNetworks => {
      const ofGroup = new Map(Object.entries(of));
      const counts = new Map([...ofGroup.values()].map((network) => [network, 1]));
      return { ofGroup, wanting: new Map([['wasm weave@1', counts]]) };
    };
    const viewed = (of: Record<string, string>) => networksOf(live, 1, knownOf(of)).providers;
    expect(viewed({})).toEqual({ known: 0, providers: 0, needed: 4, places: false });
    expect(viewed({ 1: 'a', 2: 'a', 3: 'b', 9: 'c' })).toEqual({
      ...{ known: 3, providers: 3, needed: 4, places: false },
    });
    expect(viewed({ 1: 'a', 2: 'd', 3: 'b', 9: 'c' })).toMatchObject({ providers: 4, places: true });
  });

  test('needed are as many as the open job that asks most', () => {
    const h = auditedHouse('a');
    expect(viewOf(h).live).toMatchObject({ needed: 1, tooFew: true });
    submit(h, specOf({ policy: adaptive }));
    expect(viewOf(h).live.needed).toBe(2);
    submit(h, specOf({ quorum: 3 }));
    expect(viewOf(h).live.needed).toBe(3);
  });
});

test('a view is made anew after two seconds, from the state of then', () => {
  const h = house();
  let at = 1_000;
  const board = new ChecksBoard({
    state: () => h.state,
    live: nobody,
    isShared: () => false,
    isAnchored: () => true,
    now: () => at,
  });
  const first = board.view();
  submit(h);
  expect(board.view()).toBe(first);
  at += 2_000;
  expect(board.view().jobs).toHaveLength(1);
});

describe('over HTTP', () => {
  let running: Started | null = null;
  afterEach(async () => {
    await running?.close();
    running = null;
  });

  test('all may read it, and the metrics tell of networks', async () => {
    running = await started();
    const job = await running.job({ quorum: 2 });
    const answer = await running.call('/api/checks');
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const view = (await answer.json()) as ChecksView;
    expect(view.jobs).toMatchObject([
      { job: job.job, title: 'a test', policy: { kind: 'replicate', quorum: 2, terms: null } },
    ]);
    expect(view.rules).toMatchObject({ oneIn: [64, 64, 128], probationMicro: 4e6, suspendedMs: 3_600_000 });
    const text = await running.house.metrics.text();
    expect(text).toMatch(/^talka_network_share_max 0$/m);
    expect(text).toMatch(/^talka_network_alarm 0$/m);
  });
});
