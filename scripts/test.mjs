/**
 * Runs the tests: everything, or the quick part, one step after the other, and ends with one line that counts
 * them: `N passed, N failed` (`, N skipped`). Exit code 1 when anything failed or nothing ran.
 *
 * node scripts/test.mjs [--quick | --only STEP[,STEP…] | --files FILE…]
 */
import { checks } from './check.mjs';
import { programsMissing, installPrograms } from './test/programs.mjs';
import { freshSeedsFrom, runProgram, runVitest } from './test/steps.mjs';

/**
 * The steps in their order. A step is a vitest project or a program that exits with 0; `quick` ones also belong
 * to `npm run test:quick`. To add a step, add a line. Minutes are a limit, twice what the step takes on an idle machine of two
 * cores, after which it is ended and has failed; so it is when all of them together take `minutesInAll`. `always` ones precede
 * whatever is asked for, `onlyQuick` ones belong to the quick part alone.
 * A step that `needs` a browser is skipped by name where there is none.
 */
const steps = [
  { name: 'build', program: ['scripts/door.mjs', 'build'], minutesMax: 2, always: true },
  { name: 'build: kernels', program: ['scripts/door.mjs', 'build:kernels'], minutesMax: 2, onlyQuick: true },
  ...Object.values(checks).map((check) => ({
    name: `check: ${check.title}`,
    group: 'check',
    program: check.args,
    minutesMax: 1,
  })),
  { name: 'quick', vitest: 'quick', minutesMax: 3, quick: true },
  {
    name: 'simulator: twenty seeds',
    program: ['test/sim/main.ts', '--seeds', '20'],
    minutesMax: 1,
    onlyQuick: true,
  },
  {
    name: 'simulator: a thousand seeds',
    group: 'seeds',
    program: ['test/sim/main.ts', '--seeds', '1000'],
    minutesMax: 3.5,
  },
  {
    name: 'simulator: what verification lets through',
    group: 'verify',
    program: ['test/sim/verify/main.ts', '--quick'],
    minutesMax: 3.5,
  },
  {
    name: 'simulator: fresh seeds',
    group: 'seeds',
    program: ['test/sim/main.ts', '--from', String(freshSeedsFrom()), '--seeds', '500', '--seconds', '40'],
    minutesMax: 2,
  },
  { name: 'slow', vitest: 'slow', minutesMax: 9 },
  { name: 'sim', vitest: 'sim', minutesMax: 2.5 },
  { name: 'size', program: ['scripts/size.mjs'], minutesMax: 0.5 },
  { name: 'pages', vitest: 'pages', minutesMax: 12 },
  { name: 'browser', vitest: 'browser', minutesMax: 18 },
  { name: 'e2e', vitest: 'e2e', minutesMax: 20 },
  { name: 'demo', program: ['scripts/demo.ts'], minutesMax: 7, needs: 'chromium' },
];

/** From the start of this program, what it installs included: whoever calls it may wait 45. */
const minutesInAll = 43;

function chosenSteps(given) {
  if (given[0] === '--quick') return steps.filter((step) => step.quick === true || step.onlyQuick === true);
  const all = steps.filter((step) => step.onlyQuick !== true);
  if (given[0] === '--files')
    return [...all.filter(({ always }) => always === true), filesStep(given.slice(1))];
  if (given[0] !== '--only') return all;
  const names = (given[1] ?? '').split(',');
  const known = new Set(all.map((step) => step.group ?? step.name));
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length > 0)
    throw new Error(`no step is called '${unknown.join("', '")}'; there are: ${[...known].join(', ')}`);
  return all.filter((step) => step.always === true || names.includes(step.group ?? step.name));
}

/** The same; null, and one line says why, where what was asked for is not to be had. */
function askedFor(given) {
  try {
    return chosenSteps(given);
  } catch (error) {
    process.stderr.write(`talka: ${error.message}\n`);
    return null;
  }
}

/** Some files' tests, of whatever project they are. */
function filesStep(files) {
  if (files.length === 0)
    throw new Error('which files? For example: npm run test:file -- test/core/chunk.test.ts');
  return { name: files.join(' '), vitest: 'files', files, minutesMax: 30 };
}

async function main(given) {
  const chosen = askedFor(given);
  if (chosen === null) return false;
  if (given[0] !== '--quick') installPrograms();
  const outcomes = [];
  for (const step of chosen) {
    process.stdout.write(`\n━━ ${step.name}\n`);
    const startMs = Date.now();
    const minutesLeft = Math.max(0, minutesInAll - performance.now() / 60_000);
    const outcome = await runStep({ ...step, minutesMax: Math.min(step.minutesMax, minutesLeft) });
    outcomes.push({ ...outcome, step, seconds: (Date.now() - startMs) / 1000 });
  }
  return report(outcomes);
}

/** Runs a step, unless it needs a browser that is not here; then its one line says which. */
async function runStep(step) {
  if (step.needs !== undefined) {
    // Loaded late: it brings the drivers of browsers along.
    const { whyNo } = await import('../test/browser/browsers.ts');
    const why = whyNo[step.needs]();
    if (why !== null) return { passed: 0, failed: 0, skipped: [`${step.name}: ${why}`], failures: [] };
  }
  return step.vitest === undefined ? runProgram(step) : runVitest(step);
}

/** Prints what each step did and the last line; gives back whether all is well. */
function report(outcomes) {
  const print = (line) => process.stdout.write(`${line}\n`);
  print('\n━━ summary');
  for (const { step, passed, failed, skipped, seconds } of outcomes) {
    const mark = failed > 0 ? 'FAILED' : passed > 0 ? 'ok    ' : 'skip  ';
    print(`${mark} ${step.name}: ${counted(passed, failed, skipped.length)} (${seconds.toFixed(1)} s)`);
  }
  const sum = (key) => outcomes.reduce((total, outcome) => total + outcome[key], 0);
  print(`       all of it: ${sum('seconds').toFixed(1)} s`);
  const skipped = outcomes.flatMap((outcome) => outcome.skipped);
  for (const missing of programsMissing()) print(`not on this machine: ${missing}`);
  for (const title of skipped) print(`skipped: ${title}`);
  for (const outcome of outcomes) for (const title of outcome.failures) print(`failed: ${title}`);
  print(counted(sum('passed'), sum('failed'), skipped.length));
  return sum('failed') === 0 && sum('passed') > 0;
}

function counted(passed, failed, skipped) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
