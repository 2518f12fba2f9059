/**
 * Asks how near the schedule comes to what no schedule can beat, beside two plain ones, on a thousand unequal devices that
 * come and go: the figures of `npm run sim:schedule` as lines of the bench.
 *
 * node bench/schedule.ts [--seed N] [--size DEVICES] [--json FILE]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { ScheduleFigures } from '../test/sim/schedule.ts';
import { report } from './measure.ts';
import type { Line } from './measure.ts';

/** What each figure must be, as ratios [issue 2]. */
const goals = {
  makespan: { atMost: 1.1 },
  useful: { atLeast: 0.95 },
  equal: { atLeast: 0.95 },
  all: { atLeast: 1 },
};

/** Runs the simulated fleet in a process of its own, and reads what it wrote. */
function figures(): Map<string, ScheduleFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'talka-schedule-'));
  try {
    const file = join(folder, 'schedule.json');
    const passed = ['--seed', '--size'].flatMap((name) => {
      const at = process.argv.indexOf(name);
      return at < 0 ? [] : [name, process.argv[at + 1] ?? ''];
    });
    const program = join(import.meta.dirname, '../test/sim/schedule.ts');
    const args = ['--disable-warning=ExperimentalWarning', program, ...passed, '--json', file];
    // Its exit code tells missed goals, which are judged here too; what it could not write is an error.
    spawnSync(process.execPath, args, { stdio: 'inherit' });
    const rows = JSON.parse(readFileSync(file, 'utf8')) as ScheduleFigures[];
    return new Map(rows.map((found) => [found.what, found]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const all = figures();
function row(what: string): ScheduleFigures {
  const found = all.get(what);
  if (found === undefined) throw new Error(`test/sim/schedule.ts has no row '${what}'`);
  return found;
}

const minutes = ({ makespanMs }: ScheduleFigures): number => (makespanMs ?? Infinity) / 60_000;

/** One scenario: ours beside the bound, then beside the plain policies. */
function scenario(name: string, others: readonly (readonly [string, string])[]): Line[] {
  const ours = row(`ours, ${name}`);
  const share = { what: `useful ÷ offered compute, ${name}`, unit: '', ours: ours.usefulShare };
  const makespan = { what: `makespan, ${name}`, unit: 'min', ours: minutes(ours) };
  const bound = ours.boundMs / 60_000;
  return [
    { ...makespan, reference: bound, beside: 'the fluid lower bound', goal: goals.makespan },
    ...others.map(([beside, other]): Line => ({
      ...makespan,
      reference: minutes(row(other)),
      beside,
      goal: null,
    })),
    { ...share, reference: 1, beside: 'all that was offered', goal: goals.useful },
    ...others.map(([beside, other]): Line => ({
      ...share,
      reference: row(other).usefulShare,
      beside,
      goal: null,
    })),
  ];
}

const plain = (rest: string): (readonly [string, string])[] => [
  ['first come, fixed leases', `first come, 16 chunks, ${rest}`],
  ['guided self-scheduling', `guided self-scheduling, ${rest}`],
];

/** Half of the compute vanishes within a second: what that delays beyond what it must, all of it and chunk by chunk, beside their leases; and nothing is lost. */
function vanishing(what: string): Line[] {
  const gone = row(`ours, ${what}`);
  const undisturbed = row('ours, quorum 2');
  const { leftMs, latestShare } = gone.vanished ?? { leftMs: 0, latestShare: null };
  const late = (figure: ScheduleFigures): number => (figure.makespanMs ?? Infinity) - figure.boundMs;
  return [
    {
      what: `${what}: later than it must be`,
      unit: 's',
      ours: Math.max(0, late(gone) - late(undisturbed)) / 1000,
      reference: leftMs / 1000,
      beside: 'what was left of their longest lease',
      goal: { atMost: 1 },
    },
    {
      what: `${what}: a chunk of theirs after its deadline, at the latest`,
      unit: 'leases',
      ours: latestShare ?? Infinity,
      reference: 1,
      beside: 'the time that a lease takes',
      goal: { atMost: 1 },
    },
    {
      what: `${what}: chunks final`,
      unit: '',
      ours: gone.finalChunks,
      reference: gone.chunks,
      beside: 'all chunks',
      goal: goals.all,
    },
  ];
}

const [first = 0, second = 0] = row('ours, two equal jobs of quorum 2').servedMs;
report(
  'Scheduling: a simulated fleet, speeds 1:100, half of it leaving within ten minutes, chunks of 0.25–1 s',
  [
    ...scenario('quorum 2', plain('quorum 2')),
    ...scenario('quorum 1', plain('quorum 1')),
    ...scenario('quorum 2, over while devices still leave', [
      ['first come, fixed leases', 'first come, quorum 2, over while devices still leave'],
    ]),
    {
      what: 'two equal jobs: the less served when the first is done',
      unit: 's',
      ours: Math.min(first, second) / 1000,
      reference: Math.max(first, second) / 1000,
      beside: 'the other',
      goal: goals.equal,
    },
    ...vanishing('half of the compute gone at half-time'),
    ...vanishing('half of the compute gone 30 s before the end'),
  ],
);
