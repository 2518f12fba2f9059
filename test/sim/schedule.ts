/**
 * Measures the schedule against the fluid lower bound on a thousand unequal devices, half of which leave without
 * a word, and beside two plain policies: `npm run sim:schedule`. Ends with status 1 when a goal is missed.
 *
 * --seed N  another fleet;  --size N  devices (1000);  --json FILE  the figures, for bench/schedule.ts
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { chunkCostMicro } from '../../src/core/state.ts';
import type { Decision, Job, JobSpec, Slot, State } from '../../src/core/state.ts';
import { firstRun } from '../../src/core/intervals.ts';
import { mayJoin } from '../../src/core/chunk.ts';
import { fleet, fluidMs, kernel, offeredMs, ours, realWorkMs, run } from './fleet.ts';
import type { DeviceSpec, Outcome, Policy } from './fleet.ts';
import { dice } from './random.ts';
import { vanishMs } from './vanished.ts';
import type { VanishedFigures } from './vanished.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    size: { type: 'string', default: '1000' },
    json: { type: 'string' },
  },
});
const seed = Number(values.seed);
const size = Number(values.size);

/** What the schedule must reach in the first two scenarios. */
const goals = { makespan: 1.1, useful: 0.95, unequal: 0.05 };

function spec(chunks: number, quorum: number): JobSpec {
  return {
    kernel,
    wasm: '0'.repeat(64),
    wgsl: null,
    input: '1'.repeat(64),
    agreement: 'exact',
    units: chunks * 8,
    unitsPerChunk: 8,
    // The mean of what chunks really cost: 0.625 s of the reference core.
    unitCostMicro: 625_000 / 8,
    policy: { kind: 'replicate', quorum },
    weight: 1,
    title: 'schedule',
    cause: 'measuring',
    demonstration: true,
  };
}

/** Leases cut without looking at the device: `length` says how many chunks, `patienceMs` how long they are left alone. */
function plain(
  length: (state: State, job: Job) => number,
  patienceMs: (job: Job, chunks: number, rateMilli: number) => number,
): Policy {
  return (state: State, device: string, slot: Slot, at: number): Decision => {
    const { account, site, group } = state.devices.get(device) ?? { account: '', site: null, group: '' };
    const rateMilli = slot.rates[kernel] ?? 1;
    for (const job of state.jobs.values()) {
      const found =
        waiting(job, account, group, length(state, job)) ?? firstRun(job.free, length(state, job));
      if (found === null) continue;
      const [chunk, to] = found;
      const count = to - chunk;
      const deadline = at + Math.ceil(patienceMs(job, count, rateMilli));
      return [
        {
          e: 'leased',
          lease: state.nextReplica,
          job: job.id,
          chunk,
          count,
          device,
          account,
          site,
          slot: slot.slot,
          backend: slot.backend,
          rateMilli,
          deadline,
        },
      ];
    }
    return { refused: 'waiting-for-others' };
  };
}

/** The first run of chunks that wait for somebody else. */
function waiting(job: Job, account: string, group: string, max: number): [number, number] | null {
  for (const [author, chunks] of job.wanting) {
    if (author === account) continue;
    for (const first of chunks) {
      const free = (chunk: number): boolean =>
        chunks.has(chunk) &&
        mayJoin(
          job.chunks.get(chunk) ?? { index: chunk, openedAt: 0, since: 0, replicas: [] },
          account,
          group,
        );
      if (!free(first)) continue;
      let last = first + 1;
      while (last - first < max && free(last)) last++;
      return [first, last];
    }
  }
  return null;
}

const expectedMs = (job: Job, chunks: number, rateMilli: number): number =>
  (chunks * chunkCostMicro(job.spec, 0)) / rateMilli;
const slowestMilli = 30;
const fixedLength = 16;

/** First come, first served, 16 chunks a lease, one deadline for all: four times what the slowest device needs. */
const fifo = plain(
  () => fixedLength,
  (job, chunks) => 4 * expectedMs(job, chunks, slowestMilli),
);

/** Guided self-scheduling as it was published: what is left ÷ devices, whatever their speed; our deadlines. */
const guided = plain(
  (state, job) => {
    let left = job.wantingKey.size;
    for (let i = 0; i < job.free.length; i += 2)
      left += ((job.free[i + 1] as number) - (job.free[i] as number)) * job.spec.policy.quorum;
    return Math.max(1, Math.ceil(left / Math.max(1, state.devices.size)));
  },
  (job, chunks, rateMilli) => Math.min(1_800_000, 4 * expectedMs(job, chunks, rateMilli)),
);

interface Row {
  readonly what: string;
  readonly outcome: Outcome;
  readonly boundMs: number;
  /** Chunks of all its jobs. */
  readonly chunks: number;
}

/** One row as others may read it. Every time in ms; a makespan of null never ended. */
export interface ScheduleFigures {
  readonly what: string;
  readonly boundMs: number;
  readonly makespanMs: number | null;
  readonly usefulShare: number;
  readonly chunks: number;
  readonly finalChunks: number;
  readonly longestLeaseMs: number;
  /** Work of each job that was committed when the first of them was done, in ms of the reference core. */
  readonly servedMs: readonly number[];
  /** Of those who vanished within one second; null where nobody did. */
  readonly vanished: VanishedFigures | null;
}

const rows: Row[] = [];
const faults: string[] = [];

function measure(
  what: string,
  devices: readonly DeviceSpec[],
  jobs: readonly JobSpec[],
  policy: Policy,
  vanishingAt: number | null = null,
): Row {
  let work = 0;
  let chunks = 0;
  jobs.forEach((job, i) => {
    work += realWorkMs(`j${i + 1}`, job) * job.policy.quorum;
    chunks += job.units / job.unitsPerChunk;
  });
  const row: Row = {
    what,
    outcome: run({ devices, jobs, vanishingAt }, policy),
    boundMs: fluidMs(devices, work),
    chunks,
  };
  rows.push(row);
  const { outcome, boundMs } = row;
  const end =
    outcome.makespanMs < Infinity
      ? [
          (outcome.makespanMs / 60_000).toFixed(2),
          (outcome.makespanMs / boundMs).toFixed(3),
          outcome.usefulShare.toFixed(3),
        ]
      : ['never', '–', '–'];
  console.log(
    `| ${what.padEnd(58)} | ${(boundMs / 60_000).toFixed(2).padStart(9)} | ${(end[0] ?? '').padStart(9)} | ${(end[1] ?? '').padStart(8)} | ${(end[2] ?? '').padStart(8)} | ${String(outcome.leases).padStart(7)} |`,
  );
  if (policy === ours && outcome.finalChunks !== chunks)
    faults.push(`${what}: ${outcome.finalChunks} of ${chunks} chunks are final`);
  return row;
}

function goal(holds: boolean, sentence: string): void {
  console.log(`${holds ? 'met   ' : 'MISSED'}  ${sentence}`);
  if (!holds) faults.push(sentence);
}

/** The same fleet, with half of the compute that is there at `atMs` vanishing within the next second. */
function halfVanishing(devices: readonly DeviceSpec[], atMs: number): DeviceSpec[] {
  const throws = dice(seed).fork('vanishing');
  let toGo = devices.reduce((sum, d) => sum + (d.leavesAt > atMs ? d.rateMilli : 0), 0) / 2;
  const next = [...devices];
  while (toGo > 0) {
    const i = throws.below(next.length);
    const device = next[i] as DeviceSpec;
    if (device.leavesAt <= atMs + vanishMs) continue;
    next[i] = { ...device, leavesAt: atMs + throws.between(1, vanishMs) };
    toGo -= device.rateMilli;
  }
  return next;
}

const devices = fleet(seed, size);
/** Chunks that keep this fleet busy for about 26 minutes under quorum 2. */
const chunks = 450 * size;

console.log(
  `${size} devices, ${offeredMs(devices, 1).toFixed(0)} reference cores at the start, ${(offeredMs(devices, 600_001) - offeredMs(devices, 600_000)).toFixed(0)} after ten minutes; chunks of 0.25–1 s\n`,
);
console.log(
  `| ${'policy and scenario'.padEnd(58)} | bound/min | makespan  | ÷ bound  | ÷ offered | leases  |`,
);
console.log(`|${'-'.repeat(60)}|----------:|----------:|---------:|---------:|--------:|`);
const main = measure('ours, quorum 2', devices, [spec(chunks, 2)], ours);
measure('first come, 16 chunks, quorum 2', devices, [spec(chunks, 2)], fifo);
measure('guided self-scheduling, quorum 2', devices, [spec(chunks, 2)], guided);
const single = measure('ours, quorum 1', devices, [spec(2 * chunks, 1)], ours);
measure('first come, 16 chunks, quorum 1', devices, [spec(2 * chunks, 1)], fifo);
measure('guided self-scheduling, quorum 1', devices, [spec(2 * chunks, 1)], guided);
const short = measure('ours, quorum 2, over while devices still leave', devices, [spec(100 * size, 2)], ours);
measure('first come, quorum 2, over while devices still leave', devices, [spec(100 * size, 2)], fifo);
const two = measure(
  'ours, two equal jobs of quorum 2',
  devices,
  [spec(chunks / 2, 2), spec(chunks / 2, 2)],
  ours,
);
/** All as in the first scenario until half of the compute is gone. */
function vanishing(what: string, atMs: number): Row {
  return measure(
    `ours, half of the compute gone ${what}`,
    halfVanishing(devices, atMs),
    [spec(chunks, 2)],
    ours,
    atMs,
  );
}
const halfTime = vanishing('at half-time', main.boundMs / 2);
const lastMoment = vanishing('30 s before the end', main.boundMs - 30_000);

console.log('');
for (const { what, outcome, boundMs } of [main, single, short]) {
  goal(
    outcome.makespanMs <= goals.makespan * boundMs,
    `${what}: makespan ≤ ${goals.makespan.toFixed(2)} × the fluid lower bound`,
  );
  goal(outcome.usefulShare >= goals.useful, `${what}: useful ÷ offered ≥ ${goals.useful}`);
}
const [first = 0, second = 0] = two.outcome.servedMs;
goal(
  Math.abs(first - second) <= goals.unequal * Math.max(first, second),
  `two equal jobs: ${((100 * Math.abs(first - second)) / Math.max(first, second)).toFixed(2)} % apart when the first is done, ≤ 5 %`,
);
for (const { what, outcome, boundMs } of [halfTime, lastMoment]) {
  const delayMs = outcome.makespanMs - boundMs - (main.outcome.makespanMs - main.boundMs);
  const { vanished } = outcome;
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  goal(
    delayMs <= vanished.leftMs,
    `${what}: later by ${seconds(delayMs)} than the bound allows for, at most what was left of their longest lease (${seconds(vanished.leftMs)}; the longest of all was ${seconds(outcome.longestLeaseMs)})`,
  );
  goal(
    vanished.chunks > 0 && vanished.latestShare <= 1,
    `${what}: the ${vanished.chunks} chunks that they held are settled at most ${seconds(vanished.latestMs)} after the deadline of their lease, ${vanished.latestShare.toFixed(2)} of the time that a lease takes, ≤ 1`,
  );
}
goal(
  faults.every((fault) => !fault.includes('chunks are final')),
  'no chunk lost in any of them',
);
if (values.json !== undefined) {
  const figures = rows.map(({ what, boundMs, chunks: all, outcome }): ScheduleFigures => {
    const { makespanMs, usefulShare, finalChunks, longestLeaseMs, servedMs, vanished } = outcome;
    const ended = makespanMs < Infinity ? makespanMs : null;
    return {
      what,
      boundMs,
      makespanMs: ended,
      usefulShare,
      chunks: all,
      finalChunks,
      longestLeaseMs,
      servedMs,
      vanished: vanished.chunks > 0 ? vanished : null,
    };
  });
  writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`);
}
process.exitCode = faults.length > 0 ? 1 : 0;
