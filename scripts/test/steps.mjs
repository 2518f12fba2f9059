/** Runs one step of the tests and counts it: a vitest project by its own report, a program by its exit code. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { root } from '../door/place.mjs';

/**
 * What a step came to: how many passed and failed, and the titles of those that were skipped or failed.
 * @typedef {{ passed: number, failed: number, skipped: string[], failures: string[] }} Outcome
 */

/**
 * Where the fresh seeds of a run begin: another place for every commit, the same for everybody who has it; without git,
 * another every day. Far beyond the seeds that are always played.
 */
export function freshSeedsFrom(now = Date.now(), commit = commitHere()) {
  const day = Math.floor(now / 86_400_000);
  return 1_000_000 + 1000 * (commit === null ? day : Number.parseInt(commit.slice(0, 6), 16));
}

/** The commit that is checked out; null where git or its folder is missing. */
function commitHere() {
  const { status, stdout } = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' });
  return status === 0 && /^[0-9a-f]{40}/.test(stdout) ? stdout.trim() : null;
}

/** A program counts as one: passed when it ends with 0 in time. */
export async function runProgram(step) {
  const fault = await run(step.program, step.minutesMax);
  return fault === null
    ? { passed: 1, failed: 0, skipped: [], failures: [] }
    : { passed: 0, failed: 1, skipped: [], failures: [`${step.name}: ${fault}`] };
}

/** A vitest project counts test by test. */
export async function runVitest(step) {
  const folder = mkdtempSync(join(tmpdir(), 'talka-test-'));
  const file = join(folder, 'report.json');
  try {
    const fault = await run(
      [
        'node_modules/vitest/vitest.mjs',
        'run',
        ...(step.files ?? ['--project', step.vitest]),
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${file}`,
      ],
      step.minutesMax,
    );
    return countReport(step.name, readReport(file), fault);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/**
 * Counts a vitest JSON report. A file that could not be loaded, a run that ended badly although every test
 * passed, and a project without a single test each count as one failure: nothing may vanish quietly.
 *
 * @returns {Outcome}
 */
export function countReport(name, report, fault) {
  const outcome = { passed: 0, failed: 0, skipped: [], failures: [] };
  const fail = (title) => {
    outcome.failed += 1;
    outcome.failures.push(title);
  };
  for (const file of report?.testResults ?? []) {
    const place = relative(root, file.name);
    const tests = file.assertionResults;
    for (const test of tests) {
      const title = `${place} > ${test.fullName}`;
      if (test.status === 'passed') outcome.passed += 1;
      else if (test.status === 'failed') fail(`${title}: ${firstLine(test.failureMessages?.[0])}`);
      else outcome.skipped.push(title);
    }
    const failedInside = tests.some((test) => test.status === 'failed');
    if (file.status === 'failed' && !failedInside) fail(`${place}: ${firstLine(file.message)}`);
  }
  const counted = outcome.passed + outcome.failed + outcome.skipped.length;
  if (counted === 0) fail(`${name}: no test ran${fault === null ? '' : ` (${fault})`}`);
  else if (fault !== null && outcome.failed === 0) fail(`${name}: ${fault}`);
  return outcome;
}

/** What a failure says, on one line: its first lines, up to where it was thrown. */
function firstLine(text) {
  const said = (text ?? '')
    .split(/\n\s+at /)[0]
    .replaceAll(/\s+/g, ' ')
    .trim();
  return said.slice(0, 1000) || 'could not be loaded';
}

/** Runs Node with these arguments; null when it ended with 0, otherwise what went wrong. */
function run(args, minutesMax) {
  return new Promise((resolve) => {
    // A group of its own, so that browsers and servers a step started end with it.
    const child = spawn(process.execPath, args, {
      cwd: root,
      stdio: 'inherit',
      detached: process.platform !== 'win32',
    });
    const endGroup = (signal) => {
      try {
        if (process.platform === 'win32' || child.pid === undefined) child.kill(signal);
        else process.kill(-child.pid, signal);
      } catch {
        // Already gone.
      }
    };
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      endGroup('SIGKILL');
    }, minutesMax * 60_000);
    const onSignal = () => {
      endGroup('SIGTERM');
      process.exit(130);
    };
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, onSignal);
    child.on('error', (fault) => resolve(fault.message));
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      for (const name of ['SIGINT', 'SIGTERM']) process.off(name, onSignal);
      endGroup('SIGKILL');
      if (late) resolve(`took longer than ${minutesMax.toFixed(1)} minutes`);
      else resolve(code === 0 ? null : `ended with ${code ?? signal}`);
    });
  });
}
