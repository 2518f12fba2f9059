/**
 * Asks what it costs to check by audits: a coordinator under `audit` beside bare SQLite that leases and settles with one answer a
 * chunk, and what drawing units and taking an auditor's answer cost the rules, beside one row that SQLite inserts.
 *
 * node bench/audit.ts [--seconds N] [--rounds N] [--people N] [--json FILE]
 */
import process from 'node:process';
import { strictTerms, wordsForAny } from '../src/core/audit.ts';
import { evolve } from '../src/core/evolve.ts';
import { decide } from '../src/core/machine.ts';
import { emptyState, isRefusal } from '../src/core/state.ts';
import type { Command, Event, JobSpec, State } from '../src/core/state.ts';
import { bareInserts, bareSqlite } from './coordinator/bare-sqlite.ts';
import { Crowd } from './coordinator/crowd.ts';
import { madeUpOutput } from './coordinator/job.ts';
import { crowded, memory } from './coordinator/idle.ts';
import { echoing, Measured } from './coordinator/measured.ts';
import type { Echo } from './coordinator/measured.ts';
import { median, quantile, report } from './measure.ts';

const argument = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const seconds = argument('seconds', 5);
const rounds = argument('rounds', 3);
const people = argument('people', 1000);
const outputBytes = 16;
const unitsPerChunk = 16;
const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Of units that are said to cost ten thousand times as much, so many chunks a person make the record that else takes a minute [TR2]. */
const costlyChunks = 2;

interface Rate {
  readonly chunks: number;
  readonly audits: number;
  /** What volunteers said, a chunk at a time where a lease holds one, and was answered when it was durable. */
  readonly messages: number;
  /** Both ways: two answers may go in one. */
  readonly frames: number;
  /** From a commitment to its acknowledgement. */
  readonly p99Ms: number;
}

/**
 * Provisional chunks, audits, messages and frames per second, everybody busy and the auditor keeping up. Of people in their
 * first minute one unit in 64 is drawn, of those with a record one in 128.
 */
async function settling(chunksPerLease: number, who: 'known' | 'new'): Promise<Rate> {
  const measured = await Measured.start(
    'coordinator-child.ts',
    String(unitsPerChunk),
    'audit',
    String(who === 'known' ? costlyChunks * people : 0),
  );
  const crowd = new Crowd({
    url: `http://127.0.0.1:${measured.port}`,
    people,
    rateMilli: chunksPerLease,
    output: madeUpOutput,
  });
  await crowd.join();
  crowd.start();
  while ((await measured.ask()).final === 0) await sleep(250);
  // The known have had another job before, whose end left each with one lease.
  if (who === 'known') crowd.askAhead();
  await sleep(2_000);
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
  crowd.leave();
  await measured.end();
  return {
    chunks: (after.final - before.final) / spent,
    audits: (after.audits - before.audits) / spent,
    messages,
    frames,
    p99Ms,
  };
}

/** A job in the rules alone, with one device that has begun. */
function begun(policy: JobSpec['policy']): { state: State; run: (command: Command) => readonly Event[] } {
  const state = emptyState();
  const run = (command: Command): readonly Event[] => {
    const decision = decide(state, command, 1);
    if (isRefusal(decision)) throw new Error(`${command.c}: ${decision.refused}`);
    for (const event of decision) evolve(state, event, 1);
    return decision;
  };
  const hash = 'a'.repeat(64);
  const spec: JobSpec = {
    ...{
      kernel: 'k@1',
      wasm: hash,
      wgsl: null,
      input: hash,
      agreement: 'exact',
      units: 2 ** 30,
      unitsPerChunk,
    },
    ...{ unitCostMicro: 5_000, policy, weight: 1, title: 't', cause: 'c', demonstration: false },
  };
  run({ c: 'fund', account: 'r', amountMicro: 2 ** 52 });
  run({ c: 'submit', requester: 'r', spec });
  for (const [device, role] of [
    ['d', 'volunteer'],
    ['a', 'anchor'],
  ] as const)
    run({ c: 'join', device, account: device, site: null, group: '', role });
  return { state, run };
}

/** Microseconds that the rules take for each commitment, and for each answer of an auditor. */
function deciding(policy: JobSpec['policy'], commits: number): { commitMicros: number; auditMicros: number } {
  const { state, run } = begun(policy);
  const slot = { slot: 0, backend: 'wasm', rates: { 'k@1': 1_000_000 } } as const;
  const words = new Uint32Array(wordsForAny(unitsPerChunk));
  let commitMs = 0;
  for (let done = 0; done < commits;) {
    const [leased] = run({ c: 'ask', device: 'd', slot, live: new Map() });
    if (leased?.e !== 'leased') throw new Error('no lease');
    for (let i = 0; i < leased.count; i++, done++) {
      crypto.getRandomValues(words);
      const root = String(done);
      const at = performance.now();
      run({
        ...{ c: 'commit', device: 'd', replica: leased.lease + i, root, digests: '', stored: true },
        ...{ agrees: [], words },
      });
      commitMs += performance.now() - at;
    }
  }
  const audits = [...state.audits.keys()];
  const at = performance.now();
  for (const audit of audits) run({ c: 'audit', audit, device: 'a', wrong: [], right: [] });
  return {
    commitMicros: (1000 * commitMs) / commits,
    auditMicros: (1000 * (performance.now() - at)) / Math.max(1, audits.length),
  };
}

const audit = { kind: 'audit', quorum: 1, ...strictTerms, verifyMilli: 300 } as const;
const plain = { kind: 'none', quorum: 1 } as const;
const bare: number[] = [];
const one: Rate[] = [];
const eight: Rate[] = [];
const newcomers: Rate[] = [];
const echo: Echo[] = [];
const weights: Awaited<ReturnType<typeof memory>>[] = [];
const inserts: number[] = [];
const drawn: number[] = [];
const undrawn: number[] = [];
const answered: number[] = [];
for (let round = 0; round < rounds; round++) {
  bare.push(bareSqlite(seconds, 100, unitsPerChunk * outputBytes, unitsPerChunk * 8, 1));
  one.push(await settling(1, 'known'));
  newcomers.push(await settling(1, 'new'));
  echo.push(await echoing(people, seconds, outputBytes));
  eight.push(await settling(8, 'known'));
  weights.push(await memory(8_000, 'audit'));
  inserts.push(1e6 / bareInserts(seconds / 5));
  const audited = deciding(audit, 50_000);
  drawn.push(audited.commitMicros);
  answered.push(audited.auditMicros);
  undrawn.push(deciding(plain, 50_000).commitMicros);
}
// What a process keeps of its garbage is chance.
for (let round = 0; round < 2; round++) weights.push(await memory(8_000, 'audit'));
const many = await crowded(10_000, 'audit');
const bareSql = 'bare SQLite, lease and settle one answer, 100 a transaction';
const insert = 'one durable insert of SQLite';
report('Checking by audits', [
  {
    what: 'provisional chunks under audit, one per message',
    unit: '/s',
    ours: median(one.map(({ chunks }) => chunks)),
    reference: median(bare),
    beside: bareSql,
    goal: { atLeast: 0.3 },
  },
  {
    what: 'provisional chunks under audit, eight per message',
    unit: '/s',
    ours: median(eight.map(({ chunks }) => chunks)),
    reference: median(bare),
    beside: bareSql,
    goal: { atLeast: 0.6 },
  },
  {
    what: 'messages of one chunk under audit, answered when durable',
    unit: '/s',
    ours: median(one.map(({ messages }) => messages)),
    reference: median(echo.map(({ messages }) => messages)),
    beside: 'bare ws echo',
    goal: { atLeast: 0.3 },
  },
  {
    what: 'frames in and out under audit',
    unit: '/s',
    ours: median(one.map(({ frames }) => frames)),
    reference: median(echo.map(({ messages }) => 2 * messages)),
    beside: 'bare ws echo',
    // Two answers in one frame say as much with less.
    goal: null,
  },
  {
    what: 'p99 from commit to the receipt that acknowledges it under audit',
    unit: 'ms',
    ours: median(one.map(({ p99Ms }) => p99Ms)),
    reference: median(echo.map(({ p99Ms }) => p99Ms)),
    beside: 'bare ws echo',
    goal: null,
  },
  {
    what: 'volunteers connected at once under audit',
    unit: '',
    ours: many.connected,
    reference: 10_000,
    beside: 'who came',
    goal: { atLeast: 1 },
  },
  {
    what: 'memory of an idle volunteer under audit',
    unit: 'B',
    ours: median(weights.map(({ ours }) => ours)),
    reference: median(weights.map((weight) => weight.bare)),
    beside: 'bare ws connection',
    goal: { atMost: 1.5 },
  },
  {
    what: 'audits answered meanwhile',
    unit: '/s',
    ours: median(one.map(({ audits }) => audits)),
    reference: median(one.map(({ chunks }) => chunks)),
    beside: 'provisional chunks of the same run',
    goal: null,
  },
  {
    what: 'all in their first minute: provisional chunks, one per message',
    unit: '/s',
    ours: median(newcomers.map(({ chunks }) => chunks)),
    reference: median(bare),
    beside: bareSql,
    goal: { atLeast: 0.3 },
  },
  {
    what: 'all in their first minute: messages',
    unit: '/s',
    ours: median(newcomers.map(({ messages }) => messages)),
    reference: median(echo.map(({ messages }) => messages)),
    beside: 'bare ws echo',
    goal: null,
  },
  {
    what: 'all in their first minute: audits answered',
    unit: '/s',
    ours: median(newcomers.map(({ audits }) => audits)),
    reference: median(newcomers.map(({ chunks }) => chunks)),
    beside: 'provisional chunks of the same run',
    goal: null,
  },
  {
    what: 'deciding a commitment, units drawn',
    unit: 'µs',
    ours: median(drawn),
    reference: median(undrawn),
    beside: 'the same without verification',
    goal: null,
  },
  {
    what: 'deciding what to audit, and what follows',
    unit: 'µs',
    ours: Math.max(0, median(drawn) - median(undrawn)),
    reference: median(inserts),
    beside: insert,
    goal: { atMost: 1 },
  },
  {
    what: "taking an auditor's answer",
    unit: 'µs',
    ours: median(answered),
    reference: median(inserts),
    beside: insert,
    goal: { atMost: 1 },
  },
]);
