/** Plausible figures for tests of the page about checks; policies are reckoned by the coordinator's own rules. Used by no product code. */
import { strictTerms } from '../../src/core/audit.ts';
import { emptyState } from '../../src/core/state.ts';
import { checksOf, policyOf } from '../../src/coordinator/checks-view.ts';
import type { ChecksView } from '../../src/wire/views.ts';
import { factoring, noon, picture } from './fixture-data.ts';

const audits = { quorum: 1, ...strictTerms, verifyMilli: 120 } as const;
const certify = { kind: 'certify', quorum: 1, certificate: 'c'.repeat(64) } as const;
const certifyAndAudit = { ...certify, ...audits };

/** A coordinator where nothing was audited yet and nobody is. */
export const fresh = (): ChecksView =>
  checksOf(emptyState(), new Map(), { shared: false, anchored: true }, noon);

/** A week of work: two audits found a liar, one was an accident; two jobs open. */
export const busy = (): ChecksView => ({
  ...fresh(),
  made: {
    ...{ audits: 18_204, units: 61_377, mismatches: 3, secondCopies: 412 },
    ...{ voidedChunks: 96, suspended: 2, banned: 1 },
  },
  auditsByPeople: 11_402,
  sharedWithPeople: true,
  waiting: { audits: 7, since: noon - 4_200 },
  paid: {
    ...{
      workMicro: 28_412_300_000,
      secondMicro: 206_000_000,
      auditMicro: 918_400_000,
      recheckMicro: 41_200_000,
    },
    redundancy: (28_412.3 + 206 + 918.4) / 28_412.3,
  },
  chunks: { provisional: 1_204, final: 8_377 },
  identities: { tiers: [4, 9, 31], suspended: 1, banned: 1 },
  live: {
    ...{ people: 12, networks: 9, exempt: 0, places: 9, needed: 1 },
    ...{ tooFew: false, largestShare: 0.25, alarm: false },
    providers: { known: 10, providers: 6, needed: 4, places: true },
  },
  jobs: [
    {
      ...{ job: 'j2', title: factoring.title, units: 30_000_000, chunks: 750_000 },
      ...{ provisional: 900, final: 5_210, policy: policyOf({ kind: 'audit', ...audits }, 15_000) },
    },
    {
      ...{ job: 'j3', title: picture.title, units: 3_600, chunks: 900, provisional: 304, final: 401 },
      texts: { zh: { title: '一只兔子的画', cause: '看看许多小机器能一起画出什么。' } },
      policy: policyOf({ kind: 'adaptive', ...audits, windowUnits: 90, leaverUnits: 48 }, 15_000),
    },
    {
      ...{ job: 'j4', title: 'A sum that two people check', units: 8_000, chunks: 1_000 },
      ...{ provisional: 0, final: 120, policy: policyOf({ kind: 'replicate', quorum: 3 }, 15_000) },
    },
    {
      ...{ job: 'j5', title: 'A sum for a demonstration', units: 800, chunks: 100 },
      ...{ provisional: 0, final: 12, policy: policyOf({ kind: 'none', quorum: 1 }, 15_000) },
    },
    {
      ...{ job: 'j6', title: 'A search where a find counts', units: 40_000, chunks: 5_000 },
      ...{ provisional: 0, final: 77, policy: policyOf(certify, 15_000) },
    },
    {
      ...{ job: 'j7', title: 'A search that may find nothing', units: 40_000, chunks: 5_000 },
      ...{ provisional: 12, final: 80, policy: policyOf(certifyAndAudit, 15_000) },
    },
  ],
});

/** Most people come from one network, and one job misses a third person. */
export const crowded = (): ChecksView => ({
  ...busy(),
  sharedWithPeople: false,
  anchored: false,
  live: {
    ...{ people: 11, networks: 1, exempt: 1, places: 2, needed: 3 },
    ...{ tooFew: true, largestShare: 10 / 11, alarm: true },
    providers: null,
  },
});
