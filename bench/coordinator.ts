/**
 * Asks what a coordinator costs beside the bare parts it is made of: SQLite without rules, `ws` without meaning.
 * The coordinator, with all its duties (sign-in, leases, replicate(2), digests, ledger, receipts, durable ticks),
 * runs in a process of its own; a thousand volunteers drive it from this one.
 *
 * node bench/coordinator.ts [--seconds N] [--rounds N] [--people N] [--json FILE]
 */
import process from 'node:process';
import { bareSqlite } from './coordinator/bare-sqlite.ts';
import { Crowd } from './coordinator/crowd.ts';
import { crowded, memory } from './coordinator/idle.ts';
import { madeUpOutput } from './coordinator/job.ts';
import { echoing, Measured } from './coordinator/measured.ts';
import type { Echo } from './coordinator/measured.ts';
import { median, quantile, report } from './measure.ts';
import type { Line } from './measure.ts';

const argument = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const seconds = argument('seconds', 5);
const rounds = argument('rounds', 3);
const people = argument('people', 1000);
const warmSeconds = 2;
const outputBytes = 16;
/** The large chunks' units. */
const largeUnits = 200;

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

interface Rate {
  readonly chunks: number;
  /** What volunteers said, a chunk at a time where a lease holds one, and was answered when it was durable. */
  readonly messages: number;
  /** Both ways: two answers may go in one. */
  readonly frames: number;
  readonly p99Ms: number;
  readonly storedFinal: number;
}

/** Settled chunks, messages and frames per second with everybody busy. `rateMilli` decides how many chunks a lease holds. */
async function settling(unitsPerChunk: number, rateMilli: number): Promise<Rate> {
  const measured = await Measured.start('coordinator-child.ts', String(unitsPerChunk));
  const crowd = new Crowd({
    url: `http://127.0.0.1:${measured.port}`,
    people,
    rateMilli,
    output: madeUpOutput,
  });
  await crowd.join();
  crowd.start();
  await sleep(warmSeconds * 1000);
  const before = await measured.ask();
  const { sent, received } = crowd;
  const at = performance.now();
  crowd.latenciesMs.length = 0;
  await sleep(seconds * 1000);
  const spent = (performance.now() - at) / 1000;
  const messages = (crowd.sent - sent) / spent;
  const frames = messages + (crowd.received - received) / spent;
  const after = await measured.ask();
  const p99Ms = quantile(crowd.latenciesMs, 0.99);
  crowd.stop();
  for (const [reason, count] of crowd.refusals)
    if (reason !== 'waiting-for-others') process.stderr.write(`refused ${count}×: ${reason}\n`);
  crowd.leave();
  await measured.end();
  return {
    chunks: (after.final - before.final) / spent,
    messages,
    frames,
    p99Ms,
    storedFinal: after.storedBytes / Math.max(1, after.final),
  };
}

/** Bytes that a chunk takes while one person has answered and nobody else is there. */
async function storedOpen(): Promise<number> {
  const measured = await Measured.start('coordinator-child.ts', '16');
  const before = (await measured.ask()).storedBytes;
  const lone = new Crowd({
    url: `http://127.0.0.1:${measured.port}`,
    people: 1,
    rateMilli: 8,
    output: madeUpOutput,
  });
  await lone.join();
  lone.start();
  await sleep(3_000);
  lone.stop();
  await sleep(300);
  const { storedBytes, open } = await measured.ask();
  lone.leave();
  await measured.end();
  return (storedBytes - before) / Math.max(1, open);
}

const one: Rate[] = [];
const eight: Rate[] = [];
const bare: number[] = [];
const echo: Echo[] = [];
for (let round = 0; round < rounds; round++) {
  bare.push(bareSqlite(seconds, 100, 16 * outputBytes, 16 * 8));
  one.push(await settling(16, 1));
  echo.push(await echoing(people, seconds, outputBytes));
  eight.push(await settling(16, 8));
}
const bareLarge: number[] = [];
const large: Rate[] = [];
for (let round = 0; round < rounds; round++) {
  bareLarge.push(bareSqlite(seconds, 100, largeUnits * outputBytes, largeUnits * 8));
  large.push(await settling(largeUnits, 1));
}
const weights: Awaited<ReturnType<typeof memory>>[] = [];
// Two more: what a process keeps of its garbage is chance.
for (let round = 0; round < rounds + 2; round++) weights.push(await memory(8_000));
const openBytes = await storedOpen();
const many = await crowded(10_000);
const of = <T>(runs: readonly T[], pick: (run: T) => number): number => median(runs.map(pick));
const bareSql = 'bare SQLite, lease and settle, 100 a transaction';
const lines: Line[] = [
  {
    what: 'verified chunks, one per message',
    unit: '/s',
    ours: of(one, (r) => r.chunks),
    reference: median(bare),
    beside: bareSql,
    goal: { atLeast: 0.3 },
  },
  {
    what: 'verified chunks, eight per message',
    unit: '/s',
    ours: of(eight, (r) => r.chunks),
    reference: median(bare),
    beside: bareSql,
    goal: { atLeast: 0.6 },
  },
  {
    what: 'messages of one chunk, answered when durable',
    unit: '/s',
    ours: of(one, (r) => r.messages),
    reference: of(echo, (r) => r.messages),
    beside: 'bare ws echo',
    goal: { atLeast: 0.3 },
  },
  {
    what: 'frames in and out',
    unit: '/s',
    ours: of(one, (r) => r.frames),
    reference: of(echo, (r) => 2 * r.messages),
    beside: 'bare ws echo',
    // Two answers in one frame say as much with less.
    goal: null,
  },
  {
    what: 'p99 from commit to the receipt that acknowledges it',
    unit: 'ms',
    ours: of(one, (r) => r.p99Ms),
    reference: of(echo, (r) => r.p99Ms),
    beside: 'bare ws echo',
    goal: null,
  },
  {
    what: `${largeUnits} units a chunk: units`,
    unit: '/s',
    ours: of(large, (r) => r.chunks) * largeUnits,
    reference: median(bareLarge) * largeUnits,
    beside: bareSql,
    goal: null,
  },
  {
    what: `${largeUnits} units a chunk: outputs`,
    unit: 'MB/s',
    ours: (of(large, (r) => r.chunks) * largeUnits * outputBytes) / 1e6,
    reference: (median(bareLarge) * largeUnits * outputBytes) / 1e6,
    beside: bareSql,
    goal: null,
  },
  {
    what: 'stored for a final chunk, log and outputs',
    unit: 'B',
    ours: of(one, (r) => r.storedFinal),
    reference: 16 * outputBytes,
    beside: 'its outputs alone',
    goal: null,
  },
  {
    what: 'stored for a chunk that one person has answered',
    unit: 'B',
    ours: openBytes,
    reference: 16 * outputBytes,
    beside: 'its outputs alone',
    goal: null,
  },
  {
    what: 'volunteers connected at once',
    unit: '',
    ours: many.connected,
    reference: 10_000,
    beside: 'who came',
    goal: { atLeast: 1 },
  },
  {
    what: 'volunteers signed in',
    unit: '/s',
    ours: many.perSecond,
    reference: many.barePerSecond,
    beside: 'bare ws connections opened',
    goal: null,
  },
  {
    what: 'memory of an idle volunteer',
    unit: 'B',
    ours: of(weights, (r) => r.ours),
    reference: of(weights, (r) => r.bare),
    beside: 'bare ws connection',
    goal: { atMost: 1.5 },
  },
];
report(
  `Coordinator: ${people} volunteers in another process, quorum 2, 16 units a chunk, medians of ${rounds} rounds of ${seconds} s`,
  lines,
);
process.exit();
