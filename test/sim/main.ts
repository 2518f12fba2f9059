/**
 * Plays days of weather and says how they went. `npm run sim`
 *
 * --seed N              one day, played twice, with a summary and the SHA-256 of its log
 * --seeds COUNT         many days, from --from N (1) on; prints each failure with the command that replays it
 * --seconds N           begins no further day after so long
 * --jobs N              processes that share the seeds (1)
 */
import { fork } from 'node:child_process';
import { parseArgs } from 'node:util';
import type { Day } from './day.ts';
import { play } from './world.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    seconds: { type: 'string' },
    jobs: { type: 'string', default: '1' },
    every: { type: 'string', default: '1' },
  },
});

/** How many days of a run are played a second time, to see that the log is the same: one in so many. */
const replayedEvery = 10;

/** What a run of days came to. */
interface Sum {
  days: number;
  failures: number;
  totals: Record<string, number>;
}

/** Why a day failed; null when it did not. */
function faultOf(day: Day, again: Day | null): string | null {
  if (day.fault !== null) return `${day.fault.oracle}: ${day.fault.sentence}`;
  return again !== null && again.log !== day.log
    ? `same seed, another log: ${day.log} and ${again.log}`
    : null;
}

function tell(day: Day): void {
  const { climate, tally } = day;
  const minutes = (ms: number): string => `${(ms / 60_000).toFixed(1)} min`;
  const roles = new Map<string, number>();
  for (const { role } of climate.people) roles.set(role, (roles.get(role) ?? 0) + 1);
  const weather = [
    `messages ${climate.delayMs.join('–')} ms, per thousand ${climate.lost} lost, ${climate.doubled} doubled, ${climate.overtaken} overtaken`,
    `${climate.partitions.length} partitions, ${day.crashes} crashes, ${day.failedAppends} failed appends, ${climate.clockJumps.length} clock jumps, ${climate.mishapsPerHour} mishaps an hour and device, ${climate.away.length} long away`,
  ];
  console.log(
    `Seed ${climate.seed}: ${climate.fair ? 'fair weather' : 'a storm'} of ${minutes(climate.stormMs)}${climate.anchor ? ', with an anchor' : ''}`,
  );
  console.log(`  people     ${[...roles].map(([role, count]) => `${count} ${role}`).join(', ')}`);
  if (!climate.fair) console.log(`  weather    ${weather.join('\n             ')}`);
  console.log(
    `  jobs       ${climate.jobs.map(({ at, spec }) => `${Math.ceil(spec.units / spec.unitsPerChunk)} chunks × ${spec.policy.quorum} (${spec.agreement}) at ${minutes(at)}`).join(', ')}`,
  );
  console.log(
    `  happened   ${tally.commands} commands in ${day.records} records; ${tally.leased} replicas leased, ${tally.committed} committed, ${tally.returned} returned, ${tally.expired} expired`,
  );
  console.log(
    `  verdicts   ${tally.accepted} chunks settled, ${tally.disputes} after a dispute, ${tally.withAnchor} with the anchor, ${tally.wrong} wrongly; ${tally.misdeeds} misdeeds`,
  );
  console.log(
    `  ended      ${tally.finished} jobs finished and ${tally.cancelled} cancelled after ${minutes(day.endedMs)}`,
  );
  console.log(`  log        ${day.log}`);
}

/** Until when, by `performance.now()`, a further day may be begun. */
const beginMs = values.seconds === undefined ? Number.POSITIVE_INFINITY : Number(values.seconds) * 1000;

function run(from: number, count: number, every: number): Sum {
  const sum: Sum = { days: 0, failures: 0, totals: {} };
  for (let seed = from; seed < from + count && performance.now() < beginMs; seed += every) {
    const day = play(seed);
    const again = (seed - from) % replayedEvery === 0 ? play(seed) : null;
    const fault = faultOf(day, again);
    sum.days++;
    for (const [what, n] of Object.entries(day.tally) as [string, number][])
      sum.totals[what] = (sum.totals[what] ?? 0) + n;
    if (fault === null) continue;
    sum.failures++;
    console.log(`seed ${seed} FAILED  ${fault}\n  replay: npm run sim -- --seed ${seed}`);
  }
  return sum;
}

function add(into: Sum, { days, failures, totals }: Sum): void {
  into.days += days;
  into.failures += failures;
  for (const [what, n] of Object.entries(totals)) into.totals[what] = (into.totals[what] ?? 0) + n;
}

/** Shares the seeds among processes: each takes every n-th. */
async function runShared(from: number, count: number, jobs: number): Promise<Sum> {
  const sum: Sum = { days: 0, failures: 0, totals: {} };
  const shares = Array.from({ length: jobs }, (_, i) => {
    const child = fork(new URL(import.meta.url), [
      '--from',
      String(from + i),
      '--seeds',
      String(Math.max(0, count - i)),
      '--every',
      String(jobs),
      ...(values.seconds === undefined ? [] : ['--seconds', values.seconds]),
    ]);
    return new Promise<void>((resolve, reject) => {
      child.on('message', (message) => add(sum, message as Sum));
      child.on('exit', (code) =>
        code === 0 || code === 1 ? resolve() : reject(new Error(`a share of the seeds ended with ${code}`)),
      );
    });
  });
  await Promise.all(shares);
  return sum;
}

if (values.seed !== undefined) {
  const day = play(Number(values.seed));
  const fault = faultOf(day, play(Number(values.seed)));
  tell(day);
  console.log(
    fault === null
      ? '  all well: safe, progress, fair, honest; played twice, the same log'
      : `  FAILED     ${fault}`,
  );
  process.exitCode = fault === null ? 0 : 1;
} else {
  const [from, count, jobs] = [Number(values.from), Number(values.seeds), Number(values.jobs)];
  const startedAt = performance.now();
  if (process.send === undefined && from !== 1)
    console.log(`Seeds from ${from}; again: npm run sim -- --from ${from} --seeds ${count}`);
  const sum = jobs > 1 ? await runShared(from, count, jobs) : run(from, count, Number(values.every));
  if (process.send !== undefined) process.send(sum);
  else {
    const {
      commands = 0,
      accepted = 0,
      wrong = 0,
      disputes = 0,
      misdeeds = 0,
      expired = 0,
      withAnchor = 0,
    } = sum.totals;
    console.log(
      `${sum.days} days in ${((performance.now() - startedAt) / 1000).toFixed(1)} s: ${commands} commands, ${accepted} chunks settled (${wrong} wrongly where it is allowed, ${disputes} after a dispute, ${withAnchor} with an anchor), ${expired} leases expired, ${misdeeds} misdeeds; ${sum.failures} failed`,
    );
  }
  process.exitCode = sum.failures > 0 ? 1 : 0;
}
