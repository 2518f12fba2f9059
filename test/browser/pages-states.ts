/** The states in which the pages are looked at by tests: what the coordinator says, and the volunteer. */
import type { Reason, VolunteerView } from '../../src/volunteer/store.ts';
import { ownRefusals } from '../../src/volunteer/store.ts';
import type { FindingView } from '../../src/wire/objections.ts';
import { byeReasons } from '../../src/wire/version.ts';
import * as data from './fixture-data.ts';
import type { Scene } from './fixture-server.ts';

/** The page that tries the pages, the list, and the account that is mine in it. */
export const harness = '/test/browser/pages-harness.html';
export const board = '/leaderboard.html';
export const me = data.accountOf(3);

/** What the coordinator says when nothing is wrong. */
export const calm = (): Scene => ({
  up: true,
  delayMs: 0,
  status: data.status(),
  jobs: [data.finished, data.factoring],
  leaderboard: data.leaderboard(40),
  accounts: {
    [me]: {
      account: me,
      name: null,
      rank: 4,
      pendingMicro: 0,
      vestedMicro: 7e9,
      chunks: 9,
      units: 9,
      firstAt: 1,
      sites: [],
    },
  },
});

/** A page with what coordinator and volunteer say to it. */
export interface State {
  readonly path?: string;
  readonly scene?: Partial<Scene>;
  readonly view?: Partial<VolunteerView>;
  /** What the coordinator says was found wrong of this device. */
  readonly found?: readonly FindingView[];
  /** The cloth is looked at from close by. */
  readonly closeBy?: true;
}

/** Every reason why nothing runs, but the one before Start. */
export const reasons: readonly Reason[] = [
  { why: 'preparing', step: 'testing' },
  { why: 'paused-by-you' },
  { why: 'finished-by-you' },
  { why: 'delivering' },
  { why: 'unreachable', retryAt: 0 },
  { why: 'offline' },
  { why: 'no-job-open' },
  { why: 'waiting-for-others' },
  { why: 'nothing-for-this-device' },
  { why: 'kernel-paused' },
  { why: 'suspended' },
  { why: 'banned' },
  { why: 'elsewhere' },
  { why: 'store-full' },
  { why: 'reload-needed' },
  { why: 'log-shrunk' },
  { why: 'restored', at: 1_790_000_000_000, kept: 17_002, remembered: 18_204 },
  ...[...byeReasons, ...ownRefusals].map((code): Reason => ({
    why: 'refused',
    code,
    detail: 'in raw words',
  })),
  { why: 'worker-restarting', retryAt: 0, detail: 'the worker ended' },
  { why: 'no-worker-works', detail: 'no WebAssembly SIMD' },
];

export const states: Readonly<Record<string, State>> = {
  'before Start': {},
  'before Start, a picture': { scene: { jobs: [data.finishedPicture, data.picture] } },
  'before Start, insecure': { path: `${harness}?secure=no&` },
  'before Start, no job, loopback exempt': {
    scene: {
      jobs: [],
      status: data.status({ settings: { loopbackExempt: true, anchorAfterMs: 1, anchorShare: 0 } }),
    },
  },
  'before Start, unreachable': { scene: { up: false } },
  'before Start, store full': { scene: { status: data.status({ storeFault: 'full' }) } },
  running: { view: data.running },
  'before Start, cloth from close by': { closeBy: true },
  'running, cloth of a million chunks from close by': {
    scene: { jobs: [data.million] },
    view: { ...data.running, stitches: [] },
    closeBy: true,
  },
  paused: { view: data.paused },
  'running, having checked others': { view: data.checking },
  'running, found wrong': { view: { ...data.running, judged: data.judged } },
  'sent away, objected': {
    view: { ...data.running, reason: { why: 'suspended' }, judged: data.judged },
    found: [data.foundWrong({ answer: null })],
  },
  'sent away twice, answered': {
    view: { ...data.running, reason: { why: 'banned' } },
    found: [
      data.foundWrong({ answer: 'It was our engine:\nwe are sorry.', readmitted: true }),
      data.foundWrong(null, { backend: 'webgpu', chunk: 12, untilMs: null, claimed: null }),
    ],
  },
  finished: { view: { ...data.running, phase: 'finished', reason: { why: 'finished-by-you' }, workers: [] } },
  'no GPU': { view: { ...data.running, gpu: { state: 'absent', why: 'no-webgpu' } } },
  'leaderboard, full': { path: `${board}?` },
  'leaderboard, mine': { path: `${board}#${me}` },
  'leaderboard, empty': { path: `${board}?`, scene: { leaderboard: data.leaderboard(0) } },
};
