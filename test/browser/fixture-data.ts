/** Plausible views for tests of the pages: two jobs, a finished one, statuses and a leaderboard. Used by no product code. */
import { encode } from 'fast-png';
import type { FindingView, ObjectionWords } from '../../src/wire/objections.ts';
import type { JobView, LeaderboardRow, LeaderboardView, LiveView, StatusView } from '../../src/wire/views.ts';
import type { Judgement, Stitch, VolunteerView, WorkerView } from '../../src/volunteer/store.ts';
import { createVolunteerStore } from '../../src/volunteer/store.ts';
import { encodeInput } from '../../src/kernels/mersenne-tf/input.ts';

/** A fixed moment, so that pictures of the pages can be compared. */
export const noon = Date.UTC(2026, 10, 22, 12, 0, 0);

const hex = (seed: string): string => seed.repeat(64).slice(0, 64);

export const mersenneInput = encodeInput({ exponent: 20000047, kFrom: 400n, kPerUnit: 65536, units: 30000 });

export const here: LiveView = { people: 12, devices: 31, cores: 118, gpus: 7, rateMilli: 86_400 };

const common = {
  wgsl: hex('b'),
  unitsPerChunk: 40,
  unitCostMicro: 15_000,
  requester: 'the operator',
  quorum: 2,
  policy: 'audit',
  accepted: 0,
  paidMicro: 3_000_000,
  endedAt: null,
  submittedAt: noon - 3_600_000,
} as const;

/** The job on the loom: a trial factoring, a third woven. */
export const factoring: JobView = {
  ...common,
  job: 'j2',
  kernel: 'mersenne-tf@1',
  wasm: hex('a'),
  input: hex('c'),
  agreement: 'exact',
  units: 120_000,
  title: 'Does 2^20000047 − 1 have a small factor?',
  cause: 'For the search for Mersenne primes, which leaves this number out once a factor of it is known.',
  demonstration: false,
  state: 'open',
  chunks: 3000,
  free: 1752,
  leased: 118,
  committed: 64,
  final: 1066,
  settledByPeople: 1010,
  settledWithAnchor: 56,
  disputes: 1,
  priceMicro: 3_600_000_000,
  etaMs: 34 * 60_000,
  result: { picture: false, report: false, preview: false },
};

/** A picture half there. */
export const picture: JobView = {
  ...common,
  job: 'j3',
  kernel: 'path-trace@1',
  wasm: hex('d'),
  input: hex('e'),
  agreement: 'tolerance',
  units: 57_600,
  title: 'The bunny on the cloth',
  cause: 'Shows what many small machines can paint together.',
  demonstration: true,
  state: 'open',
  chunks: 1440,
  free: 600,
  leased: 60,
  committed: 30,
  final: 750,
  settledByPeople: 750,
  settledWithAnchor: 0,
  disputes: 0,
  priceMicro: 1_728_000_000,
  etaMs: 12 * 60_000,
  result: { picture: false, report: false, preview: true },
};

export const finished: JobView = {
  ...factoring,
  job: 'j1',
  title: 'Factors of 2^1061 − 1 below 2^40',
  cause: 'Tries out how neighbours verify each other.',
  demonstration: true,
  state: 'finished',
  submittedAt: noon - 9 * 3_600_000,
  endedAt: noon - 7 * 3_600_000,
  chunks: 600,
  free: 0,
  leased: 0,
  committed: 0,
  final: 600,
  settledByPeople: 588,
  settledWithAnchor: 12,
  disputes: 0,
  etaMs: null,
  result: { picture: false, report: true, preview: false },
};

export const finishedPicture: JobView = {
  ...picture,
  job: 'j4',
  title: 'The finished bunny',
  state: 'finished',
  endedAt: noon - 600_000,
  free: 0,
  leased: 0,
  committed: 0,
  final: 1440,
  settledByPeople: 1440,
  etaMs: null,
  result: { picture: true, report: false, preview: true },
};

export const report =
  'job j1 · mersenne-tf@1 · 2^1061 - 1\n600 of 600 chunks verified\n\nNo factor below 2^40.\n';

export function status(over: Partial<StatusView> = {}): StatusView {
  return {
    name: 'The village green',
    version: '0.1.0',
    protocol: 1,
    at: noon,
    coordinator: 'A'.repeat(43),
    settings: { loopbackExempt: false, anchorAfterMs: 30_000, anchorShare: 0.1 },
    live: here,
    head: { size: 18_204, root: hex('f') },
    witnesses: { count: 3, lastAt: noon - 60_000 },
    restored: null,
    storeFault: null,
    pausedKernels: [],
    kernels: [
      { id: 'mersenne-tf@1', wasm: hex('a'), wasmBytes: 4_312, wgsl: hex('b') },
      { id: 'path-trace@1', wasm: hex('d'), wasmBytes: 12_480, wgsl: hex('b') },
    ],
    ...over,
  };
}

/** A job of a million chunks, half woven. */
export const million: JobView = {
  ...factoring,
  job: 'j9',
  title: 'A million chunks of one big question',
  units: 40_000_000,
  chunks: 1_000_000,
  free: 499_000,
  leased: 700,
  committed: 300,
  final: 500_000,
  settledByPeople: 499_000,
  settledWithAnchor: 1_000,
  priceMicro: 1_200_000_000_000,
  etaMs: 19 * 24 * 3_600_000,
};

/** A picture of which the first `share` of the tiles is there: a glazed ball on linen. */
export function pictureOf(share: number): Uint8Array {
  const [width, height, tile] = [480, 270, 15];
  const data = new Uint8Array(width * height * 4);
  for (let at = 0; at < width * height; at++) {
    const [x, y] = [at % width, Math.floor(at / width)];
    const number = Math.floor(y / tile) * (width / tile) + Math.floor(x / tile);
    if ((Math.imul(number + 3, 2654435761) >>> 0) / 2 ** 32 > share) continue;
    const [dx, dy] = [(x - 240) / 95, (y - 150) / 95];
    const ball = dx * dx + dy * dy;
    const lit = ball < 1 ? 0.25 + 0.75 * Math.max(0, 0.8 * Math.sqrt(1 - ball) - 0.4 * dx - 0.5 * dy) : 0;
    const floor = 0.62 + (0.3 * y) / height - (y > 205 && Math.abs(dx) < 1.2 ? 0.18 : 0);
    const rgb =
      ball < 1 ? [60 * lit + 20, 105 * lit + 20, 160 * lit + 20] : [236 * floor, 224 * floor, 200 * floor];
    data.set([...rgb, 255], at * 4);
  }
  return encode({ width, height, data, channels: 4, depth: 8 });
}

/** Bins as a coordinator would say them: woven from the top, leases ahead, returned ones between. */
export function clothOf(job: JobView, bins: number, first = 0, end = job.chunks): Uint8Array {
  const bytes = new Uint8Array(bins * 3);
  for (let bin = 0; bin < bins; bin++) {
    const chunk = first + Math.floor((bin * (end - first)) / bins);
    const scatter = (Math.imul(chunk + 7, 2654435761) >>> 0) / 2 ** 32;
    const edge = job.final + job.committed + job.leased;
    if (chunk >= edge) continue;
    const fromEdge = (edge - chunk) / (2.2 * (job.committed + job.leased) + 1);
    const open = job.endedAt === null && scatter > fromEdge;
    const which = !open ? 2 : scatter < fromEdge + (1 - fromEdge) * 0.4 ? 1 : 0;
    bytes[bin * 3 + which] = 255;
  }
  return bytes;
}

const names = ['Ona', null, '阿梅', null, 'Søren from the workshop', null, null, 'Quispe', null, null];

export function leaderboard(count: number): LeaderboardView {
  const rows = Array.from({ length: count }, (_, i): LeaderboardRow => ({
    rank: i + 1,
    account: accountOf(i),
    name: names[i % names.length] ?? null,
    creditMicro: Math.round(48_211_930_000 / (i + 1) ** 1.3),
    chunks: Math.round(80_350 / (i + 1) ** 1.3),
    units: Math.round(3_214_000 / (i + 1) ** 1.3),
    lastAt: noon - i * i * 97_000,
  }));
  return { at: noon, accounts: count, rows };
}

/** An account id that is as good as any. */
export function accountOf(index: number): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  let seed = Math.imul(index + 1, 2246822519) >>> 0;
  let id = '';
  for (let i = 0; i < 16; i++) {
    seed = (Math.imul(seed ^ (seed >>> 13), 3266489917) + i) >>> 0;
    id += letters[(seed >>> 9) % 64] ?? 'A';
  }
  return id;
}

/** The volunteer's view before anything happened. */
export const fresh = (coresMax = 8, secure = true): VolunteerView =>
  createVolunteerStore(coresMax, secure).getState();

const core = (slot: number, over: Partial<WorkerView>): WorkerView => ({
  slot,
  backend: 'wasm',
  state: 'computing',
  job: 'j2',
  kernel: 'mersenne-tf@1',
  chunk: 1100 + slot * 7,
  unitsDone: 9 + slot * 6,
  unitsTotal: 40,
  unitMs: 14,
  queued: 11,
  auditing: 0,
  ...over,
});

const stitches = Array.from({ length: 90 }, (_, i): Stitch => ({
  job: 'j2',
  chunk: 200 + i * 9,
  state: 'final',
  at: noon - (90 - i) * 4000,
}));

/** Four cores and a graphics processor at work for a while. */
export const running: VolunteerView = {
  ...fresh(),
  phase: 'running',
  reason: null,
  connection: 'open',
  account: accountOf(3),
  device: accountOf(4),
  workers: [
    core(0, {}),
    core(1, {}),
    core(2, {}),
    core(3, { state: 'waiting', chunk: null, unitsDone: 0, job: null }),
    core(4, { backend: 'webgpu', chunk: 1190, unitsDone: 26 }),
  ],
  gpu: { state: 'on', name: 'Neighbour 3060' },
  units: 8_440,
  chunks: { computed: 211, committed: 204, final: 187, provisional: 12, lost: 1 },
  judged: null,
  finalWithAnchor: 9,
  credit: { pendingMicro: 6_400_000, vestedMicro: 1_243_120_000, sessionMicro: 112_200_000 },
  rateMilli: 6_240,
  outbox: 2,
  stitches,
  startedAt: noon - 400_000,
};

/** The same, once it has checked units of others, and while a core does. */
export const checking: VolunteerView = {
  ...running,
  checked: { audits: 3, units: 12, amountMicro: 180_000 },
  workers: running.workers.map((worker) => (worker.slot === 1 ? { ...worker, auditing: 4 } : worker)),
};

export const paused: VolunteerView = {
  ...running,
  phase: 'paused',
  reason: { why: 'paused-by-you' },
  workers: running.workers.map((worker) => ({ ...worker, state: 'paused' })),
};

/** An answer of this machine that was found wrong, as the volunteer hears it. */
export const judged: Judgement = {
  backend: 'wasm',
  consequence: 'suspend',
  job: 'j2',
  chunk: 1190,
  wrong: [9_520, 9_521],
  right: ['5'.repeat(64), 'a'.repeat(64)],
  untilMs: noon + 3_600_000,
};

/** The same as the coordinator tells it, with what was objected and answered. */
export function foundWrong(
  objection: Partial<ObjectionWords> | null,
  over: Partial<FindingView> = {},
): FindingView {
  const { answer = null, readmitted = false } = objection ?? {};
  const text = 'The memory of this machine was tested for a day.\nPlease look again.';
  const answeredAt = answer === null ? null : noon + 60_000;
  return {
    ...{ ...judged, claimed: ['c0ffee00'.repeat(2), 'd'.repeat(16)] },
    ...{ device: accountOf(4), at: noon, open: readmitted },
    objection: objection === null ? null : { at: noon + 1_000, text, answer, answeredAt, readmitted },
    ...over,
  };
}
